// SPDX-License-Identifier: Apache-2.0
/* The edges of a graph, summed in one pass. A large profile has many more edges than nodes (hundreds of thousands, most of
 * them light), and each push and pop touches one at random: what is touched is 16 bytes in one table, and an edge becomes
 * a struct pp_edge only when it stays. */
#include "view/graph_walk.h"

/* Slot: marks, caller, callee in one word; free when 0. */
#define LINK_NODE_BITS 30
#define LINK_USED (UINT64_C(1) << 60)
#define LINK_CALLED (UINT64_C(1) << 61)   /* not inlined at least once */
#define LINK_RESIDUAL (UINT64_C(1) << 62) /* over a dropped node at least once */
#define LINK_ON_STACK (UINT64_C(1) << 63)
#define LINK_FRAMES_AN_EDGE 128 /* at first; in large profiles it is more */
#define LINK_FIRST_BITS_MAX 19
#define LINK_KEY (LINK_USED | (LINK_USED - 1))
#define LINK_NODE ((UINT64_C(1) << LINK_NODE_BITS) - 1)

struct link_slot {
    uint64_t key;
    int64_t weight;
};

struct links {
    struct pp_arena memory; /* of the table alone: the old one goes when it grows */
    struct link_slot *slots;
    int64_t *divs; /* per slot, when mean */
    size_t n;
    unsigned bits;         /* of the number of slots */
    const uint8_t *wanted; /* callees; NULL: all kept */
};

static inline size_t link_at(const struct links *l, uint64_t key)
{
    size_t mask = ((size_t)1 << l->bits) - 1, i = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - l->bits));
    while (l->slots[i].key && (l->slots[i].key & LINK_KEY) != key)
        i = (i + 1) & mask;
    return i;
}

static void links_alloc(struct links *l, struct pp_graph *g, unsigned bits)
{
    pp_arena_init(&l->memory, 0, g->arena->oom);
    l->bits = bits;
    l->slots = PP_NEW_N(&l->memory, struct link_slot, (size_t)1 << bits);
    if (g->options.mean) l->divs = PP_NEW_N(&l->memory, int64_t, (size_t)1 << bits);
}

/* Twice the room; frames on the stack follow their slots. */
static __attribute__((noinline)) void links_grow(struct walk *w)
{
    struct links *l = w->ctx, old = *l;
    links_alloc(l, w->graph, old.bits + 1);
    for (size_t i = 0; i < (size_t)1 << old.bits; i++) {
        if (!old.slots[i].key) continue;
        size_t at = link_at(l, old.slots[i].key & LINK_KEY);
        l->slots[at] = old.slots[i];
        if (l->divs) l->divs[at] = old.divs[i];
    }
    for (size_t i = 0; i < w->n_frames; i++)
        w->frames[i] = (uint32_t)link_at(l, old.slots[w->frames[i]].key & LINK_KEY);
    pp_arena_release(&old.memory);
}

static inline uint32_t link_find(struct walk *w, uint32_t src, uint32_t dst)
{
    struct links *l = w->ctx;
    uint64_t key = LINK_USED | (uint64_t)src << LINK_NODE_BITS | dst;
    size_t i = link_at(l, key);
    if (l->slots[i].key) return (uint32_t)i;
    if (l->n >= (size_t)3 << l->bits >> 2) {
        links_grow(w);
        i = link_at(l, key);
    }
    l->slots[i].key = key;
    l->n++;
    return (uint32_t)i;
}

static inline void link_come(struct walk *w, uint32_t slot, bool is_inline)
{
    struct links *l = w->ctx;
    struct link_slot *s = &l->slots[slot];
    if (s->key & LINK_ON_STACK) return; /* counts below already, with the marks of that call */
    s->key |= LINK_ON_STACK | (w->residual ? LINK_RESIDUAL : 0) | (is_inline ? 0 : LINK_CALLED);
    s->weight = pp_go_sub(s->weight, w->now.v);
    if (l->divs) l->divs[slot] = pp_go_sub(l->divs[slot], w->now.div);
    walk_push(w, slot);
}

static inline void link_push(struct walk *w, uint32_t place, bool is_inline)
{
    if (!w->graph->kept[place]) {
        w->residual = true;
        return;
    }
    struct links *l = w->ctx;
    if (w->parent != PP_NONE && w->parent != place && (!l->wanted || l->wanted[place]))
        link_come(w, link_find(w, w->parent, place), is_inline);
    w->parent = place;
    w->residual = false;
}

static inline void link_pop(struct walk *w, uint32_t slot)
{
    struct links *l = w->ctx;
    struct link_slot *s = &l->slots[slot];
    s->weight = pp_go_add(s->weight, w->now.v);
    s->key &= ~LINK_ON_STACK;
    if (l->divs) l->divs[slot] = pp_go_add(l->divs[slot], w->now.div);
}

static inline void link_leaf(struct walk *w, uint32_t sample, struct walk_weight weight)
{
    (void)w, (void)sample, (void)weight;
}

/* Whether g->inlined are the sums that they seem to be: nothing negative in them, and no overflow. */
static bool inlined_is_sound(const struct pp_graph *g)
{
    const struct pp_profile *p = g->profile;
    const int64_t *values = p->values[g->options.value_index];
    uint32_t most_lines = 1;
    double sum = 0;
    for (uint32_t l = 0; l < p->n_locations; l++)
        if (p->locations[l].n_lines > most_lines) most_lines = p->locations[l].n_lines;
    for (uint32_t s = 0; s < p->n_samples; s++) {
        if (values[s] < 0) return false;
        sum += (double)values[s] * (double)(p->loc_off[s + 1] - p->loc_off[s]);
    }
    return sum * most_lines < 0x1p62;
}

/* Places that some location has with a caller inside the same location. NULL: none is kept. All calls behind an inlined edge are
 * part of the place's `inlined`, so that it can't have one that reaches the cut-off when that doesn't. */
static uint8_t *inlined_places(const struct pp_graph *g, int64_t cutoff)
{
    const struct pp_places *t = g->places;
    if (!t->has_inlines) return NULL;
    uint8_t *mask = PP_NEW_N(g->arena, uint8_t, g->n_nodes);
    bool any = false, is_sound = cutoff > 0 && inlined_is_sound(g);
    for (uint32_t l = 0; l < g->profile->n_locations; l++)
        for (uint32_t i = t->first[l]; i + 1 < t->first[l + 1]; i++) {
            uint32_t place = t->line_place[i];
            any |= mask[place] = g->kept[place] && (!is_sound || g->inlined[place] >= cutoff);
        }
    return any ? mask : NULL;
}

void pp_graph_list_edge(struct pp_graph *g, uint32_t e)
{
    struct pp_edge *edge = &g->edges[e];
    struct pp_node *src = &g->nodes[edge->src], *dst = &g->nodes[edge->dst];
    edge->next_out = src->first_out;
    edge->next_in = dst->first_in;
    src->first_out = dst->first_in = e;
    src->n_out++;
    dst->n_in++;
}

static struct pp_edge edge_of_slot(const struct links *l, size_t i)
{
    const struct link_slot *s = &l->slots[i];
    return (struct pp_edge){.weight = s->weight,
                            .weight_div = l->divs ? l->divs[i] : 0,
                            .src = (uint32_t)(s->key >> LINK_NODE_BITS & LINK_NODE),
                            .dst = (uint32_t)(s->key & LINK_NODE),
                            .is_residual = (s->key & LINK_RESIDUAL) != 0,
                            .is_inline = !(s->key & LINK_CALLED)};
}

/* A light one whose callee isn't in the report stays, too, as in Go. */
static inline bool edge_stays(const struct link_slot *s, const uint8_t *shown, int64_t cutoff)
{
    return s->key && (pp_go_abs(s->weight) >= cutoff || !shown[s->key & LINK_NODE]);
}

static uint32_t count_edges(const struct links *l, const uint8_t *shown, int64_t cutoff)
{
    uint32_t n = 0;
    for (size_t i = 0; i < (size_t)1 << l->bits; i++)
        n += edge_stays(&l->slots[i], shown, cutoff);
    return n;
}

static void add_edges(struct pp_graph *g, const struct links *l, const uint8_t *shown, int64_t cutoff)
{
    for (size_t i = 0; i < (size_t)1 << l->bits; i++) {
        if (!edge_stays(&l->slots[i], shown, cutoff)) continue;
        g->edges[g->n_edges] = edge_of_slot(l, i);
        pp_graph_list_edge(g, g->n_edges++);
    }
}

/* Makes the edges that stay. The tables have none in common; the second may be NULL. */
static uint32_t list_edges(struct pp_graph *g, const struct links *first, const struct links *second, int64_t cutoff)
{
    uint8_t *shown = PP_NEW_N(g->arena, uint8_t, g->n_nodes);
    for (uint32_t i = 0; i < g->n_order; i++)
        shown[g->order[i]] = 1;
    uint32_t n = count_edges(first, shown, cutoff) + (second ? count_edges(second, shown, cutoff) : 0);
    g->edges = PP_NEW_N(g->arena, struct pp_edge, n);
    add_edges(g, first, shown, cutoff);
    if (second) add_edges(g, second, shown, cutoff);
    return (uint32_t)(first->n + (second ? second->n : 0)) - n;
}

/* Of a table for many edges: growing would take half as much again for a moment. What is too much is never touched. */
static unsigned first_bits(const struct pp_profile *p)
{
    uint64_t n_frames = p->n_samples ? p->loc_off[p->n_samples] : 0;
    unsigned bits = 12;
    while (bits < LINK_FIRST_BITS_MAX && (uint64_t)1 << bits < n_frames / LINK_FRAMES_AN_EDGE)
        bits++;
    return bits;
}

static void link_part(void *walk)
{
    struct walk *w = walk;
    struct links *l = w->ctx = PP_NEW(&w->arena, struct links);
    l->wanted = w->graph->link_wanted;
    links_alloc(l, w->graph, first_bits(w->graph->profile));
    walk_samples(w, w->graph->options.mean, link_push, link_pop, link_leaf);
}

/* Moves the edges that both have to the first: the others may stay, a table for all of them would be twice the size. */
static void links_move_common(struct links *to, struct links *from)
{
    for (size_t i = 0; i < (size_t)1 << from->bits; i++) {
        struct link_slot *s = &from->slots[i];
        size_t at = s->key ? link_at(to, s->key & LINK_KEY) : 0;
        if (!s->key || !to->slots[at].key) continue;
        to->slots[at].key |= s->key;
        to->slots[at].weight = pp_go_add(to->slots[at].weight, s->weight);
        if (to->divs) to->divs[at] = pp_go_add(to->divs[at], from->divs[i]);
        s->key = 0;
        from->n--;
    }
}

uint32_t pp_graph_link(struct pp_graph *g, bool only_inlined, int64_t cutoff)
{
    g->n_edges = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        struct pp_node *n = &g->nodes[i];
        n->first_in = n->first_out = PP_NONE;
        n->n_in = n->n_out = 0;
    }
    g->link_wanted = NULL;
    if (only_inlined && !(g->link_wanted = inlined_places(g, cutoff))) return 0;
    if (g->n_nodes > LINK_NODE) __builtin_trap(); /* a billion distinct places don't fit into memory */
    struct walk w[2];
    walk_halves(w, g, g->kept, link_part);
    struct links *first = w[0].ctx, *second = w[1].ctx;
    if (second) links_move_common(first, second);
    uint32_t n_dropped = list_edges(g, first, second, cutoff);
    pp_arena_release(&first->memory);
    if (second) pp_arena_release(&second->memory);
    walk_halves_release(w);
    return n_dropped;
}
