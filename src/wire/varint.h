/* wire/varint.h - base-128 numbers as protocol buffers and Go traces write them: 7 bits a byte, low ones first.
 *
 * Rules of google/pprof: at most 10 bytes; bits above 64 are cut off; a number that ends with the input or has more than
 * 10 bytes is an error.   May run: everywhere.
 */
#ifndef PP_WIRE_VARINT_H
#define PP_WIRE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PP_VARINT_MAX 10

/* Bytes that v takes: 1..10. */
static inline unsigned pp_varint_size(uint64_t v) { return (unsigned)(70 - __builtin_clzll(v | 1)) / 7; }

/* Writes v at p (room for pp_varint_size(v) bytes); returns the end. */
static inline uint8_t *pp_varint_put(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

/* The part of pp_varint_get for numbers of more than one byte. */
static inline bool pp_varint_get_long(const uint8_t **p, const uint8_t *end, uint64_t *ret_value)
{
    const uint8_t *q = *p;
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && q < end; shift += 7) {
        uint8_t b = *q++;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *p = q;
            *ret_value = v;
            return true;
        }
    }
    return false;
}

/* Takes one number off *p; false (and *p untouched) when there is none before `end`. */
static inline bool pp_varint_get(const uint8_t **p, const uint8_t *end, uint64_t *ret_value)
{
    if (*p < end && **p < 0x80) {
        *ret_value = *(*p)++;
        return true;
    }
    return pp_varint_get_long(p, end, ret_value);
}

#endif
