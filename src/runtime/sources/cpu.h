/* runtime/sources/cpu.h - the CPU profile: a window during which every thread has a timer on its own CPU clock.
 *
 * Threads get their timer from themselves (our pthread_create wrapper) or from the window's keeper, which looks through
 * /proc/self/task again and again: that finds threads older than we are and those made by a raw clone.
 * Outside a window there is no timer at all.   Threads: start, stop and keep from one thread at a time (the agent's).
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

/* Arms threads that have no timer, forgets ended ones, refreshes a stale module map. Call it every pp_cpu_keep_pause_ns(). */
void pp_cpu_keep(void);
int64_t pp_cpu_keep_pause_ns(void);

/* From the thread itself: at its start and before its end. Cheap while no window is open. */
void pp_cpu_thread_begins(uint32_t tid);
void pp_cpu_thread_ends(uint32_t tid);

#endif
