// SPDX-License-Identifier: Apache-2.0
/* Waits of every kind whose time is known, each in a function of its own name, and locks whose holders are known.
 * Every wait is timed by the program itself around the call; prints "WAIT function kind count ns preempted" and "HELD function count ns preempted"
 * (what others lost by that holder), then "OK". preempted: how often the kernel took the CPU away while the program read its clocks, by which its
 * figures and the library's may differ.
 *   delays [rounds]            all kinds, rounds times each
 *   delays short N             N waits of 2 to 200 us on two locks, for the sampling
 *   delays pair N              ns of an uncontended lock and unlock in a program with threads, and of read; least of 30 runs of N
 *   delays loop SECONDS        waits until the time is over */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define HOLD_NS 10000000

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static _Atomic int64_t all_preempted;

static int64_t preempted(void)
{
    struct rusage u;
    getrusage(RUSAGE_THREAD, &u);
    return u.ru_nivcsw;
}

/* Passes time without a call that is a wait of the library's kind. */
static void hold(int64_t ns)
{
    for (int64_t end = now_ns() + ns; now_ns() < end;) sched_yield();
}

struct figure {
    const char *name, *kind;
    _Atomic int64_t n, ns, preempted;
};

#define WAITS(X)                                                                                                       \
    X(mutex, "lock") X(timed, "lock") X(clocked, "lock") X(recursive, "lock") X(robust, "lock") X(pi, "lock") X(shared, "lock") X(c11, "lock")      \
    X(reader, "lock") X(writer, "lock") X(cond, "cond") X(cond_timed, "cond") X(sem, "sem") X(sem_timed, "sem") X(barrier, "barrier")                 \
    X(join, "join") X(child, "join") X(futex, "futex") X(pipe_read, "io") X(sock_recv, "io") X(pipe_write, "io") X(poll, "poll") X(select, "poll")      \
    X(epoll, "poll") X(nanosleep, "sleep") X(usleep, "sleep") X(gives_up, "lock")
enum {
#define X(name, kind) W_##name,
    WAITS(X)
#undef X
        N_WAITS
};
static struct figure waits[N_WAITS] = {
#define X(name, kind) {"wait_" #name, kind, 0, 0, 0},
    WAITS(X)
#undef X
};

/* noinline and followed by work, so that the caller stays in the stack. */
#define WAIT(name, call)                                                                                               \
    static NOINLINE void wait_##name(void)                                                                             \
    {                                                                                                                  \
        int64_t switches = preempted(), start = now_ns();                                                              \
        call;                                                                                                          \
        waits[W_##name].ns += now_ns() - start;                                                                        \
        switches = preempted() - switches;                                                                             \
        waits[W_##name].preempted += switches;                                                                         \
        all_preempted += switches;                                                                                     \
        waits[W_##name].n++;                                                                                           \
    }

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, recursive, robust, pi, *shared, cond_lock = PTHREAD_MUTEX_INITIALIZER;
static mtx_t c11;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem, never;
static pthread_barrier_t barrier;
static pthread_t joined;
static uint32_t word;
static int pipe_fds[2], full_fds[2], sockets[2], epoll_fd;
static bool flag;
static volatile sig_atomic_t failures;

static void check(int r, const char *what)
{
    if (r == 0) return;
    printf("FAIL %s: %d\n", what, r);
    failures++;
}

static const struct timespec *in_ns(clockid_t clock, int64_t ns)
{
    static _Thread_local struct timespec t;
    clock_gettime(clock, &t);
    int64_t at = t.tv_nsec + ns;
    t.tv_sec += at / 1000000000;
    t.tv_nsec = at % 1000000000;
    return &t;
}

static void until_flag(void)
{
    while (!flag) check(pthread_cond_wait(&cond, &cond_lock), "cond_wait");
}

WAIT(mutex, check(pthread_mutex_lock(&plain), "lock"))
WAIT(timed, check(pthread_mutex_timedlock(&plain, in_ns(CLOCK_REALTIME, 1000000000)), "timedlock"))
WAIT(clocked, check(pthread_mutex_clocklock(&plain, CLOCK_MONOTONIC, in_ns(CLOCK_MONOTONIC, 1000000000)), "clocklock"))
WAIT(recursive, check(pthread_mutex_lock(&recursive), "recursive"))
WAIT(robust, check(pthread_mutex_lock(&robust), "robust"))
WAIT(pi, check(pthread_mutex_lock(&pi), "pi"))
WAIT(shared, check(pthread_mutex_lock(shared), "shared"))
WAIT(c11, check(mtx_lock(&c11) != thrd_success, "c11"))
WAIT(reader, check(pthread_rwlock_rdlock(&rw), "rdlock"))
WAIT(writer, check(pthread_rwlock_wrlock(&rw), "wrlock"))
WAIT(cond, until_flag())
WAIT(cond_timed, check(pthread_cond_timedwait(&cond, &cond_lock, in_ns(CLOCK_REALTIME, HOLD_NS)) != ETIMEDOUT, "timedwait"))
WAIT(sem, check(sem_wait(&sem), "sem"))
WAIT(sem_timed, check(sem_timedwait(&never, in_ns(CLOCK_REALTIME, HOLD_NS)) == 0 || errno != ETIMEDOUT, "sem_timedwait"))
WAIT(barrier, pthread_barrier_wait(&barrier))
WAIT(join, check(pthread_join(joined, NULL), "join"))
WAIT(child, check(waitpid(-1, NULL, 0) < 0, "waitpid"))
WAIT(futex, while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL))
WAIT(pipe_read, check(read(pipe_fds[0], &(char){0}, 1) != 1, "read"))
WAIT(sock_recv, check(recv(sockets[0], &(char){0}, 1, 0) != 1, "recv"))
WAIT(pipe_write, check(write(full_fds[1], &(char[4096]){0}, 4096) != 4096, "write"))
WAIT(poll, check(poll(NULL, 0, HOLD_NS / 1000000), "poll"))
WAIT(select, check(select(0, NULL, NULL, NULL, &(struct timeval){0, HOLD_NS / 1000}), "select"))
WAIT(epoll, check(epoll_wait(epoll_fd, &(struct epoll_event){0}, 1, HOLD_NS / 1000000), "epoll"))
WAIT(nanosleep, check(nanosleep(&(struct timespec){0, HOLD_NS}, NULL), "nanosleep"))
WAIT(usleep, check(usleep(HOLD_NS / 1000), "usleep"))
WAIT(gives_up, check(pthread_mutex_timedlock(&plain, in_ns(CLOCK_REALTIME, HOLD_NS / 2)) != ETIMEDOUT, "gives up"))

static _Atomic bool keep; /* holders hold on until it is false */

/* Holders: take the lock, tell the other thread, hold, unlock in this function. What the waiter lost is measured by the waiter. */
static sem_t held;
static int64_t unlock_ns;
#define HOLD(name, lock, unlock)                                                                                       \
    static NOINLINE void *hold_##name(void *arg)                                                                       \
    {                                                                                                                  \
        check(lock, #name);                                                                                            \
        sem_post(&held);                                                                                               \
        hold(HOLD_NS);                                                                                                 \
        while (keep) sched_yield();                                                                                    \
        int64_t switches = preempted();                                                                                \
        unlock_ns = now_ns();                                                                                          \
        check(unlock, #name);                                                                                          \
        all_preempted += preempted() - switches;                                                                       \
        return arg;                                                                                                    \
    }
HOLD(mutex, pthread_mutex_lock(&plain), pthread_mutex_unlock(&plain))
HOLD(recursive, pthread_mutex_lock(&recursive), pthread_mutex_unlock(&recursive))
HOLD(robust, pthread_mutex_lock(&robust), pthread_mutex_unlock(&robust))
HOLD(pi, pthread_mutex_lock(&pi), pthread_mutex_unlock(&pi))
HOLD(shared, pthread_mutex_lock(shared), pthread_mutex_unlock(shared))
HOLD(c11, mtx_lock(&c11) != thrd_success, mtx_unlock(&c11) != thrd_success)
HOLD(reader, pthread_rwlock_rdlock(&rw), pthread_rwlock_unlock(&rw))
HOLD(writer, pthread_rwlock_wrlock(&rw), pthread_rwlock_unlock(&rw))

static NOINLINE void *hold_in_wait(void *arg)
{
    pthread_mutex_lock(&plain);
    sem_post(&held);
    hold(HOLD_NS);
    unlock_ns = now_ns();
    check(pthread_cond_timedwait(&cond, &plain, in_ns(CLOCK_REALTIME, 5 * HOLD_NS)) != ETIMEDOUT, "hold_in_wait"); /* long: who waits is to have it meanwhile */
    pthread_mutex_unlock(&plain);
    return arg;
}

static void contend(const char *holder, void *(*hold_it)(void *), void (*wait_for_it)(void), int (*unlock)(void *), void *lock)
{
    pthread_t t;
    pthread_create(&t, NULL, hold_it, NULL);
    while (sem_trywait(&held)) sched_yield();
    int64_t before = all_preempted, start = now_ns();
    wait_for_it();
    int64_t lost = unlock_ns - start;
    unlock(lock);
    pthread_join(t, NULL);
    printf("HELD %s 1 %lld %lld\n", holder, (long long)lost, (long long)(all_preempted - before));
}
#define UNLOCK(u) ((int (*)(void *))(void *)(u))

/* What ends a wait after HOLD_NS. */
static void *later(void *arg)
{
    hold(HOLD_NS);
    ((void (*)(void))arg)();
    return NULL;
}
static void after(void (*what)(void), void (*wait)(void))
{
    pthread_t t;
    pthread_create(&t, NULL, later, (void *)what);
    wait();
    pthread_join(t, NULL);
}
static void nothing(void) {}
static void set_flag(void)
{
    pthread_mutex_lock(&cond_lock);
    flag = true;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&cond_lock);
}
static void post(void) { sem_post(&sem); }
static void reach(void) { pthread_barrier_wait(&barrier); }
static void wake(void)
{
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}
static void put(void) { check(write(pipe_fds[1], "x", 1) != 1, "put"); }
static void sends(void) { check(send(sockets[1], "x", 1, 0) != 1, "send"); }
static void drain(void)
{
    static char room[1 << 17];
    check(read(full_fds[0], room, sizeof room) <= 0, "drain");
}
static void fill(void)
{
    static char bytes[4096];
    fcntl(full_fds[1], F_SETFL, O_NONBLOCK);
    while (write(full_fds[1], bytes, sizeof bytes) > 0) {}
    fcntl(full_fds[1], F_SETFL, 0);
}
static void fork_brief(void)
{
    if (fork() == 0) {
        hold(HOLD_NS);
        _exit(0);
    }
    wait_child();
}

static void make(void)
{
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &a);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &a);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&pi, &a);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    shared = malloc(sizeof *shared);
    pthread_mutex_init(shared, &a);
    mtx_init(&c11, mtx_plain);
    sem_init(&sem, 0, 0);
    sem_init(&never, 0, 0);
    sem_init(&held, 0, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    check(pipe(pipe_fds) | pipe(full_fds) | socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "pipes");
    epoll_fd = epoll_create1(0);
}

static void locks(void)
{
    contend("hold_mutex", hold_mutex, wait_mutex, UNLOCK(pthread_mutex_unlock), &plain);
    contend("hold_mutex", hold_mutex, wait_timed, UNLOCK(pthread_mutex_unlock), &plain);
    contend("hold_mutex", hold_mutex, wait_clocked, UNLOCK(pthread_mutex_unlock), &plain);
    contend("hold_recursive", hold_recursive, wait_recursive, UNLOCK(pthread_mutex_unlock), &recursive);
    contend("hold_robust", hold_robust, wait_robust, UNLOCK(pthread_mutex_unlock), &robust);
    contend("hold_pi", hold_pi, wait_pi, UNLOCK(pthread_mutex_unlock), &pi);
    contend("hold_shared", hold_shared, wait_shared, UNLOCK(pthread_mutex_unlock), shared);
    contend("hold_c11", hold_c11, wait_c11, UNLOCK(mtx_unlock), &c11);
    contend("hold_writer", hold_writer, wait_reader, UNLOCK(pthread_rwlock_unlock), &rw);
    contend("hold_reader", hold_reader, wait_writer, UNLOCK(pthread_rwlock_unlock), &rw);
    contend("hold_in_wait", hold_in_wait, wait_mutex, UNLOCK(pthread_mutex_unlock), &plain);
}

static void gives_up(void)
{
    pthread_t t;
    keep = true; /* on a busy machine the time could be up long after the holder's */
    pthread_create(&t, NULL, hold_mutex, NULL);
    while (sem_trywait(&held)) sched_yield();
    int64_t before = waits[W_gives_up].ns, switches = all_preempted;
    wait_gives_up();
    keep = false;
    pthread_join(t, NULL);
    printf("HELD hold_mutex 1 %lld %lld\n", (long long)(waits[W_gives_up].ns - before), (long long)(all_preempted - switches));
}

static void everything(void)
{
    locks();
    gives_up();
    pthread_mutex_lock(&cond_lock);
    flag = false;
    after(set_flag, wait_cond);
    wait_cond_timed();
    pthread_mutex_unlock(&cond_lock);
    after(post, wait_sem);
    wait_sem_timed();
    after(reach, wait_barrier);
    pthread_create(&joined, NULL, later, (void *)nothing);
    wait_join();
    fork_brief();
    word = 0;
    after(wake, wait_futex);
    after(put, wait_pipe_read);
    after(sends, wait_sock_recv);
    fill();
    after(drain, wait_pipe_write);
    wait_poll();
    wait_select();
    wait_epoll();
    wait_nanosleep();
    wait_usleep();
}

/* Locks as libc answers: numbers must be the same with and without the library. */
static void errors(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &a);
    errno = 77;
    check(pthread_mutex_unlock(&m) != EPERM, "unlock of a free mutex");
    check(pthread_mutex_lock(&m), "errorcheck");
    check(pthread_mutex_lock(&m) != EDEADLK, "relock");
    check(pthread_mutex_timedlock(&m, in_ns(CLOCK_REALTIME, 1)) != EDEADLK, "timed relock");
    check(pthread_mutex_unlock(&m), "unlock");
    check(pthread_mutex_lock(&recursive) | pthread_mutex_lock(&recursive) | pthread_mutex_unlock(&recursive) | pthread_mutex_unlock(&recursive), "twice");
    check(pthread_rwlock_wrlock(&rw), "wrlock");
    check(pthread_rwlock_rdlock(&rw) != EDEADLK, "rdlock of a writer");
    check(pthread_rwlock_unlock(&rw), "rwunlock");
    check(pthread_mutex_lock(&plain), "lock");
    check(pthread_mutex_timedlock(&plain, &(struct timespec){0, -1}) != EINVAL, "bad time");
    check(pthread_mutex_timedlock(&plain, &(struct timespec){1, 0}) != ETIMEDOUT, "past");
    check(pthread_mutex_unlock(&plain), "unlock");
    check(errno != 77, "errno");
}

/* A thread that ends with a robust mutex in hand, and one that is cancelled in each kind of wait. */
static void *dies_with_it(void *arg)
{
    pthread_mutex_lock(&robust);
    return arg;
}
static void *waits_on(void *arg)
{
    ((void (*)(void))arg)();
    return NULL;
}
static void cancel_in(void (*wait)(void))
{
    pthread_t t;
    void *result;
    pthread_create(&t, NULL, waits_on, (void *)wait);
    hold(3000000);
    pthread_cancel(t);
    pthread_join(t, &result);
    check(result != PTHREAD_CANCELED, "cancelled");
}
static void cancel_cond(void)
{
    pthread_mutex_lock(&cond_lock);
    pthread_cleanup_push((void (*)(void *))(void *)pthread_mutex_unlock, &cond_lock);
    for (;;) pthread_cond_wait(&cond, &cond_lock);
    pthread_cleanup_pop(1);
}
static void cancel_read(void) { read(pipe_fds[0], &(char){0}, 1); }
static void cancel_sleep(void) { nanosleep(&(struct timespec){100, 0}, NULL); }
static void cancel_sem(void) { sem_wait(&never); }
static void ends(void)
{
    pthread_t t;
    pthread_create(&t, NULL, dies_with_it, NULL);
    pthread_join(t, NULL);
    check(pthread_mutex_lock(&robust) != EOWNERDEAD, "owner dead");
    check(pthread_mutex_consistent(&robust), "consistent");
    check(pthread_mutex_unlock(&robust), "robust");
    cancel_in(cancel_cond);
    cancel_in(cancel_read);
    cancel_in(cancel_sleep);
    cancel_in(cancel_sem);
    check(pthread_mutex_lock(&cond_lock) | pthread_mutex_unlock(&cond_lock), "after cancel");
}

/* Many waits of random lengths on the same stack. */
static _Atomic int64_t short_n, short_ns;
static NOINLINE void wait_short(int64_t ns)
{
    int64_t start = now_ns();
    nanosleep(&(struct timespec){0, ns}, NULL);
    short_ns += now_ns() - start;
    short_n++;
}
static void many_short(long n)
{
    uint64_t x = 88172645463325252u;
    prctl(PR_SET_TIMERSLACK, 1);
    for (long i = 0; i < n; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        wait_short(1000 + (int64_t)(x % 200000));
    }
    printf("WAIT wait_short sleep %lld %lld 0\n", (long long)short_n, (long long)short_ns);
}

static void pair(long n)
{
    pthread_t idle;
    pthread_create(&idle, NULL, waits_on, (void *)cancel_sem);
    int64_t best = INT64_MAX;
    for (int k = 0; k < 30; k++) {
        int64_t start = now_ns();
        for (long i = 0; i < n; i++) {
            pthread_mutex_lock(&plain);
            pthread_mutex_unlock(&plain);
        }
        int64_t ns = now_ns() - start;
        if (ns < best) best = ns;
    }
    printf("PAIR %.3f\n", (double)best / (double)n);
    best = INT64_MAX;
    int zero = open("/dev/zero", O_RDONLY);
    for (int k = 0; k < 30; k++) {
        char c;
        int64_t start = now_ns();
        for (long i = 0; i < n / 16; i++) check(read(zero, &c, 1) != 1, "read");
        int64_t ns = now_ns() - start;
        if (ns < best) best = ns;
    }
    printf("READ %.3f\n", (double)best / (double)(n / 16));
}

int main(int argc, char **argv)
{
    make();
    const char *what = argc > 1 ? argv[1] : "3";
    long n = argc > 2 ? atol(argv[2]) : 0;
    if (!strcmp(what, "short")) many_short(n);
    else if (!strcmp(what, "pair")) pair(n);
    else if (!strcmp(what, "loop")) for (int64_t end = now_ns() + n * 1000000000; now_ns() < end;) locks(), wait_nanosleep();
    else {
        for (int i = 0; i < atoi(what); i++) everything();
        errors();
        ends();
    }
    for (int i = 0; i < N_WAITS; i++)
        if (waits[i].n) printf("WAIT %s %s %lld %lld %lld\n", waits[i].name, waits[i].kind, (long long)waits[i].n, (long long)waits[i].ns, (long long)waits[i].preempted);
    puts(failures ? "FAILED" : "OK");
    return failures != 0;
}
