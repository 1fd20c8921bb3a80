// SPDX-License-Identifier: Apache-2.0
#include "tool/goflag.h"

#include "base/gonum.h"
#include "base/goquote.h"

static const struct pp_flag *find(const struct pp_flag *flags, size_t n, pp_str name)
{
    for (size_t i = 0; i < n; i++)
        if (pp_str_eq_c(name, flags[i].name)) return &flags[i];
    return NULL;
}

/* NULL: fine; else what Go says about it. */
static const char *set(const struct pp_flag *f, pp_str value)
{
    enum pp_go_num kind = PP_GO_NUM_OK;
    switch (f->type) {
    case PP_TYPE_BOOL:
        if (!pp_go_parse_bool(value, f->value)) return "parse error";
        break;
    case PP_TYPE_INT: kind = pp_go_parse_int(value, 0, 64, f->value); break;
    case PP_TYPE_FLOAT: kind = pp_go_parse_float(value, f->value); break;
    case PP_TYPE_STR:
    case PP_TYPE_CHOICE:
        *(pp_str *)f->value = value;
        if (f->all) f->all->p[f->all->n++] = value;
        break;
    }
    if (kind == PP_GO_NUM_SYNTAX) return "parse error";
    return kind == PP_GO_NUM_RANGE ? "value out of range" : NULL;
}

static enum pp_code refuse_value(const char *what, const char *joint, pp_str value, pp_str name, const char *why,
                                 struct pp_err *err)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, NULL);
    pp_str quoted = pp_go_quoted(&a, value);
    enum pp_code c =
        pp_fail(err, PP_E_USAGE, "invalid %s %.*s for %s-%.*s: %s", what, PP_FMT(quoted), joint, PP_FMT(name), why);
    pp_arena_release(&a);
    return c;
}

/* One flag at argv[*i]; moves *i behind it. */
static enum pp_code parse_one(const struct pp_flag *flags, size_t n, int argc, char **argv, int *i, struct pp_err *err)
{
    pp_str word = pp_str_c(argv[(*i)++]);
    pp_str name = pp_str_from(word, word.p[1] == '-' ? 2 : 1), value;
    if (!name.n || name.p[0] == '-' || name.p[0] == '=')
        return pp_fail(err, PP_E_USAGE, "bad flag syntax: %.*s", PP_FMT(word));
    bool has_value = pp_str_cut(name, '=', &name, &value);
    const struct pp_flag *f = find(flags, n, name);
    if (!f && (pp_str_eq_c(name, "help") || pp_str_eq_c(name, "h"))) return PP_E_NOTFOUND;
    if (!f) return pp_fail(err, PP_E_USAGE, "flag provided but not defined: -%.*s", PP_FMT(name));
    if (f->type == PP_TYPE_BOOL) {
        const char *why = set(f, has_value ? value : PP_STR("true"));
        return why ? refuse_value("boolean value", "", value, name, why, err) : PP_OK;
    }
    if (!has_value && *i >= argc) return pp_fail(err, PP_E_USAGE, "flag needs an argument: -%.*s", PP_FMT(name));
    if (!has_value) value = pp_str_c(argv[(*i)++]);
    const char *why = set(f, value);
    return why ? refuse_value("value", "flag ", value, name, why, err) : PP_OK;
}

enum pp_code pp_goflag_parse(const struct pp_flag *flags, size_t n_flags, int argc, char **argv, int *ret_first,
                             struct pp_err *err)
{
    int i = 0;
    while (i < argc && argv[i][0] == '-' && argv[i][1]) {
        if (pp_str_eq_c(pp_str_c(argv[i]), "--")) {
            i++;
            break;
        }
        enum pp_code c = parse_one(flags, n_flags, argc, argv, &i, err);
        if (c) return c;
    }
    *ret_first = i;
    return PP_OK;
}
