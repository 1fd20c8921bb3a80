// SPDX-License-Identifier: Apache-2.0
#include "runtime/sources/cpu.h"

#include <errno.h>
#include <string.h>

#include "ledger/sigsafe/book.h"
#include "runtime/agent.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/self.h"
#include "runtime/sigsafe/tick.h"
#include "runtime/sources/cpu_deal.h"
#include "runtime/sources/cpu_slots.h"
#include "runtime/tables/modules.h"

#define KEEP_PAUSE_NS 20000000
#define KEEPS_PER_TURN 5
#define KEEPS_PER_FORGET 25

static int64_t keep_pause_ns = KEEP_PAUSE_NS;
static struct pp_self keeper; /* a generator for the keeper, whose thread has no TLS of ours */
static _Atomic uint32_t keeping;
static unsigned n_keeps;
static uint32_t own_hz; /* of the open window; 0: closed */
static uint16_t met[PP_CPU_SLOTS]; /* slots of the threads that the last look through /proc found */
static uint32_t n_met;
_Static_assert(PP_CPU_SLOTS <= 1u << 16, "slot numbers have 16 bits in `met` and si_value");

static void end_slot(struct pp_cpu_slot *s, enum pp_cpu_state was, int64_t cpu_ns)
{
    pp_cpu_settle(s, was, cpu_ns);
    pp_cpu_slot_free(s, was);
}

/* A thread seen for the first time. */
static void welcome(uint32_t tid, bool announced, struct pp_self *random)
{
    uint32_t number = atomic_load(&pp_cpu_window.number);
    if (!(number & 1) || pp_cpu_slot_find(tid)) return;
    struct pp_cpu_slot *s = pp_cpu_slot_claim(tid, announced, announced ? 0 : pp_os_cpu_ns_of((int)tid), random);
    if (!s) {
        if (!pp_cpu_slot_find(tid)) pp_book_drop(&pp_guest.ledger, PP_DROP_NO_TIMER);
        return;
    }
    pp_cpu_slot_put(s, pp_cpu_deal_newcomer(s, random));
    if (atomic_load(&pp_cpu_window.number) == number) return;
    enum pp_cpu_state was = pp_cpu_slot_take_to_end(s); /* the window closed meanwhile */
    if (was != PP_CPU_FREE) pp_cpu_slot_free(s, was);
}

static void meet(void *ctx, int tid)
{
    (void)ctx;
    if (pp_agent_owns_thread(tid)) return;
    struct pp_cpu_slot *s = pp_cpu_slot_find((uint32_t)tid);
    if (!s) {
        welcome((uint32_t)tid, false, &keeper);
        s = pp_cpu_slot_find((uint32_t)tid);
    } else if (s->pseudo)
        pp_cpu_read_clock(s, &keeper);
    else
        pp_cpu_check(s);
    if (s && n_met < PP_CPU_SLOTS) met[n_met++] = (uint16_t)(s - pp_cpu_window.slots);
}

/* Announced threads free their slots themselves. */
static void forget_ended(void)
{
    for (uint32_t i = 0; i < PP_CPU_SLOTS; i++) {
        struct pp_cpu_slot *s = &pp_cpu_window.slots[i];
        uint32_t tid = atomic_load_explicit(&s->tid, memory_order_relaxed);
        if (!tid || pp_os_thread_exists(pp_guest.pid, (int)tid)) continue;
        enum pp_cpu_state was = pp_cpu_slot_take(s);
        if (was != PP_CPU_FREE) end_slot(s, was, -ESRCH);
    }
}

static void keep(void)
{
    if (atomic_load(&pp_guest.modules_stale)) pp_runtime_modules_refresh(false);
    n_met = 0;
    pp_os_each_thread(pp_guest.pid, meet, NULL);
    if (n_keeps % KEEPS_PER_TURN == 0 || pp_cpu_deal_is_due()) pp_cpu_deal(met, n_met, &keeper);
    if (++n_keeps % KEEPS_PER_FORGET == 0) forget_ended();
}

/* In plain LD_PRELOAD mode the agent and a thread that serves a window may both come: one is enough. */
void pp_cpu_keep(void)
{
    if (atomic_exchange(&keeping, 1)) return;
    int64_t start = pp_os_monotonic_ns();
    keep();
    int64_t cost = pp_os_monotonic_ns() - start;
    keep_pause_ns = cost * 50 > KEEP_PAUSE_NS ? cost * 50 : KEEP_PAUSE_NS;
    atomic_store(&keeping, 0);
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
    pp_cpu_routines_forget();
    pp_cpu_window.period_ns = 1000000000u / (unsigned)hz;
    pp_cpu_deal_start();
    own_hz = (uint32_t)hz;
    atomic_fetch_add(&pp_cpu_window.number, 1);
    pp_cpu_keep();
    return 0;
}

static void end_all_slots(void)
{
    for (uint32_t i = 0; i < PP_CPU_SLOTS; i++) {
        struct pp_cpu_slot *s = &pp_cpu_window.slots[i];
        uint32_t tid = atomic_load(&s->tid);
        enum pp_cpu_state was = tid ? pp_cpu_slot_take_to_end(s) : PP_CPU_FREE;
        if (was != PP_CPU_FREE) end_slot(s, was, pp_os_cpu_ns_of((int)tid));
    }
}

/* Should it live on, the keeper finds its threads again. */
void pp_cpu_process_ends(void)
{
    if (!pp_cpu_is_open()) return;
    end_all_slots();
    pp_cpu_routines_close();
    pp_cpu_deal_end();
}

void pp_cpu_stop(void)
{
    if (!pp_cpu_is_open()) return;
    atomic_fetch_add(&pp_cpu_window.number, 1);
    end_all_slots();
    pp_cpu_routines_close();
    pp_cpu_deal_end();
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
    struct pp_cpu_slot *s = pp_cpu_slot_find(tid);
    if (s) pp_cpu_slot_announce(s, &pp_self); /* the keeper was faster */
    else welcome(tid, true, &pp_self);
}

void pp_cpu_thread_ends(uint32_t tid)
{
    if (!tid || !pp_cpu_is_open()) return;
    struct pp_cpu_slot *s = pp_cpu_slot_find(tid);
    enum pp_cpu_state was = s ? pp_cpu_slot_take_to_end(s) : PP_CPU_FREE;
    if (was != PP_CPU_FREE) end_slot(s, was, pp_os_thread_cpu_ns());
}
