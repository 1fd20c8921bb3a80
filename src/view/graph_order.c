// SPDX-License-Identifier: Apache-2.0
#include "view/graph.h"

#include <math.h>
#include <stdlib.h>

#include "base/gomath.h"
#include "profile/units.h"

/* One node while sorting: bigger keys first, then names, then bigger second keys, then the older node. */
struct rank {
    uint64_t key, second;
    pp_str name;
    uint32_t node;
};

/* The sum of -x*log2(x) over the shares of a node's calls on one side: high when many of them matter alike. Weights below
 * zero (of a comparison) don't count for the whole but do as shares, which makes NaN possible; all as in Go. */
static double edge_entropy(double score, int64_t weight, int64_t total)
{
    double share = (double)pp_go_abs(weight) / (double)total;
    return score + -share * pp_go_log2(share);
}

static double entropy_in(const struct pp_graph *g, uint32_t node)
{
    int64_t total = 0;
    PP_EACH_IN(g, node, e)
    if (g->edges[e].weight > 0) total = pp_go_add(total, g->edges[e].weight);
    double score = 0;
    if (!total) return score;
    PP_EACH_IN(g, node, e) score = edge_entropy(score, g->edges[e].weight, total);
    return score;
}

static double entropy_out(const struct pp_graph *g, uint32_t node)
{
    int64_t self = g->nodes[node].flat, total = self;
    PP_EACH_OUT(g, node, e)
    if (g->edges[e].weight > 0) total = pp_go_add(total, g->edges[e].weight);
    double score = 0;
    if (!total) return score;
    PP_EACH_OUT(g, node, e) score = edge_entropy(score, g->edges[e].weight, total);
    return self > 0 ? edge_entropy(score, self, total) : score;
}

/* Entries and leaves matter (1 each), as do nodes where calls join or part; a node that is just passed through doesn't. */
static int64_t entropy_score(const struct pp_graph *g, uint32_t node)
{
    const struct pp_node *n = &g->nodes[node];
    double score = n->n_in ? entropy_in(g, node) : 1;
    score += n->n_out ? entropy_out(g, node) : 1;
    return pp_go_add(pp_units_int(score * (double)n->cum), n->flat);
}

static int compare_u64_desc(uint64_t a, uint64_t b) { return a > b ? -1 : a < b; }

static int compare_ranks(const void *va, const void *vb)
{
    const struct rank *a = va, *b = vb;
    int c = compare_u64_desc(a->key, b->key);
    if (!c) c = pp_str_cmp(a->name, b->name);
    if (!c) c = compare_u64_desc(a->second, b->second);
    return c ? c : a->node < b->node ? -1 : 1;
}

/* |v| as Go compares it: the smallest int64 stays below zero. */
static uint64_t magnitude(int64_t v) { return (uint64_t)pp_go_abs(v) ^ (uint64_t)1 << 63; }

void pp_graph_sort(struct pp_graph *g, enum pp_graph_order by)
{
    struct rank *ranks = PP_NEW_N(g->arena, struct rank, g->n_order);
    for (uint32_t i = 0; i < g->n_order; i++) {
        const struct pp_node *n = &g->nodes[g->order[i]];
        int64_t key = n->flat, second = n->flat;
        if (by == PP_ORDER_FLAT)
            second = n->cum;
        else
            key = by == PP_ORDER_CUM ? n->cum : entropy_score(g, g->order[i]);
        ranks[i] = (struct rank){magnitude(key), magnitude(second), pp_graph_name(g, g->order[i]), g->order[i]};
    }
    if (g->n_order) qsort(ranks, g->n_order, sizeof *ranks, compare_ranks);
    for (uint32_t i = 0; i < g->n_order; i++)
        g->order[i] = ranks[i].node;
}

struct edge_rank {
    uint64_t weight;
    pp_str src, dst;
    uint32_t edge;
};

static int compare_edge_ranks(const void *va, const void *vb)
{
    const struct edge_rank *a = va, *b = vb;
    int c = compare_u64_desc(a->weight, b->weight);
    if (!c) c = pp_str_cmp(a->src, b->src);
    if (!c) c = pp_str_cmp(a->dst, b->dst);
    return c ? c : a->edge < b->edge ? -1 : 1;
}

void pp_graph_sort_edges(struct pp_graph *g, uint32_t *edges, uint32_t n)
{
    struct edge_rank few[32], *ranks = n <= 32 ? few : PP_NEW_N(g->arena, struct edge_rank, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_edge *e = &g->edges[edges[i]];
        ranks[i] =
            (struct edge_rank){magnitude(e->weight), pp_graph_name(g, e->src), pp_graph_name(g, e->dst), edges[i]};
    }
    if (n > 1) qsort(ranks, n, sizeof *ranks, compare_edge_ranks);
    for (uint32_t i = 0; i < n; i++)
        edges[i] = ranks[i].edge;
}

uint32_t *pp_graph_sorted_in(struct pp_graph *g, uint32_t node, uint32_t *ret_n)
{
    uint32_t *edges = PP_NEW_N(g->arena, uint32_t, g->nodes[node].n_in), n = 0;
    PP_EACH_IN(g, node, e) edges[n++] = e;
    pp_graph_sort_edges(g, edges, n);
    *ret_n = n;
    return edges;
}

uint32_t *pp_graph_sorted_out(struct pp_graph *g, uint32_t node, uint32_t *ret_n)
{
    uint32_t *edges = PP_NEW_N(g->arena, uint32_t, g->nodes[node].n_out), n = 0;
    PP_EACH_OUT(g, node, e) edges[n++] = e;
    pp_graph_sort_edges(g, edges, n);
    *ret_n = n;
    return edges;
}
