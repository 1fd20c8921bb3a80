// SPDX-License-Identifier: Apache-2.0
#include "unwind/modules.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/pages.h"
#include "base/syscall.h"
#include "base/vec.h"
#include "elf/maps.h"
#include "unwind/compile.h"
#include "unwind/object.h"

#define TABLE_BYTES_DEFAULT ((size_t)256 << 20)
#define MODULES_DEFAULT 65536
#define TRIES_MAX 16
#define WAITING_MAX 1024 /* maps kept for readers that never leave; then refresh refuses */

/* A map with its place in the list of those that wait for their readers. */
struct owned_map {
    struct owned_map *next;
    uint32_t seen_zero; /* bit per counter: seen 0 since this map was replaced */
    struct pp_module_map map;
};

struct pp_modules_writer {
    struct pp_modules_options o;
    struct owned_map *current, *waiting;
    struct pp_arena scratch; /* maps text and what is found in it; emptied by each refresh */
    uint32_t last_id;
    struct pp_modules_stats stats;
};

/* An executable line of the maps text, and the places where its ELF header may be. */
struct found {
    struct pp_maps_line line;
    struct pp_maps_line latest; /* the last line of offset 0, or where the file's lines begin; start 0: no ELF object */
    struct pp_maps_line first;  /* where the file's lines without a gap begin */
    struct pp_maps_line begin;  /* where the file's lines begin */
    pp_str run;                 /* the maps text from the file's lines on */
    bool is_vdso;
};

typedef PP_VEC(struct found) found_vec;

static uint64_t now_ns(void)
{
    struct timespec ts = {0};
    pp_sys(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool same_file(const struct pp_maps_line *a, const struct pp_maps_line *b)
{
    return a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
           pp_str_eq(a->path, b->path);
}

static bool find_executable(struct pp_modules_writer *w, pp_str text, found_vec *found)
{
    struct pp_maps maps = {.rest = text};
    struct found f = {.run = text};
    pp_str rest = text;
    for (struct pp_maps_line l; pp_maps_next(&maps, &l);) {
        pp_str here = rest;
        uint64_t end = f.line.end;
        rest = maps.rest;
        if (l.start < end) continue; /* the maps changed between two reads */
        f.line = l;
        f.is_vdso = pp_str_eq(l.path, PP_STR("[vdso]"));
        bool has_object = f.is_vdso || pp_maps_is_file(&l);
        if (!has_object)
            f.first = (struct pp_maps_line){0}; /* `latest` stays: code may follow behind the object's own bss */
        else if (l.start != end || !same_file(&f.first, &l)) {
            if (!same_file(&f.begin, &l)) {
                f.begin = f.latest = l;
                f.run = here;
            }
            if (l.offset == 0) f.latest = l;
            f.first = l;
        } else if (l.offset == 0)
            f.latest = l;
        if (!(l.perms & PP_MAPS_X)) continue;
        if (found->n == w->o.max_modules) return true;
        struct found *slot = PP_TRY_PUSH(&w->scratch, found);
        if (!slot) return false;
        *slot = f;
        if (!has_object) slot->latest = slot->first;
    }
    w->stats.n_broken_lines = (uint32_t)maps.n_broken;
    return true;
}

/* Is `m` what the line says, and still the same object? Inode numbers and addresses are used again soon after a file is
 * deleted, so the build id in memory is compared as well. */
static bool still_same(struct pp_memory *mem, const struct pp_module *m, const struct found *f)
{
    const struct pp_maps_line *l = &f->line;
    if (m->start != l->start || m->end != l->end || m->offset != l->offset || m->inode != l->inode ||
        m->dev_major != l->dev_major || m->dev_minor != l->dev_minor || m->deleted != l->deleted ||
        !pp_str_eq(m->path, l->path))
        return false;
    uint8_t id[sizeof m->build_id];
    if (m->half_mapped) return false;
    return m->build_id_n == 0 || f->is_vdso ||
           (pp_memory_read(mem, m->build_id_at, id, m->build_id_n) && memcmp(id, m->build_id, m->build_id_n) == 0);
}

static const struct pp_module *find_old(const struct pp_module_map *map, struct pp_memory *mem, const struct found *f)
{
    const struct pp_module *m = map ? pp_module_find(map, f->line.start) : NULL;
    return m && still_same(mem, m, f) ? m : NULL;
}

static void free_table(struct pp_modules_writer *w, const struct pp_table *t)
{
    if (!t) return;
    w->stats.n_tables--;
    w->stats.table_bytes -= t->size_bytes;
    w->stats.n_bad_fdes -= t->n_bad;
    pp_table_free((struct pp_table *)t);
}

static void free_map(struct pp_modules_writer *w, struct owned_map *o)
{
    if (!o) return;
    for (uint32_t i = 0; i < o->map.n; i++) {
        struct pp_table *t = (struct pp_table *)o->map.modules[i].table;
        if (t && --t->refs == 0) free_table(w, t);
    }
    pp_pages_unmap(o, o->map.size_bytes);
}

/* The loader maps an object piece by piece, the first piece over the whole length. Only when the place of
 * .eh_frame_hdr shows the right part of the file has it been read right. */
static bool is_half_mapped(const struct found *f, const struct pp_object *o)
{
    struct pp_maps maps = {.rest = f->run};
    if (f->is_vdso || !o->eh_frame_hdr) return false;
    if (!o->table) return true;
    for (struct pp_maps_line l; pp_maps_next(&maps, &l);) {
        if (o->eh_frame_hdr >= l.end) continue;
        return o->eh_frame_hdr < l.start || !same_file(&l, &f->line) ||
               l.offset + (o->eh_frame_hdr - l.start) != o->eh_frame_hdr_offset;
    }
    return true;
}

static void describe(struct pp_module *m, const struct found *f, const struct pp_object *o)
{
    const struct pp_maps_line *l = &f->line;
    *m = (struct pp_module){.start = l->start,
                            .end = l->end,
                            .bias = o->bias,
                            .offset = l->offset,
                            .inode = l->inode,
                            .dev_major = l->dev_major,
                            .dev_minor = l->dev_minor,
                            .table = o->table,
                            .eh_frame_hdr = o->eh_frame_hdr,
                            .build_id_at = o->build_id_at,
                            .entry = o->entry,
                            .is_file = pp_maps_is_file(l),
                            .is_vdso = f->is_vdso,
                            .deleted = l->deleted,
                            .half_mapped = o->half_mapped,
                            .build_id_n = o->build_id_n,
                            .path = l->path};
    memcpy(m->build_id, o->build_id, sizeof m->build_id);
}

static enum pp_code read_from(struct pp_memory *mem, const struct found *f, const struct pp_maps_line *header,
                              struct pp_object *ret_object)
{
    struct pp_object_place place = {.header = header->start,
                                    .code = f->line.start,
                                    .header_offset = header->offset,
                                    .code_offset = f->line.offset,
                                    .any_code = f->is_vdso};
    if (pp_maps_is_file(&f->line) && !f->line.deleted) place.path = f->line.path;
    return header->start ? pp_object_read(mem, &place, ret_object, NULL) : PP_E_FORMAT;
}

static void load(struct pp_modules_writer *w, struct pp_memory *mem, const struct found *f,
                 struct pp_object *ret_object)
{
    struct pp_object o = {0};
    enum pp_code c = read_from(mem, f, &f->latest, &o);
    if (c == PP_E_FORMAT && f->first.start != f->latest.start) c = read_from(mem, f, &f->first, &o);
    if (c == PP_E_FORMAT && f->begin.start != f->first.start) c = read_from(mem, f, &f->begin, &o);
    bool over = o.table && w->stats.table_bytes + o.table->size_bytes > w->o.max_table_bytes;
    if (c == PP_E_NOMEM || over) w->stats.n_table_refused++;
    o.half_mapped = c == PP_E_IO || (!c && is_half_mapped(f, &o));
    if (over || o.half_mapped) {
        pp_table_free(o.table);
        o.table = NULL;
    }
    if (o.table) {
        w->stats.n_tables++;
        w->stats.table_bytes += o.table->size_bytes;
        w->stats.n_bad_fdes += o.table->n_bad;
    }
    *ret_object = o;
}

/* What stays unreadable is believed after some tries. */
static void limit_tries(struct pp_module *m, const struct pp_module_map *map)
{
    const struct pp_module *before = map ? pp_module_find(map, m->start) : NULL;
    if (!m->half_mapped) return;
    if (before && before->half_mapped) m->n_tries = (uint8_t)(before->n_tries + 1);
    if (m->n_tries >= TRIES_MAX) m->half_mapped = false;
}

/* The new list of live modules: known ones keep their record, new ones are read. refs of tables are not counted yet. */
static void describe_all(struct pp_modules_writer *w, struct pp_memory *mem, const found_vec *found,
                         uint32_t generation, struct pp_module *ret)
{
    struct pp_object object = {0};
    uintptr_t object_header = 0;
    const struct pp_module_map *map = w->current ? &w->current->map : NULL;
    for (size_t i = 0; i < found->n; i++) {
        const struct found *f = &found->p[i];
        const struct pp_module *old = find_old(map, mem, f);
        if (old) {
            ret[i] = *old;
            continue;
        }
        if (!f->latest.start)
            object = (struct pp_object){0};
        else if (f->latest.start != object_header)
            load(w, mem, f, &object);
        object_header = f->latest.start;
        describe(&ret[i], f, &object);
        limit_tries(&ret[i], map);
        ret[i].id = ++w->last_id;
        ret[i].born = generation;
    }
}

static bool lives_on(const struct pp_module *old, const struct pp_module *live, size_t n)
{
    for (size_t lo = 0, hi = n; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;
        if (live[mid].start == old->start) return live[mid].id == old->id;
        if (live[mid].start < old->start)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

/* What is remembered: the old map's past and the modules that went now; at most PP_MODULES_PAST_MAX, the latest. */
static size_t list_past(const struct pp_module_map *old, const struct pp_module *live, size_t n_live,
                        uint32_t generation, struct pp_module *ret)
{
    size_t n = 0;
    if (!old) return 0;
    memcpy(ret, old->past, old->n_past * sizeof *ret);
    n = old->n_past;
    for (uint32_t i = 0; i < old->n; i++) {
        if (lives_on(&old->modules[i], live, n_live)) continue;
        ret[n] = old->modules[i];
        ret[n].table = NULL;
        ret[n++].died = generation;
    }
    size_t drop = n > PP_MODULES_PAST_MAX ? n - PP_MODULES_PAST_MAX : 0;
    memmove(ret, ret + drop, (n - drop) * sizeof *ret);
    return n - drop;
}

static char *copy_modules(struct pp_module *to, const struct pp_module *from, size_t n, char *strings)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = from[i];
        to[i].path.p = strings;
        if (from[i].path.n) memcpy(strings, from[i].path.p, from[i].path.n);
        strings += from[i].path.n;
    }
    return strings;
}

/* Everything in one block: owned_map | starts | live modules | past ones | paths. NULL: memory refused. */
static struct owned_map *seal(const struct pp_module *live, size_t n, const struct pp_module *past, size_t n_past,
                              uint32_t generation)
{
    size_t starts_at = sizeof(struct owned_map), live_at = starts_at + n * sizeof(uintptr_t);
    size_t past_at = live_at + n * sizeof *live, strings_at = past_at + n_past * sizeof *past, size = strings_at;
    for (size_t i = 0; i < n; i++)
        size += live[i].path.n;
    for (size_t i = 0; i < n_past; i++)
        size += past[i].path.n;
    char *p = pp_pages_map(size);
    if (!p) return NULL;
    struct owned_map *o = (struct owned_map *)(void *)p;
    uintptr_t *starts = (uintptr_t *)(void *)(p + starts_at);
    struct pp_module *to_live = (struct pp_module *)(void *)(p + live_at),
                     *to_past = (struct pp_module *)(void *)(p + past_at);
    copy_modules(to_past, past, n_past, copy_modules(to_live, live, n, p + strings_at));
    for (size_t i = 0; i < n; i++) {
        starts[i] = live[i].start;
        if (live[i].table) ((struct pp_table *)live[i].table)->refs++;
    }
    o->map = (struct pp_module_map){.generation = generation,
                                    .n = (uint32_t)n,
                                    .n_past = (uint32_t)n_past,
                                    .size_bytes = size,
                                    .starts = starts,
                                    .modules = to_live,
                                    .past = to_past};
    return o;
}

static void drop_new_tables(struct pp_modules_writer *w, struct pp_module *live, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct pp_table *t = live[i].table;
        if (!t || t->refs) continue;
        for (size_t k = i; k < n; k++)
            if (live[k].table == t) live[k].table = NULL;
        free_table(w, t);
    }
}

static void publish(struct pp_modules *m, struct owned_map *o)
{
    struct pp_modules_writer *w = m->writer;
    struct owned_map *old = w->current;
    atomic_store(&m->current, &o->map);
    w->current = o;
    if (!old) return;
    old->seen_zero = 0;
    old->next = w->waiting;
    w->waiting = old;
    w->stats.n_waiting_maps++;
}

static enum pp_code rebuild(struct pp_modules *m, struct pp_memory *mem, const found_vec *found, struct pp_err *err)
{
    struct pp_modules_writer *w = m->writer;
    const struct pp_module_map *old = w->current ? &w->current->map : NULL;
    uint32_t before = old ? old->generation : w->o.first_generation;
    uint32_t generation = before + 1;
    if (before && before == w->o.last_generation) return pp_fail(err, PP_E_LIMIT, "module generations are used up");
    struct pp_module *live = PP_NEW_N(&w->scratch, struct pp_module, found->n);
    struct pp_module *past = PP_NEW_N(&w->scratch, struct pp_module, old ? (size_t)old->n_past + old->n : 0);
    if (!live || !past) return pp_fail(err, PP_E_NOMEM, "no memory for %zu modules", found->n);
    describe_all(w, mem, found, generation, live);
    size_t n_past = list_past(old, live, found->n, generation, past);
    struct owned_map *o = seal(live, found->n, past, n_past, generation);
    if (!o) {
        drop_new_tables(w, live, found->n);
        return pp_fail(err, PP_E_NOMEM, "no memory for a map of %zu modules", found->n);
    }
    publish(m, o);
    return PP_OK;
}

static bool unchanged(const struct pp_modules_writer *w, struct pp_memory *mem, const found_vec *found)
{
    if (!w->current || w->current->map.n != found->n) return false;
    for (size_t i = 0; i < found->n; i++)
        if (!still_same(mem, &w->current->map.modules[i], &found->p[i])) return false;
    return true;
}

static enum pp_code refresh(struct pp_modules *m, struct pp_memory *mem, bool *ret_changed, struct pp_err *err)
{
    struct pp_modules_writer *w = m->writer;
    pp_str text;
    found_vec found = {0};
    if (w->stats.n_waiting_maps >= WAITING_MAX)
        return pp_fail(err, PP_E_LIMIT, "%u old module maps still wait for their readers", w->stats.n_waiting_maps);
    enum pp_code c = pp_maps_read(&w->scratch, w->o.pid, &text, err);
    if (c) return c;
    if (!find_executable(w, text, &found)) return pp_fail(err, PP_E_NOMEM, "no memory for the lines of the maps");
    bool changed = !unchanged(w, mem, &found);
    if (changed && (c = rebuild(m, mem, &found, err))) return c;
    if (ret_changed) *ret_changed = changed;
    return PP_OK;
}

enum pp_code pp_modules_refresh(struct pp_modules *m, bool *ret_changed, struct pp_err *err)
{
    struct pp_modules_writer *w = m->writer;
    struct pp_memory mem = {.pid = w->o.pid, .mem_fd = -1};
    uint64_t start = now_ns();
    enum pp_code c = refresh(m, &mem, ret_changed, err);
    pp_memory_release(&mem);
    pp_arena_release(&w->scratch);
    pp_modules_reclaim(m);
    w->stats.last_refresh_ns = now_ns() - start;
    w->stats.total_refresh_ns += w->stats.last_refresh_ns;
    w->stats.n_refreshes++;
    return c;
}

/* Bit per counter that is 0 at this moment. */
static uint32_t zero_counters(struct pp_modules *m)
{
    uint32_t zero = 0;
    for (unsigned i = 0; i < PP_MODULES_STRIPES; i++)
        for (unsigned side = 0; side < 2; side++)
            if (atomic_load(&m->stripe[i].in[side]) == 0) zero |= 1u << (2 * i + side);
    return zero;
}

_Static_assert(PP_MODULES_STRIPES * 2 == 32, "seen_zero has a bit for each counter");

size_t pp_modules_reclaim(struct pp_modules *m)
{
    struct pp_modules_writer *w = m->writer;
    if (!w->waiting) return 0;
    uint32_t zero = zero_counters(m);
    for (struct owned_map **at = &w->waiting; *at;) {
        struct owned_map *o = *at;
        o->seen_zero |= zero;
        if (o->seen_zero != UINT32_MAX) {
            at = &o->next;
            continue;
        }
        *at = o->next;
        free_map(w, o);
        w->stats.n_waiting_maps--;
    }
    if (w->waiting) atomic_fetch_xor(&m->side, 1); /* new readers go to the other side; this one drains */
    return w->stats.n_waiting_maps;
}

void pp_modules_after_fork(struct pp_modules *m)
{
    for (unsigned i = 0; i < PP_MODULES_STRIPES; i++)
        for (unsigned side = 0; side < 2; side++)
            atomic_store(&m->stripe[i].in[side], 0);
}

void pp_modules_stats(const struct pp_modules *m, struct pp_modules_stats *ret_stats)
{
    const struct pp_modules_writer *w = m->writer;
    struct pp_modules_stats s = w->stats;
    const struct pp_module_map *map = w->current ? &w->current->map : NULL;
    s.n_without_table = 0;
    for (uint32_t i = 0; map && i < map->n; i++)
        s.n_without_table += map->modules[i].table == NULL;
    s.generation = map ? map->generation : 0;
    s.n_modules = map ? map->n : 0;
    s.n_past = map ? map->n_past : 0;
    s.map_bytes = map ? map->size_bytes : 0;
    *ret_stats = s;
}

enum pp_code pp_modules_init(struct pp_modules *m, const struct pp_modules_options *o, struct pp_err *err)
{
    struct pp_modules_writer *w = pp_pages_map(sizeof *w);
    if (!w) return pp_fail(err, PP_E_NOMEM, "no memory for the module map");
    if (o) w->o = *o;
    if (!w->o.max_table_bytes) w->o.max_table_bytes = TABLE_BYTES_DEFAULT;
    if (!w->o.max_modules) w->o.max_modules = MODULES_DEFAULT;
    m->writer = w;
    return PP_OK;
}

void pp_modules_release(struct pp_modules *m)
{
    struct pp_modules_writer *w = m->writer;
    if (!w) return;
    atomic_store(&m->current, NULL);
    while (w->waiting) {
        struct owned_map *o = w->waiting;
        w->waiting = o->next;
        free_map(w, o);
    }
    free_map(w, w->current);
    pp_pages_unmap(w, sizeof *w);
    m->writer = NULL;
}
