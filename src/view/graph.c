// SPDX-License-Identifier: Apache-2.0
#include "view/graph.h"

#include "view/graph_walk.h"

#define HALVES_MIN 500000 /* frames: a few ms of work; a thread costs 0.1 */

uint32_t *walk_locations(struct pp_arena *a, const struct pp_places *t, const uint8_t *kept)
{
    uint32_t n = t->profile->n_locations, *codes = PP_NEW_N(a, uint32_t, n);
    for (uint32_t l = 0; l < n; l++) {
        uint32_t from = t->first[l], to = t->first[l + 1];
        bool any = !kept;
        for (uint32_t i = from; i < to && !any; i++)
            any = kept[t->line_place[i]];
        if (!any)
            codes[l] = WALK_SKIP;
        else
            codes[l] = to - from == 1 ? t->line_place[from] : WALK_MANY | l;
    }
    return codes;
}

bool walk_ranges(const struct pp_profile *p, struct walk_range ret_ranges[2])
{
    bool is_large = p->n_samples && p->loc_off[p->n_samples] >= HALVES_MIN;
    uint32_t middle = is_large ? p->n_samples / 2 : p->n_samples;
    ret_ranges[0] = (struct walk_range){0, middle};
    ret_ranges[1] = (struct walk_range){middle, p->n_samples};
    return is_large;
}

void walk_halves(struct walk w[2], struct pp_graph *g, const uint8_t *kept, void (*part)(void *walk))
{
    struct walk_range ranges[2];
    bool both = walk_ranges(g->profile, ranges);
    const uint32_t *locs = walk_locations(g->arena, g->places, kept);
    for (int i = 0; i < 2; i++) {
        w[i] = (struct walk){.graph = g, .locs = locs, .from = ranges[i].from, .to = ranges[i].to};
        pp_arena_init(&w[i].arena, 0, g->arena->oom);
    }
    if (both)
        pp_pair_run(part, &w[0], &w[1]);
    else
        part(&w[0]);
}

void walk_halves_release(struct walk w[2])
{
    pp_arena_release(&w[0].arena);
    pp_arena_release(&w[1].arena);
}

static void add_sums(struct pp_graph *g, const int64_t *values, bool is_div)
{
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, g->arena->oom);
    struct graph_sums s = {.flat = PP_NEW_N(&scratch, uint64_t, g->n_nodes),
                           .cum = PP_NEW_N(&scratch, uint64_t, g->n_nodes),
                           .inlined = is_div ? NULL : (uint64_t *)g->inlined};
    graph_sum_places(g, values, &s);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        struct pp_node *n = &g->nodes[i];
        *(is_div ? &n->flat_div : &n->flat) = (int64_t)s.flat[i];
        *(is_div ? &n->cum_div : &n->cum) = (int64_t)s.cum[i];
    }
    pp_arena_release(&scratch);
}

static void sum_graph(struct pp_graph *g)
{
    int64_t **values = g->profile->values;
    g->n_nodes = g->places->n_places;
    g->nodes = PP_NEW_N(g->arena, struct pp_node, g->n_nodes);
    g->inlined = PP_NEW_N(g->arena, int64_t, g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        g->nodes[i] = (struct pp_node){.place = i, .first_in = PP_NONE, .first_out = PP_NONE};
    add_sums(g, values[g->options.value_index], false);
    if (g->options.mean) add_sums(g, values[0], true);
}

/* Tree nodes by (caller, place). */
struct tree {
    struct pp_hash index;
    size_t cap_parent, cap_inline;
};

static uint32_t tree_child(struct walk *w, struct tree *t, uint32_t place, bool is_inline)
{
    struct pp_graph *g = w->graph;
    uint64_t h = pp_hash_u64((uint64_t)w->parent << 32 | place);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->index, h); pp_hash_next(&pr, &i);) {
        if (g->nodes[i].place != place || g->parent[i] != w->parent) continue;
        if (!is_inline) g->is_inline[i] = false;
        return i;
    }
    size_t want = (size_t)g->n_nodes + 1;
    pp_vec_reserve(g->arena, (void **)&g->nodes, &g->cap_nodes, want, sizeof *g->nodes, _Alignof(struct pp_node));
    pp_vec_reserve(g->arena, (void **)&g->parent, &t->cap_parent, want, sizeof *g->parent, _Alignof(uint32_t));
    pp_vec_reserve(g->arena, (void **)&g->is_inline, &t->cap_inline, want, sizeof *g->is_inline, _Alignof(bool));
    g->nodes[g->n_nodes] = (struct pp_node){.place = place, .first_in = PP_NONE, .first_out = PP_NONE};
    g->parent[g->n_nodes] = w->parent;
    g->is_inline[g->n_nodes] = is_inline;
    pp_hash_add(g->arena, &t->index, h, g->n_nodes);
    return g->n_nodes++;
}

static inline void tree_push(struct walk *w, uint32_t place, bool is_inline)
{
    w->parent = tree_child(w, w->ctx, place, is_inline);
    struct pp_node *n = &w->graph->nodes[w->parent];
    n->cum = pp_go_sub(n->cum, w->now.v);
    n->cum_div = pp_go_sub(n->cum_div, w->now.div);
    walk_push(w, w->parent);
}

static inline void tree_pop(struct walk *w, uint32_t node)
{
    struct pp_node *n = &w->graph->nodes[node];
    n->cum = pp_go_add(n->cum, w->now.v);
    n->cum_div = pp_go_add(n->cum_div, w->now.div);
}

static inline void tree_leaf(struct walk *w, uint32_t sample, struct walk_weight weight)
{
    struct pp_node *n = &w->graph->nodes[w->parent];
    n->flat = pp_go_add(n->flat, weight.v);
    n->flat_div = pp_go_add(n->flat_div, weight.div);
    w->graph->sample_leaf[sample] = w->parent;
}

static void sum_tree(struct pp_graph *g)
{
    struct tree tree = {0};
    g->sample_leaf = PP_NEW_N(g->arena, uint32_t, g->profile->n_samples);
    for (uint32_t s = 0; s < g->profile->n_samples; s++)
        g->sample_leaf[s] = PP_NONE;
    struct walk w = {.graph = g,
                     .locs = walk_locations(g->arena, g->places, NULL),
                     .to = g->profile->n_samples,
                     .arena = {.oom = g->arena->oom},
                     .ctx = &tree};
    walk_samples(&w, g->options.mean, tree_push, tree_pop, tree_leaf);
    pp_arena_release(&w.arena);
    g->edges = PP_NEW_N(g->arena, struct pp_edge, g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        if (g->parent[i] == PP_NONE) continue;
        const struct pp_node *n = &g->nodes[i]; /* every sample through the node came over its edge */
        g->edges[g->n_edges] = (struct pp_edge){
            .src = g->parent[i], .dst = i, .weight = n->cum, .weight_div = n->cum_div, .is_inline = g->is_inline[i]};
        pp_graph_list_edge(g, g->n_edges++);
    }
}

static bool is_negative(const struct pp_node *n) { return n->flat < 0 || (n->flat == 0 && n->cum < 0); }

struct pp_graph *pp_graph_sum(struct pp_arena *a, struct pp_places *places, const struct pp_graph_options *o)
{
    struct pp_graph *g = PP_NEW(a, struct pp_graph);
    *g = (struct pp_graph){.arena = a, .profile = places->profile, .places = places, .options = *o};
    if (o->call_tree)
        sum_tree(g);
    else
        sum_graph(g);
    g->order = PP_NEW_N(a, uint32_t, g->n_nodes);
    g->kept = PP_NEW_N(a, uint8_t, g->n_nodes);
    if (g->n_nodes) memset(g->kept, 1, g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const struct pp_node *n = &g->nodes[i];
        if (!n->cum && !n->flat) continue;
        if (o->drop_negative && is_negative(n)) continue;
        g->order[g->n_order++] = i;
    }
    return g;
}

void pp_graph_keep(struct pp_graph *g, const uint8_t *mask)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_order; i++)
        if (mask[g->order[i]]) g->order[n++] = g->order[i];
    g->n_order = n;
    memcpy(g->kept, mask, g->n_nodes);
}

void pp_graph_drop_edge(struct pp_graph *g, uint32_t edge)
{
    struct pp_edge *e = &g->edges[edge];
    e->is_dropped = true;
    g->nodes[e->src].n_out--;
    g->nodes[e->dst].n_in--;
}

uint32_t pp_graph_drop_light_edges(struct pp_graph *g, int64_t cutoff)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_order; i++) {
        PP_EACH_IN(g, g->order[i], e)
        {
            if (pp_go_abs(g->edges[e].weight) >= cutoff) continue;
            pp_graph_drop_edge(g, e);
            n++;
        }
    }
    return n;
}

/* Whether e's ends stay connected without it: a walk from its destination towards the roots. */
static bool edge_is_redundant(struct pp_graph *g, uint32_t edge, uint32_t *seen, uint32_t mark, uint32_t *queue)
{
    uint32_t src = g->edges[edge].src, n_queue = 0;
    queue[n_queue++] = g->edges[edge].dst;
    seen[g->edges[edge].dst] = mark;
    for (uint32_t at = 0; at < n_queue; at++) {
        PP_EACH_IN(g, queue[at], e)
        {
            uint32_t caller = g->edges[e].src;
            if (e == edge || seen[caller] == mark) continue;
            if (caller == src) return true;
            seen[caller] = mark;
            queue[n_queue++] = caller;
        }
    }
    return false;
}

void pp_graph_drop_redundant_edges(struct pp_graph *g)
{
    uint32_t *seen = PP_NEW_N(g->arena, uint32_t, g->n_nodes), *queue = PP_NEW_N(g->arena, uint32_t, g->n_nodes),
             mark = 0;
    for (uint32_t i = g->n_order; i > 0; i--) {
        uint32_t n, *in = pp_graph_sorted_in(g, g->order[i - 1], &n);
        /* Lightest first, and never one that is heavier than a real call. */
        for (uint32_t j = n; j > 0 && g->edges[in[j - 1]].is_residual; j--)
            if (edge_is_redundant(g, in[j - 1], seen, ++mark, queue)) pp_graph_drop_edge(g, in[j - 1]);
    }
}

/* The children of a node that leaves become its caller's, or roots. */
static void tree_remove_node(struct pp_graph *g, uint32_t node)
{
    uint32_t up = PP_NONE;
    PP_EACH_IN(g, node, e) up = e;
    struct pp_edge *above = up == PP_NONE ? NULL : &g->edges[up];
    if (above) pp_graph_drop_edge(g, up);
    for (uint32_t e = g->nodes[node].first_out, next; e != PP_NONE; e = next) {
        struct pp_edge *edge = &g->edges[e];
        next = edge->next_out;
        if (edge->is_dropped) continue;
        if (!above) {
            pp_graph_drop_edge(g, e);
            continue;
        }
        struct pp_node *caller = &g->nodes[above->src];
        edge->src = above->src;
        edge->is_residual = true;
        edge->is_inline &= above->is_inline;
        edge->next_out = caller->first_out;
        caller->first_out = e;
        caller->n_out++;
    }
    g->nodes[node].first_out = PP_NONE;
    g->nodes[node].n_out = 0;
}

void pp_graph_prune_tree(struct pp_graph *g, const uint8_t *mask)
{
    for (uint32_t i = 0; i < g->n_order; i++)
        if (!mask[g->order[i]]) tree_remove_node(g, g->order[i]);
    pp_graph_keep(g, mask);
}
