/* runtime/sigsafe/self.h - what libpprof knows about the calling thread.
 *
 * Initial-exec TLS: reading it is one instruction, never a call (__tls_get_addr may allocate). Kept under 128 bytes: the static
 * TLS surplus is small. All zero is the valid state of a thread that nobody announced.
 */
#ifndef PP_RUNTIME_SIGSAFE_SELF_H
#define PP_RUNTIME_SIGSAFE_SELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/zone.h"

struct pp_self {
    int64_t countdown;  /* bytes until the next heap sample; negative: take one */
    uint64_t random;    /* state of this thread's generator; 0: not seeded */
    uint32_t drawn;     /* the first distance to a heap sample was drawn */
    uintptr_t stack_lo; /* [stack_lo, stack_hi) was seen readable; 0: unknown */
    uintptr_t stack_hi;
    uint32_t tid;    /* 0: not asked yet */
    uint32_t serial; /* in the ledger; 0: not announced */
    uint32_t thread; /* index in the ledger's threads + 1 */
    uint32_t in_handler;
    uint32_t woken; /* how often our wake-up signal alone ended a system call of this thread (hooks/waits.c) */
};
_Static_assert(sizeof(struct pp_self) <= 128, "initial-exec TLS must stay tiny");

extern __thread struct pp_self pp_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* PPROF_SEED: makes the samplers of equal runs equal, for tests; 0: none. */
extern uint64_t pp_self_seed __attribute__((visibility("hidden")));

/* Uniform 64 bits (xorshift*), seeded on first use from the thread's address and the clock, or from pp_self_seed and the
 * thread's serial number. */
uint64_t pp_self_random(struct pp_self *s) PP_SIGSAFE;

/* Makes sure that [sp, stack_hi) is known to be readable, looking at each new page once; false: it is not one stack. */
bool pp_self_covers(struct pp_self *s, uintptr_t sp) PP_SIGSAFE;

#endif
