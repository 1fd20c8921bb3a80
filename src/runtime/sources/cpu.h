/* runtime/sources/cpu.h - the CPU profile: a window during which every thread has a timer on its own CPU clock.
 *
 * Threads get their timer from themselves (our pthread_create wrapper) or from the window's keeper, which looks through
 * /proc/self/task again and again: that finds threads older than we are and those made by a raw clone.
 * Outside a window there is no timer at all.
 *
 * More threads than timers. A timer holds a signal of the user's RLIMIT_SIGPENDING; a window uses at most half, B, of what is left (looked
 * up at its start, each second, and each turn while it matters). With n > B threads the keeper deals b = 3/4 B timers anew every
 * 100 ms: the thread at place i of n has one in this turn when (i b + r) mod n < b, r random. That gives exactly b threads a timer, and each
 * the same chance s = b/n, whatever it does; so its samples of this turn weigh 1/s. With C the CPU time of a thread in a turn,
 *
 *     E[weighed samples x period] = s (1/s) C = C        for each thread and turn, so for all sums of them
 *
 * (C under a timer is counted without bias, sigsafe/tick.h: turns without a timer just stop the clock that the expiries lie on; what is
 * due when s changes keeps the old weight.)
 * The price is noise: a total T of equal threads has the relative sigma sqrt(period / (s T)), plus that of who happened to run.
 * Threads that begin in a turn get a timer with the chance s' = b / (most threads at a time in this turn or the last) and weigh
 * 1/s'; the other quarter of B is theirs. When that is used up too, a thread waits for the next turn; if it ends before, it counts as
 * lost ("thread without timer").
 *
 * With profiled children (-children) each process has a window and a B of its own: the family's timers together take at most half of what
 * the user has left, and a process its part of that by its number of threads (ledger.h: cpu_threads, cpu_timers).
 *
 * Threads that our signal can't reach: io_uring's workers, threads that have it blocked by a system call of their own or inside
 * libc. Each look of the keeper compares a thread's CPU clock with what its samples stood for. If more than 2 (period + tick) is due and
 * the kernel says that the signal waits blocked, and still says so when the thread has used another period and tick without a sample
 * (libc blocks signals for moments, and a busy machine shows 20 ms due in any thread), what is due goes to a pseudo-frame
 * (ledger.h: "[signals blocked]"), the timer is taken away and the thread's clock is read by the keeper until the signal is free
 * again: no time counts twice, a late signal of the old timer is not counted. A thread with blocked signals that ends between two looks (raw clones only) loses
 * up to one pause of the keeper. A thread without glibc's thread area is sampled like any other (sigsafe/tick.c).
 *
 * Threads: start and stop from one thread at a time; keep from any that is no thread of the guest, the second of two returns at once.
 */
#ifndef PP_RUNTIME_SOURCES_CPU_H
#define PP_RUNTIME_SOURCES_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Of this process alone: who opens the ledger's window does it before (pp_ledger_open_window).
 * 0, or a positive errno: EBUSY a window is open, EINVAL hz, ENOMEM. */
int pp_cpu_start(int hz);
void pp_cpu_stop(void);
bool pp_cpu_is_open(void);

/* Opens or closes the window as the ledger's cpu_hz says. 0 or a positive errno. */
int pp_cpu_follow(void);

/* Arms threads that have no timer, forgets ended ones, deals timers, refreshes a stale module map. Call it every
 * pp_cpu_keep_pause_ns(). */
void pp_cpu_keep(void);
int64_t pp_cpu_keep_pause_ns(void);

/* From the thread itself: at its start and before its end. Cheap while no window is open. */
void pp_cpu_thread_begins(uint32_t tid);
void pp_cpu_thread_ends(uint32_t tid);

/* From any thread, before the process exits: counts what the last tick has not seen, which is most of the time of a short program. */
void pp_cpu_process_ends(void);

#endif
