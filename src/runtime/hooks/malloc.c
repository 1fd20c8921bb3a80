// SPDX-License-Identifier: Apache-2.0
/* The allocator's C functions. Memory is always the next allocator's own; we only count and, rarely, take a stack.
 * This file is compiled without frame pointers: the fast paths are a subtraction, a test and a jump. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "runtime/hooks/export.h"
#include "runtime/hooks/heap_sample.h"
#include "runtime/hooks/next.h"

static void *first_malloc(size_t n);
static void *first_calloc(size_t n, size_t size);
static void *first_realloc(void *p, size_t n);
static void first_free(void *p);
static void *first_memalign(size_t align, size_t n);
static void *first_aligned_alloc(size_t align, size_t n);
static int first_posix_memalign(void **ret, size_t align, size_t n);
static void *first_valloc(size_t n);
static void *first_pvalloc(size_t n);

static struct {
    void *(*malloc)(size_t n);
    void *(*calloc)(size_t n, size_t size);
    void *(*realloc)(void *p, size_t n);
    void (*free)(void *p);
    void *(*memalign)(size_t align, size_t n);
    void *(*aligned_alloc)(size_t align, size_t n);
    int (*posix_memalign)(void **ret, size_t align, size_t n);
    void *(*valloc)(size_t n);
    void *(*pvalloc)(size_t n);
} next = {first_malloc,  first_calloc,       first_realloc,        first_free,   first_memalign,
          first_aligned_alloc, first_posix_memalign, first_valloc, first_pvalloc};

/* Every thread that comes first computes the same values. */
static void next_resolve(void)
{
    next.calloc = (void *(*)(size_t, size_t))pp_next_find("calloc", NULL);
    next.realloc = (void *(*)(void *, size_t))pp_next_find("realloc", NULL);
    next.memalign = (void *(*)(size_t, size_t))pp_next_find("memalign", NULL);
    next.aligned_alloc = (void *(*)(size_t, size_t))pp_next_find("aligned_alloc", NULL);
    next.posix_memalign = (int (*)(void **, size_t, size_t))pp_next_find("posix_memalign", NULL);
    next.valloc = (void *(*)(size_t))pp_next_find("valloc", NULL);
    next.pvalloc = (void *(*)(size_t))pp_next_find("pvalloc", NULL);
    next.free = (void (*)(void *))pp_next_find("free", NULL);
    next.malloc = (void *(*)(size_t))pp_next_find("malloc", NULL);
}

static void *first_malloc(size_t n)
{
    next_resolve();
    return next.malloc(n);
}

static void *first_calloc(size_t n, size_t size)
{
    next_resolve();
    return next.calloc(n, size);
}

static void *first_realloc(void *p, size_t n)
{
    next_resolve();
    return next.realloc(p, n);
}

static void first_free(void *p)
{
    next_resolve();
    next.free(p);
}

static void *first_memalign(size_t align, size_t n)
{
    next_resolve();
    return next.memalign(align, n);
}

static void *first_aligned_alloc(size_t align, size_t n)
{
    next_resolve();
    return next.aligned_alloc(align, n);
}

static int first_posix_memalign(void **ret, size_t align, size_t n)
{
    next_resolve();
    return next.posix_memalign(ret, align, n);
}

static void *first_valloc(size_t n)
{
    next_resolve();
    return next.valloc(n);
}

static void *first_pvalloc(size_t n)
{
    next_resolve();
    return next.pvalloc(n);
}

/* The slow half of a wrapper: `call` allocates, p is what it gave. errno is the allocator's business: nothing here touches it. */
#define SAMPLED(p, n, call)                                                                                            \
    do {                                                                                                               \
        bool due_ = pp_heap_due(n);                                                                                    \
        (p) = (call);                                                                                                  \
        if (due_) {                                                                                                    \
            struct pp_walk_regs regs_;                                                                                 \
            PP_WALK_REGS_HERE(&regs_);                                                                                 \
            pp_heap_took((p), (n), &regs_);                                                                            \
        }                                                                                                              \
    } while (0)

static PP_COLD void *sampled_malloc(size_t n)
{
    void *p;
    SAMPLED(p, n, next.malloc(n));
    return p;
}

PP_EXPORT void *malloc(size_t n)
{
    if (pp_heap_count(n)) return sampled_malloc(n);
    return next.malloc(n);
}

static PP_COLD void *sampled_calloc(size_t n, size_t size)
{
    void *p;
    SAMPLED(p, n * size, next.calloc(n, size));
    return p;
}

PP_EXPORT void *calloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return next.calloc(n, size);
    if (pp_heap_count(bytes)) return sampled_calloc(n, size);
    return next.calloc(n, size);
}

static PP_COLD void *sampled_realloc(void *p, size_t n, bool due)
{
    struct pp_live_object old;
    bool had = p && pp_live_maybe(p) && pp_heap_take_out(p, &old);
    due = due && pp_heap_due(n);
    void *q = next.realloc(p, n);
    if (had && (q || n == 0)) pp_heap_charge_free(old);
    else if (had) pp_heap_put_back(p, old);
    if (due) {
        struct pp_walk_regs regs;
        PP_WALK_REGS_HERE(&regs);
        pp_heap_took(q, n, &regs);
    }
    return q;
}

PP_EXPORT void *realloc(void *p, size_t n)
{
    bool due = pp_heap_count(n);
    if (due || (p && pp_live_maybe(p))) return sampled_realloc(p, n, due);
    return next.realloc(p, n);
}

PP_EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}

static PP_COLD void sampled_free(void *p)
{
    pp_heap_free(p);
    next.free(p);
}

PP_EXPORT void free(void *p)
{
    if (__builtin_expect(pp_live_maybe(p), 0)) {
        sampled_free(p);
        return;
    }
    next.free(p);
}

static PP_COLD void *sampled_memalign(size_t align, size_t n)
{
    void *p;
    SAMPLED(p, n, next.memalign(align, n));
    return p;
}

PP_EXPORT void *memalign(size_t align, size_t n)
{
    if (pp_heap_count(n)) return sampled_memalign(align, n);
    return next.memalign(align, n);
}

static PP_COLD void *sampled_aligned_alloc(size_t align, size_t n)
{
    void *p;
    SAMPLED(p, n, next.aligned_alloc(align, n));
    return p;
}

PP_EXPORT void *aligned_alloc(size_t align, size_t n)
{
    if (pp_heap_count(n)) return sampled_aligned_alloc(align, n);
    return next.aligned_alloc(align, n);
}

static PP_COLD int sampled_posix_memalign(void **ret, size_t align, size_t n)
{
    bool due = pp_heap_due(n);
    int failed = next.posix_memalign(ret, align, n);
    if (due) {
        struct pp_walk_regs regs;
        PP_WALK_REGS_HERE(&regs);
        pp_heap_took(failed ? NULL : *ret, n, &regs);
    }
    return failed;
}

PP_EXPORT int posix_memalign(void **ret, size_t align, size_t n)
{
    if (pp_heap_count(n)) return sampled_posix_memalign(ret, align, n);
    return next.posix_memalign(ret, align, n);
}

static PP_COLD void *sampled_valloc(size_t n)
{
    void *p;
    SAMPLED(p, n, next.valloc(n));
    return p;
}

PP_EXPORT void *valloc(size_t n)
{
    if (pp_heap_count(n)) return sampled_valloc(n);
    return next.valloc(n);
}

static PP_COLD void *sampled_pvalloc(size_t n)
{
    void *p;
    SAMPLED(p, n, next.pvalloc(n));
    return p;
}

PP_EXPORT void *pvalloc(size_t n)
{
    if (pp_heap_count(n)) return sampled_pvalloc(n);
    return next.pvalloc(n);
}
