// SPDX-License-Identifier: Apache-2.0
#include "profile/sample_index.h"

#include "base/gonum.h"
#include "base/goquote.h"

static bool find_type(const struct pp_profile *p, pp_str type, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < p->n_types; i++) {
        if (!pp_str_eq(pp_profile_str(p, p->types[i].type), type)) continue;
        *ret_index = i;
        return true;
    }
    return false;
}

static enum pp_code fail_unknown(const struct pp_profile *p, pp_str name, struct pp_err *err)
{
    struct pp_arena a = {0};
    struct pp_out o;
    pp_out_to_memory(&o, &a);
    pp_out_c(&o, "sample_index ");
    pp_go_quote(&o, name);
    pp_out_c(&o, " must be one of: [");
    for (uint32_t i = 0; i < p->n_types; i++) {
        if (i) pp_out_char(&o, ' ');
        pp_out_str(&o, pp_profile_str(p, p->types[i].type));
    }
    pp_out_char(&o, ']');
    enum pp_code c = pp_fail(err, PP_E_USAGE, "%.*s", PP_FMT(pp_out_bytes(&o)));
    pp_arena_release(&a);
    return c;
}

/* Go tries each type against both spellings in turn. */
static bool find_either(const struct pp_profile *p, pp_str name, pp_str short_name, uint32_t *ret_index)
{
    uint32_t i, k;
    bool full = find_type(p, name, &i), brief = find_type(p, short_name, &k);
    if (full || brief) *ret_index = !brief || (full && i < k) ? i : k;
    return full || brief;
}

enum pp_code pp_sample_index(const struct pp_profile *p, pp_str name, uint32_t *ret_index, struct pp_err *err)
{
    const pp_str inuse = PP_STR("inuse_");
    int64_t index;
    if (!p->n_types) return pp_fail(err, PP_E_EMPTY, "profile has no samples");
    if (!name.n) {
        if (!p->default_type || !find_type(p, pp_profile_str(p, p->default_type), ret_index))
            *ret_index = p->n_types - 1;
        return PP_OK;
    }
    if (pp_go_parse_int(name, 10, 64, &index) == PP_GO_NUM_OK) {
        if (index < 0 || index >= p->n_types)
            return pp_fail(err, PP_E_USAGE, "sample_index %.*s is outside the range [0..%u]", PP_FMT(name),
                           p->n_types - 1);
        *ret_index = (uint32_t)index;
        return PP_OK;
    }
    pp_str brief = pp_str_has_prefix(name, inuse) ? pp_str_from(name, inuse.n) : name;
    return find_either(p, name, brief, ret_index) ? PP_OK : fail_unknown(p, name, err);
}
