// SPDX-License-Identifier: Apache-2.0
/* Threads blocked in eight ways under plain, frame-pointer and alloca callers: the walk from pc and sp alone must
 * give the stack that a signal handler on the same thread gives afterwards. */
#include <alloca.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "unwind/modules.h"
#include "unwind/sigsafe/walk.h"

enum { N = 96, DEPTH = 64, STACK_SIZE = 256 << 10 };

static struct pp_modules modules;
static int never[2]; /* a pipe that nobody writes to */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t zero;
static _Atomic int n_started, n_handled;

static struct {
    pid_t tid;
    uintptr_t stack_hi, pcs[DEPTH];
    size_t n;
} threads[N];

static _Thread_local int self;

__attribute__((noinline)) static void block(int k)
{
    char byte;
    struct timespec long_time = {1000, 0};
    struct pollfd p = {never[0], POLLIN, 0};
    struct epoll_event ev;
    switch (k % 8) {
    case 0: (void)!read(never[0], &byte, 1); break;
    case 1: nanosleep(&long_time, NULL); break;
    case 2: poll(&p, 1, -1); break;
    case 3: pthread_mutex_lock(&held); break;
    case 4: sem_wait(&zero); break;
    case 5:
        pthread_mutex_lock(&own);
        pthread_cond_wait(&condition, &own);
        break;
    case 6: epoll_wait(epoll_create1(EPOLL_CLOEXEC), &ev, 1, -1); break;
    default: syscall(SYS_ppoll, &p, 1, NULL, NULL, 8); break;
    }
    __asm__ volatile("");
}

static void with_pointer(int k, int depth);

__attribute__((noinline)) static void with_alloca(int k, int depth)
{
    char *p = alloca((size_t)(k * 37 % 500 + 16));
    p[0] = (char)k;
    __asm__ volatile("" ::"r"(p) : "memory");
    if (depth > 0)
        with_pointer(k, depth - 1);
    else
        block(k);
    __asm__ volatile("" ::"r"(p) : "memory");
}

__attribute__((noinline, optimize("no-omit-frame-pointer"))) static void with_pointer(int k, int depth)
{
    volatile int x[5] = {k};
    if (depth == 0)
        block(k);
    else if ((k + depth) % 2)
        with_pointer(k, depth - 1);
    else
        with_alloca(k, depth - 1);
    x[0]++;
}

__attribute__((noinline, optimize("omit-frame-pointer"))) static void plain(int k, int depth)
{
    volatile int x[3] = {k};
    if (depth == 0)
        block(k);
    else if ((k + depth) % 3 == 0)
        with_alloca(k, depth - 1);
    else
        plain(k, depth - 1);
    x[0]++;
}

static void on_signal(int sig, siginfo_t *info, void *ucontext)
{
    (void)sig;
    (void)info;
    uint8_t window[1024];
    struct pp_modules_reader rd;
    struct pp_walk_regs regs;
    struct pp_walk_result result;
    struct pp_peek mem;
    const struct pp_module_map *map = pp_modules_enter(&modules, &rd);
    pp_walk_regs_from_ucontext(ucontext, &regs);
    pp_peek_init_own(&mem, PP_WALK_SP(&regs) & ~(uintptr_t)7, threads[self].stack_hi, window, sizeof window);
    threads[self].n = pp_walk(map, &regs, &mem, NULL, threads[self].pcs, DEPTH, &result);
    pp_modules_leave(&modules, &rd);
    n_handled++;
}

static void *run_thread(void *arg)
{
    self = (int)(intptr_t)arg;
    pthread_attr_t attr;
    void *lo;
    size_t size;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &lo, &size);
    pthread_attr_destroy(&attr);
    threads[self].stack_hi = (uintptr_t)lo + size;
    threads[self].tid = (pid_t)syscall(SYS_gettid);
    n_started++;
    switch (self % 3) {
    case 0: plain(self, self % 13 + 2); break;
    case 1: with_pointer(self, self % 11 + 2); break;
    default: with_alloca(self, self % 7 + 1); break;
    }
    return NULL;
}

/* Where the thread is blocked; waits until it is. */
static void blocked_at(pid_t tid, uintptr_t *ret_pc, uintptr_t *ret_sp)
{
    char path[64], line[256] = "";
    unsigned long v[9];
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    for (int i = 0; i < 2000; i++, usleep(1000)) {
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        char *got = fgets(line, sizeof line, f);
        fclose(f);
        if (!got || sscanf(line, "%lu %lx %lx %lx %lx %lx %lx %lx %lx", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6,
                           v + 7, v + 8) != 9)
            continue;
        *ret_sp = v[7];
        *ret_pc = v[8];
        return;
    }
    fail_msg("thread %d never blocked: %s", tid, line);
}

static void same_as_a_signal(void **state)
{
    (void)state;
    static uintptr_t pcs[N][DEPTH];
    static size_t n[N];
    static uint8_t copy[16 << 10], window[PP_PEEK_WINDOW];
    unsigned guessed = 0;
    for (int i = 0; i < N; i++) {
        uintptr_t pc = 0, sp = 0;
        blocked_at(threads[i].tid, &pc, &sp);
        size_t room = threads[i].stack_hi - sp;
        struct pp_peek mem;
        struct pp_walk_result result;
        size_t n_copy = pp_peek_copy(0, -1, sp, copy, room < sizeof copy ? room : sizeof copy);
        pp_peek_init_remote(&mem, 0, sp, copy, n_copy, window, sizeof window);
        n[i] = pp_walk_blocked(atomic_load(&modules.current), pc, sp, &mem, pcs[i], DEPTH, &result);
        assert_int_equal(result.end, PP_WALK_ROOT);
        guessed += result.n_guessed;
    }
    for (int i = 0; i < N; i++)
        syscall(SYS_tgkill, getpid(), threads[i].tid, SIGPROF);
    while (n_handled < N)
        usleep(100);
    for (int i = 0; i < N; i++) { /* frame 0: the call may have been entered again after the signal */
        assert_int_equal(n[i], threads[i].n);
        assert_memory_equal(pcs[i] + 1, threads[i].pcs + 1, (n[i] - 1) * sizeof pcs[i][0]);
    }
    print_message("%d threads, frame pointer searched for in %u\n", N, guessed);
    assert_true(guessed > N / 4); /* else this test has lost its subject */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_a_signal)};
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    pthread_attr_t attr;
    pthread_t t;
    if (pipe(never) || sem_init(&zero, 0, 0) || sigaction(SIGPROF, &sa, NULL)) return 1;
    pthread_mutex_lock(&held);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    for (intptr_t i = 0; i < N; i++)
        if (pthread_create(&t, &attr, run_thread, (void *)i)) return 1;
    while (n_started < N)
        usleep(100);
    if (pp_modules_init(&modules, NULL, NULL) || pp_modules_refresh(&modules, NULL, NULL)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
