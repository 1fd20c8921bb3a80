// SPDX-License-Identifier: Apache-2.0
#include "wire/inflate.h"

#include <string.h>

#define CODE_BITS_MAX 15
#define LITERALS_MAX 286
#define DISTANCES_MAX 30
#define CODE_LENGTHS 19
#define END_OF_BLOCK 256
#define WINDOW 32768

/* A Huffman code as one table: index = next `max` bits, entry = symbol << 4 | length; 0: no such code. */
struct code {
    unsigned min, max; /* lengths; both 0: empty code */
    uint16_t table[1 << CODE_BITS_MAX];
};

struct inflate {
    struct pp_arena *a;
    const uint8_t *in;
    size_t n, at; /* `at` is the offset in Go's texts */
    uint32_t bits;
    unsigned n_bits;
    struct pp_inflate_out *out;
    size_t start; /* of this stream in out */
    struct pp_err *err;
    struct code literals, distances;
    uint8_t lengths[LITERALS_MAX + DISTANCES_MAX];
};

static enum pp_code corrupt(struct inflate *f)
{
    return pp_fail(f->err, PP_E_FORMAT, "flate: corrupt input before offset %zu", f->at);
}

static enum pp_code cut_off(struct inflate *f) { return pp_fail(f->err, PP_E_FORMAT, "unexpected EOF"); }

static enum pp_code need_bits(struct inflate *f, unsigned n)
{
    while (f->n_bits < n) {
        if (f->at == f->n) return cut_off(f);
        f->bits |= (uint32_t)f->in[f->at++] << f->n_bits;
        f->n_bits += 8;
    }
    return PP_OK;
}

static uint32_t take_bits(struct inflate *f, unsigned n)
{
    uint32_t v = f->bits & ((1u << n) - 1);
    f->bits >>= n;
    f->n_bits -= n;
    return v;
}

static enum pp_code read_bits(struct inflate *f, unsigned n, uint32_t *ret_value)
{
    enum pp_code c = need_bits(f, n);
    if (!c) *ret_value = take_bits(f, n);
    return c;
}

static unsigned reversed(unsigned code, unsigned n)
{
    unsigned r = 0;
    for (unsigned i = 0; i < n; i++)
        r |= (code >> i & 1) << (n - 1 - i);
    return r;
}

/* False: the lengths are neither a complete code, nor a single code of length 1, nor empty. */
static bool code_init(struct code *c, const uint8_t *lengths, unsigned n)
{
    unsigned count[CODE_BITS_MAX + 1] = {0}, next[CODE_BITS_MAX + 1];
    c->min = c->max = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned len = lengths[i];
        if (!len) continue;
        if (!c->min || len < c->min) c->min = len;
        if (len > c->max) c->max = len;
        count[len]++;
    }
    unsigned code = 0;
    for (unsigned len = c->min; len && len <= c->max; len++) {
        code <<= 1;
        next[len] = code;
        code += count[len];
    }
    if (c->max && code != 1u << c->max && !(code == 1 && c->max == 1)) return false;
    memset(c->table, 0, sizeof c->table[0] << c->max);
    for (unsigned i = 0; i < n; i++) {
        unsigned len = lengths[i];
        if (!len) continue;
        for (unsigned at = reversed(next[len]++, len); at < 1u << c->max; at += 1u << len)
            c->table[at] = (uint16_t)(i << 4 | len);
    }
    return true;
}

/* Reads no byte more than Go does, since the offset shows in its error. */
static enum pp_code read_symbol(struct inflate *f, const struct code *c, unsigned *ret_symbol)
{
    unsigned n = c->min;
    for (;;) {
        enum pp_code e = need_bits(f, n);
        if (e) return e;
        unsigned entry = c->table[f->bits & ((1u << c->max) - 1)];
        n = entry & 15;
        if (n > f->n_bits) continue;
        if (n == 0) return corrupt(f);
        take_bits(f, n);
        *ret_symbol = entry >> 4;
        return PP_OK;
    }
}

static enum pp_code out_reserve(struct inflate *f, size_t more)
{
    struct pp_inflate_out *o = f->out;
    if (more > o->max_bytes - o->n) return pp_fail(f->err, PP_E_LIMIT, "more than %zu bytes", o->max_bytes);
    if (more <= o->cap - o->n) return PP_OK;
    size_t cap = o->cap < (size_t)1 << 16 ? (size_t)1 << 16 : o->cap;
    while (cap - o->n < more)
        cap *= 2;
    uint8_t *p = pp_arena_grow(f->a, o->p, o->cap, cap, 1);
    if (!p) return pp_fail(f->err, PP_E_NOMEM, "out of memory");
    o->p = p;
    o->cap = cap;
    return PP_OK;
}

static enum pp_code stored_block(struct inflate *f)
{
    f->bits = f->n_bits = 0;
    if (f->n - f->at < 4) return cut_off(f);
    const uint8_t *h = f->in + f->at;
    f->at += 4;
    unsigned len = h[0] | h[1] << 8, check = h[2] | h[3] << 8;
    if ((len ^ check) != 0xffff) return corrupt(f);
    if (f->n - f->at < len) return cut_off(f);
    enum pp_code c = out_reserve(f, len);
    if (c) return c;
    if (len) memcpy(f->out->p + f->out->n, f->in + f->at, len);
    f->out->n += len;
    f->at += len;
    return PP_OK;
}

static enum pp_code read_code_lengths(struct inflate *f, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        unsigned symbol, value = 0, bits, repeat;
        enum pp_code c = read_symbol(f, &f->literals, &symbol);
        if (c) return c;
        if (symbol < 16) {
            f->lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && i == 0) return corrupt(f);
        if (symbol == 16) value = f->lengths[i - 1];
        bits = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
        if ((c = read_bits(f, bits, &repeat))) return c;
        repeat += symbol == 18 ? 11 : 3;
        if (i + repeat > n) return corrupt(f);
        memset(f->lengths + i, (int)value, repeat);
        i += repeat;
    }
    return PP_OK;
}

static enum pp_code read_codes(struct inflate *f)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    enum pp_code c = need_bits(f, 14);
    if (c) return c;
    unsigned n_literals = take_bits(f, 5) + 257;
    if (n_literals > LITERALS_MAX) return corrupt(f);
    unsigned n_distances = take_bits(f, 5) + 1;
    if (n_distances > DISTANCES_MAX) return corrupt(f);
    unsigned n_lengths = take_bits(f, 4) + 4;
    uint8_t lengths[CODE_LENGTHS] = {0};
    for (unsigned i = 0; i < n_lengths; i++) {
        uint32_t len;
        if ((c = read_bits(f, 3, &len))) return c;
        lengths[order[i]] = (uint8_t)len;
    }
    if (!code_init(&f->literals, lengths, CODE_LENGTHS)) return corrupt(f);
    if ((c = read_code_lengths(f, n_literals + n_distances))) return c;
    if (!code_init(&f->literals, f->lengths, n_literals)) return corrupt(f);
    if (!code_init(&f->distances, f->lengths + n_literals, n_distances)) return corrupt(f);
    if (f->literals.min < f->lengths[END_OF_BLOCK]) f->literals.min = f->lengths[END_OF_BLOCK];
    return PP_OK;
}

static void fixed_literals(struct inflate *f)
{
    uint8_t lengths[288];
    memset(lengths, 8, sizeof lengths);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    code_init(&f->literals, lengths, 288);
}

/* symbol: 257 and above. */
static enum pp_code read_length(struct inflate *f, unsigned symbol, unsigned *ret_length)
{
    if (symbol >= LITERALS_MAX) return corrupt(f);
    if (symbol == 285) {
        *ret_length = 258;
        return PP_OK;
    }
    unsigned extra = symbol < 265 ? 0 : (symbol - 261) / 4;
    unsigned base = symbol < 265 ? symbol - 254 : 3 + ((4 + (symbol - 265) % 4) << extra);
    uint32_t more = 0;
    enum pp_code c = read_bits(f, extra, &more);
    if (!c) *ret_length = base + more;
    return c;
}

static enum pp_code read_distance(struct inflate *f, bool fixed, unsigned *ret_distance)
{
    unsigned symbol = 0;
    uint32_t more;
    enum pp_code c;
    if (fixed) {
        if ((c = read_bits(f, 5, &more))) return c;
        symbol = reversed(more, 5);
    } else if ((c = read_symbol(f, &f->distances, &symbol))) {
        return c;
    }
    if (symbol >= DISTANCES_MAX) return corrupt(f);
    unsigned extra = symbol < 4 ? 0 : (symbol - 2) / 2;
    unsigned base = symbol < 4 ? symbol + 1 : 1 + ((2 + symbol % 2) << extra);
    if ((c = read_bits(f, extra, &more))) return c;
    *ret_distance = base + more;
    size_t history = f->out->n - f->start;
    if (*ret_distance > (history < WINDOW ? history : WINDOW)) return corrupt(f);
    return PP_OK;
}

static enum pp_code coded_block(struct inflate *f, bool fixed)
{
    for (;;) {
        unsigned symbol, length = 0, distance = 0;
        enum pp_code c = read_symbol(f, &f->literals, &symbol);
        if (c) return c;
        if (symbol == END_OF_BLOCK) return PP_OK;
        if (symbol < END_OF_BLOCK) {
            if ((c = out_reserve(f, 1))) return c;
            f->out->p[f->out->n++] = (uint8_t)symbol;
            continue;
        }
        if ((c = read_length(f, symbol, &length)) || (c = read_distance(f, fixed, &distance))) return c;
        if ((c = out_reserve(f, length))) return c;
        uint8_t *to = f->out->p + f->out->n;
        for (unsigned i = 0; i < length; i++)
            to[i] = (to - distance)[i];
        f->out->n += length;
    }
}

static enum pp_code next_block(struct inflate *f, bool *ret_final)
{
    enum pp_code c = need_bits(f, 3);
    if (c) return c;
    *ret_final = take_bits(f, 1);
    switch (take_bits(f, 2)) {
    case 0: return stored_block(f);
    case 1: fixed_literals(f); return coded_block(f, true);
    case 2:
        if ((c = read_codes(f))) return c;
        return coded_block(f, false);
    default: return corrupt(f);
    }
}

enum pp_code pp_inflate(struct pp_arena *a, const uint8_t *in, size_t n, struct pp_inflate_out *out, size_t *ret_used,
                        struct pp_err *err)
{
    struct inflate *f = PP_NEW(a, struct inflate);
    if (!f) return pp_fail(err, PP_E_NOMEM, "out of memory");
    f->a = a;
    f->in = in;
    f->n = n;
    f->out = out;
    f->start = out->n;
    f->err = err;
    for (bool final = false; !final;) {
        enum pp_code c = next_block(f, &final);
        if (c) return c;
    }
    *ret_used = f->at;
    return PP_OK;
}
