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
#include "base/procstat.h"
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
    pp_threads_begin(pp_threads_announce_main());
    s->stack_lo = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)4095;
    s->stack_hi = ((uintptr_t)__libc_stack_end + STACK_TOP_ROOM - 1) & ~(uintptr_t)(STACK_TOP_ROOM - 1);
}

/* An exec in place keeps the pid and the entry in the ledger: what the old image had allocated is gone. */
static void forget_old_image(void)
{
    struct pp_ledger_process *p = pp_guest_process();
    bool gone[PP_PROCESSES_MAX] = {0};
    gone[pp_guest.ledger.process] = true;
    atomic_store(&p->state, PP_GUEST_STARTING);
    pp_ledger_close_images(&pp_guest.ledger, gone);
    atomic_store(&p->agent_tid, 0);
    atomic_store(&p->cpu_threads, 0);
    atomic_store(&p->cpu_timers, 0);
    atomic_store(&p->mailbox.answered, atomic_load(&p->mailbox.asked));
}

/* Generations go on where an old image ended. */
static bool modules_make(struct pp_err *err)
{
    uint32_t process = pp_guest.ledger.process, old = atomic_load(&pp_guest_process()->module_generation);
    struct pp_modules_options options = {.first_generation = old ? old : pp_ledger_first_generation(process),
                                         .last_generation = pp_ledger_last_generation(process)};
    return pp_modules_init(&pp_guest.modules, &options, err) == PP_OK;
}

static bool parts_make(void)
{
    struct pp_err err;
    uint32_t n = pp_os_cpu_count() * SCRATCH_PER_CPU;
    if (n > SCRATCH_MAX) n = SCRATCH_MAX;
    pp_guest.on = pp_os_map_wiped_on_fork(PP_PAGE);
    pp_guest.tick_ns = pp_os_tick_ns();
    pp_guest.entry = getauxval(AT_ENTRY);
    pp_guest.find_object = (int (*)(void *, void *))pp_next_find("_dl_find_object", NULL);
    if (pp_own_bounds) pp_own_bounds(&pp_guest.own_start, &pp_guest.own_end);
    pp_guest.exec_name = pp_str_c((const char *)getauxval(AT_EXECFN));
    return pp_guest.on && scratch_make(&pp_guest.handler_pool, n) && scratch_make(&pp_guest.hook_pool, n) &&
           modules_make(&err) && pp_agent_init(&err) == PP_OK && signal_make();
}

/* A window may be open already, or open or close while we look: whoever changes it asks only processes that are on. */
static void join_window(void)
{
    pp_cpu_follow();
    atomic_store(&pp_guest_process()->state, PP_GUEST_ON);
    if (pp_cpu_is_open() || atomic_load(&pp_guest.ledger.head->cpu_hz)) pp_agent_wake();
}

static void switch_on(void)
{
    struct pp_ledger_process *p = pp_guest_process();
    atomic_store(&p->pid, (uint32_t)pp_guest.pid);
    atomic_store(&p->signal, (uint32_t)pp_guest.signal);
    atomic_store(pp_guest.on, 1);
    announce_main_thread();
    join_window();
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

/* Which entry of the ledger is ours: the first for the guest, one of the others for its children where those are profiled.
 * A child in another pid namespace would be known there by another number than the parent's: it stays inert. */
static bool find_entry(bool is_guest, bool *ret_known)
{
    const struct pp_ledger *l = &pp_guest.ledger;
    *ret_known = atomic_load(&l->processes[0].pid) != 0;
    if (is_guest && atomic_load(&l->processes[0].state) != PP_GUEST_ENDED) return true;
    char text[512];
    struct pp_procstat stat;
    long n = l->head->with_children ? pp_os_read_file("/proc/self/stat", text, sizeof text) : 0;
    return n > 0 && pp_procstat_parse((pp_str){text, (size_t)n}, &stat) && stat.pid == (uint32_t)pp_guest.pid &&
           pp_ledger_claim_process(l, stat.pid, stat.start_ticks, &pp_guest.ledger.process, ret_known);
}

static bool follow_window(void)
{
    pp_cpu_follow();
    return false;
}

static void start_under_parent(bool is_guest)
{
    bool known;
    if (!find_entry(is_guest, &known)) {
        note_inert_child();
        return;
    }
    if (known) forget_old_image();
    else if (is_guest) pp_guest.ledger.head->start_realtime_ns = (uint64_t)pp_os_realtime_ns();
    pp_agent_duty = follow_window;
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
        start_under_parent(run[2] == (uint64_t)pp_guest.pid);
    } else if (pp_standalone_wanted() && ledger_of_our_own() && parts_make()) {
        pp_guest.ledger.head->start_realtime_ns = (uint64_t)pp_os_realtime_ns();
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
