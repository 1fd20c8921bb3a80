// SPDX-License-Identifier: Apache-2.0
#include "profile/merge.h"

#include <string.h>

#include "base/vec.h"
#include "profile/value_types.h"

#define PAGE_ROUNDING 0x1000u /* Go: mapsizeRounding */

/* The profile being made, its look-up tables, and what entries of the source at hand have become. */
struct merge {
    struct pp_arena *scratch;
    struct pp_profile *to;
    size_t cap_mappings, cap_functions, cap_locations, cap_lines;
    struct pp_hash mappings, functions, locations, samples;
    const struct pp_profile *from;
    pp_string_id *string_of; /* PP_NONE: not met yet; the same below */
    uint32_t *mapping_of, *function_of, *location_of;
    uint64_t n_locs, n_labels; /* used in to's columns */
};

static pp_string_id map_string(struct merge *m, pp_string_id id)
{
    if (m->string_of[id] == PP_NONE) m->string_of[id] = pp_profile_intern(m->to, pp_profile_str(m->from, id));
    return m->string_of[id];
}

/* ---- tables ---- */

#define PUSH(m, items)                                                                        \
    push((m)->to->arena, (void **)&(m)->to->items, &(m)->cap_##items, sizeof *(m)->to->items, \
         _Alignof(__typeof__(*(m)->to->items)), (m)->to->n_##items)

/* Room for item n. */
static void push(struct pp_arena *a, void **items, size_t *cap, size_t size, size_t align, uint64_t n)
{
    if (n == *cap) pp_vec_must_grow(a, items, cap, size, align);
}

struct mapping_key {
    uint64_t size, offset;
    pp_string_id name; /* build id, or else file */
};

static struct mapping_key key_of_mapping(const struct pp_mapping *m)
{
    uint64_t size = m->limit - m->start + PAGE_ROUNDING - 1;
    return (struct mapping_key){size - size % PAGE_ROUNDING, m->offset, m->build_id ? m->build_id : m->file};
}

static bool same_mapping(struct mapping_key a, struct mapping_key b)
{
    return a.size == b.size && a.offset == b.offset && a.name == b.name;
}

static uint32_t map_mapping(struct merge *m, uint32_t index)
{
    if (index == PP_NONE || m->mapping_of[index] != PP_NONE) return index == PP_NONE ? PP_NONE : m->mapping_of[index];
    struct pp_profile *to = m->to;
    struct pp_mapping copy = m->from->mappings[index];
    copy.file = map_string(m, copy.file);
    copy.build_id = map_string(m, copy.build_id);
    copy.kernel_relocation_symbol = map_string(m, copy.kernel_relocation_symbol);
    struct mapping_key key = key_of_mapping(&copy);
    uint64_t hash = pp_hash_u64(key.size ^ pp_hash_u64(key.offset ^ pp_hash_u64(key.name)));
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&m->mappings, hash); pp_hash_next(&pr, &i);)
        if (same_mapping(key, key_of_mapping(&to->mappings[i]))) return m->mapping_of[index] = i;
    PUSH(m, mappings);
    i = to->n_mappings++;
    copy.id = i + 1ull;
    to->mappings[i] = copy;
    pp_hash_add(m->scratch, &m->mappings, hash, i);
    return m->mapping_of[index] = i;
}

static bool same_function(const struct pp_function *a, const struct pp_function *b)
{
    return a->start_line == b->start_line && a->name == b->name && a->system_name == b->system_name &&
           a->filename == b->filename;
}

static uint32_t map_function(struct merge *m, uint32_t index)
{
    if (index == PP_NONE || m->function_of[index] != PP_NONE) return index == PP_NONE ? PP_NONE : m->function_of[index];
    struct pp_profile *to = m->to;
    struct pp_function copy = m->from->functions[index];
    copy.name = map_string(m, copy.name);
    copy.system_name = map_string(m, copy.system_name);
    copy.filename = map_string(m, copy.filename);
    uint64_t hash = pp_hash_u64(((uint64_t)copy.name << 32 | copy.system_name) ^
                                pp_hash_u64((uint64_t)copy.filename ^ (uint64_t)copy.start_line << 32));
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&m->functions, hash); pp_hash_next(&pr, &i);)
        if (same_function(&copy, &to->functions[i])) return m->function_of[index] = i;
    PUSH(m, functions);
    i = to->n_functions++;
    copy.id = i + 1ull;
    to->functions[i] = copy;
    pp_hash_add(m->scratch, &m->functions, hash, i);
    return m->function_of[index] = i;
}

/* Puts the location's lines behind the used ones of `to`; they become part of it only when the location is new. */
static void map_lines(struct merge *m, const struct pp_location *l)
{
    struct pp_profile *to = m->to;
    while (m->cap_lines < to->n_lines + l->n_lines)
        pp_vec_must_grow(to->arena, (void **)&to->lines, &m->cap_lines, sizeof *to->lines, _Alignof(struct pp_line));
    for (uint32_t k = 0; k < l->n_lines; k++) {
        struct pp_line line = m->from->lines[l->first_line + k];
        line.function = map_function(m, line.function);
        to->lines[to->n_lines + k] = line;
    }
}

static bool same_location(const struct pp_profile *p, const struct pp_location *a, const struct pp_location *b)
{
    if (a->address != b->address || a->mapping != b->mapping || a->is_folded != b->is_folded ||
        a->n_lines != b->n_lines)
        return false;
    for (uint32_t k = 0; k < a->n_lines; k++) {
        const struct pp_line *x = &p->lines[a->first_line + k], *y = &p->lines[b->first_line + k];
        if (x->function != y->function || x->line != y->line || x->column != y->column) return false;
    }
    return true;
}

static uint64_t hash_location(const struct pp_profile *p, const struct pp_location *l)
{
    uint64_t h = pp_hash_u64(l->address ^ (uint64_t)l->mapping << 40 ^ l->is_folded);
    for (uint32_t k = 0; k < l->n_lines; k++) {
        const struct pp_line *x = &p->lines[l->first_line + k];
        h = pp_hash_u64(h ^ x->function ^ (uint64_t)x->line << 32) ^ (uint64_t)x->column;
    }
    return pp_hash_u64(h);
}

/* A location not met yet in this source. Addresses move with the mapping: the merged location has the address that it has in the mapping that was kept. */
static uint32_t map_location(struct merge *m, uint32_t index)
{
    struct pp_profile *to = m->to;
    struct pp_location copy = m->from->locations[index];
    if (copy.mapping != PP_NONE) {
        uint32_t mapped = map_mapping(m, copy.mapping);
        copy.address += to->mappings[mapped].start - m->from->mappings[copy.mapping].start;
        copy.mapping = mapped;
    }
    map_lines(m, &copy);
    copy.first_line = (uint32_t)to->n_lines;
    uint64_t hash = hash_location(to, &copy);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&m->locations, hash); pp_hash_next(&pr, &i);)
        if (same_location(to, &copy, &to->locations[i])) return m->location_of[index] = i;
    PUSH(m, locations);
    i = to->n_locations++;
    copy.id = i + 1ull;
    to->locations[i] = copy;
    to->n_lines += copy.n_lines;
    pp_hash_add(m->scratch, &m->locations, hash, i);
    return m->location_of[index] = i;
}

/* ---- samples ---- */

static bool is_zero(const struct pp_profile *p, uint32_t i)
{
    for (uint32_t t = 0; t < p->n_types; t++)
        if (p->values[t][i]) return false;
    return true;
}

/* Writes sample i of the source behind the used parts of to's columns; gives its hash. */
static uint64_t map_sample(struct merge *m, uint32_t i, uint64_t *ret_n_locs, uint64_t *ret_n_labels)
{
    const struct pp_profile *from = m->from;
    uint64_t n = from->loc_off[i + 1] - from->loc_off[i];
    const uint32_t *stack = from->locs + from->loc_off[i];
    uint32_t *locs = m->to->locs + m->n_locs;
    const uint32_t *location_of = m->location_of;
    for (uint64_t k = 0; k < n; k++) {
        uint32_t l = location_of[stack[k]];
        locs[k] = l != PP_NONE ? l : map_location(m, stack[k]);
    }
    uint64_t hash = pp_hash_bytes(locs, n * sizeof *locs, 0);
    size_t n_labels;
    const struct pp_label *l = pp_profile_labels(from, i, &n_labels);
    for (size_t k = 0; k < n_labels; k++) {
        struct pp_label copy = l[k];
        copy.key = map_string(m, copy.key);
        copy.str = map_string(m, copy.str);
        copy.unit = map_string(m, copy.unit);
        m->to->labels[m->n_labels + k] = copy;
        hash = pp_hash_u64(hash ^ ((uint64_t)copy.key << 32 | copy.str)) ^ (uint64_t)copy.num;
    }
    *ret_n_locs = n;
    *ret_n_labels = n_labels;
    return pp_hash_u64(hash);
}

static bool same_labels(const struct pp_label *a, const struct pp_label *b, uint64_t n)
{
    for (uint64_t k = 0; k < n; k++)
        if (a[k].key != b[k].key || a[k].str != b[k].str || a[k].num != b[k].num || a[k].unit != b[k].unit ||
            a[k].is_num != b[k].is_num)
            return false;
    return true;
}

/* The sample that equals the one behind the used parts; PP_NONE. */
static uint32_t find_sample(const struct merge *m, uint64_t hash, uint64_t n_locs, uint64_t n_labels)
{
    const struct pp_profile *to = m->to;
    uint32_t s;
    for (struct pp_probe pr = pp_hash_probe(&m->samples, hash); pp_hash_next(&pr, &s);) {
        if (to->loc_off[s + 1] - to->loc_off[s] != n_locs) continue;
        if (memcmp(to->locs + to->loc_off[s], to->locs + m->n_locs, n_locs * sizeof *to->locs) != 0) continue;
        if (!to->label_off) return s;
        if (to->label_off[s + 1] - to->label_off[s] != n_labels) continue;
        if (same_labels(to->labels + to->label_off[s], to->labels + m->n_labels, n_labels)) return s;
    }
    return PP_NONE;
}

static void merge_sample(struct merge *m, uint32_t i)
{
    struct pp_profile *to = m->to;
    uint64_t n_locs, n_labels, hash = map_sample(m, i, &n_locs, &n_labels);
    uint32_t s = find_sample(m, hash, n_locs, n_labels);
    if (s == PP_NONE) {
        s = to->n_samples++;
        m->n_locs += n_locs;
        to->loc_off[s + 1] = m->n_locs;
        m->n_labels += n_labels;
        if (to->label_off) to->label_off[s + 1] = m->n_labels;
        pp_hash_add(m->scratch, &m->samples, hash, s);
    }
    for (uint32_t t = 0; t < to->n_types; t++)
        to->values[t][s] = (int64_t)((uint64_t)to->values[t][s] + (uint64_t)m->from->values[t][i]);
}

static uint32_t *none_map(struct pp_arena *a, uint32_t n)
{
    uint32_t *map = PP_NEW_N(a, uint32_t, n);
    memset(map, 0xff, n * sizeof *map);
    return map;
}

static void begin_source(struct merge *m, const struct pp_profile *from, struct pp_arena *a)
{
    m->from = from;
    m->string_of = none_map(a, from->n_strings);
    m->mapping_of = none_map(a, from->n_mappings);
    m->function_of = none_map(a, from->n_functions);
    m->location_of = none_map(a, from->n_locations);
}

static void merge_source(struct merge *m, const struct pp_profile *from)
{
    struct pp_arena maps;
    pp_arena_init(&maps, 0, m->scratch->oom);
    begin_source(m, from, &maps);
    if (!m->to->n_mappings && from->n_mappings) map_mapping(m, 0); /* the main binary stays first */
    for (uint32_t i = 0; i < from->n_samples; i++)
        if (!is_zero(from, i)) merge_sample(m, i);
    pp_arena_release(&maps);
}

/* Columns with room for all samples; what stays unused is never touched. */
static void make_columns(struct merge *m, struct pp_profile *const *from, size_t n)
{
    struct pp_profile *to = m->to;
    uint64_t samples = 0, locs = 0, labels = 0;
    for (size_t i = 0; i < n; i++) {
        samples += from[i]->n_samples;
        locs += from[i]->loc_off[from[i]->n_samples];
        if (from[i]->label_off) labels += from[i]->label_off[from[i]->n_samples];
    }
    pp_hash_reserve(m->scratch, &m->samples, samples);
    to->loc_off = PP_NEW_N(to->arena, uint64_t, samples + 1);
    to->locs = PP_NEW_N(to->arena, uint32_t, locs);
    to->values = PP_NEW_N(to->arena, int64_t *, to->n_types);
    for (uint32_t t = 0; t < to->n_types; t++)
        to->values[t] = PP_NEW_N(to->arena, int64_t, samples);
    if (!labels) return;
    to->label_off = PP_NEW_N(to->arena, uint64_t, samples + 1);
    to->labels = PP_NEW_N(to->arena, struct pp_label, labels);
}

/* ---- the profile's own fields ---- */

static pp_string_id carry(struct pp_profile *to, const struct pp_profile *from, pp_string_id id)
{
    return pp_profile_intern(to, pp_profile_str(from, id));
}

static void merge_comments(struct pp_profile *to, struct pp_profile *const *from, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += from[i]->n_comments;
    to->comments = PP_NEW_N(to->arena, pp_string_id, all);
    struct pp_arena scratch;
    struct pp_hash seen = {0};
    pp_arena_init(&scratch, 0, to->arena->oom);
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < from[i]->n_comments; k++) {
            pp_string_id c = carry(to, from[i], from[i]->comments[k]);
            uint32_t found;
            struct pp_probe pr = pp_hash_probe(&seen, pp_hash_u64(c));
            bool known = false;
            while (!known && pp_hash_next(&pr, &found))
                known = found == c;
            if (known) continue;
            pp_hash_add(&scratch, &seen, pp_hash_u64(c), c);
            to->comments[to->n_comments++] = c;
        }
    pp_arena_release(&scratch);
}

static void merge_head(struct pp_profile *to, struct pp_profile *const *from, size_t n)
{
    const struct pp_profile *first = from[0];
    to->n_types = first->n_types;
    to->types = PP_NEW_N(to->arena, struct pp_value_type, to->n_types);
    for (uint32_t t = 0; t < to->n_types; t++)
        to->types[t] =
            (struct pp_value_type){carry(to, first, first->types[t].type), carry(to, first, first->types[t].unit)};
    to->drop_frames = carry(to, first, first->drop_frames);
    to->keep_frames = carry(to, first, first->keep_frames);
    to->has_period_type = first->has_period_type;
    to->period_type =
        (struct pp_value_type){carry(to, first, first->period_type.type), carry(to, first, first->period_type.unit)};
    for (size_t i = 0; i < n; i++) {
        const struct pp_profile *s = from[i];
        if (to->time_nanos == 0 || s->time_nanos < to->time_nanos) to->time_nanos = s->time_nanos;
        to->duration_nanos = (int64_t)((uint64_t)to->duration_nanos + (uint64_t)s->duration_nanos);
        if (to->period == 0 || to->period < s->period) to->period = s->period;
        if (!to->default_type) to->default_type = carry(to, s, s->default_type);
        if (!to->doc_url) to->doc_url = carry(to, s, s->doc_url);
    }
    merge_comments(to, from, n);
}

static bool any_zero_sample(const struct pp_profile *p)
{
    for (uint32_t i = 0; i < p->n_samples; i++)
        if (is_zero(p, i)) return true;
    return false;
}

enum pp_code pp_profile_merge(struct pp_arena *a, struct pp_profile *const *profiles, size_t n,
                              struct pp_profile **ret_profile, struct pp_err *err)
{
    if (!n) return pp_fail(err, PP_E_EMPTY, "no profiles to merge");
    for (size_t i = 1; i < n; i++) {
        enum pp_code c = pp_value_types_check_equal(profiles[0], profiles[i], err);
        if (c) return c;
    }
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, a->oom);
    struct merge m = {.scratch = &scratch, .to = pp_profile_new(a)};
    merge_head(m.to, profiles, n);
    make_columns(&m, profiles, n);
    for (size_t i = 0; i < n; i++)
        merge_source(&m, profiles[i]);
    pp_arena_release(&scratch);
    if (any_zero_sample(m.to)) return pp_profile_merge(a, (struct pp_profile *const[]){m.to}, 1, ret_profile, err);
    *ret_profile = m.to;
    return PP_OK;
}
