// SPDX-License-Identifier: Apache-2.0
#include "profile/rewrite.h"

#include <string.h>

static void new_columns(struct pp_profile *p)
{
    struct pp_arena *a = p->arena;
    uint64_t n_labels = p->label_off ? p->label_off[p->n_samples] : 0;
    p->locs = PP_NEW_N(a, uint32_t, p->loc_off[p->n_samples]);
    p->loc_off = PP_NEW_N(a, uint64_t, p->n_samples + 1ull);
    int64_t **values = PP_NEW_N(a, int64_t *, p->n_types);
    for (uint32_t t = 0; t < p->n_types; t++)
        values[t] = PP_NEW_N(a, int64_t, p->n_samples);
    p->values = values;
    if (p->label_off) {
        p->labels = PP_NEW_N(a, struct pp_label, n_labels);
        p->label_off = PP_NEW_N(a, uint64_t, p->n_samples + 1ull);
    }
    p->samples_shared = false;
}

void pp_rewrite_begin(struct pp_rewrite *w, struct pp_profile *p)
{
    *w = (struct pp_rewrite){.p = p,
                             .n_old = p->n_samples,
                             .old_off = p->loc_off,
                             .old_label_off = p->label_off,
                             .old_locs = p->locs,
                             .old_labels = p->labels,
                             .old_values = p->values};
    if (p->samples_shared) new_columns(p);
}

/* The offsets of sample i+1 may be overwritten once sample i is kept: they are read before. */
const uint32_t *pp_rewrite_stack(struct pp_rewrite *w, uint32_t i, uint64_t *ret_n)
{
    w->from = w->to;
    w->to = w->old_off[i + 1];
    w->label_from = w->label_to;
    w->label_to = w->old_label_off ? w->old_label_off[i + 1] : 0;
    w->pushed = 0;
    *ret_n = w->to - w->from;
    return w->old_locs + w->from;
}

static void keep_rest(struct pp_rewrite *w, uint32_t i)
{
    struct pp_profile *p = w->p;
    for (uint32_t t = 0; t < p->n_types; t++)
        p->values[t][w->n] = w->old_values[t][i];
    if (p->label_off) {
        uint64_t n = w->label_to - w->label_from;
        const struct pp_label *from = w->old_labels + w->label_from;
        struct pp_label *to = p->labels + w->n_labels;
        if (from != to && n) memmove(to, from, n * sizeof *to);
        w->n_labels += n;
        p->label_off[w->n + 1] = w->n_labels;
    }
    w->n++;
    p->loc_off[w->n] = w->n_locs;
}

void pp_rewrite_keep(struct pp_rewrite *w, uint32_t i, const uint32_t *stack, uint64_t n)
{
    uint32_t *to = w->p->locs + w->n_locs;
    if (to != stack && n) memmove(to, stack, n * sizeof *to);
    w->n_locs += n;
    keep_rest(w, i);
}

void pp_rewrite_keep_pushed(struct pp_rewrite *w, uint32_t i)
{
    w->n_locs += w->pushed;
    keep_rest(w, i);
}

void pp_rewrite_end(struct pp_rewrite *w) { w->p->n_samples = w->n; }
