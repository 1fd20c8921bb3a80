// SPDX-License-Identifier: Apache-2.0
/* Label boxes. Every sample belongs to one group: the text of its string labels. Groups are summed one after the other, so
 * that a tag's sums live in arrays over the nodes, and what stays below the cut-off is never stored: a million request ids
 * cost a million short sums, not a million entries per node. */
#include <stdlib.h>

#include "base/vec.h"
#include "profile/labels.h"
#include "profile/units.h"
#include "view/graph.h"

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

struct tagger {
    struct pp_graph *g;
    int64_t cutoff;
    uint32_t *group; /* per sample; 0: without string labels */
    struct names groups, numbers;
    int64_t *values; /* distinct numbers of the label bytes, and their names' ids */
    uint32_t *value_names, n_values;
    size_t cap_values, cap_value_names;
    struct pp_hash value_index;
    struct node_sum *sums;
    uint32_t *touched, n_touched, run, visit;
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
    struct node_sum *n = &t->sums[node];
    if (n->visit == t->visit) return;
    if (n->run != t->run) {
        *n = (struct node_sum){.value = value, .run = t->run};
        t->touched[t->n_touched++] = node;
    }
    n->visit = t->visit;
    n->cum = pp_go_add(n->cum, weight.flat);
    n->cum_div = pp_go_add(n->cum_div, weight.flat_div);
}

static void add_leaf(struct tagger *t, uint32_t node, struct pp_node weight)
{
    struct node_sum *n = &t->sums[node];
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
    for (uint64_t k = p->loc_off[s]; k < p->loc_off[s + 1]; k++)
        for (uint32_t i = g->places->first[p->locs[k]]; i < g->places->first[p->locs[k] + 1]; i++)
            if (g->kept[g->places->line_place[i]]) add_node(t, g->places->line_place[i], weight, value);
    if (p->loc_off[s] == p->loc_off[s + 1]) return;
    uint32_t leaf = g->places->line_place[g->places->first[p->locs[p->loc_off[s]]]];
    if (g->kept[leaf]) add_leaf(t, leaf, weight);
}

static void begin_tag(struct tagger *t)
{
    t->run++;
    t->n_touched = 0;
}

static void end_tag(struct tagger *t, const struct pp_tag *tag)
{
    for (uint32_t i = 0; i < t->n_touched; i++) {
        uint32_t node = t->touched[i];
        const struct node_sum *n = &t->sums[node];
        if (!t->g->kept[node] || (pp_go_abs(n->flat) < t->cutoff && pp_go_abs(n->cum) < t->cutoff)) continue;
        struct pp_tag *new = PP_PUSH(t->g->arena, &t->tags);
        *new = *tag;
        new->node = node;
        new->value = n->value;
        new->flat = n->flat;
        new->flat_div = n->flat_div;
        new->cum = n->cum;
        new->cum_div = n->cum_div;
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
                &(struct pp_tag){.name = t->numbers.p[numbers[i].name], .unit = unit, .labels = group, .is_num = true});
    }
}

static void tag_group(struct tagger *t, uint32_t group, const uint32_t *samples, size_t n)
{
    if (!group) return;
    begin_tag(t);
    for (size_t i = 0; i < n; i++)
        add_sample(t, samples[i], 0);
    end_tag(t, &(struct pp_tag){.name = t->groups.p[group], .labels = group});
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

void pp_graph_tag(struct pp_graph *g, int64_t cutoff, pp_str unit, pp_str output_unit)
{
    const struct pp_profile *p = g->profile;
    g->tags = NULL;
    g->tag_first = NULL;
    if (!p->label_off) return;
    struct tagger *t = PP_NEW(g->arena, struct tagger);
    *t = (struct tagger){.g = g, .cutoff = cutoff};
    t->sums = PP_NEW_N(g->arena, struct node_sum, g->n_nodes);
    t->touched = PP_NEW_N(g->arena, uint32_t, g->n_nodes);
    find_groups(t);
    pp_string_id bytes = bytes_key(p);
    uint32_t *first, *samples = samples_by_group(t, &first);
    PP_VEC(struct number) numbers = {0};
    for (uint32_t group = 0; group < t->groups.n; group++) {
        tag_group(t, group, samples + first[group], first[group + 1] - first[group]);
        numbers.n = 0;
        for (uint32_t i = first[group]; i < first[group + 1] && bytes != PP_NONE; i++)
            for (uint64_t k = p->label_off[samples[i]]; k < p->label_off[samples[i] + 1]; k++) {
                const struct pp_label *l = &p->labels[k];
                if (!l->is_num || l->key != bytes) continue;
                uint32_t seq = (uint32_t)numbers.n, name = number_name(t, l->num, unit, output_unit);
                *PP_PUSH(g->arena, &numbers) = (struct number){name, seq, samples[i], l->num};
            }
        if (numbers.n) qsort(numbers.p, numbers.n, sizeof *numbers.p, compare_numbers);
        tag_numbers(t, group, numbers.p, numbers.n, unit);
    }
    if (t->tags.n) tags_to_nodes(t);
}
