// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf_walk.h"

#define REFERENCES_MAX 16
#define BYTES_PER_FUNCTION 48 /* of .debug_info; few units have less, and memory that isn't touched costs nothing */

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
    struct pp_dwarf_value taken[PP_DWARF_TAKES];
    for (int i = 0; i < PP_DWARF_TAKES; i++)
        taken[i].class = PP_DWARF_CLASS_NONE;
    pp_dwarf_run_steps(c, w->u, ab, taken);
    if (c->failed) return parent;
    uint32_t index = (uint32_t)w->functions.n;
    size_t n_before = w->ranges.n;
    pp_dwarf_add_ranges(w->u, &taken[PP_DWARF_TAKE_LOW], &taken[PP_DWARF_TAKE_HIGH], &taken[PP_DWARF_TAKE_LIST], index,
                        w->scratch, &w->ranges);
    bool inlined = ab->tag == DW_TAG_inlined_subroutine;
    if (w->ranges.n == n_before && !inlined) return PP_DWARF_NOBODY;
    *PP_PUSH(w->scratch, &w->functions) = (struct pp_dwarf_function){die, inlined ? parent : PP_DWARF_NOBODY, 0};
    return index;
}

/* Gets over a codeless entry and, where its sibling lies ahead, over its children. False: they are still to be walked. */
static bool skip_children(struct walk *w, struct pp_cursor *c, const struct pp_dwarf_abbrev *ab)
{
    struct pp_dwarf_value taken[PP_DWARF_TAKES];
    taken[PP_DWARF_TAKE_SIBLING].class = PP_DWARF_CLASS_NONE;
    pp_dwarf_run_steps(c, w->u, ab, taken);
    const struct pp_dwarf_value *sibling = &taken[PP_DWARF_TAKE_SIBLING];
    uint64_t at = (uint64_t)((const char *)c->p - w->u->file->info.p);
    if (sibling->class != PP_DWARF_CLASS_REF || sibling->u < at || sibling->u >= w->u->end) return false;
    c->p += sibling->u - at;
    return true;
}

static enum pp_code walk_entries(struct walk *w, const struct pp_dwarf_abbrevs *abbrevs, struct pp_err *err)
{
    struct pp_dwarf_unit *u = w->u;
    struct pp_cursor c = pp_cursor_at((pp_str){u->file->info.p, u->end}, u->die);
    uint32_t parent = PP_DWARF_NOBODY;
    while (c.p < c.end) {
        uint64_t die = (uint64_t)((const char *)c.p - u->file->info.p);
        uint64_t code = *c.p < 128 ? *c.p++ : pp_cursor_uleb(&c);
        if (!code) {
            if (!w->parents.n) break;
            parent = w->parents.p[--w->parents.n];
            continue;
        }
        const struct pp_dwarf_abbrev *ab = pp_dwarf_abbrev_find(abbrevs, code);
        if (!ab) return pp_fail(err, PP_E_FORMAT, "entry at %#zx: unknown abbreviation", (size_t)die);
        uint32_t inner = parent;
        if (ab->fixed_bytes >= 0)
            pp_cursor_skip(&c, (uint32_t)ab->fixed_bytes);
        else if (ab->is_function)
            inner = walk_function(w, &c, ab, die, parent);
        else if (!ab->is_codeless)
            pp_dwarf_run_steps(&c, u, ab, NULL);
        else if (skip_children(w, &c, ab))
            continue;
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
    size_t guess = (size_t)(u->end - u->die) / BYTES_PER_FUNCTION + 8;
    pp_vec_reserve(scratch, (void **)&w.ranges.p, &w.ranges.cap, guess, PP_VEC_ELEMENT(&w.ranges));
    pp_vec_reserve(scratch, (void **)&w.functions.p, &w.functions.cap, guess, PP_VEC_ELEMENT(&w.functions));
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
    struct pp_dwarf_detail detail;
    bool is_origin;          /* behind the first DIE: calls found there are not ours */
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

static void detail_from_die(struct naming *n)
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
        case DW_AT_linkage_name:
        case DW_AT_MIPS_linkage_name:
            if (!n->linkage.n) n->linkage = pp_dwarf_string(u, &v);
            break;
        case DW_AT_name:
            if (!n->plain.n) n->plain = pp_dwarf_string(u, &v);
            break;
        case DW_AT_decl_line:
            if (!n->detail.start_line) n->detail.start_line = (uint32_t)v.u;
            break;
        case DW_AT_call_file:
            if (!n->is_origin) n->detail.call_file = (uint32_t)v.u;
            break;
        case DW_AT_call_line:
            if (!n->is_origin) n->detail.call_line = (uint32_t)v.u;
            break;
        case DW_AT_call_column:
            if (!n->is_origin) n->detail.call_column = (uint32_t)v.u;
            break;
        case DW_AT_specification: ref = v; break;
        case DW_AT_abstract_origin:
            if (ref.class == PP_DWARF_CLASS_NONE) ref = v;
            break;
        default: break;
        }
    }
    n->is_origin = true;
    if (ref.class == PP_DWARF_CLASS_REF || ref.class == PP_DWARF_CLASS_ALT_REF) follow(n, u, &ref);
}

void pp_dwarf_function_detail(struct pp_dwarf_unit *u, uint64_t die, struct pp_dwarf_detail *ret_detail)
{
    struct naming n = {.u = u, .die = die};
    for (int i = 0; n.u && i < REFERENCES_MAX; i++)
        detail_from_die(&n);
    n.detail.name = n.linkage.n ? n.linkage : n.plain;
    *ret_detail = n.detail;
}
