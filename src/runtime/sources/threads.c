// SPDX-License-Identifier: Apache-2.0
#include "runtime/sources/threads.h"

#include "base/fmt.h"
#include "runtime/hooks/threads.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/tick.h"
#include "runtime/tables/modules.h"

#define ASKED_MAX 512
#define ANSWER_NS INT64_C(50000000)
#define LOOK_NS 2000000

struct asked {
    struct pp_ledger_thread *thread;
    int timer;
};

/* The third field of stat, behind a name that may hold anything. */
static bool is_runnable(uint32_t tid)
{
    char path[48], text[512];
    pp_fmt(path, sizeof path, "/proc/self/task/%u/stat", tid);
    long n = pp_os_read_file(path, text, sizeof text);
    size_t behind = n > 0 ? pp_str_rfind_byte((pp_str){text, (size_t)n}, ')') : PP_NOT_FOUND;
    return behind != PP_NOT_FOUND && behind + 2 < (size_t)n && text[behind + 2] == 'R';
}

static uint32_t ask(uint32_t number, struct asked *asked)
{
    const struct pp_ledger *l = &pp_guest.ledger;
    uint32_t n = 0;
    for (uint32_t i = 0, all = pp_ledger_n_threads(l); i < all && n < ASKED_MAX; i++) {
        uint32_t tid = atomic_load(&l->threads[i].tid);
        if (!tid || tid == UINT32_MAX || l->threads[i].process != l->process || !is_runnable(tid)) continue;
        asked[n].thread = &l->threads[i];
        if (pp_os_cpu_timer_create((int)tid, pp_guest.signal, PP_ASK | number, &asked[n].timer) < 0) continue;
        pp_os_timer_set(asked[n++].timer, 1, 0);
    }
    return n;
}

static bool all_answered(uint32_t number, const struct asked *asked, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (atomic_load(&asked[i].thread->asked) != number) return false;
    return true;
}

void pp_ask_running(uint32_t number)
{
    static struct asked asked[ASKED_MAX];
    pp_threads_reap();
    pp_runtime_modules_refresh(true);
    uint32_t n = ask(number, asked);
    int64_t end = pp_os_monotonic_ns() + ANSWER_NS;
    while (!all_answered(number, asked, n) && pp_os_monotonic_ns() < end) pp_os_sleep_ns(LOOK_NS);
    for (uint32_t i = 0; i < n; i++) pp_os_timer_delete(asked[i].timer);
}
