// SPDX-License-Identifier: Apache-2.0
/* Names for the addresses of the guest and its children. Each module is opened once: through its process's own root while that lives,
 * so that containers and deleted files are found; the vdso comes from memory. A library that several processes have is shared. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/vec.h"
#include "symbols/demangle.h"
#include "symbols/symfile.h"
#include "tool/run/guest.h"
#include "tool/run/perf_map.h"

#define VDSO_MAX ((uint64_t)1 << 20)

struct named_module {
    uint64_t start, end;
    uint32_t first_gen;
    const struct pp_ledger_module *module;
    struct pp_symfile *symbols; /* NULL: nothing can be opened */
};

struct jit_map {
    pid_t pid;
    struct pp_perf_map map;
};

struct pp_run_names {
    struct pp_run_guest *guest;
    struct pp_arena arena;
    void (*oom)(size_t wanted);
    pthread_mutex_t lock;
    PP_VEC(struct named_module) modules;
    PP_VEC(struct jit_map *) jit_maps;
};

struct pp_run_names *pp_run_names_new(struct pp_run_guest *g, void (*oom)(size_t wanted))
{
    static struct pp_run_names names = {.lock = PTHREAD_MUTEX_INITIALIZER};
    names.guest = g;
    names.oom = oom;
    pp_arena_init(&names.arena, 0, oom);
    return &names;
}

/* A memory file with the bytes [start, end) of the guest. -1: they can't be read. */
static int copy_memory(pid_t pid, uint64_t start, uint64_t end)
{
    char path[40], page[4096];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    if (end - start > VDSO_MAX) return -1;
    int from = open(path, O_RDONLY | O_CLOEXEC), to = from < 0 ? -1 : memfd_create("vdso", MFD_CLOEXEC);
    for (uint64_t at = start; to >= 0 && at < end; at += sizeof page) {
        if (pread(from, page, sizeof page, (off_t)at) == sizeof page && write(to, page, sizeof page) == sizeof page) continue;
        close(to);
        to = -1;
    }
    if (from >= 0) close(from);
    return to;
}

static pp_str hex_of(struct pp_arena *a, const struct pp_ledger_module *m)
{
    size_t n = m->n_build_id < sizeof m->build_id ? m->n_build_id : sizeof m->build_id;
    char *p = pp_alloc(a, 2 * n + 1, 1);
    for (size_t i = 0; i < n; i++) snprintf(p + 2 * i, 3, "%02x", m->build_id[i]);
    return (pp_str){p, 2 * n};
}

/* 0: it has ended. */
static pid_t living_pid(const struct pp_run_names *n, const struct pp_ledger_module *m)
{
    uint32_t process = pp_ledger_process_of(m->first_gen);
    bool lives = process ? pp_run_family_lives(n->guest, process, NULL) : !atomic_load(&n->guest->gone);
    return lives ? pp_run_family_pid(n->guest, process) : 0;
}

static struct pp_symfile *open_file(struct pp_run_names *n, const struct pp_ledger_module *m, pp_str path)
{
    struct pp_symfile *s = NULL;
    struct pp_symfile_options o = {.build_id = hex_of(&n->arena, m), .oom = n->oom};
    pid_t pid = living_pid(n, m);
    pp_str candidates[3];
    size_t n_candidates = 0;
    if (pid) candidates[n_candidates++] = pp_arena_fmt(&n->arena, "/proc/%d/root%.*s", pid, PP_FMT(path));
    if (pid) candidates[n_candidates++] = pp_arena_fmt(&n->arena, "/proc/%d/map_files/%lx-%lx", pid, m->start, m->end);
    candidates[n_candidates++] = pp_arena_dup(&n->arena, path);
    if (pid) o.debug.root = pp_arena_fmt(&n->arena, "/proc/%d/root", pid);
    for (size_t i = 0; i < n_candidates && !s; i++)
        if (pp_symfile_open(candidates[i], &o, &s, NULL)) s = NULL;
    return s;
}

/* After the process's end our own: the kernel gives every process the same one, and the build id says whether it did. */
static struct pp_symfile *open_vdso(struct pp_run_names *n, const struct pp_ledger_module *m, pp_str path)
{
    struct pp_symfile *s = NULL;
    struct pp_symfile_options o = {.build_id = hex_of(&n->arena, m), .oom = n->oom};
    uint64_t start = m->start, own = getauxval(AT_SYSINFO_EHDR);
    pid_t pid = living_pid(n, m);
    if (!pid) {
        if (!own || !o.build_id.n) return NULL;
        pid = getpid();
        start = own;
    }
    int fd = copy_memory(pid, start, start + (m->end - m->start));
    if (fd >= 0 && pp_symfile_open_fd(fd, path, &o, &s, NULL)) s = NULL;
    return s;
}

static struct pp_symfile *open_module(struct pp_run_names *n, const struct pp_ledger_module *m, pp_str path)
{
    if (pp_str_has_prefix(path, PP_STR("/"))) return open_file(n, m, path);
    return pp_str_eq_c(path, "[vdso]") ? open_vdso(n, m, path) : NULL;
}

/* The same file, known from another mapping or another process. */
static struct pp_symfile *known_file(const struct pp_run_names *n, const struct pp_ledger_module *m, pp_str path)
{
    const struct pp_ledger *l = &n->guest->ledger;
    for (size_t i = 0; i < n->modules.n && m->n_build_id && path.n && path.p[0] == '/'; i++) {
        const struct pp_ledger_module *other = n->modules.p[i].module;
        if (n->modules.p[i].symbols && other->n_build_id == m->n_build_id && !memcmp(other->build_id, m->build_id, sizeof m->build_id) &&
            pp_str_eq(pp_ledger_module_path(l, other), path))
            return n->modules.p[i].symbols;
    }
    return NULL;
}

static struct pp_symfile *symbols_of(struct pp_run_names *n, const struct pp_ledger_module *m, pp_str path)
{
    for (size_t i = 0; i < n->modules.n; i++) {
        const struct named_module *known = &n->modules.p[i];
        if (known->start == m->start && known->end == m->end && known->first_gen == m->first_gen) return known->symbols;
    }
    struct named_module *new = PP_PUSH(&n->arena, &n->modules);
    *new = (struct named_module){m->start, m->end, m->first_gen, m, known_file(n, m, path)};
    if (!new->symbols) new->symbols = open_module(n, m, path);
    return new->symbols;
}

static struct pp_perf_map *jit_map_of(struct pp_run_names *n, pid_t pid)
{
    for (size_t i = 0; i < n->jit_maps.n; i++)
        if (n->jit_maps.p[i]->pid == pid) return &n->jit_maps.p[i]->map;
    struct jit_map *new = PP_NEW(&n->arena, struct jit_map);
    new->pid = pid;
    pp_perf_map_init(&new->map, n->oom);
    *PP_PUSH(&n->arena, &n->jit_maps) = new;
    return &new->map;
}

/* Code without a file: what the process's compiler wrote down; the file outlives it. */
static size_t find_jit(struct pp_run_names *n, struct pp_arena *a, const struct pp_ledger_module *m, uint64_t pc, struct pp_frame_name *ret,
                       size_t cap)
{
    uint32_t process = pp_ledger_process_of(m->first_gen);
    pid_t pid = pp_run_family_pid(n->guest, process);
    if (!pid) pid = (pid_t)atomic_load(&n->guest->ledger.processes[process].pid); /* ended before we saw it: only a name in /tmp */
    struct pp_perf_map *map = jit_map_of(n, pid);
    pp_perf_map_refresh(map, pid);
    const struct pp_perf_symbol *s = pp_perf_map_find(map, pc);
    if (!s || !cap) return 0;
    ret[0] = (struct pp_frame_name){.name = pp_arena_dup(a, s->name)};
    return 1;
}

static size_t find(struct pp_run_names *n, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path, uint64_t pc,
                   struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry)
{
    if (path.n == 0 || pp_str_has_prefix(path, PP_STR("//anon"))) return find_jit(n, a, m, pc, ret, cap);
    struct pp_symfile *s = symbols_of(n, m, path);
    if (!s) return 0;
    struct pp_object_mapping mapping = {.start = m->start, .limit = m->end, .offset = m->offset};
    uint64_t base = 0;
    bool is_data;
    if (pp_str_eq_c(path, "[vdso]")) base = m->start;
    else if (pp_object_base(pp_symfile_object(s), &mapping, pc, &base, &is_data, NULL)) return 0;
    pp_frames frames = {0};
    pp_symfile_find(s, pc - base, a, &frames);
    if (pp_symfile_entry(s, pc - base, ret_entry)) *ret_entry += base;
    size_t count = frames.n < cap ? frames.n : cap;
    for (size_t i = 0; i < count; i++) {
        const struct pp_frame *f = &frames.p[i];
        ret[i] = (struct pp_frame_name){.name = pp_arena_dup(a, f->name), .system_name = pp_arena_dup(a, f->name),
                                        .file = pp_arena_dup(a, f->file), .line = f->line, .column = f->column,
                                        .start_line = f->start_line};
        pp_demangle(a, ret[i].system_name, PP_DEMANGLE_TEMPLATES, &ret[i].name);
    }
    return count;
}

size_t pp_run_names_frames(void *ctx, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path, uint64_t pc,
                           struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry)
{
    struct pp_run_names *n = ctx;
    *ret_entry = 0;
    pthread_mutex_lock(&n->lock);
    size_t count = find(n, a, m, path, pc, ret, cap, ret_entry);
    pthread_mutex_unlock(&n->lock);
    return count;
}
