/* symbols/dwarf_read.h - a cursor over section bytes that cannot leave them.
 *
 * A read beyond the end gives 0, moves to the end and sets `failed`; so loops that look at the end stop, and one check after a
 * whole record is enough. Little endian only (x86-64, aarch64, and their 32-bit kin).
 */
#ifndef PP_SYMBOLS_DWARF_READ_H
#define PP_SYMBOLS_DWARF_READ_H

#include <string.h>

#include "base/str.h"

struct pp_cursor {
    const unsigned char *p, *end;
    bool failed;
};

static inline struct pp_cursor pp_cursor_at(pp_str bytes, uint64_t offset)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    if (offset > bytes.n) return (struct pp_cursor){NULL, NULL, true};
    return (struct pp_cursor){p ? p + offset : p, p ? p + bytes.n : p, false};
}

static inline size_t pp_cursor_left(const struct pp_cursor *c) { return (size_t)(c->end - c->p); }

static inline bool pp_cursor_fail(struct pp_cursor *c)
{
    c->p = c->end;
    c->failed = true;
    return false;
}

static inline void pp_cursor_skip(struct pp_cursor *c, uint64_t n)
{
    if (n > pp_cursor_left(c))
        pp_cursor_fail(c);
    else
        c->p += n;
}

static inline uint8_t pp_cursor_u8(struct pp_cursor *c)
{
    if (c->p == c->end) return (uint8_t)pp_cursor_fail(c);
    return *c->p++;
}

/* An unsigned integer of 1 to 8 bytes. */
static inline uint64_t pp_cursor_uint(struct pp_cursor *c, unsigned size)
{
    uint64_t v = 0;
    if (size > pp_cursor_left(c) || size > 8) return (uint64_t)pp_cursor_fail(c);
    switch (size) { /* constant sizes become single loads */
    case 1: v = *c->p; break;
    case 2: memcpy(&v, c->p, 2); break;
    case 4: memcpy(&v, c->p, 4); break;
    case 8: memcpy(&v, c->p, 8); break;
    default: memcpy(&v, c->p, size); break;
    }
    c->p += size;
    return v;
}

static inline uint64_t pp_cursor_uleb(struct pp_cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; c->p < c->end; shift += 7) {
        unsigned char b = *c->p++;
        if (shift < 64) v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return v;
    }
    return (uint64_t)pp_cursor_fail(c);
}

static inline int64_t pp_cursor_sleb(struct pp_cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; c->p < c->end;) {
        unsigned char b = *c->p++;
        if (shift < 64) v |= (uint64_t)(b & 127) << shift;
        shift += 7;
        if (b < 128) return (int64_t)(b & 64 && shift < 64 ? v | ~(uint64_t)0 << shift : v);
    }
    return pp_cursor_fail(c);
}

/* Up to the NUL, which is eaten. */
static inline pp_str pp_cursor_c(struct pp_cursor *c)
{
    const unsigned char *nul = c->p == c->end ? NULL : memchr(c->p, 0, pp_cursor_left(c));
    if (!nul) {
        pp_cursor_fail(c);
        return (pp_str){0};
    }
    pp_str s = {(const char *)c->p, (size_t)(nul - c->p)};
    c->p = nul + 1;
    return s;
}

#endif
