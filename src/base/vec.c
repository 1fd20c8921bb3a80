// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"

bool pp_vec_reserve(struct pp_arena *a, void **p, size_t *cap, size_t want, size_t size, size_t align)
{
    if (want <= *cap) return true;
    size_t n = *cap ? *cap * 2 : 8, bytes;
    if (n < want) n = want;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        a->failed = true;
        if (a->oom) a->oom(SIZE_MAX);
        return false;
    }
    void *grown = pp_arena_grow(a, *p, *cap * size, bytes, align);
    if (!grown) return false;
    *p = grown;
    *cap = n;
    return true;
}

void pp_vec_must_grow(struct pp_arena *a, void **p, size_t *cap, size_t size, size_t align)
{
    if (!pp_vec_reserve(a, p, cap, *cap + 1, size, align)) __builtin_trap();
}
