/* profile/formats.h - every format but profile.proto: a table of parsers, asked one after the other.
 *
 * First google/pprof's own older formats (profile/legacy/), in its order: the first one that reads the input or finds it broken
 * settles it. Then ours (profile/foreign/), which google/pprof can't read; they are asked only when all of its own refused or
 * one of them found the input broken, so nothing changes for what google/pprof reads. Such an error stays, unless one of ours
 * knows the input for certain; therefore ours answer PP_FORMAT_NOT_MINE as long as there is any doubt.
 * A new format: its parser's header in legacy/ or foreign/, one line in the table of formats.c.
 */
#ifndef PP_PROFILE_FORMATS_H
#define PP_PROFILE_FORMATS_H

#include "profile/decode.h"

enum pp_format_answer {
    PP_FORMAT_NOT_MINE, /* some other format; nothing was set */
    PP_FORMAT_READ,     /* *ret_profile is set */
    PP_FORMAT_BROKEN,   /* this format, but the bytes break it: err is set. google/pprof's get "parsing profile: " before it,
                           ours stand as they are */
};

/* Parses inflated bytes, at least one. They outlive the profile, which lives in `a` and may point into them. opt may be NULL. */
typedef enum pp_format_answer pp_format_parse(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                              struct pp_profile **ret_profile, struct pp_err *err);

struct pp_format {
    const char *name; /* NULL ends a table */
    pp_format_parse *parse;
};

/* All parsers, with the errors of pp_profile_parse; for its use. */
PP_MUST_USE enum pp_code pp_formats_parse(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                          struct pp_profile **ret_profile, struct pp_err *err);

#endif
