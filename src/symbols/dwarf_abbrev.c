// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "symbols/dwarf_unit.h"

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

static void make_steps(struct pp_arena *a, const struct pp_dwarf_unit *u, struct pp_dwarf_abbrev *ab)
{
    struct pp_dwarf_step *steps = PP_NEW_N(a, struct pp_dwarf_step, ab->n_attrs + 1);
    uint32_t n = 0, bytes = 0;
    for (uint32_t i = 0; i < ab->n_attrs; i++) {
        int fixed = fixed_bytes(u, ab->attrs[i].form);
        if (fixed >= 0 && bytes + (unsigned)fixed <= UINT16_MAX) {
            bytes += (unsigned)fixed;
            continue;
        }
        steps[n++] = (struct pp_dwarf_step){skip_form(ab->attrs[i].form), (uint16_t)bytes};
        bytes = 0;
    }
    if (bytes) steps[n++] = (struct pp_dwarf_step){0, (uint16_t)bytes};
    ab->steps = steps;
    ab->n_steps = n;
}

static bool read_attr(struct pp_cursor *c, struct pp_dwarf_attr *ret_attr)
{
    uint64_t name = pp_cursor_uleb(c), form = pp_cursor_uleb(c);
    if (!name && !form) return false;
    int64_t implicit = form == DW_FORM_implicit_const ? pp_cursor_sleb(c) : 0;
    if (name > UINT16_MAX || form > UINT16_MAX) pp_cursor_fail(c);
    *ret_attr = (struct pp_dwarf_attr){(uint16_t)name, (uint16_t)form, implicit};
    return !c->failed;
}

typedef PP_VEC(struct pp_dwarf_attr) attrs;

/* One abbreviation behind its code. Declarations and abstract functions (no address attribute) are not "functions". */
static void read_abbrev(struct pp_cursor *c, struct pp_arena *a, uint64_t code, attrs *scratch,
                        struct pp_dwarf_abbrev *ret_abbrev)
{
    uint64_t tag = pp_cursor_uleb(c);
    bool children = pp_cursor_u8(c) != 0, has_pc = false;
    scratch->n = 0;
    for (struct pp_dwarf_attr attr; read_attr(c, &attr);) {
        *PP_PUSH(a, scratch) = attr;
        if (scratch->n > PP_DWARF_ATTRS_MAX) pp_cursor_fail(c);
        has_pc |= attr.name == DW_AT_low_pc || attr.name == DW_AT_ranges;
    }
    struct pp_dwarf_attr *copy = PP_NEW_N(a, struct pp_dwarf_attr, scratch->n);
    if (scratch->n) memcpy(copy, scratch->p, scratch->n * sizeof *copy);
    *ret_abbrev = (struct pp_dwarf_abbrev){
        .code = code,
        .attrs = copy,
        .n_attrs = (uint32_t)scratch->n,
        .tag = tag > UINT16_MAX ? 0 : (uint16_t)tag,
        .has_children = children,
        .is_function = tag == DW_TAG_inlined_subroutine || (tag == DW_TAG_subprogram && has_pc),
    };
}

static int by_code(const void *x, const void *y)
{
    uint64_t a = ((const struct pp_dwarf_abbrev *)x)->code, b = ((const struct pp_dwarf_abbrev *)y)->code;
    return (a > b) - (a < b);
}

const struct pp_dwarf_abbrev *pp_dwarf_abbrev_search(const struct pp_dwarf_abbrevs *t, uint64_t code)
{
    struct pp_dwarf_abbrev key = {.code = code};
    return t->n ? bsearch(&key, t->items, t->n, sizeof key, by_code) : NULL;
}

static enum pp_code parse_table(struct pp_dwarf_unit *u, struct pp_dwarf_abbrevs *t, struct pp_err *err)
{
    struct pp_arena *a = u->file->arena;
    PP_VEC(struct pp_dwarf_abbrev) items = {0};
    attrs scratch = {0};
    struct pp_cursor c = pp_cursor_at(u->file->abbrev, t->offset);
    t->dense = true;
    for (uint64_t code; (code = pp_cursor_uleb(&c)) != 0;) {
        struct pp_dwarf_abbrev ab;
        read_abbrev(&c, a, code, &scratch, &ab);
        if (c.failed) break;
        make_steps(a, u, &ab);
        t->dense &= code == items.n + 1;
        *PP_PUSH(a, &items) = ab;
    }
    uint64_t spent = (uint64_t)((const char *)c.p - (u->file->abbrev.p + t->offset));
    if (c.failed || spent > u->file->abbrev_budget)
        return pp_fail(err, PP_E_FORMAT, "abbreviations at %#zx are broken", (size_t)t->offset);
    u->file->abbrev_budget -= spent;
    if (!t->dense) qsort(items.p, items.n, sizeof *items.p, by_code);
    t->items = items.p;
    t->n = items.n;
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
