/* runtime/sigsafe/tick.h - the private signal: a CPU timer ran out, or somebody wants the agent.
 *
 * CPU timers: one a thread, on that thread's own CPU clock, made for a window (runtime/sources/cpu.h). si_value carries the
 * window's number and the timer's slot. The kernel's tick bounds how often a timer fires (250 Hz here), so a sample weighs
 * period x (1 + overrun); the first one of a timer weighs at least the tick, since its first expiry lies at a random tick of
 * the first period: threads that live less than a period are then hit with the right probability and weight. (A first overrun of
 * more than a tick is CPU time during which the tick was late: the host ran somebody else on our processor.)
 *
 *   slot:  tid 0 free -> claimed by compare-and-swap -> timer armed -> deleted by its thread or the window's end -> 0
 *   armed: NONE -> ARMING -> ARMED -> NONE; a thread that ends while the keeper arms it says so (ENDED), and the keeper takes all back
 */
#ifndef PP_RUNTIME_SIGSAFE_TICK_H
#define PP_RUNTIME_SIGSAFE_TICK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/zone.h"
#include "ledger/ledger.h"

#define PP_CPU_SLOTS (1u << 14)
#define PP_CPU_ROUTINES 256u

enum pp_cpu_armed { PP_CPU_NONE, PP_CPU_ARMING, PP_CPU_ARMED, PP_CPU_ENDED };

struct pp_cpu_slot {
    _Atomic uint32_t tid; /* 0: free */
    int timer;            /* valid while armed */
    _Atomic uint32_t armed;    /* enum pp_cpu_armed */
    _Atomic uint32_t first;    /* 1: nothing counted yet */
    _Atomic uint32_t announced; /* 1: the thread has our TLS for sure */
    _Atomic uint32_t routine;   /* index + 1 of its start routine's balance; 0: not settled */
    _Atomic uint64_t counted_ns; /* by its samples, before settling */
};

/* Ticks and threads are not independent: on a busy machine the scheduler starts threads at ticks, and one that ends before the next is
 * never hit (a quarter of the CPU of 2 ms threads was missing). So a thread that ends settles: its CPU time less what its
 * samples weighed goes into the balance of its start routine, and the next samples of such threads take that on. What waits there is
 * always in the ledger as well, on a cut stack of the start routine alone: the program may end at any moment. */
struct pp_cpu_routine {
    _Atomic uintptr_t start; /* 0: free */
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
static inline uint64_t pp_tick_value(uint32_t window, uint32_t slot)
{
    return (uint64_t)window << 32 | slot;
}

/* A one-shot timer of a thread dump: the thread notes its stack under this number. */
#define PP_ASK ((uint64_t)0x61736b20 << 32)

void pp_cpu_show_balance(struct pp_cpu_routine *r) PP_SIGSAFE;

void pp_tick(int signal, siginfo_t *info, void *ucontext) PP_SIGSAFE;

#endif
