// SPDX-License-Identifier: Apache-2.0
// spawn N NAME=VALUE... COMMAND ARGS...: runs the command N times with these variables, prints "start min_ns median_ns" of the CPU time of one run
// (exec, loader, the program and its end; its output is thrown away).
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/rounds.h"

#define RUNS_MAX 1000

static double run_once(char **variables, int n_variables, char **command)
{
    struct rusage used;
    int status;
    pid_t child = vfork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        for (int i = 0; i < n_variables; i++)
            putenv(variables[i]);
        execvp(command[0], command);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child || status) {
        fprintf(stderr, "spawn: %s: failed with status %x\n", command[0], status);
        exit(1);
    }
    return ((double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec) * 1e9 +
           ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv)
{
    double ns[RUNS_MAX];
    int runs = argc > 2 ? atoi(argv[1]) : 0, at = 2;
    if (runs < 1 || runs > RUNS_MAX) return 2;
    while (at < argc && strchr(argv[at], '='))
        at++;
    if (at == argc) return 2;
    for (int i = 0; i < runs; i++)
        ns[i] = run_once(argv + 2, at - 2, argv + at);
    qsort(ns, (size_t)runs, sizeof ns[0], by_value);
    printf("start %.0f %.0f\n", ns[0], ns[runs / 2]);
    return 0;
}
