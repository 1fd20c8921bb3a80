// SPDX-License-Identifier: Apache-2.0
/* Burns some CPU, allocates, and ends in the way that was asked for.   ends exit|_exit|kill|abort|quick|status N */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

__attribute__((noinline)) static void burn_before_end(void)
{
    struct timespec t;
    do {
        uint64_t x = 1;
        for (int i = 0; i < 100000; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        sink += x;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    } while (t.tv_sec == 0 && t.tv_nsec < 300000000);
}

__attribute__((noinline)) static void *keep_before_end(void)
{
    void *p = malloc(8 << 20);
    return p ? memset(p, 1, 8 << 20) : NULL;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "exit";
    sink = (uintptr_t)keep_before_end();
    burn_before_end();
    if (!strcmp(how, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "_exit")) _exit(0);
    if (!strcmp(how, "quick")) quick_exit(0);
    if (!strcmp(how, "status")) return atoi(argv[2]);
    return 0;
}
