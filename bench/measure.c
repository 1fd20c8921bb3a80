// SPDX-License-Identifier: Apache-2.0
// measure FD SECONDS KIB COMMAND...: runs the command, kills it after SECONDS, limits its address space to KIB (0: not),
// and writes "exit wall_s cpu_s rss_kib" to descriptor FD; exit is -signal where one ended it.
//
// A program of its own because the kernel counts the memory that the parent had at exec into the child's peak: below a
// Python of 30 MB every small program seems to take 30 MB.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void kill_child(int sig)
{
    (void)sig;
    kill(child, SIGKILL);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static void run(char **command, rlim_t kib, int fd)
{
    struct rlimit limit = {kib * 1024, kib * 1024};
    close(fd);
    if (kib > 0 && setrlimit(RLIMIT_AS, &limit) != 0) _exit(126);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    int fd = atoi(argv[1]), status;
    double start = now_s();
    child = fork();
    if (child < 0) return 1;
    if (child == 0) run(argv + 4, strtoul(argv[3], NULL, 10), fd);
    signal(SIGALRM, kill_child);
    signal(SIGTERM, kill_child);
    signal(SIGINT, kill_child);
    alarm((unsigned)atoi(argv[2]));
    struct rusage used;
    while (wait4(child, &status, 0, &used) < 0) {
        if (errno != EINTR) return 1;
    }
    dprintf(fd, "%d %.6f %.6f %ld\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), now_s() - start,
            seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss);
    return 0;
}
