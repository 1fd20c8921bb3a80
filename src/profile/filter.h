/* profile/filter.h - which samples, frames and labels a report sees: focus, ignore, hide, show, show_from, tag*, prune_from.
 *
 * Patterns are tried once per function name, file name and mapping file, never per sample; then one pass over the samples' location
 * indices. Nothing is touched (nor copied) when no filter is set. Samples are dropped and stacks cut in place; with shared
 * sample columns (pp_profile_copy) new columns are made of what is left.
 * Order, as google/pprof: focus+ignore+hide+show, show_from, tagfocus+tagignore, tagshow+taghide, prune_from. Patterns are
 * compiled first, in the order of the struct; the first bad one is the error: "parsing focus regexp: error parsing regexp: ...".
 */
#ifndef PP_PROFILE_FILTER_H
#define PP_PROFILE_FILTER_H

#include "profile/labels.h"
#include "profile/model.h"

/* Values of the options of these names; empty: not set. */
struct pp_filters {
    pp_str focus, ignore, hide, show, show_from, tagfocus, tagignore, prune_from, tagshow, taghide;
};

bool pp_filters_any(const struct pp_filters *f);

/* Applies all to p. `scratch` may be released afterwards. units: of pp_labels_units (for tag ranges).
 * say gets, in google/pprof's order, "tagfocus:Interpreted 'V' as range, not regexp" and "Focus expression matched no samples". */
PP_MUST_USE enum pp_code pp_filter_apply(struct pp_arena *scratch, struct pp_profile *p, const struct pp_filters *f,
                                         const struct pp_label_units *units, pp_say say, void *ctx, struct pp_err *err);

#endif
