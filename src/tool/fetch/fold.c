// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/fold.h"

#include "profile/value_types.h"

void pp_fold_init(struct pp_arena *a, struct pp_fold *f, struct pp_source *sources)
{
    *f = (struct pp_fold){.sources = sources, .arena = PP_NEW(a, struct pp_arena)};
    pp_arena_init(f->arena, 0, a->oom);
}

/* Everything is as if nothing had been merged. */
static void unfold(struct pp_fold *f)
{
    f->is_over = true;
    if (!f->merge) return;
    (void)pp_merge_end(f->merge);
    f->merge = NULL;
    pp_arena_release(f->arena);
    for (size_t i = 0; i < f->n; i++)
        if (f->sources[i].is_forgotten) pp_source_decode_again(&f->sources[i]);
}

/* Its memory stays until the next one is merged, which is compared with it. */
static void merge(struct pp_fold *f, struct pp_source *s)
{
    pp_merge_add(f->merge, s->profile);
    if (f->last && f->last != f->first && f->last->can_repeat) pp_source_forget(f->last);
    f->last = s;
}

void pp_fold_add(struct pp_fold *f)
{
    struct pp_err ignored;
    struct pp_source *s = &f->sources[f->n++];
    if (!s->profile || f->is_over) return;
    if (!f->first) {
        f->first = s;
        return;
    }
    struct pp_profile *pair[] = {f->first->profile, s->profile};
    if (!pp_value_types_alike(pair[0], pair[1]) || pp_value_types_unify_units(pair, 2, &ignored)) {
        unfold(f);
        return;
    }
    if (!f->merge) {
        f->merge = pp_merge_begin(f->arena);
        merge(f, f->first);
    }
    merge(f, s);
}

struct pp_profile *pp_fold_end(struct pp_fold *f)
{
    if (!f->merge) return NULL;
    struct pp_profile *merged = pp_merge_end(f->merge);
    if (f->last->can_repeat) pp_source_forget(f->last);
    for (size_t i = 0; i < f->n; i++)
        if (f->sources[i].is_forgotten) pp_bytes_release(&f->sources[i].bytes);
    return merged;
}
