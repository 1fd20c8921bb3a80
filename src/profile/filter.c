// SPDX-License-Identifier: Apache-2.0
#include "profile/filter.h"

#include "profile/name_match.h"
#include "profile/prune.h"
#include "profile/rewrite.h"
#include "profile/tag_filter.h"

struct filter {
    struct pp_arena *a;
    struct pp_profile *p;
    const struct pp_filters *options;
    const struct pp_label_units *units;
    pp_say say;
    void *ctx;
    struct pp_err *err;
    struct pp_regex *focus, *ignore, *hide, *show, *show_from, *prune_from, *tagshow, *taghide;
    struct pp_tag_filter *tagfocus, *tagignore;
};

bool pp_filters_any(const struct pp_filters *f)
{
    return f->focus.n || f->ignore.n || f->hide.n || f->show.n || f->show_from.n || f->tagfocus.n || f->tagignore.n ||
           f->prune_from.n || f->tagshow.n || f->taghide.n;
}

static void warn(struct filter *f, bool unset, bool matched, const char *line)
{
    if (!unset && !matched) f->say(f->ctx, pp_str_c(line));
}

static enum pp_code compile(struct filter *f, const char *name, pp_str pattern, struct pp_regex **ret)
{
    if (!pattern.n) return PP_OK;
    if (!pp_regex_compile(f->a, pattern, ret, f->err)) return PP_OK;
    return pp_within(f->err, "parsing %s regexp", name);
}

static enum pp_code compile_tags(struct filter *f, const char *name, pp_str expression, struct pp_tag_filter **ret)
{
    return pp_tag_filter_new(f->a, f->p, f->units, name, expression, f->say, f->ctx, ret, f->err);
}

/* All but tagshow and taghide, which google/pprof compiles after it has filtered. */
static enum pp_code compile_all(struct filter *f)
{
    const struct pp_filters *o = f->options;
    enum pp_code c;
    if ((c = compile(f, "focus", o->focus, &f->focus))) return c;
    if ((c = compile(f, "ignore", o->ignore, &f->ignore))) return c;
    if ((c = compile(f, "hide", o->hide, &f->hide))) return c;
    if ((c = compile(f, "show", o->show, &f->show))) return c;
    if ((c = compile(f, "show_from", o->show_from, &f->show_from))) return c;
    if ((c = compile_tags(f, "tagfocus", o->tagfocus, &f->tagfocus))) return c;
    if ((c = compile_tags(f, "tagignore", o->tagignore, &f->tagignore))) return c;
    return compile(f, "prune_from", o->prune_from, &f->prune_from);
}

static void release(struct filter *f)
{
    struct pp_regex *all[] = {f->focus,     f->ignore,     f->hide,    f->show,
                              f->show_from, f->prune_from, f->tagshow, f->taghide};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pp_regex_free(all[i]);
    pp_tag_filter_free(f->tagfocus);
    pp_tag_filter_free(f->tagignore);
}

/* ---- focus, ignore, hide, show ---- */

enum { FOCUSED = 1, IGNORED = 2, HIDDEN = 4 };

struct by_name {
    struct pp_name_match focus, ignore, hide, show;
    bool focus_matched, ignore_matched, hide_matched, show_matched;
};

/* Keeps the lines whose function matches (or doesn't, as `keep` says) and those without function. */
static void keep_lines(struct pp_profile *p, struct pp_location *l, struct pp_name_match *m, bool keep)
{
    struct pp_line *lines = p->lines + l->first_line;
    uint32_t n = 0;
    for (uint32_t k = 0; k < l->n_lines; k++)
        if (lines[k].function == PP_NONE || pp_name_match_function(m, lines[k].function) == keep) lines[n++] = lines[k];
    l->n_lines = n;
}

static uint8_t judge_location(struct filter *f, struct by_name *b, struct pp_location *l)
{
    uint8_t flags = 0;
    if (f->ignore && pp_name_match_location(&b->ignore, l))
        flags = IGNORED;
    else if (!f->focus || pp_name_match_location(&b->focus, l))
        flags = FOCUSED;
    b->ignore_matched |= (flags & IGNORED) != 0;
    b->focus_matched |= (flags & FOCUSED) != 0;
    if (f->hide && pp_name_match_location(&b->hide, l)) {
        b->hide_matched = true;
        if (pp_name_match_mapping(&b->hide, l))
            l->n_lines = 0;
        else
            keep_lines(f->p, l, &b->hide, false);
        if (!l->n_lines) flags |= HIDDEN;
    }
    if (f->show) {
        if (!pp_name_match_mapping(&b->show, l)) keep_lines(f->p, l, &b->show, true);
        if (!l->n_lines)
            flags |= HIDDEN;
        else
            b->show_matched = true;
    }
    return flags;
}

static bool focused_and_not_ignored(const uint8_t *flags, const uint32_t *stack, uint64_t n, bool *any_hidden)
{
    uint8_t all = 0;
    for (uint64_t k = 0; k < n; k++)
        all |= flags[stack[k]];
    *any_hidden = all & HIDDEN;
    return (all & FOCUSED) && !(all & IGNORED);
}

static void keep_shown(struct pp_rewrite *w, uint32_t i, const uint8_t *flags, const uint32_t *stack, uint64_t n)
{
    for (uint64_t k = 0; k < n; k++)
        if (!(flags[stack[k]] & HIDDEN)) pp_rewrite_push(w, stack[k]);
    if (w->pushed) pp_rewrite_keep_pushed(w, i);
}

static void select_by_name(struct pp_profile *p, const uint8_t *flags)
{
    struct pp_rewrite w;
    pp_rewrite_begin(&w, p);
    for (uint32_t i = 0; i < w.n_old; i++) {
        uint64_t n;
        bool hidden;
        const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
        if (!focused_and_not_ignored(flags, stack, n, &hidden)) continue;
        if (hidden)
            keep_shown(&w, i, flags, stack, n);
        else
            pp_rewrite_keep(&w, i, stack, n);
    }
    pp_rewrite_end(&w);
}

static void filter_by_name(struct filter *f)
{
    struct pp_profile *p = f->p;
    struct by_name b = {0};
    if (f->focus || f->ignore || f->hide || f->show) {
        pp_name_match_init(&b.focus, f->a, p, f->focus, NULL);
        pp_name_match_init(&b.ignore, f->a, p, f->ignore, NULL);
        pp_name_match_init(&b.hide, f->a, p, f->hide, NULL);
        pp_name_match_init(&b.show, f->a, p, f->show, NULL);
        uint8_t *flags = PP_NEW_N(f->a, uint8_t, p->n_locations);
        for (uint32_t i = 0; i < p->n_locations; i++)
            flags[i] = judge_location(f, &b, &p->locations[i]);
        select_by_name(p, flags);
    }
    warn(f, !f->focus, b.focus_matched, "Focus expression matched no samples");
    warn(f, !f->ignore, b.ignore_matched, "Ignore expression matched no samples");
    warn(f, !f->hide, b.hide_matched, "Hide expression matched no samples");
    warn(f, !f->show, b.show_matched, "Show expression matched no samples");
}

/* ---- show_from, prune_from ---- */

/* Whether it matches; lines that call the outermost match are cut off. */
static bool show_from_location(struct filter *f, struct pp_name_match *m, struct pp_location *l)
{
    if (pp_name_match_mapping(m, l)) return true;
    for (uint32_t k = l->n_lines; k-- > 0;) {
        if (!pp_name_match_function(m, f->p->lines[l->first_line + k].function)) continue;
        l->n_lines = k + 1;
        return true;
    }
    return false;
}

static void filter_show_from(struct filter *f)
{
    struct pp_profile *p = f->p;
    struct pp_name_match m;
    bool matched = false;
    if (!f->show_from) return;
    pp_name_match_init(&m, f->a, p, f->show_from, NULL);
    bool *from = PP_NEW_N(f->a, bool, p->n_locations);
    for (uint32_t i = 0; i < p->n_locations; i++)
        matched |= from[i] = show_from_location(f, &m, &p->locations[i]);
    struct pp_rewrite w;
    pp_rewrite_begin(&w, p);
    for (uint32_t i = 0; i < w.n_old; i++) {
        uint64_t n;
        const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
        while (n && !from[stack[n - 1]])
            n--;
        if (n) pp_rewrite_keep(&w, i, stack, n);
    }
    pp_rewrite_end(&w);
    warn(f, false, matched, "ShowFrom expression matched no samples");
}

/* Whether it matches; what the innermost match calls is cut off. */
static bool prune_from_location(struct filter *f, struct pp_name_match *m, struct pp_location *l)
{
    for (uint32_t k = 0; k < l->n_lines; k++) {
        uint32_t fn = f->p->lines[l->first_line + k].function;
        if (fn == PP_NONE || !f->p->functions[fn].name || !pp_name_match(m, f->p->functions[fn].name)) continue;
        l->first_line += k;
        l->n_lines -= k;
        return true;
    }
    return false;
}

static void filter_prune_from(struct filter *f)
{
    struct pp_profile *p = f->p;
    struct pp_name_match m;
    if (!f->prune_from) return;
    pp_name_match_init(&m, f->a, p, f->prune_from, pp_prune_simplify);
    bool *from = PP_NEW_N(f->a, bool, p->n_locations);
    for (uint32_t i = 0; i < p->n_locations; i++)
        from[i] = prune_from_location(f, &m, &p->locations[i]);
    struct pp_rewrite w;
    pp_rewrite_begin(&w, p);
    for (uint32_t i = 0; i < w.n_old; i++) {
        uint64_t n, gone = 0;
        const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
        while (gone < n && !from[stack[gone]])
            gone++;
        if (gone == n) gone = 0;
        pp_rewrite_keep(&w, i, stack + gone, n - gone);
    }
    pp_rewrite_end(&w);
}

/* ---- labels ---- */

static void filter_by_tag(struct filter *f)
{
    struct pp_profile *p = f->p;
    bool focus_matched = false, ignore_matched = false;
    if (!f->tagfocus && !f->tagignore) return;
    struct pp_rewrite w;
    pp_rewrite_begin(&w, p);
    for (uint32_t i = 0; i < w.n_old; i++) {
        uint64_t n;
        const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
        const struct pp_label *l = w.old_labels ? w.old_labels + w.label_from : NULL;
        size_t n_labels = w.label_to - w.label_from;
        bool focused = !f->tagfocus || pp_tag_filter_match(f->tagfocus, l, n_labels);
        bool ignored = f->tagignore && pp_tag_filter_match(f->tagignore, l, n_labels);
        focus_matched |= focused;
        ignore_matched |= ignored;
        if (focused && !ignored) pp_rewrite_keep(&w, i, stack, n);
    }
    pp_rewrite_end(&w);
    warn(f, !f->tagfocus, focus_matched, "TagFocus expression matched no samples");
    warn(f, !f->tagignore, ignore_matched, "TagIgnore expression matched no samples");
}

struct by_key {
    struct pp_name_match show, hide;
    bool show_matched, hide_matched;
};

static bool drops_label(const void *ctx, const struct pp_label *l)
{
    struct by_key *b = *(struct by_key *const *)ctx;
    bool shown = !b->show.re || pp_name_match(&b->show, l->key);
    bool hidden = pp_name_match(&b->hide, l->key);
    b->show_matched |= shown;
    b->hide_matched |= hidden;
    return !shown || hidden;
}

static void filter_labels(struct filter *f)
{
    struct by_key b = {0}, *ctx = &b;
    if (!f->tagshow && !f->taghide) return;
    pp_name_match_init(&b.show, f->a, f->p, f->tagshow, NULL);
    pp_name_match_init(&b.hide, f->a, f->p, f->taghide, NULL);
    pp_labels_drop(f->p, drops_label, &ctx);
    warn(f, !f->tagshow, b.show_matched, "TagShow expression matched no samples");
    warn(f, !f->taghide, b.hide_matched, "TagHide expression matched no samples");
}

static enum pp_code apply(struct filter *f)
{
    enum pp_code c = compile_all(f);
    if (c) return c;
    filter_by_name(f);
    filter_show_from(f);
    filter_by_tag(f);
    c = compile(f, "tagshow", f->options->tagshow, &f->tagshow);
    if (!c) c = compile(f, "taghide", f->options->taghide, &f->taghide);
    filter_labels(f); /* google/pprof warns about tagshow even when taghide is broken */
    if (!c) filter_prune_from(f);
    return c;
}

enum pp_code pp_filter_apply(struct pp_arena *scratch, struct pp_profile *p, const struct pp_filters *options,
                             const struct pp_label_units *units, pp_say say, void *ctx, struct pp_err *err)
{
    struct pp_err local;
    if (!pp_filters_any(options)) return PP_OK;
    struct filter f = {
        .a = scratch, .p = p, .options = options, .units = units, .say = say, .ctx = ctx, .err = err ? err : &local};
    enum pp_code c = apply(&f);
    release(&f);
    return c;
}
