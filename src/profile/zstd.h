/* profile/zstd.h - unpacks zstd: whole profiles (one or more frames), and the streams inside perf.data.
 *
 * libzstd.so.1 is loaded on first use; without it PP_E_UNSUPPORTED. A frame may ask for a window of at most 128 MiB; output grows
 * with what is really there, up to max_bytes (0: PP_ZSTD_MAX).   Threads: one at a time per stream.   May run: the tool only.
 */
#ifndef PP_PROFILE_ZSTD_H
#define PP_PROFILE_ZSTD_H

#include "base/arena.h"

#define PP_ZSTD_MAX ((size_t)4 << 30)

bool pp_zstd_is(pp_str bytes); /* begins as a frame */

PP_MUST_USE enum pp_code pp_zstd_decompress(struct pp_arena *a, pp_str bytes, size_t max_bytes, pp_str *ret_bytes,
                                            struct pp_err *err);

/* One frame that comes in pieces, each of which was flushed. */
struct pp_zstd_stream {
    void *dctx;
    size_t max_bytes, n_bytes; /* allowed, given out */
    bool is_complete;          /* the last piece ended a frame */
};
PP_MUST_USE enum pp_code pp_zstd_stream_init(struct pp_zstd_stream *z, size_t max_bytes, struct pp_err *err);
/* The bytes of `prefix`, then what `piece` unpacks to. */
PP_MUST_USE enum pp_code pp_zstd_stream_next(struct pp_zstd_stream *z, struct pp_arena *a, pp_str prefix, pp_str piece,
                                             pp_str *ret_bytes, struct pp_err *err);
void pp_zstd_stream_release(struct pp_zstd_stream *z); /* a zeroed one is fine */

#endif
