// SPDX-License-Identifier: Apache-2.0
#include "regex/classes.h"

#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"
#include "base/utf8.h"

#include "regex/unicode_scripts.inc"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define NAME_MAX_BYTES 64 /* the longest name has 22 */

/* The first letter large, the others small; '_', '-' and ' ' left out. */
static bool canonical_name(pp_str name, char ret_name[NAME_MAX_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == '_' || c == '-' || c == ' ') continue;
        if (c == 0 || n + 1 >= NAME_MAX_BYTES) return false;
        if (n == 0 && c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (n > 0 && c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        ret_name[n++] = c;
    }
    ret_name[n] = 0;
    return n > 0;
}

static void add_range(struct pp_arena *a, struct pp_rune_set *set, uint32_t from, uint32_t to)
{
    if (set->n > 0 && set->p[set->n - 1].to + 1 == from)
        set->p[set->n - 1].to = to;
    else
        *PP_PUSH(a, set) = (struct pp_rune_range){from, to};
}

/* The runs whose value (low byte) is one of `values`; a run ends where the next one begins. */
static void add_runs(struct pp_arena *a, struct pp_rune_set *set, const uint32_t *runs, size_t n,
                     bool (*is_member)(uint32_t value, uint32_t wanted), uint32_t wanted)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t to = i + 1 < n ? (runs[i + 1] >> 8) - 1 : PP_RUNE_MAX;
        if (is_member(runs[i] & 0xff, wanted)) add_range(a, set, runs[i] >> 8, to);
    }
}

static bool in_categories(uint32_t category, uint32_t set) { return (1u << category & set) != 0; }

static bool is_script(uint32_t script, uint32_t wanted) { return script == wanted; }

static void add_categories(struct pp_arena *a, struct pp_rune_set *set, uint32_t categories)
{
    size_t n;
    const uint32_t *runs = pp_unicode_runs(&n);
    add_runs(a, set, runs, n, in_categories, categories);
}

static uint32_t script_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT(script_names); i++) {
        if (*script_names[i] && strcmp(script_names[i], name) == 0) return (uint32_t)i + 1;
    }
    return 0;
}

static const char *category_by_alias(const char *name)
{
    for (size_t i = 0; i < COUNT(aliases); i++) {
        if (strcmp(aliases[i].name, name) == 0) return aliases[i].category;
    }
    return NULL;
}

static int compare_ranges(const void *x, const void *y)
{
    const struct pp_rune_range *a = x, *b = y;
    return a->from < b->from ? -1 : a->from > b->from;
}

static void merge_overlaps(struct pp_rune_set *set)
{
    qsort(set->p, set->n, sizeof *set->p, compare_ranges);
    size_t kept = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct pp_rune_range *last = kept ? &set->p[kept - 1] : NULL;
        if (!last || set->p[i].from > last->to + 1)
            set->p[kept++] = set->p[i];
        else if (set->p[i].to > last->to)
            last->to = set->p[i].to;
    }
    set->n = kept;
}

static void add_folds(struct pp_arena *a, struct pp_rune_set *set, const char *name)
{
    for (size_t i = 0; i < COUNT(folds); i++) {
        if (strcmp(folds[i].name, name) == 0) add_range(a, set, folds[i].from, folds[i].to);
    }
    if (strcmp(name, "Ascii") == 0) {
        add_range(a, set, 0x17f, 0x17f);   /* long s */
        add_range(a, set, 0x212a, 0x212a); /* the Kelvin sign */
    }
    merge_overlaps(set);
}

bool pp_regex_named_set(struct pp_arena *a, pp_str loose_name, bool fold_case, struct pp_rune_set *ret_set)
{
    char buf[NAME_MAX_BYTES];
    if (!canonical_name(loose_name, buf)) return false;
    const char *name = strcmp(buf, "Lc") == 0 ? "LC" : buf;
    struct pp_rune_set set = {0};
    if (strcmp(name, "Any") == 0) {
        add_range(a, &set, 0, PP_RUNE_MAX);
    } else if (strcmp(name, "Assigned") == 0) {
        add_categories(a, &set, ~(1u << PP_UNICODE_CN));
    } else if (strcmp(name, "Ascii") == 0) {
        add_range(a, &set, 0, 0x7f);
    } else if (script_by_name(name)) {
        add_runs(a, &set, script_runs, COUNT(script_runs), is_script, script_by_name(name));
    } else {
        if (!pp_unicode_category_set(name)) name = category_by_alias(name);
        if (!name) return false;
        add_categories(a, &set, pp_unicode_category_set(name));
    }
    set.exact_case = strcmp(name, "LC") == 0; /* Go has no fold table for it */
    if (fold_case && !set.exact_case) add_folds(a, &set, name);
    *ret_set = set;
    return true;
}

static void put_range(struct pp_out *o, uint32_t from, uint32_t to)
{
    pp_out_fmt(o, from == to ? "\\x{%x}" : "\\x{%x}-\\x{%x}", from, to);
}

void pp_regex_put_set(struct pp_out *o, const struct pp_rune_set *set, bool complement)
{
    uint32_t next = 0;
    for (size_t i = 0; i < set->n; i++) {
        struct pp_rune_range r = set->p[i];
        if (!complement)
            put_range(o, r.from, r.to);
        else if (r.from > next)
            put_range(o, next, r.from - 1);
        next = r.to + 1;
    }
    if (complement && next <= PP_RUNE_MAX) put_range(o, next, PP_RUNE_MAX);
}
