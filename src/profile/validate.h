/* profile/validate.h - google/pprof's CheckValid on the tables: ids and references, in its order and words.
 *
 * Texts (without "malformed profile: "): missing sample type information | mismatch: sample has 2 values vs. 1 types |
 * sample has nil location | found mapping with reserved ID=0 | multiple mappings with same id: 3 | ... functions ... |
 * found location with reserved id=0 | multiple locations with same id: 3 | location id: 3 has a line with nil function
 * Counts of values and unknown locations are seen only while decoding; profile/decode reports those itself.
 */
#ifndef PP_PROFILE_VALIDATE_H
#define PP_PROFILE_VALIDATE_H

#include "profile/model.h"

PP_MUST_USE enum pp_code pp_profile_check_tables(const struct pp_profile *p, struct pp_err *err);

#endif
