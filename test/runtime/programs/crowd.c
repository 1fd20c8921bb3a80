// SPDX-License-Identifier: Apache-2.0
/* Many threads that are busy at the same time; the first ten use the CPU in a function of their own. Prints the CPU clocks: "TRUTH name
 * seconds", "TOTAL seconds" of the process.   crowd threads cpu_seconds_of_all */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile uint64_t sink;
static _Atomic uint64_t few_ns, many_ns;
static double cpu_seconds;

static uint64_t clock_ns(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void burn(void)
{
    uint64_t x = 1;
    for (int i = 0; i < 100000; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    sink += x;
}

static int is_going(void)
{
    return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) < cpu_seconds * 1e9;
}

__attribute__((noinline)) static void burn_few(void)
{
    while (is_going()) burn();
    few_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

__attribute__((noinline)) static void burn_many(void)
{
    while (is_going()) burn();
    many_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void *thread(void *arg)
{
    if (arg) burn_few();
    else burn_many();
    return NULL;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 200;
    cpu_seconds = argc > 2 ? atof(argv[2]) : 6;
    pthread_t *t = calloc((size_t)n, sizeof *t);
    for (int i = 0; i < n; i++) pthread_create(&t[i], NULL, thread, i < 10 ? t : NULL);
    for (int i = 0; i < n; i++) pthread_join(t[i], NULL);
    printf("TRUTH burn_few %.6f\nTRUTH burn_many %.6f\n", (double)few_ns / 1e9, (double)many_ns / 1e9);
    printf("TOTAL %.6f\n", (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    return 0;
}
