/* view/flame.h - the stacks of a profile merged into a tree, as far as it can be drawn.
 *
 *   value  = sum over the samples below the node,     weight = the same of absolute values (how wide it is drawn),
 *   self   = what ends in it,                         rest   = children lighter than min_weight: left out, but summed up here.
 * Invariant, exactly, for values and for weights:     node = self + rest + sum of its children
 * (wrapping as Go's int64 for values; weights stop at INT64_MAX). Nodes are in breadth-first order: the children of a node stand
 * together, heaviest first, behind it. Node 0 is the root: the frame at the end of `path`, or all samples.
 *
 * The samples of a node lie together; taking the next frame of each parts them among its children. So a sample costs a few
 * loads for each frame that is kept above it, nothing is hashed, and what is pruned is never walked: the time depends on what is
 * drawn. A million stacks of 30 frames, pruned to 1/4000: a fifth of a second; all of them: 2 s.
 * Frames are ids of view/places. Memory: 52 bytes a sample and the nodes.   Threads: any; nothing is written to the profile.
 */
#ifndef PP_VIEW_FLAME_H
#define PP_VIEW_FLAME_H

#include "view/places.h"

struct pp_flame_node {
    int64_t value, weight;
    int64_t self, self_weight;
    int64_t rest, rest_weight;
    uint32_t rest_frames; /* distinct frames that were left out */
    uint32_t place;       /* PP_NONE: all samples */
    uint32_t parent;      /* PP_NONE of the root */
    uint32_t first_child, n_children;
};

struct pp_flame_options {
    uint32_t value_index;
    bool inverted;    /* leaf first: who called it below */
    double min_share; /* of the root's weight: lighter frames are left out; 0: none are */
    uint32_t
        max_nodes; /* there would be more: the least weight is doubled until they fit, but see PP_E_LIMIT; 0: no limit */
    const uint32_t *path; /* places from the root on: the tree starts below them */
    uint32_t n_path;
};

struct pp_flame {
    struct pp_flame_node *nodes;
    uint32_t n_nodes;
    struct pp_flame_node
        *above; /* one for each place of the path but the last, from all samples on: value and weight only */
    uint32_t n_above;
    int64_t min_weight; /* as used: what is lighter was left out */
};

/* PP_E_NOTFOUND: no stack has that path. PP_E_LIMIT: min_share is 0 and there are more than max_nodes. */
enum pp_code pp_flame_build(struct pp_arena *a, const struct pp_places *t, const struct pp_flame_options *o,
                            struct pp_flame *ret_flame, struct pp_err *err) PP_MUST_USE;

/* What goes through places with wanted[place] below (and at) the path: value and weight of those samples, each once. */
enum pp_code pp_flame_match(struct pp_arena *a, const struct pp_places *t, const struct pp_flame_options *o,
                            const uint8_t *wanted, int64_t *ret_value, int64_t *ret_weight,
                            struct pp_err *err) PP_MUST_USE;

#endif
