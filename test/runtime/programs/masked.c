// SPDX-License-Identifier: Apache-2.0
/* A program that is strict about signals: its worker blocks all of them, its main thread waits for a full set, it has its own
 * SIGPROF timer and looks at its masks. Prints "OK" when it saw nothing strange, else what.   masked seconds */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t own_ticks, stop;
static volatile uint64_t sink;

static void on_prof(int signal)
{
    (void)signal;
    own_ticks++;
}

__attribute__((noinline)) static void burn_masked(void)
{
    uint64_t x = 1;
    for (int i = 0; i < 100000; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    sink += x;
}

static void *worker(void *arg)
{
    sigset_t all, now;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (!stop) burn_masked();
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    return sigismember(&now, SIGTERM) ? arg : (void *)"the worker's mask was changed";
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 2;
    signal(SIGPROF, SIG_DFL);
    signal(SIGPROF, on_prof);
    struct itimerval every = {{0, 10000}, {0, 10000}};
    pthread_t t;
    pthread_create(&t, NULL, worker, NULL);
    sigset_t prof;
    sigemptyset(&prof);
    sigaddset(&prof, SIGPROF);
    setitimer(ITIMER_PROF, &every, NULL);
    struct timespec end, now;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += seconds;
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGPROF);
    sigdelset(&all, SIGINT);
    do {
        struct timespec slice = {0, 50000000};
        siginfo_t si;
        int got = sigtimedwait(&all, &si, &slice);
        if (got > 0) {
            printf("a full set got signal %d\n", got);
            return 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
    stop = 1;
    void *complaint;
    pthread_join(t, &complaint);
    if (complaint || own_ticks == 0) {
        printf("%s\n", complaint ? (const char *)complaint : "the program's own SIGPROF timer does not run");
        return 1;
    }
    puts("OK");
    return 0;
}
