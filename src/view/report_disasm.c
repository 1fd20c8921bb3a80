// SPDX-License-Identifier: Apache-2.0
/* -disasm: instructions of the symbols that match, with what they cost. */
#include <stdlib.h>

#include "base/gopath.h"
#include "base/utf8.h"
#include "view/report_parts.h"

/* Instructions shorter than this have their place on the same line. */
#define SHORT_MAX 40

struct at_address {
    uint64_t addr, own_addr; /* the profile's, the object's */
    uint32_t node;
};

/* One mapping's object: the nodes that lie in it, by address. */
struct object {
    struct pp_objfile *file;
    struct at_address *nodes;
    size_t n;
};

struct symbol {
    struct pp_obj_symbol sym;
    const struct object *in;
    const struct at_address *nodes;
    size_t n;
};

typedef PP_VEC(struct symbol) symbols;

static int compare_addresses(const void *va, const void *vb)
{
    const struct at_address *a = va, *b = vb;
    if (a->own_addr != b->own_addr) return a->own_addr < b->own_addr ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static int compare_symbols(const void *va, const void *vb)
{
    const struct symbol *a = va, *b = vb;
    pp_str x = a->sym.n_names ? a->sym.names[0] : (pp_str){0}, y = b->sym.n_names ? b->sym.names[0] : (pp_str){0};
    int c = pp_str_cmp(x, y);
    if (c) return c;
    if (a->sym.start != b->sym.start) return a->sym.start < b->sym.start ? -1 : 1;
    return a->in < b->in ? -1 : a->in > b->in;
}

/* Files of nodes whose name matches: only these are read. One byte per string of the profile. */
static uint8_t *files_wanted(struct pp_report *r)
{
    uint8_t *wanted = PP_NEW_N(&r->arena, uint8_t, r->p->n_strings);
    for (uint32_t i = 0; i < r->g->n_order; i++) {
        const struct pp_place *place = &r->g->places->places[r->g->nodes[r->g->order[i]].place];
        if (!place->objfile || wanted[place->objfile]) continue;
        wanted[place->objfile] = pp_regex_match(r->o.symbol, pp_profile_str(r->p, place->name));
    }
    return wanted;
}

static struct object *open_mapping(struct pp_report *r, uint32_t mapping)
{
    const struct pp_objects *objects = r->o.objects;
    struct pp_err why;
    struct object *in = PP_NEW(&r->arena, struct object);
    in->file = objects->open(objects->ctx, r->p, mapping, &why);
    if (!in->file) {
        objects->print(objects->ctx, (pp_str){why.text, why.n});
        return NULL;
    }
    in->nodes = PP_NEW_N(&r->arena, struct at_address, r->g->n_order);
    for (uint32_t i = 0; i < r->g->n_order; i++) {
        struct at_address n = {.node = r->g->order[i]};
        n.addr = r->g->places->places[r->g->nodes[n.node].place].address;
        if (!objects->address(in->file, n.addr, &n.own_addr, NULL)) in->nodes[in->n++] = n;
    }
    if (in->n) qsort(in->nodes, in->n, sizeof *in->nodes, compare_addresses);
    return in;
}

static size_t first_from(const struct object *in, uint64_t addr)
{
    size_t low = 0, high = in->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (in->nodes[mid].own_addr < addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Symbols with nodes; *ret_any: there were some, with or without. */
static symbols find_symbols(struct pp_report *r, const uint64_t *address, bool *ret_any)
{
    symbols all = {0};
    const uint8_t *wanted = files_wanted(r);
    const struct pp_objects *objects = r->o.objects;
    *ret_any = false;
    for (uint32_t m = 0; objects && m < r->p->n_mappings; m++) {
        const struct pp_mapping *map = &r->p->mappings[m];
        bool holds_address = address && map->start <= *address && *address <= map->limit;
        if (!wanted[map->file] && !holds_address) continue;
        struct object *in = open_mapping(r, m);
        pp_obj_symbols found = {0};
        if (!in || objects->symbols(in->file, r->o.symbol, address ? *address : 0, &r->arena, &found, NULL)) continue;
        *ret_any |= found.n > 0;
        for (size_t i = 0; i < found.n; i++) {
            struct symbol s = {.sym = found.p[i], .in = in};
            size_t from = first_from(in, s.sym.start);
            size_t to = s.sym.end == UINT64_MAX ? in->n : first_from(in, s.sym.end + 1);
            if (to <= from) continue;
            s.nodes = in->nodes + from;
            s.n = to - from;
            *PP_PUSH(&r->arena, &all) = s;
        }
    }
    if (all.n) qsort(all.p, all.n, sizeof *all.p, compare_symbols);
    return all;
}

/* An instruction with its samples. */
struct row {
    const struct pp_inst *inst;
    pp_str function, file;
    int64_t line;
    int64_t flat, flat_div, cum, cum_div;
};

/* Adds the nodes up to `next`: samples in the middle of an instruction are its own. */
static struct row annotate(struct pp_report *r, const struct symbol *s, size_t *at, const struct pp_inst *inst, uint64_t next)
{
    struct row row = {.inst = inst, .function = inst->function, .line = inst->line};
    if (inst->file.n) row.file = pp_go_path_base(inst->file);
    for (; *at < s->n && s->nodes[*at].own_addr < next; ++*at) {
        const struct pp_node *n = &r->g->nodes[s->nodes[*at].node];
        pp_str file = pp_place_file(r->g->places, n->place), name = pp_place_name(r->g->places, n->place);
        row.flat = pp_go_add(row.flat, n->flat);
        row.flat_div = pp_go_add(row.flat_div, n->flat_div);
        row.cum = pp_go_add(row.cum, n->cum);
        row.cum_div = pp_go_add(row.cum_div, n->cum_div);
        if (!row.file.n && file.n) row.file = pp_go_path_base(file);
        if (!row.line) row.line = r->g->places->places[n->place].line;
        if (!row.function.n) row.function = name;
    }
    return row;
}

static void put_inst(struct pp_report *r, const struct row *row)
{
    pp_report_put_value_or_dot(r, pp_go_mean(row->flat, row->flat_div), 10);
    pp_out_char(r->out, ' ');
    pp_report_put_value_or_dot(r, pp_go_mean(row->cum, row->cum_div), 10);
    pp_out_fmt(r->out, " %10llx: ", (unsigned long long)row->inst->addr);
    pp_out_str(r->out, row->inst->text);
}

static void put_place(struct pp_report *r, const struct row *row)
{
    pp_out_char(r->out, ';');
    if (row->function.n) pp_out_fmt(r->out, "%.*s ", PP_FMT(row->function));
    if (row->file.n) pp_out_str(r->out, row->file);
    if (row->file.n && row->line) pp_out_fmt(r->out, ":%lld", (long long)row->line);
}

/* The place is only told when it isn't that of the instruction before. */
static void put_row(struct pp_report *r, const struct row *row, bool with_place)
{
    size_t width = pp_utf8_count(row->inst->text);
    bool same_line = with_place && row->inst->text.n < SHORT_MAX;
    if (with_place && !same_line) {
        pp_out_repeat(r->out, ' ', 74);
        put_place(r, row);
        pp_out_char(r->out, '\n');
    }
    put_inst(r, row);
    if (same_line) {
        if (width < SHORT_MAX) pp_out_repeat(r->out, ' ', SHORT_MAX - width);
        put_place(r, row);
    }
    pp_out_char(r->out, '\n');
}

static void put_head(struct pp_report *r, const struct symbol *s)
{
    int64_t flat = 0, cum = 0;
    for (size_t i = 0; i < s->n; i++) {
        flat = pp_go_add(flat, r->g->nodes[s->nodes[i].node].flat);
        cum = pp_go_add(cum, r->g->nodes[s->nodes[i].node].cum);
    }
    for (size_t i = 0; i < s->sym.n_names; i++)
        pp_out_fmt(r->out, "%s ======================== %.*s\n", i ? "    AKA" : "ROUTINE", PP_FMT(s->sym.names[i]));
    pp_report_put_routine_sums(r, flat, cum);
}

static enum pp_code put_symbol(struct pp_report *r, const struct symbol *s, struct pp_err *err)
{
    struct pp_arena scratch;
    pp_insts insts;
    uint64_t end = s->sym.end == UINT64_MAX ? UINT64_MAX : s->sym.end + 1; /* nm's last symbol has no end */
    pp_arena_init(&scratch, 0, r->arena.oom);
    enum pp_code c = r->o.objects->disassemble(s->in->file, s->sym.start, end, r->o.intel_syntax, &scratch, &insts, err);
    if (!c) put_head(r, s);
    struct row last = {0};
    size_t at = 0;
    for (size_t i = 0; !c && i < insts.n; i++) {
        uint64_t next = i + 1 < insts.n ? insts.p[i + 1].addr : UINT64_MAX;
        struct row row = annotate(r, s, &at, &insts.p[i], next);
        bool same = pp_str_eq(row.function, last.function) && pp_str_eq(row.file, last.file) && row.line == last.line;
        put_row(r, &row, !same && (row.function.n || row.file.n));
        if (!same) last = row;
    }
    pp_arena_release(&scratch);
    return c;
}

enum pp_code pp_report_disasm(struct pp_report *r, struct pp_err *err)
{
    typedef unsigned long long ull;
    uint64_t address;
    bool is_address = pp_report_symbol_address(r, &address), any;
    pp_report_full_graph(r);
    pp_out_fmt(r->out, "Total: %.*s\n", PP_FMT(pp_report_value_text(r, r->o.total)));
    symbols found = find_symbols(r, is_address ? &address : NULL, &any);
    if (!found.n && !is_address)
        return pp_fail(err, PP_E_NOTFOUND, "no matches found for regexp %.*s", PP_FMT(pp_regex_pattern(r->o.symbol)));
    if (!found.n && !any) return pp_fail(err, PP_E_NOTFOUND, "no matches found for address 0x%llx", (ull)address);
    if (!found.n)
        return pp_fail(err, PP_E_NOTFOUND,
                       "address 0x%llx found in binary, but the corresponding symbols do not have samples in the profile",
                       (ull)address);
    enum pp_code c = PP_OK;
    for (size_t i = 0; !c && i < found.n; i++)
        c = put_symbol(r, &found.p[i], err);
    return c;
}
