/* view/graph.h - samples summed up as nodes (places) and edges (calls).
 *
 *   flat = sum over the samples whose leaf is the node,    cum = sum over the samples that contain it (once each),
 *   edge = sum over the samples with caller -> callee (each pair once per sample, never to itself).
 * Node i is place i, in a call tree it is a path: a place with the nodes above it, and has at most one caller.
 *
 * flat and cum don't depend on which nodes a report keeps, edges and tags do. So building goes in steps:
 *     pp_graph_sum     flat and cum of all nodes                                       one pass over the samples
 *     pp_graph_keep    which nodes are shown
 *     pp_graph_link    edges between kept nodes; over dropped ones they are residual   one pass
 *     pp_graph_tag     label boxes of kept nodes (dot)                                 one pass over labels and samples
 * In a call tree edges are there from the start and pp_graph_prune_tree ties the children of a dropped node to its caller.
 *
 * Samples are walked as a stack: what consecutive samples share from the root on is neither pushed nor popped again, and
 * a frame weighs what went by between its coming and its going. Each is a handful of instructions on small arrays.
 * Invariants: order[] holds distinct nodes, all of them kept; a live edge is in the lists of both its ends.
 * Go: internal/graph.  Differences: none in values; where Go walks a map, the order here is fixed.
 */
#ifndef PP_VIEW_GRAPH_H
#define PP_VIEW_GRAPH_H

#include "view/goint.h"
#include "view/places.h"

struct pp_node {
    int64_t flat, flat_div, cum, cum_div; /* sums; the _div are 0 unless mean */
    uint32_t place;
    uint32_t first_in, first_out; /* edges; PP_NONE ends the lists */
    uint32_t n_in, n_out;         /* without dropped ones */
};

struct pp_edge {
    int64_t weight, weight_div;
    uint32_t src, dst;
    uint32_t next_in, next_out;
    bool is_residual; /* over a node that isn't kept */
    bool is_inline;   /* the callee was always inlined into the caller */
    bool is_dropped;  /* no longer there: skip it in lists */
};

#define PP_TAGS_DRAWN 4 /* label boxes per node, and groups of numbers per box */

struct pp_tag {
    pp_str name;
    pp_str unit;   /* of a number */
    int64_t value; /* of a number: the first one with this name */
    int64_t flat, flat_div, cum, cum_div;
    uint32_t node;
    uint32_t labels; /* text tag: its own id; number: the text tag it belongs to; 0: to none */
    bool is_num;
};

struct pp_graph_options {
    uint32_t value_index;
    bool mean; /* divide by the sums of column 0 */
    bool call_tree;
    bool drop_negative;
};

struct pp_graph {
    struct pp_arena *arena;
    const struct pp_profile *profile;
    struct pp_places *places;
    struct pp_graph_options options;

    struct pp_node *nodes;
    uint32_t n_nodes;
    size_t cap_nodes;
    uint32_t *order; /* the nodes of the report */
    uint32_t n_order;
    uint8_t *kept; /* per node */

    struct pp_edge *edges;
    uint32_t n_edges;
    int64_t *inlined; /* per node: sum of what its inlined calls weigh, recursion counted again; not for call trees */
    const uint8_t *link_wanted; /* per node: pp_graph_link is after its callers; NULL: of all kept nodes */

    struct pp_tag *tags; /* of node i: tags[tag_first[i] .. tag_first[i+1]); both NULL until pp_graph_tag found one */
    uint32_t *tag_first;
    uint8_t *n_flat_tags; /* per node: tags with a flat value, at most PP_TAGS_DRAWN; NULL without labels */

    /* Call trees only. */
    uint32_t *parent;      /* per node: its caller's node, PP_NONE for roots */
    bool *is_inline;       /* per node: its edge's */
    uint32_t *sample_leaf; /* per sample: PP_NONE without frames or value */
};

/* All nodes with their sums; order: those with a value, without negative ones if so asked. */
struct pp_graph *pp_graph_sum(struct pp_arena *a, struct pp_places *places, const struct pp_graph_options *o);

/* Keeps the nodes with mask[node]; the others leave order. Edges stay: link again. */
void pp_graph_keep(struct pp_graph *g, const uint8_t *mask);

/* Edges between kept nodes, made anew, and those below the cut-off dropped at once; gives their number.
 * `only_inlined`: only those to places that some line was inlined as (enough for top). */
uint32_t pp_graph_link(struct pp_graph *g, bool only_inlined, int64_t cutoff);

void pp_graph_drop_edge(struct pp_graph *g, uint32_t edge);
uint32_t pp_graph_drop_light_edges(struct pp_graph *g,
                                   int64_t cutoff);     /* gives the number of those below the cut-off */
void pp_graph_drop_redundant_edges(struct pp_graph *g); /* residual ones whose ends are connected otherwise, too */
void pp_graph_prune_tree(struct pp_graph *g, const uint8_t *mask); /* pp_graph_keep for call trees */

/* Label boxes of the first `limit` nodes of order (0: all), heavier than the cut-off: text labels (joined: "k:v\nk2:v2"), of
 * which the PP_TAGS_DRAWN heaviest by flat and by cum are kept, and the number label "bytes" of those and of samples without
 * text. unit: of bytes; output_unit: in which values are named, and told apart. */
void pp_graph_tag(struct pp_graph *g, uint32_t limit, int64_t cutoff, pp_str unit, pp_str output_unit);

/* Heavier tags first, by flat or by cum and then flat; equal ones by name. */
int pp_tag_compare(const struct pp_tag *a, const struct pp_tag *b, bool by_flat);

enum pp_graph_order {
    PP_ORDER_FLAT,    /* |flat|, name, |cum| */
    PP_ORDER_CUM,     /* |cum|, name, |flat| */
    PP_ORDER_ENTROPY, /* how much a node tells in a picture, see graph_order.c */
};
void pp_graph_sort(struct pp_graph *g, enum pp_graph_order by);

/* The live edges of one node, heaviest first, then by names. */
uint32_t *pp_graph_sorted_in(struct pp_graph *g, uint32_t node, uint32_t *ret_n);
uint32_t *pp_graph_sorted_out(struct pp_graph *g, uint32_t node, uint32_t *ret_n);
void pp_graph_sort_edges(struct pp_graph *g, uint32_t *edges, uint32_t n);

static inline pp_str pp_graph_name(struct pp_graph *g, uint32_t node)
{
    return pp_places_text(g->places, g->nodes[node].place);
}

static inline int64_t pp_node_flat(const struct pp_node *n) { return pp_go_mean(n->flat, n->flat_div); }

static inline int64_t pp_node_cum(const struct pp_node *n) { return pp_go_mean(n->cum, n->cum_div); }

static inline int64_t pp_edge_weight(const struct pp_edge *e) { return pp_go_mean(e->weight, e->weight_div); }

/* Live edges of node n of graph g; e is the edge's number. */
#define PP_EACH_IN(g, n, e)                                                            \
    for (uint32_t e = (g)->nodes[n].first_in; e != PP_NONE; e = (g)->edges[e].next_in) \
        if (!(g)->edges[e].is_dropped)
#define PP_EACH_OUT(g, n, e)                                                             \
    for (uint32_t e = (g)->nodes[n].first_out; e != PP_NONE; e = (g)->edges[e].next_out) \
        if (!(g)->edges[e].is_dropped)

#endif
