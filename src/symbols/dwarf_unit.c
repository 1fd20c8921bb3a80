// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf_unit.h"

#include "base/fmt.h"

enum pp_code pp_dwarf_file_read(struct pp_arena *a, const struct pp_object *o, bool is_dwo,
                                struct pp_dwarf_file *ret_file, struct pp_err *err)
{
    struct pp_dwarf_file f = {.arena = a, .is_dwo = is_dwo, .min_addr = UINT64_MAX};
    pp_arena_init(&f.scratch, a->max_bytes, a->oom);
    const struct {
        const char *name;
        pp_str *bytes;
    } sections[] = {
        {".debug_info", &f.info},         {".debug_abbrev", &f.abbrev},     {".debug_str", &f.str},
        {".debug_line_str", &f.line_str}, {".debug_line", &f.line},         {".debug_addr", &f.addr},
        {".debug_ranges", &f.ranges},     {".debug_rnglists", &f.rnglists}, {".debug_str_offsets", &f.str_offsets}};
    if (o->big_endian) return pp_fail(err, PP_E_UNSUPPORTED, "big-endian DWARF is not supported");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        char name[40];
        pp_fmt(name, sizeof name, "%s%s", sections[i].name, is_dwo ? ".dwo" : "");
        enum pp_code c = pp_object_debug_bytes(o, name, sections[i].bytes, err);
        if (c) return c;
    }
    for (uint32_t i = 0; i < o->n_segments; i++) {
        const struct pp_segment *p = &o->segments[i];
        if (p->type == 1 /* PT_LOAD */ && (p->flags & 1 /* PF_X */) && p->vaddr < f.min_addr) f.min_addr = p->vaddr;
    }
    if (f.min_addr == UINT64_MAX) f.min_addr = 0;
    f.abbrev_budget = 4 * (uint64_t)f.abbrev.n;
    f.line_budget = 4 * (uint64_t)f.line.n;
    f.range_budget = 4 * (uint64_t)(f.ranges.n + f.rnglists.n);
    *ret_file = f;
    return PP_OK;
}

void pp_dwarf_file_release(struct pp_dwarf_file *f) { pp_arena_release(&f->scratch); }

static bool has_dwo_id(const struct pp_dwarf_unit *u)
{
    return u->unit_type == DW_UT_skeleton || u->unit_type == DW_UT_split_compile;
}

enum pp_code pp_dwarf_unit_parse(struct pp_dwarf_file *f, uint64_t offset, struct pp_dwarf_unit *ret_unit,
                                 struct pp_err *err)
{
    struct pp_dwarf_unit u = {.file = f, .offset = offset, .line_offset = PP_DWARF_NONE, .unit_type = DW_UT_compile};
    struct pp_cursor c = pp_cursor_at(f->info, offset);
    uint64_t length = pp_cursor_uint(&c, 4);
    u.offset_size = 4;
    if (length == UINT32_MAX) {
        length = pp_cursor_uint(&c, 8);
        u.offset_size = 8;
    }
    if (c.failed || length > pp_cursor_left(&c))
        return pp_fail(err, PP_E_FORMAT, "unit at %#zx is longer than its section", (size_t)offset);
    u.end = (uint64_t)((const char *)c.p - f->info.p) + length;
    uint64_t version = pp_cursor_uint(&c, 2);
    u.version = version > 5 ? UINT8_MAX : (uint8_t)version;
    if (u.version == 5) {
        u.unit_type = pp_cursor_u8(&c);
        u.address_size = pp_cursor_u8(&c);
        u.abbrev_offset = pp_cursor_uint(&c, u.offset_size);
        if (has_dwo_id(&u)) u.dwo_id = pp_cursor_uint(&c, 8);
        if (u.unit_type == DW_UT_type || u.unit_type == DW_UT_split_type) pp_cursor_skip(&c, 8u + u.offset_size);
    } else {
        u.abbrev_offset = pp_cursor_uint(&c, u.offset_size);
        u.address_size = pp_cursor_u8(&c);
    }
    u.die = (uint64_t)((const char *)c.p - f->info.p);
    *ret_unit = u; /* also when unusable: its end leads to the next one */
    bool sound =
        !c.failed && u.die <= u.end && u.version >= 2 && u.version <= 5 && (u.address_size == 4 || u.address_size == 8);
    if (!sound)
        return pp_fail(err, PP_E_FORMAT, "unit at %#zx: version %u with addresses of %u bytes is not supported",
                       (size_t)offset, u.version, u.address_size);
    return PP_OK;
}

enum pp_code pp_dwarf_file_list_units(struct pp_dwarf_file *f, struct pp_err *err)
{
    enum pp_code first = PP_OK;
    for (uint64_t at = 0; at < f->info.n;) {
        struct pp_dwarf_unit u = {.end = 0};
        enum pp_code c = pp_dwarf_unit_parse(f, at, &u, first ? NULL : err);
        if (c && !first) first = c;
        if (u.end <= at) break;
        at = u.end;
        if (c) continue;
        struct pp_dwarf_unit *kept = PP_NEW(f->arena, struct pp_dwarf_unit);
        *kept = u;
        *PP_PUSH(f->arena, &f->units) = kept;
    }
    return first;
}

struct pp_dwarf_unit *pp_dwarf_file_unit_at(const struct pp_dwarf_file *f, uint64_t die)
{
    size_t low = 0, high = f->units.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (f->units.p[mid]->offset <= die)
            low = mid + 1;
        else
            high = mid;
    }
    if (!low) return NULL;
    struct pp_dwarf_unit *u = f->units.p[low - 1];
    return die >= u->die && die < u->end ? u : NULL;
}

/* The values of a unit DIE; several need the bases found later in the same DIE, so they are kept until all are read. */
struct unit_values {
    struct pp_dwarf_value low, high, ranges, comp_dir, dwo_name;
};

static void take_value(struct pp_dwarf_unit *u, struct unit_values *values, unsigned name,
                       const struct pp_dwarf_value *v)
{
    switch (name) {
    case DW_AT_low_pc: values->low = *v; break;
    case DW_AT_high_pc: values->high = *v; break;
    case DW_AT_ranges: values->ranges = *v; break;
    case DW_AT_comp_dir: values->comp_dir = *v; break;
    case DW_AT_dwo_name:
    case DW_AT_GNU_dwo_name: values->dwo_name = *v; break;
    case DW_AT_stmt_list: u->line_offset = v->u; break;
    case DW_AT_GNU_dwo_id: u->dwo_id = v->u; break;
    case DW_AT_str_offsets_base: u->str_offsets_base = v->u; break;
    case DW_AT_addr_base:
    case DW_AT_GNU_addr_base: u->addr_base = v->u; break;
    case DW_AT_rnglists_base: u->rnglists_base = v->u; break;
    case DW_AT_GNU_ranges_base: u->ranges_base = v->u; break;
    default: break;
    }
}

/* Where the tables of a unit begin if it doesn't say: behind the header of the section's first contribution. */
static void set_default_bases(struct pp_dwarf_unit *u)
{
    if (u->version < 5) return;
    uint64_t header = u->offset_size == 8 ? 16 : 8;
    u->str_offsets_base = u->addr_base = header;
    u->rnglists_base = header + 4;
}

enum pp_code pp_dwarf_unit_read(struct pp_dwarf_unit *u, struct pp_arena *a, pp_dwarf_ranges *ranges, uint32_t owner,
                                struct pp_err *err)
{
    struct pp_dwarf_attr attrs[PP_DWARF_ATTRS_MAX];
    uint32_t n_attrs;
    struct pp_cursor c = pp_cursor_at((pp_str){u->file->info.p, u->end}, u->die);
    bool known = pp_dwarf_unit_one_abbrev(u, pp_cursor_uleb(&c), &u->tag, attrs, &n_attrs);
    if (c.failed || !known)
        return pp_fail(err, PP_E_FORMAT, "unit at %#zx: its first entry is broken", (size_t)u->offset);
    set_default_bases(u);
    struct unit_values values = {0};
    for (uint32_t i = 0; i < n_attrs; i++) {
        struct pp_dwarf_value v;
        pp_dwarf_read_value(&c, u, &attrs[i], &v);
        take_value(u, &values, attrs[i].name, &v);
    }
    if (c.failed) return pp_fail(err, PP_E_FORMAT, "unit at %#zx: its first entry is cut", (size_t)u->offset);
    u->comp_dir = pp_dwarf_string(u, &values.comp_dir);
    u->dwo_name = pp_dwarf_string(u, &values.dwo_name);
    if (!pp_dwarf_address(u, &values.low, &u->low_pc)) u->low_pc = 0;
    u->is_read = true;
    if (ranges) pp_dwarf_add_ranges(u, &values.low, &values.high, &values.ranges, owner, a, ranges);
    return PP_OK;
}
