/* base/hash.h - the one hash table: from a 64-bit hash to indices of the caller's own array.
 *
 * The table stores no keys: it hands out the candidates with that hash and the caller compares. Open addressing, linear
 * probing, at most 3/4 full, never shrinks, no deletion (reset it).
 *
 *     uint32_t i;
 *     for (struct pp_probe pr = pp_hash_probe(&t, h); pp_hash_next(&pr, &i);)
 *         if (equal(items[i], key)) return i;
 *     pp_hash_add(arena, &t, h, n_items);
 *
 * Invariant: n < cap, cap a power of two; a slot is 0 (free) or hash's high 32 bits << 32 | index + 1.
 * The low bits of the hash choose the place, so growing needs them again: they are kept in `low`.
 */
#ifndef PP_BASE_HASH_H
#define PP_BASE_HASH_H

#include "base/arena.h"

struct pp_hash {
    uint64_t *slots;
    uint32_t *low; /* the low 32 bits of each slot's hash */
    size_t cap, n;
};

struct pp_probe {
    const struct pp_hash *t;
    uint64_t hash;
    size_t at;
};

uint64_t pp_hash_bytes(const void *p, size_t n, uint64_t seed);
static inline uint64_t pp_hash_str(pp_str s)
{
    return pp_hash_bytes(s.p, s.n, 0);
}

/* Mixes all bits of v (a bijection). */
static inline uint64_t pp_hash_u64(uint64_t v)
{
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93u;
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93u;
    v ^= v >> 32;
    return v;
}

static inline struct pp_probe pp_hash_probe(const struct pp_hash *t, uint64_t hash)
{
    return (struct pp_probe){t, hash, t->cap ? (size_t)hash & (t->cap - 1) : 0};
}

/* The next candidate; false at the end of the chain. */
static inline bool pp_hash_next(struct pp_probe *pr, uint32_t *ret_index)
{
    const struct pp_hash *t = pr->t;
    if (!t->cap) return false;
    for (uint64_t s; (s = t->slots[pr->at]) != 0;) {
        pr->at = (pr->at + 1) & (t->cap - 1);
        if (s >> 32 == pr->hash >> 32) {
            *ret_index = (uint32_t)s - 1;
            return true;
        }
    }
    return false;
}

/* Room for n entries without growing. False: memory refused. */
bool pp_hash_reserve(struct pp_arena *a, struct pp_hash *t, size_t n);

/* Adds without looking for an equal one. index < 2^32 - 1. False: memory refused. */
bool pp_hash_add(struct pp_arena *a, struct pp_hash *t, uint64_t hash, uint32_t index);

void pp_hash_reset(struct pp_hash *t); /* empty, keeps the memory */

#endif
