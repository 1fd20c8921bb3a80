// SPDX-License-Identifier: Apache-2.0
#include "view/graph.h"

#include "view/graph_walk.h"

/* What the sum over nodes touches per frame: small, so that the nodes of a large profile stay in the cache. */
struct hot_node {
    int64_t cum, inlined;
};

struct sums {
    struct hot_node *hot;
    uint8_t *is_on_stack;               /* per node */
    int64_t *flat, *cum_div, *flat_div; /* per node; the _div NULL unless mean */
};

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

void walk_halves(struct walk w[2], struct pp_graph *g, const uint8_t *kept, void (*part)(void *walk))
{
    const struct pp_profile *p = g->profile;
    bool is_large = p->n_samples && p->loc_off[p->n_samples] >= HALVES_MIN;
    uint32_t middle = is_large ? p->n_samples / 2 : p->n_samples;
    const uint32_t *locs = walk_locations(g->arena, g->places, kept);
    for (int i = 0; i < 2; i++) {
        w[i] = (struct walk){.graph = g, .locs = locs, .from = i ? middle : 0, .to = i ? p->n_samples : middle};
        pp_arena_init(&w[i].arena, 0, g->arena->oom);
    }
    if (is_large)
        pp_pair_run(part, &w[0], &w[1]);
    else
        part(&w[0]);
}

void walk_halves_release(struct walk w[2])
{
    pp_arena_release(&w[0].arena);
    pp_arena_release(&w[1].arena);
}

static inline void sum_push(struct walk *w, uint32_t place, bool is_inline)
{
    uint8_t *is_on_stack = &((struct sums *)w->ctx)->is_on_stack[place];
    walk_push(w, place, !*is_on_stack, is_inline);
    *is_on_stack = 1;
    w->parent = place;
}

static inline void sum_pop(struct walk *w, const struct walk_frame *f)
{
    struct sums *s = w->ctx;
    struct hot_node *h = &s->hot[f->what];
    h->inlined = pp_go_add(h->inlined, f->is_inline ? f->weight.v : 0);
    if (!f->counts) return;
    h->cum = pp_go_add(h->cum, f->weight.v);
    s->is_on_stack[f->what] = 0;
}

static inline void sum_pop_mean(struct walk *w, const struct walk_frame *f)
{
    if (!f->counts) return;
    int64_t *div = &((struct sums *)w->ctx)->cum_div[f->what];
    *div = pp_go_add(*div, f->weight.div);
    sum_pop(w, f);
}

static inline void sum_leaf(struct walk *w, uint32_t sample, struct walk_weight weight)
{
    (void)sample;
    struct sums *s = w->ctx;
    s->flat[w->parent] = pp_go_add(s->flat[w->parent], weight.v);
}

static inline void sum_leaf_mean(struct walk *w, uint32_t sample, struct walk_weight weight)
{
    struct sums *s = w->ctx;
    s->flat_div[w->parent] = pp_go_add(s->flat_div[w->parent], weight.div);
    sum_leaf(w, sample, weight);
}

static void sum_part(void *walk)
{
    struct walk *w = walk;
    uint32_t n = w->graph->n_nodes;
    struct sums *s = w->ctx = PP_NEW(&w->arena, struct sums);
    s->hot = PP_NEW_N(&w->arena, struct hot_node, n);
    s->is_on_stack = PP_NEW_N(&w->arena, uint8_t, n);
    s->flat = PP_NEW_N(&w->arena, int64_t, n);
    if (!w->graph->options.mean) {
        walk_samples(w, false, sum_push, sum_pop, sum_leaf);
        return;
    }
    s->cum_div = PP_NEW_N(&w->arena, int64_t, n);
    s->flat_div = PP_NEW_N(&w->arena, int64_t, n);
    walk_samples(w, true, sum_push, sum_pop_mean, sum_leaf_mean);
}

static void sum_add(struct pp_graph *g, const struct sums *s)
{
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        struct pp_node *n = &g->nodes[i];
        n->cum = pp_go_add(n->cum, s->hot[i].cum);
        n->flat = pp_go_add(n->flat, s->flat[i]);
        g->inlined[i] = pp_go_add(g->inlined[i], s->hot[i].inlined);
        if (!g->options.mean) continue;
        n->cum_div = pp_go_add(n->cum_div, s->cum_div[i]);
        n->flat_div = pp_go_add(n->flat_div, s->flat_div[i]);
    }
}

static void sum_graph(struct pp_graph *g)
{
    struct walk w[2];
    g->n_nodes = g->places->n_places;
    g->nodes = PP_NEW_N(g->arena, struct pp_node, g->n_nodes);
    g->inlined = PP_NEW_N(g->arena, int64_t, g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        g->nodes[i] = (struct pp_node){.place = i, .first_in = PP_NONE, .first_out = PP_NONE};
    walk_halves(w, g, NULL, sum_part);
    for (int i = 0; i < 2; i++)
        if (w[i].ctx) sum_add(g, w[i].ctx);
    walk_halves_release(w);
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
    walk_push(w, w->parent, true, is_inline);
}

static inline void tree_pop(struct walk *w, const struct walk_frame *f)
{
    struct pp_node *n = &w->graph->nodes[f->what];
    n->cum = pp_go_add(n->cum, f->weight.v);
    n->cum_div = pp_go_add(n->cum_div, f->weight.div);
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
