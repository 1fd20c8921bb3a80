/* view/graph_walk.h - the samples of a profile, walked as one stack. Only for graph*.c.
 *
 * Locations that a sample shares with the one before it (from the root on) stay where they are; the others are popped and
 * pushed. What a frame weighs is the sum of the samples that went by while it was there: w->now, the running sum, is taken off
 * what it counts for when it comes and added when it goes.
 *     push(w, place, is_inline)  adds a frame by walk_push, or none; keeps w->parent and w->residual
 *     pop(w, what)
 *     leaf(w, sample, weight)    the whole stack of a sample is there
 * All are inlined into a loop of their own.
 *
 * The samples of a large profile are walked as two halves on two threads (walk_halves): each sums up for itself in memory of
 * its own, then the sums are added. They are integers that wrap around, so the split leaves no trace in them.
 */
#ifndef PP_VIEW_GRAPH_WALK_H
#define PP_VIEW_GRAPH_WALK_H

#include <string.h>

#include "base/vec.h"
#include "profile/pair.h"
#include "view/graph.h"

struct walk_weight {
    int64_t v, div;
};

/* The state after the lines of one location. */
struct walk_level {
    uint32_t n_frames, parent;
    bool residual;
};

/* locs: per location its place, or WALK_MANY | location when it has several lines, or WALK_SKIP when nothing of it is kept. */
#define WALK_MANY 0x80000000u
#define WALK_SKIP 0x7fffffffu

struct walk {
    struct pp_graph *graph;
    struct pp_arena arena; /* what this walk alone needs; goes by walk_halves_release */
    const uint32_t *locs;
    uint32_t from, to; /* samples */
    uint32_t *frames;  /* node or edge, as push likes */
    size_t n_frames, cap_frames;
    struct walk_weight now;
    struct walk_level *levels;
    size_t cap_levels;
    uint32_t parent; /* last frame that was kept; PP_NONE: none yet */
    bool residual;   /* a line since then was not kept */
    void *ctx;
};

typedef void (*walk_push_fn)(struct walk *w, uint32_t place, bool is_inline);
typedef void (*walk_pop_fn)(struct walk *w, uint32_t what);
typedef void (*walk_leaf_fn)(struct walk *w, uint32_t sample, struct walk_weight weight);

static inline void weight_add(struct walk_weight *to, struct walk_weight x)
{
    to->v = pp_go_add(to->v, x.v);
    to->div = pp_go_add(to->div, x.div);
}

/* How many locations two stacks share from the root (their last ones) on. */
static inline size_t walk_shared(const uint32_t *a, size_t na, const uint32_t *b, size_t nb)
{
    const uint32_t *ae = a + na, *be = b + nb;
    size_t n = na < nb ? na : nb, k = 0;
    while (k + 4 <= n && !memcmp(ae - k - 4, be - k - 4, 4 * sizeof *a))
        k += 4;
    while (k < n && ae[-1 - (ptrdiff_t)k] == be[-1 - (ptrdiff_t)k])
        k++;
    return k;
}

static inline void walk_push(struct walk *w, uint32_t what) { w->frames[w->n_frames++] = what; }

static inline __attribute__((always_inline)) void walk_pop_to(struct walk *w, size_t n, walk_pop_fn pop)
{
    while (w->n_frames > n)
        pop(w, w->frames[--w->n_frames]);
}

static inline __attribute__((always_inline)) void walk_push_location(struct walk *w, uint32_t code, walk_push_fn push)
{
    if (code == WALK_SKIP) {
        w->residual = true;
        return;
    }
    if (w->n_frames == w->cap_frames)
        pp_vec_must_grow(&w->arena, (void **)&w->frames, &w->cap_frames, sizeof *w->frames, _Alignof(uint32_t));
    if (!(code & WALK_MANY)) {
        push(w, code, false);
        return;
    }
    const struct pp_places *t = w->graph->places;
    uint32_t l = code & ~WALK_MANY, from = t->first[l], to = t->first[l + 1];
    while (w->cap_frames - w->n_frames < to - from)
        pp_vec_must_grow(&w->arena, (void **)&w->frames, &w->cap_frames, sizeof *w->frames, _Alignof(uint32_t));
    for (uint32_t i = to; i > from; i--)
        push(w, t->line_place[i - 1], i != to);
}

static inline __attribute__((always_inline)) void walk_samples(struct walk *w, bool mean, walk_push_fn push,
                                                               walk_pop_fn pop, walk_leaf_fn leaf)
{
    const struct pp_profile *p = w->graph->profile;
    const int64_t *values = p->values[w->graph->options.value_index], *divs = p->values[0];
    const uint32_t *prev = NULL;
    size_t n_prev = 0;
    for (uint32_t s = w->from; s < w->to; s++) {
        struct walk_weight weight = {values[s], mean ? divs[s] : 0};
        if (!weight.v && !weight.div) continue;
        const uint32_t *cur = p->locs + p->loc_off[s];
        size_t n = p->loc_off[s + 1] - p->loc_off[s], shared = walk_shared(prev, n_prev, cur, n);
        if (!n) continue;
        if (n > w->cap_levels)
            pp_vec_reserve(&w->arena, (void **)&w->levels, &w->cap_levels, n, sizeof *w->levels,
                           _Alignof(struct walk_level));
        struct walk_level top = shared ? w->levels[shared - 1] : (struct walk_level){.parent = PP_NONE};
        walk_pop_to(w, top.n_frames, pop);
        w->parent = top.parent;
        w->residual = top.residual;
        for (size_t d = shared; d < n; d++) {
            walk_push_location(w, w->locs[cur[n - 1 - d]], push);
            w->levels[d] = (struct walk_level){(uint32_t)w->n_frames, w->parent, w->residual};
        }
        weight_add(&w->now, weight);
        leaf(w, s, weight);
        prev = cur;
        n_prev = n;
    }
    walk_pop_to(w, 0, pop);
}

/* The codes of all locations; kept may be NULL (all). */
uint32_t *walk_locations(struct pp_arena *a, const struct pp_places *t, const uint8_t *kept);

/* The samples of a large profile in two halves, then true; else all of them in the first. */
struct walk_range {
    uint32_t from, to;
};
bool walk_ranges(const struct pp_profile *p, struct walk_range ret_ranges[2]);

/* Runs part(&w[i]), which sets ctx and walks; then w[1].ctx is NULL if the first had all samples. kept as in walk_locations. */
void walk_halves(struct walk w[2], struct pp_graph *g, const uint8_t *kept, void (*part)(void *walk));
void walk_halves_release(struct walk w[2]);

/* Sums per place, added to what is there; inlined (what a place's inlined calls weigh, recursion counted again) may be NULL. */
struct graph_sums {
    uint64_t *flat, *cum, *inlined;
};
void graph_sum_places(struct pp_graph *g, const int64_t *values, struct graph_sums *to);

/* Puts edge e into the lists of its ends. */
void pp_graph_list_edge(struct pp_graph *g, uint32_t e);

#endif
