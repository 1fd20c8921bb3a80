/* runtime/hooks/next.h - the definitions that our wrappers stand in front of.
 *
 * dlsym(RTLD_NEXT) allocates and takes the loader's lock; our wrappers may be the first call of the process. So the objects behind us in
 * the loader's list are searched directly, by their GNU hash tables. Until that has happened each pointer leads to a stub
 * that searches and then calls on.   May run: hooks (reads loader structures that do not change after start-up).
 */
#ifndef PP_RUNTIME_HOOKS_NEXT_H
#define PP_RUNTIME_HOOKS_NEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The default version of a symbol in the objects behind libpprof; NULL: none has it.
 * ret_object (may be NULL): an identity of the object that has it. */
void *pp_next_find(const char *name, const void **ret_object);
/* Start-up is over: the objects there now stay for ever, later ones may be unloaded. Once, from the constructor. */
void pp_next_note_start_up(void);

/* As pp_next_find, but of what came later only a C++ run-time library, which is never unloaded. */
void *pp_next_find_lasting(const char *name, const void **ret_object);

/* The same, libpprof's companions (libpprof-*.so) left out. */
void *pp_next_find_behind_companions(const char *name);

/* A function of the kernel's vdso; NULL: no vdso, or not in it. */
void *pp_next_find_in_vdso(const char *name);

/* pp_next_find, kept in *slot: PP_NEXT(poll)(fds, n, ms) calls the next poll; `next` is the file's struct of void pointers. */
static inline void *pp_next_lazy(void **slot, const char *name)
{
    void *p = __atomic_load_n(slot, __ATOMIC_RELAXED);
    if (__builtin_expect(p != NULL, 1)) return p;
    p = pp_next_find(name, NULL);
    __atomic_store_n(slot, p, __ATOMIC_RELAXED);
    return p;
}
#define PP_NEXT(name) ((__typeof__(&(name)))pp_next_lazy(&next.name, #name))

#endif
