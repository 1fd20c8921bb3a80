// SPDX-License-Identifier: Apache-2.0
// Everything that is hard on a profiler in its process, at the same time, while a sender queues the library's private signal to all
// threads as fast as asked. Watches over errno, over its children and over its own progress; knows its live objects at the end.
//   storm SECONDS HEAP_RATE HZ
// "COUNT name n" lines, "SIGNALS delivered seconds", "LIVE site objects bytes variance" (of an estimate at HEAP_RATE), and "OK".
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <new>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define KEEP_FRAME(p) __asm__ volatile("" : "+r"(p))

extern char **environ;

// Over ASan's allocator an operator new without memory ends the program, and a child that is forked while another thread allocates
// finds the allocator locked for ever.
static bool sanitized()
{
    static const bool is = dlsym(RTLD_DEFAULT, "__asan_init") != nullptr;
    return is;
}

static std::atomic<bool> stop;
static int private_signal;

static double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

[[noreturn]] static void fail(const char *what, long detail = 0)
{
    fprintf(stderr, "storm: %s (%ld)\n", what, detail);
    abort();
}

struct random_numbers {
    uint64_t x;
    uint32_t operator()(uint32_t below)
    {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        return uint32_t(x >> 33) % below;
    }
};

static volatile uint64_t sink;
NOINLINE static void compute(int rounds)
{
    uint64_t x = 1;
    for (int i = 0; i < rounds * 100; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    sink = sink + x;
}

// ---- objects: four sites; any thread frees what any other made

enum site { MALLOC, CALLOC, REALLOC, NEW, SITES };
static const char *const site_names[] = {"keep_malloc", "keep_calloc", "keep_realloc", "keep_new"};
struct object {
    site from;
    size_t size;
};
static std::atomic<object *> kept[4096];

NOINLINE static void *keep_malloc(size_t n)
{
    void *p = malloc(n);
    KEEP_FRAME(p);
    return p;
}
NOINLINE static void *keep_calloc(size_t n)
{
    void *p = calloc(1, n);
    KEEP_FRAME(p);
    return p;
}
NOINLINE static void *keep_realloc(void *old, size_t n)
{
    void *p = realloc(old, n);
    KEEP_FRAME(p);
    return p;
}
NOINLINE static void *keep_new(size_t n)
{
    void *p = ::operator new(n);
    KEEP_FRAME(p);
    return p;
}

static void drop(object *o)
{
    if (!o) return;
    if (o->from == NEW) ::operator delete(o);
    else free(o);
}

static object *make(site from, size_t n, object *old)
{
    void *p = from == MALLOC ? keep_malloc(n) : from == CALLOC ? keep_calloc(n) : from == NEW ? keep_new(n) : keep_realloc(old, n);
    if (!p) fail("no memory");
    object *o = static_cast<object *>(p);
    o->from = from;
    o->size = n;
    return o;
}

static void objects_step(random_numbers &r)
{
    errno = 4711;
    size_t n = sizeof(object) + r(r(16) ? 400 : 40000);
    std::atomic<object *> &place = kept[r(4096)];
    object *old = place.exchange(nullptr);
    bool grow = old && old->from != NEW && r(4) == 0;
    site from = grow ? REALLOC : r(3) == 0 ? MALLOC : r(2) ? CALLOC : NEW;
    if (!grow) drop(old);
    drop(place.exchange(make(from, n, old)));
    if (errno != 4711) fail("errno changed in an allocation", errno);
}

// ---- the other kinds of weather

static void errno_step(random_numbers &r)
{
    int mine = int(r(100000)) + 1;
    errno = mine;
    compute(20);
    if (errno != mine) fail("errno changed between two instructions", errno);
}

static void *short_thread(void *arg)
{
    random_numbers r = {uint64_t(uintptr_t(&arg)) | 1};
    for (int i = 0; i < 5; i++) objects_step(r);
    compute(int(r(60)));
    if (r(4) == 0) pthread_exit(arg);
    return arg;
}

// The first pthread_exit of a process opens libgcc_s. In a forked child that is too late: another thread may have been in dlopen
// during the fork, and then the child's loader finds its state inconsistent for ever. That is glibc's (2.36): of some hundred forks beside two
// threads in dlopen, children that call pthread_exit for the first time hang or die without libpprof as well.
static void *exit_once(void *arg)
{
    pthread_exit(arg);
}

static void threads_step(random_numbers &)
{
    pthread_t t[2];
    void *result;
    for (pthread_t &one : t)
        if (int failed = pthread_create(&one, nullptr, short_thread, &t)) fail("pthread_create", failed);
    for (pthread_t one : t)
        if (pthread_join(one, &result) || result != &t) fail("a thread's result was changed");
}

static void await(pid_t pid, const char *what)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) fail("waitpid was interrupted");
    if (got != pid || status) fail(what, status);
}

static void fork_step(random_numbers &r)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (sanitized()) _exit(0);
        alarm(60);
        random_numbers own = {r.x * 3 | 1};
        for (int i = 0; i < 200; i++) objects_step(own);
        threads_step(own);
        _exit(0);
    }
    if (pid < 0) fail("fork", errno);
    await(pid, "a forked child failed");
}

static void spawn_step(random_numbers &r)
{
    static char name[] = "true";
    char *argv[] = {name, nullptr};
    pid_t pid;
    if (r(2)) {
        pid = vfork();
        if (pid == 0) {
            execv("/bin/true", argv);
            _exit(9);
        }
    } else if (int failed = posix_spawn(&pid, "/bin/true", nullptr, nullptr, argv, environ))
        fail("posix_spawn", failed);
    await(pid, "an executed child failed");
}

static void dl_step(random_numbers &r)
{
    static const char *const libraries[] = {"libz.so.1", "libbz2.so.1.0", "liblzma.so.5"};
    void *h = dlopen(libraries[r(3)], RTLD_NOW);
    if (!h) return;
    typedef const char *version_of(void);
    if (void *f = dlsym(h, "zlibVersion")) reinterpret_cast<version_of *>(f)();
    if (dlclose(h)) fail("dlclose");
}

NOINLINE static void throw_at(int depth, random_numbers &r)
{
    char pad[64];
    memset(pad, depth, sizeof pad);
    KEEP_FRAME(depth);
    if (depth > 0) {
        throw_at(depth - 1, r);
        sink = sink + uint64_t(pad[depth & 63]);
        return;
    }
    if (r(2) || sanitized()) throw int(r(1000));
    sink = uint64_t(uintptr_t(::operator new(size_t(1) << 62)));
}

static void throw_step(random_numbers &r)
{
    try {
        throw_at(int(r(12)), r);
        fail("nothing was thrown");
    } catch (const std::bad_alloc &) {
    } catch (int) {
    }
    objects_step(r);
}

static thread_local sigjmp_buf back;
static void jump_out(int)
{
    siglongjmp(back, 1);
}

NOINLINE static void raise_below(int depth)
{
    KEEP_FRAME(depth);
    if (depth) raise_below(depth - 1);
    else pthread_kill(pthread_self(), SIGUSR1);
    compute(1);
}

static void longjmp_step(random_numbers &r)
{
    if (sigsetjmp(back, 1) == 0) {
        raise_below(int(r(10)));
        fail("no longjmp came");
    }
    objects_step(r);
}

static void *cancelled_thread(void *arg)
{
    uintptr_t how = uintptr_t(arg);
    if (how == 0) pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    for (;;) {
        if (how == 0) sink = sink + 1;
        else if (how == 1) usleep(100000);
        else if (how == 2) poll(nullptr, 0, 100);
        else pause();
    }
}

static void cancel_step(random_numbers &r)
{
    pthread_t t;
    void *result;
    if (int failed = pthread_create(&t, nullptr, cancelled_thread, reinterpret_cast<void *>(uintptr_t(r(4))))) fail("pthread_create", failed);
    compute(int(r(50)));
    if (pthread_cancel(t) || pthread_join(t, &result) || result != PTHREAD_CANCELED) fail("pthread_cancel");
}

static std::atomic<long> n_inner;
static void inner(int)
{
    int saved = errno;
    compute(2);
    n_inner++;
    errno = saved;
}
static void outer(int)
{
    int saved = errno;
    pthread_kill(pthread_self(), SIGURG);
    compute(2);
    errno = saved;
}

static void nested_step(random_numbers &)
{
    errno = 12345;
    for (int i = 0; i < 3; i++)
        if (pthread_kill(pthread_self(), SIGUSR2)) fail("pthread_kill");
    if (errno != 12345) fail("errno changed over nested handlers", errno);
}

static void wait_step(random_numbers &)
{
    double start = now();
    timespec t = {0, 5000000};
    if (nanosleep(&t, nullptr)) fail("nanosleep was interrupted", errno);
    if (poll(nullptr, 0, 5)) fail("poll was interrupted", errno);
    if (now() - start < 0.0098) fail("a wait was too short");
}

// Every lock guards a counter that nothing else guards. Two counts of all are equal where no lock let two threads in.
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long guarded[3];
static std::atomic<long> counted[3];
static void count_in(int which, random_numbers &r)
{
    long seen = guarded[which];
    compute(int(r(4)));
    guarded[which] = seen + 1;
    counted[which]++;
}

static void locks_step(random_numbers &r)
{
    errno = 4711;
    if (pthread_mutex_lock(&plain)) fail("pthread_mutex_lock");
    count_in(0, r);
    if (r(8) == 0) pthread_cond_broadcast(&turned);
    timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec = (until.tv_nsec + 1000000) % 1000000000; // now and then a second early: over at once
    int waited = r(16) == 0 ? pthread_cond_timedwait(&turned, &plain, &until) : 0;
    if (waited && waited != ETIMEDOUT) fail("pthread_cond_timedwait", waited);
    if (pthread_mutex_unlock(&plain)) fail("pthread_mutex_unlock");
    if (pthread_mutex_lock(&recursive) || pthread_mutex_lock(&recursive)) fail("a recursive lock");
    count_in(1, r);
    if (pthread_mutex_unlock(&recursive) || pthread_mutex_unlock(&recursive)) fail("a recursive unlock");
    if (r(2) ? pthread_rwlock_wrlock(&rw) : pthread_rwlock_timedwrlock(&rw, &until)) {
        compute(1); // a time that was over
    } else {
        count_in(2, r);
        if (pthread_rwlock_unlock(&rw)) fail("pthread_rwlock_unlock");
    }
    if (pthread_rwlock_rdlock(&rw)) fail("pthread_rwlock_rdlock");
    long seen = guarded[2];
    compute(int(r(4)));
    if (guarded[2] != seen) fail("somebody wrote among readers");
    if (pthread_rwlock_unlock(&rw)) fail("pthread_rwlock_unlock");
    if (errno != 4711) fail("errno changed over locks", errno);
}

struct weather {
    const char *name;
    void (*step)(random_numbers &);
    int threads;
};
static const weather kinds[] = {{"objects", objects_step, 3}, {"errno", errno_step, 2},  {"threads", threads_step, 2},
                                {"fork", fork_step, 1},       {"spawn", spawn_step, 1},  {"dlopen", dl_step, 2},
                                {"throw", throw_step, 1},     {"longjmp", longjmp_step, 1}, {"cancel", cancel_step, 1},
                                {"nested", nested_step, 1},   {"wait", wait_step, 1},    {"locks", locks_step, 3}};
enum { WORKERS = 19 };

static struct worker {
    const weather *kind;
    std::atomic<int> tid;
    std::atomic<long> steps;
    uint64_t seed;
} workers[WORKERS];

static void *work(void *arg)
{
    worker *w = static_cast<worker *>(arg);
    random_numbers r = {w->seed};
    w->tid = int(syscall(SYS_gettid));
    while (!stop) {
        w->kind->step(r);
        w->steps++;
    }
    return nullptr;
}

// ---- the sender

static double signals_per_second;
static long n_sent;
static double send_seconds;

static uint64_t some_value(random_numbers &r)
{
    switch (r(4)) {
    case 0: return uint64_t(0x77616b65) << 32;             // a wake-up
    case 1: return uint64_t(2 * r(20) + 1) << 32 | r(16384); // a tick of some window and slot
    case 2: return uint64_t(0x61736b20) << 32 | r(100);    // a question of a thread dump
    default: return r.x;
    }
}

static bool send_one(random_numbers &r)
{
    siginfo_t si;
    memset(&si, 0, sizeof si);
    si.si_signo = private_signal;
    si.si_code = SI_QUEUE;
    si.si_pid = getpid();
    si.si_uid = getuid();
    si.si_value.sival_ptr = reinterpret_cast<void *>(some_value(r));
    int tid = workers[r(WORKERS)].tid;
    return tid && syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, private_signal, &si) == 0;
}

static void *send(void *)
{
    random_numbers r = {88172645463325252u};
    double start = now(), sent = 0;
    while (!stop) {
        double due = (now() - start) * signals_per_second - sent;
        for (int i = 0; i < due && i < 2000 && !stop; i++, sent++)
            if (send_one(r)) n_sent++;
        timespec t = {0, 500000};
        nanosleep(&t, nullptr);
    }
    send_seconds = now() - start;
    return nullptr;
}

static long status_field(const char *name, int base)
{
    char text[8192], *at;
    FILE *f = fopen("/proc/self/status", "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = 0;
    return (at = strstr(text, name)) ? long(strtoul(at + strlen(name), nullptr, base)) : 0;
}

// ---- the whole

static void watch(double seconds)
{
    long seen[WORKERS] = {0};
    double moved[WORKERS], end = now() + seconds;
    for (double &m : moved) m = now();
    while (now() < end) {
        timespec t = {0, 200000000};
        nanosleep(&t, nullptr);
        for (int i = 0; i < WORKERS; i++) {
            long steps = workers[i].steps;
            if (steps != seen[i]) seen[i] = steps, moved[i] = now();
            if (now() - moved[i] > 45) {
                fprintf(stderr, "storm: no progress in %s\n", workers[i].kind->name);
                abort();
            }
        }
    }
}

static void print_live(double rate)
{
    long objects[SITES] = {0}, bytes[SITES] = {0};
    double variance[SITES] = {0};
    for (auto &place : kept) {
        const object *o = place;
        if (!o) continue;
        double p = -expm1(-double(o->size) / rate), size = double(o->size);
        objects[o->from]++;
        bytes[o->from] += long(o->size);
        variance[o->from] += size * size * (1 - p) / p;
    }
    for (int s = 0; s < SITES; s++) printf("LIVE %s %ld %ld %.0f\n", site_names[s], objects[s], bytes[s], variance[s]);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 10, rate = argc > 2 ? atof(argv[2]) : 1024;
    signals_per_second = argc > 3 ? atof(argv[3]) : 11000;
    setvbuf(stdout, nullptr, _IOFBF, 1 << 14);
    private_signal = SIGRTMAX + 1;
    if (private_signal <= 64 && !(uint64_t(status_field("SigCgt:", 16)) >> (private_signal - 1) & 1)) private_signal = 0;
    struct sigaction act = {};
    act.sa_handler = jump_out;
    sigaction(SIGUSR1, &act, nullptr);
    act.sa_flags = SA_RESTART;
    act.sa_handler = outer;
    sigaction(SIGUSR2, &act, nullptr);
    act.sa_handler = inner;
    sigaction(SIGURG, &act, nullptr);

    sanitized(); // dlsym in a forked child may find the loader locked
    pthread_t threads[WORKERS], sender, first;
    if (pthread_create(&first, nullptr, exit_once, nullptr) || pthread_join(first, nullptr)) fail("pthread_create");
    int n = 0;
    for (const weather &k : kinds)
        for (int i = 0; i < k.threads; i++, n++) {
            workers[n].kind = &k;
            workers[n].seed = 0x9e3779b97f4a7c15u * uint64_t(n + 1);
            if (pthread_create(&threads[n], nullptr, work, &workers[n])) fail("pthread_create");
        }
    bool storms = private_signal > 0 && private_signal <= 64 && signals_per_second > 0;
    if (storms) pthread_create(&sender, nullptr, send, nullptr);
    watch(seconds);
    long waiting = status_field("SigQ:", 10);
    stop = true;
    if (storms) pthread_join(sender, nullptr);
    for (pthread_t t : threads) pthread_join(t, nullptr);

    for (const weather &k : kinds) {
        long steps = 0;
        for (const worker &w : workers) steps += w.kind == &k ? w.steps.load() : 0;
        printf("COUNT %s %ld\n", k.name, steps);
        if (steps == 0) fail("one kind did nothing");
    }
    for (int i = 0; i < 3; i++)
        if (guarded[i] != counted[i]) fail("a lock let two threads in", i);
    printf("SIGNALS %ld %.3f\n", n_sent - waiting, send_seconds);
    print_live(rate);
    puts("OK");
    return 0;
}
