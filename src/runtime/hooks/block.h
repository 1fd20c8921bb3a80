/* runtime/hooks/block.h - the block profile: how long threads wait, by the stack that waits.
 *
 * A wrapper reads the clock before and after the call that may wait:   PP_BLOCKING(PP_WAIT_SEM, r = PP_NEXT(sem_wait)(s));
 * While the profile is off that is one relaxed load and a branch.
 *
 * Sampling as Go's SetBlockProfileRate: a wait of at least `rate` ns is always recorded, a shorter one of d ns with probability d/rate,
 * and counts as rate/d waits of d ns. Sums are unbiased, and stay so when the rate changes.
 *
 * Whether a call waited is known for locks (they are tried first) and condition variables; of the others calls below
 * PP_BLOCK_LEAST_NS don't count: no thread sleeps and wakes in less.
 * No state stays behind in the thread: a cancellation or longjmp out of a wait loses that wait and nothing else. errno is not touched.
 * May run: hooks.
 */
#ifndef PP_RUNTIME_HOOKS_BLOCK_H
#define PP_RUNTIME_HOOKS_BLOCK_H

#include "runtime/sigsafe/guest.h"

#define PP_BLOCK_LEAST_NS 2000

/* A clock of the kernel by the vdso (22 ns; a system call took 165). */
int64_t pp_block_clock_ns(int clock);

/* CLOCK_MONOTONIC. 0 where profiling is not on in this process: a forked child; behind a seccomp filter, which may kill for a clock. */
int64_t pp_block_now(void);

static inline bool pp_block_on(void)
{
    struct pp_ledger_head *h = pp_guest.ledger.head;
    return h && __builtin_expect(atomic_load_explicit(&h->block_rate, memory_order_relaxed) != 0, 0);
}

/* The calling thread waited from start to end. */
void pp_block_waited(enum pp_wait wait, int64_t start_ns, int64_t end_ns);

/* The same until now; nothing for a call that was too short to have waited. */
void pp_block_ended(enum pp_wait wait, int64_t start_ns);

/* The calling thread gave back a lock that kept others waiting so long, all together; of the mutex profile. */
void pp_block_released(uint64_t delay_ns);

#define PP_BLOCKING(wait, call)                                                                                        \
    do {                                                                                                               \
        int64_t start_ = pp_block_on() ? pp_block_now() : 0;                                                           \
        call;                                                                                                          \
        if (__builtin_expect(start_ != 0, 0)) pp_block_ended((wait), start_);                                          \
    } while (0)

#endif
