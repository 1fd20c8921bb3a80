// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "symbols/dwarf_unit.h"

#define FREE_BYTES 2048

/* Bytes of a form whose length doesn't depend on its value; -1: it does. */
static int fixed_bytes(const struct pp_dwarf_unit *u, unsigned form)
{
    switch (form) {
    case DW_FORM_addr: return u->address_size;
    case DW_FORM_flag_present: case DW_FORM_implicit_const: return 0;
    case DW_FORM_data1: case DW_FORM_flag: case DW_FORM_ref1: case DW_FORM_strx1: case DW_FORM_addrx1: return 1;
    case DW_FORM_data2: case DW_FORM_ref2: case DW_FORM_strx2: case DW_FORM_addrx2: return 2;
    case DW_FORM_strx3: case DW_FORM_addrx3: return 3;
    case DW_FORM_data4: case DW_FORM_ref4: case DW_FORM_strx4: case DW_FORM_addrx4: case DW_FORM_ref_sup4: return 4;
    case DW_FORM_data8: case DW_FORM_ref8: case DW_FORM_ref_sig8: case DW_FORM_ref_sup8: return 8;
    case DW_FORM_data16: return 16;
    case DW_FORM_sec_offset: case DW_FORM_strp: case DW_FORM_line_strp: case DW_FORM_GNU_strp_alt:
    case DW_FORM_strp_sup: case DW_FORM_GNU_ref_alt: return u->offset_size;
    case DW_FORM_ref_addr: return u->version < 3 ? u->address_size : u->offset_size;
    default: return -1;
    }
}

/* The representative of a form among those that are skipped alike. */
static uint16_t skip_form(unsigned form)
{
    switch (form) {
    case DW_FORM_sdata: case DW_FORM_udata: case DW_FORM_ref_udata: case DW_FORM_strx: case DW_FORM_addrx:
    case DW_FORM_GNU_str_index: case DW_FORM_GNU_addr_index: case DW_FORM_loclistx: case DW_FORM_rnglistx:
        return DW_FORM_udata;
    case DW_FORM_block: return DW_FORM_exprloc;
    default: return (uint16_t)form;
    }
}

static enum pp_dwarf_take take_of(const struct pp_dwarf_abbrev *ab, unsigned name)
{
    if (ab->is_codeless && name == DW_AT_sibling) return PP_DWARF_TAKE_SIBLING;
    if (!ab->is_function) return PP_DWARF_TAKE_NONE;
    if (name == DW_AT_low_pc) return PP_DWARF_TAKE_LOW;
    if (name == DW_AT_high_pc) return PP_DWARF_TAKE_HIGH;
    return name == DW_AT_ranges ? PP_DWARF_TAKE_LIST : PP_DWARF_TAKE_NONE;
}

static void make_steps(struct pp_arena *a, const struct pp_dwarf_unit *u, struct pp_dwarf_abbrev *ab)
{
    struct pp_dwarf_step steps[PP_DWARF_ATTRS_MAX + 1];
    uint32_t n = 0, bytes = 0;
    for (uint32_t i = 0; i < ab->n_attrs; i++) {
        int fixed = fixed_bytes(u, ab->attrs[i].form);
        enum pp_dwarf_take take = take_of(ab, ab->attrs[i].name);
        if (fixed >= 0 && !take && bytes + (unsigned)fixed <= UINT16_MAX) {
            bytes += (unsigned)fixed;
            continue;
        }
        steps[n++] = (struct pp_dwarf_step){skip_form(ab->attrs[i].form), (uint16_t)bytes, (uint16_t)i, (uint16_t)take};
        bytes = 0;
    }
    ab->fixed_bytes = n ? -1 : (int32_t)bytes;
    if (!n) return;
    if (bytes) steps[n++] = (struct pp_dwarf_step){.bytes = (uint16_t)bytes};
    struct pp_dwarf_step *copy = PP_NEW_N(a, struct pp_dwarf_step, n);
    memcpy(copy, steps, n * sizeof *copy);
    ab->steps = copy;
    ab->n_steps = (uint16_t)n;
}

static bool read_attr(struct pp_cursor *c, struct pp_dwarf_attr *ret_attr)
{
    uint64_t name = pp_cursor_uleb(c), form = pp_cursor_uleb(c);
    if (!name && !form) return false;
    int64_t implicit = form == DW_FORM_implicit_const ? pp_cursor_sleb(c) : 0;
    if (name > UINT16_MAX || form > UINT16_MAX) pp_cursor_fail(c);
    *ret_attr = (struct pp_dwarf_attr){(uint16_t)name, (uint16_t)form, (int32_t)implicit};
    return !c->failed;
}

/* Types and call sites have only members, bounds, parameters and the like below them. (Classes may hold functions.) */
static bool is_codeless_tag(uint64_t tag)
{
    return tag == DW_TAG_enumeration_type || tag == DW_TAG_array_type || tag == DW_TAG_subroutine_type ||
           tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site;
}

static bool is_read_later(uint64_t tag)
{
    return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
}

/* Tag, children and attributes behind a code. */
static uint16_t read_plain(struct pp_cursor *c, bool *ret_children, struct pp_dwarf_attr *attrs, uint32_t *ret_n)
{
    uint32_t n = 0;
    uint64_t tag = pp_cursor_uleb(c);
    *ret_children = pp_cursor_u8(c) != 0;
    for (struct pp_dwarf_attr attr; read_attr(c, &attr);) {
        if (n == PP_DWARF_ATTRS_MAX) {
            pp_cursor_fail(c);
            break;
        }
        attrs[n++] = attr;
    }
    *ret_n = n;
    return tag > UINT16_MAX ? 0 : (uint16_t)tag;
}

static bool has_attr(const struct pp_dwarf_attr *attrs, uint32_t n, unsigned name)
{
    for (uint32_t i = 0; i < n; i++)
        if (attrs[i].name == name) return true;
    return false;
}

/* One abbreviation behind its code. Declarations and abstract functions (no address attribute) are not "functions". */
static void read_abbrev(struct pp_cursor *c, struct pp_arena *a, const struct pp_dwarf_unit *u, uint64_t code,
                        struct pp_dwarf_abbrev *ret_abbrev)
{
    struct pp_dwarf_attr attrs[PP_DWARF_ATTRS_MAX];
    uint32_t n;
    bool children;
    uint16_t tag = read_plain(c, &children, attrs, &n);
    bool is_subprogram = tag == DW_TAG_subprogram;
    bool has_pc = is_subprogram && (has_attr(attrs, n, DW_AT_low_pc) || has_attr(attrs, n, DW_AT_ranges));
    bool codeless = is_codeless_tag(tag) || (is_subprogram && !has_pc && has_attr(attrs, n, DW_AT_declaration));
    if (code > UINT32_MAX) pp_cursor_fail(c);
    struct pp_dwarf_abbrev ab = {.code = (uint32_t)code,
                                 .attrs = attrs,
                                 .n_attrs = (uint16_t)n,
                                 .tag = tag,
                                 .has_children = children,
                                 .is_function = tag == DW_TAG_inlined_subroutine || has_pc,
                                 .is_codeless = children && codeless && has_attr(attrs, n, DW_AT_sibling)};
    make_steps(a, u, &ab);
    struct pp_dwarf_attr *copy = NULL;
    if (!is_read_later(tag) && !ab.is_codeless) ab.n_attrs = 0;
    if (ab.n_attrs) copy = memcpy(PP_NEW_N(a, struct pp_dwarf_attr, n), attrs, n * sizeof *attrs);
    ab.attrs = copy;
    *ret_abbrev = ab;
}

/* Over the abbreviations from `offset`, but not further than the file's budget allows. Short reads are free: all units of a Go
 * program share one table. */
static struct pp_cursor begin_reading(const struct pp_dwarf_file *f, uint64_t offset)
{
    struct pp_cursor c = pp_cursor_at(f->abbrev, offset);
    uint64_t allowed = f->abbrev_budget + FREE_BYTES;
    if (allowed < pp_cursor_left(&c)) c.end = c.p + allowed;
    return c;
}

static void end_reading(struct pp_dwarf_file *f, const struct pp_cursor *c, const struct pp_cursor *start)
{
    uint64_t spent = (uint64_t)(c->p - start->p);
    if (spent > FREE_BYTES) f->abbrev_budget -= spent - FREE_BYTES;
}

bool pp_dwarf_unit_one_abbrev(struct pp_dwarf_unit *u, uint64_t code, uint16_t *ret_tag, struct pp_dwarf_attr *attrs,
                              uint32_t *ret_n_attrs)
{
    const struct pp_cursor start = begin_reading(u->file, u->abbrev_offset);
    struct pp_cursor c = start;
    bool children, found = false;
    for (uint64_t here; !found && (here = pp_cursor_uleb(&c)) != 0; found = here == code && !c.failed)
        *ret_tag = read_plain(&c, &children, attrs, ret_n_attrs);
    end_reading(u->file, &c, &start);
    return found;
}

static int by_code(const void *x, const void *y)
{
    uint32_t a = ((const struct pp_dwarf_abbrev *)x)->code, b = ((const struct pp_dwarf_abbrev *)y)->code;
    return (a > b) - (a < b);
}

const struct pp_dwarf_abbrev *pp_dwarf_abbrev_search(const struct pp_dwarf_abbrevs *t, uint64_t code)
{
    struct pp_dwarf_abbrev key = {.code = (uint32_t)code};
    return t->n && code <= UINT32_MAX ? bsearch(&key, t->items, t->n, sizeof key, by_code) : NULL;
}

static enum pp_code parse_table(struct pp_dwarf_unit *u, struct pp_dwarf_abbrevs *t, struct pp_err *err)
{
    struct pp_arena *a = u->file->arena, *scratch = &u->file->scratch;
    PP_VEC(struct pp_dwarf_abbrev) items = {0};
    const struct pp_cursor start = begin_reading(u->file, t->offset);
    struct pp_cursor c = start;
    t->dense = true;
    for (uint64_t code; (code = pp_cursor_uleb(&c)) != 0;) {
        struct pp_dwarf_abbrev ab;
        read_abbrev(&c, a, u, code, &ab);
        if (c.failed) break;
        t->dense &= code == items.n + 1;
        *PP_PUSH(scratch, &items) = ab;
    }
    end_reading(u->file, &c, &start);
    if (c.failed) {
        pp_arena_reset(scratch);
        return pp_fail(err, PP_E_FORMAT, "abbreviations at %#zx are broken", (size_t)t->offset);
    }
    if (!t->dense) qsort(items.p, items.n, sizeof *items.p, by_code);
    t->n = items.n;
    t->items = PP_NEW_N(a, struct pp_dwarf_abbrev, t->n);
    if (t->n) memcpy(t->items, items.p, t->n * sizeof *t->items);
    pp_arena_reset(scratch);
    return PP_OK;
}

enum pp_code pp_dwarf_unit_abbrevs(struct pp_dwarf_unit *u, const struct pp_dwarf_abbrevs **ret_abbrevs,
                                   struct pp_err *err)
{
    struct pp_dwarf_file *f = u->file;
    uint32_t shape = (uint32_t)(u->address_size << 8 | u->offset_size << 1 | (u->version < 3)), i;
    uint64_t hash = pp_hash_u64(u->abbrev_offset ^ (uint64_t)shape << 40);
    for (struct pp_probe pr = pp_hash_probe(&f->tables_by_offset, hash); pp_hash_next(&pr, &i);) {
        if (f->tables.p[i]->offset != u->abbrev_offset || f->tables.p[i]->shape != shape) continue;
        *ret_abbrevs = f->tables.p[i];
        return PP_OK;
    }
    struct pp_dwarf_abbrevs *t = PP_NEW(f->arena, struct pp_dwarf_abbrevs);
    *t = (struct pp_dwarf_abbrevs){.offset = u->abbrev_offset, .shape = shape};
    enum pp_code c = parse_table(u, t, err);
    if (c) return c;
    if (!pp_hash_add(f->arena, &f->tables_by_offset, hash, (uint32_t)f->tables.n))
        return pp_fail(err, PP_E_NOMEM, "out of memory");
    *PP_PUSH(f->arena, &f->tables) = t;
    *ret_abbrevs = t;
    return PP_OK;
}
