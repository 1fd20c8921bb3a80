// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#include "base/fmt.h"
#include "base/pages.h"

struct pp_arena_chunk {
    struct pp_arena_chunk *older;
    size_t size; /* of the mapping, this head included */
    alignas(16) char payload[];
};

#define CHUNK_MIN ((size_t)64 << 10)
#define HUGE_MIN ((size_t)4 << 20) /* blocks of this size are columns of a large profile: filling them is mostly page faults */
#define CHUNK_MAX ((size_t)16 << 20) /* chunks double up to this; a bigger block gets a chunk of its own size */

void pp_arena_init(struct pp_arena *a, size_t max_bytes, void (*oom)(size_t wanted))
{
    *a = (struct pp_arena){.max_bytes = max_bytes, .oom = oom};
}

void pp_arena_release(struct pp_arena *a)
{
    for (struct pp_arena_chunk *c = a->chunk, *older; c; c = older) {
        older = c->older;
        pp_pages_unmap(c, c->size);
    }
    pp_arena_init(a, a->max_bytes, a->oom);
}

void pp_arena_reset(struct pp_arena *a)
{
    struct pp_arena_chunk *keep = a->chunk;
    size_t used = a->used;
    if (!keep) return;
    a->chunk = keep->older;
    pp_arena_release(a);
    keep->older = NULL;
    memset(keep->payload, 0, used);
    a->chunk = keep;
    a->cap = keep->size - sizeof *keep;
    a->total_bytes = keep->size;
    a->used = 0;
}

static void *arena_fail(struct pp_arena *a, size_t size)
{
    a->failed = true;
    if (a->oom) a->oom(size);
    return NULL;
}

static bool arena_add_chunk(struct pp_arena *a, size_t size, size_t align)
{
    size_t want = a->total_bytes < CHUNK_MIN ? CHUNK_MIN : a->total_bytes;
    if (want > CHUNK_MAX) want = CHUNK_MAX;
    size_t need = size + align + sizeof(struct pp_arena_chunk);
    if (need < size) return false;
    if (want < need) want = need;
    want = (want + PP_PAGE - 1) & ~(PP_PAGE - 1);
    if (a->max_bytes && a->total_bytes + want > a->max_bytes) return false;
    struct pp_arena_chunk *c = pp_pages_map(want);
    if (!c) return false;
    if (want >= HUGE_MIN) pp_pages_prefer_huge(c, want);
    c->older = a->chunk;
    c->size = want;
    a->chunk = c;
    a->used = 0;
    a->cap = want - sizeof *c;
    a->total_bytes += want;
    return true;
}

bool pp_arena_reserve(struct pp_arena *a, size_t size)
{
    return (a->chunk && size <= a->cap - a->used) || arena_add_chunk(a, size, 1);
}

static size_t aligned_offset(const struct pp_arena *a, size_t align)
{
    uintptr_t base = (uintptr_t)a->chunk->payload;
    return ((base + a->used + align - 1) & ~(uintptr_t)(align - 1)) - base;
}

void *pp_alloc(struct pp_arena *a, size_t size, size_t align)
{
    size_t at = a->chunk ? aligned_offset(a, align) : 0;
    if (!a->chunk || at > a->cap || size > a->cap - at) {
        if (!arena_add_chunk(a, size, align)) return arena_fail(a, size);
        at = aligned_offset(a, align);
    }
    a->used = at + size;
    return a->chunk->payload + at;
}

void *pp_alloc_n(struct pp_arena *a, size_t n, size_t size, size_t align)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return arena_fail(a, SIZE_MAX);
    return pp_alloc(a, bytes, align);
}

void *pp_arena_grow(struct pp_arena *a, void *p, size_t old_size, size_t new_size, size_t align)
{
    if (p && a->chunk && (char *)p + old_size == a->chunk->payload + a->used && new_size > old_size &&
        new_size - old_size <= a->cap - a->used) {
        a->used += new_size - old_size;
        return p;
    }
    void *q = pp_alloc(a, new_size, align);
    if (q && old_size) memcpy(q, p, old_size < new_size ? old_size : new_size);
    return q;
}

/* The link to the chunk of a block that has pages of its own; a new one comes behind the newest, which stays in use. */
static struct pp_arena_chunk **own_link(struct pp_arena *a, const void *p)
{
    struct pp_arena_chunk **link = &a->chunk;
    while (p ? *link && (*link)->payload != (const char *)p : *link && link == &a->chunk)
        link = &(*link)->older;
    return link;
}

void *pp_arena_grow_pages(struct pp_arena *a, void *p, size_t new_size)
{
    if (!a->chunk && !arena_add_chunk(a, 1, 1)) return arena_fail(a, new_size);
    struct pp_arena_chunk **link = own_link(a, p), *old = p ? *link : NULL;
    size_t old_size = old ? old->size : 0, size = new_size + sizeof *old + PP_PAGE - 1;
    if (size < new_size) return arena_fail(a, new_size);
    size &= ~(PP_PAGE - 1);
    if (size <= old_size) return p;
    if (a->max_bytes && a->total_bytes + (size - old_size) > a->max_bytes) return arena_fail(a, new_size);
    struct pp_arena_chunk *c = pp_pages_grow(old, old_size, size);
    if (!c) return arena_fail(a, new_size);
    if (size >= HUGE_MIN) pp_pages_prefer_huge(c, size);
    if (!old) c->older = *link;
    c->size = size;
    *link = c;
    a->total_bytes += size - old_size;
    return c->payload;
}

pp_str pp_arena_dup(struct pp_arena *a, pp_str s)
{
    return pp_arena_join(a, s, (pp_str){"", 0});
}

const char *pp_arena_c(struct pp_arena *a, pp_str s)
{
    pp_str copy = pp_arena_dup(a, s);
    return copy.p;
}

pp_str pp_arena_join(struct pp_arena *a, pp_str x, pp_str y)
{
    char *p = pp_alloc(a, x.n + y.n + 1, 1);
    if (!p) return (pp_str){"", 0};
    if (x.n) memcpy(p, x.p, x.n);
    if (y.n) memcpy(p + x.n, y.p, y.n);
    p[x.n + y.n] = 0;
    return (pp_str){p, x.n + y.n};
}

pp_str pp_arena_fmt(struct pp_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t n = pp_vfmt(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = pp_alloc(a, n + 1, 1);
    if (!p) return (pp_str){"", 0};
    va_start(ap, fmt);
    pp_vfmt(p, n + 1, fmt, ap);
    va_end(ap);
    return (pp_str){p, n};
}
