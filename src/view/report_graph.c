// SPDX-License-Identifier: Apache-2.0
/* Which nodes and edges a report shows. Go: internal/report newTrimmedGraph and selectOutputUnit. */
#include <string.h>

#include "profile/units.h"
#include "view/report_parts.h"

static struct pp_graph *sum_graph(struct pp_report *r, struct pp_places *places)
{
    bool can_be_tree = r->o.format == PP_REPORT_DOT || r->o.format == PP_REPORT_CALLGRIND;
    const struct pp_graph_options o = {.value_index = r->o.value_index,
                                       .mean = r->o.mean,
                                       .call_tree = r->o.call_tree && can_be_tree,
                                       .drop_negative = r->o.drop_negative};
    return pp_graph_sum(&r->arena, places, &o);
}

static int64_t flat_sum(const struct pp_graph *g)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < g->n_order; i++)
        sum = pp_go_add(sum, g->nodes[g->order[i]].flat);
    return sum;
}

/* The graph of the masked nodes only. File names are trimmed again for it, and a node whose name that changes is lost. */
static void rebuild(struct pp_report *r, uint8_t *mask)
{
    struct pp_graph *g = r->g;
    if (g->options.call_tree) {
        pp_graph_prune_tree(g, mask);
        return;
    }
    if (pp_places_trim_again(g->places)) {
        uint32_t n = g->n_nodes;
        r->g = g = sum_graph(r, g->places);
        uint8_t *wider = PP_NEW_N(&r->arena, uint8_t, g->n_nodes);
        memcpy(wider, mask, n);
        mask = wider;
    }
    pp_graph_keep(g, mask);
}

/* Nodes with too small a cum leave. */
static void drop_light_nodes(struct pp_report *r, int64_t cutoff)
{
    struct pp_graph *g = r->g;
    uint8_t *mask = PP_NEW_N(&r->arena, uint8_t, g->n_nodes);
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < g->n_order; i++) {
        bool heavy = pp_go_abs(g->nodes[g->order[i]].cum) >= cutoff;
        mask[g->order[i]] = heavy;
        n_kept += heavy;
    }
    r->n_dropped_nodes = g->n_order - n_kept;
    if (r->n_dropped_nodes) rebuild(r, mask);
}

/* How many nodes of the order fit; a picture's label boxes take room, too. */
static uint32_t node_limit(const struct pp_graph *g, int64_t limit, bool is_picture)
{
    int64_t count = 0;
    for (uint32_t i = 0; is_picture && i < g->n_order; i++) {
        count += 1 + (g->n_flat_tags ? g->n_flat_tags[g->order[i]] : 0);
        if (count >= limit) return i + 1;
    }
    return limit < g->n_order ? (uint32_t)limit : g->n_order;
}

static void sort_graph(struct pp_report *r, bool is_picture)
{
    pp_graph_sort(r->g, is_picture ? PP_ORDER_ENTROPY : r->o.cum_sort ? PP_ORDER_CUM : PP_ORDER_FLAT);
}

static void link_graph(struct pp_report *r, int64_t cutoff)
{
    if (r->g->options.call_tree || r->o.format == PP_REPORT_TOPPROTO) return;
    r->n_dropped_edges = pp_graph_link(r->g, r->o.format == PP_REPORT_TOP, cutoff);
}

static void tag_graph(struct pp_report *r, uint32_t limit, int64_t cutoff)
{
    pp_str unit = PP_STR("");
    for (uint32_t i = 0; i < r->p->n_strings; i++)
        if (pp_str_eq_c(r->p->strings[i], "bytes")) unit = pp_report_label_unit(r, i);
    pp_graph_tag(r->g, limit, cutoff, unit, r->o.output_unit);
}

void pp_report_full_graph(struct pp_report *r)
{
    enum pp_report_format f = r->o.format;
    const struct pp_places_options po = {
        .obj_names = f == PP_REPORT_CALLGRIND || f == PP_REPORT_LIST || f == PP_REPORT_DISASM,
        .trim = true,
        .trim_path = r->o.trim_path,
        .source_path = r->o.source_path};
    r->g = sum_graph(r, pp_places_new(&r->arena, r->p, &po));
}

static void trimmed_graph(struct pp_report *r)
{
    bool is_picture = r->o.format == PP_REPORT_DOT;
    pp_report_full_graph(r);
    int64_t total = flat_sum(r->g), node_cutoff = pp_report_fraction(total, r->o.node_fraction);
    int64_t edge_cutoff = pp_report_fraction(total, r->o.edge_fraction);
    if (node_cutoff > 0) drop_light_nodes(r, node_cutoff);
    r->n_before_limit = r->g->n_order;

    /* A picture's order depends on edges, and its limit on tags; elsewhere they wait for the final nodes. */
    const struct pp_graph *tagged = NULL;
    if (is_picture) link_graph(r, 0);
    sort_graph(r, is_picture);
    if (r->o.node_count > 0) {
        if (is_picture && r->p->label_off) {
            tag_graph(r, node_limit(r->g, r->o.node_count, false), node_cutoff);
            tagged = r->g;
        }
        if (is_picture) pp_graph_drop_light_edges(r->g, edge_cutoff);
        uint32_t limit = node_limit(r->g, r->o.node_count, is_picture);
        if (limit < r->g->n_order) {
            uint8_t *mask = PP_NEW_N(&r->arena, uint8_t, r->g->n_nodes);
            for (uint32_t i = 0; i < limit; i++)
                mask[r->g->order[i]] = 1;
            rebuild(r, mask);
            if (is_picture) link_graph(r, 0);
            sort_graph(r, is_picture);
        }
    }
    if (is_picture && r->p->label_off && tagged != r->g) tag_graph(r, 0, node_cutoff);
    if (!is_picture) {
        link_graph(r, edge_cutoff);
        return;
    }
    r->n_dropped_edges = pp_graph_drop_light_edges(r->g, edge_cutoff);
    pp_graph_drop_redundant_edges(r->g);
}

static pp_str unit_of(const struct pp_report *r, int64_t value)
{
    pp_str unit;
    pp_units_scale(value, r->o.sample_unit, PP_STR("minimum"), &unit);
    return unit;
}

/* The unit in which the smallest value is at least 1; when the total needs a larger one, at least 0.01. */
static void select_unit(struct pp_report *r)
{
    struct pp_report_options *o = &r->o;
    if (!pp_str_eq_c(o->output_unit, "minimum") || !r->g->n_order) return;
    int64_t min = 0, max = o->total;
    for (uint32_t i = 0; i < r->g->n_order; i++) {
        const struct pp_node *n = &r->g->nodes[r->g->order[i]];
        int64_t v = pp_go_abs(pp_node_flat(n));
        if (!v) v = pp_go_abs(pp_node_cum(n));
        if (v > 0 && (!min || v < min)) min = v;
    }
    if (!min) min = max;
    if (o->ratio > 0 && o->ratio != 1) {
        min = pp_units_int((double)min * o->ratio);
        max = pp_units_int((double)max * o->ratio);
    }
    pp_str unit = unit_of(r, min);
    bool may_be_fraction = o->format != PP_REPORT_CALLGRIND; /* it has integers only */
    if (may_be_fraction && !pp_str_eq(unit, unit_of(r, max)) && pp_go_mul(min, 100) < max)
        unit = unit_of(r, pp_go_mul(min, 100));
    o->output_unit = unit.n ? unit : o->sample_unit;
}

void pp_report_graph(struct pp_report *r)
{
    trimmed_graph(r);
    select_unit(r);
    for (uint32_t i = 0; i < r->g->n_order; i++)
        r->shown = pp_go_add(r->shown, pp_node_flat(&r->g->nodes[r->g->order[i]]));
}
