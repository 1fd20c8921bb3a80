/* runtime/sigsafe/agent.h - what the wake-up handler and the agent share: who may use the one stack.
 *
 *   claimed 0 -> 1   by the handler (or the ending agent that finds new work): the winner runs the agent
 *   claimed 1 -> 0   by the agent, as its last deed but the exit system call
 *   the ledger's agent_tid is set by clone and cleared by the kernel when the thread is gone: the stack is free again
 */
#ifndef PP_RUNTIME_SIGSAFE_AGENT_H
#define PP_RUNTIME_SIGSAFE_AGENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PP_AGENT_STACK ((size_t)512 << 10)

struct pp_agent {
    _Atomic uint32_t claimed;
    _Atomic uint32_t again; /* a wake-up came while it ran: look once more before the end */
    _Atomic uint32_t quit; /* the agent is to end now, whatever is left to do */
    /* Makes a duty end soon; NULL: none. Called again and again until `gone` says that no thread of ours is left. */
    void (*hurry)(void);
    bool (*gone)(void);
    void *stack;
    void (*run)(void *arg);
};
extern struct pp_agent pp_agent __attribute__((visibility("hidden")));

void pp_agent_run(void *arg);

/* Starts the agent's thread if it does not run. From handlers and hooks. */
void pp_agent_wake(void);

/* Ends it and waits for that (bounded). True: there was one, wake it again for what it had to do. */
bool pp_agent_end(void);

#endif
