/* runtime/sigsafe/guest.h - the state of libpprof inside its guest: one struct, made once by runtime/preload.c.
 *
 * `on` lies in a page that fork() empties in the child: a forked child finds 0 there, and every hook and handler passes through,
 * however the fork was made. All other fields are set before `on` becomes 1 and stay.
 */
#ifndef PP_RUNTIME_SIGSAFE_GUEST_H
#define PP_RUNTIME_SIGSAFE_GUEST_H

#include "base/zone.h"
#include "ledger/ledger.h"
#include "unwind/sigsafe/module_map.h"
#include "unwind/sigsafe/pc_cache.h"
#include "unwind/sigsafe/peek.h"

/* What one stack walk needs; claimed whole. */
struct pp_scratch {
    _Atomic uint32_t claimed;
    uint64_t pcs[PP_STACK_DEPTH_MAX];
    uint8_t window[PP_PEEK_WINDOW];
    struct pp_pc_cache cache;
};

struct pp_scratch_pool {
    struct pp_scratch *p;
    uint32_t n;
};

struct pp_guest {
    _Atomic uint32_t *on; /* 1: profiling may happen in this process; PP_GUEST_ON_FROZEN: only counters in memory may change */
    bool decided; /* start-up is over: without `on` this process is never profiled */
    int pid;
    int signal; /* private real-time signal: timers and wake-ups; 0: none */
    struct pp_ledger ledger;
    struct pp_modules modules;
    struct pp_scratch_pool handler_pool, hook_pool;
    uintptr_t own_start, own_end; /* libpprof's text */
    uintptr_t entry; /* of the program: where its main thread starts */
    uint32_t tick_ns;
    int (*find_object)(void *address, void *ret); /* _dl_find_object; NULL: libc has none (take.c) */
    pp_str exec_name; /* as given to execve, NUL-terminated; may be relative */
    int listener; /* socket of plain LD_PRELOAD mode; -1: none */

    _Atomic uint32_t modules_stale; /* a walk met an unknown module: cold code should refresh */
};

extern struct pp_guest pp_guest __attribute__((visibility("hidden")));

/* This process's entry in the ledger. */
static inline struct pp_ledger_process *pp_guest_process(void)
{
    return &pp_guest.ledger.processes[pp_guest.ledger.process];
}

static inline bool pp_guest_on(void)
{
    _Atomic uint32_t *on = pp_guest.on;
    return on && atomic_load_explicit(on, memory_order_relaxed) == 1;
}

#define PP_GUEST_ON_FROZEN 2

/* Counters may be written, nothing more: frees of what was sampled stay right behind a seccomp filter. */
static inline bool pp_guest_may_count(void)
{
    _Atomic uint32_t *on = pp_guest.on;
    return on && atomic_load_explicit(on, memory_order_relaxed) != 0;
}

/* NULL: all in use. `hint` spreads threads over the pool. */
struct pp_scratch *pp_scratch_claim(struct pp_scratch_pool *pool, uint32_t hint) PP_SIGSAFE;
static inline void pp_scratch_unclaim(struct pp_scratch *s)
{
    atomic_store_explicit(&s->claimed, 0, memory_order_release);
}

#endif
