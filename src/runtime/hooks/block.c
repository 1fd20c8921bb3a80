// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/block.h"

#include <sys/syscall.h>
#include <time.h>

#include "base/syscall.h"
#include "ledger/sigsafe/book.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/hooks/stack.h"
#include "runtime/os/os.h"

#define RATE_MAX ((uint64_t)1 << 40) /* so that rate << PP_DELAY_COUNT_SHIFT fits */

typedef int (*clock_reader)(clockid_t clock, struct timespec *ret);

static int clock_by_system_call(clockid_t clock, struct timespec *ret)
{
    return (int)pp_sys(SYS_clock_gettime, clock, ret);
}

int64_t pp_block_clock_ns(int clock)
{
    static clock_reader reader;
    clock_reader read = __atomic_load_n(&reader, __ATOMIC_RELAXED);
    if (__builtin_expect(!read, 0)) {
        read = (clock_reader)pp_next_find_in_vdso("__vdso_clock_gettime");
        if (!read) read = clock_by_system_call;
        __atomic_store_n(&reader, read, __ATOMIC_RELAXED);
    }
    struct timespec t = {0};
    read(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t pp_block_now(void)
{
    return pp_guest_on() ? pp_block_clock_ns(CLOCK_MONOTONIC) : 0;
}

/* `count` as the ledger keeps it. Signals are blocked meanwhile, see stack.h. */
static void record(enum pp_kind kind, enum pp_wait wait, uint64_t count, uint64_t delay_ns, const struct pp_walk_regs *regs)
{
    uint64_t mask;
    pp_os_block_all_signals(&mask);
    struct pp_bucket *b = pp_book_bucket(&pp_guest.ledger, kind, pp_hook_stack(&pp_self, regs), wait);
    if (b) {
        pp_book_add(b, PP_DELAY_COUNT, count);
        pp_book_add(b, PP_DELAY_NS, delay_ns);
    }
    pp_os_set_signal_mask(mask);
}

/* True: the wait of ns is one of the sample, and stands for *ret_count waits and *ret_ns. */
static bool draw(uint64_t ns, uint64_t rate, uint64_t *ret_count, uint64_t *ret_ns)
{
    *ret_count = (uint64_t)1 << PP_DELAY_COUNT_SHIFT;
    *ret_ns = ns;
    if (rate > RATE_MAX) rate = RATE_MAX;
    if (ns >= rate) return true;
    uint64_t u = (uint64_t)((unsigned __int128)pp_self_random(&pp_self) * rate >> 64);
    if (u >= ns) return false;
    *ret_count = (rate << PP_DELAY_COUNT_SHIFT) / ns;
    *ret_ns = rate;
    return true;
}

PP_COLD void pp_block_waited(enum pp_wait wait, int64_t start_ns, int64_t end_ns)
{
    uint64_t count, ns, rate;
    if (!pp_guest_on() || end_ns <= start_ns) return;
    rate = atomic_load_explicit(&pp_guest.ledger.head->block_rate, memory_order_relaxed);
    if (!rate || !draw((uint64_t)(end_ns - start_ns), rate, &count, &ns)) return;
    struct pp_walk_regs regs;
    PP_WALK_REGS_HERE(&regs);
    record(PP_KIND_BLOCK, wait, count, ns, &regs);
}

PP_COLD void pp_block_ended(enum pp_wait wait, int64_t start_ns)
{
    int64_t end_ns = pp_block_now();
    if (end_ns - start_ns >= PP_BLOCK_LEAST_NS) pp_block_waited(wait, start_ns, end_ns);
}

PP_COLD void pp_block_released(uint64_t delay_ns)
{
    if (!pp_guest_on()) return;
    uint64_t fraction = atomic_load_explicit(&pp_guest.ledger.head->mutex_fraction, memory_order_relaxed);
    if (!fraction || (fraction > 1 && pp_self_random(&pp_self) % fraction)) return;
    struct pp_walk_regs regs;
    PP_WALK_REGS_HERE(&regs);
    record(PP_KIND_MUTEX, PP_WAIT_NONE, fraction << PP_DELAY_COUNT_SHIFT, delay_ns * fraction, &regs);
}
