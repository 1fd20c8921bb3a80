// SPDX-License-Identifier: Apache-2.0
/* exec in place. On the way the kernel resets handlers to their default: a wake-up that arrives meanwhile would end the program. So our
 * signal is blocked before; libpprof in the new program unblocks it behind its own handler, and a program without libpprof keeps one
 * real-time signal blocked that nobody sends any more. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/pages.h"
#include "runtime/hooks/export.h"
#include "runtime/hooks/next.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"

#define ARGS_HERE 256

static struct {
    void *execve, *execv, *execvp, *execvpe, *fexecve, *execveat;
} next;

/* Children, of vfork too, are never woken. */
static bool hold_signal(void)
{
    if (!pp_guest_on() || pp_os_getpid() != pp_guest.pid) return false;
    return pp_os_block_signal(pp_guest.signal) == 0;
}

/* exec only returns when it has failed. */
#define HOLDING_SIGNAL(call)                                                                                           \
    do {                                                                                                               \
        bool held_ = hold_signal();                                                                                    \
        int result_ = (call);                                                                                          \
        if (held_) pp_os_unblock_signal(pp_guest.signal);                                                              \
        return result_;                                                                                                \
    } while (0)

PP_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
    HOLDING_SIGNAL(PP_NEXT(execve)(path, argv, envp));
}

PP_EXPORT int execv(const char *path, char *const argv[])
{
    HOLDING_SIGNAL(PP_NEXT(execv)(path, argv));
}

PP_EXPORT int execvp(const char *file, char *const argv[])
{
    HOLDING_SIGNAL(PP_NEXT(execvp)(file, argv));
}

PP_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
    HOLDING_SIGNAL(PP_NEXT(execvpe)(file, argv, envp));
}

PP_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
    HOLDING_SIGNAL(PP_NEXT(fexecve)(fd, argv, envp));
}

PP_EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
    if (!PP_NEXT(execveat)) { /* older libc than the caller asked for */
        errno = ENOSYS;
        return -1;
    }
    HOLDING_SIGNAL(PP_NEXT(execveat)(dir, path, argv, envp, flags));
}

/* The arguments of execl and its kin as an array; long lists in pages. */
struct args {
    char *here[ARGS_HERE];
    char **p;
    size_t mapped_bytes;
};

/* Reads up to the closing NULL, itself included. */
static bool args_take(struct args *a, const char *first, va_list *ap)
{
    va_list count;
    size_t n = 1;
    va_copy(count, *ap);
    while (va_arg(count, char *)) n++;
    va_end(count);
    a->mapped_bytes = n + 1 > ARGS_HERE ? (n + 1) * sizeof *a->p : 0;
    a->p = a->mapped_bytes ? pp_os_map_reserve(a->mapped_bytes) : a->here;
    if (!a->p) {
        errno = ENOMEM;
        return false;
    }
    a->p[0] = (char *)first;
    for (size_t i = 1; i <= n; i++) a->p[i] = va_arg(*ap, char *);
    return true;
}

static void args_give(struct args *a)
{
    if (a->mapped_bytes) pp_pages_unmap(a->p, a->mapped_bytes);
}

static int exec_listed(int (*call)(const char *, char *const[]), const char *path, const char *first, va_list *ap)
{
    struct args a;
    if (!args_take(&a, first, ap)) return -1;
    int result = call(path, a.p);
    args_give(&a);
    return result;
}

PP_EXPORT int execl(const char *path, const char *arg, ...)
{
    va_list ap;
    va_start(ap, arg);
    int result = exec_listed(execv, path, arg, &ap);
    va_end(ap);
    return result;
}

PP_EXPORT int execlp(const char *file, const char *arg, ...)
{
    va_list ap;
    va_start(ap, arg);
    int result = exec_listed(execvp, file, arg, &ap);
    va_end(ap);
    return result;
}

PP_EXPORT int execle(const char *path, const char *arg, ...)
{
    struct args a;
    va_list ap;
    va_start(ap, arg);
    bool fine = args_take(&a, arg, &ap);
    char *const *envp = fine ? va_arg(ap, char *const *) : NULL;
    va_end(ap);
    if (!fine) return -1;
    int result = execve(path, a.p, envp);
    args_give(&a);
    return result;
}
