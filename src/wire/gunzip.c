// SPDX-License-Identifier: Apache-2.0
#include "wire/gunzip.h"

#include <libdeflate.h>
#include <string.h>

#define HEADER 10
#define TRAILER 8
#define CODE_BITS_MAX 15
#define LITERALS_MAX 288
#define DISTANCES_MAX 32
#define CODE_LENGTHS 19
#define END_OF_BLOCK 256
#define WINDOW ((size_t)32 << 10)
#define LITERAL_BITS 11 /* looked up at once; longer codes have a second table */
#define DISTANCE_BITS 8
#define LENGTH_BITS 7
#define MATCH_MAX 258

_Static_assert(PP_GUNZIP_OVER >= MATCH_MAX + 3 + 32, "a match, literals and what copying writes too much");

/* An entry of a table: what the bits mean, and how many they are.
 *     0-7    bits to consume: the code's and those of extra bits behind it; of a second table's link: the first table's
 *     8-11   of those, the code's; of a link: bits of the second table
 *     12-15  kind
 *     16-31  literal, base of a length or distance; of a link: where the second table begins */
enum { KIND_LITERAL = 1 << 15, KIND_LINK = 1 << 14, KIND_END = 1 << 13, KIND_BAD = 1 << 12 };
#define KINDS_RARE (KIND_LINK | KIND_END | KIND_BAD)

struct code {
    uint32_t *table;
    unsigned bits; /* of the first table */
};

enum state { BLOCK, STORED, CODED, TRAILING, ENDED };

struct pp_gunzip {
    const uint8_t *in, *at, *end;
    uint64_t bits;
    unsigned n_bits;
    size_t n_beyond; /* zero bytes put into `bits` behind the end */
    enum state state;
    bool is_final;
    size_t n_stored;
    const uint8_t *last; /* the piece before, and its end */
    size_t n_last, n_all;
    uint32_t crc;
    uint32_t literals[(1 << LITERAL_BITS) + (LITERALS_MAX / 2 << (CODE_BITS_MAX - LITERAL_BITS))];
    uint32_t distances[(1 << DISTANCE_BITS) + (DISTANCES_MAX / 2 << (CODE_BITS_MAX - DISTANCE_BITS))];
    uint32_t lengths[1 << LENGTH_BITS];
    uint8_t code_lengths[LITERALS_MAX + DISTANCES_MAX];
};

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

/* At least 56 bits; behind the end zeros, which are counted. */
static inline __attribute__((always_inline)) void refill(struct pp_gunzip *g, const uint8_t **at, uint64_t *bits,
                                                         unsigned *n_bits)
{
    if (__builtin_expect(g->end - *at >= 8, 1)) {
        *bits |= load64(*at) << *n_bits;
        *at += (63 - *n_bits) >> 3;
        *n_bits |= 56;
        return;
    }
    for (; *n_bits < 56; *n_bits += 8) {
        if (*at < g->end)
            *bits |= (uint64_t) * (*at)++ << *n_bits;
        else
            g->n_beyond++;
    }
}

static uint32_t take(struct pp_gunzip *g, unsigned n)
{
    uint32_t v = (uint32_t)(g->bits & ((UINT64_C(1) << n) - 1));
    g->bits >>= n;
    g->n_bits -= n;
    return v;
}

static uint32_t read_bits(struct pp_gunzip *g, unsigned n)
{
    refill(g, &g->at, &g->bits, &g->n_bits);
    return take(g, n);
}

/* Whether bits behind the end were used. */
static bool is_beyond(const struct pp_gunzip *g) { return g->n_beyond * 8 > g->n_bits; }

/* ---- codes ---- */

static unsigned reversed(unsigned code, unsigned n)
{
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
    code = (code & 0x00ff) << 8 | (code >> 8 & 0x00ff);
    return code >> (16 - n);
}

static uint32_t entry_of_length_symbol(unsigned symbol) { return symbol << 16; }

static uint32_t entry_of_literal(unsigned symbol)
{
    if (symbol < END_OF_BLOCK) return KIND_LITERAL | symbol << 16;
    if (symbol == END_OF_BLOCK) return KIND_END;
    if (symbol > 285) return KIND_BAD;
    if (symbol == 285) return MATCH_MAX << 16;
    unsigned extra = symbol < 265 ? 0 : (symbol - 261) / 4;
    unsigned base = symbol < 265 ? symbol - 254 : 3 + ((4 + (symbol - 265) % 4) << extra);
    return base << 16 | extra;
}

static uint32_t entry_of_distance(unsigned symbol)
{
    if (symbol > 29) return KIND_BAD;
    unsigned extra = symbol < 4 ? 0 : (symbol - 2) / 2;
    unsigned base = symbol < 4 ? symbol + 1 : 1 + ((2 + symbol % 2) << extra);
    return base << 16 | extra;
}

/* Puts a code of n bits (the lowest is read first) into a table of `bits`. */
static void put_code(uint32_t *table, unsigned bits, unsigned code, unsigned n, uint32_t entry)
{
    for (unsigned i = code; i < 1u << bits; i += 1u << n)
        table[i] = entry + (n << 8 | n);
}

/* False: the code is neither complete nor a single one of one bit nor empty. */
static bool make_code(uint32_t *table, unsigned bits, const uint8_t *lengths, unsigned n,
                      uint32_t (*entry_of)(unsigned symbol))
{
    unsigned count[CODE_BITS_MAX + 1] = {0}, next[CODE_BITS_MAX + 2] = {0}, used = 0, longest = 0;
    for (unsigned i = 0; i < n; i++)
        count[lengths[i]]++;
    for (unsigned len = 1; len <= CODE_BITS_MAX; len++) {
        next[len + 1] = (next[len] + count[len]) << 1;
        used += count[len] << (CODE_BITS_MAX - len);
        if (count[len]) longest = len;
    }
    bool is_complete = used == 1u << CODE_BITS_MAX;
    if (!is_complete && longest > 1) return false;
    unsigned n_links = 0;
    for (unsigned i = 0; i < 1u << bits; i++)
        table[i] = KIND_BAD | 1;
    for (unsigned i = 0; i < n; i++) {
        unsigned len = lengths[i];
        if (!len) continue;
        unsigned code = reversed(next[len]++, len);
        if (len <= bits) {
            put_code(table, bits, code, len, entry_of(i));
            continue;
        }
        uint32_t *link = &table[code & ((1u << bits) - 1)];
        unsigned more = longest - bits;
        if (!(*link & KIND_LINK)) *link = ((1u << bits) + (n_links++ << more)) << 16 | KIND_LINK | more << 8 | bits;
        put_code(table + (*link >> 16), more, code >> bits, len - bits, entry_of(i));
    }
    return true;
}

static bool read_code_lengths(struct pp_gunzip *g, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        refill(g, &g->at, &g->bits, &g->n_bits);
        uint32_t e = g->lengths[g->bits & ((1u << LENGTH_BITS) - 1)];
        if ((e & KIND_BAD) || is_beyond(g)) return false;
        take(g, e & 0xff);
        unsigned symbol = e >> 16;
        if (symbol < 16) {
            g->code_lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && i == 0) return false;
        uint8_t value = symbol == 16 ? g->code_lengths[i - 1] : 0;
        unsigned repeat = symbol == 18 ? 11 + take(g, 7) : 3 + take(g, symbol == 16 ? 2 : 3);
        if (i + repeat > n) return false;
        memset(g->code_lengths + i, value, repeat);
        i += repeat;
    }
    return true;
}

static bool make_codes(struct pp_gunzip *g, unsigned n_literals, unsigned n_distances)
{
    const uint8_t *lengths = g->code_lengths;
    return lengths[END_OF_BLOCK] && make_code(g->literals, LITERAL_BITS, lengths, n_literals, entry_of_literal) &&
           make_code(g->distances, DISTANCE_BITS, lengths + n_literals, n_distances, entry_of_distance);
}

static bool read_codes(struct pp_gunzip *g)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned n_literals = read_bits(g, 5) + 257, n_distances = take(g, 5) + 1, n_lengths = take(g, 4) + 4;
    if (n_literals > 286 || n_distances > 30) return false;
    uint8_t lengths[CODE_LENGTHS] = {0};
    for (unsigned i = 0; i < n_lengths; i++)
        lengths[order[i]] = (uint8_t)read_bits(g, 3);
    return make_code(g->lengths, LENGTH_BITS, lengths, CODE_LENGTHS, entry_of_length_symbol) &&
           read_code_lengths(g, n_literals + n_distances) && make_codes(g, n_literals, n_distances);
}

static bool fixed_codes(struct pp_gunzip *g)
{
    uint8_t *lengths = g->code_lengths;
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    memset(lengths + 280, 8, LITERALS_MAX - 280);
    memset(lengths + LITERALS_MAX, 5, DISTANCES_MAX);
    return make_codes(g, LITERALS_MAX, DISTANCES_MAX);
}

/* ---- data ---- */

/* May write 16 bytes too much. */
static inline uint8_t *copy_match(uint8_t *to, size_t distance, size_t n)
{
    const uint8_t *from = to - distance;
    uint8_t *end = to + n;
    if (distance >= 16) {
        do {
            memcpy(to, from, 16);
            to += 16;
            from += 16;
        } while (to < end);
    } else if (distance >= 8) {
        do {
            memcpy(to, from, 8);
            to += 8;
            from += 8;
        } while (to < end);
    } else if (distance == 1) {
        memset(to, *from, n);
    } else {
        while (to < end)
            *to++ = *from++;
    }
    return end;
}

static inline __attribute__((always_inline)) uint32_t extra_of(uint64_t bits, uint32_t e)
{
    return (uint32_t)((bits & ((UINT64_C(1) << (e & 0xff)) - 1)) >> (e >> 8 & 15));
}

#define LOOK_UP(e, table, width)                                           \
    do {                                                                   \
        e = (table)[bits & ((1u << (width)) - 1)];                         \
        if (__builtin_expect(e & KIND_LINK, 0)) {                          \
            bits >>= e & 0xff;                                             \
            n_bits -= e & 0xff;                                            \
            e = (table)[(e >> 16) + (bits & ((1u << (e >> 8 & 15)) - 1))]; \
        }                                                                  \
    } while (0)

#define CONSUME(e)          \
    do {                    \
        bits >>= (e)&0xff;  \
        n_bits -= (e)&0xff; \
    } while (0)

/* A coded block, up to its end or until `to` reaches `enough`. NULL: broken. floor: where history begins. */
static uint8_t *inflate_coded(struct pp_gunzip *g, uint8_t *to, const uint8_t *enough, const uint8_t *floor)
{
    const uint8_t *at = g->at;
    uint64_t bits = g->bits;
    unsigned n_bits = g->n_bits;
    uint32_t e;
    while (to < enough) {
        refill(g, &at, &bits, &n_bits);
        LOOK_UP(e, g->literals, LITERAL_BITS); /* 56 bits: three codes of 15, or a length of 20 and a distance of 28 */
        if (e & KIND_LITERAL) {
            CONSUME(e);
            *to++ = (uint8_t)(e >> 16);
            LOOK_UP(e, g->literals, LITERAL_BITS);
            if (e & KIND_LITERAL) {
                CONSUME(e);
                *to++ = (uint8_t)(e >> 16);
                LOOK_UP(e, g->literals, LITERAL_BITS);
                if (e & KIND_LITERAL) {
                    CONSUME(e);
                    *to++ = (uint8_t)(e >> 16);
                    continue;
                }
            }
        }
        if (e & KINDS_RARE) {
            if (!(e & KIND_END)) return NULL;
            CONSUME(e);
            g->state = g->is_final ? TRAILING : BLOCK;
            break;
        }
        size_t length = (e >> 16) + extra_of(bits, e);
        CONSUME(e);
        refill(g, &at, &bits, &n_bits);
        LOOK_UP(e, g->distances, DISTANCE_BITS);
        if (e & KINDS_RARE) return NULL;
        size_t distance = (e >> 16) + extra_of(bits, e);
        CONSUME(e);
        if (distance > (size_t)(to - floor) || distance > WINDOW) return NULL;
        to = copy_match(to, distance, length);
        if (g->n_beyond * 8 > n_bits) return NULL;
    }
    g->at = at;
    g->bits = bits;
    g->n_bits = n_bits;
    return g->n_beyond * 8 > n_bits ? NULL : to;
}

/* Whole bytes that were taken into `bits` go back to the input. */
static bool to_byte(struct pp_gunzip *g)
{
    if (is_beyond(g)) return false;
    g->at -= g->n_bits / 8 - g->n_beyond;
    g->bits = g->n_bits = 0;
    g->n_beyond = 0;
    return true;
}

static bool begin_stored(struct pp_gunzip *g)
{
    if (!to_byte(g) || g->end - g->at < 4) return false;
    unsigned n = g->at[0] | (unsigned)g->at[1] << 8, check = g->at[2] | (unsigned)g->at[3] << 8;
    g->at += 4;
    g->n_stored = n;
    g->state = STORED;
    return (n ^ check) == 0xffff && (size_t)(g->end - g->at) >= n;
}

static uint8_t *copy_stored(struct pp_gunzip *g, uint8_t *to, const uint8_t *enough)
{
    size_t n = (size_t)(enough - to) < g->n_stored ? (size_t)(enough - to) : g->n_stored;
    if (n) memcpy(to, g->at, n);
    g->at += n;
    g->n_stored -= n;
    if (!g->n_stored) g->state = g->is_final ? TRAILING : BLOCK;
    return to + n;
}

static bool begin_block(struct pp_gunzip *g)
{
    g->is_final = read_bits(g, 1);
    unsigned kind = take(g, 2);
    g->state = CODED;
    if (is_beyond(g)) return false;
    return kind == 0 ? begin_stored(g) : kind == 1 ? fixed_codes(g) : kind == 2 && read_codes(g);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool read_trailer(struct pp_gunzip *g)
{
    g->state = ENDED;
    return to_byte(g) && g->end - g->at == TRAILER && le32(g->at) == g->crc && le32(g->at + 4) == (uint32_t)g->n_all;
}

bool pp_gunzip_next(struct pp_gunzip *g, uint8_t *buffer, size_t *ret_n)
{
    uint8_t *start = buffer + PP_GUNZIP_BACK, *to = start, *enough = start + PP_GUNZIP_PIECE;
    size_t back = g->n_all < PP_GUNZIP_BACK ? g->n_all : PP_GUNZIP_BACK;
    if (back) memcpy(start - back, g->last + g->n_last - back, back);
    while (to < enough && g->state < TRAILING) {
        if (g->state == BLOCK && !begin_block(g)) return false;
        if (g->state == CODED && !(to = inflate_coded(g, to, enough, start - back))) return false;
        if (g->state == STORED) to = copy_stored(g, to, enough);
    }
    g->last = start;
    g->n_last = *ret_n = (size_t)(to - start);
    g->n_all += g->n_last;
    g->crc = libdeflate_crc32(g->crc, start, g->n_last);
    return g->state != TRAILING || read_trailer(g);
}

size_t pp_gunzip_at(const struct pp_gunzip *g) { return (size_t)(g->at - g->in); }

/* Behind the header; NULL: not the plain one (a name is fine). */
static const uint8_t *skip_header(const uint8_t *p, size_t n)
{
    if (n < HEADER + TRAILER || p[0] != 0x1f || p[1] != 0x8b || p[2] != 8 || (p[3] & ~8)) return NULL;
    if (!(p[3] & 8)) return p + HEADER;
    const uint8_t *zero = memchr(p + HEADER, 0, n - HEADER - TRAILER);
    return zero && zero - p < 256 ? zero + 1 : NULL;
}

struct pp_gunzip *pp_gunzip_new(struct pp_arena *a, pp_str in)
{
    const uint8_t *p = (const uint8_t *)in.p, *data = skip_header(p, in.n);
    struct pp_gunzip *g = data ? PP_NEW(a, struct pp_gunzip) : NULL;
    if (!g) return NULL;
    g->in = p;
    g->at = data;
    g->end = p + in.n;
    return g;
}
