// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/waits.h"

#include <poll.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <threads.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "runtime/hooks/block.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"

/* CPUs tick at different moments, and whichever ticks next takes over from one that fell idle: nearly two ticks
 * (6.2 ms of 4 were seen). A CPU that a hypervisor holds for longer at that moment is the exception. */
#define COARSE_LAG_TICKS 2

static struct {
    void *poll, *ppoll, *__poll_chk, *__ppoll_chk, *select, *pselect, *epoll_wait, *epoll_pwait, *epoll_pwait2, *nanosleep, *clock_nanosleep,
        *sem_timedwait, *sem_clockwait, *pause, *semop, *semtimedop, *msgrcv, *msgsnd, *recv, *recvfrom, *recvmsg,
        *send, *sendto, *sendmsg, *accept, *accept4;
} next;

static int64_t to_ns(const struct timespec *t)
{
    int64_t ns;
    if (__builtin_mul_overflow(t->tv_sec, (int64_t)1000000000, &ns) || __builtin_add_overflow(ns, t->tv_nsec, &ns))
        return INT64_MAX;
    return ns;
}

static int64_t coarse_ns(void)
{
    return pp_block_clock_ns(CLOCK_MONOTONIC_COARSE);
}

void pp_deadline_in(struct pp_deadline *d, const struct timespec *timeout)
{
    *d = (struct pp_deadline){.given = timeout};
    if (!timeout || to_ns(timeout) <= 0 || !pp_guest_on()) return;
    if (__builtin_add_overflow(coarse_ns() + COARSE_LAG_TICKS * (int64_t)pp_guest.tick_ns, to_ns(timeout), &d->end_ns)) d->end_ns = INT64_MAX;
}

const struct timespec *pp_deadline_left(struct pp_deadline *d)
{
    if (!d->tried || !d->given || !d->end_ns) {
        d->tried = true;
        return d->given;
    }
    int64_t left = d->end_ns - pp_os_monotonic_ns();
    if (left < 0) left = 0;
    d->left = (struct timespec){left / 1000000000, left % 1000000000};
    return &d->left;
}

/* Milliseconds as poll and epoll_wait count them; negative: for ever. */
static const struct timespec *from_ms(int ms, struct timespec *room)
{
    if (ms < 0) return NULL;
    *room = (struct timespec){ms / 1000, ms % 1000 * 1000000L};
    return room;
}

static int left_ms(struct pp_deadline *d)
{
    const struct timespec *t = pp_deadline_left(d);
    return t ? (int)((to_ns(t) + 999999) / 1000000) : -1;
}

PP_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    struct timespec room;
    struct pp_deadline end;
    pp_deadline_in(&end, from_ms(timeout_ms, &room));
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(poll)(fds, n, left_ms(&end)));
    return r;
}

PP_EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    sigset_t room;
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(ppoll)(fds, n, pp_deadline_left(&end), pp_signals_without_ours(mask, &room)));
    return r;
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room);
PP_EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t fds_room)
{
    struct timespec room;
    struct pp_deadline end;
    pp_deadline_in(&end, from_ms(timeout_ms, &room));
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(__poll_chk)(fds, n, left_ms(&end), fds_room));
    return r;
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room);
PP_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t fds_room)
{
    sigset_t room;
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(__ppoll_chk)(fds, n, pp_deadline_left(&end), pp_signals_without_ours(mask, &room), fds_room));
    return r;
}

/* An interrupted select leaves the sets as they were and writes what is left of the time into *timeout. */
PP_EXPORT int select(int n, fd_set *r_set, fd_set *w_set, fd_set *e_set, struct timeval *timeout)
{
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(select)(n, r_set, w_set, e_set, timeout));
    return r;
}

PP_EXPORT int pselect(int n, fd_set *r_set, fd_set *w_set, fd_set *e_set, const struct timespec *timeout,
                      const sigset_t *mask)
{
    sigset_t room;
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(pselect)(n, r_set, w_set, e_set, pp_deadline_left(&end), pp_signals_without_ours(mask, &room)));
    return r;
}

PP_EXPORT int epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
    struct timespec room;
    struct pp_deadline end;
    pp_deadline_in(&end, from_ms(timeout_ms, &room));
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(epoll_wait)(fd, events, n, left_ms(&end)));
    return r;
}

PP_EXPORT int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout_ms, const sigset_t *mask)
{
    sigset_t set_room;
    struct timespec room;
    struct pp_deadline end;
    pp_deadline_in(&end, from_ms(timeout_ms, &room));
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(epoll_pwait)(fd, events, n, left_ms(&end), pp_signals_without_ours(mask, &set_room)));
    return r;
}

PP_EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
                           const sigset_t *mask)
{
    if (!PP_NEXT(epoll_pwait2)) { /* older libc than the caller asked for */
        errno = ENOSYS;
        return -1;
    }
    sigset_t room;
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(PP_WAIT_POLL, r, PP_NEXT(epoll_pwait2)(fd, events, n, pp_deadline_left(&end), pp_signals_without_ours(mask, &room)));
    return r;
}

/* The kernel itself says what is left of an interrupted sleep. */
PP_EXPORT int nanosleep(const struct timespec *wanted, struct timespec *rest)
{
    struct timespec room, *left = rest ? rest : &room;
    const struct timespec *next_wait = wanted;
    uint32_t woken;
    int r;
    int64_t start = pp_block_on() ? pp_block_now() : 0;
    do {
        woken = pp_self.woken;
        r = PP_NEXT(nanosleep)(next_wait, left);
        next_wait = left;
    } while (r == -1 && errno == EINTR && pp_self.woken != woken);
    if (start) pp_block_ended(PP_WAIT_SLEEP, start);
    return r;
}

/* Gives the error number instead of setting errno. */
PP_EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *rest)
{
    struct timespec room, *left = rest ? rest : &room;
    const struct timespec *next_wait = wanted;
    int64_t start = pp_block_on() ? pp_block_now() : 0;
    uint32_t woken;
    int r;
    do {
        woken = pp_self.woken;
        r = PP_NEXT(clock_nanosleep)(clock, flags, next_wait, left);
        if (!(flags & TIMER_ABSTIME)) next_wait = left;
    } while (r == EINTR && pp_self.woken != woken);
    if (start) pp_block_ended(PP_WAIT_SLEEP, start);
    return r;
}

/* libc's own sleep calls a private nanosleep; its contract is small enough to keep here. */
PP_EXPORT unsigned sleep(unsigned seconds)
{
    int saved = errno;
    struct timespec t = {(time_t)seconds, 0}, rest = {0};
    if (nanosleep(&t, &rest) == 0) {
        errno = saved;
        return 0;
    }
    return (unsigned)rest.tv_sec; /* as glibc: the rest of a second is lost */
}

PP_EXPORT int usleep(useconds_t us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000L};
    return nanosleep(&t, NULL);
}

PP_EXPORT int sem_timedwait(sem_t *s, const struct timespec *until)
{
    int r;
    PP_RESTARTED(PP_WAIT_SEM, r, PP_NEXT(sem_timedwait)(s, until));
    return r;
}

PP_EXPORT int sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *until)
{
    if (!PP_NEXT(sem_clockwait)) {
        errno = ENOSYS;
        return -1;
    }
    int r;
    PP_RESTARTED(PP_WAIT_SEM, r, PP_NEXT(sem_clockwait)(s, clock, until));
    return r;
}

PP_EXPORT int pause(void)
{
    int r;
    PP_RESTARTED(PP_WAIT_SLEEP, r, PP_NEXT(pause)());
    return r;
}

/* System V queues and semaphores are never restarted; socket calls are not when the socket has a timeout. */

PP_EXPORT int semop(int id, struct sembuf *ops, size_t n)
{
    int r;
    PP_RESTARTED(PP_WAIT_SEM, r, PP_NEXT(semop)(id, ops, n));
    return r;
}

PP_EXPORT int semtimedop(int id, struct sembuf *ops, size_t n, const struct timespec *timeout)
{
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(PP_WAIT_SEM, r, PP_NEXT(semtimedop)(id, ops, n, pp_deadline_left(&end)));
    return r;
}

PP_EXPORT ssize_t msgrcv(int id, void *m, size_t n, long type, int flags)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(msgrcv)(id, m, n, type, flags));
    return r;
}

PP_EXPORT int msgsnd(int id, const void *m, size_t n, int flags)
{
    int r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(msgsnd)(id, m, n, flags));
    return r;
}

/* -1 is its EINTR. */
PP_EXPORT int thrd_sleep(const struct timespec *wanted, struct timespec *rest)
{
    int saved = errno, r = nanosleep(wanted, rest);
    int result = r == 0 ? 0 : errno == EINTR ? -1 : -2;
    errno = saved;
    return result;
}

PP_EXPORT ssize_t recv(int fd, void *p, size_t n, int flags)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(recv)(fd, p, n, flags));
    return r;
}

PP_EXPORT ssize_t recvfrom(int fd, void *p, size_t n, int flags, struct sockaddr *from, socklen_t *from_n)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(recvfrom)(fd, p, n, flags, from, from_n));
    return r;
}

PP_EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(recvmsg)(fd, m, flags));
    return r;
}

PP_EXPORT ssize_t send(int fd, const void *p, size_t n, int flags)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(send)(fd, p, n, flags));
    return r;
}

PP_EXPORT ssize_t sendto(int fd, const void *p, size_t n, int flags, const struct sockaddr *to, socklen_t to_n)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(sendto)(fd, p, n, flags, to, to_n));
    return r;
}

PP_EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    ssize_t r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(sendmsg)(fd, m, flags));
    return r;
}

PP_EXPORT int accept(int fd, struct sockaddr *from, socklen_t *from_n)
{
    int r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(accept)(fd, from, from_n));
    return r;
}

PP_EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *from_n, int flags)
{
    int r;
    PP_RESTARTED(PP_WAIT_IO, r, PP_NEXT(accept4)(fd, from, from_n, flags));
    return r;
}
