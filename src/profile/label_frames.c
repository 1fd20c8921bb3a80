// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/out.h"
#include "base/vec.h"
#include "profile/labels.h"
#include "profile/units.h"

typedef PP_VEC(pp_string_id) key_list;

struct frames {
    struct pp_arena scratch;
    struct pp_profile *p;
    pp_str unit;
    PP_VEC(struct pp_location) locations; /* the profile's and the new ones */
    PP_VEC(struct pp_line) lines;
    PP_VEC(struct pp_function) functions;
    uint64_t next_location_id, next_function_id;
    struct pp_hash index; /* (name, key) -> new location */
    struct pp_out text;
};

static key_list split_keys(struct frames *f, pp_str keys)
{
    key_list list = {0};
    pp_str key;
    while (pp_str_next(&keys, ',', &key))
        if (key.n) *PP_PUSH(&f->scratch, &list) = pp_profile_intern_copy(f->p, key);
    return list;
}

static bool any_unit(const struct pp_label *l, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (l[i].unit) return true;
    return false;
}

/* The values of a key in sample i, joined; false: there are none. */
static bool joined_values(struct frames *f, uint32_t i, pp_string_id key, pp_string_id *ret_name)
{
    struct pp_profile *p = f->p;
    size_t n, n_num;
    const struct pp_label *l = pp_labels_of_key(p, i, key, false, &n), *num = pp_labels_of_key(p, i, key, true, &n_num);
    *ret_name = n ? l[0].str : 0;
    if (n + n_num == 0) return false;
    if (n == 1 && n_num == 0) return true;
    bool units = any_unit(num, n_num);
    f->text.n = 0;
    for (size_t k = 0; k < n; k++) {
        if (k) pp_out_char(&f->text, ',');
        pp_out_str(&f->text, pp_profile_str(p, l[k].str));
    }
    for (size_t k = 0; k < n_num; k++) {
        if (n + k) pp_out_char(&f->text, ',');
        pp_str none = PP_STR("");
        struct pp_arena a = {.oom = f->scratch.oom};
        pp_out_str(&f->text, pp_units_label(&a, num[k].num, units ? pp_profile_str(p, num[k].unit) : none,
                                            units ? f->unit : none));
        pp_arena_release(&a);
    }
    *ret_name = pp_profile_intern_copy(p, pp_out_bytes(&f->text));
    return true;
}

static uint32_t frame_of(struct frames *f, pp_string_id name, pp_string_id key)
{
    struct pp_arena *a = f->p->arena;
    uint64_t hash = pp_hash_u64((uint64_t)name << 32 | key);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&f->index, hash); pp_hash_next(&pr, &i);) {
        const struct pp_function *fn = &f->functions.p[f->lines.p[f->locations.p[i].first_line].function];
        if (fn->name == name && fn->filename == key) return i;
    }
    i = (uint32_t)f->locations.n;
    *PP_PUSH(a, &f->locations) = (struct pp_location){
        .id = f->next_location_id++, .mapping = PP_NONE, .first_line = (uint32_t)f->lines.n, .n_lines = 1};
    *PP_PUSH(a, &f->lines) = (struct pp_line){.function = (uint32_t)f->functions.n};
    *PP_PUSH(a, &f->functions) = (struct pp_function){.id = f->next_function_id++, .name = name, .filename = key};
    pp_hash_add(&f->scratch, &f->index, hash, i);
    return i;
}

/* Appends the frames of sample i for all keys, the last key first. */
static uint32_t *put_frames(struct frames *f, uint32_t i, const key_list *keys, uint32_t *to, bool *any)
{
    for (size_t k = keys->n; k-- > 0;) {
        pp_string_id name;
        if (joined_values(f, i, keys->p[k], &name)) *any = true;
        *to++ = frame_of(f, name, keys->p[k]);
    }
    return to;
}

static void rebuild_stacks(struct frames *f, const key_list *roots, const key_list *leaves, bool *any_root,
                           bool *any_leaf)
{
    struct pp_profile *p = f->p;
    uint64_t more = roots->n + leaves->n;
    uint32_t *locs = PP_NEW_N(p->arena, uint32_t, p->loc_off[p->n_samples] + more * p->n_samples), *to = locs;
    uint64_t *off = PP_NEW_N(p->arena, uint64_t, p->n_samples + 1ull);
    for (uint32_t i = 0; i < p->n_samples; i++) {
        uint64_t n = p->loc_off[i + 1] - p->loc_off[i];
        put_frames(f, i, roots, to + leaves->n + n, any_root); /* before the leaves: google/pprof numbers them so */
        to = put_frames(f, i, leaves, to, any_leaf);
        if (n) memcpy(to, p->locs + p->loc_off[i], n * sizeof *to);
        to += n + roots->n;
        off[i + 1] = (uint64_t)(to - locs);
    }
    p->locs = locs;
    p->loc_off = off;
}

static void begin(struct frames *f)
{
    struct pp_profile *p = f->p;
    f->locations.p = p->locations;
    f->locations.n = f->locations.cap = p->n_locations;
    f->lines.p = p->lines;
    f->lines.n = f->lines.cap = p->n_lines;
    f->functions.p = p->functions;
    f->functions.n = f->functions.cap = p->n_functions;
    for (uint32_t i = 0; i < p->n_locations; i++)
        if (p->locations[i].id > f->next_location_id) f->next_location_id = p->locations[i].id;
    for (uint32_t i = 0; i < p->n_functions; i++)
        if (p->functions[i].id > f->next_function_id) f->next_function_id = p->functions[i].id;
    f->next_location_id++;
    f->next_function_id++;
}

static void end(struct frames *f)
{
    struct pp_profile *p = f->p;
    p->locations = f->locations.p;
    p->n_locations = (uint32_t)f->locations.n;
    p->lines = f->lines.p;
    p->n_lines = f->lines.n;
    p->functions = f->functions.p;
    p->n_functions = (uint32_t)f->functions.n;
}

void pp_labels_to_frames(struct pp_profile *p, pp_str root_keys, pp_str leaf_keys, pp_str output_unit, pp_say say,
                         void *ctx)
{
    if (!root_keys.n && !leaf_keys.n) return;
    struct frames f = {.p = p, .unit = output_unit};
    bool any_root = false, any_leaf = false;
    pp_arena_init(&f.scratch, 0, p->arena->oom);
    pp_out_to_memory(&f.text, &f.scratch);
    key_list roots = split_keys(&f, root_keys), leaves = split_keys(&f, leaf_keys);
    if (roots.n + leaves.n) {
        begin(&f);
        rebuild_stacks(&f, &roots, &leaves, &any_root, &any_leaf);
        end(&f);
    }
    pp_arena_release(&f.scratch);
    if (root_keys.n && !any_root) say(ctx, PP_STR("TagRoot expression matched no samples"));
    if (leaf_keys.n && !any_leaf) say(ctx, PP_STR("TagLeaf expression matched no samples"));
}
