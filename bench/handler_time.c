// SPDX-License-Identifier: Apache-2.0
// Preloaded behind a profiler: whatever handler it sets for SIGPROF or a real-time signal is called in its place and timed: as the signal
// found the machine; with HANDLER_AGAIN set again at once (everything warm), and again after 8 MiB of other memory (L1, L2
// and TLB cold). At the end: "as_it_is|warm|cold min median p75 count" in ns, in the file that HANDLER_TIMES names.
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <x86intrin.h>

#include "bench/rounds.h"

#define TIMES 4096
#define OTHER_BYTES (8u << 20)

enum { AS_IT_IS, WARM, COLD, KINDS };
static const char *const names[KINDS] = {"as_it_is", "warm", "cold"};
static double ticks[KINDS][TIMES];
static _Atomic unsigned n_times;
static void (*timed)(int, siginfo_t *, void *);
static volatile char other[OTHER_BYTES];
static bool again;
static double start_ns;
static uint64_t start_ticks;

static uint64_t ticks_now(void)
{
    _mm_lfence();
    uint64_t t = __rdtsc();
    _mm_lfence();
    return t;
}

static double time_once(int sig, siginfo_t *info, void *context)
{
    uint64_t start = ticks_now();
    timed(sig, info, context);
    return (double)(ticks_now() - start);
}

static void handler(int sig, siginfo_t *info, void *context)
{
    unsigned at = atomic_fetch_add(&n_times, 1);
    if (at >= TIMES) return;
    ticks[AS_IT_IS][at] = time_once(sig, info, context);
    if (!again) return;
    ticks[WARM][at] = time_once(sig, info, context);
    for (unsigned i = 0; i < OTHER_BYTES; i += 64)
        other[i]++;
    ticks[COLD][at] = time_once(sig, info, context);
}

__attribute__((visibility("default"))) int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
    static int (*next)(int, const struct sigaction *, struct sigaction *);
    if (!next) next = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    bool profiling = sig == SIGPROF || sig >= 32;
    if (!act || !profiling || !(act->sa_flags & SA_SIGINFO) || act->sa_sigaction == handler) return next(sig, act, old);
    struct sigaction ours = *act;
    timed = act->sa_sigaction;
    ours.sa_sigaction = handler;
    return next(sig, &ours, old);
}

__attribute__((constructor)) static void begin(void)
{
    again = getenv("HANDLER_AGAIN") != NULL;
    start_ns = clock_ns(CLOCK_MONOTONIC);
    start_ticks = ticks_now();
}

__attribute__((destructor)) static void end(void)
{
    double ns_per_tick = (clock_ns(CLOCK_MONOTONIC) - start_ns) / (double)(ticks_now() - start_ticks);
    const char *path = getenv("HANDLER_TIMES");
    FILE *f = path ? fopen(path, "w") : NULL;
    unsigned n = atomic_load(&n_times) < TIMES ? atomic_load(&n_times) : TIMES;
    for (int k = 0; f && n && k < (again ? KINDS : WARM); k++) {
        qsort(ticks[k], n, sizeof ticks[k][0], by_value);
        fprintf(f, "%s %.0f %.0f %.0f %u\n", names[k], ticks[k][0] * ns_per_tick, ticks[k][n / 2] * ns_per_tick,
                ticks[k][n * 3 / 4] * ns_per_tick, n);
    }
    if (f) fclose(f);
}
