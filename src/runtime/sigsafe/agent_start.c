// SPDX-License-Identifier: Apache-2.0
#include "runtime/sigsafe/agent.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"

#define EXIT_WAITS 1000
#define EXIT_WAIT_NS 50000
#define END_WAITS 100000 /* 5 s: a client that takes nothing is cut off long before */

struct pp_agent pp_agent;

/* The previous agent has given up its claim and is a system call away from its end. */
static bool stack_is_free(void)
{
    _Atomic uint32_t *tid = &pp_guest_process()->agent_tid;
    for (int i = 0; i < EXIT_WAITS && atomic_load(tid); i++) pp_os_sleep_ns(EXIT_WAIT_NS);
    return atomic_load(tid) == 0;
}

void pp_agent_wake(void)
{
    uint32_t idle = 0;
    if (!pp_agent.stack || !atomic_compare_exchange_strong(&pp_agent.claimed, &idle, 1)) {
        atomic_store(&pp_agent.again, 1);
        pp_os_futex_wake(&pp_guest_process()->mailbox.asked, 1);
        return;
    }
    uint64_t mask;
    pp_os_block_all_signals(&mask);
    _Atomic uint32_t *tid = &pp_guest_process()->agent_tid;
    if (!stack_is_free() || pp_os_clone_thread(pp_agent.stack, PP_AGENT_STACK, pp_agent.run, NULL, tid) < 0)
        atomic_store(&pp_agent.claimed, 0);
    pp_os_set_signal_mask(mask);
}

static bool all_gone(void)
{
    return !atomic_load(&pp_guest_process()->agent_tid) && (!pp_agent.gone || pp_agent.gone());
}

bool pp_agent_end(void)
{
    if (!pp_guest_on() || all_gone()) return false;
    atomic_store(&pp_agent.quit, 1);
    for (int i = 0; i < END_WAITS && !all_gone(); i++) {
        pp_os_futex_wake(&pp_guest_process()->mailbox.asked, 1);
        if (pp_agent.hurry) pp_agent.hurry();
        pp_os_sleep_ns(EXIT_WAIT_NS);
    }
    atomic_store(&pp_agent.quit, 0);
    return true;
}
