/* wire/inflate.h - a small, slow inflater that fails as Go's compress/flate does: same text, same offset.
 *
 * libdeflate says only "bad data". When it does, this one reads the same bytes again. It accepts exactly what Go accepts, so its
 * output is also the answer where libdeflate is stricter.
 *     "unexpected EOF" | "flate: corrupt input before offset 17"     offsets count from the start of the deflate stream
 * May run: cold code.
 */
#ifndef PP_WIRE_INFLATE_H
#define PP_WIRE_INFLATE_H

#include "base/arena.h"

struct pp_inflate_out {
    uint8_t *p; /* in the arena; moves when it grows */
    size_t n, cap;
    size_t max_bytes; /* more gives PP_E_LIMIT */
};

/* Appends the inflated bytes to `out`; *ret_used: how many bytes the stream had. After an error out->n is undefined. */
PP_MUST_USE enum pp_code pp_inflate(struct pp_arena *a, const uint8_t *in, size_t n, struct pp_inflate_out *out,
                                    size_t *ret_used, struct pp_err *err);

#endif
