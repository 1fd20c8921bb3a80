// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent.h"

#include <errno.h>
#include <stdatomic.h>

#include "runtime/sigsafe/agent.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/tick.h"
#include "runtime/sources/cpu.h"
#include "runtime/sources/threads.h"
#include "runtime/tables/modules.h"

#define LINGER_NS 20000000 /* a request seldom comes alone */

bool (*pp_agent_duty)(void);
bool (*pp_agent_is_worker)(int tid);

enum pp_code pp_agent_init(struct pp_err *err)
{
    pp_agent.stack = pp_os_map_reserve(PP_AGENT_STACK);
    if (!pp_agent.stack) return pp_fail(err, PP_E_NOMEM, "no memory for the agent's stack");
    pp_agent.run = pp_agent_run;
    return PP_OK;
}

bool pp_agent_owns_thread(int tid)
{
    return tid == (int)atomic_load(&pp_guest_process()->agent_tid) || (pp_agent_is_worker && pp_agent_is_worker(tid));
}

static int32_t serve(uint32_t verb, int64_t arg)
{
    switch (verb) {
    case PP_VERB_CPU: return pp_cpu_follow();
    case PP_VERB_REFRESH_MODULES: pp_runtime_modules_refresh(true); return 0;
    case PP_VERB_ASK_RUNNING: pp_ask_running((uint32_t)arg); return 0;
    default: return EINVAL;
    }
}

static bool mailbox_asks(const struct pp_mailbox *m)
{
    return atomic_load(&m->asked) != atomic_load(&m->answered);
}

static void mailbox_serve(struct pp_mailbox *m)
{
    uint32_t asked = atomic_load(&m->asked);
    m->result = serve(m->verb, m->arg);
    atomic_store(&m->answered, asked);
    pp_os_futex_wake(&m->answered, 1);
}

/* Who sets `claimed` back from 0 to 1 goes on as the agent: we, or a wake-up that came in between. */
static bool may_end(struct pp_mailbox *m)
{
    atomic_store(&pp_agent.claimed, 0);
    uint32_t idle = 0;
    return (!mailbox_asks(m) && !atomic_exchange(&pp_agent.again, 0)) || !atomic_compare_exchange_strong(&pp_agent.claimed, &idle, 1);
}

/* One round of work. False: there was none. */
static bool work(struct pp_mailbox *m)
{
    bool busy = mailbox_asks(m);
    if (busy) mailbox_serve(m);
    if (pp_agent_duty && pp_agent_duty()) busy = true;
    if (!pp_cpu_is_open()) return busy;
    pp_cpu_keep();
    return true;
}

void pp_agent_run(void *arg)
{
    (void)arg;
    struct pp_mailbox *m = &pp_guest_process()->mailbox;
    for (bool lingered = false;;) {
        uint32_t asked = atomic_load(&m->asked);
        bool busy = work(m);
        if (atomic_load(&pp_agent.quit)) {
            atomic_store(&pp_agent.claimed, 0);
            return;
        }
        if (!busy && lingered && may_end(m)) return;
        lingered = !busy;
        pp_os_futex_wait(&m->asked, asked, pp_cpu_is_open() ? pp_cpu_keep_pause_ns() : LINGER_NS);
    }
}
