// SPDX-License-Identifier: Apache-2.0
/* Burns known shares of CPU in known functions: long threads, threads of under 2 ms, the main thread. "TRUTH name seconds" lines, then
 * "TOTAL seconds" of the process.   cpu_truth [rounds]
 *
 * Long threads read no CPU clock but at their end. With reads between the functions (of a fixed length) one of three had 22 to 30 % too
 * much on a busy machine, under bare kernel timers as well; without them, side by side, -2 to +3 %. It seems that the read settles the
 * thread's account with the scheduler, so that a used-up slice ends there and the function begins at a tick, where CPU timers sample.
 * The functions run the same loop, so a long thread's clock is divided by their iterations. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noinline, noclone, no_icf))

enum { A, B, C, LOOPS, SHORT = LOOPS, MAIN, KINDS };
static const char *const names[KINDS] = {"burn_a", "burn_b", "burn_c", "short_thread", "main"};
static _Atomic uint64_t spent[KINDS];
static volatile uint64_t sink;

static uint64_t clock_ns(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#define BURN(name)                                                                                                     \
    NOINLINE static void name(long k)                                                                                  \
    {                                                                                                                  \
        uint64_t x = (uint64_t)k + sizeof #name;                                                                       \
        for (long i = 0; i < k * 1000; i++) {                                                                          \
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;                                                                   \
            __asm__ volatile("" ::"r"(x));                                                                             \
        }                                                                                                              \
        sink += x;                                                                                                     \
    }
BURN(burn_a)
BURN(burn_b)
BURN(burn_c)
BURN(burn_short)
BURN(burn_main)

static int rounds = 20;

/* Half to one and a half times k: a round of a fixed length may last a whole number of ticks, and a share would be that of one phase. */
static long about(long k, uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return k / 2 + (long)((uint64_t)k * (*random >> 40) >> 24);
}

static void *long_thread(void *arg)
{
    uint64_t random = clock_ns(CLOCK_MONOTONIC) ^ (uintptr_t)&random;
    long loops[LOOPS] = {0}, k;
    for (int r = 0; r < rounds; r++) {
        loops[A] += k = about(10000, &random);
        burn_a(k);
        loops[B] += k = about(5000, &random);
        burn_b(k);
        loops[C] += k = about(3000, &random);
        burn_c(k);
    }
    double ns = (double)clock_ns(CLOCK_THREAD_CPUTIME_ID), all = (double)(loops[A] + loops[B] + loops[C]);
    for (int i = 0; i < LOOPS; i++) spent[i] += (uint64_t)(ns * (double)loops[i] / all);
    return arg;
}

static void *short_thread(void *arg)
{
    burn_short(1000);
    spent[SHORT] += clock_ns(CLOCK_THREAD_CPUTIME_ID); /* since its start */
    return arg;
}

int main(int argc, char **argv)
{
    if (argc > 1) rounds = atoi(argv[1]);
    uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    pthread_t t[2], s;
    for (int i = 0; i < 2; i++) pthread_create(&t[i], NULL, long_thread, NULL);
    for (int r = 0; r < rounds * 4; r++) {
        pthread_create(&s, NULL, short_thread, NULL);
        pthread_join(s, NULL);
        burn_main(1000);
    }
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    spent[MAIN] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    for (int k = 0; k < KINDS; k++) printf("TRUTH %s %.6f\n", names[k], (double)spent[k] / 1e9);
    printf("TOTAL %.6f\n", (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    return 0;
}
