// SPDX-License-Identifier: Apache-2.0
#include "elf/maps.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "base/fmt.h"
#include "base/syscall.h"

#define READ_CHUNK ((size_t)64 << 10)

/* Takes the digits at the start of *s; false when there is none or the number passes 64 bits. */
static bool take_number(pp_str *s, unsigned base, uint64_t *ret_value)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < s->n; i++) {
        unsigned c = (unsigned char)s->p[i], d;
        if (c - '0' < 10)
            d = c - '0';
        else if ((c | 0x20) - 'a' < 6 && base == 16)
            d = (c | 0x20) - 'a' + 10;
        else
            break;
        if (__builtin_mul_overflow(v, (uint64_t)base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v)) return false;
    }
    if (i == 0) return false;
    *s = pp_str_from(*s, i);
    *ret_value = v;
    return true;
}

static bool take_byte(pp_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c) return false;
    *s = pp_str_from(*s, 1);
    return true;
}

static bool take_perms(pp_str *s, uint8_t *ret_perms)
{
    static const char on[4] = {'r', 'w', 'x', 's'}, off[4] = {'-', '-', '-', 'p'};
    if (s->n < 4) return false;
    uint8_t perms = 0;
    for (int i = 0; i < 4; i++) {
        if (s->p[i] == on[i])
            perms |= (uint8_t)(1 << i);
        else if (s->p[i] != off[i])
            return false;
    }
    *s = pp_str_from(*s, 4);
    *ret_perms = perms;
    return true;
}

static void take_path(pp_str s, struct pp_maps_line *l)
{
    static const char gone[] = " (deleted)";
    while (s.n && s.p[0] == ' ')
        s = pp_str_from(s, 1);
    l->deleted = s.n > sizeof gone - 1 && pp_str_has_suffix(s, (pp_str){gone, sizeof gone - 1});
    l->path = l->deleted ? pp_str_sub(s, 0, s.n - (sizeof gone - 1)) : s;
}

static bool parse_line(pp_str s, struct pp_maps_line *ret_line)
{
    struct pp_maps_line l = {0};
    uint64_t major = 0, minor = 0;
    if (!take_number(&s, 16, &l.start) || !take_byte(&s, '-') || !take_number(&s, 16, &l.end) || !take_byte(&s, ' ') ||
        !take_perms(&s, &l.perms) || !take_byte(&s, ' ') || !take_number(&s, 16, &l.offset) || !take_byte(&s, ' ') ||
        !take_number(&s, 16, &major) || !take_byte(&s, ':') || !take_number(&s, 16, &minor) || !take_byte(&s, ' ') ||
        !take_number(&s, 10, &l.inode))
        return false;
    if (l.start >= l.end || major > UINT32_MAX || minor > UINT32_MAX || (s.n && s.p[0] != ' ')) return false;
    l.dev_major = (uint32_t)major;
    l.dev_minor = (uint32_t)minor;
    take_path(s, &l);
    *ret_line = l;
    return true;
}

bool pp_maps_next(struct pp_maps *m, struct pp_maps_line *ret_line)
{
    pp_str line;
    while (m->rest.n && pp_str_next(&m->rest, '\n', &line)) {
        if (parse_line(line, ret_line)) return true;
        if (line.n) m->n_broken++;
    }
    return false;
}

bool pp_maps_is_file(const struct pp_maps_line *l)
{
    return l->path.n && l->path.p[0] == '/' && !(l->path.n > 1 && l->path.p[1] == '/') && l->inode != 0;
}

static enum pp_code read_all(struct pp_arena *a, int fd, const char *path, pp_str *ret_text, struct pp_err *err)
{
    char *p = NULL;
    size_t n = 0, cap = 0;
    for (;;) {
        if (n == cap) {
            size_t want = cap ? cap * 2 : READ_CHUNK;
            if (want > PP_MAPS_MAX) return pp_fail(err, PP_E_LIMIT, "%s: longer than %zu bytes", path, PP_MAPS_MAX);
            char *q = pp_arena_grow(a, p, cap, want, 1);
            if (!q) return pp_fail(err, PP_E_NOMEM, "%s: no memory for %zu bytes", path, want);
            p = q;
            cap = want;
        }
        long r = pp_sys(SYS_read, fd, p + n, cap - n);
        if (r == -4) continue; /* EINTR */
        if (pp_sys_failed(r)) return pp_fail(err, PP_E_IO, "%s: read: errno %ld", path, -r);
        if (r == 0) break;
        n += (size_t)r;
    }
    *ret_text = (pp_str){p, n};
    return PP_OK;
}

enum pp_code pp_maps_read(struct pp_arena *a, int pid, pp_str *ret_text, struct pp_err *err)
{
    char path[40];
    if (pid)
        pp_fmt(path, sizeof path, "/proc/%d/maps", pid);
    else
        pp_fmt(path, sizeof path, "/proc/self/maps");
    long fd = pp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (pp_sys_failed(fd)) return pp_fail(err, fd == -2 ? PP_E_NOTFOUND : PP_E_IO, "%s: open: errno %ld", path, -fd);
    enum pp_code c = read_all(a, (int)fd, path, ret_text, err);
    pp_sys(SYS_close, fd);
    return c;
}
