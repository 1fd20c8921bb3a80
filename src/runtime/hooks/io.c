// SPDX-License-Identifier: Apache-2.0
/* Calls that may wait for a file, a pipe, a socket, a child process or a futex, for the block profile. Compiled without frame pointers:
 * while the profile is off a wrapper is a load, a branch and a jump. The waits that need more (their time goes on behind a signal of ours)
 * are in waits.c. The _chk names are what programs built with _FORTIFY_SOURCE call. */
#undef _FILE_OFFSET_BITS /* pread and pread64 are two names here */
#include <errno.h>
#include <linux/futex.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/hooks/block.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"

static struct {
    void *read, *readv, *pread, *pread64, *preadv, *write, *writev, *pwrite, *pwrite64, *pwritev, *sendfile, *sendfile64, *recvmmsg,
        *sendmmsg, *connect, *fsync, *fdatasync, *flock, *__read_chk, *__pread_chk, *__pread64_chk, *__recv_chk, *__recvfrom_chk;
    void *wait, *waitpid, *waitid, *wait3, *wait4;
} next;

/* type name(params), whose call is next's name(args) and a wait of that kind. */
#define WRAP(kind, type, name, params, args)                                                                           \
    PP_EXPORT type name params                                                                                         \
    {                                                                                                                  \
        if (!pp_block_on()) return PP_NEXT(name) args;                                                                 \
        type result;                                                                                                   \
        PP_BLOCKING(kind, result = PP_NEXT(name) args);                                                                \
        return result;                                                                                                 \
    }

ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *p, size_t n, off64_t at, size_t room);
ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *p, size_t n, size_t room, int flags, struct sockaddr *from, socklen_t *from_n);

WRAP(PP_WAIT_IO, ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
WRAP(PP_WAIT_IO, ssize_t, __read_chk, (int fd, void *p, size_t n, size_t room), (fd, p, n, room))
WRAP(PP_WAIT_IO, ssize_t, readv, (int fd, const struct iovec *v, int n), (fd, v, n))
WRAP(PP_WAIT_IO, ssize_t, pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
WRAP(PP_WAIT_IO, ssize_t, pread64, (int fd, void *p, size_t n, off64_t at), (fd, p, n, at))
WRAP(PP_WAIT_IO, ssize_t, __pread_chk, (int fd, void *p, size_t n, off_t at, size_t room), (fd, p, n, at, room))
WRAP(PP_WAIT_IO, ssize_t, __pread64_chk, (int fd, void *p, size_t n, off64_t at, size_t room), (fd, p, n, at, room))
WRAP(PP_WAIT_IO, ssize_t, preadv, (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at))
WRAP(PP_WAIT_IO, ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
WRAP(PP_WAIT_IO, ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
WRAP(PP_WAIT_IO, ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
WRAP(PP_WAIT_IO, ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
WRAP(PP_WAIT_IO, ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at))
WRAP(PP_WAIT_IO, ssize_t, sendfile, (int out, int in, off_t *at, size_t n), (out, in, at, n))
WRAP(PP_WAIT_IO, ssize_t, sendfile64, (int out, int in, off64_t *at, size_t n), (out, in, at, n))
WRAP(PP_WAIT_IO, int, recvmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *t), (fd, m, n, flags, t))
WRAP(PP_WAIT_IO, int, sendmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags), (fd, m, n, flags))
WRAP(PP_WAIT_IO, ssize_t, __recv_chk, (int fd, void *p, size_t n, size_t room, int flags), (fd, p, n, room, flags))
WRAP(PP_WAIT_IO, ssize_t, __recvfrom_chk,
     (int fd, void *p, size_t n, size_t room, int flags, struct sockaddr *from, socklen_t *from_n), (fd, p, n, room, flags, from, from_n))
WRAP(PP_WAIT_IO, int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
WRAP(PP_WAIT_IO, int, fsync, (int fd), (fd))
WRAP(PP_WAIT_IO, int, fdatasync, (int fd), (fd))
WRAP(PP_WAIT_LOCK, int, flock, (int fd, int operation), (fd, operation))

WRAP(PP_WAIT_JOIN, pid_t, wait, (int *status), (status))
WRAP(PP_WAIT_JOIN, pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
WRAP(PP_WAIT_JOIN, int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options))
WRAP(PP_WAIT_JOIN, pid_t, wait3, (int *status, int options, struct rusage *usage), (status, options, usage))
WRAP(PP_WAIT_JOIN, pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage), (pid, status, options, usage))

/* syscall(SYS_futex, ...): the stub (hooks/syscall_x86_64.c) jumps here with the caller's arguments while the profile is on. */
extern void *pp_syscall_next __attribute__((visibility("hidden")));
long pp_syscall_futex(long number, long word, long operation, long a, long b, long c, long d) __attribute__((visibility("hidden")));

static bool futex_waits(long operation)
{
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_WAIT_REQUEUE_PI:
    case 13 /* FUTEX_LOCK_PI2 */: return true;
    default: return false;
    }
}

long pp_syscall_futex(long number, long word, long operation, long a, long b, long c, long d)
{
    long (*call)(long, long, long, long, long, long, long) = (long (*)(long, long, long, long, long, long, long))pp_syscall_next;
    bool waits = pp_block_on() && futex_waits(operation);
    int64_t start = waits ? pp_block_now() : 0;
    long r = call(number, word, operation, a, b, c, d);
    if (start) pp_block_ended(PP_WAIT_FUTEX, start);
    return r;
}
