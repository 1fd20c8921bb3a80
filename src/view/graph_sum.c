// SPDX-License-Identifier: Apache-2.0
/* flat and cum of all places in one pass over the samples.
 *
 * Weights are summed per location; places get them from their locations afterwards. A stay of a location on the stack is
 * worth the samples that went by meanwhile: the running sum of their values when it leaves, less the sum when it came. So a
 * frame costs one subtraction and one addition, whatever is above it, and the stack needs no memory: it is the sample before.
 * What a place has on the stack more than once (recursion) is summed apart and taken off in the end; a place counts once. */
#include "view/graph_walk.h"

/* What a frame touches, side by side. */
struct hot_location {
    uint64_t sum;
    uint32_t outer, inner; /* its places when it has one (twice the same) or two different ones; else MANY */
};

#define MANY PP_NONE

/* A place that came onto the stack while it was there already. */
struct repeat {
    uint32_t depth, place;
    uint64_t before;
};

struct sum {
    const struct pp_graph *graph;
    const int64_t *values;
    uint32_t from, to; /* samples */
    struct pp_arena arena;
    struct hot_location *hot;
    uint32_t *depth;  /* per place: of its first frame on the stack, from 1 on; 0: isn't there */
    uint64_t *flat;   /* per location */
    uint64_t *repeat; /* per place: what repeats are worth */
    struct repeat *repeats;
    size_t n_repeats, cap_repeats;
    uint64_t now; /* sum of the values so far */
};

static struct hot_location *hot_locations(struct pp_arena *a, const struct pp_places *t)
{
    uint32_t n = t->profile->n_locations;
    struct hot_location *hot = PP_NEW_N(a, struct hot_location, n);
    for (uint32_t l = 0; l < n; l++) {
        const uint32_t *places = t->line_place + t->first[l];
        uint32_t n_places = t->first[l + 1] - t->first[l];
        hot[l].outer = hot[l].inner = MANY;
        if (n_places > 2 || (n_places == 2 && places[0] == places[1])) continue;
        hot[l].inner = places[0];
        hot[l].outer = places[n_places - 1];
    }
    return hot;
}

static __attribute__((noinline)) void come_slowly(struct sum *s, uint32_t location, uint32_t depth)
{
    const struct pp_places *t = s->graph->places;
    for (uint32_t i = t->first[location + 1]; i > t->first[location]; i--) {
        uint32_t place = t->line_place[i - 1];
        if (!s->depth[place]) {
            s->depth[place] = depth;
            continue;
        }
        if (s->n_repeats == s->cap_repeats)
            pp_vec_must_grow(&s->arena, (void **)&s->repeats, &s->cap_repeats, sizeof *s->repeats,
                             _Alignof(struct repeat));
        s->repeats[s->n_repeats++] = (struct repeat){depth, place, s->now};
    }
}

static inline void come(struct sum *s, uint32_t location, uint32_t depth)
{
    struct hot_location *h = &s->hot[location];
    h->sum -= s->now;
    if (h->outer == MANY || (s->depth[h->outer] | s->depth[h->inner]))
        come_slowly(s, location, depth);
    else
        s->depth[h->outer] = s->depth[h->inner] = depth;
}

/* The frames above `depth` leave; a place whose first frame is below stays. */
static inline void forget(struct sum *s, uint32_t place, uint32_t depth)
{
    s->depth[place] = s->depth[place] > depth ? 0 : s->depth[place];
}

static __attribute__((noinline)) void go_slowly(struct sum *s, uint32_t location, uint32_t depth)
{
    const struct pp_places *t = s->graph->places;
    for (uint32_t i = t->first[location]; i < t->first[location + 1]; i++)
        forget(s, t->line_place[i], depth);
}

static inline void go(struct sum *s, uint32_t location, uint32_t depth)
{
    struct hot_location *h = &s->hot[location];
    h->sum += s->now;
    if (h->outer == MANY) {
        go_slowly(s, location, depth);
        return;
    }
    forget(s, h->outer, depth);
    forget(s, h->inner, depth);
}

/* stack: leaf first. */
static inline void leave_to(struct sum *s, const uint32_t *stack, size_t n, size_t depth)
{
    for (size_t i = 0; i < n - depth; i++)
        go(s, stack[i], (uint32_t)depth);
    while (s->n_repeats && s->repeats[s->n_repeats - 1].depth > depth) {
        const struct repeat *r = &s->repeats[--s->n_repeats];
        s->repeat[r->place] += s->now - r->before;
    }
}

static void sum_samples(struct sum *s)
{
    const struct pp_profile *p = s->graph->profile;
    const uint32_t *stack = NULL;
    size_t n = 0;
    for (uint32_t i = s->from; i < s->to; i++) {
        const uint32_t *next = p->locs + p->loc_off[i];
        size_t n_next = p->loc_off[i + 1] - p->loc_off[i], shared = walk_shared(stack, n, next, n_next);
        leave_to(s, stack, n, shared);
        for (size_t d = shared; d < n_next; d++)
            come(s, next[n_next - 1 - d], (uint32_t)d + 1);
        uint64_t value = (uint64_t)s->values[i];
        s->now += value;
        if (n_next) s->flat[next[0]] += value;
        stack = next;
        n = n_next;
    }
    leave_to(s, stack, n, 0);
}

static void sum_part(void *part)
{
    struct sum *s = part;
    const struct pp_places *t = s->graph->places;
    s->hot = hot_locations(&s->arena, t);
    s->depth = PP_NEW_N(&s->arena, uint32_t, t->n_places);
    s->flat = PP_NEW_N(&s->arena, uint64_t, t->profile->n_locations);
    s->repeat = PP_NEW_N(&s->arena, uint64_t, t->n_places);
    sum_samples(s);
}

/* Of one location's lines; all but the outermost are inlined. */
static void add_location(const struct sum *s, struct graph_sums *to, uint32_t location)
{
    const struct pp_places *t = s->graph->places;
    uint32_t from = t->first[location], last = t->first[location + 1] - 1;
    uint64_t sum = s->hot[location].sum;
    to->flat[t->line_place[from]] += s->flat[location];
    for (uint32_t i = from; i <= last; i++) {
        to->cum[t->line_place[i]] += sum;
        if (to->inlined && i < last) to->inlined[t->line_place[i]] += sum;
    }
}

static void add_part(const struct sum *s, struct graph_sums *to)
{
    const struct pp_places *t = s->graph->places;
    for (uint32_t l = 0; l < t->profile->n_locations; l++)
        add_location(s, to, l);
    for (uint32_t i = 0; i < t->n_places; i++)
        to->cum[i] -= s->repeat[i];
}

void graph_sum_places(struct pp_graph *g, const int64_t *values, struct graph_sums *to)
{
    struct sum parts[2] = {0};
    struct walk_range ranges[2];
    bool both = walk_ranges(g->profile, ranges);
    for (int i = 0; i <= both; i++) {
        parts[i] = (struct sum){.graph = g, .values = values, .from = ranges[i].from, .to = ranges[i].to};
        pp_arena_init(&parts[i].arena, 0, g->arena->oom);
    }
    if (both)
        pp_pair_run(sum_part, &parts[0], &parts[1]);
    else
        sum_part(&parts[0]);
    for (int i = 0; i <= both; i++) {
        add_part(&parts[i], to);
        pp_arena_release(&parts[i].arena);
    }
}
