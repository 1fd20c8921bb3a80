// SPDX-License-Identifier: Apache-2.0
#include "tool/debuginfod.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool/fetch/http.h"
#include "tool/ui.h"

#define FILE_MAX ((size_t)8 << 30)
#define MISS_S 600 /* how long an empty file counts */
#define BUILD_ID_MAX 128

static bool is_build_id(pp_str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f'))) return false;
    return id.n >= 2 && id.n <= BUILD_ID_MAX;
}

static pp_str cache_dir(struct pp_arena *a)
{
    pp_str set = pp_str_c(getenv("DEBUGINFOD_CACHE_PATH")), home = pp_str_c(getenv("HOME"));
    if (set.n) return set;
    pp_str old = pp_arena_fmt(a, "%.*s/.debuginfod_client_cache", PP_FMT(home)),
           xdg = pp_str_c(getenv("XDG_CACHE_HOME"));
    if (!access(pp_arena_c(a, old), F_OK)) return old;
    if (xdg.n) return pp_arena_fmt(a, "%.*s/debuginfod_client", PP_FMT(xdg));
    return pp_arena_fmt(a, "%.*s/.cache/debuginfod_client", PP_FMT(home));
}

static void make_dirs(struct pp_arena *a, pp_str path)
{
    for (size_t i = 1; i <= path.n; i++)
        if (i == path.n || path.p[i] == '/') (void)mkdir(pp_arena_c(a, pp_str_sub(path, 0, i)), 0700);
}

/* Whole or not at all: others read the cache, too. */
static bool keep(struct pp_arena *a, pp_str dir, pp_str path, const struct pp_bytes *bytes)
{
    make_dirs(a, dir);
    char *part = pp_alloc(a, path.n + sizeof ".XXXXXX", 1);
    snprintf(part, path.n + sizeof ".XXXXXX", "%.*s.XXXXXX", PP_FMT(path));
    int fd = mkstemp(part);
    if (fd < 0) {
        pp_ui_warn("Could not keep %.*s: %s", PP_FMT(path), pp_errno_text(errno));
        return false;
    }
    struct pp_err err;
    bool ok = !pp_write_all(fd, bytes->p, bytes->n, &err) && !fchmod(fd, 0400);
    ok = !close(fd) && ok && !rename(part, pp_arena_c(a, path));
    if (!ok) (void)unlink(part);
    return ok;
}

/* *unsure: the server did not say that it has none. */
static bool download(struct pp_arena *a, pp_str server, pp_str build_id, const char *kind, struct pp_bytes *bytes,
                     bool *unsure)
{
    if (pp_str_has_suffix(server, PP_STR("/"))) server.n--;
    pp_str text = pp_arena_fmt(a, "%.*s/buildid/%.*s/%s", PP_FMT(server), PP_FMT(build_id), kind);
    const char *set = getenv("DEBUGINFOD_TIMEOUT");
    long silence_s = set ? strtol(set, NULL, 10) : 90;
    struct pp_http_options o = {.silence_s = silence_s > 0 ? silence_s : 90};
    struct pp_url url;
    struct pp_err err;
    if (!pp_url_parse(a, text, &url)) return false;
    *unsure = true;
    pp_ui_print("Downloading %.*s", PP_FMT(text));
    bytes->n = 0;
    if (!pp_http_get(a, &url, &o, bytes, &err)) return bytes->n > 0;
    if (pp_str_has_prefix((pp_str){err.text, err.n}, PP_STR("server response: 404")))
        *unsure = false;
    else
        pp_ui_warn("%.*s: %s", PP_FMT(text), err.text);
    return false;
}

pp_str pp_debuginfod_find(struct pp_arena *a, pp_str build_id, const char *kind)
{
    pp_str servers = pp_str_trim(pp_str_c(getenv("DEBUGINFOD_URLS"))), server;
    if (!servers.n || !is_build_id(build_id)) return PP_STR("");
    pp_str cache = cache_dir(a), dir = pp_arena_fmt(a, "%.*s/%.*s", PP_FMT(cache), PP_FMT(build_id));
    pp_str path = pp_arena_fmt(a, "%.*s/%s", PP_FMT(dir), kind);
    struct stat st;
    if (!stat(pp_arena_c(a, path), &st)) {
        if (st.st_size) return path;
        if (time(NULL) - st.st_mtime < MISS_S) return PP_STR("");
    }
    struct pp_bytes bytes = {.max = FILE_MAX};
    bool found = false, unsure = false;
    while (!found && pp_str_next(&servers, ' ', &server)) {
        bool unsure_here = false;
        found = server.n && download(a, server, build_id, kind, &bytes, &unsure_here);
        unsure |= unsure_here;
    }
    if (!found) bytes.n = 0; /* kept as a miss */
    if (found || !unsure) found = keep(a, dir, path, &bytes) && found;
    pp_bytes_release(&bytes);
    return found ? path : PP_STR("");
}
