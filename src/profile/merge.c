// SPDX-License-Identifier: Apache-2.0
#include "profile/merge.h"

#include <string.h>

#include "base/pages.h"
#include "base/vec.h"
#include "profile/value_types.h"

#define PAGE_ROUNDING 0x1000u            /* Go: mapsizeRounding */
#define CONSUME_STEP ((uint64_t)2 << 20) /* locations: 8 MB */

/* The profile being made, its look-up tables, and what entries of the source at hand have become. */
struct pp_merge {
    struct pp_arena scratch;
    struct pp_profile *to;
    size_t cap_mappings, cap_functions, cap_locations, cap_lines;
    struct pp_hash mappings, functions, locations, samples, comments;
    size_t cap_comments;
    const struct pp_profile *from;
    pp_string_id *string_of; /* PP_NONE: not met yet; the same below */
    uint32_t *mapping_of, *function_of, *location_of;
    size_t cap_string_of, cap_mapping_of, cap_function_of, cap_location_of;
    uint64_t n_locs, n_labels; /* used in to's columns */
};

static pp_string_id map_string(struct pp_merge *m, pp_string_id id)
{
    if (m->string_of[id] == PP_NONE) m->string_of[id] = pp_profile_intern_copy(m->to, pp_profile_str(m->from, id));
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

static uint32_t map_mapping(struct pp_merge *m, uint32_t index)
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
    pp_hash_add(&m->scratch, &m->mappings, hash, i);
    return m->mapping_of[index] = i;
}

static bool same_function(const struct pp_function *a, const struct pp_function *b)
{
    return a->start_line == b->start_line && a->name == b->name && a->system_name == b->system_name &&
           a->filename == b->filename;
}

static uint32_t map_function(struct pp_merge *m, uint32_t index)
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
    pp_hash_add(&m->scratch, &m->functions, hash, i);
    return m->function_of[index] = i;
}

/* Puts the location's lines behind the used ones of `to`; they become part of it only when the location is new. */
static void map_lines(struct pp_merge *m, const struct pp_location *l)
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

static bool same_place(const struct pp_location *a, const struct pp_location *b)
{
    return a->address == b->address && a->mapping == b->mapping && a->is_folded == b->is_folded &&
           a->n_lines == b->n_lines;
}

static bool same_line(const struct pp_line *a, const struct pp_line *b)
{
    return a->function == b->function && a->line == b->line && a->column == b->column;
}

static bool same_location(const struct pp_profile *p, const struct pp_location *a, const struct pp_location *b)
{
    if (!same_place(a, b)) return false;
    for (uint32_t k = 0; k < a->n_lines; k++)
        if (!same_line(&p->lines[a->first_line + k], &p->lines[b->first_line + k])) return false;
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
static uint32_t map_location(struct pp_merge *m, uint32_t index)
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
    pp_hash_add(&m->scratch, &m->locations, hash, i);
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
static uint64_t map_sample(struct pp_merge *m, uint32_t i, uint64_t *ret_n_locs, uint64_t *ret_n_labels)
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
static uint32_t find_sample(const struct pp_merge *m, uint64_t hash, uint64_t n_locs, uint64_t n_labels)
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

static void merge_sample(struct pp_merge *m, uint32_t i)
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
        pp_hash_add(&m->scratch, &m->samples, hash, s);
    }
    for (uint32_t t = 0; t < to->n_types; t++)
        to->values[t][s] = (int64_t)((uint64_t)to->values[t][s] + (uint64_t)m->from->values[t][i]);
}

/* ---- what stays the same from one source to the next: most of the tables when all come from one program ---- */

/* Room for n answers; the new ones are PP_NONE. */
static void extend(struct pp_merge *m, uint32_t **map, size_t *cap, size_t n)
{
    if (n <= *cap) return;
    uint32_t *longer = PP_NEW_N(&m->scratch, uint32_t, n + n / 4);
    if (*cap) memcpy(longer, *map, *cap * sizeof *longer);
    memset(longer + *cap, 0xff, (n + n / 4 - *cap) * sizeof *longer);
    *map = longer;
    *cap = n + n / 4;
}

static void forget_rest(uint32_t *map, size_t from, size_t cap)
{
    if (from < cap) memset(map + from, 0xff, (cap - from) * sizeof *map); /* map is NULL while cap is 0 */
}

static uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void keep_strings(struct pp_merge *m, const struct pp_profile *before, const struct pp_profile *now)
{
    uint32_t n = min(before->n_strings, now->n_strings);
    for (uint32_t i = 0; i < n; i++)
        if (m->string_of[i] != PP_NONE && !pp_str_eq(before->strings[i], now->strings[i])) m->string_of[i] = PP_NONE;
    forget_rest(m->string_of, n, m->cap_string_of);
}

static bool is_known(const uint32_t *map, uint32_t index) { return index == PP_NONE || map[index] != PP_NONE; }

static void keep_mappings(struct pp_merge *m, const struct pp_profile *before, const struct pp_profile *now)
{
    uint32_t n = min(before->n_mappings, now->n_mappings);
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_mapping *x = &before->mappings[i], *y = &now->mappings[i];
        if (x->start != y->start || x->limit != y->limit || x->offset != y->offset || x->file != y->file ||
            x->build_id != y->build_id || !is_known(m->string_of, y->file) || !is_known(m->string_of, y->build_id))
            m->mapping_of[i] = PP_NONE;
    }
    forget_rest(m->mapping_of, n, m->cap_mapping_of);
}

/* Answers of names that changed are gone already. */
static void keep_functions(struct pp_merge *m, const struct pp_profile *before, const struct pp_profile *now)
{
    uint32_t n = min(before->n_functions, now->n_functions);
    const pp_string_id *known = m->string_of;
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_function *f = &now->functions[i];
        if (m->function_of[i] == PP_NONE) continue;
        if (!same_function(&before->functions[i], f) || !is_known(known, f->name) || !is_known(known, f->system_name) ||
            !is_known(known, f->filename))
            m->function_of[i] = PP_NONE;
    }
    forget_rest(m->function_of, n, m->cap_function_of);
}

static bool keeps_lines(const struct pp_merge *m, const struct pp_line *x, const struct pp_line *y, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        if (!same_line(&x[k], &y[k]) || !is_known(m->function_of, y[k].function)) return false;
    return true;
}

static void keep_locations(struct pp_merge *m, const struct pp_profile *before, const struct pp_profile *now)
{
    uint32_t n = min(before->n_locations, now->n_locations);
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_location *x = &before->locations[i], *y = &now->locations[i];
        if (m->location_of[i] == PP_NONE) continue;
        if (!same_place(x, y) || !is_known(m->mapping_of, y->mapping) ||
            !keeps_lines(m, before->lines + x->first_line, now->lines + y->first_line, y->n_lines))
            m->location_of[i] = PP_NONE;
    }
    forget_rest(m->location_of, n, m->cap_location_of);
}

static void begin_source(struct pp_merge *m, const struct pp_profile *from)
{
    static const struct pp_profile none;
    const struct pp_profile *before = m->from ? m->from : &none;
    extend(m, &m->string_of, &m->cap_string_of, from->n_strings);
    extend(m, &m->mapping_of, &m->cap_mapping_of, from->n_mappings);
    extend(m, &m->function_of, &m->cap_function_of, from->n_functions);
    extend(m, &m->location_of, &m->cap_location_of, from->n_locations);
    keep_strings(m, before, from);
    keep_mappings(m, before, from);
    keep_functions(m, before, from);
    keep_locations(m, before, from);
    m->from = from;
}

/* ---- columns ---- */

#define GROW(to, column, n) \
    ((to)->column = pp_arena_grow_pages((to)->arena, (to)->column, ((n) + 1) * sizeof *(to)->column))

/* Room for what the source adds at most; what stays unused is never touched. */
static void make_room(struct pp_merge *m, const struct pp_profile *from)
{
    struct pp_profile *to = m->to;
    uint64_t samples = (uint64_t)to->n_samples + from->n_samples;
    uint64_t labels = from->label_off ? from->label_off[from->n_samples] : 0;
    pp_hash_reserve(&m->scratch, &m->samples, samples);
    GROW(to, loc_off, samples);
    GROW(to, locs, m->n_locs + from->loc_off[from->n_samples]);
    for (uint32_t t = 0; t < to->n_types; t++)
        GROW(to, values[t], samples);
    if (labels || to->label_off) GROW(to, label_off, samples); /* zeros: those before have none */
    if (labels) GROW(to, labels, m->n_labels + labels);
}

/* The pages of stacks and values that are merged go back to the system. */
static void consume(const struct pp_profile *from, uint32_t *done, uint32_t upto)
{
    uint64_t at = from->loc_off[*done];
    pp_pages_discard(from->locs + at, (from->loc_off[upto] - at) * sizeof *from->locs);
    for (uint32_t t = 0; t < from->n_types; t++)
        pp_pages_discard(from->values[t] + *done, (upto - *done) * sizeof *from->values[t]);
    *done = upto;
}

static void merge_source(struct pp_merge *m, const struct pp_profile *from, bool may_consume)
{
    uint32_t done = 0;
    make_room(m, from);
    begin_source(m, from);
    if (!m->to->n_mappings && from->n_mappings) map_mapping(m, 0); /* the main binary stays first */
    for (uint32_t i = 0; i < from->n_samples; i++) {
        if (!is_zero(from, i)) merge_sample(m, i);
        if (may_consume && from->loc_off[i + 1] - from->loc_off[done] >= CONSUME_STEP) consume(from, &done, i + 1);
    }
}

/* ---- the profile's own fields ---- */

static pp_string_id carry(struct pp_profile *to, const struct pp_profile *from, pp_string_id id)
{
    return pp_profile_intern_copy(to, pp_profile_str(from, id));
}

static bool has_comment(const struct pp_merge *m, pp_string_id comment)
{
    uint32_t found;
    for (struct pp_probe pr = pp_hash_probe(&m->comments, pp_hash_u64(comment)); pp_hash_next(&pr, &found);)
        if (found == comment) return true;
    return false;
}

static void merge_comments(struct pp_merge *m, const struct pp_profile *from)
{
    for (uint32_t k = 0; k < from->n_comments; k++) {
        pp_string_id c = carry(m->to, from, from->comments[k]);
        if (has_comment(m, c)) continue;
        PUSH(m, comments);
        m->to->comments[m->to->n_comments++] = c;
        pp_hash_add(&m->scratch, &m->comments, pp_hash_u64(c), c);
    }
}

/* What the first source alone decides. */
static void begin_head(struct pp_profile *to, const struct pp_profile *first)
{
    to->n_types = first->n_types;
    to->types = PP_NEW_N(to->arena, struct pp_value_type, to->n_types);
    to->values = PP_NEW_N(to->arena, int64_t *, to->n_types);
    for (uint32_t t = 0; t < to->n_types; t++)
        to->types[t] =
            (struct pp_value_type){carry(to, first, first->types[t].type), carry(to, first, first->types[t].unit)};
    to->drop_frames = carry(to, first, first->drop_frames);
    to->keep_frames = carry(to, first, first->keep_frames);
    to->has_period_type = first->has_period_type;
    to->period_type =
        (struct pp_value_type){carry(to, first, first->period_type.type), carry(to, first, first->period_type.unit)};
    to->loc_off = NULL; /* grows by whole pages from here */
}

static void merge_head(struct pp_merge *m, const struct pp_profile *s)
{
    struct pp_profile *to = m->to;
    if (!m->from) begin_head(to, s);
    if (to->time_nanos == 0 || s->time_nanos < to->time_nanos) to->time_nanos = s->time_nanos;
    to->duration_nanos = (int64_t)((uint64_t)to->duration_nanos + (uint64_t)s->duration_nanos);
    if (to->period == 0 || to->period < s->period) to->period = s->period;
    if (!to->default_type) to->default_type = carry(to, s, s->default_type);
    if (!to->doc_url) to->doc_url = carry(to, s, s->doc_url);
    merge_comments(m, s);
}

static bool any_zero_sample(const struct pp_profile *p)
{
    for (uint32_t i = 0; i < p->n_samples; i++)
        if (is_zero(p, i)) return true;
    return false;
}

struct pp_merge *pp_merge_begin(struct pp_arena *a)
{
    struct pp_merge *m = PP_NEW(a, struct pp_merge);
    pp_arena_init(&m->scratch, 0, a->oom);
    m->to = pp_profile_new(a);
    return m;
}

static void add(struct pp_merge *m, const struct pp_profile *p, bool may_consume)
{
    merge_head(m, p);
    merge_source(m, p, may_consume && !p->samples_shared);
}

void pp_merge_add(struct pp_merge *m, const struct pp_profile *p) { add(m, p, false); }

struct pp_profile *pp_merge_end(struct pp_merge *m)
{
    struct pp_profile *merged = m->to;
    pp_arena_release(&m->scratch);
    if (!any_zero_sample(merged)) return merged;
    struct pp_merge *compact = pp_merge_begin(merged->arena);
    add(compact, merged, true);
    return pp_merge_end(compact);
}

enum pp_code pp_profile_merge(struct pp_arena *a, struct pp_profile *const *profiles, size_t n,
                              struct pp_profile **ret_profile, struct pp_err *err)
{
    if (!n) return pp_fail(err, PP_E_EMPTY, "no profiles to merge");
    for (size_t i = 1; i < n; i++) {
        enum pp_code c = pp_value_types_check_equal(profiles[0], profiles[i], err);
        if (c) return c;
    }
    struct pp_merge *m = pp_merge_begin(a);
    for (size_t i = 0; i < n; i++)
        add(m, profiles[i], true);
    *ret_profile = pp_merge_end(m);
    return PP_OK;
}
