// SPDX-License-Identifier: Apache-2.0
#include "tool/web/query.h"

#include <stdlib.h>

#include "base/gopath.h"
#include "base/out.h"
#include "tool/configure.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool unescape(struct pp_arena *a, pp_str s, bool plus_is_blank, pp_str *ret)
{
    char *to = pp_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = high >= 0 ? hex(s.p[i + 2]) : -1;
            if (low < 0) return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        to[n++] = c;
    }
    *ret = (pp_str){to, n};
    return true;
}

static void parse_pairs(struct pp_arena *a, struct pp_query *q)
{
    pp_str rest = q->raw, part, name, value;
    while (pp_str_next(&rest, '&', &part)) {
        struct pp_query_pair pair;
        if (!part.n || pp_str_find_byte(part, ';') != PP_NOT_FOUND) continue;
        pp_str_cut(part, '=', &name, &value);
        if (unescape(a, name, true, &pair.name) && unescape(a, value, true, &pair.value)) *PP_PUSH(a, &q->pairs) = pair;
    }
}

bool pp_target_parse(struct pp_arena *a, pp_str target, pp_str *ret_path, struct pp_query *ret_query)
{
    struct pp_query q = {0};
    pp_str path;
    pp_str_cut(target, '?', &path, &q.raw);
    if (!unescape(a, path, false, &path)) return false;
    parse_pairs(a, &q);
    *ret_path = path;
    *ret_query = q;
    return true;
}

pp_str pp_query_get(const struct pp_query *q, const char *name)
{
    for (size_t i = 0; i < q->pairs.n; i++)
        if (pp_str_eq_c(q->pairs.p[i].name, name)) return q->pairs.p[i].value;
    return PP_STR("");
}

pp_str pp_target_clean(struct pp_arena *a, pp_str path)
{
    pp_str rooted = pp_str_has_prefix(path, PP_STR("/")) ? path : pp_arena_join(a, PP_STR("/"), path);
    pp_str clean = pp_go_path_clean(a, rooted);
    return pp_str_has_suffix(rooted, PP_STR("/")) && clean.n > 1 ? pp_arena_join(a, clean, PP_STR("/")) : clean;
}

static void put_escaped(struct pp_out *o, pp_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '_' || c == '.' || c == '~';
        if (plain)
            pp_out_char(o, (char)c);
        else if (c == ' ')
            pp_out_char(o, '+');
        else
            pp_out_fmt(o, "%%%02X", c);
    }
}

pp_str pp_query_escape(struct pp_arena *a, pp_str s)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    put_escaped(&o, s);
    return pp_out_bytes(&o);
}

enum pp_code pp_query_configure(struct pp_arena *a, const struct pp_query *q, struct pp_config *cfg, struct pp_err *err)
{
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        pp_str value = pp_vars[i].url ? pp_query_get(q, pp_vars[i].url) : PP_STR("");
        if (value.n && pp_configure(a, cfg, pp_str_c(pp_vars[i].name), value, err))
            return pp_within(err, "error setting config field %s", pp_vars[i].name);
    }
    return PP_OK;
}

/* What the URL says of a variable: "" for its default, t or f. */
static pp_str url_value(struct pp_arena *a, const struct pp_config *cfg, const struct pp_var *var)
{
    pp_str value = pp_config_text(a, cfg, var);
    if (pp_str_eq(value, pp_config_text(a, &pp_config_default, var))) return PP_STR("");
    return var->type == PP_TYPE_BOOL ? pp_str_sub(value, 0, 1) : value;
}

static int by_name(const void *x, const void *y)
{
    const struct pp_query_pair *a = x, *b = y;
    int c = pp_str_cmp(a->name, b->name);
    return c ? c : a < b ? -1 : 1;
}

static void set(struct pp_arena *a, struct pp_query *q, pp_str name, pp_str value)
{
    size_t n = 0;
    for (size_t i = 0; i < q->pairs.n; i++)
        if (!pp_str_eq(q->pairs.p[i].name, name)) q->pairs.p[n++] = q->pairs.p[i];
    q->pairs.n = n;
    if (value.n) *PP_PUSH(a, &q->pairs) = (struct pp_query_pair){name, value};
}

pp_str pp_query_of_config(struct pp_arena *a, const struct pp_query *q, const struct pp_config *cfg, bool *ret_changed)
{
    struct pp_query to = {0};
    struct pp_out o;
    *ret_changed = false;
    for (size_t i = 0; i < q->pairs.n; i++)
        *PP_PUSH(a, &to.pairs) = q->pairs.p[i];
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        if (!pp_vars[i].url || !pp_vars[i].saved) continue;
        pp_str value = url_value(a, cfg, &pp_vars[i]);
        if (pp_str_eq(pp_query_get(q, pp_vars[i].url), value)) continue;
        *ret_changed = true;
        set(a, &to, pp_str_c(pp_vars[i].url), value);
    }
    pp_out_to_memory(&o, a);
    pp_out_char(&o, '?');
    if (!*ret_changed) {
        pp_out_str(&o, q->raw);
        return pp_out_bytes(&o);
    }
    qsort(to.pairs.p, to.pairs.n, sizeof *to.pairs.p, by_name);
    for (size_t i = 0; i < to.pairs.n; i++) {
        if (i) pp_out_char(&o, '&');
        put_escaped(&o, to.pairs.p[i].name);
        pp_out_char(&o, '=');
        put_escaped(&o, to.pairs.p[i].value);
    }
    return pp_out_bytes(&o);
}
