// SPDX-License-Identifier: Apache-2.0
/* Every sample with its stack. The text of a location is made once; a sample then is a few copies. */
#include <stdlib.h>

#include "profile/units.h"
#include "view/report_parts.h"

#define TRACE_RULE "-----------+-------------------------------------------------------\n"
#define TRACE_INDENT "             " /* ten for the value, three between */

struct traces {
    struct pp_report *r;
    struct pp_places *places;
    pp_str *texts;           /* per location: its lines; p == NULL: not made yet */
    struct pp_arena scratch; /* of one sample */
};

/* "name\n", with (inline) on all but the last line of a location. */
static pp_str line_text(struct traces *t, uint32_t line, uint32_t end)
{
    pp_str name = pp_places_text(t->places, t->places->line_place[line]);
    return pp_arena_fmt(&t->r->arena, "%.*s%s\n", PP_FMT(name), line + 1 < end ? " (inline)" : "");
}

static pp_str location_text(struct traces *t, uint32_t l)
{
    if (t->texts[l].p) return t->texts[l];
    struct pp_out out;
    pp_out_to_memory(&out, &t->r->arena);
    for (uint32_t i = t->places->first[l]; i < t->places->first[l + 1]; i++) {
        pp_str text = line_text(t, i, t->places->first[l + 1]);
        pp_out_c(&out, TRACE_INDENT);
        pp_out_str(&out, text);
    }
    return t->texts[l] = pp_out_bytes(&out);
}

static int compare_texts(const void *a, const void *b) { return pp_str_cmp(*(const pp_str *)a, *(const pp_str *)b); }

static void put_sorted(struct pp_out *out, pp_str *lines, size_t n)
{
    if (n > 1) qsort(lines, n, sizeof *lines, compare_texts);
    for (size_t i = 0; i < n; i++)
        pp_out_str(out, lines[i]);
}

/* The labels from..to of one key as a line. */
static pp_str label_line(struct traces *t, const struct pp_label *labels, size_t n)
{
    struct pp_out out;
    pp_out_to_memory(&out, &t->scratch);
    pp_report_put_padded(&out, pp_profile_str(t->r->p, labels->key), 10);
    pp_out_c(&out, ":  ");
    for (size_t i = 0; i < n; i++) {
        if (i) pp_out_char(&out, ' ');
        if (labels[i].is_num)
            pp_out_str(&out, pp_units_label(&t->scratch, labels[i].num, pp_report_label_unit(t->r, labels[i].key),
                                            PP_STR("auto")));
        else
            pp_out_str(&out, pp_profile_str(t->r->p, labels[i].str));
    }
    pp_out_char(&out, '\n');
    return pp_out_bytes(&out);
}

/* Text labels sorted as lines, then numbers. */
static void put_labels(struct traces *t, uint32_t sample)
{
    const struct pp_profile *p = t->r->p;
    if (!p->label_off) return;
    const struct pp_label *labels = p->labels + p->label_off[sample];
    size_t n = p->label_off[sample + 1] - p->label_off[sample], n_lines = 0;
    if (!n) return;
    pp_arena_reset(&t->scratch);
    pp_str *lines = PP_NEW_N(&t->scratch, pp_str, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && labels[to].key == labels[from].key && labels[to].is_num == labels[from].is_num;)
            to++;
        if (labels[from].is_num && from && !labels[from - 1].is_num) {
            put_sorted(t->r->out, lines, n_lines);
            n_lines = 0;
        }
        lines[n_lines++] = label_line(t, labels + from, to - from);
    }
    put_sorted(t->r->out, lines, n_lines);
}

static void put_trace(struct traces *t, uint32_t s)
{
    const struct pp_profile *p = t->r->p;
    struct pp_out *out = t->r->out;
    const uint32_t *locs = p->locs + p->loc_off[s];
    size_t n = p->loc_off[s + 1] - p->loc_off[s];
    if (!n) return;
    pp_out_c(out, TRACE_RULE);
    put_labels(t, s);
    int64_t value = p->values[t->r->o.value_index][s];
    if (t->r->o.mean) value = pp_go_mean(value, p->values[0][s]);
    pp_report_put_value(t->r, value, 10);
    for (size_t i = 0; i < n; i++) {
        pp_str text = location_text(t, locs[i]);
        pp_out_str(out, i ? text : pp_str_from(text, 10));
    }
}

void pp_report_traces(struct pp_report *r)
{
    pp_report_lines lines = {0};
    pp_report_add_profile_labels(r, &lines);
    pp_report_put_lines(r, &lines);
    const struct pp_places_options po = {0};
    struct traces t = {.r = r, .places = pp_places_new(&r->arena, r->p, &po)};
    t.texts = PP_NEW_N(&r->arena, pp_str, r->p->n_locations);
    pp_arena_init(&t.scratch, 0, r->arena.oom);
    for (uint32_t s = 0; s < r->p->n_samples; s++)
        put_trace(&t, s);
    pp_out_c(r->out, TRACE_RULE);
    pp_arena_release(&t.scratch);
}
