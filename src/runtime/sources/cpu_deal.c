// SPDX-License-Identifier: Apache-2.0
#include "runtime/sources/cpu_deal.h"

#include <errno.h>

#include "ledger/sigsafe/book.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"

#define TURNS_PER_LIMIT 10 /* how often the limit is looked up while nobody waits */

/* More than a running thread's next tick brings on an idle machine; on a busy one 20 ms pass between the ticks that hit a thread. */
#define MUCH_DUE (2 * (int64_t)(pp_cpu_window.period_ns + pp_guest.tick_ns))

static _Atomic uint32_t budget;          /* timers that may exist */
static _Atomic uint32_t newcomer_weight; /* 1 / the chance of a thread that begins */
static _Atomic uint32_t somebody_waits;
static uint32_t last_peak, n_turns;

static struct pp_cpu_slot *slot(uint16_t index)
{
    return &pp_cpu_window.slots[index];
}

static uint32_t weight_of(uint32_t n, uint32_t room)
{
    return n <= room ? PP_CPU_WEIGHT_ONE : (uint32_t)((uint64_t)n * PP_CPU_WEIGHT_ONE / room);
}

static void tell_family(void)
{
    atomic_store(&pp_guest_process()->cpu_threads, atomic_load(&pp_cpu_n_slots));
    atomic_store(&pp_guest_process()->cpu_timers, atomic_load(&pp_cpu_n_armed));
}

/* The other profiled processes believe what they say of themselves: at worst noise is dealt out badly. */
static void look_at_family(uint64_t *ret_threads, uint64_t *ret_timers)
{
    const struct pp_ledger *l = &pp_guest.ledger;
    *ret_threads = *ret_timers = 0;
    for (uint32_t i = 0, n = pp_ledger_n_processes(l); i < n; i++) {
        struct pp_ledger_process *p = &l->processes[i];
        uint32_t state = atomic_load(&p->state);
        if (state != PP_GUEST_ON && state != PP_GUEST_STARTING) continue;
        *ret_threads += atomic_load(&p->cpu_threads);
        *ret_timers += atomic_load(&p->cpu_timers);
    }
}

/* This process's part of half of what the user has left: all timers of the family are part of what is in use. Never more than half of
 * what it would find alone (a child may be another user's), at least one. */
static uint64_t part_of(uint64_t left)
{
    uint64_t own = atomic_load(&pp_cpu_n_armed), mine = atomic_load(&pp_cpu_n_slots), threads, timers;
    look_at_family(&threads, &timers);
    uint64_t alone = (left + own) / 2, part = threads > mine ? (left + timers) / 2 * mine / threads : alone;
    return part < alone ? part : alone;
}

static void look_up_limit(void)
{
    tell_family();
    int64_t left = pp_os_timers_left();
    uint64_t part = left == INT64_MAX ? PP_CPU_SLOTS : part_of((uint64_t)left);
    atomic_store(&budget, part > PP_CPU_SLOTS ? PP_CPU_SLOTS : part ? (uint32_t)part : 1);
}

void pp_cpu_deal_end(void)
{
    atomic_store(&pp_guest_process()->cpu_threads, 0);
    atomic_store(&pp_guest_process()->cpu_timers, 0);
}

void pp_cpu_deal_start(void)
{
    look_up_limit();
    atomic_store(&newcomer_weight, PP_CPU_WEIGHT_ONE);
    atomic_store(&somebody_waits, 0);
    atomic_store(&pp_cpu_peak, 0);
    last_peak = n_turns = 0;
}

bool pp_cpu_deal_is_due(void)
{
    return atomic_load(&somebody_waits);
}

/* Arms a taken slot; the state to put it in. */
static enum pp_cpu_state arm(struct pp_cpu_slot *s, uint32_t weight)
{
    atomic_store(&s->weight, weight);
    int failed = atomic_load(&pp_cpu_n_armed) < atomic_load(&budget) ? pp_cpu_slot_arm(s) : -EAGAIN;
    s->refused = failed && (failed != -EINVAL || pp_os_thread_exists(pp_guest.pid, (int)atomic_load(&s->tid)));
    if (!failed) return PP_CPU_ARMED;
    if (s->refused) atomic_store(&somebody_waits, 1);
    return PP_CPU_WAITING;
}

enum pp_cpu_state pp_cpu_deal_newcomer(struct pp_cpu_slot *s, struct pp_self *random)
{
    uint64_t weight = atomic_load(&newcomer_weight), u = pp_self_random(random) >> 32;
    bool chosen = u * weight < (uint64_t)PP_CPU_WEIGHT_ONE << 32;
    return chosen ? arm(s, (uint32_t)weight) : PP_CPU_WAITING;
}

static uint32_t pseudo_stack(uint32_t pseudo)
{
    const uint64_t pc = pseudo;
    return pp_book_stack(&pp_guest.ledger, &pc, 1, 0, 0);
}

static uint32_t pseudo_of(uint32_t tid)
{
    switch (pp_os_thread_kind((int)tid)) {
    case PP_OS_THREAD_IO_URING: return PP_PC_IO_URING;
    case PP_OS_THREAD_KERNEL_WORKER: return PP_PC_KERNEL_WORKER;
    default: return PP_PC_BLOCKED;
    }
}

/* Asks the kernel only when there is a reason for suspicion. */
static bool is_blocked(const struct pp_cpu_slot *s, int64_t due)
{
    uint32_t tid = atomic_load(&s->tid);
    if (atomic_load(&s->stack) && due <= MUCH_DUE) return false;
    return (int)tid == pp_os_gettid() ? pp_os_signal_is_blocked(pp_guest.signal) : pp_os_thread_holds((int)tid, pp_guest.signal);
}

/* Into the balance of its start routine. */
static void settle_with_routine(struct pp_cpu_slot *s, int64_t rest)
{
    struct pp_cpu_routine *r = &pp_cpu_window.routines[atomic_load(&s->routine) - 1];
    atomic_fetch_add(&s->counted_ns, rest);
    atomic_fetch_add(&r->balance_ns, pp_cpu_weighed(s, rest) + (int64_t)atomic_exchange(&s->owed_ns, 0));
    pp_cpu_show_balance(r);
}

/* The main thread has no start routine that pthread_create was given. */
static uint32_t stack_of_unseen(uint32_t tid)
{
    uint64_t pc = pp_guest.entry + 1;
    if ((int)tid != pp_guest.pid || !pp_guest.entry) return 0;
    return pp_book_stack(&pp_guest.ledger, &pc, 1, PP_STACK_CUT, atomic_load(&pp_guest_process()->module_generation));
}

static void book_rest(struct pp_cpu_slot *s, enum pp_cpu_state was, int64_t cpu_ns)
{
    uint32_t tid = atomic_load(&s->tid), stack = atomic_load(&s->stack);
    int64_t due = pp_cpu_slot_due(s, was, cpu_ns);
    if (due > 0 && is_blocked(s, due))
        pp_cpu_book(s, pseudo_stack(pseudo_of(tid)), (uint64_t)due, 0);
    else if (atomic_load(&s->routine) && !stack)
        settle_with_routine(s, pp_cpu_slot_watched(s, was, cpu_ns) - atomic_load(&s->counted_ns));
    else
        pp_cpu_book(s, stack ? stack : stack_of_unseen(tid), due > 0 ? (uint64_t)due : 0, 0);
}

/* From now on the keeper reads its clock. [taken] */
static void give_up_on(struct pp_cpu_slot *s, enum pp_cpu_state was, int64_t cpu_ns)
{
    atomic_fetch_add(&s->number, 1); /* its signal waits, and must not count when it is let in */
    if (was == PP_CPU_ARMED) pp_cpu_slot_pause(s, cpu_ns);
    s->pseudo = pseudo_of(atomic_load(&s->tid));
    int64_t due = pp_cpu_slot_due(s, PP_CPU_WAITING, cpu_ns);
    pp_cpu_book(s, pseudo_stack(s->pseudo), due > 0 ? (uint64_t)due : 0, 0);
    atomic_store(&s->weight, PP_CPU_WEIGHT_ONE); /* its clock tells all */
    s->since_ns = cpu_ns;
}

/* Takes our signal again. [taken] */
static void start_again(struct pp_cpu_slot *s, struct pp_self *random)
{
    s->pseudo = 0;
    s->watched_ns = 0;
    s->phase_ns = pp_cpu_random_phase(random);
    atomic_store(&s->counted_ns, 0);
}

static void book_clock(struct pp_cpu_slot *s, int64_t cpu_ns)
{
    if (cpu_ns > s->since_ns) pp_cpu_book(s, pseudo_stack(s->pseudo), (uint64_t)(cpu_ns - s->since_ns), 0);
    s->since_ns = cpu_ns;
}

void pp_cpu_read_clock(struct pp_cpu_slot *s, struct pp_self *random)
{
    uint32_t tid = atomic_load(&s->tid);
    int64_t cpu_ns = pp_os_cpu_ns_of((int)tid);
    enum pp_cpu_state was = cpu_ns < 0 ? PP_CPU_FREE : pp_cpu_slot_take(s);
    if (was == PP_CPU_FREE) return;
    if (s->pseudo) {
        book_clock(s, cpu_ns);
        if (s->pseudo == PP_PC_BLOCKED && !pp_os_thread_blocks((int)tid, pp_guest.signal)) start_again(s, random);
    }
    pp_cpu_slot_put(s, was);
}

/* Does an armed thread use CPU time of which no signal tells? Many block signals for a moment (pthread_create does), so two looks must
 * find a waiting signal, none must have come between them, and the thread must have used CPU time all the same. */
void pp_cpu_check(struct pp_cpu_slot *s)
{
    if (atomic_load(&s->state) != PP_CPU_ARMED) return;
    uint32_t tid = atomic_load(&s->tid);
    int64_t cpu_ns = pp_os_cpu_ns_of((int)tid), counted = atomic_load(&s->counted_ns), since = atomic_load(&s->suspect_since_ns);
    if (cpu_ns < 0 || pp_cpu_slot_due(s, PP_CPU_ARMED, cpu_ns) <= MUCH_DUE || !pp_os_thread_holds((int)tid, pp_guest.signal)) {
        atomic_store(&s->suspect_since_ns, 0);
        return;
    }
    if (!since || atomic_load(&s->suspect_counted_ns) != counted) {
        atomic_store(&s->suspect_since_ns, cpu_ns);
        atomic_store(&s->suspect_counted_ns, counted);
        return;
    }
    if (cpu_ns - since <= MUCH_DUE / 2) return;
    enum pp_cpu_state was = pp_cpu_slot_take(s);
    if (was == PP_CPU_FREE) return;
    give_up_on(s, was, cpu_ns);
    pp_cpu_slot_put(s, PP_CPU_WAITING);
}

static uint32_t count_reachable(const uint16_t *slots, uint32_t n)
{
    uint32_t reachable = 0;
    for (uint32_t i = 0; i < n; i++) reachable += !slot(slots[i])->pseudo;
    return reachable;
}

struct turn {
    uint32_t n, room, weight;
    uint64_t at;
};

/* Place by place: is it this one's turn? */
static bool is_chosen(struct turn *t)
{
    bool chosen = t->at % t->n < t->room;
    t->at += t->room;
    return chosen;
}

static void take_timers(const uint16_t *slots, uint32_t n, struct turn t)
{
    for (uint32_t i = 0; i < n; i++) {
        struct pp_cpu_slot *s = slot(slots[i]);
        if (s->pseudo || is_chosen(&t) || atomic_load(&s->state) != PP_CPU_ARMED) continue;
        int64_t cpu_ns = pp_os_cpu_ns_of((int)atomic_load(&s->tid));
        enum pp_cpu_state was = cpu_ns < 0 ? PP_CPU_FREE : pp_cpu_slot_take(s);
        if (was == PP_CPU_ARMED) pp_cpu_slot_pause(s, cpu_ns);
        if (was != PP_CPU_FREE) pp_cpu_slot_put(s, PP_CPU_WAITING);
    }
}

/* What became due under another weight keeps that one; a signal of the old timer that is still on its way must not count it again. */
static void owe_due(struct pp_cpu_slot *s, int64_t cpu_ns)
{
    int64_t due = pp_cpu_slot_due(s, PP_CPU_WAITING, cpu_ns);
    if (due <= 0) return;
    atomic_fetch_add(&s->number, 1);
    atomic_fetch_add(&s->counted_ns, due);
    atomic_fetch_add(&s->owed_ns, (uint64_t)pp_cpu_weighed(s, due));
}

/* Gives a taken slot its timer. */
static enum pp_cpu_state give_timer(struct pp_cpu_slot *s, enum pp_cpu_state was, uint32_t weight)
{
    bool other_weight = atomic_load(&s->weight) != weight;
    if (was == PP_CPU_ARMED && !other_weight) return was;
    int64_t cpu_ns = pp_os_cpu_ns_of((int)atomic_load(&s->tid));
    if (cpu_ns < 0) return was;
    if (was == PP_CPU_ARMED) pp_cpu_slot_pause(s, cpu_ns);
    if (other_weight) owe_due(s, cpu_ns);
    s->since_ns = cpu_ns;
    return arm(s, weight);
}

static void give_timers(const uint16_t *slots, uint32_t n, struct turn t)
{
    for (uint32_t i = 0; i < n; i++) {
        struct pp_cpu_slot *s = slot(slots[i]);
        if (s->pseudo || !is_chosen(&t)) continue;
        enum pp_cpu_state was = pp_cpu_slot_take(s);
        if (was != PP_CPU_FREE) pp_cpu_slot_put(s, give_timer(s, was, t.weight));
    }
}

void pp_cpu_deal(const uint16_t *slots, uint32_t n, struct pp_self *random)
{
    bool scarce = atomic_load(&newcomer_weight) > PP_CPU_WEIGHT_ONE || atomic_exchange(&somebody_waits, 0);
    if (scarce || n_turns++ % TURNS_PER_LIMIT == 0) look_up_limit();
    uint32_t want = count_reachable(slots, n), all = atomic_load(&budget), room = all - all / 4;
    if (want == 0) want = 1;
    if (want <= all) room = want;
    struct turn t = {.n = want, .room = room, .weight = weight_of(want, room)};
    t.at = pp_self_random(random) % want;
    if (want > all) take_timers(slots, n, t);
    give_timers(slots, n, t);
    uint32_t peak = atomic_exchange(&pp_cpu_peak, atomic_load(&pp_cpu_n_slots));
    uint32_t most = peak > last_peak ? peak : last_peak;
    atomic_store(&newcomer_weight, weight_of(most, most <= all ? most : all - all / 4));
    last_peak = peak;
}

void pp_cpu_settle(struct pp_cpu_slot *s, enum pp_cpu_state was, int64_t cpu_ns)
{
    if (s->pseudo && cpu_ns < 0) pp_book_drop(&pp_guest.ledger, PP_DROP_ENDED_UNSEEN);
    else if (s->pseudo) book_clock(s, cpu_ns);
    else if (cpu_ns >= 0) book_rest(s, was, cpu_ns);
    if (s->refused) pp_book_drop(&pp_guest.ledger, PP_DROP_NO_TIMER);
}
