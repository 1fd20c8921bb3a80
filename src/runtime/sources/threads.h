/* runtime/sources/threads.h - the guest's part of a thread dump: threads that run are asked for their stacks.
 *
 * A one-shot timer on a thread's CPU clock fires only while it uses the CPU: it ends no wait, and nothing is pending afterwards.
 */
#ifndef PP_RUNTIME_SOURCES_THREADS_H
#define PP_RUNTIME_SOURCES_THREADS_H

#include <stdint.h>

/* Every registered thread that is runnable now gets a timer; waits up to 50 ms for the answers (ledger: threads[].asked ==
 * number). On the agent's thread. */
void pp_ask_running(uint32_t number);

#endif
