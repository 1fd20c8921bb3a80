// SPDX-License-Identifier: Apache-2.0
#include "base/gomath.h"
#include "profile/labels.h"
#include "profile/merge.h"
#include "profile/rewrite.h"
#include "profile/units.h"
#include "profile/value_types.h"

enum pp_code pp_profile_combine(struct pp_arena *a, struct pp_profile **profiles, size_t n,
                                struct pp_profile **ret_profile, struct pp_err *err)
{
    if (!n) return pp_fail(err, PP_E_EMPTY, "no profiles to merge");
    enum pp_code c = pp_value_types_reduce(profiles, n, err);
    if (c || (c = pp_value_types_unify_units(profiles, n, err))) return c;
    if (n > 1) return pp_profile_merge(a, profiles, n, ret_profile, err);
    *ret_profile = profiles[0];
    return PP_OK;
}

enum pp_code pp_profile_subtract(struct pp_arena *a, struct pp_profile *source, struct pp_profile *base,
                                 const struct pp_base_options *opt, struct pp_profile **ret_profile, struct pp_err *err)
{
    if (opt->diff_base) pp_labels_set(base, PP_STR(PP_LABEL_DIFF_BASE), PP_STR("true"));
    if (opt->normalize) {
        enum pp_code c = pp_profile_normalize(source, base, err);
        if (c) return c;
    }
    pp_profile_scale(base, -1);
    return pp_profile_combine(a, (struct pp_profile *[]){source, base}, 2, ret_profile, err);
}

static bool all_ones(const double *ratios, uint32_t n)
{
    for (uint32_t t = 0; t < n; t++)
        if (ratios[t] != 1) return false;
    return true;
}

void pp_profile_scale_n(struct pp_profile *p, const double *ratios)
{
    if (all_ones(ratios, p->n_types)) return;
    struct pp_rewrite w;
    pp_rewrite_begin(&w, p);
    int64_t *scaled = PP_NEW_N(p->arena, int64_t, p->n_types);
    for (uint32_t i = 0; i < w.n_old; i++) {
        uint64_t n;
        const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
        bool any = false;
        for (uint32_t t = 0; t < p->n_types; t++) {
            scaled[t] = w.old_values[t][i];
            if (ratios[t] == 1) continue;
            scaled[t] = pp_units_int(pp_go_round((double)scaled[t] * ratios[t]));
            any |= scaled[t] != 0;
        }
        if (!any) continue;
        pp_rewrite_keep(&w, i, stack, n);
        for (uint32_t t = 0; t < p->n_types; t++)
            p->values[t][w.n - 1] = scaled[t];
    }
    pp_rewrite_end(&w);
}

void pp_profile_scale(struct pp_profile *p, double ratio)
{
    double *ratios = PP_NEW_N(p->arena, double, p->n_types);
    for (uint32_t t = 0; t < p->n_types; t++)
        ratios[t] = ratio;
    pp_profile_scale_n(p, ratios);
}

static int64_t total(const struct pp_profile *p, uint32_t type)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->n_samples; i++)
        sum += (uint64_t)p->values[type][i];
    return (int64_t)sum;
}

enum pp_code pp_profile_normalize(struct pp_profile *p, const struct pp_profile *base, struct pp_err *err)
{
    enum pp_code c = pp_value_types_check_equal(p, base, err);
    if (c) return c;
    double *ratios = PP_NEW_N(p->arena, double, p->n_types);
    for (uint32_t t = 0; t < p->n_types; t++) {
        int64_t own = total(p, t);
        ratios[t] = own ? (double)total(base, t) / (double)own : 0;
    }
    pp_profile_scale_n(p, ratios);
    return PP_OK;
}
