// SPDX-License-Identifier: Apache-2.0
/* Forks, vforks, spawns and executes itself in every way, allocating and freeing on both sides; ends with "OK".
 *   family            all of it          family child        what the executed children do          family exec      exec in place */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

static void *churn(void *arg)
{
    void *kept[64] = {0};
    for (int i = 0; i < 20000; i++) {
        free(kept[i % 64]);
        kept[i % 64] = malloc((size_t)(i * 37 % 5000 + 1));
    }
    for (int i = 0; i < 64; i++) free(kept[i]);
    return arg;
}

static int ended_well(pid_t pid)
{
    int status = 0;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int forks(void **shared)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (int k = 0; k < 200; k++) free(shared[k]); /* copies of sampled objects */
            pthread_t t;
            pthread_create(&t, NULL, churn, NULL);
            churn(NULL);
            pthread_join(t, NULL);
            _exit(0);
        }
        if (!ended_well(pid)) return 0;
    }
    return 1;
}

static int executes(void)
{
    char path[] = "/proc/self/exe", role[] = "child", *args[] = {path, role, NULL};
    for (int i = 0; i < 5; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execv(self, args);
            _exit(9);
        }
        if (!ended_well(pid)) return 0;
        if (posix_spawn(&pid, self, NULL, NULL, args, environ) || !ended_well(pid)) return 0;
    }
    return system("exit 0") == 0;
}

int main(int argc, char **argv)
{
    self = "/proc/self/exe";
    if (argc > 1 && !strcmp(argv[1], "child")) return churn(NULL) ? 1 : 0;
    if (argc > 1 && !strcmp(argv[1], "exec")) {
        churn(NULL);
        execl(self, argv[0], (char *)NULL);
        return 1;
    }
    pthread_t busy;
    pthread_create(&busy, NULL, churn, NULL);
    void *shared[200];
    for (int i = 0; i < 200; i++) shared[i] = malloc(10000);
    int fine = forks(shared) && executes();
    for (int i = 0; i < 200; i++) free(shared[i]);
    pthread_join(busy, NULL);
    puts(fine ? "OK" : "a child failed");
    return !fine;
}
