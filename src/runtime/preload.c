// SPDX-License-Identifier: Apache-2.0
/* Start-up: decides whether this process is to be profiled, makes the ledger and everything that hooks and handlers need, and only
 * then switches profiling on. Whatever fails leaves a guest that runs as if we were not there. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/fmt.h"
#include "base/pages.h"
#include "base/syscall.h"
#include "runtime/agent.h"
#include "runtime/hooks/next.h"
#include "runtime/hooks/threads.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/agent.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/self.h"
#include "runtime/sigsafe/tick.h"
#include "runtime/sources/cpu.h"
#include "runtime/standalone.h"
#include "runtime/tables/modules.h"
#include "unwind/modules.h"

struct pp_guest pp_guest = {.listener = -1};

/* own_bounds.c; absent where libpprof.a is a part of the program: then our frames stay visible. */
void pp_own_bounds(uintptr_t *ret_start, uintptr_t *ret_end) __attribute__((weak, visibility("hidden")));
extern void *__libc_stack_end;

#define SCRATCH_PER_CPU 4
#define SCRATCH_MAX 256
#define STACK_TOP_ROOM 4096 /* above main's frames: arguments, environment, auxiliary vector */

/* PPROF_RUN=<parent pid>:<descriptor in the parent>:<pid to profile>, set by `pprof run`. */
static bool parse_run(const char *text, uint64_t ret[3])
{
    pp_str rest = pp_str_c(text), field;
    for (int i = 0; i < 3; i++)
        if (!pp_str_next(&rest, ':', &field) || !pp_str_to_u64(field, 10, &ret[i])) return false;
    return rest.p == NULL;
}

/* A stale PPROF_RUN may lead to anything: only a memfd of that name is opened. */
static bool is_a_ledger(const char *path)
{
    char target[64];
    long n = pp_sys(SYS_readlinkat, AT_FDCWD, path, target, sizeof target);
    return n > 0 && pp_str_has_prefix((pp_str){target, (size_t)n}, PP_STR("/memfd:pprof ledger"));
}

static bool ledger_from_parent(const uint64_t run[3])
{
    char path[64];
    pp_fmt(path, sizeof path, "/proc/%d/fd/%d", (int)run[0], (int)run[1]);
    int fd = is_a_ledger(path) ? pp_os_open(path, O_RDWR, 0) : -1;
    if (fd < 0 || pp_sys(SYS_lseek, fd, 0L, 2 /* SEEK_END */) != (long)pp_ledger_size()) {
        if (fd >= 0) pp_os_close(fd);
        return false;
    }
    void *memory = pp_os_map_shared(fd, pp_ledger_size());
    pp_os_close(fd);
    struct pp_err err;
    return memory && pp_ledger_open(memory, pp_ledger_size(), &pp_guest.ledger, &err) == PP_OK;
}

static bool ledger_of_our_own(void)
{
    void *memory = pp_os_map_reserve(pp_ledger_size());
    if (!memory) return false;
    pp_ledger_create(memory, &pp_guest.ledger);
    return true;
}

static bool scratch_make(struct pp_scratch_pool *pool, uint32_t n)
{
    pool->p = pp_os_map_reserve(n * sizeof *pool->p);
    pool->n = pool->p ? n : 0;
    return pool->p != NULL;
}

static bool signal_make(void)
{
    int (*allocate)(int) = (int (*)(int))pp_next_find("__libc_allocate_rtsig", NULL);
    int (*set)(int, const struct sigaction *, struct sigaction *) =
        (int (*)(int, const struct sigaction *, struct sigaction *))pp_next_find("sigaction", NULL);
    int signal = allocate ? allocate(0) : -1;
    if (signal < 0 || !set) return false;
    struct sigaction act = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    act.sa_sigaction = pp_tick;
    sigfillset(&act.sa_mask);
    if (set(signal, &act, NULL)) return false;
    pp_guest.signal = signal;
    pp_os_unblock_signal(signal); /* an exec may have left it blocked */
    return true;
}

static void announce_main_thread(void)
{
    struct pp_self *s = &pp_self;
    pp_threads_begin(pp_threads_announce(0, 0));
    s->stack_lo = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)4095;
    s->stack_hi = ((uintptr_t)__libc_stack_end + STACK_TOP_ROOM - 1) & ~(uintptr_t)(STACK_TOP_ROOM - 1);
}

/* An exec in place keeps the pid and the ledger: what the old image had allocated is gone. */
static void forget_old_image(void)
{
    const struct pp_ledger *l = &pp_guest.ledger;
    for (uint32_t i = 0, n = pp_ledger_n_buckets(l); i < n; i++) {
        struct pp_bucket *b = &l->buckets[i];
        if (b->kind != PP_KIND_HEAP) continue;
        atomic_store(&b->v[PP_HEAP_FREES], atomic_load(&b->v[PP_HEAP_ALLOCS]));
        atomic_store(&b->v[PP_HEAP_FREE_BYTES], atomic_load(&b->v[PP_HEAP_ALLOC_BYTES]));
    }
    for (uint32_t i = 0, n = pp_ledger_n_threads(l); i < n; i++) atomic_store(&l->threads[i].tid, 0);
    for (uint32_t i = 0, n = pp_ledger_n_modules(l); i < n; i++)
        if (l->modules[i].last_gen == UINT32_MAX) l->modules[i].last_gen = atomic_load(&l->head->module_generation);
    atomic_store(&l->head->cpu_hz, 0);
    atomic_store(&l->head->agent_tid, 0);
    atomic_store(&l->head->mailbox.answered, atomic_load(&l->head->mailbox.asked));
}

static bool parts_make(void)
{
    struct pp_err err;
    uint32_t n = pp_os_cpu_count() * SCRATCH_PER_CPU;
    if (n > SCRATCH_MAX) n = SCRATCH_MAX;
    pp_guest.on = pp_os_map_wiped_on_fork(PP_PAGE);
    pp_guest.tick_ns = pp_os_tick_ns();
    if (pp_own_bounds) pp_own_bounds(&pp_guest.own_start, &pp_guest.own_end);
    pp_guest.exec_name = pp_str_c((const char *)getauxval(AT_EXECFN));
    struct pp_modules_options options = {.first_generation = atomic_load(&pp_guest.ledger.head->module_generation)};
    return pp_guest.on && scratch_make(&pp_guest.handler_pool, n) && scratch_make(&pp_guest.hook_pool, n) &&
           pp_modules_init(&pp_guest.modules, &options, &err) == PP_OK && pp_agent_init(&err) == PP_OK && signal_make();
}

static void switch_on(void)
{
    struct pp_ledger_head *h = pp_guest.ledger.head;
    if (!h->start_realtime_ns) h->start_realtime_ns = (uint64_t)pp_os_realtime_ns(); /* an exec in place goes on */
    atomic_store(&h->guest_pid, (uint32_t)pp_guest.pid);
    atomic_store(&h->signal, (uint32_t)pp_guest.signal);
    atomic_store(pp_guest.on, 1);
    announce_main_thread();
    if (h->cpu_hz_at_start && pp_cpu_resume((int)h->cpu_hz_at_start) == 0) pp_agent_wake();
    atomic_store(&h->state, PP_GUEST_ON);
}

/* A program that the guest started: the parent names it once, we touch nothing here. */
static void note_inert_child(void)
{
    struct pp_ledger_head *h = pp_guest.ledger.head;
    struct pp_inert me = {.pid = (uint32_t)pp_guest.pid};
    pp_sys(SYS_prctl, PR_GET_NAME, me.name);
    h->inert[atomic_fetch_add(&h->n_inert, 1) % PP_INERT_MAX] = me;
    pp_sys(SYS_munmap, h, pp_ledger_size());
    pp_guest.ledger = (struct pp_ledger){0};
}

static void start_under_parent(void)
{
    forget_old_image();
    if (parts_make()) switch_on();
}

static void start(void)
{
    uint64_t run[3];
    const char *text = getenv("PPROF_RUN");
    const char *seed = getenv("PPROF_SEED");
    if (seed) pp_str_to_u64(pp_str_c(seed), 10, &pp_self_seed);
    pp_guest.pid = pp_os_getpid();
    pp_next_note_start_up();
    if (text) {
        if (!parse_run(text, run) || !ledger_from_parent(run)) return;
        if (run[2] == (uint64_t)pp_guest.pid) start_under_parent();
        else note_inert_child();
    } else if (pp_standalone_wanted() && ledger_of_our_own() && parts_make()) {
        pp_standalone_prepare();
        switch_on();
        pp_standalone_start();
    }
}

__attribute__((constructor)) static void pp_preload(void)
{
    int saved = errno;
    start();
    pp_guest.decided = true;
    errno = saved;
}
