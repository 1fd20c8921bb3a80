/* base/arena.h - a lifetime: everything allocated from it is freed at once.
 *
 * One arena per profile, per request, per report. As the *first* parameter of a function it means: the result lives there.
 * Memory is zeroed. Chunks come from base/pages, so an arena also works inside malloc hooks and in our own threads.
 * Out of memory (or over max_bytes): with an `oom` callback that is called and must not return (the tool prints and exits);
 * without one pp_alloc returns NULL and `failed` stays set, so a whole computation can be checked once at its end.
 * Threads: one at a time.
 */
#ifndef PP_BASE_ARENA_H
#define PP_BASE_ARENA_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct pp_arena {
    struct pp_arena_chunk *chunk; /* newest; older ones linked behind it */
    size_t used, cap;             /* of the newest chunk's payload */
    size_t total_bytes;           /* mapped in all chunks */
    size_t max_bytes;             /* 0: no limit */
    void (*oom)(size_t wanted);
    bool failed;
};

void pp_arena_init(struct pp_arena *a, size_t max_bytes, void (*oom)(size_t wanted));
void pp_arena_release(struct pp_arena *a); /* may be initialized again; a zeroed arena is a valid empty one, too */
void pp_arena_reset(struct pp_arena *a);   /* keeps the newest chunk */

bool pp_arena_reserve(struct pp_arena *a, size_t size); /* so much without another chunk; its pages stay untouched. False: refused */

void *pp_alloc(struct pp_arena *a, size_t size, size_t align); /* size 0 gives a valid pointer */

/* Room for n elements of `size`; overflow counts as out of memory. */
void *pp_alloc_n(struct pp_arena *a, size_t n, size_t size, size_t align);

/* Grows the block in place when it is the newest, else copies it. `p` may be NULL with old_size 0. */
void *pp_arena_grow(struct pp_arena *a, void *p, size_t old_size, size_t new_size, size_t align);

/* The same for a block that grows much: it has pages of its own, which move instead of their bytes. `p` is NULL or from here. */
void *pp_arena_grow_pages(struct pp_arena *a, void *p, size_t new_size);

#define PP_NEW(a, type) ((type *)pp_alloc((a), sizeof(type), _Alignof(type)))
#define PP_NEW_N(a, type, n) ((type *)pp_alloc_n((a), (n), sizeof(type), _Alignof(type)))

pp_str pp_arena_dup(struct pp_arena *a, pp_str s);              /* the copy has a NUL behind it (not counted) */
const char *pp_arena_c(struct pp_arena *a, pp_str s);           /* the same, as a C string */
pp_str pp_arena_join(struct pp_arena *a, pp_str x, pp_str y);   /* x then y, NUL behind it */
pp_str pp_arena_fmt(struct pp_arena *a, const char *fmt, ...) PP_PRINTF(2, 3); /* as base/fmt.h, NUL behind it */

#endif
