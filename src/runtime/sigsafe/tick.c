// SPDX-License-Identifier: Apache-2.0
#include "runtime/sigsafe/tick.h"

#include <ucontext.h>

#include "ledger/sigsafe/book.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/agent.h"
#include "runtime/sigsafe/take.h"

#define SETTLE_MAX 4

struct pp_cpu_window pp_cpu_window;

/* A thread that never came through our pthread_create may lack glibc's thread area: look before touching TLS. */
static bool has_thread_area(void)
{
    uintptr_t area = pp_os_thread_area(), self = 0;
    return area && pp_os_peek((const void *)area, &self, sizeof self) && self == area;
}

/* NULL: not to be touched. A raw clone without CLONE_SETTLS has the area of the thread that made it. */
static struct pp_self *self_of(struct pp_cpu_slot *slot, uint32_t tid)
{
    if (!atomic_load_explicit(&slot->announced, memory_order_relaxed)) {
        if (!has_thread_area() || (pp_self.tid && pp_self.tid != tid)) return NULL;
        atomic_store_explicit(&slot->announced, 1, memory_order_relaxed);
    }
    return &pp_self;
}

static void book(uint32_t stack, int64_t ns)
{
    uint64_t period = pp_cpu_window.period_ns;
    struct pp_bucket *b = ns > 0 ? pp_book_bucket(&pp_guest.ledger, PP_KIND_CPU, stack, 0) : NULL;
    if (!b) return;
    uint64_t before = atomic_fetch_add_explicit(&b->v[PP_CPU_NS], (uint64_t)ns, memory_order_relaxed);
    pp_book_add(b, PP_CPU_SAMPLES, (before + (uint64_t)ns) / period - before / period); /* rounding does not add up */
}

void pp_cpu_book(struct pp_cpu_slot *slot, uint32_t stack, uint64_t ns, int64_t more)
{
    atomic_fetch_add_explicit(&slot->counted_ns, (int64_t)ns, memory_order_relaxed);
    book(stack, pp_cpu_weighed(slot, (int64_t)ns) + more + (int64_t)atomic_exchange_explicit(&slot->owed_ns, 0, memory_order_relaxed));
}

void pp_cpu_show_balance(struct pp_cpu_routine *r)
{
    struct pp_bucket *b = atomic_load_explicit(&r->bucket, memory_order_acquire);
    if (!b) return;
    int64_t ns = atomic_load_explicit(&r->balance_ns, memory_order_relaxed);
    uint64_t shown = ns < (int64_t)pp_cpu_window.period_ns ? 0 : (uint64_t)ns; /* less than a sample: not worth a row */
    atomic_store_explicit(&b->v[PP_CPU_SAMPLES], shown / pp_cpu_window.period_ns, memory_order_relaxed);
    atomic_store_explicit(&b->v[PP_CPU_NS], shown, memory_order_relaxed);
}

/* A sample takes on at most SETTLE_MAX times a period or a tick. */
static int64_t settling_max(void)
{
    return SETTLE_MAX * (int64_t)(pp_cpu_window.period_ns > pp_guest.tick_ns ? pp_cpu_window.period_ns : pp_guest.tick_ns);
}

static int64_t take_balance(struct pp_cpu_routine *r, int64_t most)
{
    int64_t all = atomic_exchange_explicit(&r->balance_ns, 0, memory_order_relaxed), part = all > most ? most : all;
    if (part != all) atomic_fetch_add_explicit(&r->balance_ns, all - part, memory_order_relaxed);
    pp_cpu_show_balance(r);
    return part;
}

/* What a sample of ns takes on of its routine's balance: SETTLE_MAX times its own weight when that is more. */
static int64_t take_on(struct pp_cpu_slot *slot, uint32_t stack, int64_t ns)
{
    uint32_t routine = atomic_load_explicit(&slot->routine, memory_order_relaxed);
    if (!routine) return 0;
    struct pp_cpu_routine *r = &pp_cpu_window.routines[routine - 1];
    if (stack) atomic_store_explicit(&r->stack, stack, memory_order_relaxed);
    int64_t most = settling_max();
    return take_balance(r, pp_cpu_weighed(slot, most > SETTLE_MAX * ns ? most : SETTLE_MAX * ns));
}

void pp_cpu_close_balance(struct pp_cpu_routine *r)
{
    uint32_t stack = atomic_load_explicit(&r->stack, memory_order_relaxed);
    if (stack) book(stack, take_balance(r, settling_max()));
}

/* What is due, and the timer set to the slot's phase. A timer that the keeper deleted meanwhile is not there: ids are not used again soon. */
static int64_t first_look(struct pp_cpu_slot *slot)
{
    int64_t cpu_ns = pp_os_thread_cpu_ns(), ns = pp_cpu_slot_due(slot, PP_CPU_ARMED, cpu_ns);
    int64_t counted = atomic_load(&slot->counted_ns) + (ns > 0 ? ns : 0);
    int64_t left = slot->phase_ns + counted - (slot->watched_ns + cpu_ns - slot->since_ns);
    pp_os_timer_set(slot->timer, left > 0 ? left : 1, (int64_t)pp_cpu_window.period_ns);
    return ns;
}

static void tick_count(struct pp_cpu_slot *slot, struct pp_self *self, const siginfo_t *info, const void *ucontext)
{
    if (self->in_handler) {
        pp_book_drop(&pp_guest.ledger, PP_DROP_REENTERED);
        return;
    }
    self->in_handler = 1;
    struct pp_walk_regs regs;
    pp_walk_regs_from_ucontext(ucontext, &regs);
    uint32_t stack = pp_take_counted(&pp_guest.handler_pool, self, &regs);
    if (stack) atomic_store_explicit(&slot->stack, stack, memory_order_relaxed);
    int64_t ns = (int64_t)pp_cpu_window.period_ns * (info->si_overrun > 0 ? 1 + info->si_overrun : 1);
    if (atomic_exchange_explicit(&slot->first, 0, memory_order_relaxed)) ns = first_look(slot);
    if (ns < 0) ns = 0;
    pp_cpu_book(slot, stack, (uint64_t)ns, take_on(slot, stack, ns));
    self->in_handler = 0;
}

/* SIGIO comes instead of our signal when the user's signal queue is full; what it would say is then unknown. */
static bool is_wake_up(const siginfo_t *info, uint64_t value)
{
    if (info->si_signo == SIGIO) return pp_guest.listener >= 0;
    if (info->si_code == SI_QUEUE) return value == PP_WAKE;
    return info->si_code == POLL_IN && pp_guest.listener >= 0 && info->si_fd == pp_guest.listener;
}

/* True when our signal ends a system call with EINTR, and no signal of the guest waits: then the wrapper (hooks/waits.c) may start the
 * call again. The thread stands right behind the call, or right before its restart. A handler of the guest that runs first would
 * be the interrupted code. */
static bool alone_ended_a_wait(const void *ucontext)
{
    bool ended = pp_os_is_eintr(ucontext);
    if (!ended && !pp_os_is_restart(ucontext)) return false;
    struct pp_walk_regs regs;
    pp_walk_regs_from_ucontext(ucontext, &regs);
    uint16_t instruction = 0;
    return pp_os_peek((const void *)(regs.pc - (ended ? 2 : 0)), &instruction, 2) && instruction == PP_OS_SYSCALL_INSTRUCTION &&
           !pp_os_signals_pending(pp_guest.signal);
}

/* Registered threads only: the others have no place for an answer. */
static void answer_dump(uint32_t number, const void *ucontext)
{
    struct pp_self *self = &pp_self;
    if (!self->thread || (int)self->tid != pp_os_gettid() || self->in_handler) return;
    self->in_handler = 1;
    struct pp_walk_regs regs;
    pp_walk_regs_from_ucontext(ucontext, &regs);
    struct pp_ledger_thread *t = &pp_guest.ledger.threads[self->thread - 1];
    atomic_store_explicit(&t->stack, pp_take_counted(&pp_guest.handler_pool, self, &regs), memory_order_relaxed);
    atomic_store_explicit(&t->asked, number, memory_order_release);
    self->in_handler = 0;
}

/* The signal of the timer in this slot. Those of a timer that is no more are late: their CPU time was counted otherwise. */
static void tick_of_slot(struct pp_cpu_slot *slot, uint32_t number, const siginfo_t *info, const void *ucontext)
{
    uint32_t tid = (uint32_t)pp_os_gettid();
    if (atomic_load_explicit(&slot->tid, memory_order_relaxed) != tid) {
        pp_book_drop(&pp_guest.ledger, PP_DROP_FOREIGN_TID);
        return;
    }
    if ((atomic_load_explicit(&slot->number, memory_order_relaxed) & 0xffff) != number) return;
    struct pp_self nobody = {.tid = tid}, *self = self_of(slot, tid);
    if (self && alone_ended_a_wait(ucontext)) self->woken++; /* kernels that raise it in the tick itself */
    atomic_fetch_add_explicit(&pp_guest.ledger.head->handler_runs, 1, memory_order_relaxed);
    tick_count(slot, self ? self : &nobody, info, ucontext);
}

void pp_tick(int signal, siginfo_t *info, void *ucontext)
{
    (void)signal;
    if (!pp_guest_on()) return;
    uint64_t value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
    if (info->si_code != SI_TIMER) { /* ours or a stranger's, no wait of the guest may end by it */
        if (alone_ended_a_wait(ucontext) && has_thread_area()) pp_self.woken++;
        if (is_wake_up(info, value)) pp_agent_wake();
        return;
    }
    uint32_t window = (uint32_t)(value >> 32), index = (uint16_t)value, number = (uint16_t)(value >> 16);
    if (window == PP_ASK >> 32) {
        answer_dump((uint32_t)value, ucontext);
        return;
    }
    if (index >= PP_CPU_SLOTS || !(window & 1) || atomic_load_explicit(&pp_cpu_window.number, memory_order_acquire) != window) return;
    tick_of_slot(&pp_cpu_window.slots[index], number, info, ucontext);
}
