/* bench/rounds.h - a load measures itself: rounds of the same work in thread CPU time, so that other processes and waiting don't count.
 *
 * A program prints one line a load, "name min_ns median_ns", of one operation; runtime_bench.py runs it again and again
 * under each configuration. */
#ifndef PP_BENCH_ROUNDS_H
#define PP_BENCH_ROUNDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 21

/* A function that stays one, with a frame of its own. */
#ifdef __clang__
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noipa))
#endif

static inline double clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One round that nobody counts, then ROUNDS of n operations each. */
static inline void measure_on(clockid_t clock, const char *name, void (*run)(long n), long n)
{
    double ns[ROUNDS];
    run(n);
    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_ns(clock);
        run(n);
        ns[i] = (clock_ns(clock) - start) / (double)n;
    }
    qsort(ns, ROUNDS, sizeof ns[0], by_value);
    printf("%s %.4f %.4f\n", name, ns[0], ns[ROUNDS / 2]);
}

static inline void measure(const char *name, void (*run)(long n), long n)
{
    measure_on(CLOCK_THREAD_CPUTIME_ID, name, run, n);
}

static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

#endif
