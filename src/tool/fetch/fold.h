/* tool/fetch/fold.h - merges sources one by one while later ones are still being decoded.
 *
 * That gives the same as combining all at the end (profile/merge) as long as all have the same sample types and units. The first
 * one that hasn't ends it: those that were merged are decoded once more from their bytes, and all are combined at the end.
 * Large sources and those that came over the network keep their memory; that of the others serves later ones.   May run: cold code.
 */
#ifndef PP_TOOL_FETCH_FOLD_H
#define PP_TOOL_FETCH_FOLD_H

#include "profile/merge.h"
#include "tool/fetch/source.h"

struct pp_fold {
    struct pp_arena *arena; /* of the merged profile */
    struct pp_merge *merge; /* NULL: not two sources yet, or it has ended */
    struct pp_source *sources;
    size_t n;                       /* looked at */
    struct pp_source *first, *last; /* that were merged; `first` keeps its memory, the others are compared with it */
    bool is_over;
};

void pp_fold_init(struct pp_arena *a, struct pp_fold *f, struct pp_source *sources);

/* The next of the sources; it was read. */
void pp_fold_add(struct pp_fold *f);

/* The merged profile, which lives as long as `a` of the beginning; NULL: the sources are all there to be combined. */
struct pp_profile *pp_fold_end(struct pp_fold *f);

#endif
