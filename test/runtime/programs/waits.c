// SPDX-License-Identifier: Apache-2.0
/* Sits in every kind of wait that a signal ends in spite of SA_RESTART, again and again, and counts the ones that ended early or with
 * EINTR. Meanwhile every thread burns some CPU between its waits, and a sender queues the library's private signal to the waiting
 * threads, with the value of a wake-up or any other.
 * Prints "READY", waits about the seconds given, then "EINTR name count" lines and "SIGNALS n".   waits seconds [signals a second] */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PART_MS 500
#define PART_TIME (&(struct timespec){0, PART_MS * 1000000})

static int64_t end_ns;
static volatile uint64_t sink;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void burn(void)
{
    uint64_t x = 1;
    for (int i = 0; i < 3000000; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    sink += x;
}

static int kernel_tid(void)
{
    return (int)syscall(SYS_gettid);
}

#define WAIT(name, ms, call)                                                                                           \
    static long n_##name;                                                                                              \
    static _Atomic int tid_##name;                                                                                     \
    static void *wait_##name(void *arg)                                                                                \
    {                                                                                                                  \
        tid_##name = kernel_tid();                                                                                     \
        while (now_ns() < end_ns) {                                                                                    \
            int64_t start = now_ns();                                                                                  \
            int r = call;                                                                                              \
            if (r == -1 && errno == EINTR) n_##name++;                                                                 \
            else if (now_ns() - start < (int64_t)(ms)*1000000 - 100000) n_##name++;                                   \
            burn();                                                                                                    \
        }                                                                                                              \
        return arg;                                                                                                    \
    }

static const struct timespec *deadline(struct timespec *t)
{
    clock_gettime(CLOCK_REALTIME, t);
    t->tv_nsec += PART_MS * 1000000;
    if (t->tv_nsec >= 1000000000) t->tv_sec++, t->tv_nsec -= 1000000000;
    return t;
}

static sem_t sem;
static sigset_t usr1;
static int epoll_fd, pipe_fds[2];

WAIT(nanosleep, PART_MS, nanosleep(PART_TIME, NULL))
WAIT(clock_nanosleep, PART_MS, (errno = clock_nanosleep(CLOCK_MONOTONIC, 0, PART_TIME, NULL)) ? -1 : 0)
WAIT(usleep, PART_MS, usleep(PART_MS * 1000))
WAIT(sleep, 1000, sleep(1) ? -1 : 0)
WAIT(poll, PART_MS, poll(NULL, 0, PART_MS))
WAIT(ppoll, PART_MS, ppoll(NULL, 0, PART_TIME, NULL))
WAIT(select, PART_MS, select(0, NULL, NULL, NULL, &(struct timeval){0, PART_MS * 1000}))
WAIT(pselect, PART_MS, pselect(0, NULL, NULL, NULL, PART_TIME, NULL))
WAIT(epoll_wait, PART_MS, epoll_wait(epoll_fd, &(struct epoll_event){0}, 1, PART_MS))
WAIT(epoll_pwait, PART_MS, epoll_pwait(epoll_fd, &(struct epoll_event){0}, 1, PART_MS, NULL))
WAIT(sigtimedwait, PART_MS, (sigtimedwait(&usr1, NULL, PART_TIME), errno == EAGAIN ? 0 : -1))
WAIT(sem_timedwait, PART_MS, (sem_timedwait(&sem, deadline(&(struct timespec){0})), errno == ETIMEDOUT ? 0 : -1))
WAIT(read, 0, read(pipe_fds[0], &(char){0}, 1) == 1 ? 0 : -1)

static const struct {
    const char *name;
    void *(*run)(void *arg);
    long *count;
    _Atomic int *tid;
} waits[] = {
#define ENTRY(n) {#n, wait_##n, &n_##n, &tid_##n}
    ENTRY(nanosleep),  ENTRY(clock_nanosleep), ENTRY(usleep),       ENTRY(sleep),         ENTRY(poll), ENTRY(ppoll), ENTRY(select), ENTRY(pselect),
    ENTRY(epoll_wait), ENTRY(epoll_pwait),     ENTRY(sigtimedwait), ENTRY(sem_timedwait), ENTRY(read),
};
enum { N = sizeof waits / sizeof *waits };

/* The library's signal is the one above the last that the program may use. */
static long send_signals(long per_second)
{
    int signal = SIGRTMAX + 1;
    siginfo_t si;
    memset(&si, 0, sizeof si);
    si.si_signo = signal;
    si.si_code = SI_QUEUE;
    si.si_pid = getpid();
    si.si_uid = getuid();
    long sent = 0;
    for (int64_t start = now_ns(), now = start; now < end_ns - 300000000; now = now_ns()) {
        for (long due = (now - start) / 1000 * per_second / 1000000 - sent; due > 0; due--) {
            si.si_value.sival_ptr = (void *)(sent % 2 ? (uintptr_t)0x77616b65 << 32 : (uintptr_t)sent * 0x9e3779b97f4a7c15u);
            sent += syscall(SYS_rt_tgsigqueueinfo, si.si_pid, *waits[sent % N].tid, signal, &si) == 0;
        }
        usleep(1000);
        if (write(pipe_fds[1], "x", 1) != 1) return -1;
    }
    return sent;
}

int main(int argc, char **argv)
{
    pthread_t t[N];
    int seconds = argc > 1 ? atoi(argv[1]) : 3;
    end_ns = now_ns() + (int64_t)seconds * 1000000000;
    epoll_fd = epoll_create1(0);
    sem_init(&sem, 0, 0);
    if (pipe(pipe_fds)) return 1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    for (int i = 0; i < N; i++) pthread_create(&t[i], NULL, waits[i].run, NULL);
    usleep(100000);
    puts("READY");
    fflush(stdout);
    long sent = send_signals(argc > 2 ? atol(argv[2]) : 0);
    for (int i = 0; i < N; i++) pthread_join(t[i], NULL);
    long bad = sent < 0;
    for (int i = 0; i < N; i++) {
        printf("EINTR %s %ld\n", waits[i].name, *waits[i].count);
        bad += *waits[i].count;
    }
    printf("SIGNALS %ld\n", sent);
    return bad ? 1 : 0;
}
