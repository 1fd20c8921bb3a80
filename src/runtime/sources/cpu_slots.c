// SPDX-License-Identifier: Apache-2.0
#include "runtime/sources/cpu_slots.h"

#include "base/hash.h"
#include "ledger/sigsafe/book.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"

#define SLOT_PROBES 64u
#define ROUTINE_PROBES 8u

_Atomic uint32_t pp_cpu_n_armed, pp_cpu_n_slots, pp_cpu_peak;

static struct pp_cpu_slot *slot_at(uint32_t tid, uint32_t probe)
{
    return &pp_cpu_window.slots[((uint32_t)pp_hash_u64(tid) + probe) % PP_CPU_SLOTS];
}

struct pp_cpu_slot *pp_cpu_slot_find(uint32_t tid)
{
    for (uint32_t i = 0; i < SLOT_PROBES; i++)
        if (atomic_load_explicit(&slot_at(tid, i)->tid, memory_order_acquire) == tid) return slot_at(tid, i);
    return NULL;
}

static struct pp_cpu_slot *find_free(uint32_t tid)
{
    for (uint32_t i = 0; i < SLOT_PROBES; i++) {
        uint32_t free = 0;
        if (atomic_compare_exchange_strong(&slot_at(tid, i)->tid, &free, tid)) return slot_at(tid, i);
        if (free == tid) return NULL; /* its thread or the keeper was faster */
    }
    return NULL;
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

void pp_cpu_routines_forget(void)
{
    for (uint32_t i = 0; i < PP_CPU_ROUTINES; i++) {
        struct pp_cpu_routine *r = &pp_cpu_window.routines[i];
        atomic_store(&r->bucket, NULL);
        atomic_store(&r->balance_ns, 0);
        atomic_store(&r->stack, 0);
        atomic_store(&r->start, 0);
    }
}

void pp_cpu_routines_close(void)
{
    for (uint32_t i = 0; i < PP_CPU_ROUTINES; i++)
        if (atomic_load(&pp_cpu_window.routines[i].start)) pp_cpu_close_balance(&pp_cpu_window.routines[i]);
}

void pp_cpu_slot_announce(struct pp_cpu_slot *s, const struct pp_self *self)
{
    atomic_store(&s->announced, 1);
    atomic_store(&s->routine, routine_of(self->thread));
}

int64_t pp_cpu_random_phase(struct pp_self *random)
{
    uint64_t u = pp_self_random(random) >> 32;
    return 1 + (int64_t)(pp_cpu_window.period_ns * u >> 32);
}

struct pp_cpu_slot *pp_cpu_slot_claim(uint32_t tid, bool announced, int64_t cpu_ns, struct pp_self *self)
{
    struct pp_cpu_slot *s = find_free(tid);
    if (!s) return NULL;
    uint32_t n = atomic_fetch_add(&pp_cpu_n_slots, 1) + 1, peak = atomic_load(&pp_cpu_peak);
    while (peak < n && !atomic_compare_exchange_weak(&pp_cpu_peak, &peak, n)) {}
    uint32_t free = PP_CPU_FREE;
    if (!atomic_compare_exchange_strong(&s->state, &free, PP_CPU_BUSY)) {
        pp_cpu_slot_free(s, PP_CPU_WAITING); /* the thread has ended already */
        return NULL;
    }
    atomic_store(&s->first, 1);
    atomic_store(&s->stack, 0);
    atomic_store(&s->weight, PP_CPU_WEIGHT_ONE);
    atomic_store(&s->counted_ns, 0);
    atomic_store(&s->owed_ns, 0);
    atomic_store(&s->announced, 0);
    atomic_store(&s->routine, 0);
    atomic_store(&s->suspect_since_ns, 0);
    if (announced) pp_cpu_slot_announce(s, self);
    s->pseudo = 0;
    s->refused = false;
    s->watched_ns = 0;
    s->since_ns = cpu_ns;
    s->phase_ns = pp_cpu_random_phase(self);
    return s;
}

enum pp_cpu_state pp_cpu_slot_take(struct pp_cpu_slot *s)
{
    uint32_t was = atomic_load(&s->state);
    while (was == PP_CPU_WAITING || was == PP_CPU_ARMED)
        if (atomic_compare_exchange_weak(&s->state, &was, PP_CPU_BUSY)) return was;
    return PP_CPU_FREE;
}

void pp_cpu_slot_free(struct pp_cpu_slot *s, enum pp_cpu_state was)
{
    if (was == PP_CPU_ARMED) {
        pp_os_timer_delete(s->timer);
        atomic_fetch_sub(&pp_cpu_n_armed, 1);
    }
    atomic_fetch_sub(&pp_cpu_n_slots, 1);
    atomic_store(&s->state, PP_CPU_FREE);
    atomic_store(&s->tid, 0);
}

void pp_cpu_slot_put(struct pp_cpu_slot *s, enum pp_cpu_state state)
{
    uint32_t busy = PP_CPU_BUSY;
    if (!atomic_compare_exchange_strong(&s->state, &busy, state)) pp_cpu_slot_free(s, state);
}

enum pp_cpu_state pp_cpu_slot_take_to_end(struct pp_cpu_slot *s)
{
    for (;;) {
        enum pp_cpu_state was = pp_cpu_slot_take(s);
        if (was != PP_CPU_FREE) return was;
        uint32_t seen = PP_CPU_BUSY;
        if (atomic_compare_exchange_strong(&s->state, &seen, PP_CPU_ENDED) || seen == PP_CPU_ENDED) return PP_CPU_FREE;
        if (seen == PP_CPU_FREE && (!atomic_load(&s->tid) || atomic_compare_exchange_strong(&s->state, &seen, PP_CPU_ENDED)))
            return PP_CPU_FREE;
    }
}

int pp_cpu_slot_arm(struct pp_cpu_slot *s)
{
    uint64_t value = pp_tick_value(atomic_load(&pp_cpu_window.number), (uint32_t)(s - pp_cpu_window.slots), atomic_load(&s->number));
    int failed = pp_os_cpu_timer_create((int)atomic_load(&s->tid), pp_guest.signal, value, &s->timer);
    if (failed) return failed;
    int64_t left = s->phase_ns + atomic_load(&s->counted_ns) - s->watched_ns;
    pp_os_timer_set(s->timer, left > 0 && !atomic_load(&s->first) ? left : 1, (int64_t)pp_cpu_window.period_ns);
    atomic_fetch_add(&pp_cpu_n_armed, 1);
    return 0;
}

void pp_cpu_slot_pause(struct pp_cpu_slot *s, int64_t cpu_ns)
{
    pp_os_timer_delete(s->timer);
    atomic_fetch_sub(&pp_cpu_n_armed, 1);
    s->watched_ns += cpu_ns - s->since_ns;
    s->since_ns = cpu_ns;
}
