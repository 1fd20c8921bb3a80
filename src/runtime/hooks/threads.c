// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/threads.h"

#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/self.h"

#define REAP_FROM 256
#define STARTING UINT32_MAX /* tid of a slot whose thread does not run yet */

static _Atomic uint32_t hint;

static void raise_count(uint32_t n)
{
    _Atomic uint32_t *count = &pp_guest.ledger.head->n_threads;
    uint32_t old = atomic_load(count);
    while (old < n && !atomic_compare_exchange_weak(count, &old, n)) {}
}

/* From a rotating start in the used part. */
static uint32_t claim_used(uint32_t used)
{
    uint32_t from = used ? atomic_fetch_add_explicit(&hint, 1, memory_order_relaxed) % used : 0;
    for (uint32_t i = 0; i < used && i < 64; i++) {
        uint32_t free = 0, at = (from + i) % used;
        if (atomic_compare_exchange_strong(&pp_guest.ledger.threads[at].tid, &free, STARTING)) return at + 1;
    }
    return 0;
}

/* Before the used part doubles, slots of cancelled threads are looked for: those don't say when they end. */
static uint32_t claim_slot(void)
{
    uint32_t used = pp_ledger_n_threads(&pp_guest.ledger), cap = (uint32_t)pp_guest.ledger.cap.threads;
    uint32_t slot = claim_used(used);
    if (!slot && used >= REAP_FROM && (used & (used - 1)) == 0) {
        pp_threads_reap();
        slot = claim_used(used);
    }
    for (uint32_t at = used; !slot && at < cap; at++) {
        uint32_t free = 0;
        if (!atomic_compare_exchange_strong(&pp_guest.ledger.threads[at].tid, &free, STARTING)) continue;
        raise_count(at + 1);
        slot = at + 1;
    }
    return slot;
}

uint32_t pp_threads_announce(uint32_t creator_stack, uintptr_t start_routine)
{
    if (!pp_guest_on()) return 0;
    uint32_t thread = claim_slot();
    if (!thread) return 0;
    struct pp_ledger_thread *t = &pp_guest.ledger.threads[thread - 1];
    t->serial = atomic_fetch_add(&pp_guest.ledger.head->next_serial, 1);
    t->process = pp_guest.ledger.process;
    t->creator_serial = pp_self.serial;
    t->creator_stack = creator_stack;
    t->start_routine = start_routine;
    t->start_ns = (uint64_t)pp_os_monotonic_ns();
    return thread;
}

/* After exec in place it is the same thread. */
uint32_t pp_threads_announce_main(void)
{
    uint32_t thread = pp_threads_announce(0, 0);
    if (thread && pp_guest.ledger.process == 0) pp_guest.ledger.threads[thread - 1].serial = 1;
    return thread;
}

void pp_threads_begin(uint32_t thread)
{
    struct pp_self *s = &pp_self;
    s->tid = (uint32_t)pp_os_gettid();
    if (!thread) return;
    struct pp_ledger_thread *t = &pp_guest.ledger.threads[thread - 1];
    s->serial = t->serial;
    s->thread = thread;
    atomic_store(&t->tid, s->tid);
}

void pp_threads_end(uint32_t thread)
{
    if (!thread || !pp_guest_on()) return;
    pp_self.thread = 0;
    atomic_store(&pp_guest.ledger.threads[thread - 1].tid, 0);
}

void pp_threads_cancel(uint32_t thread)
{
    if (thread) atomic_store(&pp_guest.ledger.threads[thread - 1].tid, 0);
}

void pp_threads_reap(void)
{
    for (uint32_t i = 0, n = pp_ledger_n_threads(&pp_guest.ledger); i < n; i++) {
        struct pp_ledger_thread *t = &pp_guest.ledger.threads[i];
        uint32_t tid = atomic_load(&t->tid);
        if (!tid || tid == STARTING || t->process != pp_guest.ledger.process) continue;
        if (!pp_os_thread_exists(pp_guest.pid, (int)tid)) atomic_compare_exchange_strong(&t->tid, &tid, 0);
    }
}
