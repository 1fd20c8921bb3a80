/* runtime/hooks/alloc_service.h - the sampler, for the wrappers of allocators' own names in objects of their own.
 *
 * jemalloc's mallocx and tcmalloc's tc_malloc are not malloc's family: a program that probes for such names must not find ours, so
 * their wrappers live in libpprof-jemalloc.so and libpprof-tcmalloc.so, which `pprof run` preloads only where the real library is
 * linked. They reach the sampler through this one exported table. regs: of the wrapper's caller.   May run: hooks.
 */
#ifndef PP_RUNTIME_HOOKS_ALLOC_SERVICE_H
#define PP_RUNTIME_HOOKS_ALLOC_SERVICE_H

#include "runtime/hooks/heap_sample.h"

struct pp_alloc_service {
    bool (*counted)(size_t n); /* pp_heap_count and pp_heap_due in one: true: record the object */
    void (*took)(const void *p, size_t n, const struct pp_walk_regs *regs);
    void (*freed)(const void *p);
    bool (*take_out)(const void *p, struct pp_live_object *ret);
    void (*put_back)(const void *p, struct pp_live_object o);
    void (*charge_free)(struct pp_live_object o);
    void *(*next)(const char *name); /* the definition behind libpprof and its companions */
};
extern const struct pp_alloc_service pprof_alloc_service __attribute__((visibility("default")));

/* The next definition of a companion's function, kept in *slot. */
static inline void *pp_companion_next(void **slot, const char *name)
{
    void *p = __atomic_load_n(slot, __ATOMIC_RELAXED);
    if (p) return p;
    p = pprof_alloc_service.next(name);
    __atomic_store_n(slot, p, __ATOMIC_RELAXED);
    return p;
}

#endif
