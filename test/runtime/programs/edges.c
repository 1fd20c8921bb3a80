// SPDX-License-Identifier: Apache-2.0
/* Narrow places in which a guest must survive us; each prints "OK".
 *   edges signals      resets every signal with signal() while CPU timers run
 *   edges altstack     a handler that blocks everything, on an alternate stack that is almost full
 *   edges coroutine    sampled allocations on a stack of 8 KiB
 *   edges first        2,000 threads whose first deed is a small allocation
 *   edges sandbox N    a seccomp filter that kills for what we would call: 1 set by prctl, 2 by syscall(), 3 refused by the kernel */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile uint64_t sink;

static void burn_ms(long ms)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    long end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
    do {
        uint64_t x = 1;
        for (int i = 0; i < 20000; i++) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        sink += x;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    } while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < end);
}

static void reset_signals(void)
{
    for (int i = 1; i < 65; i++) signal(i, SIG_DFL);
    burn_ms(200);
}

static void busy_handler(int signal)
{
    char room[3000];
    memset(room, signal, sizeof room);
    __asm__ volatile("" ::"r"(room) : "memory");
    for (volatile int i = 0; i < 20000000; i++) {}
}

static void small_alternate_stack(void)
{
    stack_t ss = {.ss_sp = malloc(8192), .ss_size = 8192};
    struct sigaction act = {.sa_handler = busy_handler, .sa_flags = SA_ONSTACK};
    sigfillset(&act.sa_mask);
    sigaltstack(&ss, NULL);
    sigaction(SIGUSR1, &act, NULL);
    for (int i = 0; i < 5; i++) raise(SIGUSR1);
}

static ucontext_t outside, inside;

static void on_small_stack(void)
{
    for (int i = 0; i < 100; i++) {
        void *volatile p = malloc(20000);
        free(p);
    }
}

static void small_coroutine(void)
{
    char *m = mmap(NULL, 65536 + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(m, 65536, PROT_NONE);
    getcontext(&inside);
    inside.uc_stack.ss_sp = m + 65536;
    inside.uc_stack.ss_size = 8192;
    inside.uc_link = &outside;
    makecontext(&inside, on_small_stack, 0);
    swapcontext(&outside, &inside);
}

__attribute__((noinline)) static void *first_allocation(void *arg)
{
    void *volatile p = malloc(100);
    burn_ms(1);
    free(p);
    return arg;
}

static void first_allocations(void)
{
    for (int i = 0; i < 500; i++) {
        pthread_t t[4];
        for (int k = 0; k < 4; k++) pthread_create(&t[k], NULL, first_allocation, NULL);
        for (int k = 0; k < 4; k++) pthread_join(t[k], NULL);
    }
}

/* Everything that only we would call ends the process. */
static int sandbox(int how)
{
    static const int deadly[] = {SYS_process_vm_readv, SYS_clock_gettime, SYS_getpid, SYS_gettid, SYS_timer_create, SYS_clone};
    struct sock_filter f[2 * sizeof deadly / sizeof *deadly + 2];
    size_t n = 0;
    f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)deadly[i], 0, 1);
        f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    }
    f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog prog = {(unsigned short)n, f};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (how == 3) return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1;
    long r = how == 1 ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
    if (r) return 0;
    for (int i = 0; i < 3000; i++) {
        void *volatile p = malloc((size_t)i * 11 + 1);
        free(p);
    }
    poll(NULL, 0, 10);
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int fine = 1;
    if (!strcmp(what, "signals")) reset_signals();
    if (!strcmp(what, "altstack")) small_alternate_stack();
    if (!strcmp(what, "coroutine")) small_coroutine();
    if (!strcmp(what, "first")) first_allocations();
    if (!strcmp(what, "sandbox")) fine = sandbox(atoi(argv[2]));
    puts(fine ? "OK" : "the set-up failed");
    return !fine;
}
