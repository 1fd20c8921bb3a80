// SPDX-License-Identifier: Apache-2.0
#include "runtime/standalone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/fmt.h"
#include "base/pages.h"
#include "base/syscall.h"
#include "dump/dump.h"
#include "endpoint/endpoint.h"
#include "http1/conn.h"
#include "http1/front.h"
#include "http1/listen.h"
#include "runtime/agent.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/names.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/agent.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sigsafe/tick.h"
#include "runtime/sources/cpu.h"
#include "runtime/sources/threads.h"
#include "runtime/tables/modules.h"
#include "wire/gzip.h"

#define WORKERS 16
#define WORKER_STACK ((size_t)512 << 10)
#define FD_ROOM 1100 /* our descriptors get the highest numbers: the listener, its pipe, connections */
#define IDLE_EXIT_MS 1000
#define PATH_ROOM 4096
#define DEFAULT_MEM_RATE 524288
#define DEFAULT_CPU_RATE 100

struct worker {
    _Atomic uint32_t claimed, tid;
    void *stack;
    struct pp_http_front *front;
    struct pp_http_conn *conn;
};

static struct {
    const char *http, *token, *cpu_profile, *mem_profile, *block_profile, *mutex_profile, *output_dir;
    uint64_t cpu_rate, mem_rate, block_rate, mutex_fraction;
    char cwd[PATH_ROOM];
    struct pp_target target;
    struct pp_http_server server;
    struct pp_http_address address;
    struct worker workers[WORKERS];
    _Atomic uint32_t cpu_busy, written;
    _Atomic unsigned stop; /* threads of ours are to end: waits give up */
    struct pp_http_front *_Atomic front;
    uint32_t n_dumps;
    _Atomic uint32_t dumping;
} alone;

static void complain(const char *text)
{
    char line[PP_ERR_MAX + 32];
    size_t n = pp_fmt(line, sizeof line, "libpprof: %s\n", text);
    pp_os_write(2, line, n < sizeof line ? n : sizeof line - 1);
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t v;
    if (!text || !*text) return otherwise;
    if (pp_str_to_u64(pp_str_c(text), 10, &v)) return v;
    char line[200];
    pp_fmt(line, sizeof line, "%s=%s: not a number; %lu is used", name, text, otherwise);
    complain(line);
    return otherwise;
}

static bool wants_files(void)
{
    return alone.cpu_profile || alone.mem_profile || alone.block_profile || alone.mutex_profile;
}

bool pp_standalone_wanted(void)
{
    alone.http = getenv("PPROF_HTTP");
    alone.token = getenv("PPROF_TOKEN");
    alone.cpu_profile = getenv("PPROF_CPUPROFILE");
    alone.mem_profile = getenv("PPROF_MEMPROFILE");
    alone.block_profile = getenv("PPROF_BLOCKPROFILE");
    alone.mutex_profile = getenv("PPROF_MUTEXPROFILE");
    alone.output_dir = getenv("PPROF_OUTPUTDIR");
    if (!alone.http && !wants_files()) return false;
    const char *owner = getenv("PPROF_OWNER");
    char mine[24];
    pp_fmt(mine, sizeof mine, "%d", pp_os_getpid());
    if (owner && strcmp(owner, mine)) return false; /* a program that our guest started */
    setenv("PPROF_OWNER", mine, 1);
    alone.cpu_rate = env_number("PPROF_CPUPROFILERATE", DEFAULT_CPU_RATE);
    alone.mem_rate = env_number("PPROF_MEMPROFILERATE", DEFAULT_MEM_RATE);
    alone.block_rate = env_number("PPROF_BLOCKPROFILERATE", alone.block_profile != NULL);
    alone.mutex_fraction = env_number("PPROF_MUTEXPROFILEFRACTION", alone.mutex_profile != NULL);
    return true;
}

/* The target: this very process */

static enum pp_code cpu_start(void *ctx, int hz, struct pp_err *err)
{
    (void)ctx;
    if (atomic_exchange(&alone.cpu_busy, 1)) return pp_fail(err, PP_E_STATE, "cpu profiling already in use");
    pp_ledger_open_window(&pp_guest.ledger, (uint32_t)hz, pp_os_monotonic_ns());
    int failed = pp_cpu_start(hz);
    if (!failed) return PP_OK;
    atomic_store(&pp_guest.ledger.head->cpu_hz, 0);
    atomic_store(&alone.cpu_busy, 0);
    return pp_fail(err, PP_E_STATE, "no CPU timers: error %d", failed);
}

static enum pp_code cpu_stop(void *ctx, struct pp_err *err)
{
    (void)ctx;
    (void)err;
    pp_cpu_stop();
    atomic_store(&pp_guest.ledger.head->cpu_hz, 0);
    atomic_store(&alone.cpu_busy, 0);
    return PP_OK;
}

static enum pp_code threads(void *ctx, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    (void)ctx;
    while (atomic_exchange(&alone.dumping, 1)) pp_os_sleep_ns(1000000);
    struct pp_dump_options o = {.pid = pp_guest.pid, .asked = ++alone.n_dumps, .modules = &pp_guest.modules, .is_ours = pp_agent_owns_thread};
    pp_ask_running(o.asked);
    enum pp_code c = pp_dump_threads(a, &pp_guest.ledger, &o, ret, err);
    atomic_store(&alone.dumping, 0);
    return c;
}

static void refresh(void *ctx)
{
    (void)ctx;
    pp_runtime_modules_refresh(true);
}

static pp_str cmdline(void *ctx, struct pp_arena *a)
{
    (void)ctx;
    char *p = pp_alloc(a, PATH_ROOM, 1);
    long n = p ? pp_os_read_file("/proc/self/cmdline", p, PATH_ROOM) : 0;
    return n > 0 ? (pp_str){p, (size_t)n - 1} : PP_STR("");
}

/* The thread that waits for its window to end is also its keeper. */
static bool sleep_ns(void *ctx, int64_t ns, int fd)
{
    (void)ctx;
    int64_t end = pp_os_monotonic_ns() + ns;
    for (int64_t now; (now = pp_os_monotonic_ns()) < end;) {
        int64_t slice = pp_cpu_is_open() ? pp_cpu_keep_pause_ns() : end - now;
        if (!pp_http_sleep(slice < end - now ? slice : end - now, fd, &alone.stop)) return false;
        if (pp_cpu_is_open()) pp_cpu_keep();
    }
    return true;
}

static int64_t realtime_ns(void *ctx)
{
    (void)ctx;
    return pp_os_realtime_ns();
}

static int64_t monotonic_ns(void *ctx)
{
    (void)ctx;
    return pp_os_monotonic_ns();
}

static void target_init(void)
{
    alone.target = (struct pp_target){.ledger = pp_guest.ledger, .symbols = pp_runtime_names(), .cpu_start = cpu_start,
                                      .cpu_stop = cpu_stop, .threads = threads, .refresh = refresh, .cmdline = cmdline,
                                      .sleep = sleep_ns, .realtime_ns = realtime_ns, .monotonic_ns = monotonic_ns,
                                      .note = PP_STR("served by the program itself: names from symbol tables only")};
}

/* HTTP */

static void worker_run(void *arg)
{
    struct worker *w = arg;
    pp_http_front_work(w->front, w->conn);
    atomic_store(&w->claimed, 0);
}

/* tid is cleared by the kernel after the thread's last instruction: only then the stack is free again. */
static bool worker_start(struct worker *w, struct pp_http_front *front, struct pp_http_conn *conn)
{
    uint32_t idle = 0;
    if (atomic_load(&w->tid) || !atomic_compare_exchange_strong(&w->claimed, &idle, 1)) return false;
    if (!w->stack) w->stack = pp_os_map_reserve(WORKER_STACK);
    w->front = front;
    w->conn = conn;
    if (w->stack && pp_os_clone_thread(w->stack, WORKER_STACK, worker_run, w, &w->tid) > 0) return true;
    atomic_store(&w->claimed, 0);
    return false;
}

static bool spawn(void *ctx, struct pp_http_front *front, struct pp_http_conn *conn)
{
    (void)ctx;
    for (int i = 0; i < WORKERS; i++)
        if (worker_start(&alone.workers[i], front, conn)) return true;
    return false;
}

static bool is_worker(int tid)
{
    for (int i = 0; i < WORKERS; i++)
        if ((int)atomic_load(&alone.workers[i].tid) == tid) return true;
    return false;
}

/* Credentials change, or a sandbox closes: requests that wait give up, the front ends. */
static void hurry(void)
{
    atomic_store(&alone.stop, 1);
    struct pp_http_front *front = atomic_load(&alone.front);
    if (front) pp_http_front_stop(front);
}

static bool workers_gone(void)
{
    for (int i = 0; i < WORKERS; i++)
        if (atomic_load(&alone.workers[i].tid)) return false;
    return true;
}

/* Runs while there are connections; the listener's next signal starts the agent again, or makes it look once more. */
static bool serve_http(void)
{
    struct pp_http_front_options options = {.server = &alone.server, .listen_fd = pp_guest.listener, .fd_floor = pp_guest.listener + 1,
                                            .exit_when_idle_ms = IDLE_EXIT_MS, .idle_may_close = true, .spawn = spawn};
    struct pp_http_front *front;
    if (pp_http_front_new(&options, &front, NULL)) return false;
    atomic_store(&alone.stop, 0);
    atomic_store(&alone.front, front);
    if (!atomic_load(&pp_agent.quit)) pp_http_front_run(front);
    atomic_store(&alone.front, NULL);
    pp_http_front_free(front);
    pp_runtime_names_forget();
    return pp_http_poll(pp_guest.listener, POLLIN, 0) != 0;
}

static int fd_floor(void)
{
    struct rlimit limit = {0};
    pp_sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    if (limit.rlim_cur <= FD_ROOM) return (int)(limit.rlim_cur / 2);
    return (int)((limit.rlim_cur > (1u << 20) ? (1u << 20) : limit.rlim_cur) - FD_ROOM);
}

/* A connection that comes raises our private signal: no thread waits for it. */
static bool signal_on_connection(int fd)
{
    return !pp_sys_failed(pp_sys(SYS_fcntl, fd, F_SETOWN, pp_guest.pid)) && !pp_sys_failed(pp_sys(SYS_fcntl, fd, F_SETSIG, pp_guest.signal)) &&
           !pp_sys_failed(pp_sys(SYS_fcntl, fd, F_SETFL, O_NONBLOCK | O_ASYNC));
}

/* When the user's signal queue is full the kernel sends SIGIO instead of our signal, which kills by default. */
static void survive_sigio(void)
{
    int (*set)(int, const struct sigaction *, struct sigaction *) =
        (int (*)(int, const struct sigaction *, struct sigaction *))pp_next_find("sigaction", NULL);
    struct sigaction act = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK}, old;
    act.sa_sigaction = pp_tick;
    sigfillset(&act.sa_mask);
    if (set && set(SIGIO, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL) set(SIGIO, &act, NULL);
}

static void listen_http(void)
{
    struct pp_err err;
    int fd = -1;
    enum pp_code c = pp_http_parse_address(pp_str_c(alone.http), &alone.address, &err);
    if (!c) c = pp_http_listen(&alone.address, alone.token && *alone.token, fd_floor(), &fd, &err);
    if (c) {
        complain(err.text);
        return;
    }
    alone.server = (struct pp_http_server){.handle = pp_endpoint_handler, .ctx = &alone.target};
    alone.server.access.token = pp_str_c(alone.token);
    alone.server.access.unix_socket = alone.address.u.sa.sa_family == AF_UNIX;
    pp_guest.listener = fd;
    pp_agent_duty = serve_http;
    pp_agent.hurry = hurry;
    pp_agent.gone = workers_gone;
    survive_sigio();
    if (!signal_on_connection(fd)) complain("the listener can't signal connections");
}

/* Files at exit */

static void write_file(const char *file, pp_str profile, const struct pp_endpoint_window *window)
{
    struct pp_arena a = {0};
    struct pp_err err;
    struct pp_out out;
    pp_out_to_memory(&out, &a);
    const char *dir = alone.output_dir && *alone.output_dir ? alone.output_dir : "";
    pp_str path = pp_arena_fmt(&a, "%s%s%s%s%s", file[0] == '/' || dir[0] == '/' ? "" : alone.cwd, file[0] == '/' || dir[0] == '/' ? "" : "/",
                               file[0] == '/' ? "" : dir, file[0] == '/' || !*dir ? "" : "/", file);
    enum pp_code c = pp_endpoint_write_profile(&alone.target, &a, profile, 0, window, &out, &err);
    int fd = c ? -1 : pp_os_open(path.p, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    pp_str bytes = pp_out_bytes(&out);
    size_t done = 0;
    for (long r = 1; fd >= 0 && done < bytes.n && (r > 0 || r == -EINTR);) {
        r = pp_os_write(fd, bytes.p + done, bytes.n - done);
        if (r > 0) done += (size_t)r;
    }
    if (!c && (fd < 0 || done < bytes.n)) c = pp_fail(&err, PP_E_IO, "%s: can't be written", path.p);
    if (fd >= 0) pp_os_close(fd);
    if (c) complain(err.text);
    pp_arena_release(&a);
}

static void write_profiles(void)
{
    if (!wants_files()) return;
    if (atomic_exchange(&alone.written, 1)) return;
    struct pp_endpoint_window window = {.start_ns = (int64_t)pp_guest.ledger.head->start_realtime_ns, .hz = (int64_t)alone.cpu_rate};
    window.duration_ns = pp_os_realtime_ns() - window.start_ns;
    if (alone.cpu_profile) pp_cpu_stop();
    pp_runtime_modules_refresh(true);
    if (alone.cpu_profile) write_file(alone.cpu_profile, PP_STR("profile"), &window);
    if (alone.mem_profile) write_file(alone.mem_profile, PP_STR("allocs"), NULL);
    if (alone.block_profile) write_file(alone.block_profile, PP_STR("block"), NULL);
    if (alone.mutex_profile) write_file(alone.mutex_profile, PP_STR("mutex"), NULL);
}

static void before_end(void)
{
    if (!pp_guest_on() || pp_os_getpid() != pp_guest.pid) return; /* a vfork child */
    pp_cpu_process_ends();
    write_profiles();
}

__attribute__((destructor)) static void at_exit(void)
{
    before_end();
}

/* Ends that run no destructors. */
static struct {
    void *_exit, *_Exit, *quick_exit;
} next;

PP_EXPORT void _exit(int status)
{
    before_end();
    PP_NEXT(_exit)(status);
    __builtin_unreachable();
}

PP_EXPORT void _Exit(int status)
{
    before_end();
    PP_NEXT(_Exit)(status);
    __builtin_unreachable();
}

PP_EXPORT void quick_exit(int status)
{
    before_end();
    PP_NEXT(quick_exit)(status);
    __builtin_unreachable();
}

/* Relative names are those of the directory that the program was started in. */
void pp_standalone_prepare(void)
{
    if (pp_sys_failed(pp_sys(SYS_getcwd, alone.cwd, sizeof alone.cwd))) alone.cwd[0] = 0;
    atomic_store(&pp_guest.ledger.head->heap_rate, alone.mem_rate);
    atomic_store(&pp_guest.ledger.head->block_rate, alone.block_rate);
    atomic_store(&pp_guest.ledger.head->mutex_fraction, (uint32_t)(alone.mutex_fraction > UINT32_MAX ? UINT32_MAX : alone.mutex_fraction));
}

void pp_standalone_start(void)
{
    target_init();
    pp_agent_is_worker = is_worker;
    pp_gzip_use_pages();
    if (alone.http && *alone.http) listen_http();
    if (alone.cpu_profile && cpu_start(NULL, (int)alone.cpu_rate, NULL) == PP_OK) pp_agent_wake();
}
