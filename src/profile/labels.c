// SPDX-License-Identifier: Apache-2.0
#include "profile/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "profile/label_sort.h"
#include "profile/units.h"

const struct pp_label *pp_labels_of_key(const struct pp_profile *p, uint32_t i, pp_string_id key, bool is_num,
                                        size_t *ret_n)
{
    size_t n;
    *ret_n = 0;
    if (!p->label_off) return NULL;
    const struct pp_label *l = pp_profile_labels(p, i, &n), *end = l + n;
    while (l < end && (l->key != key || l->is_num != is_num))
        l++;
    if (l == end) return NULL;
    while (l + *ret_n < end && l[*ret_n].key == key && l[*ret_n].is_num == is_num)
        ++*ret_n;
    return l;
}

bool pp_labels_has(const struct pp_profile *p, uint32_t i, pp_string_id key, pp_string_id str)
{
    size_t n;
    const struct pp_label *l = pp_labels_of_key(p, i, key, false, &n);
    for (size_t k = 0; k < n; k++)
        if (l[k].str == str) return true;
    return false;
}

static bool is_string_of(const struct pp_label *l, pp_string_id key) { return !l->is_num && l->key == key; }

void pp_labels_set(struct pp_profile *p, pp_str key_text, pp_str value)
{
    pp_string_id key = pp_profile_intern_copy(p, key_text), str = pp_profile_intern_copy(p, value);
    uint64_t n_old = p->label_off ? p->label_off[p->n_samples] : 0, at = 0;
    struct pp_label *labels = PP_NEW_N(p->arena, struct pp_label, n_old + p->n_samples);
    uint64_t *off = PP_NEW_N(p->arena, uint64_t, p->n_samples + 1ull);
    for (uint32_t i = 0; i < p->n_samples; i++) {
        size_t n;
        const struct pp_label *l = pp_profile_labels(p, i, &n);
        uint64_t first = at;
        labels[at++] = (struct pp_label){.key = key, .str = str};
        for (size_t k = 0; k < n; k++)
            if (!is_string_of(&l[k], key)) labels[at++] = l[k];
        pp_labels_sort(p, labels + first, at - first);
        off[i + 1] = at;
    }
    p->labels = labels;
    p->label_off = off;
}

struct key_kind {
    pp_string_id key;
    bool is_num;
};

static bool drop_key(const void *ctx, const struct pp_label *l)
{
    const struct key_kind *d = ctx;
    return l->key == d->key && l->is_num == d->is_num;
}

void pp_labels_drop(struct pp_profile *p, bool (*drop)(const void *ctx, const struct pp_label *l), const void *ctx)
{
    if (!p->label_off) return;
    struct pp_label *to = p->labels;
    uint64_t *off = p->label_off;
    if (p->samples_shared) {
        to = PP_NEW_N(p->arena, struct pp_label, off[p->n_samples]);
        off = PP_NEW_N(p->arena, uint64_t, p->n_samples + 1ull);
    }
    uint64_t at = 0, from = 0;
    for (uint32_t i = 0; i < p->n_samples; i++) {
        uint64_t end = p->label_off[i + 1];
        for (; from < end; from++)
            if (!drop(ctx, &p->labels[from])) to[at++] = p->labels[from];
        off[i + 1] = at;
    }
    p->labels = to;
    p->label_off = off;
}

void pp_labels_remove(struct pp_profile *p, pp_str key)
{
    struct key_kind d = {pp_profile_find_string(p, key), false};
    if (d.key != PP_NONE) pp_labels_drop(p, drop_key, &d);
}

void pp_labels_remove_num(struct pp_profile *p, pp_str key)
{
    struct key_kind d = {pp_profile_find_string(p, key), true};
    if (d.key != PP_NONE) pp_labels_drop(p, drop_key, &d);
}

/* ---- units ---- */

struct key_unit {
    pp_string_id key, unit;
};

typedef PP_VEC(struct key_unit) key_units;

static void note_ignored(struct pp_arena *a, key_units *ignored, pp_string_id key, pp_string_id unit)
{
    for (size_t i = 0; i < ignored->n; i++)
        if (ignored->p[i].key == key && ignored->p[i].unit == unit) return;
    *PP_PUSH(a, ignored) = (struct key_unit){key, unit};
}

static int by_text(const void *x, const void *y) { return pp_str_cmp(*(const pp_str *)x, *(const pp_str *)y); }

/* One line for the key of ignored[first], with all its units in order of their text. */
static void say_ignored(struct pp_arena *a, const struct pp_profile *p, const key_units *ignored, size_t first,
                        pp_string_id used, pp_say say, void *ctx)
{
    PP_VEC(pp_str) units = {0};
    pp_string_id key = ignored->p[first].key;
    for (size_t i = 0; i < first; i++)
        if (ignored->p[i].key == key) return; /* said with that one */
    for (size_t i = first; i < ignored->n; i++)
        if (ignored->p[i].key == key) *PP_PUSH(a, &units) = pp_profile_str(p, ignored->p[i].unit);
    qsort(units.p, units.n, sizeof *units.p, by_text);
    pp_str list = units.p[0];
    for (size_t i = 1; i < units.n; i++)
        list = pp_arena_fmt(a, "%.*s, %.*s", PP_FMT(list), PP_FMT(units.p[i]));
    say(ctx, pp_arena_fmt(a, "For tag %.*s used unit %.*s, also encountered unit(s) %.*s",
                          PP_FMT(pp_profile_str(p, key)), PP_FMT(pp_profile_str(p, used)), PP_FMT(list)));
}

static pp_string_id inferred_unit(struct pp_profile *p, pp_string_id key)
{
    pp_str k = pp_profile_str(p, key);
    bool bytes = pp_str_eq(k, PP_STR("alignment")) || pp_str_eq(k, PP_STR("request"));
    return bytes ? pp_profile_intern(p, PP_STR("bytes")) : key;
}

void pp_labels_units(struct pp_arena *a, struct pp_profile *p, pp_say say, void *ctx, struct pp_label_units *ret_units)
{
    uint64_t n_labels = p->label_off ? p->label_off[p->n_samples] : 0;
    uint32_t n = p->n_strings;
    pp_string_id *unit_of = PP_NEW_N(a, pp_string_id, n);
    memset(unit_of, 0xff, n * sizeof *unit_of);
    key_units ignored = {0};
    for (uint64_t i = 0; i < n_labels; i++) {
        const struct pp_label *l = &p->labels[i];
        if (!l->is_num) continue;
        pp_string_id *u = &unit_of[l->key];
        if (*u == PP_NONE || *u == 0)
            *u = l->unit; /* 0: the key was seen, but no unit yet */
        else if (l->unit && l->unit != *u)
            note_ignored(a, &ignored, l->key, l->unit);
    }
    for (uint32_t k = 0; k < n; k++)
        if (unit_of[k] == 0) unit_of[k] = inferred_unit(p, k);
    for (size_t i = 0; say && i < ignored.n; i++)
        say_ignored(a, p, &ignored, i, unit_of[ignored.p[i].key], say, ctx);
    *ret_units = (struct pp_label_units){unit_of, n};
}

pp_str pp_label_unit(const struct pp_profile *p, const struct pp_label_units *u, pp_string_id key)
{
    if (key >= u->n || u->unit_of[key] == PP_NONE) return (pp_str){"", 0};
    return pp_profile_str(p, u->unit_of[key]);
}

static bool is_lost(const void *ctx, const struct pp_label *l)
{
    (void)ctx;
    return l->is_num ? !l->num && !l->unit : !l->str;
}

void pp_labels_drop_lost(struct pp_profile *p)
{
    if (p->label_off) pp_labels_drop(p, is_lost, NULL);
}
