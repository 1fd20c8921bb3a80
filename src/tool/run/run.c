// SPDX-License-Identifier: Apache-2.0
#include "tool/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/gonum.h"
#include "endpoint/endpoint.h"
#include "tool/goflag.h"
#include "tool/run/guest.h"
#include "tool/run/serve.h"
#include "tool/ui.h"

#define EXIT_USAGE 2
#define EXIT_REFUSED 126
#define EXIT_NOT_FOUND 127
#define DEFAULT_MEM_RATE 524288
#define DEFAULT_CPU_RATE 100
#define RATE_UNSET INT64_MIN
#define INERT_LOOK_NS 500000000

static const char usage[] =
    "usage: pprof run [flags] -- command [args]\n"
    "\n"
    "Runs a program with libpprof in it and serves its profiles, or writes them when it ends.\n"
    "\n"
    "  -http addr           serve /debug/pprof/ at addr: localhost:6060, unix:/path, or :6060 (wants -token)\n"
    "  -token secret        what every client must bring: as Bearer, as basic-auth password or as ?token=\n"
    "  -cpuprofile file     write a CPU profile of the whole run when the program ends\n"
    "  -cpuprofilerate hz   samples per second of CPU time in -cpuprofile (default 100)\n"
    "  -memprofile file     write a profile of allocations (allocs) when the program ends\n"
    "  -memprofilerate n    sample one allocation per n bytes on average (default 524288; 1: all, 0: none)\n"
    "  -blockprofile file   write a profile of waits: locks, I/O, sleeps, ... when the program ends\n"
    "  -blockprofilerate n  sample one wait per n ns waited (1: all, 0: none; default 1 with -blockprofile, else 0)\n"
    "  -mutexprofile file   write a profile of who held contended locks when the program ends\n"
    "  -mutexprofilefraction n  sample one of n releases of contended locks (default 1 with -mutexprofile, else 0)\n"
    "  -outputdir dir       where files with relative names go\n"
    "  -children            profile what the program executes as well, into the same profiles (label pid)\n"
    "  -q                   print nothing but errors\n"
    "\n"
    "Each flag but -q can be set by an environment variable: PPROF_HTTP, PPROF_TOKEN, PPROF_CPUPROFILE,\n"
    "PPROF_CPUPROFILERATE, PPROF_MEMPROFILE, PPROF_MEMPROFILERATE, PPROF_BLOCKPROFILE, PPROF_BLOCKPROFILERATE,\n"
    "PPROF_MUTEXPROFILE, PPROF_MUTEXPROFILEFRACTION, PPROF_OUTPUTDIR, PPROF_CHILDREN=1.\n"
    "Flags win.\n"
    "PPROF_LIBRARY names the libpprof.so to load; otherwise the one beside pprof or in its ../lib is taken.\n"
    "\n"
    "Exit status and signals are the command's own. 126: it can't be profiled or executed, 127: it is not found,\n"
    "2: wrong flags or address, 1: it ended well but a profile could not be written.\n";

static void out_of_memory(size_t wanted)
{
    fprintf(stderr, "pprof run: out of memory (%zu bytes wanted)\n", wanted);
    _exit(EXIT_USAGE);
}

static int fail_with(int status, const struct pp_err *err)
{
    pp_ui_print("pprof run: %.*s", (int)err->n, err->text);
    return status;
}

/* Options */

static pp_str env_text(const char *name)
{
    return pp_str_c(getenv(name));
}

static enum pp_code env_number(const char *name, int64_t *value, struct pp_err *err)
{
    pp_str text = env_text(name);
    uint64_t v;
    if (!text.n) return PP_OK;
    if (!pp_str_to_u64(text, 10, &v) || v > INT64_MAX) return pp_fail(err, PP_E_USAGE, "%s=%.*s: not a number", name, PP_FMT(text));
    *value = (int64_t)v;
    return PP_OK;
}

static enum pp_code env_bool(const char *name, bool *value, struct pp_err *err)
{
    pp_str text = env_text(name);
    if (!text.n || pp_go_parse_bool(text, value)) return PP_OK;
    return pp_fail(err, PP_E_USAGE, "%s=%.*s: not a boolean", name, PP_FMT(text));
}

static enum pp_code options_from_environment(struct pp_run_options *o, struct pp_err *err)
{
    *o = (struct pp_run_options){.http = env_text("PPROF_HTTP"), .token = env_text("PPROF_TOKEN"),
                                 .cpu_profile = env_text("PPROF_CPUPROFILE"), .mem_profile = env_text("PPROF_MEMPROFILE"),
                                 .output_dir = env_text("PPROF_OUTPUTDIR"), .cpu_rate_hz = DEFAULT_CPU_RATE,
                                 .mem_rate_bytes = DEFAULT_MEM_RATE,
                                 .block_profile = env_text("PPROF_BLOCKPROFILE"), .mutex_profile = env_text("PPROF_MUTEXPROFILE"),
                                 .block_rate_ns = RATE_UNSET, .mutex_fraction = RATE_UNSET};
    enum pp_code c = env_number("PPROF_CPUPROFILERATE", &o->cpu_rate_hz, err);
    if (!c) c = env_number("PPROF_MEMPROFILERATE", &o->mem_rate_bytes, err);
    if (!c) c = env_number("PPROF_BLOCKPROFILERATE", &o->block_rate_ns, err);
    if (!c) c = env_number("PPROF_MUTEXPROFILEFRACTION", &o->mutex_fraction, err);
    return c ? c : env_bool("PPROF_CHILDREN", &o->children, err);
}

static enum pp_code options_check(const struct pp_run_options *o, struct pp_err *err)
{
    if (o->cpu_rate_hz < 1 || o->cpu_rate_hz > 1000000)
        return pp_fail(err, PP_E_USAGE, "-cpuprofilerate %ld: want 1 to 1000000 Hz", o->cpu_rate_hz);
    if (o->mem_rate_bytes < 0) return pp_fail(err, PP_E_USAGE, "-memprofilerate %ld: want 0 or more bytes", o->mem_rate_bytes);
    if (o->block_rate_ns < 0) return pp_fail(err, PP_E_USAGE, "-blockprofilerate %ld: want 0 or more ns", o->block_rate_ns);
    if (o->mutex_fraction < 0 || o->mutex_fraction > UINT32_MAX)
        return pp_fail(err, PP_E_USAGE, "-mutexprofilefraction %ld: want 0 to 4294967295", o->mutex_fraction);
    if (o->output_dir.n) {
        char dir[4096];
        struct stat st;
        snprintf(dir, sizeof dir, "%.*s", PP_FMT(o->output_dir));
        if (stat(dir, &st)) return pp_fail(err, PP_E_USAGE, "-outputdir %s: %s", dir, pp_errno_text(errno));
        if (!S_ISDIR(st.st_mode)) return pp_fail(err, PP_E_USAGE, "-outputdir %s: not a directory", dir);
    }
    return PP_OK;
}

static enum pp_code options_parse(int argc, char **argv, struct pp_run_options *o, int *ret_first, struct pp_err *err)
{
    enum pp_code c = options_from_environment(o, err);
    if (c) return c;
    const struct pp_flag flags[] = {
        {"http", PP_TYPE_STR, &o->http},
        {"token", PP_TYPE_STR, &o->token},
        {"cpuprofile", PP_TYPE_STR, &o->cpu_profile},
        {"cpuprofilerate", PP_TYPE_INT, &o->cpu_rate_hz},
        {"memprofile", PP_TYPE_STR, &o->mem_profile},
        {"memprofilerate", PP_TYPE_INT, &o->mem_rate_bytes},
        {"blockprofile", PP_TYPE_STR, &o->block_profile},
        {"blockprofilerate", PP_TYPE_INT, &o->block_rate_ns},
        {"mutexprofile", PP_TYPE_STR, &o->mutex_profile},
        {"mutexprofilefraction", PP_TYPE_INT, &o->mutex_fraction},
        {"outputdir", PP_TYPE_STR, &o->output_dir},
        {"children", PP_TYPE_BOOL, &o->children},
        {"q", PP_TYPE_BOOL, &o->quiet},
    };
    c = pp_goflag_parse(flags, sizeof flags / sizeof *flags, argc, argv, ret_first, err);
    if (o->block_rate_ns == RATE_UNSET) o->block_rate_ns = o->block_profile.n != 0;
    if (o->mutex_fraction == RATE_UNSET) o->mutex_fraction = o->mutex_profile.n != 0;
    return c ? c : options_check(o, err);
}

/* The guest's start */

static enum pp_code make_ledger(const struct pp_run_options *o, int *ret_fd, struct pp_ledger *ret, struct pp_err *err)
{
    size_t size = pp_ledger_size();
    int fd = memfd_create("pprof ledger", MFD_CLOEXEC);
    if (fd < 0) return pp_fail(err, PP_E_IO, "memfd_create: %s", pp_errno_text(errno));
    void *memory = ftruncate(fd, (off_t)size) ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        enum pp_code c = pp_fail(err, PP_E_IO, "%zu bytes of shared memory: %s", size, pp_errno_text(errno));
        close(fd);
        return c;
    }
    pp_ledger_create(memory, ret);
    atomic_store(&ret->head->heap_rate, (uint64_t)o->mem_rate_bytes);
    atomic_store(&ret->head->block_rate, (uint64_t)o->block_rate_ns);
    atomic_store(&ret->head->mutex_fraction, (uint32_t)o->mutex_fraction);
    ret->head->with_children = o->children;
    if (o->cpu_profile.n) atomic_store(&ret->head->cpu_hz, (uint32_t)o->cpu_rate_hz);
    *ret_fd = fd;
    return PP_OK;
}

/* libpprof.so, and the companions that the command's allocator calls for (they lie beside it). */
static pp_str preload_list(struct pp_arena *a, const struct pp_run_command *command, pp_str library)
{
    pp_str dir = pp_str_sub(library, 0, library.n - (sizeof "libpprof.so" - 1)), list = library;
    const char *const companions[] = {command->needs_jemalloc ? "libpprof-jemalloc.so" : NULL,
                                      command->needs_tcmalloc ? "libpprof-tcmalloc.so" : NULL};
    for (size_t i = 0; i < 2; i++) {
        if (!companions[i] || !pp_str_has_suffix(library, PP_STR("libpprof.so"))) continue;
        pp_str path = pp_arena_fmt(a, "%.*s%s", PP_FMT(dir), companions[i]);
        if (access(path.p, R_OK) == 0) list = pp_arena_fmt(a, "%.*s:%.*s", PP_FMT(list), PP_FMT(path));
    }
    return list;
}

/* In the child, before exec. */
static void set_environment(pid_t parent, int ledger_fd, pp_str preload)
{
    char text[4096];
    const char *old = getenv("LD_PRELOAD");
    snprintf(text, sizeof text, "%d:%d:%d", parent, ledger_fd, getpid());
    setenv("PPROF_RUN", text, 1);
    snprintf(text, sizeof text, "%.*s%s%s", PP_FMT(preload), old && *old ? ":" : "", old ? old : "");
    setenv("LD_PRELOAD", text, 1);
}

static enum pp_code start_guest(char **argv, pp_str path, pp_str preload, int ledger_fd, const sigset_t *old_mask, pid_t *ret_pid,
                                struct pp_err *err)
{
    int report[2]; /* the child's exec error, if any */
    if (pipe2(report, O_CLOEXEC)) return pp_fail(err, PP_E_IO, "pipe: %s", pp_errno_text(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, old_mask, NULL);
        set_environment(parent, ledger_fd, preload);
        execv(path.p, argv);
        int failure = errno;
        ssize_t ignored = write(report[1], &failure, sizeof failure);
        _exit(ignored == sizeof failure ? EXIT_REFUSED : EXIT_REFUSED + 1);
    }
    close(report[1]);
    int failure = 0;
    ssize_t n = pid < 0 ? -1 : read(report[0], &failure, sizeof failure);
    close(report[0]);
    if (pid < 0) return pp_fail(err, PP_E_IO, "fork: %s", pp_errno_text(errno));
    *ret_pid = pid;
    if (n != (ssize_t)sizeof failure) return PP_OK;
    waitpid(pid, NULL, 0);
    return pp_fail(err, PP_E_IO, "%.*s: %s", PP_FMT(path), pp_errno_text(failure));
}

/* Files at the end */

static enum pp_code write_file(struct pp_run_guest *g, const struct pp_run_options *o, pp_str file, pp_str profile,
                               const struct pp_endpoint_window *window, struct pp_err *err)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, out_of_memory);
    bool in_dir = o->output_dir.n && !pp_str_has_prefix(file, PP_STR("/"));
    pp_str path = in_dir ? pp_arena_fmt(&a, "%.*s/%.*s", PP_FMT(o->output_dir), PP_FMT(file)) : pp_arena_dup(&a, file);
    struct pp_out out;
    pp_out_to_memory(&out, &a);
    enum pp_code c = pp_endpoint_write_profile(&g->target, &a, profile, 0, window, &out, err);
    int fd = c ? -1 : open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (!c && fd < 0) c = pp_fail(err, PP_E_IO, "%s: %s", path.p, pp_errno_text(errno));
    pp_str bytes = pp_out_bytes(&out);
    if (fd >= 0 && (c = pp_write_all(fd, bytes.p, bytes.n, err))) c = pp_within(err, "%s", path.p);
    if (fd >= 0 && close(fd) && !c) c = pp_fail(err, PP_E_IO, "%s: %s", path.p, pp_errno_text(errno));
    pp_arena_release(&a);
    return c;
}

static bool write_profiles(struct pp_run_guest *g, const struct pp_run_options *o)
{
    const struct pp_ledger_head *h = g->ledger.head;
    struct pp_err err;
    bool fine = true;
    struct pp_endpoint_window window = {.start_ns = (int64_t)h->start_realtime_ns, .hz = o->cpu_rate_hz};
    window.duration_ns = g->target.realtime_ns(g) - window.start_ns;
    if (o->cpu_profile.n && write_file(g, o, o->cpu_profile, PP_STR("profile"), &window, &err)) fine = false, fail_with(0, &err);
    if (o->mem_profile.n && write_file(g, o, o->mem_profile, PP_STR("allocs"), NULL, &err)) fine = false, fail_with(0, &err);
    if (o->block_profile.n && write_file(g, o, o->block_profile, PP_STR("block"), NULL, &err)) fine = false, fail_with(0, &err);
    if (o->mutex_profile.n && write_file(g, o, o->mutex_profile, PP_STR("mutex"), NULL, &err)) fine = false, fail_with(0, &err);
    return fine;
}

/* The long middle: signals and the guest's end */

static const int passed_on[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};

static void block_signals(sigset_t *ret_old, sigset_t *ret_waited)
{
    sigemptyset(ret_waited);
    sigaddset(ret_waited, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) sigaddset(ret_waited, passed_on[i]);
    sigprocmask(SIG_BLOCK, ret_waited, ret_old);
}

/* What is known at the end of the family. */
struct ending {
    int status;    /* the guest's */
    bool written;  /* its profiles */
    bool outlived; /* profiled children went on behind it */
    uint32_t n_processes; /* known at its end */
};

/* Reaps what has ended (orphans of the family come to us, the subreaper). False: nobody is left. */
static bool reap(struct pp_run_guest *g, const struct pp_run_options *o, struct ending *ret)
{
    for (;;) {
        siginfo_t si = {0};
        if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT)) return errno != ECHILD;
        if (si.si_pid == 0) return true;
        bool main_guest = si.si_pid == g->pid;
        if (main_guest) {
            atomic_store(&g->gone, true);
            atomic_store(&g->ledger.processes[0].state, PP_GUEST_ENDED);
            ret->outlived = pp_run_family_look(g);
            ret->n_processes = pp_ledger_n_processes(&g->ledger);
            ret->written = write_profiles(g, o);
        }
        int status = 0;
        waitpid(si.si_pid, &status, 0);
        if (main_guest) ret->status = status;
    }
}

/* A terminal sends its signals to the whole foreground group: the guest has them already (si_code SI_KERNEL). */
static void pass_on(const struct pp_run_guest *g, const siginfo_t *si)
{
    if (si->si_code != SI_KERNEL && !atomic_load(&g->gone)) kill(g->pid, si->si_signo);
}

static bool is_first_of_its_name(const struct pp_ledger_head *h, uint32_t i)
{
    for (uint32_t k = i >= PP_INERT_MAX ? i - PP_INERT_MAX + 1 : 0; k < i; k++)
        if (!strncmp(h->inert[k % PP_INERT_MAX].name, h->inert[i % PP_INERT_MAX].name, sizeof h->inert[0].name)) return false;
    return true;
}

/* Programs that the guest started: each name is said once (as far back as the ledger's ring reaches). */
static void name_inert(const struct pp_run_guest *g, const struct pp_run_options *o)
{
    static uint32_t named;
    const struct pp_ledger_head *h = g->ledger.head;
    uint32_t n = atomic_load(&h->n_inert);
    if (n - named > PP_INERT_MAX) named = n - PP_INERT_MAX; /* the ring has lost the others */
    for (; named < n && !o->quiet; named++) {
        const struct pp_inert *i = &h->inert[named % PP_INERT_MAX];
        if (!is_first_of_its_name(h, named)) continue;
        pp_ui_print("pprof: %.*s (pid %u), started by the program, is not profiled", (int)strnlen(i->name, sizeof i->name), i->name, i->pid);
    }
}

static struct ending wait_for_family(struct pp_run_guest *g, const struct pp_run_options *o, const sigset_t *waited)
{
    struct ending end = {.written = true};
    while (reap(g, o, &end)) {
        siginfo_t si = {0};
        const struct timespec look = {0, INERT_LOOK_NS};
        if (sigtimedwait(waited, &si, &look) > 0 && si.si_signo != SIGCHLD) pass_on(g, &si);
        name_inert(g, o);
        pp_run_family_look(g);
        if (atomic_load(&g->gone) && (si.si_signo == SIGTERM || si.si_signo == SIGINT)) break; /* only stragglers are left */
    }
    /* The profiles at the guest's end lack what its children did later. */
    if (end.outlived || pp_ledger_n_processes(&g->ledger) > end.n_processes) end.written &= write_profiles(g, o);
    return end;
}

static int end_like(int status)
{
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    int signal = WTERMSIG(status);
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t one;
    sigaction(signal, &act, NULL);
    sigemptyset(&one);
    sigaddset(&one, signal);
    prctl(PR_SET_DUMPABLE, 0); /* the guest's core is enough */
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    raise(signal);
    return 128 + signal;
}

static pp_str join_argv(struct pp_arena *a, char **argv)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (int i = 0; argv[i]; i++) {
        if (i) pp_out_char(&o, 0);
        pp_out_c(&o, argv[i]);
    }
    return pp_out_bytes(&o);
}

static int run(struct pp_arena *a, const struct pp_run_options *o, char **argv)
{
    struct pp_err err;
    struct pp_run_command command;
    pp_str library;
    int ledger_fd = -1;
    struct pp_ledger ledger;
    enum pp_code c = pp_run_check(a, argv[0], &command, &err);
    if (c) return fail_with(c == PP_E_NOTFOUND ? EXIT_NOT_FOUND : EXIT_REFUSED, &err);
    if (pp_run_find_library(a, &library, &err) || make_ledger(o, &ledger_fd, &ledger, &err)) return fail_with(EXIT_REFUSED, &err);

    static struct pp_run_guest guest;
    struct pp_run_server *server = NULL;
    if (o->http.n && pp_run_listen(a, o, &server, &err)) return fail_with(EXIT_USAGE, &err);
    sigset_t old_mask, waited;
    block_signals(&old_mask, &waited);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = 0;
    if (start_guest(argv, command.path, preload_list(a, &command, library), ledger_fd, &old_mask, &pid, &err)) return fail_with(EXIT_REFUSED, &err);
    signal(SIGPIPE, SIG_IGN); /* only now: the guest has inherited what was before */
    pp_run_guest_init(&guest, &ledger, pid, join_argv(a, argv), out_of_memory);
    if (command.has_own_malloc)
        guest.target.no_heap = pp_arena_fmt(a, "no heap profile: %.*s brings its own malloc, which can't be wrapped from outside", PP_FMT(command.path));
    if (server && pp_run_serve(server, &guest.target, &err)) return fail_with(EXIT_REFUSED, &err);
    if (server && !o->quiet) pp_ui_print("pprof: profiles of pid %d are at %s/debug/pprof/", pid, pp_run_server_url(server));
    struct ending end = wait_for_family(&guest, o, &waited);
    if (server) pp_run_server_stop(server);
    if (!end.written && WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0) return 1;
    return end_like(end.status);
}

int pp_run_main(int argc, char **argv)
{
    struct pp_err err;
    struct pp_run_options o;
    int first = 0;
    enum pp_code c = options_parse(argc - 1, argv + 1, &o, &first, &err);
    if (c == PP_E_NOTFOUND) {
        fputs(usage, stdout);
        return 0;
    }
    if (c) {
        fail_with(EXIT_USAGE, &err);
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (first >= argc - 1) {
        fputs("pprof run: no command\n", stderr);
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    struct pp_arena a;
    pp_arena_init(&a, 0, out_of_memory);
    int status = run(&a, &o, argv + 1 + first);
    pp_arena_release(&a);
    return status;
}
