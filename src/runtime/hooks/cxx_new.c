// SPDX-License-Identifier: Apache-2.0
/* C++ operator new and delete in all their forms (Itanium ABI names).
 *
 * libstdc++'s own call malloc and free, where our wrappers see them: those are passed through. An allocator library that brings its
 * own operators (jemalloc, tcmalloc) does not, and is sampled here. Which case it is shows when the next definition is found, at the
 * first call: a C program may load a C++ library at any time, even without making its symbols global. An operator new that throws
 * leaves through our frame, where nothing waits for it.
 * Compiled without frame pointers, as malloc.c. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/hooks/export.h"
#include "runtime/hooks/heap_sample.h"
#include "runtime/hooks/next.h"

/* The next definition; an operator that no object defines can't be called by correct code, malloc and free are what is left to do.
 * ret_sample: its calls don't come by our malloc. */
static PP_COLD void *operator_find(const char *name, void *fallback, bool *ret_sample)
{
    const void *object = NULL, *allocator = NULL;
    void *call = pp_next_find_lasting(name, &object);
    pp_next_find("malloc", &allocator);
    *ret_sample = call && object == allocator;
    return call ? call : fallback;
}

static void *plain_new(size_t n) { return malloc(n ? n : 1); }

static void *plain_new_aligned(size_t n, size_t align) { return aligned_alloc(align, (n + align - 1) & ~(align - 1)); }

/* `call` is where the wrapper jumps: first_ (finds the next one), then the next one itself or sample_. */
#define OPERATOR(result, symbol, fallback, params, args)                                                    \
    static result first_##symbol params;                                                                    \
    static struct {                                                                                         \
        result(*call) params;                                                                               \
        result(*next) params;                                                                               \
    } op_##symbol = {first_##symbol, NULL};                                                                 \
    static result sample_##symbol params;                                                                   \
    static PP_COLD result first_##symbol params                                                             \
    {                                                                                                       \
        bool sample;                                                                                        \
        op_##symbol.next = (result(*) params)operator_find(#symbol, (void *)fallback, &sample);             \
        __atomic_store_n(&op_##symbol.call, sample ? sample_##symbol : op_##symbol.next, __ATOMIC_RELEASE); \
        return op_##symbol.call args;                                                                       \
    }                                                                                                       \
    PP_EXPORT result symbol params;                                                                         \
    PP_EXPORT result symbol params { return op_##symbol.call args; }

#define NEW(symbol, fallback, params, args)          \
    OPERATOR(void *, symbol, fallback, params, args) \
    static PP_COLD void *slow_##symbol params        \
    {                                                \
        bool due = pp_heap_due(n);                   \
        void *p = op_##symbol.next args;             \
        if (due) {                                   \
            struct pp_walk_regs regs;                \
            PP_WALK_REGS_HERE(&regs);                \
            pp_heap_took(p, n, &regs);               \
        }                                            \
        return p;                                    \
    }                                                \
    static void *sample_##symbol params { return pp_heap_count(n) ? slow_##symbol args : op_##symbol.next args; }

NEW(_Znwm, plain_new, (size_t n), (n))
NEW(_Znam, plain_new, (size_t n), (n))
NEW(_ZnwmRKSt9nothrow_t, plain_new, (size_t n, const void *tag), (n, tag))
NEW(_ZnamRKSt9nothrow_t, plain_new, (size_t n, const void *tag), (n, tag))
NEW(_ZnwmSt11align_val_t, plain_new_aligned, (size_t n, size_t align), (n, align))
NEW(_ZnamSt11align_val_t, plain_new_aligned, (size_t n, size_t align), (n, align))
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, plain_new_aligned, (size_t n, size_t align, const void *tag), (n, align, tag))
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, plain_new_aligned, (size_t n, size_t align, const void *tag), (n, align, tag))

#define DELETE(symbol, params, args)                                \
    OPERATOR(void, symbol, free, params, args)                      \
    static void sample_##symbol params                              \
    {                                                               \
        if (__builtin_expect(pp_live_maybe(p), 0)) pp_heap_free(p); \
        op_##symbol.next args;                                      \
    }

DELETE(_ZdlPv, (void *p), (p))
DELETE(_ZdaPv, (void *p), (p))
DELETE(_ZdlPvm, (void *p, size_t n), (p, n))
DELETE(_ZdaPvm, (void *p, size_t n), (p, n))
DELETE(_ZdlPvRKSt9nothrow_t, (void *p, const void *tag), (p, tag))
DELETE(_ZdaPvRKSt9nothrow_t, (void *p, const void *tag), (p, tag))
DELETE(_ZdlPvSt11align_val_t, (void *p, size_t align), (p, align))
DELETE(_ZdaPvSt11align_val_t, (void *p, size_t align), (p, align))
DELETE(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t align), (p, n, align))
DELETE(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t align), (p, n, align))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *tag), (p, align, tag))
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *tag), (p, align, tag))
