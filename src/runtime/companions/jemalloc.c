// SPDX-License-Identifier: Apache-2.0
/* jemalloc's non-standard calls (jemalloc(3)): sizes and alignment in flags, sized deallocation. Each wrapper keeps its frame
 * pointer: the stack begins at its caller. */
#include <stdint.h>

#include "runtime/hooks/alloc_service.h"
#include "runtime/hooks/export.h"

static struct {
    void *mallocx, *rallocx, *xallocx, *dallocx, *sdallocx;
} next;

#define NEXT(name) ((__typeof__(&(name)))pp_companion_next(&next.name, #name))

PP_EXPORT void *mallocx(size_t n, int flags);
PP_EXPORT void *rallocx(void *p, size_t n, int flags);
PP_EXPORT size_t xallocx(void *p, size_t n, size_t extra, int flags);
PP_EXPORT void dallocx(void *p, int flags);
PP_EXPORT void sdallocx(void *p, size_t n, int flags);

void *mallocx(size_t n, int flags)
{
    bool due = pprof_alloc_service.counted(n);
    void *p = NEXT(mallocx)(n, flags);
    if (due) {
        struct pp_walk_regs regs;
        PP_WALK_REGS_CALLER(&regs);
        pprof_alloc_service.took(p, n, &regs);
    }
    return p;
}

void *rallocx(void *p, size_t n, int flags)
{
    struct pp_live_object old;
    bool had = pprof_alloc_service.take_out(p, &old), due = pprof_alloc_service.counted(n);
    void *q = NEXT(rallocx)(p, n, flags);
    if (had && q) pprof_alloc_service.charge_free(old);
    else if (had) pprof_alloc_service.put_back(p, old);
    if (due) {
        struct pp_walk_regs regs;
        PP_WALK_REGS_CALLER(&regs);
        pprof_alloc_service.took(q, n, &regs);
    }
    return q;
}

/* Grows or shrinks in place: the object stays the one that was sampled, with its old size. */
size_t xallocx(void *p, size_t n, size_t extra, int flags)
{
    return NEXT(xallocx)(p, n, extra, flags);
}

void dallocx(void *p, int flags)
{
    pprof_alloc_service.freed(p);
    NEXT(dallocx)(p, flags);
}

void sdallocx(void *p, size_t n, int flags)
{
    pprof_alloc_service.freed(p);
    NEXT(sdallocx)(p, n, flags);
}
