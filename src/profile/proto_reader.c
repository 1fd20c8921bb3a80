// SPDX-License-Identifier: Apache-2.0
#include "profile/proto_reader.h"

static bool count_slowly(struct pp_bytes b, uint64_t *ret_n)
{
    uint64_t n = 0, v;
    for (; b.p < b.end; n++)
        if (!pp_varint_get(&b.p, b.end, &v)) return false;
    *ret_n = n;
    return true;
}

/* Numbers end at bytes below 0x80. A number of more than 10 bytes has four neighbours above that start at a multiple of 4: only
 * then each number is looked at. */
bool pp_packed_count(struct pp_bytes b, uint64_t *ret_n)
{
    const uint64_t top = 0x8080808080808080u;
    uint64_t n = 0;
    const uint8_t *p = b.p;
    for (; b.end - p >= 8; p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        uint64_t more = v & top;
        if ((uint32_t)more == (uint32_t)top || more >> 32 == top >> 32) return count_slowly(b, ret_n);
        n += ((more ^ top) >> 7) * 0x0101010101010101u >> 56;
    }
    if (b.end - b.p < 8) return count_slowly(b, ret_n);
    struct pp_bytes rest = {p, b.end};
    while (rest.p > b.p && rest.p[-1] >= 0x80)
        rest.p--; /* the number that crosses the last step */
    uint64_t more;
    if (!count_slowly(rest, &more)) return false;
    *ret_n = n + more;
    return true;
}
