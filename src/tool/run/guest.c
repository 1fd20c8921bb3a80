// SPDX-License-Identifier: Apache-2.0
#include "tool/run/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dump/dump.h"
#include "http1/server.h"
#include "tool/ui.h"

#define ANSWER_TIMEOUT_NS INT64_C(10000000000)
#define ANSWER_LOOK_NS INT64_C(50000000) /* how often a wait looks whether the guest still lives */
#define WAKE_AGAIN_LOOKS 20              /* a wake-up may have hit a thread that ended */

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int read_proc(pid_t pid, const char *tid, const char *name, char *buf, size_t cap)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/task/%s/%s", pid, tid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, buf, cap - 1);
    close(fd);
    buf[n < 0 ? 0 : n] = 0;
    return (int)n;
}

/* Calls that go on by themselves after our handler (SA_RESTART), or are restarted by our wrappers unseen. */
static bool restarts_by_itself(long call)
{
    static const long calls[] = {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg,
                                 SYS_accept, SYS_accept4, SYS_connect, SYS_wait4, SYS_waitid, SYS_futex, SYS_flock, SYS_openat};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i] == call) return true;
    return false;
}

/* field: "\nSigBlk:" and its like, masks in hexadecimal. */
static bool is_in_mask(const char *status, const char *field, int signal)
{
    const char *mask = strstr(status, field);
    return mask && (strtoull(mask + strlen(field), NULL, 16) >> (signal - 1) & 1);
}

/* 0: can't be used; more is better. A guest that has executed a program without libpprof has lost our handler: the signal would
 * end it. */
static int wake_score(pid_t pid, const char *tid, int signal)
{
    char text[4096];
    if (read_proc(pid, tid, "status", text, sizeof text) <= 0) return 0;
    if (is_in_mask(text, "\nSigBlk:", signal) || !is_in_mask(text, "\nSigCgt:", signal)) return 0;
    if (strstr(text, "\nState:\tZ") || strstr(text, "\nState:\tX")) return 0;
    if (read_proc(pid, tid, "syscall", text, sizeof text) <= 0) return 1;
    if (strncmp(text, "running", 7) == 0) return 3;
    long call = atol(text);
    unsigned long long args[4] = {0};
    if (call == SYS_futex && sscanf(text, "%*d %llx %llx %llx %llx", &args[0], &args[1], &args[2], &args[3]) == 4 && args[3]) return 2; /* with a timeout */
    return restarts_by_itself(call) ? 4 : 2;
}

/* 0: none. */
static pid_t choose_thread(pid_t pid, int signal)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    pid_t best = 0;
    int best_score = 0, looked = 0;
    for (struct dirent *e; d && looked < 64 && best_score < 4 && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        looked++;
        int score = wake_score(pid, e->d_name, signal);
        if (score > best_score) {
            best_score = score;
            best = atoi(e->d_name);
        }
    }
    if (d) closedir(d);
    return best;
}

static void wake(struct pp_run_guest *g)
{
    struct pp_ledger_head *h = g->ledger.head;
    int signal = (int)atomic_load(&h->signal);
    pid_t tid = signal ? choose_thread(g->pid, signal) : 0;
    if (!tid) return;
    siginfo_t si;
    memset(&si, 0, sizeof si);
    si.si_signo = signal;
    si.si_code = SI_QUEUE;
    si.si_pid = getpid();
    si.si_uid = getuid();
    si.si_value.sival_ptr = (void *)PP_WAKE;
    syscall(SYS_rt_tgsigqueueinfo, g->pid, tid, signal, &si);
}

static bool await_answer(struct pp_run_guest *g, uint32_t number)
{
    struct pp_mailbox *m = &g->ledger.head->mailbox;
    int64_t end = clock_ns(CLOCK_MONOTONIC) + ANSWER_TIMEOUT_NS;
    for (int looks = 1;; looks++) {
        uint32_t seen = atomic_load(&m->answered);
        if (seen == number) return true;
        if (atomic_load(&g->gone) || clock_ns(CLOCK_MONOTONIC) > end) return false;
        struct timespec t = {0, ANSWER_LOOK_NS};
        syscall(SYS_futex, &m->answered, FUTEX_WAIT, seen, &t, NULL, 0);
        if (looks % WAKE_AGAIN_LOOKS == 0) wake(g);
    }
}

static enum pp_code guest_can_answer(struct pp_run_guest *g, struct pp_err *err)
{
    const struct pp_ledger_head *h = g->ledger.head;
    if (atomic_load(&g->gone)) return pp_fail(err, PP_E_STATE, "the program has ended");
    switch (atomic_load(&h->state)) {
    case PP_GUEST_ON: return PP_OK;
    case PP_GUEST_FROZEN: return pp_fail(err, PP_E_STATE, "frozen: %.*s", (int)strnlen(h->frozen_why, sizeof h->frozen_why), h->frozen_why);
    default: return pp_fail(err, PP_E_STATE, "the program has not started libpprof (or it was refused: see /debug/pprof/)");
    }
}

enum pp_code pp_run_guest_ask(struct pp_run_guest *g, enum pp_verb verb, int64_t arg, int *ret_result, struct pp_err *err)
{
    enum pp_code c = guest_can_answer(g, err);
    if (c) return c;
    struct pp_mailbox *m = &g->ledger.head->mailbox;
    pthread_mutex_lock(&g->mailbox_lock);
    m->verb = verb;
    m->arg = arg;
    uint32_t number = atomic_fetch_add(&m->asked, 1) + 1;
    syscall(SYS_futex, &m->asked, FUTEX_WAKE, 1, NULL, NULL, 0);
    wake(g);
    bool answered = await_answer(g, number);
    if (answered) *ret_result = m->result;
    pthread_mutex_unlock(&g->mailbox_lock);
    return answered ? PP_OK : pp_fail(err, PP_E_STATE, "the program does not answer (stopped, ended, replaced by one without libpprof, or our signal is blocked in all its threads)");
}

/* A request that nobody answered in time may be served later: then a window is open that nobody closes. */
static enum pp_code close_forgotten_window(struct pp_run_guest *g, struct pp_err *err)
{
    int result;
    if (!atomic_load(&g->window_unknown)) return PP_OK;
    enum pp_code c = pp_run_guest_ask(g, PP_VERB_CPU_STOP, 0, &result, err);
    if (!c) atomic_store(&g->window_unknown, false);
    return c;
}

static enum pp_code cpu_start(void *ctx, int hz, struct pp_err *err)
{
    struct pp_run_guest *g = ctx;
    int result = 0;
    enum pp_code c = close_forgotten_window(g, err);
    if (!c && (c = pp_run_guest_ask(g, PP_VERB_CPU_START, hz, &result, err))) atomic_store(&g->window_unknown, true);
    if (c || !result) return c;
    if (result == EBUSY) return pp_fail(err, PP_E_STATE, "cpu profiling already in use");
    return pp_fail(err, PP_E_STATE, "%s", pp_errno_text(result));
}

/* A guest that ended meanwhile has left its counts in the ledger. */
static enum pp_code cpu_stop(void *ctx, struct pp_err *err)
{
    struct pp_run_guest *g = ctx;
    int result = 0;
    if (atomic_load(&g->gone)) return PP_OK;
    enum pp_code c = pp_run_guest_ask(g, PP_VERB_CPU_STOP, 0, &result, err);
    if (c) atomic_store(&g->window_unknown, true);
    return c && atomic_load(&g->gone) ? PP_OK : c;
}

static void refresh(void *ctx)
{
    struct pp_run_guest *g = ctx;
    if (atomic_load(&g->ledger.head->module_generation)) return; /* whoever took a stack has refreshed */
    int result;
    (void)pp_run_guest_ask(g, PP_VERB_REFRESH_MODULES, 0, &result, NULL);
}

/* Runs under dump_lock. */
static enum pp_code dump(struct pp_run_guest *g, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    struct pp_modules_options options = {.pid = g->pid};
    if (!g->modules.writer) {
        enum pp_code c = pp_modules_init(&g->modules, &options, err);
        if (c) return c;
    }
    int result;
    uint32_t asked = ++g->n_dumps;
    if (pp_run_guest_ask(g, PP_VERB_ASK_RUNNING, asked, &result, NULL)) asked = 0; /* stopped: the blocked ones still show */
    enum pp_code c = pp_modules_refresh(&g->modules, NULL, err);
    if (c) return c;
    struct pp_dump_options o = {.pid = g->pid, .asked = asked, .modules = &g->modules};
    return pp_dump_threads(a, &g->ledger, &o, ret, err);
}

static enum pp_code threads(void *ctx, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    struct pp_run_guest *g = ctx;
    if (atomic_load(&g->gone)) return pp_fail(err, PP_E_STATE, "the program has ended");
    pthread_mutex_lock(&g->dump_lock);
    enum pp_code c = dump(g, a, ret, err);
    pthread_mutex_unlock(&g->dump_lock);
    return c;
}

static pp_str cmdline(void *ctx, struct pp_arena *a)
{
    (void)a;
    return ((struct pp_run_guest *)ctx)->argv;
}

static bool sleep_ns(void *ctx, int64_t ns, int fd)
{
    (void)ctx;
    return pp_http_sleep(ns, fd, NULL);
}

static int64_t realtime_ns(void *ctx)
{
    (void)ctx;
    return clock_ns(CLOCK_REALTIME);
}

static int64_t monotonic_ns(void *ctx)
{
    (void)ctx;
    return clock_ns(CLOCK_MONOTONIC);
}

void pp_run_guest_init(struct pp_run_guest *g, const struct pp_ledger *ledger, pid_t pid, pp_str argv, void (*oom)(size_t wanted))
{
    *g = (struct pp_run_guest){.ledger = *ledger, .pid = pid, .argv = argv, .mailbox_lock = PTHREAD_MUTEX_INITIALIZER,
                               .dump_lock = PTHREAD_MUTEX_INITIALIZER};
    g->names = pp_run_names_new(g, oom);
    g->symbols = (struct pp_symbolizer){.ctx = g->names, .frames = pp_run_names_frames};
    g->target = (struct pp_target){.ledger = *ledger, .symbols = &g->symbols, .ctx = g, .cpu_start = cpu_start, .cpu_stop = cpu_stop,
                                   .threads = threads, .refresh = refresh, .cmdline = cmdline, .sleep = sleep_ns,
                                   .realtime_ns = realtime_ns, .monotonic_ns = monotonic_ns,
                                   .note = PP_STR("served by pprof run")};
}
