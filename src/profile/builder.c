// SPDX-License-Identifier: Apache-2.0
#include "profile/builder.h"

#include <string.h>

#include "profile/label_sort.h"

void pp_builder_init(struct pp_builder *b, struct pp_arena *a)
{
    *b = (struct pp_builder){.p = pp_profile_new(a)};
    *PP_PUSH(a, &b->loc_off) = 0;
    *PP_PUSH(a, &b->label_off) = 0;
}

void pp_builder_type(struct pp_builder *b, pp_str type, pp_str unit)
{
    *PP_PUSH(b->p->arena, &b->types) =
        (struct pp_value_type){pp_profile_intern(b->p, type), pp_profile_intern(b->p, unit)};
}

void pp_builder_comment(struct pp_builder *b, pp_str text)
{
    *PP_PUSH(b->p->arena, &b->comments) = pp_profile_intern(b->p, text);
}

uint32_t pp_builder_mapping(struct pp_builder *b, const struct pp_mapping *m)
{
    *PP_PUSH(b->p->arena, &b->mappings) = *m;
    b->mappings.p[b->mappings.n - 1].id = b->mappings.n;
    return (uint32_t)b->mappings.n - 1;
}

uint32_t pp_builder_named_mapping(struct pp_builder *b)
{
    return pp_builder_mapping(
        b, &(struct pp_mapping){.has_functions = true, .has_filenames = true, .has_line_numbers = true});
}

uint32_t pp_builder_function(struct pp_builder *b, pp_str name, pp_str file)
{
    pp_string_id n = pp_profile_intern(b->p, name), f = pp_profile_intern(b->p, file);
    uint64_t hash = pp_hash_u64((uint64_t)n << 32 | f);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&b->function_index, hash); pp_hash_next(&pr, &i);)
        if (b->functions.p[i].name == n && b->functions.p[i].filename == f) return i;
    i = (uint32_t)b->functions.n;
    *PP_PUSH(b->p->arena, &b->functions) =
        (struct pp_function){.id = i + 1, .name = n, .system_name = n, .filename = f};
    pp_hash_add(b->p->arena, &b->function_index, hash, i);
    return i;
}

static bool is_location(const struct pp_builder *b, uint32_t i, uint32_t mapping, uint64_t address, uint32_t function,
                        int64_t line)
{
    const struct pp_location *l = &b->locations.p[i];
    if (l->mapping != mapping || l->address != address) return false;
    if (!l->n_lines) return function == PP_NONE;
    const struct pp_line *at = &b->lines.p[l->first_line];
    return at->function == function && at->line == line;
}

uint32_t pp_builder_location(struct pp_builder *b, uint32_t mapping, uint64_t address, uint32_t function, int64_t line)
{
    struct pp_arena *a = b->p->arena;
    uint64_t hash = pp_hash_u64(address ^ pp_hash_u64((uint64_t)mapping << 32 | function) ^ (uint64_t)line << 1);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&b->location_index, hash); pp_hash_next(&pr, &i);)
        if (is_location(b, i, mapping, address, function, line)) return i;
    i = (uint32_t)b->locations.n;
    struct pp_location l = {.id = i + 1, .address = address, .mapping = mapping, .first_line = (uint32_t)b->lines.n};
    if (function != PP_NONE) {
        *PP_PUSH(a, &b->lines) = (struct pp_line){.function = function, .line = line};
        l.n_lines = 1;
    }
    *PP_PUSH(a, &b->locations) = l;
    pp_hash_add(a, &b->location_index, hash, i);
    return i;
}

static bool same_label(const struct pp_label *x, const struct pp_label *y)
{
    return x->key == y->key && x->str == y->str && x->num == y->num && x->unit == y->unit && x->is_num == y->is_num;
}

static bool is_sample(const struct pp_builder *b, uint32_t i, const uint32_t *locs, size_t n,
                      const struct pp_label *labels, size_t n_labels)
{
    uint64_t from = b->loc_off.p[i], label = b->label_off.p[i];
    if (b->loc_off.p[i + 1] - from != n || b->label_off.p[i + 1] - label != n_labels) return false;
    if (n && memcmp(b->locs.p + from, locs, n * sizeof *locs)) return false;
    for (size_t k = 0; k < n_labels; k++)
        if (!same_label(&b->labels.p[label + k], &labels[k])) return false;
    return true;
}

static uint64_t sample_hash(const uint32_t *locs, size_t n, const struct pp_label *labels, size_t n_labels)
{
    uint64_t h = n ? pp_hash_bytes(locs, n * sizeof *locs, 0) : 0;
    for (size_t k = 0; k < n_labels; k++)
        h = pp_hash_u64(h + ((uint64_t)labels[k].key << 32 | labels[k].str)) + (uint64_t)labels[k].num;
    return pp_hash_u64(h);
}

void pp_builder_add(struct pp_builder *b, const uint32_t *locs, size_t n, const int64_t *values,
                    struct pp_label *labels, size_t n_labels)
{
    struct pp_arena *a = b->p->arena;
    uint32_t i;
    pp_labels_sort(b->p, labels, n_labels);
    uint64_t hash = sample_hash(locs, n, labels, n_labels);
    for (struct pp_probe pr = pp_hash_probe(&b->sample_index, hash); pp_hash_next(&pr, &i);) {
        if (!is_sample(b, i, locs, n, labels, n_labels)) continue;
        int64_t *sum = b->values.p + (size_t)i * b->types.n;
        for (size_t t = 0; t < b->types.n; t++)
            sum[t] = (int64_t)((uint64_t)sum[t] + (uint64_t)values[t]);
        return;
    }
    i = (uint32_t)b->loc_off.n - 1;
    for (size_t k = 0; k < n; k++)
        *PP_PUSH(a, &b->locs) = locs[k];
    for (size_t k = 0; k < n_labels; k++)
        *PP_PUSH(a, &b->labels) = labels[k];
    for (size_t t = 0; t < b->types.n; t++)
        *PP_PUSH(a, &b->values) = values[t];
    *PP_PUSH(a, &b->loc_off) = b->locs.n;
    *PP_PUSH(a, &b->label_off) = b->labels.n;
    pp_hash_add(a, &b->sample_index, hash, i);
}

void pp_builder_put_first(struct pp_builder *b, uint32_t i)
{
    struct pp_mapping first = b->mappings.p[i];
    memmove(b->mappings.p + 1, b->mappings.p, i * sizeof first);
    b->mappings.p[0] = first;
    for (uint32_t k = 0; k <= i; k++)
        b->mappings.p[k].id = k + 1;
    for (size_t k = 0; k < b->locations.n; k++) {
        uint32_t *m = &b->locations.p[k].mapping;
        if (*m == i)
            *m = 0;
        else if (*m < i)
            ++*m;
    }
}

struct pp_profile *pp_builder_finish(struct pp_builder *b)
{
    struct pp_profile *p = b->p;
    p->types = b->types.p, p->n_types = (uint32_t)b->types.n;
    p->n_samples = (uint32_t)b->loc_off.n - 1;
    p->loc_off = b->loc_off.p;
    p->locs = b->locs.n ? b->locs.p : PP_NEW_N(p->arena, uint32_t, 0); /* never NULL: pointers into it are made */
    if (p->n_types) p->values = PP_NEW_N(p->arena, int64_t *, p->n_types);
    for (uint32_t t = 0; t < p->n_types; t++) {
        p->values[t] = PP_NEW_N(p->arena, int64_t, p->n_samples);
        for (uint32_t i = 0; i < p->n_samples; i++)
            p->values[t][i] = b->values.p[(size_t)i * p->n_types + t];
    }
    if (b->labels.n) {
        p->labels = b->labels.p;
        p->label_off = b->label_off.p;
    }
    p->locations = b->locations.p, p->n_locations = (uint32_t)b->locations.n;
    p->lines = b->lines.p, p->n_lines = b->lines.n;
    p->functions = b->functions.p, p->n_functions = (uint32_t)b->functions.n;
    p->mappings = b->mappings.p, p->n_mappings = (uint32_t)b->mappings.n;
    p->comments = b->comments.p, p->n_comments = (uint32_t)b->comments.n;
    return p;
}
