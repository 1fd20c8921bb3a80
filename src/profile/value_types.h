/* profile/value_types.h - makes the sample types and units of several profiles the same, before they are merged.
 */
#ifndef PP_PROFILE_VALUE_TYPES_H
#define PP_PROFILE_VALUE_TYPES_H

#include "profile/model.h"

/* Reduces all to the types that each has exactly once, in the order of the first profile. The default type becomes the first one
 * where it is gone (only in profiles that had to change). Also for n == 1. */
PP_MUST_USE enum pp_code pp_value_types_reduce(struct pp_profile **profiles, size_t n, struct pp_err *err);

/* Converts values and periods to the finest unit of each type. */
PP_MUST_USE enum pp_code pp_value_types_unify_units(struct pp_profile **profiles, size_t n, struct pp_err *err);

/* Whether both have the same types and units, so that combining them with more of this kind would reduce and convert nothing. */
bool pp_value_types_alike(const struct pp_profile *a, const struct pp_profile *b);

/* PP_E_FORMAT "incompatible period types ..." or "incompatible sample types ..." when types or units differ. */
PP_MUST_USE enum pp_code pp_value_types_check_equal(const struct pp_profile *a, const struct pp_profile *b,
                                                    struct pp_err *err);

#endif
