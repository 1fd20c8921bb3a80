// SPDX-License-Identifier: Apache-2.0
#include "profile/formats.h"

#include "profile/foreign/foreign.h"
#include "profile/legacy/legacy.h"
#include "profile/validate.h"

/* google/pprof's, in its order. */
static const struct pp_format legacy[] = {
    {"gperftools CPU", pp_legacy_cpu},
    {"heap", pp_legacy_heap},
    {"count", pp_legacy_count},
    {"threads", pp_legacy_thread},
    {"contention", pp_legacy_contention},
    {"Java", pp_legacy_java},
    {NULL, NULL},
};

/* Ours. */
static const struct pp_format foreign[] = {
    {"jemalloc heap", pp_foreign_jemalloc},
    {"goroutines", pp_foreign_goroutines},
    {"folded stacks", pp_foreign_folded},
    {NULL, NULL},
};

/* The first answer but "not mine". */
static enum pp_format_answer ask(const struct pp_format *table, struct pp_arena *a, pp_str bytes,
                                 const struct pp_decode_options *opt, struct pp_profile **ret_profile,
                                 struct pp_err *err)
{
    enum pp_format_answer answer = PP_FORMAT_NOT_MINE;
    for (const struct pp_format *f = table; f->name && answer == PP_FORMAT_NOT_MINE; f++)
        answer = f->parse(a, bytes, opt, ret_profile, err);
    return answer;
}

enum pp_code pp_formats_parse(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                              struct pp_profile **ret_profile, struct pp_err *err)
{
    struct pp_profile *p = NULL;
    struct pp_err ours;
    enum pp_format_answer answer = ask(legacy, a, bytes, opt, &p, err);
    if (answer == PP_FORMAT_READ) pp_legacy_set_frames(p);
    if (answer == PP_FORMAT_BROKEN) pp_within(err, "parsing profile");
    if (answer == PP_FORMAT_NOT_MINE) pp_fail(err, PP_E_FORMAT, "parsing profile: unrecognized profile format");
    if (answer == PP_FORMAT_NOT_MINE || answer == PP_FORMAT_BROKEN) {
        enum pp_format_answer other = ask(foreign, a, bytes, opt, &p, &ours);
        if (other == PP_FORMAT_BROKEN) *err = ours;
        if (other != PP_FORMAT_NOT_MINE) answer = other;
    }
    if (answer != PP_FORMAT_READ) return err->code;
    if (pp_profile_check_tables(p, err)) return pp_within(err, "malformed profile");
    *ret_profile = p;
    return PP_OK;
}
