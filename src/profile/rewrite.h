/* profile/rewrite.h - one pass over the samples that drops some and shortens stacks.
 *
 *     struct pp_rewrite w;
 *     pp_rewrite_begin(&w, p);
 *     for (uint32_t i = 0; i < w.n_old; i++) {
 *         uint64_t n;
 *         const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
 *         ... pp_rewrite_keep(&w, i, stack + from, count);          <- or nothing: the sample is dropped
 *     }
 *     pp_rewrite_end(&w);
 *
 * Works in place: what is kept moves to the front; a kept stack lies inside the old one, or was built by pp_rewrite_push. With shared
 * columns the kept samples go into new ones (room for all, but pages that stay untouched cost nothing).
 */
#ifndef PP_PROFILE_REWRITE_H
#define PP_PROFILE_REWRITE_H

#include "profile/model.h"

struct pp_rewrite {
    struct pp_profile *p;
    uint32_t n_old, n; /* samples before, samples kept so far */
    const uint64_t *old_off, *old_label_off;
    const uint32_t *old_locs;
    const struct pp_label *old_labels;
    int64_t **old_values;
    uint64_t from, to;             /* of the sample at hand, in old_locs */
    uint64_t label_from, label_to; /* in old_labels */
    uint64_t n_locs, n_labels;     /* kept so far */
    uint64_t pushed;               /* indices of the sample at hand */
};

void pp_rewrite_begin(struct pp_rewrite *w, struct pp_profile *p);

/* The stack of sample i; every sample in ascending order. */
const uint32_t *pp_rewrite_stack(struct pp_rewrite *w, uint32_t i, uint64_t *ret_n);

void pp_rewrite_keep(struct pp_rewrite *w, uint32_t i, const uint32_t *stack, uint64_t n);

/* Instead of a part of the old stack: frames one by one (never more than the old stack has), then pp_rewrite_keep_pushed. */
static inline void pp_rewrite_push(struct pp_rewrite *w, uint32_t location)
{
    w->p->locs[w->n_locs + w->pushed++] = location;
}
void pp_rewrite_keep_pushed(struct pp_rewrite *w, uint32_t i);

void pp_rewrite_end(struct pp_rewrite *w);

#endif
