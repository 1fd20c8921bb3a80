/* profile/encode.h - struct pp_profile -> the bytes that google/pprof writes for it.
 *
 * Strings are numbered by first use: sample types, labels of all samples (string labels by key, then numbers), mappings,
 * functions, drop and keep frames, period type, comments, default type, documentation. Unused strings are left out.
 */
#ifndef PP_PROFILE_ENCODE_H
#define PP_PROFILE_ENCODE_H

#include "base/out.h"
#include "profile/model.h"

/* Uncompressed. Failures stay in `out` (pp_out_flush). Scratch memory: `scratch`. */
void pp_profile_encode(struct pp_arena *scratch, const struct pp_profile *p, struct pp_out *out);

/* Compressed with gzip; level as wire/gzip.h (PP_GZIP_LEVEL). The bytes live in `a`. */
PP_MUST_USE enum pp_code pp_profile_encode_gzip(struct pp_arena *a, const struct pp_profile *p, int level,
                                                pp_str *ret_bytes, struct pp_err *err);

#endif
