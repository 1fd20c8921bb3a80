// SPDX-License-Identifier: Apache-2.0
#include "tool/configure.h"

#include <string.h>

#include "base/gonum.h"
#include "base/goquote.h"

const struct pp_var *pp_var_find(pp_str name)
{
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_str_eq_c(name, pp_vars[i].name)) return &pp_vars[i];
    return NULL;
}

static const struct pp_choice *find_choice(pp_str name)
{
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        if (pp_str_eq_c(name, pp_choices[i].name)) return &pp_choices[i];
    return NULL;
}

bool pp_configurable(pp_str name) { return pp_var_find(name) || find_choice(name); }

bool pp_configurable_alone(pp_str name)
{
    const struct pp_var *var = pp_var_find(name);
    return var ? var->type == PP_TYPE_BOOL : find_choice(name) != NULL;
}

/* More words than Go's flags take, and "" is true. */
static bool read_bool(pp_str s, bool *ret_value)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "1", ""}, *const no[] = {"false", "f", "no", "n", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (pp_str_eq_nocase(s, pp_str_c(yes[i]))) return *ret_value = true;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (!pp_str_eq_nocase(s, pp_str_c(no[i]))) continue;
        *ret_value = false;
        return true;
    }
    return false;
}

static enum pp_code set_choice(const struct pp_var *var, pp_str value, pp_str *ret_value, struct pp_err *err)
{
    const struct pp_choice *choice = find_choice(value);
    if (choice && !strcmp(choice->group, var->name)) {
        *ret_value = pp_str_c(choice->name);
        return PP_OK;
    }
    struct pp_arena a = {0};
    pp_str quoted = pp_go_quoted(&a, value);
    enum pp_code c = pp_fail(err, PP_E_USAGE, "invalid \"%s\" value %.*s", var->name, PP_FMT(quoted));
    pp_arena_release(&a);
    return c;
}

static enum pp_code set_bool(pp_str value, bool *ret_value, struct pp_err *err)
{
    if (read_bool(value, ret_value)) return PP_OK;
    return pp_fail(err, PP_E_USAGE, "illegal value \"%.*s\" for bool variable", PP_FMT(value));
}

static enum pp_code set_int(pp_str value, int64_t *ret_value, struct pp_err *err)
{
    int64_t v;
    enum pp_go_num kind = pp_go_parse_int(value, 10, 64, &v);
    if (kind) return pp_go_num_fail(err, kind, "Atoi", value);
    *ret_value = v;
    return PP_OK;
}

static enum pp_code set_float(pp_str value, double *ret_value, struct pp_err *err)
{
    double v;
    enum pp_go_num kind = pp_go_parse_float(value, &v);
    if (kind) return pp_go_num_fail(err, kind, "ParseFloat", value);
    *ret_value = v;
    return PP_OK;
}

static enum pp_code set_var(struct pp_arena *a, struct pp_config *cfg, const struct pp_var *var, pp_str value,
                            struct pp_err *err)
{
    void *field = (char *)cfg + var->offset;
    switch (var->type) {
    case PP_TYPE_BOOL: return set_bool(value, field, err);
    case PP_TYPE_INT: return set_int(value, field, err);
    case PP_TYPE_FLOAT: return set_float(value, field, err);
    case PP_TYPE_CHOICE: return set_choice(var, value, field, err);
    case PP_TYPE_STR: break;
    }
    *(pp_str *)field = pp_arena_dup(a, value);
    return PP_OK;
}

enum pp_code pp_configure(struct pp_arena *a, struct pp_config *cfg, pp_str name, pp_str value, struct pp_err *err)
{
    const struct pp_var *var = pp_var_find(name);
    if (var) return set_var(a, cfg, var, value, err);
    const struct pp_choice *choice = find_choice(name);
    bool on;
    if (choice && pp_go_parse_bool(value, &on) && on)
        return set_var(a, cfg, pp_var_find(pp_str_c(choice->group)), name, err);
    struct pp_arena quoting = {0};
    enum pp_code c = pp_fail(err, PP_E_USAGE, "unknown config field %.*s", PP_FMT(pp_go_quoted(&quoting, name)));
    pp_arena_release(&quoting);
    return c;
}

pp_str pp_config_text(struct pp_arena *a, const struct pp_config *cfg, const struct pp_var *var)
{
    const void *field = (const char *)cfg + var->offset;
    char buf[PP_GO_FLOAT_MAX];
    switch (var->type) {
    case PP_TYPE_BOOL: return *(const bool *)field ? PP_STR("true") : PP_STR("false");
    case PP_TYPE_INT: return pp_arena_fmt(a, "%lld", (long long)*(const int64_t *)field);
    case PP_TYPE_FLOAT: return pp_arena_dup(a, (pp_str){buf, pp_go_float(buf, *(const double *)field, 'g', -1)});
    case PP_TYPE_STR:
    case PP_TYPE_CHOICE: break;
    }
    return *(const pp_str *)field;
}
