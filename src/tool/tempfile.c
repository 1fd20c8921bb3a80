// SPDX-License-Identifier: Apache-2.0
#include "tool/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "tool/ui.h"

#define NUMBER_MAX 9999

static pp_str join(struct pp_arena *a, pp_str dir, pp_str name)
{
    if (!dir.n) return name;
    while (dir.n > 1 && dir.p[dir.n - 1] == '/')
        dir.n--;
    return pp_arena_fmt(a, "%.*s/%.*s", PP_FMT(dir), PP_FMT(name));
}

enum pp_code pp_tempfile_new(struct pp_arena *a, pp_str dir, pp_str prefix, const char *suffix, int *ret_fd,
                             pp_str *ret_path, struct pp_err *err)
{
    for (int i = 1; i <= NUMBER_MAX; i++) {
        pp_str path = join(a, dir, pp_arena_fmt(a, "%.*s%03d%s", PP_FMT(prefix), i, suffix));
        int fd = open(path.p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno == EEXIST) continue;
        if (fd < 0) return pp_fail(err, PP_E_IO, "open %.*s: %s", PP_FMT(path), pp_errno_text(errno));
        *ret_fd = fd;
        *ret_path = path;
        return PP_OK;
    }
    return pp_fail(err, PP_E_LIMIT, "could not create file of the form %.*s001%s", PP_FMT(prefix), suffix);
}

pp_str pp_tempfile_dir(void)
{
    const char *dir = getenv("TMPDIR");
    return pp_str_c(dir && *dir ? dir : "/tmp");
}

/* mkdir -p with Go's words for the part that failed. */
static enum pp_code make_dirs(struct pp_arena *a, pp_str path, struct pp_err *err)
{
    struct stat st;
    const char *whole = pp_arena_c(a, path);
    if (stat(whole, &st) == 0) {
        if (S_ISDIR(st.st_mode)) return PP_OK;
        return pp_fail(err, PP_E_IO, "mkdir %s: %s", whole, pp_errno_text(ENOTDIR));
    }
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    size_t slash = pp_str_rfind_byte(path, '/');
    if (slash != PP_NOT_FOUND && slash > 0) {
        enum pp_code c = make_dirs(a, pp_str_sub(path, 0, slash), err);
        if (c) return c;
    }
    if (mkdir(whole, 0755) == 0 || (errno == EEXIST && stat(whole, &st) == 0 && S_ISDIR(st.st_mode))) return PP_OK;
    return pp_fail(err, PP_E_IO, "mkdir %s: %s", whole, pp_errno_text(errno));
}

enum pp_code pp_tempfile_saved_dir(struct pp_arena *a, pp_str *ret_dir, struct pp_err *err)
{
    pp_str dirs[3];
    size_t n = 0;
    const char *env = getenv("PPROF_TMPDIR");
    if (env && *env) dirs[n++] = pp_str_c(env);
    env = getenv("HOME");
    if (env && *env) dirs[n++] = join(a, pp_str_c(env), PP_STR("pprof"));
    dirs[n++] = pp_tempfile_dir();
    for (size_t i = 0; i < n; i++) {
        struct pp_err why;
        if (!make_dirs(a, dirs[i], &why)) {
            *ret_dir = dirs[i];
            return PP_OK;
        }
        pp_ui_warn("Could not use temp dir %.*s: %s", PP_FMT(dirs[i]), why.text);
    }
    return pp_fail(err, PP_E_IO, "failed to identify temp dir");
}

static pthread_mutex_t to_remove_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pp_arena to_remove_arena;
static PP_VEC(pp_str) to_remove;

void pp_tempfile_remove_later(pp_str path)
{
    pthread_mutex_lock(&to_remove_lock);
    pp_str *slot = PP_TRY_PUSH(&to_remove_arena, &to_remove);
    if (slot) *slot = pp_arena_dup(&to_remove_arena, path);
    pthread_mutex_unlock(&to_remove_lock);
}

void pp_tempfile_cleanup(void)
{
    pthread_mutex_lock(&to_remove_lock);
    for (size_t i = 0; i < to_remove.n; i++)
        unlink(to_remove.p[i].p);
    to_remove.n = 0;
    pthread_mutex_unlock(&to_remove_lock);
}
