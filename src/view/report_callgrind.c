// SPDX-License-Identifier: Apache-2.0
/* Calls and costs for kcachegrind. */
#include "profile/units.h"
#include "view/report_parts.h"

/* Names written so far; the second time only the number is written. */
struct name_table {
    struct pp_arena *arena;
    PP_VEC(pp_str) names;
    struct pp_hash index;
};

/* A function of the graph: a place without address and line, in call trees below one caller. */
struct function {
    uint32_t name, caller, place, number;
};

/* Callgrind takes functions of one file and name for the same. When they aren't (call trees, one name at several start
 * lines), the call's target gets " [i/n]". Functions are numbered in the order of the report. */
struct function_names {
    struct pp_hash by_name, by_function;
    PP_VEC(uint32_t) representative; /* per (file, name): a place */
    PP_VEC(uint32_t) n_functions;    /* per (file, name) */
    PP_VEC(struct function) functions;
    uint32_t *function_of; /* per node, PP_NONE outside the report */
};

static void put_name(struct pp_report *r, struct name_table *t, const char *what, pp_str name)
{
    pp_out_c(r->out, what);
    uint64_t h = pp_hash_str(name);
    uint32_t i;
    bool known = !name.n;
    for (struct pp_probe pr = pp_hash_probe(&t->index, h); !known && pp_hash_next(&pr, &i);)
        if ((known = pp_str_eq(t->names.p[i], name))) pp_out_fmt(r->out, "(%u)", i + 1);
    if (!known) {
        pp_hash_add(t->arena, &t->index, h, (uint32_t)t->names.n);
        *PP_PUSH(t->arena, &t->names) = name;
        pp_out_fmt(r->out, "(%zu) %.*s", t->names.n, PP_FMT(name));
    }
    pp_out_char(r->out, '\n');
}

/* Relative to the address before when that is shorter. */
static void put_address(struct pp_report *r, const struct pp_place *prev, uint64_t address)
{
    pp_str absolute = pp_arena_fmt(&r->arena, "0x%llx", (unsigned long long)address);
    if (prev && prev->address == address) {
        pp_out_char(r->out, '*');
        return;
    }
    if (prev) {
        pp_str relative = pp_arena_fmt(&r->arena, "%+lld", (long long)(address - prev->address));
        if (relative.n < absolute.n) absolute = relative;
    }
    pp_out_str(r->out, absolute);
}

static long long scaled(const struct pp_report *r, int64_t value)
{
    return (long long)pp_units_int(pp_units_scale(value, r->o.sample_unit, r->o.output_unit, NULL));
}

/* The number of the (file, name) of a place. */
static uint32_t name_number(struct pp_report *r, struct function_names *f, uint32_t place)
{
    const struct pp_place *places = r->g->places->places;
    uint64_t h = pp_hash_u64((uint64_t)places[place].file << 32 | places[place].name);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&f->by_name, h); pp_hash_next(&pr, &i);) {
        const struct pp_place *other = &places[f->representative.p[i]];
        if (other->file == places[place].file && other->name == places[place].name) return i;
    }
    i = (uint32_t)f->representative.n;
    pp_hash_add(&r->arena, &f->by_name, h, i);
    *PP_PUSH(&r->arena, &f->representative) = place;
    *PP_PUSH(&r->arena, &f->n_functions) = 0;
    return i;
}

static uint32_t function_number(struct pp_report *r, struct function_names *f, uint32_t node)
{
    uint32_t name = name_number(r, f, r->g->nodes[node].place);
    uint32_t place = pp_places_whole_function(r->g->places, r->g->nodes[node].place);
    uint32_t caller = r->g->parent ? r->g->parent[node] : PP_NONE, i;
    uint64_t h = pp_hash_u64((uint64_t)caller << 32 | place);
    for (struct pp_probe pr = pp_hash_probe(&f->by_function, h); pp_hash_next(&pr, &i);)
        if (f->functions.p[i].place == place && f->functions.p[i].caller == caller) return i;
    i = (uint32_t)f->functions.n;
    pp_hash_add(&r->arena, &f->by_function, h, i);
    *PP_PUSH(&r->arena, &f->functions) = (struct function){name, caller, place, ++f->n_functions.p[name]};
    return i;
}

static void find_functions(struct pp_report *r, struct function_names *f)
{
    f->function_of = PP_NEW_N(&r->arena, uint32_t, r->g->n_nodes);
    for (uint32_t i = 0; i < r->g->n_nodes; i++)
        f->function_of[i] = PP_NONE;
    for (uint32_t i = 0; i < r->g->n_order; i++)
        f->function_of[r->g->order[i]] = function_number(r, f, r->g->order[i]);
}

/* A callee that isn't in the report has no name, as in Go. */
static pp_str callee_name(struct pp_report *r, const struct function_names *f, uint32_t node)
{
    if (f->function_of[node] == PP_NONE) return PP_STR("");
    uint32_t i = f->function_of[node], of = f->n_functions.p[f->functions.p[i].name];
    pp_str name = pp_place_name(r->g->places, r->g->nodes[node].place);
    if (of <= 1) return name;
    return pp_arena_fmt(&r->arena, "%.*s [%u/%u]", PP_FMT(name), f->functions.p[i].number, of);
}

static void put_calls(struct pp_report *r, uint32_t node, const struct function_names *f, struct name_table *files,
                      struct name_table *names, const struct pp_place *prev)
{
    struct pp_graph *g = r->g;
    uint32_t n, *out = pp_graph_sorted_out(g, node, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_edge *e = &g->edges[out[i]];
        uint32_t place = g->nodes[e->dst].place;
        put_name(r, files, "cfl=", pp_place_file(g->places, place));
        put_name(r, names, "cfn=", callee_name(r, f, e->dst));
        pp_out_c(r->out, "calls=0 ");
        put_address(r, prev, g->places->places[place].address);
        pp_out_fmt(r->out, " %lld\n* * %lld\n", (long long)g->places->places[place].line, scaled(r, e->weight));
    }
}

void pp_report_callgrind(struct pp_report *r)
{
    r->o.node_fraction = r->o.edge_fraction = 0;
    r->o.node_count = 0;
    pp_report_graph(r);
    struct pp_graph *g = r->g;
    struct function_names f = {0};
    find_functions(r, &f);
    pp_out_fmt(r->out, "positions: instr line\nevents: %.*s(%.*s)\n", PP_FMT(r->o.sample_type),
               PP_FMT(r->o.output_unit));
    struct name_table objfiles = {.arena = &r->arena}, files = objfiles, names = objfiles;
    const struct pp_place *prev = NULL;
    for (uint32_t i = 0; i < g->n_order; i++) {
        const struct pp_node *n = &g->nodes[g->order[i]];
        const struct pp_place *place = &g->places->places[n->place];
        if (!prev || prev->objfile != place->objfile || prev->file != place->file || prev->name != place->name) {
            pp_out_char(r->out, '\n');
            put_name(r, &objfiles, "ob=", pp_place_objfile(g->places, n->place));
            put_name(r, &files, "fl=", pp_place_file(g->places, n->place));
            put_name(r, &names, "fn=", pp_place_name(g->places, n->place));
        }
        put_address(r, prev, place->address);
        pp_out_fmt(r->out, " %lld %lld\n", (long long)place->line, scaled(r, pp_node_flat(n)));
        put_calls(r, g->order[i], &f, &files, &names, prev);
        prev = place;
    }
}
