// SPDX-License-Identifier: Apache-2.0
/* What changes the process under us: sandboxes, credentials, name spaces, forks, and programs that close what they don't know.
 *
 * Before a seccomp filter loads we freeze: no system call of ours may come any more, only writes to memory. Credentials and
 * name spaces are the thread's: an agent that libc doesn't know would keep the old ones (and unshare refuses processes with several
 * threads), so it ends first and is started again when its work isn't done. */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <linux/seccomp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/syscall.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/agent.h"
#include "runtime/sigsafe/guest.h"
#include "runtime/sources/cpu.h"

static struct {
    void *prctl, *unshare, *setns, *setuid, *setgid, *seteuid, *setegid, *setreuid, *setregid, *setresuid, *setresgid, *setgroups, *initgroups,
        *setfsuid, *setfsgid, *capset, *fork,
        *close, *close_range, *closefrom;
} next;

/* A vfork child runs in our memory, but is another process: what it does to itself is no business of ours. */
static bool in_guest(void)
{
    return pp_guest_on() && pp_os_getpid() == pp_guest.pid;
}

static bool freeze(const char *why)
{
    if (!in_guest()) return false;
    pp_agent_end();
    pp_cpu_stop();
    struct pp_ledger_process *p = pp_guest_process();
    pp_fmt(p->frozen_why, sizeof p->frozen_why, "%s", why);
    atomic_store(&p->state, PP_GUEST_FROZEN);
    atomic_store(pp_guest.on, PP_GUEST_ON_FROZEN);
    return true;
}

static void thaw(void)
{
    atomic_store(&pp_guest_process()->state, PP_GUEST_ON);
    atomic_store(pp_guest.on, 1);
    if (atomic_load(&pp_guest.ledger.head->cpu_hz)) pp_agent_wake(); /* the window was left */
}

/* Called by the syscall() stub (hooks/syscall_x86_64.c) before a filter loads; that it failed is not seen there. */
void pp_freeze_for_seccomp(void);
void pp_freeze_for_seccomp(void)
{
    freeze("seccomp");
}

PP_EXPORT int prctl(int option, ...)
{
    va_list ap;
    va_start(ap, option);
    unsigned long a = va_arg(ap, unsigned long), b = va_arg(ap, unsigned long), c = va_arg(ap, unsigned long), d = va_arg(ap, unsigned long);
    va_end(ap);
    bool frozen = option == PR_SET_SECCOMP && (a != SECCOMP_MODE_FILTER || b) && freeze("seccomp");
    int r = PP_NEXT(prctl)(option, a, b, c, d);
    if (r < 0 && frozen) thaw();
    return r;
}

/* The agent is out of the way while `call` runs. */
#define WITHOUT_AGENT(call)                                                                                            \
    do {                                                                                                               \
        bool again_ = in_guest() && pp_agent_end();                                                                               \
        int result_ = (call);                                                                                          \
        int saved_ = errno;                                                                                            \
        if (again_) pp_agent_wake();                                                                                   \
        errno = saved_;                                                                                                \
        return result_;                                                                                                \
    } while (0)

PP_EXPORT int unshare(int flags)
{
    WITHOUT_AGENT(PP_NEXT(unshare)(flags));
}

PP_EXPORT int setns(int fd, int type)
{
    WITHOUT_AGENT(PP_NEXT(setns)(fd, type));
}

PP_EXPORT int setuid(uid_t u)
{
    WITHOUT_AGENT(PP_NEXT(setuid)(u));
}

PP_EXPORT int setgid(gid_t g)
{
    WITHOUT_AGENT(PP_NEXT(setgid)(g));
}

PP_EXPORT int seteuid(uid_t u)
{
    WITHOUT_AGENT(PP_NEXT(seteuid)(u));
}

PP_EXPORT int setegid(gid_t g)
{
    WITHOUT_AGENT(PP_NEXT(setegid)(g));
}

PP_EXPORT int setreuid(uid_t r, uid_t e)
{
    WITHOUT_AGENT(PP_NEXT(setreuid)(r, e));
}

PP_EXPORT int setregid(gid_t r, gid_t e)
{
    WITHOUT_AGENT(PP_NEXT(setregid)(r, e));
}

PP_EXPORT int setresuid(uid_t r, uid_t e, uid_t s)
{
    WITHOUT_AGENT(PP_NEXT(setresuid)(r, e, s));
}

PP_EXPORT int setresgid(gid_t r, gid_t e, gid_t s)
{
    WITHOUT_AGENT(PP_NEXT(setresgid)(r, e, s));
}

PP_EXPORT int setgroups(size_t n, const gid_t *groups)
{
    WITHOUT_AGENT(PP_NEXT(setgroups)(n, groups));
}

PP_EXPORT int initgroups(const char *user, gid_t group)
{
    WITHOUT_AGENT(PP_NEXT(initgroups)(user, group));
}

PP_EXPORT int setfsuid(uid_t u)
{
    WITHOUT_AGENT(PP_NEXT(setfsuid)(u));
}

PP_EXPORT int setfsgid(gid_t g)
{
    WITHOUT_AGENT(PP_NEXT(setfsgid)(g));
}

int capset(void *header, const void *data); /* libc has it, no header declares it */
PP_EXPORT int capset(void *header, const void *data)
{
    WITHOUT_AGENT(PP_NEXT(capset)(header, data));
}

/* A child must not hold our listener: the address would stay taken after its parent's end. */
PP_EXPORT pid_t fork(void)
{
    pid_t pid = PP_NEXT(fork)();
    if (pid == 0 && pp_guest.listener >= 0) {
        pp_os_close(pp_guest.listener);
        pp_guest.listener = -1;
    }
    return pid;
}

static bool is_ours(unsigned fd)
{
    return pp_guest.listener >= 0 && fd == (unsigned)pp_guest.listener;
}

PP_EXPORT int close(int fd)
{
    if (__builtin_expect(is_ours((unsigned)fd), 0)) {
        errno = EBADF;
        return -1;
    }
    return PP_NEXT(close)(fd);
}

PP_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (!PP_NEXT(close_range)) {
        errno = ENOSYS;
        return -1;
    }
    unsigned ours = (unsigned)pp_guest.listener;
    if (pp_guest.listener < 0 || ours < first || ours > last) return PP_NEXT(close_range)(first, last, flags);
    if (ours > first && PP_NEXT(close_range)(first, ours - 1, flags)) return -1;
    return ours < last ? PP_NEXT(close_range)(ours + 1, last, flags) : 0;
}

PP_EXPORT void closefrom(int first)
{
    if (pp_guest.listener < first || !PP_NEXT(close_range)) {
        if (PP_NEXT(closefrom)) PP_NEXT(closefrom)(first);
        return;
    }
    if (close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0) == 0) return;
    struct rlimit limit = {0};
    pp_sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    for (unsigned fd = first < 0 ? 0 : (unsigned)first; fd < limit.rlim_cur && fd < 1u << 20; fd++)
        if (!is_ours(fd)) PP_NEXT(close)((int)fd);
}
