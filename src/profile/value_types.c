// SPDX-License-Identifier: Apache-2.0
#include "profile/value_types.h"

#include "base/goquote.h"
#include "base/hash.h"
#include "base/out.h"
#include "base/vec.h"
#include "profile/merge.h"
#include "profile/units.h"

static pp_str type_text(const struct pp_profile *p, uint32_t t) { return pp_profile_str(p, p->types[t].type); }

/* The names of types, each once. */
struct names {
    struct pp_arena *a;
    PP_VEC(struct name {
        pp_str text;
        size_t count;
        uint32_t first; /* type that has it */
    })
    all;
    struct pp_hash index;
};

static struct name *find_name(const struct names *n, pp_str text)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&n->index, pp_hash_str(text)); pp_hash_next(&pr, &i);)
        if (pp_str_eq(n->all.p[i].text, text)) return &n->all.p[i];
    return NULL;
}

static void add_names(struct names *n, const struct pp_profile *p)
{
    for (uint32_t t = 0; t < p->n_types; t++) {
        struct name *known = find_name(n, type_text(p, t));
        if (known) {
            known->count++;
            continue;
        }
        pp_hash_add(n->a, &n->index, pp_hash_str(type_text(p, t)), (uint32_t)n->all.n);
        *PP_PUSH(n->a, &n->all) = (struct name){type_text(p, t), 1, t};
    }
}

static enum pp_code fail_missing(pp_str type, struct pp_err *err)
{
    struct pp_arena a = {0};
    pp_str quoted = pp_go_quoted(&a, type);
    enum pp_code c = pp_fail(err, PP_E_FORMAT, "%.*s sample type is not found in profile", PP_FMT(quoted));
    pp_arena_release(&a);
    return c;
}

static enum pp_code reduce_one(struct pp_profile *p, const pp_str *keep, uint32_t n, struct pp_err *err)
{
    uint32_t *from = PP_NEW_N(p->arena, uint32_t, n);
    bool changes = n != p->n_types;
    pp_str default_type = keep[0];
    struct names names = {.a = p->arena};
    add_names(&names, p);
    for (uint32_t i = 0; i < n; i++) {
        if (pp_str_eq(keep[i], pp_profile_str(p, p->default_type))) default_type = keep[i];
        const struct name *known = find_name(&names, keep[i]);
        if (!known) return fail_missing(keep[i], err);
        from[i] = known->first;
        changes |= from[i] != i;
    }
    if (!changes) return PP_OK;
    struct pp_value_type *types = PP_NEW_N(p->arena, struct pp_value_type, n);
    int64_t **values = PP_NEW_N(p->arena, int64_t *, n);
    for (uint32_t i = 0; i < n; i++) {
        types[i] = p->types[from[i]];
        values[i] = p->values[from[i]];
    }
    p->default_type = pp_profile_intern(p, default_type);
    p->types = types;
    p->values = values;
    p->n_types = n;
    return PP_OK;
}

enum pp_code pp_value_types_reduce(struct pp_profile **profiles, size_t n, struct pp_err *err)
{
    const struct pp_profile *first = profiles[0];
    pp_str *keep = PP_NEW_N(first->arena, pp_str, first->n_types);
    uint32_t n_keep = 0;
    struct names names = {.a = first->arena};
    for (size_t i = 0; i < n; i++)
        add_names(&names, profiles[i]);
    for (uint32_t t = 0; t < first->n_types; t++)
        if (find_name(&names, type_text(first, t))->count == n) keep[n_keep++] = type_text(first, t);
    if (!n_keep) return pp_fail(err, PP_E_FORMAT, "profiles have empty common sample type list");
    for (size_t i = 0; i < n; i++) {
        enum pp_code c = reduce_one(profiles[i], keep, n_keep, err);
        if (c) return c;
    }
    return PP_OK;
}

/* ---- units ---- */

struct kind {
    pp_str type, unit;
};

static struct kind kind_of(const struct pp_profile *p, struct pp_value_type t)
{
    return (struct kind){pp_profile_str(p, t.type), pp_profile_str(p, t.unit)};
}

/* Makes *finest the finer of both. */
static enum pp_code take_finer(struct kind *finest, struct kind k, struct pp_err *err)
{
    if (!pp_units_compatible(finest->type, finest->unit, k.type, k.unit))
        return pp_fail(err, PP_E_FORMAT, "incompatible types: {%.*s %.*s 0 0} {%.*s %.*s 0 0}", PP_FMT(finest->type),
                       PP_FMT(finest->unit), PP_FMT(k.type), PP_FMT(k.unit));
    if (pp_units_scale(1, k.unit, finest->unit, NULL) < 1) *finest = k;
    return PP_OK;
}

static enum pp_code find_period_unit(struct pp_profile **profiles, size_t n, pp_str *ret_unit, struct pp_err *err)
{
    struct kind finest = kind_of(profiles[0], profiles[0]->period_type);
    for (size_t i = 1; i < n; i++)
        if (take_finer(&finest, kind_of(profiles[i], profiles[i]->period_type), err))
            return pp_within(err, "period type");
    *ret_unit = finest.unit;
    return PP_OK;
}

/* *ret_units: the finest unit of each type. */
static enum pp_code find_units(struct pp_profile **profiles, size_t n, pp_str *units, struct pp_err *err)
{
    for (uint32_t t = 0; t < profiles[0]->n_types; t++) {
        struct kind finest = kind_of(profiles[0], profiles[0]->types[t]);
        for (size_t i = 1; i < n; i++)
            if (take_finer(&finest, kind_of(profiles[i], profiles[i]->types[t]), err))
                return pp_within(err, "sample types");
        units[t] = finest.unit;
    }
    return PP_OK;
}

static void convert(struct pp_profile *p, pp_str period_unit, const pp_str *units)
{
    double *ratios = PP_NEW_N(p->arena, double, p->n_types);
    p->period = pp_units_int(pp_units_scale(p->period, pp_profile_str(p, p->period_type.unit), period_unit, NULL));
    p->period_type.unit = pp_profile_intern(p, period_unit);
    for (uint32_t t = 0; t < p->n_types; t++) {
        ratios[t] = pp_units_scale(1, pp_profile_str(p, p->types[t].unit), units[t], NULL);
        p->types[t].unit = pp_profile_intern(p, units[t]);
    }
    pp_profile_scale_n(p, ratios);
}

enum pp_code pp_value_types_unify_units(struct pp_profile **profiles, size_t n, struct pp_err *err)
{
    if (n < 2) return PP_OK;
    pp_str period_unit, *units = PP_NEW_N(profiles[0]->arena, pp_str, profiles[0]->n_types);
    struct pp_err local;
    if (!err) err = &local;
    enum pp_code c = find_period_unit(profiles, n, &period_unit, err);
    if (c) return c;
    for (size_t i = 1; i < n; i++)
        if (profiles[i]->n_types != profiles[0]->n_types)
            return pp_fail(err, PP_E_FORMAT, "inconsistent samples type count: %u != %u", profiles[0]->n_types,
                           profiles[i]->n_types);
    if ((c = find_units(profiles, n, units, err))) return c;
    for (size_t i = 0; i < n; i++)
        convert(profiles[i], period_unit, units);
    return PP_OK;
}

/* ---- comparison ---- */

static bool same_kind(const struct pp_profile *a, struct pp_value_type x, const struct pp_profile *b,
                      struct pp_value_type y)
{
    return pp_str_eq(pp_profile_str(a, x.type), pp_profile_str(b, y.type)) &&
           pp_str_eq(pp_profile_str(a, x.unit), pp_profile_str(b, y.unit));
}

static pp_str types_list(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (uint32_t t = 0; t < p->n_types; t++) {
        struct kind k = kind_of(p, p->types[t]);
        pp_out_fmt(&o, "%s%.*s/%.*s", t ? " " : "", PP_FMT(k.type), PP_FMT(k.unit));
    }
    return pp_out_bytes(&o);
}

/* google/pprof prints addresses here. */
static enum pp_code fail_types(const struct pp_profile *a, const struct pp_profile *b, struct pp_err *err)
{
    struct pp_arena scratch = {0};
    pp_str x = types_list(&scratch, a), y = types_list(&scratch, b);
    enum pp_code c = pp_fail(err, PP_E_FORMAT, "incompatible sample types [%.*s] and [%.*s]", PP_FMT(x), PP_FMT(y));
    pp_arena_release(&scratch);
    return c;
}

enum pp_code pp_value_types_check_equal(const struct pp_profile *a, const struct pp_profile *b, struct pp_err *err)
{
    if (!same_kind(a, a->period_type, b, b->period_type)) {
        struct kind x = kind_of(a, a->period_type), y = kind_of(b, b->period_type);
        return pp_fail(err, PP_E_FORMAT, "incompatible period types &{%.*s %.*s 0 0} and &{%.*s %.*s 0 0}",
                       PP_FMT(x.type), PP_FMT(x.unit), PP_FMT(y.type), PP_FMT(y.unit));
    }
    if (a->n_types != b->n_types) return fail_types(a, b, err);
    for (uint32_t t = 0; t < a->n_types; t++)
        if (!same_kind(a, a->types[t], b, b->types[t])) return fail_types(a, b, err);
    return PP_OK;
}

/* google/pprof converts even between equal units, and "auto" is never itself. */
static bool stays(const struct pp_profile *p, struct pp_value_type t)
{
    pp_str unit = pp_profile_str(p, t.unit);
    return pp_units_scale(1, unit, unit, NULL) == 1;
}

static bool has_double_name(const struct pp_profile *p)
{
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, p->arena->oom);
    struct names names = {.a = &scratch};
    add_names(&names, p);
    bool is_double = names.all.n != p->n_types;
    pp_arena_release(&scratch);
    return is_double;
}

bool pp_value_types_alike(const struct pp_profile *a, const struct pp_profile *b)
{
    struct pp_err ignored;
    if (!a->n_types || !stays(a, a->period_type) || pp_value_types_check_equal(a, b, &ignored)) return false;
    for (uint32_t t = 0; t < a->n_types; t++)
        if (!stays(a, a->types[t])) return false;
    return !has_double_name(a);
}
