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
static bool has_thread_area(struct pp_cpu_slot *slot)
{
    if (atomic_load_explicit(&slot->announced, memory_order_relaxed)) return true;
    uintptr_t area = pp_os_thread_area(), self = 0;
    if (!area || !pp_os_peek((const void *)area, &self, sizeof self) || self != area) return false;
    atomic_store_explicit(&slot->announced, 1, memory_order_relaxed);
    return true;
}

static uint64_t sample_weight_ns(struct pp_cpu_slot *slot, int overrun)
{
    uint64_t ns = pp_cpu_window.period_ns * (overrun > 0 ? 1 + (uint64_t)overrun : 1);
    if (!atomic_exchange_explicit(&slot->first, 0, memory_order_relaxed)) return ns;
    return ns > pp_guest.tick_ns ? ns : pp_guest.tick_ns;
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

/* A sample takes on at most SETTLE_MAX times its own weight. */
static uint64_t settled(struct pp_cpu_slot *slot, uint64_t ns)
{
    uint32_t routine = atomic_load_explicit(&slot->routine, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->counted_ns, ns, memory_order_relaxed);
    if (!routine) return ns;
    struct pp_cpu_routine *r = &pp_cpu_window.routines[routine - 1];
    int64_t least = -(int64_t)ns, most = SETTLE_MAX * (int64_t)ns;
    int64_t all = atomic_exchange_explicit(&r->balance_ns, 0, memory_order_relaxed), part = all < least ? least : all > most ? most : all;
    if (part != all) atomic_fetch_add_explicit(&r->balance_ns, all - part, memory_order_relaxed);
    pp_cpu_show_balance(r);
    return ns + (uint64_t)part;
}

static void tick_count(struct pp_cpu_slot *slot, const siginfo_t *info, const void *ucontext)
{
    struct pp_self *self = &pp_self;
    if (self->in_handler) {
        pp_book_drop(&pp_guest.ledger, PP_DROP_REENTERED);
        return;
    }
    self->in_handler = 1;
    struct pp_walk_regs regs;
    pp_walk_regs_from_ucontext(ucontext, &regs);
    uint32_t stack = pp_take_counted(&pp_guest.handler_pool, self, &regs);
    struct pp_bucket *b = pp_book_bucket(&pp_guest.ledger, PP_KIND_CPU, stack, 0);
    if (b) {
        uint64_t ns = settled(slot, sample_weight_ns(slot, info->si_overrun));
        pp_book_add(b, PP_CPU_SAMPLES, (ns + pp_cpu_window.period_ns / 2) / pp_cpu_window.period_ns);
        pp_book_add(b, PP_CPU_NS, ns);
    }
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

void pp_tick(int signal, siginfo_t *info, void *ucontext)
{
    (void)signal;
    if (!pp_guest_on()) return;
    uint64_t value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
    if (info->si_code != SI_TIMER) { /* ours or a stranger's, no wait of the guest may end by it */
        if (alone_ended_a_wait(ucontext)) pp_self.woken++;
        if (is_wake_up(info, value)) pp_agent_wake();
        return;
    }
    uint32_t number = (uint32_t)(value >> 32), index = (uint32_t)value;
    if (number == PP_ASK >> 32) {
        answer_dump(index, ucontext);
        return;
    }
    if (index >= PP_CPU_SLOTS || !(number & 1) || atomic_load_explicit(&pp_cpu_window.number, memory_order_acquire) != number) return;
    struct pp_cpu_slot *slot = &pp_cpu_window.slots[index];
    if ((int)atomic_load_explicit(&slot->tid, memory_order_relaxed) != pp_os_gettid() || !has_thread_area(slot)) {
        pp_book_drop(&pp_guest.ledger, PP_DROP_FOREIGN_TID);
        return;
    }
    if (alone_ended_a_wait(ucontext)) pp_self.woken++; /* kernels that raise it in the tick itself */
    atomic_fetch_add_explicit(&pp_guest.ledger.head->handler_runs, 1, memory_order_relaxed);
    tick_count(slot, info, ucontext);
}
