// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <string.h>

#include "base/pages.h"

static uint64_t load64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Folded 64x64->128 multiplications over 16 bytes a step, as wyhash's family does. */
uint64_t pp_hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
    const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xbf58476d1ce4e5b9u, k2 = 0x94d049bb133111ebu;
    const unsigned char *p = bytes;
    uint64_t h = seed ^ k0 ^ mix(n ^ k1, k2);
    size_t left = n;
    for (; left > 16; left -= 16, p += 16) h = mix(load64(p) ^ k1, load64(p + 8) ^ h);
    unsigned char tail[16] = {0};
    if (left) memcpy(tail, p, left);
    h = mix(load64(tail) ^ k1 ^ h, load64(tail + 8) ^ k2);
    return mix(h ^ k0, k2);
}

static void place(struct pp_hash *t, uint64_t hash, uint32_t index)
{
    size_t at = (size_t)hash & (t->cap - 1);
    while (t->slots[at]) at = (at + 1) & (t->cap - 1);
    t->slots[at] = (hash >> 32) << 32 | (index + 1u);
    t->low[at] = (uint32_t)hash;
}

bool pp_hash_reserve(struct pp_arena *a, struct pp_hash *t, size_t n)
{
    size_t cap = t->cap ? t->cap : 16;
    while (n > cap - cap / 4) cap *= 2;
    if (cap == t->cap) return true;
    struct pp_hash grown = {.cap = cap, .n = t->n};
    grown.slots = PP_NEW_N(a, uint64_t, cap);
    grown.low = PP_NEW_N(a, uint32_t, cap);
    if (!grown.slots || !grown.low) return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i]) place(&grown, t->slots[i] >> 32 << 32 | t->low[i], (uint32_t)t->slots[i] - 1);
    *t = grown;
    return true;
}

bool pp_hash_add(struct pp_arena *a, struct pp_hash *t, uint64_t hash, uint32_t index)
{
    if (!pp_hash_reserve(a, t, t->n + 1)) return false;
    place(t, hash, index);
    t->n++;
    return true;
}

void pp_hash_reset(struct pp_hash *t)
{
    if (t->cap) memset(t->slots, 0, t->cap * sizeof *t->slots);
    t->n = 0;
}
