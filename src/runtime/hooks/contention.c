// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/contention.h"

#include <stddef.h>

#define SUM_BITS 52
#define SUM_MASK (((uint64_t)1 << SUM_BITS) - 1)
#define WAITERS_MAX ((uint64_t)4095)
#define TRIES 4

struct pp_contended pp_contended[1 << PP_CONTENTION_LOG2] __attribute__((aligned(64)));

static uint64_t waiters(uint64_t word)
{
    return word >> SUM_BITS;
}

static uint64_t make(uint64_t n, uint64_t sum)
{
    return n << SUM_BITS | (sum & SUM_MASK);
}

static bool is_of(const struct pp_contended *s, const void *lock)
{
    return atomic_load(&s->lock) == (uintptr_t)lock;
}

/* The lock's slot, or one that nobody waits in. */
static struct pp_contended *find(const void *lock, bool *ret_fresh)
{
    struct pp_contended *pair = pp_contention_pair(lock);
    *ret_fresh = false;
    for (int i = 0; i < 2; i++)
        if (is_of(&pair[i], lock)) return &pair[i];
    *ret_fresh = true;
    for (int i = 0; i < 2; i++) {
        uintptr_t old = atomic_load(&pair[i].lock);
        if (waiters(atomic_load(&pair[i].word)) == 0 && atomic_compare_exchange_strong(&pair[i].lock, &old, (uintptr_t)lock)) return &pair[i];
    }
    return NULL;
}

static bool enter(struct pp_contended *s, int64_t now_ns, bool fresh)
{
    uint64_t word = atomic_load(&s->word), next;
    do {
        uint64_t n = waiters(word), sum = fresh && n == 0 ? 0 : word & SUM_MASK; /* another lock's rest */
        if (n == WAITERS_MAX) return false;
        next = make(n + 1, sum + (uint64_t)now_ns);
    } while (!atomic_compare_exchange_weak(&s->word, &word, next));
    return true;
}

struct pp_contended *pp_contention_arrive(const void *lock, int64_t now_ns)
{
    for (int i = 0; i < TRIES; i++) {
        bool fresh;
        struct pp_contended *s = find(lock, &fresh);
        if (!s || !enter(s, now_ns, fresh)) return NULL;
        if (is_of(s, lock)) return s;
        pp_contention_leave(s, now_ns, false); /* given away in between */
    }
    return NULL;
}

void pp_contention_leave(struct pp_contended *slot, int64_t now_ns, bool has_lock)
{
    if (!slot) return;
    uint64_t word = atomic_load(&slot->word), next;
    do {
        uint64_t n = waiters(word);
        if (n == 0) return;
        next = n == 1 && has_lock ? 0 : make(n - 1, word - (uint64_t)now_ns);
    } while (!atomic_compare_exchange_weak(&slot->word, &word, next));
}

static uint64_t charge(struct pp_contended *s, uint64_t now_ns)
{
    uint64_t word = atomic_load(&s->word), delay, next;
    do {
        uint64_t n = waiters(word);
        delay = (n * now_ns - word) & SUM_MASK;
        bool early = delay > SUM_MASK / 2; /* a waiter's clock was read a moment after ours */
        if (word == 0 || (early && n)) return 0;
        if (early) delay = 0;
        next = make(n, n * now_ns);
    } while (!atomic_compare_exchange_weak(&s->word, &word, next));
    return delay;
}

/* A slot that nobody waits in any more is free, so that the next unlocks are fast again. */
static void give_back(struct pp_contended *s, const void *lock)
{
    uintptr_t mine = (uintptr_t)lock;
    if (atomic_load(&s->word) == 0) atomic_compare_exchange_strong(&s->lock, &mine, 0);
}

uint64_t pp_contention_release(const void *lock, int64_t now_ns)
{
    struct pp_contended *pair = pp_contention_pair(lock);
    uint64_t delay = 0;
    for (int i = 0; i < 2 && now_ns; i++) {
        if (!is_of(&pair[i], lock)) continue;
        delay += charge(&pair[i], (uint64_t)now_ns);
        give_back(&pair[i], lock);
    }
    return delay;
}
