// SPDX-License-Identifier: Apache-2.0
#include "tool/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/out.h"
#include "tool/ui.h"

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static enum pp_code look_up(struct pp_arena *a, const char *name, const char **ret_path, struct pp_err *err)
{
    if (pp_str_find_byte(pp_str_c(name), '/') != PP_NOT_FOUND) {
        *ret_path = name;
        return PP_OK;
    }
    pp_str dirs = pp_str_c(getenv("PATH")), dir;
    while (pp_str_next(&dirs, ':', &dir)) {
        if (!dir.n || dir.p[0] != '/') continue;
        pp_str path = pp_arena_fmt(a, "%.*s/%s", PP_FMT(dir), name);
        if (!is_program(path.p)) continue;
        *ret_path = path.p;
        return PP_OK;
    }
    return pp_fail(err, PP_E_NOTFOUND, "exec: \"%s\": executable file not found in $PATH", name);
}

static int spawn_with(const char *path, const char *const *argv, const int fds[3], pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions)) return ENOMEM;
    int e = 0;
    for (int i = 0; i < 3 && !e; i++) {
        if (fds[i] >= 0)
            e = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
        else
            e = posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
    }
    if (!e) e = posix_spawn(ret_pid, path, &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return e;
}

enum pp_code pp_child_start(const char *const *argv, const int fds[3], pid_t *ret_pid, struct pp_err *err)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, NULL);
    const char *path = NULL;
    enum pp_code c = look_up(&a, argv[0], &path, err);
    if (!c) {
        int e = spawn_with(path, argv, fds, ret_pid);
        if (e) c = pp_fail(err, PP_E_IO, "fork/exec %s: %s", path, pp_errno_text(e));
    }
    pp_arena_release(&a);
    return c;
}

enum pp_code pp_child_wait(pid_t pid, struct pp_err *err)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return pp_fail(err, PP_E_IO, "waitid: %s", pp_errno_text(errno));
    if (WIFEXITED(status) && !WEXITSTATUS(status)) return PP_OK;
    if (WIFEXITED(status)) return pp_fail(err, PP_E_IO, "exit status %d", WEXITSTATUS(status));
    return pp_fail(err, PP_E_IO, "signal: %s%s", pp_signal_text(WTERMSIG(status)),
                   WCOREDUMP(status) ? " (core dumped)" : "");
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* Feeds and empties the two pipes until the child closed its stdout. */
static void pump(int *in, int out, pp_str input, struct pp_out *o)
{
    char buf[1 << 14];
    for (;;) {
        struct pollfd p[2] = {{.fd = out, .events = POLLIN}, {.fd = *in, .events = POLLOUT}};
        if (poll(p, *in >= 0 ? 2 : 1, -1) < 0 && errno != EINTR) return;
        if (*in >= 0 && p[1].revents) {
            ssize_t n = write(*in, input.p, input.n);
            if (n > 0) input = pp_str_from(input, (size_t)n);
            if (!input.n || (n < 0 && errno != EINTR && errno != EAGAIN)) close_fd(in);
        }
        if (!p[0].revents) continue;
        ssize_t n = read(out, buf, sizeof buf);
        if (n > 0) pp_out_write(o, buf, (size_t)n);
        if (n == 0 || (n < 0 && errno != EINTR)) return;
    }
}

static enum pp_code filter(struct pp_arena *a, const char *const *argv, pp_str input, int child_stderr, pp_str *ret_output,
                           struct pp_err *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
        close_fd(&in[0]);
        close_fd(&in[1]);
        return pp_fail(err, PP_E_IO, "pipe: %s", pp_errno_text(errno));
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ignore, &old); /* a child that stops reading is seen as EPIPE, not as our death */
    pid_t pid;
    enum pp_code c = pp_child_start(argv, (int[3]){in[0], out[1], child_stderr}, &pid, err);
    close_fd(&in[0]);
    close_fd(&out[1]);
    if (!c) {
        fcntl(in[1], F_SETFL, O_NONBLOCK);
        struct pp_out o;
        pp_out_to_memory(&o, a);
        pump(&in[1], out[0], input, &o);
        close_fd(&in[1]);
        c = pp_child_wait(pid, err);
        if (!c) *ret_output = pp_out_bytes(&o);
    }
    close_fd(&in[1]);
    close_fd(&out[0]);
    sigaction(SIGPIPE, &old, NULL);
    return c;
}

enum pp_code pp_child_filter(struct pp_arena *a, const char *const *argv, pp_str input, pp_str *ret_output,
                             struct pp_err *err)
{
    return filter(a, argv, input, STDERR_FILENO, ret_output, err);
}

enum pp_code pp_child_output(struct pp_arena *a, const char *const *argv, pp_str *ret_output, struct pp_err *err)
{
    return filter(a, argv, (pp_str){0}, -1, ret_output, err);
}
