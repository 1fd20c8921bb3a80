// SPDX-License-Identifier: Apache-2.0
#include "view/flame.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "view/goint.h"

/* Where a sample is on its way from the root (or from the leaf) to its end. */
struct cursor {
    int64_t value;
    uint64_t at;   /* next location, index into locs */
    uint32_t left; /* locations still to come */
    uint32_t line; /* lines of the next location that are behind us */
};

/* What one frame adds up among the samples of a node. */
struct slot {
    int64_t value, weight;
    uint32_t n;
    uint32_t to; /* where its next sample goes; PP_NONE: left out */
};

struct range {
    uint32_t from, to;
};

/* code: per location its place, or MANY | location when it has several lines. */
#define MANY 0x80000000u

struct flame {
    struct pp_arena *arena;  /* of the result */
    struct pp_arena scratch; /* of the work */
    const struct pp_places *places;
    const struct pp_flame_options *options;
    uint32_t *code;
    struct cursor *cursors, *moved;
    uint32_t n_cursors;
    uint32_t *next; /* per cursor of the node at hand: its next place */
    struct slot *slots;
    uint32_t *touched;
    uint32_t n_touched;
    PP_VEC(struct pp_flame_node) nodes;
    PP_VEC(struct range) ranges; /* of the nodes' samples */
};

static int64_t add_weight(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t weight_of(int64_t value) { return value == INT64_MIN ? INT64_MAX : pp_go_abs(value); }

static uint32_t *location_codes(struct pp_arena *a, const struct pp_places *t)
{
    uint32_t *code = PP_NEW_N(a, uint32_t, t->profile->n_locations);
    for (uint32_t l = 0; l < t->profile->n_locations; l++)
        code[l] = t->first[l + 1] - t->first[l] == 1 ? t->line_place[t->first[l]] : MANY | l;
    return code;
}

static void start_cursors(struct flame *f)
{
    const struct pp_profile *p = f->places->profile;
    const int64_t *values = p->values[f->options->value_index];
    f->cursors = PP_NEW_N(&f->scratch, struct cursor, p->n_samples);
    for (uint32_t s = 0; s < p->n_samples; s++) {
        if (!values[s]) continue;
        uint64_t from = p->loc_off[s], to = p->loc_off[s + 1];
        f->cursors[f->n_cursors++] = (struct cursor){.value = values[s],
                                                     .at = f->options->inverted || from == to ? from : to - 1,
                                                     .left = (uint32_t)(to - from)};
    }
}

/* One of several lines; the outermost is the last one. */
static __attribute__((noinline)) uint32_t step_inlined(const struct flame *f, struct cursor *c, uint32_t location)
{
    const struct pp_places *t = f->places;
    uint32_t from = t->first[location], n = t->first[location + 1] - from, line = c->line;
    bool inverted = f->options->inverted;
    if (line + 1 < n) {
        c->line++;
    } else {
        c->line = 0;
        c->left--;
        c->at += inverted ? 1 : (uint64_t)-1;
    }
    return t->line_place[inverted ? from + line : from + n - 1 - line];
}

/* The next place of a sample, which moves on; PP_NONE at its end. */
static inline uint32_t step(const struct flame *f, struct cursor *c)
{
    if (!c->left) return PP_NONE;
    uint32_t location = f->places->profile->locs[c->at], code = f->code[location];
    if (code & MANY) return step_inlined(f, c, location);
    c->left--;
    c->at += f->options->inverted ? 1 : (uint64_t)-1;
    return code;
}

static void begin(struct flame *f, struct pp_arena *a, const struct pp_places *t, const struct pp_flame_options *o)
{
    *f = (struct flame){.arena = a, .places = t, .options = o};
    pp_arena_init(&f->scratch, 0, a->oom);
    f->code = location_codes(&f->scratch, t);
    start_cursors(f);
}

static void add_node(struct flame *f, const struct pp_flame_node *node, struct range r)
{
    *PP_PUSH(f->arena, &f->nodes) = *node;
    *PP_PUSH(&f->scratch, &f->ranges) = r;
}

/* The sums of all samples that are left: a node without children yet. */
static struct pp_flame_node sum_up(const struct flame *f, uint32_t place)
{
    struct pp_flame_node n = {.place = place, .parent = PP_NONE};
    for (uint32_t i = 0; i < f->n_cursors; i++) {
        n.value = pp_go_add(n.value, f->cursors[i].value);
        n.weight = add_weight(n.weight, weight_of(f->cursors[i].value));
    }
    return n;
}

/* Only the samples whose next frame is `place` stay. */
static void descend(struct flame *f, uint32_t place)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->n_cursors; i++) {
        struct cursor c = f->cursors[i];
        if (step(f, &c) == place) f->cursors[n++] = c;
    }
    f->n_cursors = n;
}

/* Follows the path. ret_above has room for all of it. */
static enum pp_code follow_path(struct flame *f, struct pp_flame_node *ret_above, struct pp_flame_node *ret_root,
                                struct pp_err *err)
{
    *ret_root = sum_up(f, PP_NONE);
    for (uint32_t i = 0; i < f->options->n_path; i++) {
        if (ret_above) ret_above[i] = *ret_root;
        descend(f, f->options->path[i]);
        if (!f->n_cursors) return pp_fail(err, PP_E_NOTFOUND, "no stack has this path");
        *ret_root = sum_up(f, f->options->path[i]);
    }
    return PP_OK;
}

static int heavier_first(const void *x, const void *y, void *slots)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    const struct slot *s = slots;
    if (s[a].weight != s[b].weight) return s[a].weight > s[b].weight ? -1 : 1;
    return a < b ? -1 : 1;
}

/* Every sample of the node takes a step; what they step on is summed up. */
static void take_steps(struct flame *f, struct pp_flame_node *node, struct range r)
{
    for (uint32_t i = r.from; i < r.to; i++) {
        int64_t value = f->cursors[i].value;
        uint32_t place = step(f, &f->cursors[i]);
        f->next[i] = place;
        if (place == PP_NONE) {
            node->self = pp_go_add(node->self, value);
            node->self_weight = add_weight(node->self_weight, weight_of(value));
            continue;
        }
        struct slot *s = &f->slots[place];
        if (!s->n++) f->touched[f->n_touched++] = place;
        s->value = pp_go_add(s->value, value);
        s->weight = add_weight(s->weight, weight_of(value));
    }
}

/* A child for each frame that is heavy enough; gives their samples' places, from r.from on. */
static void add_children(struct flame *f, uint32_t parent, struct range r, int64_t min_weight)
{
    struct pp_flame_node node = f->nodes.p[parent];
    uint32_t to = r.from, n_kept = 0;
    for (uint32_t i = 0; i < f->n_touched; i++) {
        uint32_t place = f->touched[i];
        struct slot *s = &f->slots[place];
        if (s->weight >= min_weight) {
            f->touched[i] = f->touched[n_kept];
            f->touched[n_kept++] = place;
            continue;
        }
        s->to = PP_NONE;
        node.rest = pp_go_add(node.rest, s->value);
        node.rest_weight = add_weight(node.rest_weight, s->weight);
        node.rest_frames++;
    }
    qsort_r(f->touched, n_kept, sizeof *f->touched, heavier_first, f->slots);
    node.first_child = (uint32_t)f->nodes.n;
    node.n_children = n_kept;
    f->nodes.p[parent] = node;
    for (uint32_t i = 0; i < n_kept; i++) {
        struct slot *s = &f->slots[f->touched[i]];
        s->to = to;
        add_node(
            f,
            &(struct pp_flame_node){.place = f->touched[i], .parent = parent, .value = s->value, .weight = s->weight},
            (struct range){to, to + s->n});
        to += s->n;
    }
}

/* Puts the samples of each child together. */
static void move_samples(struct flame *f, struct range r)
{
    uint32_t end = r.from;
    for (uint32_t i = r.from; i < r.to; i++) {
        if (f->next[i] == PP_NONE || f->slots[f->next[i]].to == PP_NONE) continue;
        f->moved[f->slots[f->next[i]].to++] = f->cursors[i];
        end++;
    }
    memcpy(f->cursors + r.from, f->moved + r.from, (end - r.from) * sizeof *f->cursors);
}

static void part(struct flame *f, uint32_t i, int64_t min_weight)
{
    struct range r = f->ranges.p[i];
    f->n_touched = 0;
    take_steps(f, &f->nodes.p[i], r);
    add_children(f, i, r, min_weight);
    const struct pp_flame_node *node = &f->nodes.p[i];
    bool stay = node->n_children == 1 && f->slots[f->nodes.p[node->first_child].place].n == r.to - r.from;
    if (node->n_children && !stay) move_samples(f, r);
    for (uint32_t k = 0; k < f->n_touched; k++)
        f->slots[f->touched[k]] = (struct slot){0};
}

/* False: more nodes than the limit. */
static bool grow(struct flame *f, const struct pp_flame_node *root, int64_t min_weight)
{
    uint32_t limit = f->options->max_nodes;
    f->nodes.n = f->ranges.n = 0;
    add_node(f, root, (struct range){0, f->n_cursors});
    for (uint32_t i = 0; i < f->nodes.n; i++) {
        part(f, i, min_weight);
        if (limit && f->nodes.n > limit) return false;
    }
    return true;
}

static int64_t least_weight(const struct pp_flame_options *o, const struct pp_flame_node *root)
{
    double least = o->min_share * (double)root->weight;
    return least > 1 && least < 0x1p62 ? (int64_t)least : least > 1 ? (int64_t)1 << 62 : 1;
}

/* The tree, with a larger least weight each time it does not fit. */
static enum pp_code grow_to_fit(struct flame *f, const struct pp_flame_node *root, struct pp_flame *ret,
                                struct pp_err *err)
{
    const struct pp_flame_options *o = f->options;
    bool again = o->max_nodes && o->min_share > 0;
    struct cursor *kept = again ? PP_NEW_N(&f->scratch, struct cursor, f->n_cursors) : NULL;
    if (again && f->n_cursors) memcpy(kept, f->cursors, f->n_cursors * sizeof *kept);
    ret->min_weight = least_weight(o, root);
    while (!grow(f, root, ret->min_weight)) {
        if (!again) return pp_fail(err, PP_E_LIMIT, "there are more than %u frames", o->max_nodes);
        if (f->n_cursors) memcpy(f->cursors, kept, f->n_cursors * sizeof *kept);
        ret->min_weight = add_weight(ret->min_weight, ret->min_weight);
    }
    ret->nodes = f->nodes.p;
    ret->n_nodes = (uint32_t)f->nodes.n;
    return PP_OK;
}

enum pp_code pp_flame_build(struct pp_arena *a, const struct pp_places *t, const struct pp_flame_options *o,
                            struct pp_flame *ret_flame, struct pp_err *err)
{
    struct flame f;
    struct pp_flame_node root;
    struct pp_flame flame = {.above = PP_NEW_N(a, struct pp_flame_node, o->n_path), .n_above = o->n_path};
    begin(&f, a, t, o);
    enum pp_code code = follow_path(&f, flame.above, &root, err);
    if (!code) {
        f.moved = PP_NEW_N(&f.scratch, struct cursor, f.n_cursors);
        f.next = PP_NEW_N(&f.scratch, uint32_t, f.n_cursors);
        f.slots = PP_NEW_N(&f.scratch, struct slot, t->n_places);
        f.touched = PP_NEW_N(&f.scratch, uint32_t, t->n_places);
        code = grow_to_fit(&f, &root, &flame, err);
        if (!code) *ret_flame = flame;
    }
    pp_arena_release(&f.scratch);
    return code;
}

enum pp_code pp_flame_match(struct pp_arena *a, const struct pp_places *t, const struct pp_flame_options *o,
                            const uint8_t *wanted, int64_t *ret_value, int64_t *ret_weight, struct pp_err *err)
{
    struct flame f;
    struct pp_flame_node root;
    begin(&f, a, t, o);
    enum pp_code code = follow_path(&f, NULL, &root, err);
    if (!code) {
        bool all = root.place != PP_NONE && wanted[root.place];
        uint32_t n = 0;
        for (uint32_t i = 0; i < f.n_cursors; i++) {
            bool found = all;
            for (uint32_t place; !found && (place = step(&f, &f.cursors[i])) != PP_NONE;)
                found = wanted[place];
            if (found) f.cursors[n++] = f.cursors[i];
        }
        f.n_cursors = n;
        root = sum_up(&f, root.place);
        *ret_value = root.value;
        *ret_weight = root.weight;
    }
    pp_arena_release(&f.scratch);
    return code;
}
