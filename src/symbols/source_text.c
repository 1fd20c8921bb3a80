// SPDX-License-Identifier: Apache-2.0
#include "symbols/source_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gopath.h"
#include "base/hash.h"
#include "base/vec.h"

#define LINE_MAX_BYTES 65535                /* Go: bufio.MaxScanTokenSize less the newline */
#define FILE_MAX_BYTES ((size_t)256 << 20) /* more is no source */

struct file {
    pp_str path, error;
    PP_VEC(pp_str) lines;
};

struct pp_source_text {
    struct pp_arena *arena;
    struct pp_source_options o;
    PP_VEC(struct file) files;
    struct pp_hash index;
    bool said;
};

/* Takes a prefix and the slash behind it. */
static bool trim_prefix(pp_str *path, pp_str prefix)
{
    if (!pp_str_has_prefix(*path, prefix)) return false;
    size_t n = prefix.n;
    if (!pp_str_has_suffix(prefix, PP_STR("/"))) {
        if (path->n <= n || path->p[n] != '/') return false;
        n++;
    }
    *path = pp_str_from(*path, n);
    return true;
}

/* Behind the first "/dir/" in path, as the base name of a source directory. */
static bool trim_behind_dir(pp_str *path, pp_str dir)
{
    dir = pp_go_path_base(dir);
    for (size_t at = 0; at + dir.n + 2 <= path->n; at++) {
        if (path->p[at] != '/' || path->p[at + 1 + dir.n] != '/' || memcmp(path->p + at + 1, dir.p, dir.n)) continue;
        *path = pp_str_from(*path, at + dir.n + 2);
        return true;
    }
    return false;
}

pp_str pp_source_trim(pp_str path, pp_str trim_path, pp_str search_path)
{
    const pp_str none = {NULL, 0};
    pp_str part, rest = search_path.n && !trim_path.n ? search_path : none;
    while (pp_str_next(&rest, ':', &part))
        if (trim_behind_dir(&path, part)) return path;
    rest = trim_path.n ? trim_path : none;
    while (pp_str_next(&rest, ':', &part))
        if (trim_prefix(&path, part)) return path;
    if (!trim_prefix(&path, PP_STR("/proc/self/cwd/./"))) trim_prefix(&path, PP_STR("/proc/self/cwd/"));
    return path;
}

struct pp_source_text *pp_source_text_new(struct pp_arena *a, const struct pp_source_options *o)
{
    struct pp_source_text *t = PP_NEW(a, struct pp_source_text);
    t->arena = a;
    t->o = *o;
    if (t->o.search_path.n) return t;
    char *cwd = getcwd(NULL, 0);
    t->o.search_path = pp_arena_dup(a, cwd ? pp_str_c(cwd) : PP_STR("."));
    free(cwd);
    return t;
}

/* Nothing that blocks when it is opened. Directories open, as in Go, and have no lines. */
static int open_path(struct pp_arena *a, pp_str path) { return open(pp_arena_c(a, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

static pp_str join(struct pp_arena *a, pp_str dir, pp_str path)
{
    return pp_go_path_clean(a, dir.n ? pp_arena_fmt(a, "%.*s/%.*s", PP_FMT(dir), PP_FMT(path)) : path);
}

/* Go: filepath.Dir. */
static pp_str parent(struct pp_arena *a, pp_str dir)
{
    size_t slash = pp_str_rfind_byte(dir, '/');
    return pp_go_path_clean(a, slash == PP_NOT_FOUND ? (pp_str){0} : pp_str_sub(dir, 0, slash + 1));
}

static int open_below(struct pp_arena *a, pp_str dirs, pp_str path)
{
    pp_str dir;
    while (pp_str_next(&dirs, ':', &dir)) {
        for (;;) {
            int fd = open_path(a, join(a, dir, path));
            if (fd >= 0) return fd;
            pp_str up = parent(a, dir);
            if (pp_str_eq(up, dir)) break;
            dir = up;
        }
    }
    return -1;
}

static pp_str env(const char *name) { return pp_str_c(getenv(name)); }

static pp_str module_cache(struct pp_arena *a)
{
    if (env("GOMODCACHE").n) return env("GOMODCACHE");
    pp_str first = {0}, rest = env("GOPATH");
    if (rest.n && pp_str_next(&rest, ':', &first) && first.n) return join(a, first, PP_STR("pkg/mod"));
    return env("HOME").n ? join(a, env("HOME"), PP_STR("go/pkg/mod")) : (pp_str){0};
}

/* The cache has no upper case: "!b" stands for B. */
static pp_str escape_module(struct pp_arena *a, pp_str path)
{
    char *out = pp_alloc(a, 2 * path.n + 1, 1);
    size_t n = 0, at = pp_str_find_byte(path, '@');
    size_t end = at + pp_str_find_byte(pp_str_from(path, at), '/'); /* files keep their case */
    for (size_t i = 0; i < path.n; i++) {
        bool upper = i < end && path.p[i] >= 'A' && path.p[i] <= 'Z';
        if (upper) out[n++] = '!';
        out[n++] = upper ? (char)(path.p[i] | 32) : path.p[i];
    }
    return (pp_str){out, n};
}

/* "m@v1/x.go" is m/x.go in vendor. */
static pp_str drop_version(struct pp_arena *a, pp_str path)
{
    size_t at = pp_str_find_byte(path, '@');
    if (at == PP_NOT_FOUND) return path;
    size_t slash = pp_str_find_byte(pp_str_from(path, at), '/');
    return slash == PP_NOT_FOUND ? path : pp_arena_join(a, pp_str_sub(path, 0, at), pp_str_from(path, at + slash));
}

static pp_str behind(pp_str path, pp_str marker)
{
    size_t at = pp_str_find(path, marker);
    return at == PP_NOT_FOUND ? (pp_str){0} : pp_str_from(path, at + marker.n);
}

/* Names below the directories where Go keeps sources. */
static size_t go_places(struct pp_arena *a, pp_str path, pp_str ret_names[3])
{
    bool absolute = path.n && path.p[0] == '/';
    pp_str std = absolute ? behind(path, PP_STR("/src/")) : path, cached = behind(path, PP_STR("/pkg/mod/"));
    pp_str cache = module_cache(a), module = absolute ? cached : path;
    bool has_version = module.n && pp_str_find_byte(module, '@') != PP_NOT_FOUND;
    size_t n = 0;
    if (env("GOROOT").n && std.n) ret_names[n++] = join(a, join(a, env("GOROOT"), PP_STR("src")), std);
    if (cache.n && has_version) ret_names[n++] = join(a, cache, absolute ? module : escape_module(a, module));
    if (module.n && access("vendor", F_OK) == 0) ret_names[n++] = join(a, PP_STR("vendor"), drop_version(a, module));
    return n;
}

static int open_go(struct pp_source_text *t, pp_str path)
{
    pp_str names[3];
    size_t n = go_places(t->arena, path, names);
    for (size_t i = 0; i < n; i++) {
        int fd = open_path(t->arena, names[i]);
        if (fd >= 0) return fd;
    }
    if (!n || t->said || !t->o.say) return -1;
    pp_str text = pp_arena_fmt(t->arena, "No source for %.*s; looked also for", PP_FMT(path));
    for (size_t i = 0; i < n; i++)
        text = pp_arena_fmt(t->arena, "%.*s%s %.*s", PP_FMT(text), i ? "," : "", PP_FMT(names[i]));
    t->o.say(t->o.say_ctx, text);
    t->said = true;
    return -1;
}

/* Go's errno words, of those that opening a file gives: */
static const char *open_error(int e)
{
    switch (e) {
    case ENOENT: return "no such file or directory";
    case EACCES: return "permission denied";
    case ENOTDIR: return "not a directory";
    case ENAMETOOLONG: return "file name too long";
    case ELOOP: return "too many levels of symbolic links";
    case EMFILE: return "too many open files";
    case EINVAL: return "invalid argument";
    default: return "input/output error";
    }
}

static int open_file(struct pp_source_text *t, pp_str path, pp_str *ret_error)
{
    pp_str trimmed = pp_source_trim(path, t->o.trim_path, t->o.search_path);
    bool absolute = trimmed.n && trimmed.p[0] == '/';
    int fd = absolute ? open_path(t->arena, trimmed) : open_below(t->arena, t->o.search_path, trimmed), e = errno;
    if (fd >= 0 || (fd = open_go(t, path)) >= 0) return fd;
    *ret_error = absolute ? pp_arena_fmt(t->arena, "open %.*s: %s", PP_FMT(trimmed), open_error(e))
                          : pp_arena_fmt(t->arena, "could not find file %.*s on path %.*s", PP_FMT(trimmed),
                                         PP_FMT(t->o.search_path));
    return -1;
}

/* Go: bufio.ScanLines; a line that is too long ends the file. */
static void split(struct pp_source_text *t, struct file *f, pp_str bytes)
{
    while (bytes.n) {
        size_t n = pp_str_find_byte(bytes, '\n'), taken = n == PP_NOT_FOUND ? bytes.n : n;
        if (taken > LINE_MAX_BYTES) return;
        pp_str line = pp_str_sub(bytes, 0, taken);
        if (pp_str_has_suffix(line, PP_STR("\r"))) line.n--;
        *PP_PUSH(t->arena, &f->lines) = line;
        bytes = pp_str_from(bytes, n == PP_NOT_FOUND ? bytes.n : n + 1);
    }
}

static pp_str read_all(struct pp_arena *a, int fd)
{
    struct stat st;
    PP_VEC(char) bytes = {0};
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return (pp_str){0};
    size_t want = st.st_size > 0 && (size_t)st.st_size < FILE_MAX_BYTES ? (size_t)st.st_size + 1 : 1 << 16;
    while (bytes.n < FILE_MAX_BYTES && pp_vec_reserve(a, (void **)&bytes.p, &bytes.cap, want, 1, 1)) {
        ssize_t n = read(fd, bytes.p + bytes.n, bytes.cap - bytes.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        bytes.n += (size_t)n;
        want = bytes.n == bytes.cap ? 2 * bytes.cap : bytes.cap;
    }
    return (pp_str){bytes.p, bytes.n};
}

static struct file *find_file(struct pp_source_text *t, pp_str path)
{
    uint64_t h = pp_hash_str(path);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->index, h); pp_hash_next(&pr, &i);)
        if (pp_str_eq(t->files.p[i].path, path)) return &t->files.p[i];
    pp_hash_add(t->arena, &t->index, h, (uint32_t)t->files.n);
    struct file *f = PP_PUSH(t->arena, &t->files);
    *f = (struct file){.path = path};
    int fd = open_file(t, path, &f->error);
    if (fd < 0) return f;
    split(t, f, read_all(t->arena, fd));
    close(fd);
    return f;
}

bool pp_source_text_line(struct pp_source_text *t, pp_str path, int64_t line, pp_str *ret_text)
{
    const struct file *f = find_file(t, path);
    if (line <= 0 || (uint64_t)line > f->lines.n) return false;
    *ret_text = f->lines.p[line - 1];
    return true;
}

pp_str pp_source_text_error(struct pp_source_text *t, pp_str path)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->index, pp_hash_str(path)); pp_hash_next(&pr, &i);)
        if (pp_str_eq(t->files.p[i].path, path)) return t->files.p[i].error;
    return (pp_str){0};
}
