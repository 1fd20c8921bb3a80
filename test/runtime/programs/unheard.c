// SPDX-License-Identifier: Apache-2.0
/* Threads that a profiler's signal does not reach, or that have no thread area of libc's. Each uses CPU in functions of its own and takes its
 * CPU clock: "TRUTH name seconds" lines, then "TOTAL seconds" of the process.
 *
 *   always   all signals blocked by a raw system call, all its life
 *   turns    half of its CPU time, in turns of a quarter, with signals blocked like that
 *   late     a blocked time that is over in the middle of the run
 *   bare     a raw clone without a thread area, sampled like everybody
 *   shared   a raw clone that has its maker's thread area
 *   io       io_uring's kernel threads reading a file through the page cache; "NO_IO_URING" when the kernel has none
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone, no_icf))
static volatile uint64_t sink;

static uint64_t clock_ns(clockid_t c)
{
    struct timespec t;
    syscall(SYS_clock_gettime, c, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#define BURN(name)                                                                                                     \
    NOINLINE static void name(double seconds)                                                                          \
    {                                                                                                                  \
        uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + (uint64_t)(seconds * 1e9), x = sizeof #name;                \
        while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)                                                                \
            for (int i = 0; i < 20000; i++) {                                                                          \
                x ^= x << 13, x ^= x >> 7, x ^= x << 17;                                                               \
                __asm__ volatile("" ::"r"(x));                                                                         \
            }                                                                                                          \
        sink += x;                                                                                                     \
    }
BURN(burn_always)
BURN(burn_blocked)
BURN(burn_free)
BURN(burn_late)
BURN(burn_bare)
BURN(burn_shared)

static void mask_all(int how)
{
    uint64_t all = ~(uint64_t)0;
    syscall(SYS_rt_sigprocmask, how, &all, NULL, sizeof all);
}

static void *always(void *seconds)
{
    mask_all(SIG_BLOCK);
    burn_always(*(double *)seconds);
    return NULL;
}

static void *turns(void *seconds)
{
    for (int i = 0; i < 2; i++) {
        mask_all(SIG_BLOCK);
        burn_blocked(*(double *)seconds / 4);
        mask_all(SIG_UNBLOCK);
        burn_free(*(double *)seconds / 4);
    }
    return NULL;
}

static void *late(void *seconds)
{
    mask_all(SIG_BLOCK);
    burn_late(*(double *)seconds);
    mask_all(SIG_UNBLOCK);
    return NULL;
}

/* Raw clones: nothing of libc that touches the thread area; the stack protector and errno stay out of it. */
struct raw {
    void (*burn)(double);
    double seconds;
    _Atomic uint32_t tid;
};

/* The child runs raw_run(raw) on its own stack and ends; fs as the flags say. */
__attribute__((noinline)) static long raw_clone(unsigned long flags, void *sp, _Atomic uint32_t *tid, void *area)
{
    long ret;
    register long r10 __asm__("r10") = (long)tid;
    register long r8 __asm__("r8") = (long)area;
    __asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tpop %%rax\n\tpop %%rdi\n\tcall *%%rax\n\t"
                     "mov $60, %%eax\n\txor %%edi, %%edi\n\tsyscall\n\thlt\n1:"
                     : "=a"(ret)
                     : "a"(SYS_clone), "D"(flags), "S"(sp), "d"(tid), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return ret;
}

/* clock_gettime by the instruction: libc's syscall() writes errno when it fails. */
NOINLINE static void raw_burn(struct raw *r)
{
    r->burn(r->seconds);
}

static void raw_start(struct raw *r, int own_area)
{
    size_t size = 256 << 10;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *sp = (uint64_t *)(stack + size - 4096);
    sp[0] = (uint64_t)raw_burn;
    sp[1] = (uint64_t)r;
    unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    raw_clone(own_area ? flags | CLONE_SETTLS : flags, sp, &r->tid, 0);
}

static void raw_wait(struct raw *r)
{
    while (r->tid) usleep(10000);
}

/* Reads through worker threads (IOSQE_ASYNC) until as much CPU time is theirs as wanted: process less all else is not
 * known here, so a fixed amount of bytes. */
static int io_work(int rounds)
{
    struct io_uring_params p = {0};
    int fd = (int)syscall(SYS_io_uring_setup, 8, &p);
    if (fd < 0) return 0;
    char *ring = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
    char *done = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_CQ_RING);
    struct io_uring_sqe *sqes = mmap(NULL, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
    size_t size = 8 << 20;
    char *buf = malloc(size), name[] = "/tmp/unheardXXXXXX";
    int file = mkstemp(name);
    unlink(name);
    memset(buf, 1, size);
    if (file < 0 || write(file, buf, size) != (long)size) return 0;
    for (int i = 0; i < rounds; i++) {
        unsigned *tail = (unsigned *)(ring + p.sq_off.tail), at = *tail & (p.sq_entries - 1);
        sqes[at] = (struct io_uring_sqe){.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = file, .addr = (uint64_t)buf, .len = (unsigned)size};
        ((unsigned *)(ring + p.sq_off.array))[at] = at;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return 0;
        unsigned *head = (unsigned *)(done + p.cq_off.head);
        __atomic_store_n(head, *(unsigned *)(done + p.cq_off.tail), __ATOMIC_RELEASE);
    }
    return 1;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    int rounds = argc > 2 ? atoi(argv[2]) : 100;
    struct raw bare = {burn_bare, seconds, 1}, shared = {burn_shared, seconds, 1};
    pthread_t t[3];
    pthread_create(&t[0], NULL, always, &seconds);
    pthread_create(&t[1], NULL, turns, &seconds);
    pthread_create(&t[2], NULL, late, &seconds);
    raw_start(&bare, 1);
    raw_start(&shared, 0);
    int io = io_work(rounds);
    for (int i = 0; i < 3; i++) pthread_join(t[i], NULL);
    raw_wait(&bare);
    raw_wait(&shared);
    if (!io) puts("NO_IO_URING");
    printf("TRUTH burn_bare %.6f\nTRUTH burn_shared %.6f\nTRUTH burn_free %.6f\n", seconds, seconds, seconds / 2);
    printf("TRUTH blocked %.6f\n", 2.5 * seconds);
    printf("TOTAL %.6f\n", (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    return 0;
}
