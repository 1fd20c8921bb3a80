// SPDX-License-Identifier: Apache-2.0
#include "tool/ui.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "tool/progress.h"

enum pp_code pp_write_all(int fd, const char *p, size_t n, struct pp_err *err)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
            continue;
        }
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return pp_fail(err, PP_E_IO, "%s", pp_errno_text(errno));
        p += done;
        n -= (size_t)done;
    }
    return PP_OK;
}

static void say(const char *before, const char *after, const char *fmt, va_list ap)
{
    struct pp_arena arena;
    pp_arena_init(&arena, 0, NULL);
    struct pp_out o;
    pp_out_to_memory(&o, &arena);
    pp_out_c(&o, before);
    pp_out_vfmt(&o, fmt, ap);
    pp_str text = pp_out_bytes(&o);
    if (!text.n || text.p[text.n - 1] != '\n') pp_out_char(&o, '\n');
    pp_out_c(&o, after);
    text = pp_out_bytes(&o);
    pp_progress_erase();
    pp_write_all(STDERR_FILENO, text.p, text.n, NULL);
    pp_arena_release(&arena);
}

void pp_ui_print(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say("", "", fmt, ap);
    va_end(ap);
}

void pp_ui_warn(const char *fmt, ...)
{
    bool red = isatty(STDERR_FILENO);
    va_list ap;
    va_start(ap, fmt);
    say(red ? "\033[0;31m" : "", red ? "\033[0m" : "", fmt, ap);
    va_end(ap);
}

/* Go's table is glibc's with a small first letter, unless the word is all capitals ("RFS specific error"). */
static const char *small_first(char *buf, size_t cap, const char *text)
{
    snprintf(buf, cap, "%s", text);
    if (!isupper((unsigned char)buf[1])) buf[0] = (char)tolower((unsigned char)buf[0]);
    return buf;
}

const char *pp_errno_text(int errnum)
{
    static _Thread_local char buf[80];
    const char *text = strerrordesc_np(errnum);
    if (text) return small_first(buf, sizeof buf, text);
    snprintf(buf, sizeof buf, "errno %d", errnum);
    return buf;
}

const char *pp_signal_text(int signum)
{
    static _Thread_local char buf[80];
    const char *text = sigdescr_np(signum);
    if (text) return small_first(buf, sizeof buf, text);
    snprintf(buf, sizeof buf, "signal %d", signum);
    return buf;
}

bool pp_ui_like_go(void)
{
    const char *compat = getenv("PPROF_COMPAT");
    return compat && !strcmp(compat, "go");
}
