// SPDX-License-Identifier: Apache-2.0
/* Replaces itself N times, by each function of the exec family in turn, and says DONE. Status: 8 a signal is blocked after an exec,
 * 9 an exec came back, 10 arguments were lost.   reexec N, no multiple of 9 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOUR(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define MANY FOUR(FOUR(FOUR(FOUR("x"))))
#define N_MANY 256
#define WAYS 9

static int is_long(int n)
{
    return n % WAYS == 1;
}

static void go_on(char *self, int n)
{
    char left[16];
    snprintf(left, sizeof left, "%d", n - 1);
    char *args[] = {self, left, NULL};
    switch (n % WAYS) {
    case 0: execl(self, self, left, (char *)NULL); break;
    case 1: execl(self, self, left, MANY, (char *)NULL); break;
    case 2: execlp(self, self, left, (char *)NULL); break;
    case 3: execle(self, self, left, (char *)NULL, environ); break;
    case 4: execv(self, args); break;
    case 5: execve(self, args, environ); break;
    case 6: execvp(self, args); break;
    case 7: execvpe(self, args, environ); break;
    case 8: fexecve(open(self, O_RDONLY | O_CLOEXEC), args, environ); break;
    }
}

static int blocks_a_signal(void)
{
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    for (int s = 1; s < 65; s++)
        if (sigismember(&set, s) == 1) return 1;
    return 0;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 0;
    if (blocks_a_signal()) return 8;
    if (argc != (is_long(n + 1) ? 2 + N_MANY : 2)) return 10;
    if (execl("/nowhere", "nowhere", (char *)NULL) != -1 || blocks_a_signal()) return 8;
    usleep(2000);
    if (n > 0) {
        go_on(argv[0], n);
        return 9;
    }
    puts("DONE");
    return 0;
}
