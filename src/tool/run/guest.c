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

/* 0: can't be used; more is better. A process that has executed a program without libpprof, or is just executing one, has lost our
 * handler: the signal would end it. */
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

static void wake(struct pp_run_guest *g, uint32_t process)
{
    uint32_t signal = atomic_load(&g->ledger.processes[process].signal);
    if (!signal || signal >= NSIG) return;
    pid_t pid = pp_run_family_pid(g, process), thread = choose_thread(pid, (int)signal);
    if (!thread) return;
    siginfo_t si;
    memset(&si, 0, sizeof si);
    si.si_signo = (int)signal;
    si.si_code = SI_QUEUE;
    si.si_pid = getpid();
    si.si_uid = getuid();
    si.si_value.sival_ptr = (void *)PP_WAKE;
    syscall(SYS_rt_tgsigqueueinfo, pid, thread, signal, &si);
}

static bool can_answer(struct pp_run_guest *g, uint32_t process)
{
    bool stopped;
    return atomic_load(&g->ledger.processes[process].state) == PP_GUEST_ON && pp_run_family_lives(g, process, &stopped) && !stopped;
}

static enum pp_code does_not_answer(struct pp_err *err)
{
    return pp_fail(err, PP_E_STATE, "the program does not answer (stopped, ended, replaced by one without libpprof, or our signal is blocked in all its threads)");
}

/* Nobody can be asked: why not the guest. */
static enum pp_code nobody_to_ask(struct pp_run_guest *g, struct pp_err *err)
{
    const struct pp_ledger_process *p = &g->ledger.processes[0];
    if (!pp_run_family_lives(g, 0, NULL)) return pp_fail(err, PP_E_STATE, "the program has ended");
    switch (atomic_load(&p->state)) {
    case PP_GUEST_ON: return does_not_answer(err);
    case PP_GUEST_FROZEN: return pp_fail(err, PP_E_STATE, "frozen: %.*s", (int)strnlen(p->frozen_why, sizeof p->frozen_why), p->frozen_why);
    default: return pp_fail(err, PP_E_STATE, "the program has not started libpprof (or it was refused: see /debug/pprof/)");
    }
}

struct question {
    enum pp_verb verb;
    int64_t arg;
    bool (*wants)(const struct pp_ledger_process *p); /* NULL: all */
};

static void post(struct pp_run_guest *g, const struct question *q)
{
    g->n_asked = 0;
    for (uint32_t i = 0, n = pp_ledger_n_processes(&g->ledger); i < n; i++) {
        struct pp_ledger_process *p = &g->ledger.processes[i];
        if ((q->wants && !q->wants(p)) || !can_answer(g, i)) continue;
        p->mailbox.verb = q->verb;
        p->mailbox.arg = q->arg;
        g->asked[g->n_asked++] = (struct pp_run_asked){i, atomic_fetch_add(&p->mailbox.asked, 1) + 1};
        syscall(SYS_futex, &p->mailbox.asked, FUTEX_WAKE, 1, NULL, NULL, 0);
        wake(g, i);
    }
}

static bool await_answer(struct pp_run_guest *g, const struct pp_run_asked *asked, int64_t end)
{
    struct pp_mailbox *m = &g->ledger.processes[asked->process].mailbox;
    for (int looks = 1;; looks++) {
        uint32_t seen = atomic_load(&m->answered);
        if (seen == asked->number) return true;
        if (!pp_run_family_lives(g, asked->process, NULL) || clock_ns(CLOCK_MONOTONIC) > end) return false;
        struct timespec t = {0, ANSWER_LOOK_NS};
        syscall(SYS_futex, &m->answered, FUTEX_WAIT, seen, &t, NULL, 0);
        if (looks % WAKE_AGAIN_LOOKS == 0) wake(g, asked->process);
    }
}

/* Asks every process that can answer. PP_E_STATE: none did. ret_result: 0 when one of them said so, else an errno. */
static enum pp_code ask(struct pp_run_guest *g, const struct question *q, int *ret_result, struct pp_err *err)
{
    uint32_t n_answers = 0;
    pthread_mutex_lock(&g->ask_lock);
    post(g, q);
    uint32_t n_asked = g->n_asked;
    int64_t end = clock_ns(CLOCK_MONOTONIC) + ANSWER_TIMEOUT_NS;
    for (uint32_t i = 0; i < n_asked; i++) {
        if (!await_answer(g, &g->asked[i], end)) continue;
        int result = g->ledger.processes[g->asked[i].process].mailbox.result;
        if (!n_answers++ || !result) *ret_result = result;
    }
    pthread_mutex_unlock(&g->ask_lock);
    if (n_answers) return PP_OK;
    return n_asked ? does_not_answer(err) : nobody_to_ask(g, err);
}

/* The window is the ledger's: processes that start later join it, and who answers too late finds it closed. */
static enum pp_code set_window(struct pp_run_guest *g, int hz, struct pp_err *err)
{
    const struct question q = {.verb = PP_VERB_CPU};
    int result = 0;
    if (hz) pp_ledger_open_window(&g->ledger, (uint32_t)hz, clock_ns(CLOCK_MONOTONIC));
    else atomic_store(&g->ledger.head->cpu_hz, 0);
    enum pp_code c = ask(g, &q, &result, err);
    return c || !result ? c : pp_fail(err, PP_E_STATE, "%s", pp_errno_text(result));
}

static bool anybody_lives(struct pp_run_guest *g)
{
    return pp_run_family_look(g) || pp_run_family_lives(g, 0, NULL);
}

static enum pp_code cpu_start(void *ctx, int hz, struct pp_err *err)
{
    struct pp_run_guest *g = ctx;
    if (!anybody_lives(g)) return nobody_to_ask(g, err);
    pthread_mutex_lock(&g->window_lock);
    bool in_use = atomic_load(&g->ledger.head->cpu_hz);
    enum pp_code c = in_use ? pp_fail(err, PP_E_STATE, "cpu profiling already in use") : set_window(g, hz, err);
    if (c && !in_use) atomic_store(&g->ledger.head->cpu_hz, 0);
    pthread_mutex_unlock(&g->window_lock);
    return c;
}

/* Processes that ended meanwhile have left their counts in the ledger. */
static enum pp_code cpu_stop(void *ctx, struct pp_err *err)
{
    struct pp_run_guest *g = ctx;
    pthread_mutex_lock(&g->window_lock);
    enum pp_code c = set_window(g, 0, err);
    pthread_mutex_unlock(&g->window_lock);
    return c && !anybody_lives(g) ? PP_OK : c;
}

/* Whoever took a stack has refreshed. */
static bool has_no_modules(const struct pp_ledger_process *p)
{
    return !atomic_load(&p->module_generation);
}

static void refresh(void *ctx)
{
    const struct question q = {.verb = PP_VERB_REFRESH_MODULES, .wants = has_no_modules};
    int result;
    pp_run_family_look(ctx);
    (void)ask(ctx, &q, &result, NULL);
}

static enum pp_code modules_of(struct pp_run_guest *g, uint32_t process, struct pp_err *err)
{
    struct pp_modules **m = &g->modules[process];
    struct pp_modules_options options = {.pid = pp_run_family_pid(g, process)};
    if (!*m) {
        struct pp_modules *new = aligned_alloc(_Alignof(struct pp_modules), sizeof *new); /* more than malloc's alignment */
        if (new) memset(new, 0, sizeof *new);
        enum pp_code c = new ? pp_modules_init(new, &options, err) : pp_fail(err, PP_E_NOMEM, "no memory for a module map");
        if (c) {
            free(new);
            return c;
        }
        *m = new;
    }
    return pp_modules_refresh(*m, NULL, err);
}

static void drop_modules(struct pp_run_guest *g, uint32_t process)
{
    if (!g->modules[process]) return;
    pp_modules_release(g->modules[process]);
    free(g->modules[process]);
    g->modules[process] = NULL;
}

static int by_serial(const void *x, const void *y)
{
    const struct pp_thread_info *a = x, *b = y;
    return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static enum pp_code join_dumps(struct pp_arena *a, struct pp_thread_dump *to, const struct pp_thread_dump *more, struct pp_err *err)
{
    struct pp_thread_info *all = PP_NEW_N(a, struct pp_thread_info, (size_t)to->n + more->n);
    if (!all) return pp_fail(err, PP_E_NOMEM, "no memory for a dump of %u threads", to->n + more->n);
    if (to->n) memcpy(all, to->threads, to->n * sizeof *all);
    if (more->n) memcpy(all + to->n, more->threads, more->n * sizeof *all);
    *to = (struct pp_thread_dump){all, to->n + more->n};
    return PP_OK;
}

static enum pp_code dump_process(struct pp_run_guest *g, uint32_t process, uint32_t asked, struct pp_arena *a, struct pp_thread_dump *dump,
                                 struct pp_err *err)
{
    struct pp_thread_dump one = {0};
    enum pp_code c = modules_of(g, process, err);
    struct pp_dump_options o = {.pid = pp_run_family_pid(g, process), .process = process, .asked = asked, .modules = g->modules[process]};
    if (!c) c = pp_dump_threads(a, &g->ledger, &o, &one, err);
    return c ? c : join_dumps(a, dump, &one, err);
}

/* Runs under dump_lock. A child that ends meanwhile is left out. */
static enum pp_code dump(struct pp_run_guest *g, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    int result;
    struct question q = {.verb = PP_VERB_ASK_RUNNING, .arg = ++g->n_dumps};
    uint32_t asked = ask(g, &q, &result, NULL) ? 0 : g->n_dumps; /* stopped: the blocked ones still show */
    enum pp_code c = pp_fail(err, PP_E_STATE, "the program has ended");
    *ret = (struct pp_thread_dump){0};
    for (uint32_t i = 0, n = pp_ledger_n_processes(&g->ledger); i < n; i++) {
        if (!pp_run_family_lives(g, i, NULL)) drop_modules(g, i);
        else c = dump_process(g, i, asked, a, ret, err);
    }
    if (ret->n) qsort(ret->threads, ret->n, sizeof *ret->threads, by_serial);
    return ret->n ? PP_OK : c;
}

static enum pp_code threads(void *ctx, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    struct pp_run_guest *g = ctx;
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
    *g = (struct pp_run_guest){.ledger = *ledger, .pid = pid, .argv = argv, .window_lock = PTHREAD_MUTEX_INITIALIZER,
                               .family_lock = PTHREAD_MUTEX_INITIALIZER, .ask_lock = PTHREAD_MUTEX_INITIALIZER,
                               .dump_lock = PTHREAD_MUTEX_INITIALIZER};
    g->names = pp_run_names_new(g, oom);
    g->symbols = (struct pp_symbolizer){.ctx = g->names, .frames = pp_run_names_frames};
    g->target = (struct pp_target){.ledger = *ledger, .symbols = &g->symbols, .ctx = g, .cpu_start = cpu_start, .cpu_stop = cpu_stop,
                                   .threads = threads, .refresh = refresh, .cmdline = cmdline, .sleep = sleep_ns,
                                   .realtime_ns = realtime_ns, .monotonic_ns = monotonic_ns,
                                   .note = PP_STR("served by pprof run")};
}
