/* profile/decode.h - bytes of a profile file -> struct pp_profile.
 *
 * gzip, zstd or plain profile.proto. The samples go into their columns first (profile/sample_columns), in one pass; of a large gzipped
 * profile while the rest is being inflated. Then the tables, in two passes: one checks and counts, one fills arrays of the exact
 * size. Then the checks of profile/validate. Memory is taken in proportion to the bytes read so far.
 * The semantics are google/pprof's: unknown fields skipped, sparse ids, packed or single numbers, labels gathered by key, empty
 * labels dropped, a missing period type is an empty one. So are the texts:
 *     decompressing profile: ...  |  parsing profile: empty input file  |  parsing profile: concatenated profiles detected
 *     parsing profile: unrecognized profile format  |  malformed profile: ...
 * What isn't profile.proto is offered to the other formats (profile/formats) before it is "unrecognized".
 */
#ifndef PP_PROFILE_DECODE_H
#define PP_PROFILE_DECODE_H

#include "profile/model.h"

struct pp_decode_options {
    size_t max_bytes; /* of the inflated profile; 0: no limit but gzip's ratio */
    bool may_thread;  /* a second thread may inflate meanwhile */
    bool
        may_discard; /* `bytes` is whole anonymous or private file pages that nobody reads afterwards: they are given back to
                           the system as soon as they are decoded, text excepted. Keeps the peak at about the size of the profile. */
    /* Reads the input once more, wherever it came from. NULL: can't; then the pages of gzipped input are kept to the end. */
    bool (*again)(void *ctx, pp_str *ret_bytes);
    void *again_ctx;
    /* A format that the caller reads, known for certain by its first bytes, so it is asked first. NULL: none. */
    bool (*is_callers)(pp_str bytes);
    enum pp_code (*read_callers)(struct pp_arena *a, pp_str bytes, size_t max_bytes, struct pp_profile **ret_profile,
                                 struct pp_err *err);
};

/* The profile lives in `a`. Text points into `bytes` when these are plain: they must live as long. opt may be NULL. */
PP_MUST_USE enum pp_code pp_profile_parse(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                          struct pp_profile **ret_profile, struct pp_err *err);

#endif
