// SPDX-License-Identifier: Apache-2.0
/* Range lists: .debug_ranges (DWARF 2-4) and .debug_rnglists (5). */
#include "symbols/dwarf_unit.h"

struct list {
    const struct pp_dwarf_unit *u;
    struct pp_arena *arena;
    pp_dwarf_ranges *ranges;
    uint32_t owner;
};

static void add(const struct list *l, uint64_t low, uint64_t high)
{
    if (low >= high || low < l->u->file->min_addr) return;
    *PP_PUSH(l->arena, l->ranges) = (struct pp_dwarf_range){low, high, l->owner};
}

/* Takes what was read off the file's budget; false: the file reads its lists over and over. */
static bool spend(struct pp_dwarf_file *f, const struct pp_cursor *c, const unsigned char *from)
{
    uint64_t spent = (uint64_t)(c->p - from);
    if (spent > f->range_budget) {
        f->range_budget = 0;
        return false;
    }
    f->range_budget -= spent;
    return true;
}

static void read_old_list(const struct list *l, uint64_t offset)
{
    const struct pp_dwarf_unit *u = l->u, *home = u->skeleton ? u->skeleton : u;
    struct pp_cursor c = pp_cursor_at(home->file->ranges, offset + (u->skeleton ? home->ranges_base : 0));
    uint64_t base = home->low_pc, all_ones = u->address_size == 8 ? UINT64_MAX : UINT32_MAX;
    while (!c.failed) {
        const unsigned char *from = c.p;
        uint64_t low = pp_cursor_uint(&c, u->address_size), high = pp_cursor_uint(&c, u->address_size);
        if (c.failed || (!low && !high) || !spend(home->file, &c, from)) return;
        if (low == all_ones)
            base = high;
        else
            add(l, base + low, base + high);
    }
}

static void read_new_list(const struct list *l, struct pp_cursor c)
{
    const struct pp_dwarf_unit *u = l->u;
    uint64_t base = u->skeleton ? u->skeleton->low_pc : u->low_pc, low, high;
    while (!c.failed) {
        const unsigned char *from = c.p;
        unsigned kind = pp_cursor_u8(&c);
        switch (kind) {
        case DW_RLE_base_addressx:
            if (!pp_dwarf_indexed_address(u, pp_cursor_uleb(&c), &base)) return;
            break;
        case DW_RLE_startx_endx:
            if (!pp_dwarf_indexed_address(u, pp_cursor_uleb(&c), &low)) return;
            if (!pp_dwarf_indexed_address(u, pp_cursor_uleb(&c), &high)) return;
            add(l, low, high);
            break;
        case DW_RLE_startx_length:
            if (!pp_dwarf_indexed_address(u, pp_cursor_uleb(&c), &low)) return;
            add(l, low, low + pp_cursor_uleb(&c));
            break;
        case DW_RLE_offset_pair:
            low = base + pp_cursor_uleb(&c);
            add(l, low, base + pp_cursor_uleb(&c));
            break;
        case DW_RLE_base_address: base = pp_cursor_uint(&c, u->address_size); break;
        case DW_RLE_start_end:
            low = pp_cursor_uint(&c, u->address_size);
            add(l, low, pp_cursor_uint(&c, u->address_size));
            break;
        case DW_RLE_start_length:
            low = pp_cursor_uint(&c, u->address_size);
            add(l, low, low + pp_cursor_uleb(&c));
            break;
        default: return; /* DW_RLE_end_of_list or broken */
        }
        if (!spend(u->file, &c, from)) return;
    }
}

static void add_list(const struct list *l, const struct pp_dwarf_value *v)
{
    const struct pp_dwarf_unit *u = l->u;
    if (u->version < 5) {
        if (v->class == PP_DWARF_CLASS_UINT) read_old_list(l, v->u);
        return;
    }
    uint64_t at = v->u;
    if (v->class == PP_DWARF_CLASS_LIST_INDEX) {
        if (v->u > UINT32_MAX) return;
        struct pp_cursor c = pp_cursor_at(u->file->rnglists, u->rnglists_base + v->u * u->offset_size);
        at = u->rnglists_base + pp_cursor_uint(&c, u->offset_size);
        if (c.failed) return;
    }
    read_new_list(l, pp_cursor_at(u->file->rnglists, at));
}

void pp_dwarf_add_ranges(const struct pp_dwarf_unit *u, const struct pp_dwarf_value *low,
                         const struct pp_dwarf_value *high, const struct pp_dwarf_value *list, uint32_t owner,
                         struct pp_arena *a, pp_dwarf_ranges *ranges)
{
    struct list l = {u, a, ranges, owner};
    uint64_t from, to;
    if (high->class != PP_DWARF_CLASS_NONE && pp_dwarf_address(u, low, &from)) {
        if (high->class == PP_DWARF_CLASS_UINT)
            add(&l, from, from + high->u);
        else if (pp_dwarf_address(u, high, &to))
            add(&l, from, to);
    } else if (list->class != PP_DWARF_CLASS_NONE) {
        add_list(&l, list);
    }
}
