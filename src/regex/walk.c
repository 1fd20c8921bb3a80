// SPDX-License-Identifier: Apache-2.0
#include "base/out.h"
#include "base/utf8.h"
#include "regex/regex.h"

bool pp_regex_next(const struct pp_regex *r, pp_str subject, struct pp_regex_walk *w, struct pp_span *ret_groups,
                   size_t n_groups)
{
    struct pp_span whole;
    if (n_groups == 0) {
        ret_groups = &whole;
        n_groups = 1;
    }
    while (!w->done && w->at <= subject.n) {
        if (!pp_regex_find(r, subject, w->at, ret_groups, n_groups)) break;
        struct pp_span match = ret_groups[0];
        bool accept = true;
        if (match.to == w->at) { /* empty; one right behind the last match does not count */
            size_t width;
            accept = w->last_end_plus1 != match.from + 1;
            pp_utf8_decode(pp_str_from(subject, w->at), &width);
            w->at += width > 0 ? width : 1;
        } else {
            w->at = match.to;
        }
        w->last_end_plus1 = match.to + 1;
        if (accept) return true;
    }
    w->done = true;
    return false;
}

static bool is_name(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The number behind "$": $1, ${1}; a name or a malformed one is not found. Returns the bytes it takes; 0: none. */
static size_t take_reference(pp_str t, size_t *ret_group)
{
    bool braces = t.n > 1 && t.p[1] == '{';
    size_t from = braces ? 2 : 1, to = from;
    while (to < t.n && is_name(t.p[to]))
        to++;
    if (to == from || (braces && (to >= t.n || t.p[to] != '}'))) return 0;
    uint64_t n;
    pp_str name = pp_str_sub(t, from, to);
    bool leading_zero = name.n > 1 && name.p[0] == '0';
    *ret_group = !leading_zero && name.n < 9 && pp_str_to_u64(name, 10, &n) ? (size_t)n : PP_NOT_FOUND;
    return to + (braces ? 1 : 0);
}

static void put_expanded(struct pp_out *o, pp_str subject, pp_str t, const struct pp_span *groups, size_t n_groups)
{
    while (t.n > 0) {
        size_t dollar = pp_str_find_byte(t, '$');
        if (dollar == PP_NOT_FOUND) break;
        pp_out_str(o, pp_str_sub(t, 0, dollar));
        t = pp_str_from(t, dollar);
        size_t group = PP_NOT_FOUND, used = t.n > 1 && t.p[1] == '$' ? 2 : take_reference(t, &group);
        if (used == 2 && t.p[1] == '$') {
            pp_out_char(o, '$');
        } else if (used == 0) {
            pp_out_char(o, '$');
            used = 1;
        } else if (group < n_groups && groups[group].from != PP_NOT_FOUND) {
            pp_out_str(o, pp_str_sub(subject, groups[group].from, groups[group].to));
        }
        t = pp_str_from(t, used);
    }
    pp_out_str(o, t);
}

pp_str pp_regex_replace_all(struct pp_arena *a, const struct pp_regex *r, pp_str subject, pp_str replacement)
{
    size_t n_groups = pp_regex_groups(r) + 1, done = 0;
    struct pp_arena scratch = {.oom = a->oom};
    struct pp_span *groups = PP_NEW_N(&scratch, struct pp_span, n_groups);
    struct pp_regex_walk w = {0};
    struct pp_out o;
    pp_out_to_memory(&o, &scratch);
    while (groups && pp_regex_next(r, subject, &w, groups, n_groups)) {
        pp_out_str(&o, pp_str_sub(subject, done, groups[0].from));
        put_expanded(&o, subject, replacement, groups, n_groups);
        done = groups[0].to;
    }
    pp_out_str(&o, pp_str_from(subject, done));
    pp_str text = pp_arena_dup(a, pp_out_bytes(&o));
    pp_arena_release(&scratch);
    return text;
}
