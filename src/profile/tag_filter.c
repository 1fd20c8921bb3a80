// SPDX-License-Identifier: Apache-2.0
#include "profile/tag_filter.h"

#include <math.h>

#include "base/gonum.h"
#include "base/out.h"
#include "base/vec.h"
#include "profile/units.h"
#include "regex/regex.h"

#define REMEMBERED_MAX 65536 /* texts per pattern; labels with more different values are tried each time */

struct answer {
    pp_string_id key, str;
    bool matches;
};

struct pattern {
    struct pp_regex *re;
    struct pp_hash index;
    PP_VEC(struct answer) answers;
};

struct pp_tag_filter {
    struct pp_arena *a;
    const struct pp_profile *p;
    const struct pp_label_units *units;
    bool has_key;
    pp_string_id key; /* PP_NONE: no label has it */
    bool is_range;
    double from, to; /* in `unit`, both included */
    pp_str unit;
    PP_VEC(struct pattern) patterns;
    struct pp_out text;
};

/* ---- ranges ---- */

/* A number with an optional unit in the text, as found by ([+-]?[[:digit:]]+)([[:alpha:]]+)? */
struct amount {
    size_t from, to;
    pp_str number, unit;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* The leftmost one at or behind `at`. */
static bool find_amount(pp_str s, size_t at, struct amount *ret)
{
    while (at < s.n && !is_digit(s.p[at]))
        at++;
    if (at == s.n) return false;
    size_t from = at;
    while (at < s.n && is_digit(s.p[at]))
        at++;
    size_t digits_end = at;
    while (at < s.n && is_alpha(s.p[at]))
        at++;
    *ret = (struct amount){from, at, pp_str_sub(s, from, digits_end), pp_str_sub(s, digits_end, at)};
    return true;
}

/* The same with the sign in front, when it isn't before `at`. */
static bool find_signed_amount(pp_str s, size_t at, struct amount *ret)
{
    if (!find_amount(s, at, ret)) return false;
    if (ret->from > at && (s.p[ret->from - 1] == '+' || s.p[ret->from - 1] == '-')) {
        ret->from--;
        ret->number = (pp_str){ret->number.p - 1, ret->number.n + 1};
    }
    return true;
}

static enum pp_code parse_number(pp_str s, int64_t *ret_value, struct pp_err *err)
{
    enum pp_go_num kind = pp_go_parse_int(s, 10, 64, ret_value);
    if (!kind) return PP_OK;
    pp_go_num_fail(err, kind, "ParseInt", s);
    return pp_within(err, "failed to parse int %.*s", PP_FMT(s));
}

/* Where the rest of the text puts the only amount: alone, "x:" or ":x". */
static bool bounds_of_one(struct pp_tag_filter *f, pp_str s, const struct amount *x, double v)
{
    bool at_start = x->from == 0, at_end = x->to == s.n;
    f->from = f->to = v;
    if (at_start && at_end) return true;
    if (at_start && x->to + 1 == s.n && s.p[x->to] == ':')
        f->to = INFINITY;
    else if (at_end && x->from == 1 && s.p[0] == ':')
        f->from = -INFINITY;
    else
        return false;
    return true;
}

/* Sets f->is_range when s is a range. */
static enum pp_code parse_range(struct pp_tag_filter *f, pp_str s, struct pp_err *err)
{
    struct amount x, y;
    int64_t v;
    enum pp_code c;
    if (!find_signed_amount(s, 0, &x)) return PP_OK;
    if ((c = parse_number(x.number, &v, err))) return c;
    double first = pp_units_scale(v, x.unit, x.unit, &f->unit);
    if (!find_signed_amount(s, x.to, &y)) {
        f->is_range = bounds_of_one(f, s, &x, first);
        return PP_OK;
    }
    if (x.from != 0 || y.to != s.n || y.from != x.to + 1 || s.p[x.to] != ':') return PP_OK;
    if ((c = parse_number(y.number, &v, err))) return c;
    pp_str unit;
    f->from = first;
    f->to = pp_units_scale(v, y.unit, f->unit, &unit);
    f->is_range = pp_str_eq(unit, f->unit);
    return PP_OK;
}

static bool match_range(struct pp_tag_filter *f, const struct pp_label *l, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!l[i].is_num || (f->has_key && l[i].key != f->key)) continue;
        pp_str unit;
        double v = pp_units_scale(l[i].num, pp_label_unit(f->p, f->units, l[i].key), f->unit, &unit);
        if (pp_str_eq(unit, f->unit) && v >= f->from && v <= f->to) return true;
    }
    return false;
}

/* ---- patterns ---- */

static bool try_pattern(struct pp_tag_filter *f, struct pattern *t, const struct pp_label *l)
{
    if (f->has_key) return pp_regex_match(t->re, pp_profile_str(f->p, l->str));
    f->text.n = 0;
    pp_out_str(&f->text, pp_profile_str(f->p, l->key));
    pp_out_char(&f->text, ':');
    pp_out_str(&f->text, pp_profile_str(f->p, l->str));
    return pp_regex_match(t->re, pp_out_bytes(&f->text));
}

static bool match_label(struct pp_tag_filter *f, struct pattern *t, const struct pp_label *l)
{
    uint64_t hash = pp_hash_u64((uint64_t)l->key << 32 | l->str);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->index, hash); pp_hash_next(&pr, &i);)
        if (t->answers.p[i].key == l->key && t->answers.p[i].str == l->str) return t->answers.p[i].matches;
    bool matches = try_pattern(f, t, l);
    if (t->answers.n < REMEMBERED_MAX) {
        pp_hash_add(f->a, &t->index, hash, (uint32_t)t->answers.n);
        *PP_PUSH(f->a, &t->answers) = (struct answer){l->key, l->str, matches};
    }
    return matches;
}

static bool match_pattern(struct pp_tag_filter *f, struct pattern *t, const struct pp_label *l, size_t n)
{
    for (size_t i = 0; i < n && !l[i].is_num; i++)
        if ((!f->has_key || l[i].key == f->key) && match_label(f, t, &l[i])) return true;
    return false;
}

bool pp_tag_filter_match(struct pp_tag_filter *f, const struct pp_label *l, size_t n)
{
    if (f->is_range) return match_range(f, l, n);
    size_t matched = 0;
    for (size_t i = 0; i < f->patterns.n; i++) {
        bool m = match_pattern(f, &f->patterns.p[i], l, n);
        if (f->has_key ? m : !m) return f->has_key;
        matched += m;
    }
    return !f->has_key && matched == f->patterns.n;
}

static enum pp_code compile_patterns(struct pp_tag_filter *f, const char *option, pp_str list, struct pp_err *err)
{
    pp_str one = list, rest;
    for (bool more = true; more; list = rest) {
        struct pattern *t = PP_PUSH(f->a, &f->patterns);
        more = pp_str_cut(list, ',', &one, &rest);
        *t = (struct pattern){0};
        if (pp_regex_compile(f->a, one, &t->re, err)) return pp_within(err, "parsing %s regexp", option);
    }
    return PP_OK;
}

enum pp_code pp_tag_filter_new(struct pp_arena *a, const struct pp_profile *p, const struct pp_label_units *units,
                               const char *option, pp_str expression, pp_say say, void *ctx,
                               struct pp_tag_filter **ret_filter, struct pp_err *err)
{
    *ret_filter = NULL;
    if (!expression.n) return PP_OK;
    struct pp_tag_filter *f = PP_NEW(a, struct pp_tag_filter);
    pp_str key, value;
    f->a = a;
    f->p = p;
    f->units = units;
    pp_out_to_memory(&f->text, a);
    if (!pp_str_cut(expression, '=', &key, &value)) {
        value = expression;
        key = (pp_str){"", 0};
    }
    f->has_key = key.n > 0;
    if (f->has_key) f->key = pp_profile_find_string(p, key);
    enum pp_code c = parse_range(f, value, err);
    if (c) return c;
    if (f->is_range)
        say(ctx, pp_arena_fmt(a, "%s:Interpreted '%.*s' as range, not regexp", option, PP_FMT(value)));
    else if ((c = compile_patterns(f, option, value, err))) {
        pp_tag_filter_free(f);
        return c;
    }
    *ret_filter = f;
    return PP_OK;
}

void pp_tag_filter_free(struct pp_tag_filter *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->patterns.n; i++)
        pp_regex_free(f->patterns.p[i].re);
}
