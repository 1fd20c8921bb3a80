// SPDX-License-Identifier: Apache-2.0
#include "runtime/sources/cpu.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "ledger/sigsafe/book.h"
#include "runtime/agent.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/self.h"
#include "runtime/sigsafe/tick.h"
#include "runtime/tables/modules.h"

#define SLOT_PROBES 64u
#define KEEP_PAUSE_NS 20000000
#define KEEPS_PER_FORGET 5
#define ROUTINE_PROBES 8u

static int64_t keep_pause_ns = KEEP_PAUSE_NS;
static struct pp_self keeper; /* a generator for the keeper, whose thread has no TLS of ours */
static unsigned n_keeps;
static uint32_t own_hz; /* of the open window; 0: closed */

static struct pp_cpu_slot *slot_at(uint32_t tid, uint32_t probe)
{
    return &pp_cpu_window.slots[((uint32_t)pp_hash_u64(tid) + probe) % PP_CPU_SLOTS];
}

static struct pp_cpu_slot *slot_find(uint32_t tid)
{
    for (uint32_t i = 0; i < SLOT_PROBES; i++)
        if (atomic_load_explicit(&slot_at(tid, i)->tid, memory_order_acquire) == tid) return slot_at(tid, i);
    return NULL;
}

static struct pp_cpu_slot *slot_claim(uint32_t tid)
{
    for (uint32_t i = 0; i < SLOT_PROBES; i++) {
        uint32_t free = 0;
        if (atomic_compare_exchange_strong(&slot_at(tid, i)->tid, &free, tid)) return slot_at(tid, i);
        if (free == tid) return NULL; /* its thread or the keeper was faster */
    }
    return NULL;
}

/* True: the timer is gone, and the slot is the caller's to free. A slot in the middle of being armed is taken back by who arms it. */
static bool slot_stop(struct pp_cpu_slot *s)
{
    uint32_t armed = PP_CPU_ARMING;
    if (atomic_compare_exchange_strong(&s->armed, &armed, PP_CPU_ENDED)) return false;
    if (armed != PP_CPU_ARMED || !atomic_compare_exchange_strong(&s->armed, &armed, PP_CPU_NONE)) return false;
    pp_os_timer_delete(s->timer);
    return true;
}

static void slot_disarm(struct pp_cpu_slot *s)
{
    if (slot_stop(s)) atomic_store(&s->tid, 0);
}

static void slot_give_back(struct pp_cpu_slot *s)
{
    atomic_store(&s->armed, PP_CPU_NONE);
    atomic_store(&s->tid, 0);
}

/* First expiry at a random tick of the first period: tick.h says why. */
static int64_t first_expiry_ns(struct pp_self *random)
{
    uint64_t u = pp_self_random(random) >> 40; /* 24 bits */
    uint64_t at = (uint64_t)((unsigned __int128)pp_cpu_window.period_ns * u >> 24);
    int64_t first = (int64_t)(at / pp_guest.tick_ns * pp_guest.tick_ns);
    return first ? first : 1;
}

static void routine_show(struct pp_cpu_routine *r, uintptr_t start)
{
    const struct pp_ledger *l = &pp_guest.ledger;
    uint64_t pc = start + 1;
    uint32_t stack = pp_book_stack(l, &pc, 1, PP_STACK_CUT, atomic_load(&pp_guest_process()->module_generation));
    atomic_store(&r->bucket, stack ? pp_book_bucket(l, PP_KIND_CPU, stack, 0) : NULL);
}

/* Index + 1 of the balance of a start routine; 0: unknown, or more routines than places. */
static uint32_t routine_of(uint32_t thread)
{
    uintptr_t start = thread ? pp_guest.ledger.threads[thread - 1].start_routine : 0;
    for (uint32_t i = 0, at = (uint32_t)pp_hash_u64(start); start && i < ROUTINE_PROBES; i++) {
        struct pp_cpu_routine *r = &pp_cpu_window.routines[(at + i) % PP_CPU_ROUTINES];
        uintptr_t seen = 0;
        if (atomic_compare_exchange_strong(&r->start, &seen, start)) routine_show(r, start);
        if (seen == 0 || seen == start) return (uint32_t)(r - pp_cpu_window.routines) + 1;
    }
    return 0;
}

static void routines_forget(void)
{
    for (uint32_t i = 0; i < PP_CPU_ROUTINES; i++) {
        struct pp_cpu_routine *r = &pp_cpu_window.routines[i];
        atomic_store(&r->bucket, NULL);
        atomic_store(&r->balance_ns, 0);
        atomic_store(&r->start, 0);
    }
}

static void arm(uint32_t tid, bool announced, struct pp_self *random)
{
    uint32_t number = atomic_load(&pp_cpu_window.number);
    if (!(number & 1) || slot_find(tid)) return;
    struct pp_cpu_slot *s = slot_claim(tid);
    if (!s) return;
    atomic_store(&s->armed, PP_CPU_ARMING);
    atomic_store(&s->first, 1);
    atomic_store(&s->announced, announced);
    atomic_store(&s->routine, 0);
    atomic_store(&s->counted_ns, 0);
    uint64_t value = pp_tick_value(number, (uint32_t)(s - pp_cpu_window.slots));
    if (pp_os_cpu_timer_create((int)tid, pp_guest.signal, value, &s->timer) < 0) {
        if (pp_os_thread_exists(pp_guest.pid, (int)tid)) pp_book_drop(&pp_guest.ledger, PP_DROP_NO_TIMER);
        slot_give_back(s);
        return;
    }
    pp_os_timer_set(s->timer, first_expiry_ns(random), (int64_t)pp_cpu_window.period_ns);
    uint32_t arming = PP_CPU_ARMING;
    if (!atomic_compare_exchange_strong(&s->armed, &arming, PP_CPU_ARMED)) { /* the thread ended meanwhile */
        pp_os_timer_delete(s->timer);
        slot_give_back(s);
    } else if (atomic_load(&pp_cpu_window.number) != number)
        slot_disarm(s); /* the window closed meanwhile */
}

static void arm_found(void *ctx, int tid)
{
    (void)ctx;
    if (!pp_agent_owns_thread(tid)) arm((uint32_t)tid, false, &keeper);
}

static void forget_ended(void)
{
    for (uint32_t i = 0; i < PP_CPU_SLOTS; i++) {
        struct pp_cpu_slot *s = &pp_cpu_window.slots[i];
        uint32_t tid = atomic_load_explicit(&s->tid, memory_order_relaxed);
        if (tid && atomic_load(&s->armed) == PP_CPU_ARMED && !pp_os_thread_exists(pp_guest.pid, (int)tid)) slot_disarm(s);
    }
}

void pp_cpu_keep(void)
{
    int64_t start = pp_os_monotonic_ns();
    if (atomic_load(&pp_guest.modules_stale)) pp_runtime_modules_refresh(false);
    pp_os_each_thread(pp_guest.pid, arm_found, NULL);
    if (++n_keeps % KEEPS_PER_FORGET == 0) forget_ended();
    int64_t cost = pp_os_monotonic_ns() - start;
    keep_pause_ns = cost * 50 > KEEP_PAUSE_NS ? cost * 50 : KEEP_PAUSE_NS;
}

int64_t pp_cpu_keep_pause_ns(void)
{
    return keep_pause_ns;
}

bool pp_cpu_is_open(void)
{
    return atomic_load(&pp_cpu_window.number) & 1;
}

int pp_cpu_start(int hz)
{
    if (hz < 1 || hz > 1000000) return EINVAL;
    if (pp_cpu_is_open()) return EBUSY;
    if (!pp_cpu_window.slots) pp_cpu_window.slots = pp_os_map_reserve(PP_CPU_SLOTS * sizeof(struct pp_cpu_slot));
    if (!pp_cpu_window.slots) return ENOMEM;
    pp_runtime_modules_refresh(true);
    routines_forget();
    pp_cpu_window.period_ns = 1000000000u / (unsigned)hz;
    own_hz = (uint32_t)hz;
    atomic_fetch_add(&pp_cpu_window.number, 1);
    pp_cpu_keep();
    return 0;
}

void pp_cpu_stop(void)
{
    if (!pp_cpu_is_open()) return;
    atomic_fetch_add(&pp_cpu_window.number, 1);
    for (uint32_t i = 0; i < PP_CPU_SLOTS; i++) {
        struct pp_cpu_slot *s = &pp_cpu_window.slots[i];
        if (atomic_load(&s->tid) && atomic_load(&s->armed) != PP_CPU_NONE) slot_disarm(s);
    }
    own_hz = 0;
    pp_runtime_modules_refresh(true);
}

int pp_cpu_follow(void)
{
    uint32_t hz = atomic_load(&pp_guest.ledger.head->cpu_hz);
    if (hz == own_hz) return 0;
    pp_cpu_stop();
    return hz ? pp_cpu_start((int)hz) : 0;
}

void pp_cpu_thread_begins(uint32_t tid)
{
    if (!pp_cpu_is_open()) return;
    arm(tid, true, &pp_self);
    struct pp_cpu_slot *s = slot_find(tid); /* the keeper's, when it was faster */
    if (s) atomic_store(&s->routine, routine_of(pp_self.thread));
}

void pp_cpu_thread_ends(uint32_t tid)
{
    if (!tid || !pp_cpu_is_open()) return;
    struct pp_cpu_slot *s = slot_find(tid);
    if (!s || !slot_stop(s)) return;
    uint32_t routine = atomic_load(&s->routine);
    int64_t rest = routine ? pp_os_thread_cpu_ns() - (int64_t)atomic_load(&s->counted_ns) : 0;
    if (rest) {
        atomic_fetch_add(&pp_cpu_window.routines[routine - 1].balance_ns, rest);
        pp_cpu_show_balance(&pp_cpu_window.routines[routine - 1]);
    }
    atomic_store(&s->tid, 0);
}
