/* runtime/agent.h - the thread of ours in the guest: it exists while somebody asks, and no longer.
 *
 * A wake-up signal (from the parent, or from the listening socket becoming readable) starts it by a raw clone: libc goes on
 * believing that the program is what it was. It answers the parent's mailbox, keeps the CPU window, serves HTTP where the
 * guest serves itself, and ends when there is nothing left to do.
 *
 * Code on it may use raw system calls, arenas and memcpy-like functions of libc; no errno, malloc, stdio, locks or TLS.
 */
#ifndef PP_RUNTIME_AGENT_H
#define PP_RUNTIME_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Reserves the agent's stack. */
enum pp_code pp_agent_init(struct pp_err *err);

/* True for threads of ours (they are not profiled). */
bool pp_agent_owns_thread(int tid);

/* Other threads of ours (workers of the HTTP side); NULL: none. */
extern bool (*pp_agent_is_worker)(int tid) __attribute__((visibility("hidden")));

/* Something to do besides the mailbox: called on the agent's thread again and again until it returns false ("nothing left"). */
extern bool (*pp_agent_duty)(void) __attribute__((visibility("hidden")));

#endif
