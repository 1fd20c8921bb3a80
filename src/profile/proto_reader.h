/* profile/proto_reader.h - takes protocol buffer fields off a run of bytes, with google/pprof's rules.
 *
 * Wire types 0, 1, 2 and 5; groups and others are errors; every length is checked against the bytes that are there.
 */
#ifndef PP_PROFILE_PROTO_READER_H
#define PP_PROFILE_PROTO_READER_H

#include <string.h>

#include "base/str.h"
#include "wire/profile_spec.h"
#include "wire/varint.h"

struct pp_bytes {
    const uint8_t *p, *end;
};

struct pp_field {
    uint64_t number;
    unsigned wire;
    uint64_t value;       /* of wire types 0, 1, 5 */
    struct pp_bytes body; /* of wire type 2 */
};

static inline bool pp_field_fixed(struct pp_bytes *b, size_t size, struct pp_field *ret_field)
{
    if ((size_t)(b->end - b->p) < size) return false;
    ret_field->value = 0;
    memcpy(&ret_field->value, b->p, size); /* little endian, as the machine */
    b->p += size;
    return true;
}

/* The next field; false: broken. Only with bytes left. */
static inline bool pp_field_next(struct pp_bytes *b, struct pp_field *ret_field)
{
    uint64_t tag, n;
    if (!pp_varint_get(&b->p, b->end, &tag)) return false;
    ret_field->number = tag >> 3;
    ret_field->wire = tag & 7;
    switch (ret_field->wire) {
    case PP_PB_WIRE_VARINT: return pp_varint_get(&b->p, b->end, &ret_field->value);
    case PP_PB_WIRE_BYTES:
        if (!pp_varint_get(&b->p, b->end, &n) || n > (uint64_t)(b->end - b->p)) return false;
        ret_field->body = (struct pp_bytes){b->p, b->p + n};
        b->p += n;
        return true;
    case PP_PB_WIRE_64: return pp_field_fixed(b, 8, ret_field);
    case PP_PB_WIRE_32: return pp_field_fixed(b, 4, ret_field);
    default: return false;
    }
}

/* All fields of a message whose fields are plain numbers; to[number] gets the last value of each. False: broken. */
static inline bool pp_fields_read_ints(struct pp_bytes b, uint64_t *to, unsigned n_fields)
{
    struct pp_field f;
    while (b.p < b.end) {
        if (!pp_field_next(&b, &f)) return false;
        if (f.number == 0 || f.number >= n_fields) continue;
        if (f.wire != PP_PB_WIRE_VARINT) return false;
        to[f.number] = f.value;
    }
    return true;
}

/* How many numbers a packed field holds; false: one is cut off or longer than 10 bytes. */
bool pp_packed_count(struct pp_bytes b, uint64_t *ret_n);

/* Takes a number off bytes that pp_packed_count has checked. */
static inline uint64_t pp_packed_next(const uint8_t **p)
{
    const uint8_t *q = *p;
    uint64_t v = *q++;
    if (v >= 0x80) {
        v &= 0x7f;
        for (unsigned shift = 7;; shift += 7) {
            uint64_t b = *q++;
            v |= (b & 0x7f) << shift;
            if (b < 0x80) break;
        }
    }
    *p = q;
    return v;
}

#endif
