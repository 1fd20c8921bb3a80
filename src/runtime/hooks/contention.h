/* runtime/hooks/contention.h - who keeps whom waiting: the locks that threads wait for now, for the mutex profile.
 *
 * A slot holds a lock's address and one word   n (12 bits) | S (52 bits):   n threads wait, S is the sum of the times since when each is to
 * be charged (ns, modulo 2^52). What the waiters have lost at time t and nobody was charged for yet is  n * t - S.  So
 *
 *   arrive:   n + 1, S + t        leave:   n - 1, S - t        release (the holder unlocks):   charged n * t - S,  S = n * t
 *
 * each by one compare-and-swap. Who leaves with the lock in hand as the last one clears the word: the time between the unlock and its own
 * waking up is nobody's. Who gives up waiting (a timeout) leaves its time to the holder.
 *
 * The table is two-way: a lock has two slots, in one cache line; is none of them free the lock's waiters are not seen (counted).
 * The lock itself is never looked into: its address is all.
 * A slot that is given to another lock just when a thread arrives would count for the wrong one, until that thread leaves; it looks again.
 * Threads: lock-free.   May run: hooks.
 */
#ifndef PP_RUNTIME_HOOKS_CONTENTION_H
#define PP_RUNTIME_HOOKS_CONTENTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PP_CONTENTION_LOG2 12

struct pp_contended {
    _Atomic uintptr_t lock;
    _Atomic uint64_t word;
};
extern struct pp_contended pp_contended[1 << PP_CONTENTION_LOG2] __attribute__((visibility("hidden")));

static inline struct pp_contended *pp_contention_pair(const void *lock)
{
    uint64_t h = ((uint64_t)(uintptr_t)lock >> 3) * 0x9e3779b97f4a7c15u;
    return &pp_contended[h >> (64 - PP_CONTENTION_LOG2) & ~(uint64_t)1];
}

/* Fast: does anybody (perhaps) wait for it? */
static inline bool pp_contention_seen(const void *lock)
{
    struct pp_contended *s = pp_contention_pair(lock);
    return atomic_load_explicit(&s[0].lock, memory_order_relaxed) == (uintptr_t)lock ||
           atomic_load_explicit(&s[1].lock, memory_order_relaxed) == (uintptr_t)lock;
}

/* NULL: no room, or too many wait. */
struct pp_contended *pp_contention_arrive(const void *lock, int64_t now_ns);
/* slot NULL is fine. With the time of its arrival nothing of its wait is charged to anybody from now on. */
void pp_contention_leave(struct pp_contended *slot, int64_t now_ns, bool has_lock);

/* Before the unlock: what the waiters have lost; 0: there are none, or now_ns is 0 (unknown). */
uint64_t pp_contention_release(const void *lock, int64_t now_ns);

#endif
