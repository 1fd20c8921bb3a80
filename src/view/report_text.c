// SPDX-License-Identifier: Apache-2.0
/* top (text), tree and peek. */
#include "view/report_parts.h"

#define TREE_RULE "----------------------------------------------------------+-------------\n"
#define TREE_HEAD "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"

/* Whether calls of the node were inlined: never, sometimes or always. */
static pp_str inline_label(const struct pp_graph *g, uint32_t node)
{
    bool any = false, all = true;
    PP_EACH_IN(g, node, e)
    {
        any |= g->edges[e].is_inline;
        all &= g->edges[e].is_inline;
    }
    if (!any) return PP_STR("");
    return all ? PP_STR("(inline)") : PP_STR("(partial-inline)");
}

void pp_report_top(struct pp_report *r)
{
    if (r->o.notation != PP_NOTATION_TEXT) {
        pp_report_top_data(r);
        return;
    }
    pp_report_graph(r);
    pp_report_lines lines = {0};
    pp_report_add_labels(r, false, &lines);
    pp_report_put_lines(r, &lines);
    struct pp_out *out = r->out;
    pp_out_c(out, "      flat  flat%   sum%        cum   cum%\n");
    int64_t sum = 0;
    for (uint32_t i = 0; i < r->g->n_order; i++) {
        uint32_t id = r->g->order[i];
        int64_t flat = pp_node_flat(&r->g->nodes[id]), cum = pp_node_cum(&r->g->nodes[id]);
        sum = pp_go_add(sum, flat);
        pp_report_put_value(r, flat, 10);
        pp_out_char(out, ' ');
        pp_report_put_percent(r, flat, r->o.total);
        pp_out_char(out, ' ');
        pp_report_put_percent(r, sum, r->o.total);
        pp_out_char(out, ' ');
        pp_report_put_value(r, cum, 10);
        pp_out_char(out, ' ');
        pp_report_put_percent(r, cum, r->o.total);
        pp_out_c(out, "  ");
        pp_out_str(out, pp_graph_name(r->g, id));
        pp_str label = inline_label(r->g, id);
        if (label.n) pp_out_char(out, ' ');
        pp_out_str(out, label);
        pp_out_char(out, '\n');
    }
}

struct pp_report_item *pp_report_items(struct pp_arena *a, const struct pp_profile *p,
                                       const struct pp_report_options *o, size_t *ret_n_items, pp_str **ret_labels,
                                       size_t *ret_n_labels)
{
    struct pp_report r;
    pp_report_begin(&r, NULL, p, o);
    r.o.format = PP_REPORT_TOP;
    pp_report_graph(&r);
    pp_report_lines lines = {0};
    pp_report_add_labels(&r, false, &lines);
    *ret_labels = PP_NEW_N(a, pp_str, lines.n);
    for (size_t i = 0; i < lines.n; i++)
        (*ret_labels)[i] = pp_arena_dup(a, lines.p[i]);
    *ret_n_labels = lines.n;
    struct pp_report_item *items = PP_NEW_N(a, struct pp_report_item, r.g->n_order);
    for (uint32_t i = 0; i < r.g->n_order; i++) {
        const struct pp_node *n = &r.g->nodes[r.g->order[i]];
        items[i] = (struct pp_report_item){.name = pp_arena_dup(a, pp_graph_name(r.g, r.g->order[i])),
                                           .inline_label = inline_label(r.g, r.g->order[i]),
                                           .flat = pp_node_flat(n),
                                           .cum = pp_node_cum(n)};
        items[i].flat_text = pp_report_value(a, &r.o, items[i].flat);
        items[i].cum_text = pp_report_value(a, &r.o, items[i].cum);
    }
    *ret_n_items = r.g->n_order;
    pp_report_end(&r);
    return items;
}

/* Callers above, callees below the node's own line. */
static void put_tree_edges(struct pp_report *r, const uint32_t *edges, uint32_t n, bool callers, int64_t cum)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_edge *e = &r->g->edges[edges[i]];
        pp_report_put_value(r, e->weight, 50);
        pp_out_char(r->out, ' ');
        pp_report_put_percent(r, e->weight, cum);
        pp_out_c(r->out, " |   ");
        pp_out_str(r->out, pp_graph_name(r->g, callers ? e->src : e->dst));
        if (e->is_inline) pp_out_c(r->out, " (inline)");
        pp_out_char(r->out, '\n');
    }
}

static void put_tree_node(struct pp_report *r, uint32_t id, int64_t *sum)
{
    int64_t flat = pp_node_flat(&r->g->nodes[id]), cum = pp_node_cum(&r->g->nodes[id]);
    uint32_t n, *edges = pp_graph_sorted_in(r->g, id, &n);
    pp_out_c(r->out, TREE_RULE);
    put_tree_edges(r, edges, n, true, cum);
    *sum = pp_go_add(*sum, flat);
    pp_report_put_value(r, flat, 10);
    pp_out_char(r->out, ' ');
    pp_report_put_percent(r, flat, r->o.total);
    pp_out_char(r->out, ' ');
    pp_report_put_percent(r, *sum, r->o.total);
    pp_out_char(r->out, ' ');
    pp_report_put_value(r, cum, 10);
    pp_out_char(r->out, ' ');
    pp_report_put_percent(r, cum, r->o.total);
    pp_out_c(r->out, "                | ");
    pp_out_str(r->out, pp_graph_name(r->g, id));
    pp_out_char(r->out, '\n');
    edges = pp_graph_sorted_out(r->g, id, &n);
    put_tree_edges(r, edges, n, false, cum);
}

enum pp_code pp_report_tree(struct pp_report *r, struct pp_err *err)
{
    pp_report_graph(r);
    const struct pp_regex *re = r->o.symbol;
    bool *shown = PP_NEW_N(&r->arena, bool, r->g->n_order), any = !re;
    for (uint32_t i = 0; i < r->g->n_order; i++)
        any |= shown[i] = !re || pp_regex_match(re, pp_graph_name(r->g, r->g->order[i]));
    if (!any) return pp_fail(err, PP_E_NOTFOUND, "no matches found for regexp: %.*s", PP_FMT(pp_regex_pattern(re)));
    if (r->o.notation != PP_NOTATION_TEXT) {
        pp_report_tree_data(r, shown);
        return PP_OK;
    }
    pp_report_lines lines = {0};
    pp_report_add_labels(r, false, &lines);
    pp_report_put_lines(r, &lines);
    pp_out_c(r->out, TREE_RULE TREE_HEAD);
    int64_t sum = 0;
    for (uint32_t i = 0; i < r->g->n_order; i++)
        if (shown[i]) put_tree_node(r, r->g->order[i], &sum);
    if (r->g->n_order) pp_out_c(r->out, TREE_RULE);
    return PP_OK;
}
