// SPDX-License-Identifier: Apache-2.0
/* top, tree and peek as CSV or JSON. */
#include "view/report_data.h"

static bool has_inlined_call(const struct pp_graph *g, uint32_t node, bool *ret_all)
{
    bool any = false, all = true;
    PP_EACH_IN(g, node, e)
    {
        any |= g->edges[e].is_inline;
        all &= g->edges[e].is_inline;
    }
    *ret_all = any && all;
    return any;
}

static void put_inline(struct pp_data *d, uint32_t node)
{
    bool all;
    if (has_inlined_call(d->r->g, node, &all)) pp_data_text(d, "inline", all ? PP_STR("yes") : PP_STR("partly"));
}

static void put_sums(struct pp_data *d, uint32_t node)
{
    const struct pp_node *n = &d->r->g->nodes[node];
    pp_data_number(d, "flat", pp_report_plain(d->r, pp_node_flat(n)));
    pp_data_number(d, "cum", pp_report_plain(d->r, pp_node_cum(n)));
}

/* CSV has no head: each row carries what it means. */
static void put_meaning(struct pp_data *d)
{
    if (pp_data_is_json(d)) return;
    pp_data_number(d, "total", pp_report_plain(d->r, d->r->o.total));
    pp_data_text(d, "sample_type", d->r->o.sample_type);
    pp_data_text(d, "unit", d->r->o.sample_unit);
}

void pp_report_top_data(struct pp_report *r)
{
    static const char *const columns[] = {"name", "inline", "flat", "cum", "total", "sample_type", "unit", NULL};
    struct pp_data d;
    pp_report_graph(r);
    pp_data_begin(&d, r, "top", columns);
    for (uint32_t i = 0; i < r->g->n_order; i++) {
        uint32_t id = r->g->order[i];
        pp_data_row(&d);
        pp_data_text(&d, "name", pp_graph_name(r->g, id));
        put_inline(&d, id);
        put_sums(&d, id);
        put_meaning(&d);
        pp_data_row_end(&d);
    }
    pp_data_end(&d);
}

static void put_edge(struct pp_data *d, const struct pp_edge *e, uint32_t other)
{
    pp_data_text(d, pp_data_is_json(d) ? "name" : "other", pp_graph_name(d->r->g, other));
    if (e->is_inline) pp_data_text(d, "inline", PP_STR("yes"));
    pp_data_number(d, "weight", pp_report_plain(d->r, e->weight));
}

static void put_edges_json(struct pp_data *d, uint32_t node, bool callers)
{
    uint32_t n, *edges = callers ? pp_graph_sorted_in(d->r->g, node, &n) : pp_graph_sorted_out(d->r->g, node, &n);
    pp_data_list(d, callers ? "callers" : "callees");
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_edge *e = &d->r->g->edges[edges[i]];
        pp_data_item(d, i == 0);
        put_edge(d, e, callers ? e->src : e->dst);
        pp_data_item_end(d);
    }
    pp_data_list_end(d);
}

static void put_edges_csv(struct pp_data *d, uint32_t node, bool callers)
{
    uint32_t n, *edges = callers ? pp_graph_sorted_in(d->r->g, node, &n) : pp_graph_sorted_out(d->r->g, node, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_edge *e = &d->r->g->edges[edges[i]];
        pp_data_row(d);
        pp_data_text(d, "row", callers ? PP_STR("caller") : PP_STR("callee"));
        pp_data_text(d, "name", pp_graph_name(d->r->g, node));
        put_edge(d, e, callers ? e->src : e->dst);
        put_meaning(d);
        pp_data_row_end(d);
    }
}

static void put_node(struct pp_data *d, uint32_t node)
{
    bool json = pp_data_is_json(d);
    if (!json) put_edges_csv(d, node, true);
    pp_data_row(d);
    if (!json) pp_data_text(d, "row", PP_STR("node"));
    pp_data_text(d, "name", pp_graph_name(d->r->g, node));
    put_sums(d, node);
    put_meaning(d);
    if (json) {
        put_edges_json(d, node, true);
        put_edges_json(d, node, false);
    }
    pp_data_row_end(d);
    if (!json) put_edges_csv(d, node, false);
}

void pp_report_tree_data(struct pp_report *r, const bool *shown)
{
    static const char *const columns[] = {"row", "name",  "other",       "inline", "weight", "flat",
                                          "cum", "total", "sample_type", "unit",   NULL};
    struct pp_data d;
    pp_data_begin(&d, r, r->o.symbol ? "peek" : "tree", columns);
    for (uint32_t i = 0; i < r->g->n_order; i++)
        if (shown[i]) put_node(&d, r->g->order[i]);
    pp_data_end(&d);
}
