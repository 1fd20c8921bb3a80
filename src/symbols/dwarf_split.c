// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf_split.h"

/* Columns of a package index; the numbers of version 2 (GNU, DWARF 4) and 5 agree where both have them, but for 8. */
enum { SECT_INFO = 1, SECT_ABBREV = 3, SECT_STR_OFFSETS = 6, SECT_RNGLISTS = 8 };
#define COLUMNS_MAX 16

struct package {
    pp_str index; /* .debug_cu_index */
    unsigned version;
    uint32_t n_columns, n_units, n_slots;
    uint32_t columns[COLUMNS_MAX];
};

struct pp_dwarf_split {
    struct pp_arena *arena;
    const struct pp_object *object;
    PP_VEC(struct pp_object) opened;
    PP_VEC(struct pp_dwarf_file *) files; /* of .dwo files */
    bool package_tried, has_package;
    struct package package;
    struct pp_dwarf_file package_file;
};

struct pp_dwarf_split *pp_dwarf_split_new(struct pp_arena *a, const struct pp_object *object)
{
    struct pp_dwarf_split *s = PP_NEW(a, struct pp_dwarf_split);
    *s = (struct pp_dwarf_split){.arena = a, .object = object};
    return s;
}

void pp_dwarf_split_release(struct pp_dwarf_split *s)
{
    pp_dwarf_file_release(&s->package_file);
    for (size_t i = 0; i < s->files.n; i++)
        pp_dwarf_file_release(s->files.p[i]);
    for (size_t i = 0; i < s->opened.n; i++)
        pp_object_release(&s->opened.p[i]);
    s->opened.n = 0;
}

static enum pp_code open_file(struct pp_dwarf_split *s, pp_str path, struct pp_dwarf_file *ret_file, pp_str *ret_index,
                              struct pp_err *err)
{
    struct pp_object o;
    enum pp_code c = pp_object_open(s->arena, path, &o, err);
    if (c) return c;
    *PP_PUSH(s->arena, &s->opened) = o;
    if ((c = pp_object_bytes(&o, pp_object_section(&o, ".debug_cu_index"), ret_index, err))) return c;
    return pp_dwarf_file_read(s->arena, &o, true, ret_file, err);
}

static bool read_index(struct package *p)
{
    struct pp_cursor c = pp_cursor_at(p->index, 0);
    uint64_t version = pp_cursor_uint(&c, 4); /* version 5: two bytes and two of padding */
    p->version = (unsigned)version;
    p->n_columns = (uint32_t)pp_cursor_uint(&c, 4);
    p->n_units = (uint32_t)pp_cursor_uint(&c, 4);
    p->n_slots = (uint32_t)pp_cursor_uint(&c, 4);
    if ((version != 2 && version != 5) || p->n_columns > COLUMNS_MAX || !p->n_slots) return false;
    if (p->n_slots & (p->n_slots - 1)) return false;
    uint64_t need = 12 * (uint64_t)p->n_slots + 4 * (uint64_t)p->n_columns * (1 + 2 * (uint64_t)p->n_units);
    if (c.failed || need > pp_cursor_left(&c)) return false;
    pp_cursor_skip(&c, 12 * (uint64_t)p->n_slots);
    for (uint32_t i = 0; i < p->n_columns; i++)
        p->columns[i] = (uint32_t)pp_cursor_uint(&c, 4);
    return true;
}

/* The row of a unit by its id; 0: none. The hash table and its probing are those of the DWARF standard, 7.3.5.3. */
static uint32_t find_row(const struct package *p, uint64_t id)
{
    uint64_t mask = p->n_slots - 1, slot = id & mask, step = (id >> 32 & mask) | 1;
    for (uint32_t i = 0; i < p->n_slots; i++, slot = (slot + step) & mask) {
        struct pp_cursor c = pp_cursor_at(p->index, 16 + 8 * slot);
        uint64_t there = pp_cursor_uint(&c, 8);
        c = pp_cursor_at(p->index, 16 + 8 * (uint64_t)p->n_slots + 4 * slot);
        uint32_t row = (uint32_t)pp_cursor_uint(&c, 4);
        if (!row) return 0;
        if (there == id) return row <= p->n_units ? row : 0;
    }
    return 0;
}

/* Offset of the unit's contribution to a section; 0 if the package has no such column. */
static uint64_t contribution(const struct package *p, uint32_t row, uint32_t section)
{
    uint64_t cells = 16 + 12 * (uint64_t)p->n_slots + 4 * (uint64_t)p->n_columns;
    for (uint32_t i = 0; i < p->n_columns; i++) {
        if (p->columns[i] != section) continue;
        struct pp_cursor c = pp_cursor_at(p->index, cells + 4 * ((uint64_t)(row - 1) * p->n_columns + i));
        return pp_cursor_uint(&c, 4);
    }
    return 0;
}

static bool try_package(struct pp_dwarf_split *s)
{
    if (s->package_tried) return s->has_package;
    s->package_tried = true;
    pp_str path = pp_arena_join(s->arena, s->object->path, PP_STR(".dwp"));
    if (open_file(s, path, &s->package_file, &s->package.index, NULL)) return false;
    s->package_file.min_addr = 0;
    s->has_package = read_index(&s->package);
    return s->has_package;
}

static enum pp_code from_package(struct pp_dwarf_split *s, struct pp_dwarf_unit *skeleton, uint32_t row,
                                 struct pp_dwarf_unit *u, struct pp_err *err)
{
    const struct package *p = &s->package;
    enum pp_code c = pp_dwarf_unit_parse(&s->package_file, contribution(p, row, SECT_INFO), u, err);
    if (c) return c;
    u->skeleton = skeleton;
    u->abbrev_offset += contribution(p, row, SECT_ABBREV);
    if ((c = pp_dwarf_unit_read(u, NULL, NULL, 0, err))) return c;
    u->str_offsets_base += contribution(p, row, SECT_STR_OFFSETS);
    if (p->version == 5) u->rnglists_base += contribution(p, row, SECT_RNGLISTS);
    return PP_OK;
}

static enum pp_code from_file(struct pp_dwarf_split *s, struct pp_dwarf_unit *skeleton, struct pp_dwarf_unit *u,
                              struct pp_err *err)
{
    pp_str path = skeleton->dwo_name, index;
    if (path.p[0] != '/' && skeleton->comp_dir.n)
        path = pp_arena_fmt(s->arena, "%.*s/%.*s", PP_FMT(skeleton->comp_dir), PP_FMT(skeleton->dwo_name));
    struct pp_dwarf_file *f = PP_NEW(s->arena, struct pp_dwarf_file);
    enum pp_code c = open_file(s, path, f, &index, err);
    if (c) return c;
    *PP_PUSH(s->arena, &s->files) = f;
    for (uint64_t at = 0; at < f->info.n; at = u->end) {
        if ((c = pp_dwarf_unit_parse(f, at, u, err))) return c;
        u->skeleton = skeleton;
        if (u->unit_type == DW_UT_split_type) continue;
        if ((c = pp_dwarf_unit_read(u, NULL, NULL, 0, err))) return c;
        if (u->dwo_id == skeleton->dwo_id) return PP_OK;
    }
    return pp_fail(err, PP_E_NOTFOUND, "%.*s: has no unit with id %#llx", PP_FMT(path),
                   (unsigned long long)skeleton->dwo_id);
}

enum pp_code pp_dwarf_split_unit(struct pp_dwarf_split *s, struct pp_dwarf_unit *skeleton,
                                 struct pp_dwarf_unit **ret_unit, struct pp_err *err)
{
    struct pp_dwarf_unit *u = PP_NEW(s->arena, struct pp_dwarf_unit);
    uint32_t row = try_package(s) ? find_row(&s->package, skeleton->dwo_id) : 0;
    enum pp_code c = row ? from_package(s, skeleton, row, u, err) : from_file(s, skeleton, u, err);
    if (!c) *ret_unit = u;
    return c;
}
