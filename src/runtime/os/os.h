/* runtime/os/os.h - everything the runtime asks of the operating system, as plain functions over raw system calls.
 *
 * No errno, no cancellation point, no libc lock, no interposed symbol: may be called from signal handlers, hooks and
 * threads that libc does not know. A negative result is a negated errno.
 */
#ifndef PP_RUNTIME_OS_OS_H
#define PP_RUNTIME_OS_OS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

int pp_os_getpid(void);
int pp_os_gettid(void);
int64_t pp_os_monotonic_ns(void);
int64_t pp_os_realtime_ns(void);
int64_t pp_os_thread_cpu_ns(void); /* of the calling thread */
uint32_t pp_os_tick_ns(void);  /* the kernel's tick: POSIX CPU timers can't fire more often */
uint32_t pp_os_cpu_count(void); /* processors this process may run on, at least 1 */

/* A timer on the CPU time of thread tid of this process. Its signal goes to that very thread with si_value = value. */
int pp_os_cpu_timer_create(int tid, int signal, uint64_t value, int *ret_timer);
int pp_os_timer_set(int timer, int64_t first_ns, int64_t period_ns);
int pp_os_timer_delete(int timer);
int64_t pp_os_cpu_ns_of(int tid); /* CPU time of a thread of this process so far; negative: there is none */

/* How many more signals and timers this user may have (RLIMIT_SIGPENDING less what is in use, over all processes); INT64_MAX: no limit. */
int64_t pp_os_timers_left(void);

bool pp_os_thread_exists(int pid, int tid);
int pp_os_block_all_signals(uint64_t *ret_old);
int pp_os_set_signal_mask(uint64_t mask);
int pp_os_block_signal(int signal);
int pp_os_unblock_signal(int signal);
bool pp_os_signal_is_blocked(int signal); /* by the calling thread */
bool pp_os_thread_blocks(int tid, int signal); /* by a thread of this process; 10 us or more */
bool pp_os_thread_holds(int tid, int signal); /* the same, and one waits there */

/* Kernel threads that count as threads of this process. 10 us or more. */
enum pp_os_thread_kind { PP_OS_THREAD_USER, PP_OS_THREAD_IO_URING, PP_OS_THREAD_KERNEL_WORKER };
enum pp_os_thread_kind pp_os_thread_kind(int tid);

bool pp_os_signals_pending(int except); /* any other signal that is blocked now, waits, and is not ignored */
bool pp_os_is_eintr(const void *ucontext); /* the interrupted code is about to see a system call's -EINTR */
/* The kernel is about to go on with a wait that an ignored signal had ended; the return from any handler forbids it that (EINTR). */
bool pp_os_is_restart(const void *ucontext);
#if defined(__x86_64__)
#define PP_OS_SYSCALL_INSTRUCTION 0x050f /* as two little-endian bytes */
#endif

/* Futex words may be shared between processes. */
int pp_os_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns); /* timeout < 0: none */
int pp_os_futex_wake(_Atomic uint32_t *word, int n);
void pp_os_sleep_ns(int64_t ns);

/* A thread that libc does not know: own thread area (zeroed, so that stray TLS accesses hurt nobody), all signals as they are
 * masked now. `stack` of stack_size bytes is used downwards; *done becomes 0 when it has ended. */
int pp_os_clone_thread(void *stack, size_t stack_size, void (*run)(void *arg), void *arg, _Atomic uint32_t *done);

/* Memory that fork() empties in the child (one page), and memory shared with it. NULL: refused. */
void *pp_os_map_wiped_on_fork(size_t size);
void *pp_os_map_shared(int fd, size_t size);
void *pp_os_map_reserve(size_t size); /* zeroed, not counted until written */

int pp_os_open(const char *path, int flags, int mode);
int pp_os_close(int fd);
long pp_os_read(int fd, void *buf, size_t n);
long pp_os_write(int fd, const void *buf, size_t n);

/* Whole small file (e.g. in /proc) into buf; gives the bytes read or a negated errno. */
long pp_os_read_file(const char *path, char *buf, size_t cap);

/* Calls each(ctx, tid) for every thread of this process; false: /proc is not there. */
bool pp_os_each_thread(int pid, void (*each)(void *ctx, int tid), void *ctx);

/* Device and inode of a file, links followed. */
bool pp_os_file_identity(const char *path, uint64_t *ret_device, uint64_t *ret_inode);
uint64_t pp_os_device(uint32_t major, uint32_t minor);

/* Address of the calling thread's thread area, 0 when it has none. */
uintptr_t pp_os_thread_area(void);
/* process_vm_readv on ourselves. True when all n bytes came. */
bool pp_os_peek(const void *from, void *to, size_t n);

#endif
