// SPDX-License-Identifier: Apache-2.0
/* gperftools' tc_* calls (gperftools/tcmalloc.h). Each wrapper keeps its frame pointer: the stack begins at its caller. */
#include <stdint.h>

#include "runtime/hooks/alloc_service.h"
#include "runtime/hooks/export.h"

/* bytes: what the call allocates. */
#define ALLOCATES(name, params, args, bytes)                                                                           \
    PP_EXPORT void *name params;                                                                                       \
    void *name params                                                                                                  \
    {                                                                                                                  \
        static void *next;                                                                                             \
        bool due = pprof_alloc_service.counted(bytes);                                                                 \
        void *p = ((void *(*)params)pp_companion_next(&next, #name))args;                                                         \
        if (due) {                                                                                                     \
            struct pp_walk_regs regs;                                                                                  \
            PP_WALK_REGS_CALLER(&regs);                                                                                \
            pprof_alloc_service.took(p, (bytes), &regs);                                                               \
        }                                                                                                              \
        return p;                                                                                                      \
    }

#define FREES(name, params, args)                                                                                      \
    PP_EXPORT void name params;                                                                                        \
    void name params                                                                                                   \
    {                                                                                                                  \
        static void *next;                                                                                             \
        pprof_alloc_service.freed(p);                                                                                  \
        ((void (*)params)pp_companion_next(&next, #name))args;                                                                    \
    }

ALLOCATES(tc_malloc, (size_t n), (n), n)
ALLOCATES(tc_malloc_skip_new_handler, (size_t n), (n), n)
ALLOCATES(tc_calloc, (size_t n, size_t size), (n, size), n *size)
ALLOCATES(tc_memalign, (size_t align, size_t n), (align, n), n)
ALLOCATES(tc_valloc, (size_t n), (n), n)
ALLOCATES(tc_pvalloc, (size_t n), (n), n)
ALLOCATES(tc_new, (size_t n), (n), n)
ALLOCATES(tc_newarray, (size_t n), (n), n)
ALLOCATES(tc_new_nothrow, (size_t n, const void *tag), (n, tag), n)
ALLOCATES(tc_newarray_nothrow, (size_t n, const void *tag), (n, tag), n)
ALLOCATES(tc_new_aligned, (size_t n, size_t align), (n, align), n)
ALLOCATES(tc_newarray_aligned, (size_t n, size_t align), (n, align), n)

FREES(tc_free, (void *p), (p))
FREES(tc_free_sized, (void *p, size_t n), (p, n))
FREES(tc_cfree, (void *p), (p))
FREES(tc_delete, (void *p), (p))
FREES(tc_delete_sized, (void *p, size_t n), (p, n))
FREES(tc_deletearray, (void *p), (p))
FREES(tc_deletearray_sized, (void *p, size_t n), (p, n))
FREES(tc_delete_aligned, (void *p, size_t align), (p, align))
FREES(tc_deletearray_aligned, (void *p, size_t align), (p, align))

PP_EXPORT void *tc_realloc(void *p, size_t n);
void *tc_realloc(void *p, size_t n)
{
    static void *next;
    struct pp_live_object old;
    bool had = pprof_alloc_service.take_out(p, &old), due = pprof_alloc_service.counted(n);
    void *q = ((void *(*)(void *, size_t))pp_companion_next(&next, "tc_realloc"))(p, n);
    if (had && (q || n == 0)) pprof_alloc_service.charge_free(old);
    else if (had) pprof_alloc_service.put_back(p, old);
    if (due) {
        struct pp_walk_regs regs;
        PP_WALK_REGS_CALLER(&regs);
        pprof_alloc_service.took(q, n, &regs);
    }
    return q;
}

PP_EXPORT int tc_posix_memalign(void **ret, size_t align, size_t n);
int tc_posix_memalign(void **ret, size_t align, size_t n)
{
    static void *next;
    bool due = pprof_alloc_service.counted(n);
    int failed = ((int (*)(void **, size_t, size_t))pp_companion_next(&next, "tc_posix_memalign"))(ret, align, n);
    if (due) {
        struct pp_walk_regs regs;
        PP_WALK_REGS_CALLER(&regs);
        pprof_alloc_service.took(failed ? NULL : *ret, n, &regs);
    }
    return failed;
}
