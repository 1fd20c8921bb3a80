/* runtime/sigsafe/tick.h - the private signal: a CPU timer ran out, or somebody wants the agent.
 *
 * CPU timers: one a thread, on that thread's own CPU clock, made for a window (runtime/sources/cpu.h). si_value carries the
 * window's number, the timer's slot and its number there. A timer runs out at phase, phase + period, ... of the thread's CPU time,
 * phase uniform in one period: on average CPU time / period samples, however short the thread lives. The kernel's tick (250 Hz here)
 * bounds how often it fires: a signal stands for 1 + overrun samples. What is due but has not fired when a thread or the window ends is
 * not lost: it is counted at the thread's last stack (pp_cpu_slot_due), and a thread that was never seen settles (struct
 * pp_cpu_routine). Each thread is looked at once at its first tick, which counts nothing of its own unless it is due.
 * When there are fewer timers than threads (sources/cpu.h) a sample stands for `weight` times its CPU time.
 *
 *   slot:   tid 0 free -> claimed by compare-and-swap -> 0
 *   state:  FREE -> BUSY -> WAITING (no timer) or ARMED -> BUSY -> ... -> FREE; who turns it to BUSY may change what is not atomic. Who ends
 *           a slot that is BUSY says so (ENDED), and who has it frees it.
 */
#ifndef PP_RUNTIME_SIGSAFE_TICK_H
#define PP_RUNTIME_SIGSAFE_TICK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/zone.h"
#include "ledger/ledger.h"

#define PP_CPU_SLOTS (1u << 14)
#define PP_CPU_ROUTINES 256u
#define PP_CPU_WEIGHT_ONE (1u << 16)

enum pp_cpu_state { PP_CPU_FREE, PP_CPU_BUSY, PP_CPU_WAITING, PP_CPU_ARMED, PP_CPU_ENDED };

struct pp_cpu_slot {
    _Atomic uint32_t tid;       /* 0: free */
    _Atomic uint32_t state;     /* enum pp_cpu_state */
    _Atomic uint32_t announced; /* 1: the thread has our TLS for sure */
    _Atomic uint32_t first;     /* 1: not looked at yet */
    _Atomic uint32_t stack;     /* when it was looked at last; 0: never */
    _Atomic uint32_t number;    /* of the timer: signals of earlier ones don't count; 16 bits of it are in si_value */
    _Atomic uint32_t weight;    /* of a sample, in 1 / PP_CPU_WEIGHT_ONE */
    _Atomic uint32_t routine;   /* index + 1 of its start routine's balance; 0: not settled */
    _Atomic int64_t counted_ns; /* CPU time that samples stood for, without weight */
    _Atomic uint64_t owed_ns;   /* weighted, due under an earlier weight: for the stack seen next */
    _Atomic int64_t suspect_since_ns, suspect_counted_ns; /* the keeper's first look that found it deaf: CPU clock (0: none), counted_ns */
    /* BUSY, and the keeper's reading: */
    int timer;          /* valid while ARMED */
    uint32_t pseudo;    /* enum pp_pseudo_pc: our signal does not reach it, the keeper reads its clock; 0: it does */
    bool refused;       /* should have a timer, but there was none left */
    int64_t phase_ns;   /* of its CPU time under timers: when the first one runs out */
    int64_t since_ns;   /* the thread's CPU clock when it was armed, or (pseudo) last read */
    int64_t watched_ns; /* CPU time under timers before since_ns */
};

/* Ticks and threads are not independent: on a busy machine the scheduler starts threads at ticks, and one that ends before the next is
 * never hit. So a thread that no tick has hit settles at its end: its CPU time under timers, weighed, goes into the balance of its
 * start routine, and the next samples of such threads take that on; at the window's end the last one takes what is left. What waits
 * there is always in the ledger as well, on a cut stack of the start routine alone: the program may end at any moment. */
struct pp_cpu_routine {
    _Atomic uintptr_t start; /* 0: free */
    _Atomic uint32_t stack;  /* of the last sample of such a thread; 0: none yet */
    _Atomic int64_t balance_ns;
    struct pp_bucket *_Atomic bucket; /* shows the balance; NULL: not yet, or no room */
};

struct pp_cpu_window {
    _Atomic uint32_t number; /* odd: open; even: closed */
    uint64_t period_ns;
    struct pp_cpu_slot *slots; /* PP_CPU_SLOTS, reserved memory */
    struct pp_cpu_routine routines[PP_CPU_ROUTINES];
};
extern struct pp_cpu_window pp_cpu_window __attribute__((visibility("hidden")));

/* What si_value says. Wake-ups carry PP_WAKE (an even number: no window has it). */
static inline uint64_t pp_tick_value(uint32_t window, uint32_t slot, uint32_t number)
{
    return (uint64_t)window << 32 | (number & 0xffff) << 16 | slot;
}

/* A one-shot timer of a thread dump: the thread notes its stack under this number. */
#define PP_ASK ((uint64_t)0x61736b20 << 32)

static inline int64_t pp_cpu_slot_watched(const struct pp_cpu_slot *s, enum pp_cpu_state state, int64_t cpu_ns) PP_SIGSAFE
{
    return s->watched_ns + (state == PP_CPU_ARMED ? cpu_ns - s->since_ns : 0);
}

/* Samples' worth of CPU time that the slot's timers should have counted and have not: up to a tick's in a thread that our signal
 * reaches, more when signals wait (blocked, or the thread is in a long system call). */
static inline int64_t pp_cpu_slot_due(const struct pp_cpu_slot *s, enum pp_cpu_state state, int64_t cpu_ns) PP_SIGSAFE
{
    int64_t watched = pp_cpu_slot_watched(s, state, cpu_ns), period = (int64_t)pp_cpu_window.period_ns;
    int64_t expected = watched < s->phase_ns ? 0 : (watched - s->phase_ns) / period * period + period;
    return expected - atomic_load(&s->counted_ns);
}

static inline int64_t pp_cpu_weighed(const struct pp_cpu_slot *s, int64_t ns) PP_SIGSAFE
{
    return (int64_t)((__int128)ns * atomic_load_explicit(&s->weight, memory_order_relaxed) / PP_CPU_WEIGHT_ONE);
}

void pp_cpu_show_balance(struct pp_cpu_routine *r) PP_SIGSAFE;

/* No more samples will come: the last one takes on what is left, within the bound of any other. */
void pp_cpu_close_balance(struct pp_cpu_routine *r) PP_SIGSAFE;

/* Counts ns of CPU time, times the slot's weight, and what is owed, and `more`, for the stack. */
void pp_cpu_book(struct pp_cpu_slot *slot, uint32_t stack, uint64_t ns, int64_t more) PP_SIGSAFE;

void pp_tick(int signal, siginfo_t *info, void *ucontext) PP_SIGSAFE;

#endif
