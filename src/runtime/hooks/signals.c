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
#include "runtime/sigsafe/tick.h"

static struct {
    void *sigaction, *sigprocmask, *pthread_sigmask, *sigwait, *sigwaitinfo, *sigtimedwait, *signalfd, *sigsuspend, *signal, *bsd_signal, *ssignal, *sysv_signal,
        *__sysv_signal, *sigset, *sigignore, *sighold, *siginterrupt;
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
    /* A handler that blocks everything must not block the clock either; but on a small stack of its own ours has no room. */
    if (act && pp_guest.signal && !(act->sa_flags & SA_ONSTACK)) {
        copy = *act;
        sigdelset(&copy.sa_mask, pp_guest.signal);
        act = &copy;
    }
    int r = PP_NEXT(sigaction)(signal, act, old);
    if (r == 0 && old && signal == SIGIO && old->sa_sigaction == pp_tick) *old = (struct sigaction){.sa_handler = SIG_DFL};
    return r;
}

/* The older ways to set a disposition, which libc answers inside itself. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#define OLD_SIGNAL(name)                                                                                               \
    PP_EXPORT __sighandler_t name(int number, __sighandler_t handler)                                                  \
    {                                                                                                                  \
        if (number == pp_guest.signal && number != 0) {                                                                \
            errno = EINVAL;                                                                                            \
            return SIG_ERR;                                                                                            \
        }                                                                                                              \
        __sighandler_t old = PP_NEXT(name)(number, handler);                                                           \
        return number == SIGIO && old == (__sighandler_t)(void *)pp_tick ? SIG_DFL : old;                              \
    }

__sighandler_t bsd_signal(int number, __sighandler_t handler); /* in libc for old programs only */
OLD_SIGNAL(signal)
OLD_SIGNAL(bsd_signal)
OLD_SIGNAL(ssignal)
OLD_SIGNAL(sysv_signal)
OLD_SIGNAL(__sysv_signal)
OLD_SIGNAL(sigset)

#define OLD_CHANGE(name, params, args)                                                                                 \
    PP_EXPORT int name params                                                                                          \
    {                                                                                                                  \
        if (number == pp_guest.signal && number != 0) {                                                                \
            errno = EINVAL;                                                                                            \
            return -1;                                                                                                 \
        }                                                                                                              \
        return PP_NEXT(name) args;                                                                                     \
    }

OLD_CHANGE(sigignore, (int number), (number))
OLD_CHANGE(sighold, (int number), (number))
OLD_CHANGE(siginterrupt, (int number, int interrupt), (number, interrupt))

PP_EXPORT int sigwait(const sigset_t *set, int *ret_signal)
{
    sigset_t room;
    int r;
    PP_BLOCKING(PP_WAIT_SLEEP, r = PP_NEXT(sigwait)(pp_signals_without_ours(set, &room), ret_signal));
    return r;
}

PP_EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    sigset_t room;
    int r;
    PP_RESTARTED(PP_WAIT_SLEEP, r, PP_NEXT(sigwaitinfo)(pp_signals_without_ours(set, &room), info));
    return r;
}

PP_EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    sigset_t room;
    struct pp_deadline end;
    pp_deadline_in(&end, timeout);
    int r;
    PP_RESTARTED(PP_WAIT_SLEEP, r, PP_NEXT(sigtimedwait)(pp_signals_without_ours(set, &room), info, pp_deadline_left(&end)));
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
    PP_RESTARTED(PP_WAIT_SLEEP, r, PP_NEXT(sigsuspend)(pp_signals_without_ours(set, &room)));
    return r;
}
