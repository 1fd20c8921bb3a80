// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf_walk.h"

#define REFERENCES_MAX 16

struct walk {
    struct pp_dwarf_unit *u;
    struct pp_arena *scratch;
    pp_dwarf_ranges ranges;
    PP_VEC(struct pp_dwarf_function) functions;
    PP_VEC(uint32_t) parents; /* for each open level: the innermost function around its entries */
};

/* Reads a subprogram or inlined_subroutine. Gives the function that encloses its children. */
static uint32_t walk_function(struct walk *w, struct pp_cursor *c, const struct pp_dwarf_abbrev *ab, uint64_t die,
                              uint32_t parent)
{
    struct pp_dwarf_value low = {0}, high = {0}, list = {0}, v;
    struct pp_dwarf_function f = {.die = die, .parent = PP_DWARF_NOBODY};
    for (uint32_t i = 0; i < ab->n_attrs; i++) {
        pp_dwarf_read_value(c, w->u, &ab->attrs[i], &v);
        switch (ab->attrs[i].name) {
        case DW_AT_low_pc: low = v; break;
        case DW_AT_high_pc: high = v; break;
        case DW_AT_ranges: list = v; break;
        case DW_AT_call_file: f.call_file = (uint32_t)v.u; break;
        case DW_AT_call_line: f.call_line = (uint32_t)v.u; break;
        case DW_AT_call_column: f.call_column = (uint32_t)v.u; break;
        default: break;
        }
    }
    if (c->failed) return parent;
    if (ab->tag == DW_TAG_inlined_subroutine) f.parent = parent;
    uint32_t index = (uint32_t)w->functions.n;
    size_t n_before = w->ranges.n;
    pp_dwarf_add_ranges(w->u, &low, &high, &list, index, w->scratch, &w->ranges);
    if (w->ranges.n == n_before && ab->tag == DW_TAG_subprogram) return PP_DWARF_NOBODY;
    *PP_PUSH(w->scratch, &w->functions) = f;
    return index;
}

static enum pp_code walk_entries(struct walk *w, const struct pp_dwarf_abbrevs *abbrevs, struct pp_err *err)
{
    struct pp_dwarf_unit *u = w->u;
    struct pp_cursor c = pp_cursor_at((pp_str){u->file->info.p, u->end}, u->die);
    uint32_t parent = PP_DWARF_NOBODY;
    while (c.p < c.end) {
        uint64_t die = (uint64_t)((const char *)c.p - u->file->info.p), code = pp_cursor_uleb(&c);
        if (!code) {
            if (!w->parents.n) break;
            parent = w->parents.p[--w->parents.n];
            continue;
        }
        const struct pp_dwarf_abbrev *ab = pp_dwarf_abbrev_find(abbrevs, code);
        if (!ab) return pp_fail(err, PP_E_FORMAT, "entry at %#zx: unknown abbreviation", (size_t)die);
        uint32_t inner = parent;
        if (ab->is_function)
            inner = walk_function(w, &c, ab, die, parent);
        else
            pp_dwarf_skip_steps(&c, u, ab);
        if (c.failed) return pp_fail(err, PP_E_FORMAT, "entry at %#zx is cut", (size_t)die);
        if (!ab->has_children) continue;
        *PP_PUSH(w->scratch, &w->parents) = parent;
        parent = inner;
    }
    return PP_OK;
}

enum pp_code pp_dwarf_walk(struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                           struct pp_dwarf_functions *ret_functions, struct pp_err *err)
{
    struct walk w = {.u = u, .scratch = scratch};
    const struct pp_dwarf_abbrevs *abbrevs;
    enum pp_code c = pp_dwarf_unit_abbrevs(u, &abbrevs, err);
    if (!c) c = walk_entries(&w, abbrevs, err);
    struct pp_dwarf_functions f = {PP_NEW_N(a, struct pp_dwarf_function, w.functions.n), w.functions.n, {0}};
    if (f.n) memcpy(f.items, w.functions.p, f.n * sizeof *f.items);
    pp_dwarf_intervals_make(a, scratch, w.ranges.p, w.ranges.n, &f.by_addr);
    *ret_functions = f;
    return c;
}

struct naming {
    pp_str linkage, plain;
    uint32_t line;
    struct pp_dwarf_unit *u; /* the next DIE to look at; NULL: none */
    uint64_t die;
};

static void follow(struct naming *n, struct pp_dwarf_unit *from, const struct pp_dwarf_value *ref)
{
    struct pp_dwarf_file *f = ref->class == PP_DWARF_CLASS_ALT_REF ? from->file->alt : from->file;
    bool here = ref->class == PP_DWARF_CLASS_REF && ref->u >= from->die && ref->u < from->end;
    n->u = here ? from : f ? pp_dwarf_file_unit_at(f, ref->u) : NULL;
    n->die = ref->u;
}

static void name_from_die(struct naming *n)
{
    struct pp_dwarf_unit *u = n->u;
    struct pp_dwarf_value ref = {0}, v;
    const struct pp_dwarf_abbrevs *abbrevs;
    n->u = NULL;
    if (!u->is_read && pp_dwarf_unit_read(u, NULL, NULL, 0, NULL)) return;
    if (pp_dwarf_unit_abbrevs(u, &abbrevs, NULL)) return;
    struct pp_cursor c = pp_cursor_at((pp_str){u->file->info.p, u->end}, n->die);
    const struct pp_dwarf_abbrev *ab = pp_dwarf_abbrev_find(abbrevs, pp_cursor_uleb(&c));
    for (uint32_t i = 0; ab && i < ab->n_attrs && !c.failed; i++) {
        pp_dwarf_read_value(&c, u, &ab->attrs[i], &v);
        switch (ab->attrs[i].name) {
        case DW_AT_linkage_name: case DW_AT_MIPS_linkage_name:
            if (!n->linkage.n) n->linkage = pp_dwarf_string(u, &v);
            break;
        case DW_AT_name:
            if (!n->plain.n) n->plain = pp_dwarf_string(u, &v);
            break;
        case DW_AT_decl_line:
            if (!n->line) n->line = (uint32_t)v.u;
            break;
        case DW_AT_specification: ref = v; break;
        case DW_AT_abstract_origin:
            if (ref.class == PP_DWARF_CLASS_NONE) ref = v;
            break;
        default: break;
        }
    }
    if (ref.class == PP_DWARF_CLASS_REF || ref.class == PP_DWARF_CLASS_ALT_REF) follow(n, u, &ref);
}

void pp_dwarf_function_name(struct pp_dwarf_unit *u, uint64_t die, pp_str *ret_name, uint32_t *ret_line)
{
    struct naming n = {.u = u, .die = die};
    for (int i = 0; n.u && i < REFERENCES_MAX; i++) name_from_die(&n);
    *ret_name = n.linkage.n ? n.linkage : n.plain;
    *ret_line = n.line;
}
