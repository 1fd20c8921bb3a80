// SPDX-License-Identifier: Apache-2.0
// load_malloc: malloc and free, below 16 frames. Prints the time of a pair: "tight" frees at once (1 to 64 bytes), "batch" eight at a time,
// "set" replaces random ones of 20,000 live objects of 16 to 255 bytes.
#include <string.h>

#include "bench/rounds.h"

#define DEPTH 16
#define LIVE 20000

static uint64_t state = 88172645463325252u;
static char *live[LIVE];

/* The compiler must believe that somebody uses the object. */
static inline void use(void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

static void tight(long n)
{
    for (long i = 0; i < n; i++) {
        void *p = malloc(1 + (size_t)(i & 63));
        use(p);
        free(p);
    }
}

static void batch(long n)
{
    void *p[8];
    for (long i = 0; i < n; i += 8) {
        for (long k = 0; k < 8; k++)
            use(p[k] = malloc(1 + (size_t)((i + 5 * k) & 63)));
        for (int k = 0; k < 8; k++)
            free(p[k]);
    }
}

static void set(long n)
{
    for (long i = 0; i < n; i++) {
        uint64_t x = next_random(&state);
        char **at = &live[x % LIVE];
        free(*at);
        *at = malloc(16 + (x >> 32) % 240);
        if (!*at) abort();
        **at = (char)x;
    }
}

APART static void below(int depth, void (*run)(long), long n)
{
    volatile char room[40] = {(char)depth};
    if (depth > 0)
        below(depth - 1, run, n);
    else
        run(n);
    (void)room[0];
}

static void deep_tight(long n) { below(DEPTH, tight, n); }
static void deep_batch(long n) { below(DEPTH, batch, n); }
static void deep_set(long n) { below(DEPTH, set, n); }

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "";
    if (!*which || !strcmp(which, "tight")) measure("tight", deep_tight, 300000);
    if (!*which || !strcmp(which, "batch")) measure("batch", deep_batch, 300000);
    if (!*which || !strcmp(which, "set")) measure("set", deep_set, 100000);
    return 0;
}
