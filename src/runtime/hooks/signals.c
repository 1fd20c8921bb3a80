// SPDX-License-Identifier: Apache-2.0
/* Our private signal stays out of the guest's sets: a program that blocks everything in its threads is still sampled, one that
 * waits for every signal never gets ours, one that reads its mask never sees it. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>

#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/hooks/waits.h"
#include "runtime/sigsafe/guest.h"

static struct {
    void *sigaction, *sigprocmask, *pthread_sigmask, *sigwait, *sigwaitinfo, *sigtimedwait, *signalfd, *sigsuspend;
} next;

const sigset_t *pp_signals_without_ours(const sigset_t *set, sigset_t *room)
{
    if (!set || !pp_guest.signal || sigismember(set, pp_guest.signal) != 1) return set;
    memcpy(room, set, sizeof *room);
    sigdelset(room, pp_guest.signal);
    return room;
}

PP_EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t room;
    return PP_NEXT(sigprocmask)(how, how == SIG_UNBLOCK ? set : pp_signals_without_ours(set, &room), old);
}

PP_EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t room;
    return PP_NEXT(pthread_sigmask)(how, how == SIG_UNBLOCK ? set : pp_signals_without_ours(set, &room), old);
}

/* Our handler stays; the guest is told what it would see for a signal that libc keeps for itself. */
PP_EXPORT int sigaction(int signal, const struct sigaction *act, struct sigaction *old)
{
    if (signal == pp_guest.signal && signal != 0) {
        errno = EINVAL;
        return -1;
    }
    struct sigaction copy;
    if (act && pp_guest.signal) { /* a handler that blocks everything must not block the clock either */
        copy = *act;
        sigdelset(&copy.sa_mask, pp_guest.signal);
        act = &copy;
    }
    return PP_NEXT(sigaction)(signal, act, old);
}

PP_EXPORT int sigwait(const sigset_t *set, int *ret_signal)
{
    sigset_t room;
    return PP_NEXT(sigwait)(pp_signals_without_ours(set, &room), ret_signal);
}

PP_EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    sigset_t room;
    int r;
    PP_RESTARTED(r, PP_NEXT(sigwaitinfo)(pp_signals_without_ours(set, &room), info));
    return r;
}

PP_EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    sigset_t room;
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(r, PP_NEXT(sigtimedwait)(pp_signals_without_ours(set, &room), info, pp_deadline_left(&end)));
    return r;
}

PP_EXPORT int signalfd(int fd, const sigset_t *set, int flags)
{
    sigset_t room;
    return PP_NEXT(signalfd)(fd, pp_signals_without_ours(set, &room), flags);
}

/* Returns only for a handler of the guest: ours alone starts it again. */
PP_EXPORT int sigsuspend(const sigset_t *set)
{
    sigset_t room;
    int r;
    PP_RESTARTED(r, PP_NEXT(sigsuspend)(pp_signals_without_ours(set, &room)));
    return r;
}
