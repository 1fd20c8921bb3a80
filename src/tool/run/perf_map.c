// SPDX-License-Identifier: Apache-2.0
#include "tool/run/perf_map.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void pp_perf_map_init(struct pp_perf_map *m, void (*oom)(size_t wanted))
{
    *m = (struct pp_perf_map){0};
    pp_arena_init(&m->arena, 0, oom);
}

static bool parse_line(pp_str line, struct pp_perf_symbol *ret)
{
    pp_str start, size, rest;
    uint64_t n;
    if (!pp_str_cut(line, ' ', &start, &rest) || !pp_str_cut(rest, ' ', &size, &ret->name)) return false;
    if (pp_str_has_prefix(start, PP_STR("0x"))) start = pp_str_from(start, 2);
    if (pp_str_has_prefix(size, PP_STR("0x"))) size = pp_str_from(size, 2);
    if (!pp_str_to_u64(start, 16, &ret->start) || !pp_str_to_u64(size, 16, &n) || n == 0) return false;
    return !__builtin_add_overflow(ret->start, n, &ret->end) && ret->name.n > 0;
}

/* qsort is not stable: names lie in the order of their lines. */
static int by_start(const void *a, const void *b)
{
    const struct pp_perf_symbol *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return x->name.p < y->name.p ? -1 : x->name.p > y->name.p;
}

void pp_perf_map_parse(struct pp_perf_map *m, pp_str text)
{
    pp_str rest = text, line;
    while (pp_str_next(&rest, '\n', &line)) {
        struct pp_perf_symbol s;
        if (parse_line(line, &s)) *PP_PUSH(&m->arena, &m->symbols) = s;
    }
    if (m->symbols.n) qsort(m->symbols.p, m->symbols.n, sizeof *m->symbols.p, by_start);
}

/* The file belongs to the guest: only a regular one is read, and only as much as it said it has. */
static void read_whole(struct pp_perf_map *m, int fd, size_t size)
{
    char *p = pp_alloc(&m->arena, size + 1, 1);
    size_t n = 0;
    for (ssize_t r; n < size && (r = read(fd, p + n, size - n)) > 0;) n += (size_t)r;
    pp_perf_map_parse(m, (pp_str){p, n});
}

void pp_perf_map_refresh(struct pp_perf_map *m, pid_t pid)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/root/tmp/perf-%d.map", pid, pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) { /* the guest has ended */
        snprintf(path, sizeof path, "/tmp/perf-%d.map", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    }
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size != m->size && (size_t)st.st_size <= PP_PERF_MAP_MAX) {
        pp_arena_release(&m->arena);
        m->symbols.p = NULL;
        m->symbols.n = m->symbols.cap = 0;
        m->size = st.st_size;
        read_whole(m, fd, (size_t)st.st_size);
    }
    close(fd);
}

const struct pp_perf_symbol *pp_perf_map_find(const struct pp_perf_map *m, uint64_t pc)
{
    size_t lo = 0, hi = m->symbols.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->symbols.p[mid].start <= pc) lo = mid + 1;
        else hi = mid;
    }
    if (lo == 0) return NULL;
    const struct pp_perf_symbol *s = &m->symbols.p[lo - 1];
    return pc < s->end ? s : NULL;
}
