// SPDX-License-Identifier: Apache-2.0
#include "runtime/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>

#include "base/fmt.h"
#include "base/syscall.h"

#define CLOCK_THREAD(tid) ((int)(~(unsigned)(tid) << 3 | 6)) /* CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED: include/linux/posix-timers.h */
#define FUTEX_WORD_SHARED 0

int pp_os_getpid(void)
{
    return (int)pp_sys(SYS_getpid);
}

int pp_os_gettid(void)
{
    return (int)pp_sys(SYS_gettid);
}

static int64_t clock_ns(int clock)
{
    struct timespec t = {0};
    pp_sys(SYS_clock_gettime, clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t pp_os_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t pp_os_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t pp_os_thread_cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint32_t pp_os_tick_ns(void)
{
    struct timespec t = {0};
    long r = pp_sys(SYS_clock_getres, CLOCK_MONOTONIC_COARSE, &t);
    return pp_sys_failed(r) || t.tv_nsec <= 0 ? 4000000 : (uint32_t)t.tv_nsec;
}

uint32_t pp_os_cpu_count(void)
{
    uint64_t mask[16] = {0};
    long n = pp_sys(SYS_sched_getaffinity, 0, sizeof mask, mask);
    uint32_t count = 0;
    for (size_t i = 0; !pp_sys_failed(n) && i < 16; i++) count += (uint32_t)__builtin_popcountll(mask[i]);
    return count ? count : 1;
}

/* The kernel's struct sigevent: libc's has the thread id under a private name. */
struct kernel_sigevent {
    uint64_t value;
    int32_t signal, notify, tid;
    int32_t pad[11];
};
_Static_assert(sizeof(struct kernel_sigevent) == 64, "include/uapi/asm-generic/siginfo.h: SIGEV_MAX_SIZE");

int pp_os_cpu_timer_create(int tid, int signal, uint64_t value, int *ret_timer)
{
    struct kernel_sigevent ev = {.value = value, .signal = signal, .notify = SIGEV_THREAD_ID, .tid = tid};
    return (int)pp_sys(SYS_timer_create, CLOCK_THREAD(tid), &ev, ret_timer);
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

int pp_os_timer_set(int timer, int64_t first_ns, int64_t period_ns)
{
    struct itimerspec its = {.it_interval = timespec_of(period_ns), .it_value = timespec_of(first_ns)};
    return (int)pp_sys(SYS_timer_settime, timer, 0, &its, NULL);
}

int pp_os_timer_delete(int timer)
{
    return (int)pp_sys(SYS_timer_delete, timer);
}

int64_t pp_os_cpu_ns_of(int tid)
{
    struct timespec t;
    long r = pp_sys(SYS_clock_gettime, CLOCK_THREAD(tid), &t);
    return pp_sys_failed(r) ? r : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The number behind "name:" at the start of a line. */
static bool proc_field(pp_str text, const char *name, unsigned base, uint64_t *ret)
{
    size_t at = pp_str_find(text, pp_str_c(name));
    if (at == PP_NOT_FOUND) return false;
    size_t from = at + pp_str_c(name).n, to = from;
    while (from < text.n && (text.p[from] == '\t' || text.p[from] == ' ')) to = ++from;
    while (to < text.n && text.p[to] != '\n' && text.p[to] != '/') to++;
    return pp_str_to_u64((pp_str){text.p + from, to - from}, base, ret);
}

int64_t pp_os_timers_left(void)
{
    struct {
        uint64_t soft, hard;
    } limit = {UINT64_MAX, UINT64_MAX};
    char text[4096];
    uint64_t used = 0;
    pp_sys(SYS_prlimit64, 0, RLIMIT_SIGPENDING, NULL, &limit);
    long n = pp_os_read_file("/proc/self/status", text, sizeof text);
    if (limit.soft >= INT64_MAX) return INT64_MAX;
    if (n > 0) proc_field((pp_str){text, (size_t)n}, "\nSigQ:", 10, &used);
    return used < limit.soft ? (int64_t)(limit.soft - used) : 0;
}

bool pp_os_thread_exists(int pid, int tid)
{
    return pp_sys(SYS_tgkill, pid, tid, 0) != -ESRCH;
}

int pp_os_block_all_signals(uint64_t *ret_old)
{
    uint64_t all = ~(uint64_t)0;
    return (int)pp_sys(SYS_rt_sigprocmask, SIG_BLOCK, &all, ret_old, sizeof all);
}

int pp_os_set_signal_mask(uint64_t mask)
{
    return (int)pp_sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}

int pp_os_block_signal(int signal)
{
    uint64_t one = (uint64_t)1 << (signal - 1);
    return (int)pp_sys(SYS_rt_sigprocmask, SIG_BLOCK, &one, NULL, sizeof one);
}

int pp_os_unblock_signal(int signal)
{
    uint64_t one = (uint64_t)1 << (signal - 1);
    return (int)pp_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &one, NULL, sizeof one);
}

bool pp_os_signal_is_blocked(int signal)
{
    uint64_t mask = 0;
    pp_sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof mask);
    return mask >> (signal - 1) & 1;
}

static bool thread_has(int tid, int signal, const char *const *sets, int n_sets)
{
    char path[48], text[4096];
    pp_fmt(path, sizeof path, "/proc/self/task/%d/status", tid);
    long n = pp_os_read_file(path, text, sizeof text);
    bool in_all = n > 0;
    for (int i = 0; in_all && i < n_sets; i++) {
        uint64_t set = 0;
        in_all = proc_field((pp_str){text, (size_t)n}, sets[i], 16, &set) && set >> (signal - 1) & 1;
    }
    return in_all;
}

bool pp_os_thread_blocks(int tid, int signal)
{
    return thread_has(tid, signal, (const char *const[]){"\nSigBlk:"}, 1);
}

bool pp_os_thread_holds(int tid, int signal)
{
    return thread_has(tid, signal, (const char *const[]){"\nSigBlk:", "\nSigPnd:"}, 2);
}

/* include/linux/sched.h. Before Linux 6.4 there is only the first. */
#define PF_IO_WORKER 0x10u
#define PF_USER_WORKER 0x4000u
#define STAT_FLAGS 7 /* behind the name's ")": nothing, state, ppid, pgrp, session, tty, tpgid, flags */

enum pp_os_thread_kind pp_os_thread_kind(int tid)
{
    char path[48], text[512];
    pp_fmt(path, sizeof path, "/proc/self/task/%d/stat", tid);
    long n = pp_os_read_file(path, text, sizeof text);
    size_t behind = n > 0 ? pp_str_rfind_byte((pp_str){text, (size_t)n}, ')') : PP_NOT_FOUND;
    if (behind == PP_NOT_FOUND) return PP_OS_THREAD_USER;
    pp_str rest = {text + behind + 1, (size_t)n - behind - 1}, field = {0};
    uint64_t flags;
    for (int i = 0; i <= STAT_FLAGS; i++)
        if (!pp_str_next(&rest, ' ', &field)) return PP_OS_THREAD_USER;
    if (!pp_str_to_u64(field, 10, &flags)) return PP_OS_THREAD_USER;
    return flags & PF_IO_WORKER ? PP_OS_THREAD_IO_URING : flags & PF_USER_WORKER ? PP_OS_THREAD_KERNEL_WORKER : PP_OS_THREAD_USER;
}

/* A blocked signal is kept even when it will be ignored in the end (SIGCHLD of a program without a handler for it). */
static bool is_ignored(int signal)
{
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } act = {0};
    pp_sys(SYS_rt_sigaction, signal, NULL, &act, sizeof act.mask);
    if (act.handler != SIG_DFL) return act.handler == SIG_IGN;
    return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

bool pp_os_signals_pending(int except)
{
    uint64_t set = 0;
    pp_sys(SYS_rt_sigpending, &set, sizeof set);
    for (set &= ~((uint64_t)1 << (except - 1)); set; set &= set - 1)
        if (!is_ignored(__builtin_ctzll(set) + 1)) return true;
    return false;
}

bool pp_os_is_eintr(const void *ucontext)
{
    const ucontext_t *uc = ucontext;
    return (long)uc->uc_mcontext.gregs[REG_RAX] == -EINTR;
}

bool pp_os_is_restart(const void *ucontext)
{
    const ucontext_t *uc = ucontext;
    return (long)uc->uc_mcontext.gregs[REG_RAX] == SYS_restart_syscall;
}

int pp_os_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
    struct timespec t = timespec_of(timeout_ns < 0 ? 0 : timeout_ns);
    return (int)pp_sys(SYS_futex, word, FUTEX_WAIT | FUTEX_WORD_SHARED, seen, timeout_ns < 0 ? NULL : &t, NULL, 0);
}

int pp_os_futex_wake(_Atomic uint32_t *word, int n)
{
    return (int)pp_sys(SYS_futex, word, FUTEX_WAKE | FUTEX_WORD_SHARED, n, NULL, NULL, 0);
}

void pp_os_sleep_ns(int64_t ns)
{
    struct timespec t = timespec_of(ns);
    pp_sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
}

/* What the thread area must have on x86_64 with glibc: its own address at fs:0 and fs:16; the rest may be zero. Everything
 * lies at the top of the stack: [stack ... | start record | negative TLS offsets | thread area]. */
#define AREA_BYTES 8192

struct clone_start {
    void (*run)(void *arg);
    void *arg;
};

#if defined(__x86_64__)
__attribute__((noinline)) static long clone_and_run(unsigned long flags, void *sp, _Atomic uint32_t *done, void *tls)
{
    long ret;
    register long r10 __asm__("r10") = (long)done; /* child_tid */
    register long r8 __asm__("r8") = (long)tls;
    /* The child finds its start record at the top of its stack; CFI ends there, so that unwinders stop. */
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     ".cfi_remember_state\n\t"
                     ".cfi_undefined rip\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov 0(%%rsp), %%rax\n\t"
                     "mov 8(%%rsp), %%rdi\n\t"
                     "call *%%rax\n\t"
                     "mov %[exit], %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "hlt\n\t"
                     ".cfi_restore_state\n"
                     "1:"
                     : "=a"(ret)
                     : "a"(SYS_clone), "D"(flags), "S"(sp), "d"(done), "r"(r10), "r"(r8), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory");
    return ret;
}

uintptr_t pp_os_thread_area(void)
{
    uintptr_t fs = 0;
    pp_sys(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &fs);
    return fs;
}
#else
#error "runtime/os/os_linux.c: this architecture's clone stub is missing"
#endif

int pp_os_clone_thread(void *stack, size_t stack_size, void (*run)(void *arg), void *arg, _Atomic uint32_t *done)
{
    char *top = (char *)(((uintptr_t)stack + stack_size) & ~(uintptr_t)63);
    uintptr_t *area = (uintptr_t *)(void *)(top - AREA_BYTES / 2);
    memset(top - AREA_BYTES, 0, AREA_BYTES);
    area[0] = area[2] = (uintptr_t)area;
    struct clone_start *start = (struct clone_start *)(void *)(top - AREA_BYTES - 64);
    *start = (struct clone_start){run, arg};
    unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                          CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    return (int)clone_and_run(flags, start, done, area);
}

static void *map(size_t size, int flags, int fd)
{
    long r = pp_sys(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    return pp_sys_failed(r) ? NULL : (void *)r;
}

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

void *pp_os_map_wiped_on_fork(size_t size)
{
    void *p = map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (p && pp_sys_failed(pp_sys(SYS_madvise, p, size, MADV_WIPEONFORK))) {
        pp_sys(SYS_munmap, p, size);
        return NULL;
    }
    return p;
}

void *pp_os_map_shared(int fd, size_t size)
{
    return map(size, MAP_SHARED, fd);
}

void *pp_os_map_reserve(size_t size)
{
    return map(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

int pp_os_open(const char *path, int flags, int mode)
{
    return (int)pp_sys(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

int pp_os_close(int fd)
{
    return (int)pp_sys(SYS_close, fd);
}

long pp_os_read(int fd, void *buf, size_t n)
{
    return pp_sys(SYS_read, fd, buf, n);
}

long pp_os_write(int fd, const void *buf, size_t n)
{
    return pp_sys(SYS_write, fd, buf, n);
}

long pp_os_read_file(const char *path, char *buf, size_t cap)
{
    int fd = pp_os_open(path, O_RDONLY, 0);
    if (fd < 0) return fd;
    size_t n = 0;
    long r = 0;
    while (n < cap && (r = pp_os_read(fd, buf + n, cap - n)) > 0) n += (size_t)r;
    pp_os_close(fd);
    return r < 0 ? r : (long)n;
}

struct dirent_head {
    uint64_t inode, offset;
    uint16_t record_bytes;
    uint8_t type;
    char name[];
};

bool pp_os_each_thread(int pid, void (*each)(void *ctx, int tid), void *ctx)
{
    char path[40];
    pp_fmt(path, sizeof path, "/proc/%d/task", pid);
    int fd = pp_os_open(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return false;
    _Alignas(struct dirent_head) char buf[2048];
    for (long n; (n = pp_sys(SYS_getdents64, fd, buf, sizeof buf)) > 0;) {
        for (long at = 0; at < n;) {
            const struct dirent_head *d = (const void *)(buf + at);
            uint64_t tid;
            if (pp_str_to_u64(pp_str_c(d->name), 10, &tid)) each(ctx, (int)tid);
            at += d->record_bytes;
        }
    }
    pp_os_close(fd);
    return true;
}

uint64_t pp_os_device(uint32_t major, uint32_t minor)
{
    return (uint64_t)major << 32 | minor;
}

bool pp_os_file_identity(const char *path, uint64_t *ret_device, uint64_t *ret_inode)
{
    struct statx st;
    if (pp_sys_failed(pp_sys(SYS_statx, AT_FDCWD, path, 0, STATX_INO, &st))) return false;
    *ret_device = pp_os_device(st.stx_dev_major, st.stx_dev_minor);
    *ret_inode = st.stx_ino;
    return true;
}

bool pp_os_peek(const void *from, void *to, size_t n)
{
    struct iovec local = {to, n}, remote = {(void *)from, n};
    return pp_sys(SYS_process_vm_readv, pp_os_getpid(), &local, 1, &remote, 1, 0) == (long)n;
}
