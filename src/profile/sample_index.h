/* profile/sample_index.h - which of the sample's values is shown.
 */
#ifndef PP_PROFILE_SAMPLE_INDEX_H
#define PP_PROFILE_SAMPLE_INDEX_H

#include "profile/model.h"

/* name: a number, a type, or inuse_<type>; "": the default type, else the last one.
 * Errors in google/pprof's words: `sample_index 7 is outside the range [0..1]`, `sample_index "x" must be one of: [a b]`.
 * A profile without types: "" gives PP_E_EMPTY "profile has no samples". */
PP_MUST_USE enum pp_code pp_sample_index(const struct pp_profile *p, pp_str name, uint32_t *ret_index,
                                         struct pp_err *err);

#endif
