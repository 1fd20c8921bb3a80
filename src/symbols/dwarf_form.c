// SPDX-License-Identifier: Apache-2.0
/* Attribute values: one switch to read a form, one to get over it, and the indirections through .debug_addr and .debug_str*. */
#include "symbols/dwarf_unit.h"

static pp_str string_at(pp_str section, uint64_t offset)
{
    struct pp_cursor c = pp_cursor_at(section, offset);
    return pp_cursor_c(&c);
}

static void read_reference(struct pp_dwarf_value *v, const struct pp_dwarf_unit *u, uint64_t in_unit)
{
    v->class = PP_DWARF_CLASS_REF;
    v->u = u->offset + in_unit;
    if (v->u < u->die || v->u >= u->end) v->class = PP_DWARF_CLASS_NONE;
}

static void read_string(struct pp_dwarf_value *v, pp_str section, uint64_t offset)
{
    v->class = PP_DWARF_CLASS_STR;
    v->s = string_at(section, offset);
}

void pp_dwarf_read_value(struct pp_cursor *c, const struct pp_dwarf_unit *u, const struct pp_dwarf_attr *attr,
                         struct pp_dwarf_value *ret_value)
{
    struct pp_dwarf_value v = {.class = PP_DWARF_CLASS_UINT};
    unsigned form = attr->form;
    if (form == DW_FORM_indirect) form = (unsigned)pp_cursor_uleb(c);
    switch (form) {
    case DW_FORM_addr: v.class = PP_DWARF_CLASS_ADDR; v.u = pp_cursor_uint(c, u->address_size); break;
    case DW_FORM_data1: case DW_FORM_flag: v.u = pp_cursor_u8(c); break;
    case DW_FORM_data2: v.u = pp_cursor_uint(c, 2); break;
    case DW_FORM_data4: v.u = pp_cursor_uint(c, 4); break;
    case DW_FORM_data8: v.u = pp_cursor_uint(c, 8); break;
    case DW_FORM_udata: v.u = pp_cursor_uleb(c); break;
    case DW_FORM_sdata: v.u = (uint64_t)pp_cursor_sleb(c); break;
    case DW_FORM_implicit_const: v.u = (uint64_t)attr->implicit; break;
    case DW_FORM_flag_present: v.u = 1; break;
    case DW_FORM_sec_offset: v.u = pp_cursor_uint(c, u->offset_size); break;
    case DW_FORM_rnglistx: v.class = PP_DWARF_CLASS_LIST_INDEX; v.u = pp_cursor_uleb(c); break;
    case DW_FORM_string: v.class = PP_DWARF_CLASS_STR; v.s = pp_cursor_c(c); break;
    case DW_FORM_strp: read_string(&v, u->file->str, pp_cursor_uint(c, u->offset_size)); break;
    case DW_FORM_line_strp: read_string(&v, u->file->line_str, pp_cursor_uint(c, u->offset_size)); break;
    case DW_FORM_GNU_strp_alt: case DW_FORM_strp_sup:
        read_string(&v, u->file->alt ? u->file->alt->str : (pp_str){0}, pp_cursor_uint(c, u->offset_size));
        break;
    case DW_FORM_strx: case DW_FORM_GNU_str_index: v.class = PP_DWARF_CLASS_STR_INDEX; v.u = pp_cursor_uleb(c); break;
    case DW_FORM_strx1: v.class = PP_DWARF_CLASS_STR_INDEX; v.u = pp_cursor_u8(c); break;
    case DW_FORM_strx2: v.class = PP_DWARF_CLASS_STR_INDEX; v.u = pp_cursor_uint(c, 2); break;
    case DW_FORM_strx3: v.class = PP_DWARF_CLASS_STR_INDEX; v.u = pp_cursor_uint(c, 3); break;
    case DW_FORM_strx4: v.class = PP_DWARF_CLASS_STR_INDEX; v.u = pp_cursor_uint(c, 4); break;
    case DW_FORM_addrx: case DW_FORM_GNU_addr_index: v.class = PP_DWARF_CLASS_ADDR_INDEX; v.u = pp_cursor_uleb(c); break;
    case DW_FORM_addrx1: v.class = PP_DWARF_CLASS_ADDR_INDEX; v.u = pp_cursor_u8(c); break;
    case DW_FORM_addrx2: v.class = PP_DWARF_CLASS_ADDR_INDEX; v.u = pp_cursor_uint(c, 2); break;
    case DW_FORM_addrx3: v.class = PP_DWARF_CLASS_ADDR_INDEX; v.u = pp_cursor_uint(c, 3); break;
    case DW_FORM_addrx4: v.class = PP_DWARF_CLASS_ADDR_INDEX; v.u = pp_cursor_uint(c, 4); break;
    case DW_FORM_ref1: read_reference(&v, u, pp_cursor_u8(c)); break;
    case DW_FORM_ref2: read_reference(&v, u, pp_cursor_uint(c, 2)); break;
    case DW_FORM_ref4: read_reference(&v, u, pp_cursor_uint(c, 4)); break;
    case DW_FORM_ref8: read_reference(&v, u, pp_cursor_uint(c, 8)); break;
    case DW_FORM_ref_udata: read_reference(&v, u, pp_cursor_uleb(c)); break;
    case DW_FORM_ref_addr:
        v.class = PP_DWARF_CLASS_REF;
        v.u = pp_cursor_uint(c, u->version < 3 ? u->address_size : u->offset_size);
        break;
    case DW_FORM_GNU_ref_alt: v.class = PP_DWARF_CLASS_ALT_REF; v.u = pp_cursor_uint(c, u->offset_size); break;
    case DW_FORM_ref_sup4: v.class = PP_DWARF_CLASS_ALT_REF; v.u = pp_cursor_uint(c, 4); break;
    case DW_FORM_ref_sup8: v.class = PP_DWARF_CLASS_ALT_REF; v.u = pp_cursor_uint(c, 8); break;
    case DW_FORM_ref_sig8: case DW_FORM_loclistx: case DW_FORM_data16: case DW_FORM_block: case DW_FORM_exprloc:
    case DW_FORM_block1: case DW_FORM_block2: case DW_FORM_block4: {
        v.class = PP_DWARF_CLASS_NONE;
        uint64_t n = 0;
        if (form == DW_FORM_loclistx) pp_cursor_uleb(c);
        else if (form == DW_FORM_block || form == DW_FORM_exprloc) n = pp_cursor_uleb(c);
        else if (form == DW_FORM_ref_sig8) n = 8;
        else if (form == DW_FORM_data16) n = 16;
        else n = pp_cursor_uint(c, form == DW_FORM_block1 ? 1 : form == DW_FORM_block2 ? 2 : 4);
        pp_cursor_skip(c, n);
        break;
    }
    default: pp_cursor_fail(c); break;
    }
    if (c->failed) v.class = PP_DWARF_CLASS_NONE;
    *ret_value = v;
}

static void skip_form(struct pp_cursor *c, const struct pp_dwarf_unit *u, unsigned form)
{
    struct pp_dwarf_value v;
    switch (form) {
    case 0: break;
    case DW_FORM_udata: /* stands for all LEB128 forms */
        while (c->p < c->end)
            if (*c->p++ < 128) return;
        pp_cursor_fail(c);
        break;
    case DW_FORM_exprloc: pp_cursor_skip(c, pp_cursor_uleb(c)); break;
    default: pp_dwarf_read_value(c, u, &(struct pp_dwarf_attr){.form = (uint16_t)form}, &v);
    }
}

/* What compilers use for addresses, lengths and siblings; the rest takes the long way. */
static inline void take_value(struct pp_cursor *c, const struct pp_dwarf_unit *u, const struct pp_dwarf_attr *attr,
                              struct pp_dwarf_value *ret_value)
{
    if (attr->form == DW_FORM_addr) {
        ret_value->class = PP_DWARF_CLASS_ADDR;
        ret_value->u = pp_cursor_uint(c, u->address_size);
    } else if (attr->form == DW_FORM_data8 || attr->form == DW_FORM_data4) {
        ret_value->class = PP_DWARF_CLASS_UINT;
        ret_value->u = pp_cursor_uint(c, attr->form == DW_FORM_data8 ? 8 : 4);
    } else if (attr->form == DW_FORM_ref4) {
        read_reference(ret_value, u, pp_cursor_uint(c, 4));
    } else {
        pp_dwarf_read_value(c, u, attr, ret_value);
    }
}

void pp_dwarf_run_steps(struct pp_cursor *c, const struct pp_dwarf_unit *u, const struct pp_dwarf_abbrev *ab,
                        struct pp_dwarf_value *taken)
{
    for (uint32_t i = 0; i < ab->n_steps; i++) {
        const struct pp_dwarf_step *s = &ab->steps[i];
        if (s->bytes > pp_cursor_left(c)) {
            pp_cursor_fail(c);
            return;
        }
        c->p += s->bytes;
        if (s->take)
            take_value(c, u, &ab->attrs[s->attr], &taken[s->take]);
        else
            skip_form(c, u, s->form);
    }
}

pp_str pp_dwarf_string(const struct pp_dwarf_unit *u, const struct pp_dwarf_value *v)
{
    if (v->class == PP_DWARF_CLASS_STR) return v->s;
    if (v->class != PP_DWARF_CLASS_STR_INDEX || v->u > UINT32_MAX) return (pp_str){0};
    struct pp_cursor c = pp_cursor_at(u->file->str_offsets, u->str_offsets_base + v->u * u->offset_size);
    uint64_t offset = pp_cursor_uint(&c, u->offset_size);
    return c.failed ? (pp_str){0} : string_at(u->file->str, offset);
}

bool pp_dwarf_indexed_address(const struct pp_dwarf_unit *u, uint64_t index, uint64_t *ret_addr)
{
    const struct pp_dwarf_unit *owner = u->skeleton ? u->skeleton : u;
    if (index > UINT32_MAX) return false;
    struct pp_cursor c = pp_cursor_at(owner->file->addr, owner->addr_base + index * owner->address_size);
    uint64_t v = pp_cursor_uint(&c, owner->address_size);
    if (c.failed) return false;
    *ret_addr = v;
    return true;
}

bool pp_dwarf_address(const struct pp_dwarf_unit *u, const struct pp_dwarf_value *v, uint64_t *ret_addr)
{
    if (v->class == PP_DWARF_CLASS_ADDR) {
        *ret_addr = v->u;
        return true;
    }
    return v->class == PP_DWARF_CLASS_ADDR_INDEX && pp_dwarf_indexed_address(u, v->u, ret_addr);
}
