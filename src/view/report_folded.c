// SPDX-License-Identifier: Apache-2.0
/* Stacks as flamegraph.pl and its kin read them: "root;caller;leaf 12", one line for each, sorted by bytes. Samples are summed by the
 * places of their frames; texts are made once for each distinct stack. */
#include <stdlib.h>
#include <string.h>

#include "profile/units.h"
#include "view/report_parts.h"

struct stack {
    uint64_t at, n; /* in frames, root first */
    int64_t sum, div;
    pp_str text;
};

struct folded {
    struct pp_report *r;
    struct pp_places *places;
    pp_str *names; /* per place: p == NULL: not made yet */
    PP_VEC(uint32_t) frames;
    PP_VEC(struct stack) stacks;
    struct pp_hash index;
};

/* What would end the frame or the line becomes something that doesn't. */
static pp_str frame_name(struct folded *f, uint32_t place)
{
    if (f->names[place].p) return f->names[place];
    pp_str name = pp_places_text(f->places, place);
    char *to = pp_alloc(&f->r->arena, name.n + 1, 1);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        to[i] = c == ';' ? ':' : (c >= 0 && c < ' ') ? ' ' : c;
    }
    return f->names[place] = (pp_str){to, name.n};
}

/* Puts the sample's frames behind all others, root first; outermost inlined frame first. */
static uint64_t push_frames(struct folded *f, uint32_t s)
{
    const struct pp_profile *p = f->r->p;
    uint64_t at = f->frames.n;
    for (uint64_t i = p->loc_off[s + 1]; i-- > p->loc_off[s];)
        for (uint32_t k = f->places->first[p->locs[i] + 1]; k-- > f->places->first[p->locs[i]];)
            *PP_PUSH(&f->r->arena, &f->frames) = f->places->line_place[k];
    return at;
}

static void add_sample(struct folded *f, uint32_t s)
{
    int64_t value = f->r->p->values[f->r->o.value_index][s], div = f->r->o.mean ? f->r->p->values[0][s] : 0;
    uint64_t at = push_frames(f, s), n = f->frames.n - at;
    const uint32_t *frames = f->frames.p + at;
    uint32_t i;
    if (!n) return;
    uint64_t hash = pp_hash_bytes(frames, n * sizeof *frames, 0);
    for (struct pp_probe pr = pp_hash_probe(&f->index, hash); pp_hash_next(&pr, &i);) {
        struct stack *have = &f->stacks.p[i];
        if (have->n != n || memcmp(f->frames.p + have->at, frames, n * sizeof *frames)) continue;
        have->sum = pp_go_add(have->sum, value);
        have->div = pp_go_add(have->div, div);
        f->frames.n = at;
        return;
    }
    pp_hash_add(&f->r->arena, &f->index, hash, (uint32_t)f->stacks.n);
    *PP_PUSH(&f->r->arena, &f->stacks) = (struct stack){.at = at, .n = n, .sum = value, .div = div};
}

static pp_str stack_text(struct folded *f, const struct stack *s)
{
    size_t n = s->n - 1;
    for (uint64_t i = 0; i < s->n; i++)
        n += frame_name(f, f->frames.p[s->at + i]).n;
    char *text = pp_alloc(&f->r->arena, n + 1, 1), *to = text;
    for (uint64_t i = 0; i < s->n; i++) {
        pp_str name = frame_name(f, f->frames.p[s->at + i]);
        if (i) *to++ = ';';
        if (name.n) memcpy(to, name.p, name.n);
        to += name.n;
    }
    return (pp_str){text, n};
}

static int compare(const void *x, const void *y)
{
    const struct stack *a = x, *b = y;
    int c = pp_str_cmp(a->text, b->text);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

void pp_report_folded(struct pp_report *r)
{
    const struct pp_places_options po = {.trim = true, .trim_path = r->o.trim_path, .source_path = r->o.source_path};
    struct folded f = {.r = r, .places = pp_places_new(&r->arena, r->p, &po)};
    f.names = PP_NEW_N(&r->arena, pp_str, f.places->n_places);
    for (uint32_t s = 0; s < r->p->n_samples; s++)
        add_sample(&f, s);
    for (size_t i = 0; i < f.stacks.n; i++)
        f.stacks.p[i].text = stack_text(&f, &f.stacks.p[i]);
    if (f.stacks.n > 1) qsort(f.stacks.p, f.stacks.n, sizeof *f.stacks.p, compare);
    for (size_t i = 0, to; i < f.stacks.n; i = to) {
        int64_t sum = 0, div = 0;
        for (to = i; to < f.stacks.n && pp_str_eq(f.stacks.p[to].text, f.stacks.p[i].text); to++) {
            sum = pp_go_add(sum, f.stacks.p[to].sum); /* places of different files have one name */
            div = pp_go_add(div, f.stacks.p[to].div);
        }
        int64_t value = pp_report_plain(r, pp_go_mean(sum, div));
        if (value) pp_out_fmt(r->out, "%.*s %lld\n", PP_FMT(f.stacks.p[i].text), (long long)value);
    }
}
