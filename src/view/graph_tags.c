// SPDX-License-Identifier: Apache-2.0
/* Label boxes. Every sample belongs to one group: the text of its string labels. Groups are summed one after the other, so
 * that a tag's sums live in arrays over the nodes, and of its text tags a node keeps only those that can be drawn: a
 * million request ids cost a million short sums, not a million entries per node. Numbers come in a second round, when it
 * is known which text tags they may hang on. */
#include <stdlib.h>

#include "profile/labels.h"
#include "profile/units.h"
#include "view/graph_walk.h"

struct names {
    pp_str *p;
    uint32_t n;
    size_t cap;
    struct pp_hash index;
};

/* A number of a sample with that name. */
struct number {
    uint32_t name, seq, sample;
    int64_t value;
};

struct node_sum {
    int64_t flat, flat_div, cum, cum_div, value;
    uint32_t run, visit; /* valid for this tag; counted for this sample */
};

/* The heaviest text tags of a node, in both orders (which one is drawn depends on edges). */
struct node_tops {
    struct pp_tag by_flat[PP_TAGS_DRAWN], by_cum[PP_TAGS_DRAWN];
    uint32_t n_flat, n_cum;
};

struct tagger {
    struct pp_graph *g;
    int64_t cutoff;
    uint32_t *group; /* per sample; 0: without string labels */
    struct names groups, numbers;
    int64_t *values; /* distinct numbers of the label bytes, and their names' ids */
    uint32_t *value_names, n_values;
    size_t cap_values, cap_value_names;
    struct pp_hash value_index;
    uint32_t *rank; /* per node: its place in order; PP_NONE: no tags wanted */
    uint32_t n_wanted;
    uint32_t *locs;         /* as walk_locations; NULL for call trees */
    struct node_tops *tops; /* per rank */
    struct node_sum *sums;  /* per rank */
    uint32_t *touched, n_touched, run, visit;
    PP_VEC(struct number) group_numbers;
    PP_VEC(struct pp_tag) tags;
};

static uint32_t name_id(struct pp_arena *a, struct names *names, pp_str s)
{
    uint64_t h = pp_hash_str(s);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&names->index, h); pp_hash_next(&pr, &i);)
        if (pp_str_eq(names->p[i], s)) return i;
    if (names->n == names->cap)
        pp_vec_must_grow(a, (void **)&names->p, &names->cap, sizeof *names->p, _Alignof(pp_str));
    names->p[names->n] = s;
    pp_hash_add(a, &names->index, h, names->n);
    return names->n++;
}

/* Strings come first in a sample's labels. */
static const struct pp_label *string_labels(const struct pp_profile *p, uint32_t sample, uint32_t *ret_n)
{
    uint64_t from = p->label_off[sample], to = p->label_off[sample + 1];
    uint32_t n = 0;
    while (from + n < to && !p->labels[from + n].is_num)
        n++;
    *ret_n = n;
    return p->labels + from;
}

static int compare_texts(const void *a, const void *b) { return pp_str_cmp(*(const pp_str *)a, *(const pp_str *)b); }

static pp_str join_labels(struct pp_arena *a, const struct pp_profile *p, const struct pp_label *labels, uint32_t n)
{
    pp_str *parts = PP_NEW_N(a, pp_str, n), text = {NULL, 0};
    uint32_t n_parts = 0;
    for (uint32_t i = 0; i < n; i++) {
        pp_str key = pp_profile_str(p, labels[i].key);
        if (pp_str_eq_c(key, PP_LABEL_DIFF_BASE)) continue;
        parts[n_parts++] = pp_arena_fmt(a, "%.*s:%.*s", PP_FMT(key), PP_FMT(pp_profile_str(p, labels[i].str)));
    }
    if (n_parts > 1) qsort(parts, n_parts, sizeof *parts, compare_texts);
    for (uint32_t i = 0; i < n_parts; i++)
        text = i ? pp_arena_fmt(a, "%.*s\\n%.*s", PP_FMT(text), PP_FMT(parts[i])) : parts[i];
    return text;
}

static bool same_strings(const struct pp_label *a, uint32_t na, const struct pp_label *b, uint32_t nb)
{
    if (na != nb) return false;
    for (uint32_t i = 0; i < na; i++)
        if (a[i].key != b[i].key || a[i].str != b[i].str) return false;
    return true;
}

/* Texts are made once per distinct list of labels; samples are told apart by ids. */
static void find_groups(struct tagger *t)
{
    struct pp_arena *a = t->g->arena;
    const struct pp_profile *p = t->g->profile;
    PP_VEC(uint32_t) firsts = {0}; /* a sample of each distinct list */
    struct pp_hash lists = {0};
    name_id(a, &t->groups, PP_STR(""));
    t->group = PP_NEW_N(a, uint32_t, p->n_samples);
    for (uint32_t s = 0; s < p->n_samples; s++) {
        uint32_t n, n_other, i;
        const struct pp_label *labels = string_labels(p, s, &n);
        if (!n) continue;
        uint64_t h = n;
        for (uint32_t k = 0; k < n; k++)
            h = pp_hash_u64(h ^ ((uint64_t)labels[k].key << 32 | labels[k].str));
        bool known = false;
        for (struct pp_probe pr = pp_hash_probe(&lists, h); !known && pp_hash_next(&pr, &i);) {
            const struct pp_label *other = string_labels(p, firsts.p[i], &n_other);
            if ((known = same_strings(labels, n, other, n_other))) t->group[s] = t->group[firsts.p[i]];
        }
        if (known) continue;
        t->group[s] = name_id(a, &t->groups, join_labels(a, p, labels, n));
        pp_hash_add(a, &lists, h, (uint32_t)firsts.n);
        *PP_PUSH(a, &firsts) = s;
    }
}

/* The id of a number's text. */
static uint32_t number_name(struct tagger *t, int64_t value, pp_str unit, pp_str output_unit)
{
    struct pp_arena *a = t->g->arena;
    uint64_t h = pp_hash_u64((uint64_t)value);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->value_index, h); pp_hash_next(&pr, &i);)
        if (t->values[i] == value) return t->value_names[i];
    size_t want = (size_t)t->n_values + 1;
    pp_vec_reserve(a, (void **)&t->values, &t->cap_values, want, sizeof *t->values, _Alignof(int64_t));
    pp_vec_reserve(a, (void **)&t->value_names, &t->cap_value_names, want, sizeof *t->value_names, _Alignof(uint32_t));
    t->values[t->n_values] = value;
    pp_hash_add(a, &t->value_index, h, t->n_values);
    return t->value_names[t->n_values++] = name_id(a, &t->numbers, pp_units_label(a, value, unit, output_unit));
}

static void add_node(struct tagger *t, uint32_t node, struct pp_node weight, int64_t value)
{
    uint32_t rank = t->rank[node];
    if (rank == PP_NONE) return;
    struct node_sum *n = &t->sums[rank];
    if (n->visit == t->visit) return;
    if (n->run != t->run) {
        *n = (struct node_sum){.value = value, .run = t->run};
        t->touched[t->n_touched++] = node;
    }
    n->visit = t->visit;
    n->cum = pp_go_add(n->cum, weight.flat);
    n->cum_div = pp_go_add(n->cum_div, weight.flat_div);
}

static void add_location(struct tagger *t, uint32_t l, struct pp_node weight, int64_t value)
{
    const struct pp_places *places = t->g->places;
    for (uint32_t i = places->first[l]; i < places->first[l + 1]; i++)
        add_node(t, places->line_place[i], weight, value);
}

static void add_leaf(struct tagger *t, uint32_t node, struct pp_node weight)
{
    if (t->rank[node] == PP_NONE) return;
    struct node_sum *n = &t->sums[t->rank[node]];
    n->flat = pp_go_add(n->flat, weight.flat);
    n->flat_div = pp_go_add(n->flat_div, weight.flat_div);
}

/* One sample into the sums of the tag in work. */
static void add_sample(struct tagger *t, uint32_t s, int64_t value)
{
    const struct pp_graph *g = t->g;
    const struct pp_profile *p = g->profile;
    const struct pp_node weight = {.flat = p->values[g->options.value_index][s],
                                   .flat_div = g->options.mean ? p->values[0][s] : 0};
    t->visit++;
    if (g->options.call_tree) {
        uint32_t leaf = g->sample_leaf[s];
        for (uint32_t n = leaf; n != PP_NONE; n = g->parent[n])
            add_node(t, n, weight, value);
        if (leaf != PP_NONE) add_leaf(t, leaf, weight);
        return;
    }
    for (uint64_t k = p->loc_off[s]; k < p->loc_off[s + 1]; k++) {
        uint32_t code = t->locs[p->locs[k]];
        if (code == WALK_SKIP) continue;
        if (!(code & WALK_MANY))
            add_node(t, code, weight, value);
        else
            add_location(t, code & ~WALK_MANY, weight, value);
    }
    if (p->loc_off[s] == p->loc_off[s + 1]) return;
    add_leaf(t, g->places->line_place[g->places->first[p->locs[p->loc_off[s]]]], weight);
}

static void begin_tag(struct tagger *t)
{
    t->run++;
    t->n_touched = 0;
}

/* Keeps the heaviest ones, sorted. */
static void keep_top(struct pp_tag *top, uint32_t *n, const struct pp_tag *tag, bool by_flat)
{
    uint32_t i = *n;
    while (i > 0 && pp_tag_compare(tag, &top[i - 1], by_flat) < 0)
        i--;
    if (i == PP_TAGS_DRAWN) return;
    if (*n < PP_TAGS_DRAWN) (*n)++;
    memmove(&top[i + 1], &top[i], (*n - 1 - i) * sizeof *top);
    top[i] = *tag;
}

static bool is_top(const struct node_tops *tops, uint32_t labels)
{
    for (uint32_t i = 0; i < tops->n_flat; i++)
        if (tops->by_flat[i].labels == labels) return true;
    for (uint32_t i = 0; i < tops->n_cum; i++)
        if (tops->by_cum[i].labels == labels) return true;
    return false;
}

static void end_tag(struct tagger *t, struct pp_tag tag)
{
    struct pp_graph *g = t->g;
    for (uint32_t i = 0; i < t->n_touched; i++) {
        tag.node = t->touched[i];
        const struct node_sum *n = &t->sums[t->rank[tag.node]];
        if (pp_go_abs(n->flat) < t->cutoff && pp_go_abs(n->cum) < t->cutoff) continue;
        tag.value = n->value;
        tag.flat = n->flat;
        tag.flat_div = n->flat_div;
        tag.cum = n->cum;
        tag.cum_div = n->cum_div;
        if (tag.flat && g->n_flat_tags[tag.node] < PP_TAGS_DRAWN) g->n_flat_tags[tag.node]++;
        struct node_tops *tops = &t->tops[t->rank[tag.node]];
        if (!tag.is_num) {
            keep_top(tops->by_flat, &tops->n_flat, &tag, true);
            keep_top(tops->by_cum, &tops->n_cum, &tag, false);
        } else if (!tag.labels || is_top(tops, tag.labels)) {
            *PP_PUSH(g->arena, &t->tags) = tag;
        }
    }
}

/* The text tags that are left after all groups. */
static void emit_tops(struct tagger *t)
{
    for (uint32_t r = 0; r < t->n_wanted; r++) {
        const struct node_tops *tops = &t->tops[r];
        for (uint32_t i = 0; i < tops->n_flat; i++)
            *PP_PUSH(t->g->arena, &t->tags) = tops->by_flat[i];
        for (uint32_t i = 0; i < tops->n_cum; i++) {
            bool twice = false;
            for (uint32_t k = 0; k < tops->n_flat; k++)
                twice |= tops->by_flat[k].labels == tops->by_cum[i].labels;
            if (!twice) *PP_PUSH(t->g->arena, &t->tags) = tops->by_cum[i];
        }
    }
}

/* By name, and in the order of the samples within one. */
static int compare_numbers(const void *va, const void *vb)
{
    const struct number *a = va, *b = vb;
    if (a->name != b->name) return a->name < b->name ? -1 : 1;
    return a->seq < b->seq ? -1 : 1;
}

/* The numbers of one group's samples: a tag for each distinct name. */
static void tag_numbers(struct tagger *t, uint32_t group, const struct number *numbers, size_t n, pp_str unit)
{
    for (size_t i = 0, end; i < n; i = end) {
        begin_tag(t);
        for (end = i; end < n && numbers[end].name == numbers[i].name; end++)
            add_sample(t, numbers[end].sample, numbers[end].value);
        end_tag(t,
                (struct pp_tag){.name = t->numbers.p[numbers[i].name], .unit = unit, .labels = group, .is_num = true});
    }
}

static void tag_group(struct tagger *t, uint32_t group, const uint32_t *samples, size_t n)
{
    if (!group) return;
    begin_tag(t);
    for (size_t i = 0; i < n; i++)
        add_sample(t, samples[i], 0);
    end_tag(t, (struct pp_tag){.name = t->groups.p[group], .labels = group});
}

static bool has_weight(const struct pp_graph *g, uint32_t s)
{
    return g->profile->values[g->options.value_index][s] || (g->options.mean && g->profile->values[0][s]);
}

/* The samples with weight, those of each group together: group i is [first[i], first[i+1]). */
static uint32_t *samples_by_group(struct tagger *t, uint32_t **ret_first)
{
    struct pp_graph *g = t->g;
    uint32_t n = g->profile->n_samples, *first = PP_NEW_N(g->arena, uint32_t, (size_t)t->groups.n + 2);
    uint32_t *samples = PP_NEW_N(g->arena, uint32_t, n);
    for (uint32_t s = 0; s < n; s++)
        first[t->group[s] + 2] += has_weight(g, s);
    for (uint32_t i = 0; i < t->groups.n; i++)
        first[i + 2] += first[i + 1];
    for (uint32_t s = 0; s < n; s++)
        if (has_weight(g, s)) samples[first[t->group[s] + 1]++] = s;
    *ret_first = first;
    return samples;
}

/* Number labels of key "bytes"; the others have no boxes. */
static pp_string_id bytes_key(const struct pp_profile *p)
{
    for (uint64_t i = 0, n = p->label_off[p->n_samples]; i < n; i++)
        if (p->labels[i].is_num && pp_str_eq_c(pp_profile_str(p, p->labels[i].key), "bytes")) return p->labels[i].key;
    return PP_NONE;
}

static void tags_to_nodes(struct tagger *t)
{
    struct pp_graph *g = t->g;
    g->tag_first = PP_NEW_N(g->arena, uint32_t, (size_t)g->n_nodes + 2);
    g->tags = PP_NEW_N(g->arena, struct pp_tag, t->tags.n);
    uint32_t *at = g->tag_first + 1;
    for (size_t i = 0; i < t->tags.n; i++)
        at[t->tags.p[i].node + 1]++;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        at[i + 1] += at[i];
    for (size_t i = 0; i < t->tags.n; i++)
        g->tags[at[t->tags.p[i].node]++] = t->tags.p[i];
}

int pp_tag_compare(const struct pp_tag *a, const struct pp_tag *b, bool by_flat)
{
    int64_t x = a->cum, y = b->cum;
    if (by_flat || x == y) {
        x = a->flat;
        y = b->flat;
    }
    if (x == y) return pp_str_cmp(a->name, b->name);
    x = pp_go_abs(x);
    y = pp_go_abs(y);
    return x > y ? -1 : x < y;
}

/* The number labels of one group's samples. */
static void tag_group_numbers(struct tagger *t, uint32_t group, const uint32_t *samples, size_t n, pp_string_id bytes,
                              pp_str unit, pp_str output_unit)
{
    const struct pp_profile *p = t->g->profile;
    t->group_numbers.n = 0;
    for (size_t i = 0; i < n; i++)
        for (uint64_t k = p->label_off[samples[i]]; k < p->label_off[samples[i] + 1]; k++) {
            const struct pp_label *l = &p->labels[k];
            if (!l->is_num || l->key != bytes) continue;
            uint32_t seq = (uint32_t)t->group_numbers.n, name = number_name(t, l->num, unit, output_unit);
            *PP_PUSH(t->g->arena, &t->group_numbers) = (struct number){name, seq, samples[i], l->num};
        }
    struct number *numbers = t->group_numbers.p;
    if (t->group_numbers.n > 1) qsort(numbers, t->group_numbers.n, sizeof *numbers, compare_numbers);
    tag_numbers(t, group, numbers, t->group_numbers.n, unit);
}

static struct tagger *new_tagger(struct pp_graph *g, uint32_t limit, int64_t cutoff)
{
    struct pp_arena *a = g->arena;
    struct tagger *t = PP_NEW(a, struct tagger);
    *t = (struct tagger){.g = g, .cutoff = cutoff, .n_wanted = limit && limit < g->n_order ? limit : g->n_order};
    t->rank = PP_NEW_N(a, uint32_t, g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        t->rank[i] = PP_NONE;
    uint8_t *wanted = PP_NEW_N(a, uint8_t, g->n_nodes);
    for (uint32_t i = 0; i < t->n_wanted; i++) {
        t->rank[g->order[i]] = i;
        wanted[g->order[i]] = 1;
    }
    if (!g->options.call_tree) t->locs = walk_locations(a, g->places, wanted);
    t->tops = PP_NEW_N(a, struct node_tops, t->n_wanted);
    t->sums = PP_NEW_N(a, struct node_sum, t->n_wanted);
    t->touched = PP_NEW_N(a, uint32_t, t->n_wanted);
    g->n_flat_tags = PP_NEW_N(a, uint8_t, g->n_nodes);
    return t;
}

void pp_graph_tag(struct pp_graph *g, uint32_t limit, int64_t cutoff, pp_str unit, pp_str output_unit)
{
    g->tags = NULL;
    g->tag_first = NULL;
    g->n_flat_tags = NULL;
    if (!g->profile->label_off) return;
    struct tagger *t = new_tagger(g, limit, cutoff);
    find_groups(t);
    pp_string_id bytes = bytes_key(g->profile);
    uint32_t *first, *samples = samples_by_group(t, &first);
    for (uint32_t i = 0; i < t->groups.n; i++)
        tag_group(t, i, samples + first[i], first[i + 1] - first[i]);
    emit_tops(t);
    for (uint32_t i = 0; i < t->groups.n && bytes != PP_NONE; i++)
        tag_group_numbers(t, i, samples + first[i], first[i + 1] - first[i], bytes, unit, output_unit);
    if (t->tags.n) tags_to_nodes(t);
}
