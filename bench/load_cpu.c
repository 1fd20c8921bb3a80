// SPDX-License-Identifier: Apache-2.0
// load_cpu [THREADS] [UNITS]: threads that compute below 35 frames; built without frame pointers. Prints the thread CPU time of a unit of work.
#include <pthread.h>

#include "bench/rounds.h"

#define DEPTH 32 /* + work, thread, and libc's two frames of a thread's start: 35 and more */
#define THREADS_MAX 64

static long units = 5000;
static double spent_ns[THREADS_MAX];
static volatile uint64_t sink;

APART static uint64_t work(uint64_t x)
{
    for (int i = 0; i < 10000; i++)
        next_random(&x);
    return x;
}

/* Three frames of different sizes, so that the unwinder has several rules to find. */
static uint64_t narrow(uint64_t x, int depth);
static uint64_t wide(uint64_t x, int depth);
static uint64_t saving(uint64_t x, int depth);

APART static uint64_t narrow(uint64_t x, int depth)
{
    uint64_t r = depth > 0 ? wide(x + 1, depth - 1) : work(x);
    return r ^ 5;
}

APART static uint64_t wide(uint64_t x, int depth)
{
    volatile uint64_t room[12] = {x};
    uint64_t r = depth > 0 ? saving(x + 3, depth - 1) : work(x);
    return r + room[0];
}

APART static uint64_t saving(uint64_t x, int depth)
{
    uint64_t a = x * 3, b = x ^ 77, c = x + 11;
    uint64_t r = depth > 0 ? narrow(a, depth - 1) : work(c);
    return r * a + b + c;
}

static void *thread(void *arg)
{
    uint64_t x = (uintptr_t)arg + 1;
    double start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (long i = 0; i < units; i++)
        x = narrow(x | 1, DEPTH);
    spent_ns[(uintptr_t)arg] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    sink = x;
    return NULL;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 2;
    if (argc > 2) units = atol(argv[2]);
    if (n < 1 || n > THREADS_MAX || units < 1) return 2;
    pthread_t threads[THREADS_MAX];
    for (long i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, thread, (void *)i)) return 1;
    double sum = 0;
    for (long i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        sum += spent_ns[i];
    }
    double unit = sum / (double)n / (double)units;
    printf("cpu %.4f %.4f\n", unit, unit);
    return 0;
}
