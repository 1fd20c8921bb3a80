/* profile/merge.h - several profiles into one; scaling; the base of a comparison.
 *
 * Merged: ids are new (1.. in order of first use), equal samples, locations, functions and mappings are one, samples without any value
 * are gone. Equal means: mapping = size in 4 KiB, offset, build id or else file; function = names, file, start line; location =
 * address relative to its mapping, lines, folded; sample = locations and labels.
 * Profiles given to these functions may be changed (units, sample types, default type), and the samples of large ones are used up:
 * their memory goes back to the system while the merged ones grow. So none may be given twice. The result has nothing of theirs.
 * Cost: of a source whose tables begin as those of the source before it, a comparison of these and a look-up for each sample.
 */
#ifndef PP_PROFILE_MERGE_H
#define PP_PROFILE_MERGE_H

#include "profile/model.h"

/* What the tool does with several sources: reduces them to their common sample types (order of the first), converts to the finest
 * unit of each, merges. A single profile is given back as it is.
 * Errors: "profiles have empty common sample type list", "period type: incompatible types: {a b 0 0} {c d 0 0}", ... */
PP_MUST_USE enum pp_code pp_profile_combine(struct pp_arena *a, struct pp_profile **profiles, size_t n,
                                            struct pp_profile **ret_profile, struct pp_err *err);

/* Only merges; types and units must be equal. n == 1 compacts (drops what no sample uses). */
PP_MUST_USE enum pp_code pp_profile_merge(struct pp_arena *a, struct pp_profile *const *profiles, size_t n,
                                          struct pp_profile **ret_profile, struct pp_err *err);

/* The same one by one, where sources needn't be there all at once:
 *     struct pp_merge *m = pp_merge_begin(a);
 *     pp_merge_add(m, x), pp_merge_add(m, y)...
 *     p = pp_merge_end(m);
 * At least one; types and units must be equal. A profile stays as it is, and must until the next one is added or all is over. */
struct pp_merge;
struct pp_merge *pp_merge_begin(struct pp_arena *a);
void pp_merge_add(struct pp_merge *m, const struct pp_profile *p);
struct pp_profile *pp_merge_end(struct pp_merge *m);

struct pp_base_options {
    bool diff_base; /* samples of base get the label pprof::base=true */
    bool normalize; /* source is scaled to base's totals first */
};

/* source minus base, as -base and -diff_base show it. */
PP_MUST_USE enum pp_code pp_profile_subtract(struct pp_arena *a, struct pp_profile *source, struct pp_profile *base,
                                             const struct pp_base_options *opt, struct pp_profile **ret_profile,
                                             struct pp_err *err);

/* Every value times ratio (of its type), rounded half away from zero. Samples in which no rescaled value is left are dropped;
 * values with ratio 1 don't count for that (as in google/pprof). All ratios 1: nothing happens. */
void pp_profile_scale(struct pp_profile *p, double ratio);
void pp_profile_scale_n(struct pp_profile *p, const double *ratios);

/* Scales p so that the totals of each type equal base's (0 when p's total is 0). */
PP_MUST_USE enum pp_code pp_profile_normalize(struct pp_profile *p, const struct pp_profile *base, struct pp_err *err);

#endif
