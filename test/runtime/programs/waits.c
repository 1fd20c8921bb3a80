// SPDX-License-Identifier: Apache-2.0
/* Sits in every kind of wait that a signal ends in spite of SA_RESTART, and counts the ones that ended early or with EINTR.
 * Prints "READY", waits about the seconds given, then "EINTR name count" lines.   waits seconds */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static int seconds;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define WAIT(name, call)                                                                                               \
    static long n_##name;                                                                                              \
    static void *wait_##name(void *arg)                                                                                \
    {                                                                                                                  \
        int64_t start = now_ns();                                                                                      \
        int r = call;                                                                                                  \
        if (r == -1 && errno == EINTR) n_##name++;                                                                     \
        else if (now_ns() - start < (int64_t)seconds * 1000000000 - 100000000) n_##name++;                               \
        return arg;                                                                                                    \
    }


static struct timespec deadline(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += seconds;
    return t;
}

static sem_t sem;
static sigset_t usr1;
static int epoll_fd;

WAIT(nanosleep, nanosleep(&(struct timespec){seconds, 0}, NULL))
WAIT(clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){seconds, 0}, NULL) ? -1 : 0)
WAIT(usleep, usleep((useconds_t)seconds * 1000000))
WAIT(sleep, sleep((unsigned)seconds) ? -1 : 0)
WAIT(poll, poll(NULL, 0, seconds * 1000))
WAIT(ppoll, ppoll(NULL, 0, &(struct timespec){seconds, 0}, NULL))
WAIT(select, select(0, NULL, NULL, NULL, &(struct timeval){seconds, 0}))
WAIT(pselect, pselect(0, NULL, NULL, NULL, &(struct timespec){seconds, 0}, NULL))
WAIT(epoll_wait, epoll_wait(epoll_fd, &(struct epoll_event){0}, 1, seconds * 1000))
WAIT(epoll_pwait, epoll_pwait(epoll_fd, &(struct epoll_event){0}, 1, seconds * 1000, NULL))
WAIT(sigtimedwait, (sigtimedwait(&usr1, NULL, &(struct timespec){seconds, 0}), errno == EAGAIN ? 0 : -1))
static struct timespec sem_deadline;
WAIT(sem_timedwait, (sem_timedwait(&sem, &sem_deadline), errno == ETIMEDOUT ? 0 : -1))

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void *(*run)(void *arg);
        long *count;
    } waits[] = {
#define ENTRY(n) {#n, wait_##n, &n_##n}
        ENTRY(nanosleep), ENTRY(clock_nanosleep), ENTRY(usleep), ENTRY(sleep),       ENTRY(poll),         ENTRY(ppoll),
        ENTRY(select),    ENTRY(pselect),         ENTRY(epoll_wait), ENTRY(epoll_pwait), ENTRY(sigtimedwait), ENTRY(sem_timedwait),
    };
    enum { N = sizeof waits / sizeof *waits };
    pthread_t t[N];
    seconds = argc > 1 ? atoi(argv[1]) : 3;
    epoll_fd = epoll_create1(0);
    sem_init(&sem, 0, 0);
    sem_deadline = deadline();
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    for (int i = 0; i < N; i++) pthread_create(&t[i], NULL, waits[i].run, NULL);
    puts("READY");
    fflush(stdout);
    for (int i = 0; i < N; i++) pthread_join(t[i], NULL);
    long bad = 0;
    for (int i = 0; i < N; i++) {
        printf("EINTR %s %ld\n", waits[i].name, *waits[i].count);
        bad += *waits[i].count;
    }
    return bad ? 1 : 0;
}
