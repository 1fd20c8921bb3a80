// SPDX-License-Identifier: Apache-2.0
// load_libc: what a guest's other calls cost: getc (takes no lock while the program has one thread), waits that are over at once (their wrappers),
// locks and reads, thread creation and join, and the memory of a program that does nothing.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/rounds.h"

static FILE *file;
static int ready[2], epoll_fd;

static void get_characters(long n)
{
    unsigned sum = 0;
    rewind(file);
    for (long i = 0; i < n; i++)
        sum += (unsigned)getc(file);
    if (sum == 1) abort();
}

static void poll_ready(long n)
{
    struct pollfd fd = {.fd = ready[0], .events = POLLIN};
    for (long i = 0; i < n; i++)
        if (poll(&fd, 1, 1000) != 1) abort();
}

static void epoll_now(long n)
{
    struct epoll_event event;
    for (long i = 0; i < n; i++)
        if (epoll_wait(epoll_fd, &event, 1, 0) != 1) abort();
}

static void epoll_ready(long n)
{
    struct epoll_event event;
    for (long i = 0; i < n; i++)
        if (epoll_wait(epoll_fd, &event, 1, 1000) != 1) abort();
}

static void sleep_nothing(long n)
{
    const struct timespec none = {0, 0};
    for (long i = 0; i < n; i++)
        nanosleep(&none, NULL);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, taken = PTHREAD_MUTEX_INITIALIZER;

static void lock_and_unlock(long n)
{
    for (long i = 0; i < n; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
}

/* A lock that is busy, for a time that is over: all that a wait costs but the waiting. */
static void wait_for_taken(long n)
{
    const struct timespec past = {-1, 0};
    for (long i = 0; i < n; i++)
        if (pthread_mutex_timedlock(&taken, &past) == 0) abort();
}

static int zero;

static void read_a_byte(long n)
{
    char c;
    for (long i = 0; i < n; i++)
        if (read(zero, &c, 1) != 1) abort();
}

/* libc saves atomic instructions while there is one thread. */
static void *wait_for_ever(void *arg)
{
    pause();
    return arg;
}

static void measure_locks(void)
{
    pthread_t t;
    measure("lock_pair_one_thread", lock_and_unlock, 100000);
    if (pthread_create(&t, NULL, wait_for_ever, NULL)) abort();
    measure("lock_pair", lock_and_unlock, 100000);
    pthread_mutex_lock(&taken);
    measure("busy_lock", wait_for_taken, 20000);
    zero = open("/dev/zero", O_RDONLY);
    measure("read", read_a_byte, 20000);
}

static void *no_work(void *arg) { return arg; }

static void create_and_join(long n)
{
    pthread_t t;
    for (long i = 0; i < n; i++) {
        if (pthread_create(&t, NULL, no_work, NULL)) abort();
        pthread_join(t, NULL);
    }
}

static long resident_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) abort();
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %ld kB", &kib) == 1) break;
    fclose(status);
    return kib;
}

static void open_things(void)
{
    file = tmpfile();
    if (!file || pipe(ready) || write(ready[1], "x", 1) != 1 || (epoll_fd = epoll_create1(0)) < 0) abort();
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ready[0], &event)) abort();
    for (int i = 0; i < 600000; i++)
        putc('a' + i % 26, file);
}

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "rest";
    if (!strcmp(which, "rest")) {
        long kib = resident_kib();
        printf("rest %ld %ld\n", kib, kib);
        return 0;
    }
    open_things();
    if (!strcmp(which, "getc")) measure("getc", get_characters, 600000);
    if (!strcmp(which, "waits")) {
        measure("poll", poll_ready, 2000);
        measure("epoll0", epoll_now, 2000);
        measure("epoll", epoll_ready, 2000);
        measure("nanosleep", sleep_nothing, 2000);
    }
    if (!strcmp(which, "locks")) measure_locks();
    if (!strcmp(which, "threads")) measure_on(CLOCK_PROCESS_CPUTIME_ID, "threads", create_and_join, 100);
    return 0;
}
