// SPDX-License-Identifier: Apache-2.0
#include "tool/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "tool/child.h"
#include "tool/progress.h"
#include "tool/svg.h"
#include "tool/tempfile.h"
#include "tool/ui.h"

static bool in_shell;

void pp_output_in_shell(void) { in_shell = true; }

static enum pp_code run_dot(struct pp_arena *a, const char *format, pp_str in, pp_str *ret_out, struct pp_err *err)
{
    struct pp_err why;
    const char *const argv[] = {"dot", pp_arena_fmt(a, "-T%s", format).p, NULL};
    enum pp_code c = pp_child_filter(a, argv, in, ret_out, &why);
    return c ? pp_fail(err, c, "failed to execute dot. Is Graphviz installed? Error: %s", why.text) : PP_OK;
}

static enum pp_code post_process(struct pp_arena *a, enum pp_post post, pp_str in, pp_str *ret_out, struct pp_err *err)
{
    static const char *const formats[] = {
        [PP_POST_DOT_GIF] = "gif", [PP_POST_DOT_PDF] = "pdf", [PP_POST_DOT_PNG] = "png",
        [PP_POST_DOT_PS] = "ps",   [PP_POST_DOT_SVG] = "svg", [PP_POST_PAN_SVG] = "svg",
    };
    if (post == PP_POST_NONE) {
        *ret_out = in;
        return PP_OK;
    }
    enum pp_code c = run_dot(a, formats[post], in, ret_out, err);
    if (!c && post == PP_POST_PAN_SVG) *ret_out = pp_svg_massage(a, *ret_out);
    return c;
}

enum pp_code pp_output_stdout(void *ctx, const char *p, size_t n, struct pp_err *err)
{
    (void)ctx;
    pp_progress_end();
    enum pp_code c = pp_write_all(STDOUT_FILENO, p, n, err);
    return c ? pp_within(err, "write /dev/stdout") : PP_OK;
}

/* Writes and closes. */
static enum pp_code fill(int fd, pp_str path, pp_str bytes, struct pp_err *err)
{
    enum pp_code c = pp_write_all(fd, bytes.p, bytes.n, err);
    if (c) pp_within(err, "write %.*s", PP_FMT(path));
    if (close(fd) && !c) c = pp_fail(err, PP_E_IO, "close %.*s: %s", PP_FMT(path), pp_errno_text(errno));
    return c;
}

static enum pp_code to_named_file(struct pp_arena *a, pp_str path, pp_str bytes, struct pp_err *err)
{
    pp_ui_warn("Generating report in %.*s", PP_FMT(path));
    int fd = open(pp_arena_c(a, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return pp_fail(err, PP_E_IO, "open %.*s: %s", PP_FMT(path), pp_errno_text(errno));
    return fill(fd, path, bytes, err);
}

static enum pp_code to_numbered_file(struct pp_arena *a, const char *suffix, pp_str bytes, struct pp_err *err)
{
    int fd;
    pp_str path;
    enum pp_code c =
        pp_tempfile_new(a, (pp_str){0}, PP_STR("profile"), pp_arena_fmt(a, ".%s", suffix).p, &fd, &path, err);
    if (c) return c;
    pp_ui_warn("Generating report in %.*s", PP_FMT(path));
    return fill(fd, path, bytes, err);
}

typedef PP_VEC(const char *) names;

static void list_browsers(struct pp_arena *a, names *viewers)
{
    static const char *const known[] = {"chrome", "google-chrome", "chromium", "firefox", "sensible-browser"};
    const char *own = getenv("BROWSER"), *display = getenv("DISPLAY");
    if (own && *own) *PP_PUSH(a, viewers) = own;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        *PP_PUSH(a, viewers) = known[i];
    if (display && *display) *PP_PUSH(a, viewers) = "xdg-open";
}

static void list_viewers(struct pp_arena *a, enum pp_viewer viewer, names *viewers)
{
    switch (viewer) {
    case PP_VIEW_BROWSER: list_browsers(a, viewers); break;
    case PP_VIEW_EOG: *PP_PUSH(a, viewers) = "eog"; break;
    case PP_VIEW_EVINCE: *PP_PUSH(a, viewers) = "evince"; break;
    case PP_VIEW_GV: *PP_PUSH(a, viewers) = "gv --noantialias"; break;
    case PP_VIEW_KCACHEGRIND: *PP_PUSH(a, viewers) = "kcachegrind"; break;
    case PP_VIEW_STDOUT:
    case PP_VIEW_FILE: break;
    }
}

static enum pp_code start_viewer(struct pp_arena *a, const char *command, pp_str path, pid_t *ret_pid,
                                 struct pp_err *err)
{
    names argv = {0};
    pp_str rest = pp_str_c(command), word;
    while (pp_str_next(&rest, ' ', &word))
        *PP_PUSH(a, &argv) = pp_arena_c(a, word);
    *PP_PUSH(a, &argv) = pp_arena_c(a, path);
    *PP_PUSH(a, &argv) = NULL;
    return pp_child_start(argv.p, (int[3]){-1, -1, STDERR_FILENO}, ret_pid, err);
}

/* The file goes away when we end, so we stay until the viewer ended (unless more commands can come) and for a second: it may only
 * hand the name on. */
static enum pp_code to_viewer(struct pp_arena *a, const struct pp_command *c, pp_str bytes, struct pp_err *err)
{
    int fd;
    pp_str path;
    enum pp_code code =
        pp_tempfile_new(a, pp_tempfile_dir(), PP_STR("pprof"), pp_arena_fmt(a, ".%s", c->suffix).p, &fd, &path, err);
    if (code) return code;
    pp_tempfile_remove_later(path);
    if ((code = fill(fd, path, bytes, err))) return code;
    names viewers = {0};
    list_viewers(a, c->viewer, &viewers);
    for (size_t i = 0; i < viewers.n; i++) {
        pid_t pid;
        struct timespec begin, second_later;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        if ((code = start_viewer(a, viewers.p[i], path, &pid, err))) continue;
        if (!in_shell) code = pp_child_wait(pid, err);
        second_later = (struct timespec){begin.tv_sec + 1, begin.tv_nsec};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &second_later, NULL);
        return code;
    }
    return code;
}

bool pp_output_open_browser(struct pp_arena *a, pp_str url)
{
    names browsers = {0};
    pid_t pid;
    list_browsers(a, &browsers);
    for (size_t i = 0; i < browsers.n; i++)
        if (!start_viewer(a, browsers.p[i], url, &pid, NULL)) return true;
    return false;
}

enum pp_code pp_output(struct pp_arena *a, const struct pp_command *c, pp_str output, pp_str report, struct pp_err *err)
{
    pp_str bytes;
    enum pp_code code = post_process(a, c->post, report, &bytes, err);
    pp_progress_end();
    if (code) return code;
    if (output.n) return to_named_file(a, output, bytes, err);
    if (c->viewer == PP_VIEW_FILE && (in_shell || isatty(STDOUT_FILENO)))
        return to_numbered_file(a, c->suffix, bytes, err);
    if (c->viewer == PP_VIEW_STDOUT || c->viewer == PP_VIEW_FILE) return pp_output_stdout(NULL, bytes.p, bytes.n, err);
    return to_viewer(a, c, bytes, err);
}
