// SPDX-License-Identifier: Apache-2.0
/* Creation and end of threads. The new thread starts in our trampoline, which announces it, gives it its CPU timer while a window is
 * open, and takes both back when the start routine returns or the thread calls pthread_exit. */
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#include "base/pages.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/hooks/threads.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/self.h"
#include "runtime/sigsafe/take.h"
#include "runtime/sources/cpu.h"
#include "runtime/tables/modules.h"

#define START_BYTES ((1u << 16) * sizeof(struct start)) /* one a registry slot */
#define PAGE_ABOVE 1024 /* glibc's start_thread frame and the struct pthread lie above the trampoline's frame */

/* What a new thread needs, at the index of its registry slot; read once by the thread itself. */
struct start {
    void *(*run)(void *arg);
    int (*run_c11)(void *arg);
    void *arg;
};
static struct start *starts;

static int (*next_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static int (*next_thrd_create)(thrd_t *, thrd_start_t, void *);
static void (*next_exit)(void *);

static PP_COLD void resolve(void)
{
    next_create = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))pp_next_find("pthread_create", NULL);
    next_thrd_create = (int (*)(thrd_t *, thrd_start_t, void *))pp_next_find("thrd_create", NULL);
    next_exit = (void (*)(void *))pp_next_find("pthread_exit", NULL);
}

static void begin(uint32_t thread, uintptr_t frame)
{
    pp_threads_begin(thread);
    pp_self.stack_lo = frame & ~(uintptr_t)4095;
    pp_self.stack_hi = frame + PAGE_ABOVE;
    pp_os_unblock_signal(pp_guest.signal);
    pp_cpu_thread_begins(pp_self.tid);
}

static void end(void)
{
    if (!pp_guest_on()) return;
    pp_cpu_thread_ends(pp_self.tid);
    pp_threads_end(pp_self.thread);
}

static void *trampoline(void *arg)
{
    uint32_t thread = (uint32_t)(uintptr_t)arg;
    struct start s = starts[thread - 1];
    begin(thread, (uintptr_t)__builtin_frame_address(0));
    void *result = s.run(s.arg);
    end();
    return result;
}

static int trampoline_c11(void *arg)
{
    uint32_t thread = (uint32_t)(uintptr_t)arg;
    struct start s = starts[thread - 1];
    begin(thread, (uintptr_t)__builtin_frame_address(0));
    int result = s.run_c11(s.arg);
    end();
    return result;
}

static uint32_t creator_stack(void)
{
    struct pp_self *s = &pp_self;
    uint64_t mask;
    pp_os_block_all_signals(&mask); /* as in heap_sample.h */
    if (!s->tid) s->tid = (uint32_t)pp_os_gettid();
    if (!atomic_load_explicit(&pp_guest.modules.current, memory_order_relaxed)) pp_runtime_modules_refresh(true);
    struct pp_walk_regs regs;
    PP_WALK_REGS_HERE(&regs);
    uint32_t stack = pp_take_counted(&pp_guest.hook_pool, s, &regs);
    pp_os_set_signal_mask(mask);
    return stack;
}

/* 0: this thread can't be announced; it starts without us. */
static uint32_t announce(uintptr_t routine)
{
    if (!pp_guest_on()) return 0;
    if (!starts) {
        struct start *mine = pp_os_map_reserve(START_BYTES), *none = NULL;
        if (!mine) return 0;
        if (!__atomic_compare_exchange_n(&starts, &none, mine, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            pp_pages_unmap(mine, START_BYTES); /* another thread was first */
    }
    return pp_threads_announce(creator_stack(), routine);
}

PP_EXPORT int pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    if (!next_create) resolve();
    uint32_t thread = announce((uintptr_t)run);
    if (!thread) return next_create(ret, attr, run, arg);
    starts[thread - 1] = (struct start){.run = run, .arg = arg};
    int failed = next_create(ret, attr, trampoline, (void *)(uintptr_t)thread);
    if (failed) pp_threads_cancel(thread);
    return failed;
}

PP_EXPORT int thrd_create(thrd_t *ret, thrd_start_t run, void *arg)
{
    if (!next_create) resolve();
    if (!next_thrd_create) return thrd_error;
    uint32_t thread = announce((uintptr_t)run);
    if (!thread) return next_thrd_create(ret, run, arg);
    starts[thread - 1] = (struct start){.run_c11 = run, .arg = arg};
    int result = next_thrd_create(ret, trampoline_c11, (void *)(uintptr_t)thread);
    if (result != thrd_success) pp_threads_cancel(thread);
    return result;
}

PP_EXPORT void pthread_exit(void *result)
{
    if (!next_exit) resolve();
    end();
    next_exit(result);
    __builtin_unreachable();
}
