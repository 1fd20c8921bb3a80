// SPDX-License-Identifier: Apache-2.0
#include "profile/model.h"

#include <string.h>

#include "base/vec.h"

struct pp_profile *pp_profile_new(struct pp_arena *a)
{
    struct pp_profile *p = PP_NEW(a, struct pp_profile);
    p->arena = a;
    p->loc_off = PP_NEW_N(a, uint64_t, 1);
    p->has_period_type = true;
    pp_profile_intern(p, (pp_str){"", 0});
    return p;
}

pp_string_id pp_profile_find_string(const struct pp_profile *p, pp_str s)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&p->string_index, pp_hash_str(s)); pp_hash_next(&pr, &i);)
        if (pp_str_eq(p->strings[i], s)) return i;
    return PP_NONE;
}

pp_string_id pp_profile_intern(struct pp_profile *p, pp_str s)
{
    pp_string_id id = pp_profile_find_string(p, s);
    if (id != PP_NONE) return id;
    if (p->n_strings == p->cap_strings)
        pp_vec_must_grow(p->arena, (void **)&p->strings, &p->cap_strings, sizeof *p->strings, _Alignof(pp_str));
    p->strings[p->n_strings] = s;
    pp_hash_add(p->arena, &p->string_index, pp_hash_str(s), p->n_strings);
    return p->n_strings++;
}

pp_string_id pp_profile_intern_copy(struct pp_profile *p, pp_str s)
{
    pp_string_id id = pp_profile_find_string(p, s);
    return id != PP_NONE ? id : pp_profile_intern(p, pp_arena_dup(p->arena, s));
}

/* A copy of n elements; also of none. */
#define DUP(a, from, n) dup_array((a), (from), (n), sizeof *(from), _Alignof(__typeof__(*(from))))

static void *dup_array(struct pp_arena *a, const void *from, size_t n, size_t size, size_t align)
{
    void *to = pp_alloc_n(a, n, size, align);
    if (n) memcpy(to, from, n * size);
    return to;
}

struct pp_profile *pp_profile_copy(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_profile *c = PP_NEW(a, struct pp_profile);
    *c = *p;
    c->arena = a;
    c->samples_shared = true;
    c->strings = DUP(a, p->strings, p->n_strings);
    c->cap_strings = p->n_strings;
    c->string_index.slots = DUP(a, p->string_index.slots, p->string_index.cap);
    c->string_index.low = DUP(a, p->string_index.low, p->string_index.cap);
    c->types = DUP(a, p->types, p->n_types);
    c->values = DUP(a, p->values, p->n_types);
    c->locations = DUP(a, p->locations, p->n_locations);
    c->lines = DUP(a, p->lines, p->n_lines);
    c->functions = DUP(a, p->functions, p->n_functions);
    c->mappings = DUP(a, p->mappings, p->n_mappings);
    c->comments = DUP(a, p->comments, p->n_comments);
    return c;
}

void pp_profile_own_samples(struct pp_profile *p)
{
    if (!p->samples_shared) return;
    struct pp_arena *a = p->arena;
    p->locs = DUP(a, p->locs, p->loc_off[p->n_samples]);
    p->loc_off = DUP(a, p->loc_off, p->n_samples + 1ull);
    for (uint32_t t = 0; t < p->n_types; t++)
        p->values[t] = DUP(a, p->values[t], p->n_samples);
    if (p->label_off) {
        p->labels = DUP(a, p->labels, p->label_off[p->n_samples]);
        p->label_off = DUP(a, p->label_off, p->n_samples + 1ull);
    }
    p->samples_shared = false;
}

static bool broken(struct pp_err *err, const char *what, uint64_t at)
{
    pp_fail(err, PP_E_STATE, "profile model: %s (at %llu)", what, (unsigned long long)at);
    return false;
}

static bool valid_strings(const struct pp_profile *p, struct pp_err *err)
{
    if (!p->n_strings || p->strings[0].n) return broken(err, "string 0 is not empty", 0);
    for (uint32_t i = 0; i < p->n_strings; i++)
        if (pp_profile_find_string(p, p->strings[i]) != i) return broken(err, "string not interned", i);
    return true;
}

static bool valid_tables(const struct pp_profile *p, struct pp_err *err)
{
    uint32_t n = p->n_strings;
    for (uint32_t i = 0; i < p->n_types; i++)
        if (p->types[i].type >= n || p->types[i].unit >= n) return broken(err, "sample type's string", i);
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        const struct pp_mapping *m = &p->mappings[i];
        if (m->file >= n || m->build_id >= n || m->kernel_relocation_symbol >= n)
            return broken(err, "mapping's string", i);
    }
    for (uint32_t i = 0; i < p->n_functions; i++) {
        const struct pp_function *f = &p->functions[i];
        if (f->name >= n || f->system_name >= n || f->filename >= n) return broken(err, "function's string", i);
    }
    for (uint32_t i = 0; i < p->n_locations; i++) {
        const struct pp_location *l = &p->locations[i];
        if (l->mapping >= p->n_mappings && l->mapping != PP_NONE) return broken(err, "location's mapping", i);
        if (l->first_line > p->n_lines || l->n_lines > p->n_lines - l->first_line)
            return broken(err, "location's lines", i);
        for (uint32_t k = 0; k < l->n_lines; k++) {
            uint32_t f = p->lines[l->first_line + k].function;
            if (f >= p->n_functions && f != PP_NONE) return broken(err, "line's function", l->first_line + k);
        }
    }
    for (uint32_t i = 0; i < p->n_comments; i++)
        if (p->comments[i] >= n) return broken(err, "comment's string", i);
    if (p->default_type >= n || p->drop_frames >= n || p->keep_frames >= n || p->doc_url >= n ||
        p->period_type.type >= n || p->period_type.unit >= n)
        return broken(err, "profile's string", 0);
    return true;
}

static bool valid_labels(const struct pp_profile *p, uint32_t i, struct pp_err *err)
{
    size_t n;
    const struct pp_label *l = pp_profile_labels(p, i, &n);
    for (size_t k = 0; k < n; k++) {
        if (l[k].key >= p->n_strings || l[k].str >= p->n_strings || l[k].unit >= p->n_strings)
            return broken(err, "label's string", i);
        if (k == 0) continue;
        if (l[k - 1].is_num > l[k].is_num) return broken(err, "number labels before string labels", i);
        if (l[k - 1].is_num == l[k].is_num && pp_str_cmp(p->strings[l[k - 1].key], p->strings[l[k].key]) > 0)
            return broken(err, "labels not sorted by key", i);
    }
    return true;
}

bool pp_profile_valid(const struct pp_profile *p, struct pp_err *err)
{
    if (!valid_strings(p, err) || !valid_tables(p, err)) return false;
    if (p->loc_off[0] != 0 || (p->label_off && p->label_off[0] != 0)) return broken(err, "offsets don't start at 0", 0);
    for (uint32_t i = 0; i < p->n_samples; i++) {
        if (p->loc_off[i] > p->loc_off[i + 1]) return broken(err, "loc_off descends", i);
        if (p->label_off && p->label_off[i] > p->label_off[i + 1]) return broken(err, "label_off descends", i);
        for (uint64_t k = p->loc_off[i]; k < p->loc_off[i + 1]; k++)
            if (p->locs[k] >= p->n_locations) return broken(err, "sample's location", i);
        if (!valid_labels(p, i, err)) return false;
    }
    return true;
}
