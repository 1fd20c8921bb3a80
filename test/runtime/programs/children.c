// SPDX-License-Identifier: Apache-2.0
/* A parent and its exec'ed children, each with CPU time and memory of its own in functions of its own; prints
 * "TRUTH who pid cpu_seconds" for each when it is done with its work, then "OK".
 *
 *   children          one child ends well, one is killed by SIGKILL when it has told its truth; both have replaced themselves once
 *                     by exec in place before
 *   children serve    the same children, but all stay until stdin ends
 *   children leave    ends at once; a child works on behind it
 *   children brief    60 children one after the other, each with 4 ms of CPU time; the parent prints the sum */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define SELF "/proc/self/exe"
#define KEPT ((size_t)4 << 20)
#define BURN_S 0.5
#define BRIEF_S 0.004
#define N_BRIEF 60

static volatile unsigned long sink;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A function each, so that the profiles tell who it was; `who` keeps them apart for the compiler. */
#define WORKER(name)                                                    \
    static NOINLINE void burn_##name(void)                              \
    {                                                                   \
        for (double end = cpu_seconds() + BURN_S; cpu_seconds() < end;) \
            for (unsigned long i = 0; i < 100000; i++)                  \
                sink = sink * 31 + i + sizeof #name;                    \
    }                                                                   \
    static NOINLINE void *keep_##name(void)                             \
    {                                                                   \
        char *p = malloc(KEPT + sizeof #name);                          \
        memset(p, (int)sizeof #name, KEPT);                             \
        return p;                                                       \
    }
static NOINLINE void burn_brief(void)
{
    for (double end = cpu_seconds() + BRIEF_S; cpu_seconds() < end;)
        for (unsigned long i = 0; i < 1000; i++) sink = sink * 31 + i;
}
WORKER(parent)
WORKER(first)
WORKER(second1)

static void work(const char *who)
{
    void *kept = NULL;
    if (!strcmp(who, "parent")) burn_parent(), kept = keep_parent();
    if (!strcmp(who, "first")) burn_first(), kept = keep_first();
    if (!strcmp(who, "second1")) burn_second1(), kept = keep_second1();
    sink += *(unsigned char *)kept;
    printf("TRUTH %s %d %.3f\n", who, getpid(), cpu_seconds());
    fflush(stdout);
}

static void wait_for_end_of_stdin(void)
{
    char c;
    while (read(0, &c, 1) > 0) {
    }
}

static int child(const char *who, const char *how, int in_place)
{
    if (!in_place) {
        execl(SELF, "children", "child", who, how, "again", (char *)NULL);
        return 9;
    }
    work(who);
    if (!strcmp(how, "serve")) wait_for_end_of_stdin();
    if (!strcmp(who, "second1")) raise(SIGKILL);
    return 0;
}

static pid_t start(const char *who, const char *how)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl(SELF, "children", "child", who, how, (char *)NULL);
        _exit(9);
    }
    return pid;
}

static int brief(void)
{
    for (int i = 0; i < N_BRIEF; i++) {
        int status = -1;
        waitpid(start("brief", i % 2 ? "exit" : "_exit"), &status, 0);
        if (status) return 1;
    }
    printf("TRUTH burn_brief %.3f\nOK\n", N_BRIEF * BRIEF_S);
    return 0;
}

static int brief_child(const char *how)
{
    burn_brief();
    if (!strcmp(how, "_exit")) _exit(0);
    return 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    if (!strcmp(how, "brief")) return brief();
    if (!strcmp(how, "child") && !strcmp(argv[2], "brief")) return brief_child(argv[3]);
    if (!strcmp(how, "child")) return child(argv[2], argv[3], argc > 4);
    pid_t first = start("first", how);
    if (!strcmp(how, "leave")) return 0;
    pid_t second = start("second1", how);
    work("parent");
    int a = -1, b = -1;
    waitpid(first, &a, 0);
    waitpid(second, &b, 0);
    int fine = WIFEXITED(a) && WEXITSTATUS(a) == 0 && WIFSIGNALED(b) && WTERMSIG(b) == SIGKILL;
    puts(fine ? "OK" : "a child ended in another way");
    return !fine;
}
