// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/out.h"
#include "base/vec.h"
#include "tool/ui.h"

#define MAX_BYTES ((size_t)1 << 20) /* of the file; the rest is not read */

/* mkdir -p of what is before the last '/'. Fails silently: then the file can't be opened. */
static void make_parents(struct pp_arena *a, pp_str path)
{
    for (size_t i = 1; i < path.n; i++)
        if (path.p[i] == '/') mkdir(pp_arena_c(a, pp_str_sub(path, 0, i)), 0700);
}

pp_str pp_shell_history_path(struct pp_arena *a)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    pp_str path = {0};
    if (state && state[0] == '/')
        path = pp_arena_fmt(a, "%s/pprof/history", state);
    else if (home && home[0] == '/')
        path = pp_arena_fmt(a, "%s/.local/state/pprof/history", home);
    make_parents(a, path);
    return path;
}

static pp_str read_file(struct pp_arena *a, int fd)
{
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return (pp_str){0};
    off_t skip = st.st_size > (off_t)MAX_BYTES ? st.st_size - (off_t)MAX_BYTES : 0;
    size_t n = (size_t)(st.st_size - skip);
    char *p = PP_NEW_N(a, char, n);
    ssize_t got = pread(fd, p, n, skip);
    return (pp_str){p, got > 0 ? (size_t)got : 0};
}

static void replace_file(struct pp_arena *a, pp_str path, const pp_str *lines, size_t n)
{
    pp_str temp = pp_arena_fmt(a, "%.*s.%d", PP_FMT(path), (int)getpid());
    int fd = open(temp.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return;
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < n; i++)
        pp_out_fmt(&o, "%.*s\n", PP_FMT(lines[i]));
    pp_str text = pp_out_bytes(&o);
    enum pp_code c = pp_write_all(fd, text.p, text.n, NULL);
    if (close(fd) || c || rename(temp.p, path.p)) unlink(temp.p);
}

const pp_str *pp_shell_history_read(struct pp_arena *a, pp_str path, size_t *ret_n)
{
    PP_VEC(pp_str) lines = {0};
    *ret_n = 0;
    int fd = path.n ? open(path.p, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return NULL;
    pp_str text = read_file(a, fd), line;
    close(fd);
    while (pp_str_next(&text, '\n', &line))
        if (line.n) *PP_PUSH(a, &lines) = line;
    size_t skip = lines.n > PP_SHELL_HISTORY_MAX ? lines.n - PP_SHELL_HISTORY_MAX : 0;
    *ret_n = lines.n - skip;
    if (skip >= PP_SHELL_HISTORY_MAX) replace_file(a, path, lines.p + skip, *ret_n);
    return skip ? lines.p + skip : lines.p;
}

void pp_shell_history_add(pp_str path, pp_str line)
{
    int fd = path.n ? open(path.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    struct pp_arena a = {0};
    pp_str text = pp_arena_join(&a, line, PP_STR("\n")); /* one write: lines of several shells don't mix */
    pp_write_all(fd, text.p, text.n, NULL);
    close(fd);
    pp_arena_release(&a);
}
