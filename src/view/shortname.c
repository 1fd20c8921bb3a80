// SPDX-License-Identifier: Apache-2.0
#include "view/shortname.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

static bool is_word(char c) /* \w */ { return is_digit(c) || is_lower(c) || is_upper(c) || c == '_'; }

static char at(pp_str s, size_t i) /* '\0' behind the end: in none of the classes above */
{
    return i < s.n ? s.p[i] : '\0';
}

/* The end of the line that begins at `from`: what .* takes. */
static size_t line_end(pp_str s, size_t from)
{
    while (from < s.n && s.p[from] != '\n')
        from++;
    return from;
}

/* ^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$ -> $1$2: the first "/vN" before a dot or slash leaves. */
static pp_str drop_module_version(pp_str s, struct pp_arena *a)
{
    if (line_end(s, 0) != s.n) return s;
    for (size_t i = 0; i + 3 < s.n; i++) {
        if (s.p[i] != '/' || s.p[i + 1] != 'v' || at(s, i + 2) == '0') continue;
        size_t end = i + 2;
        while (is_digit(at(s, end)))
            end++;
        size_t digits = end - i - 2;
        if (!digits || (digits == 1 && s.p[i + 2] == '1')) continue;
        if (at(s, end) != '.' && at(s, end) != '/') continue;
        return pp_arena_join(a, pp_str_sub(s, 0, i), pp_str_from(s, end));
    }
    return s;
}

/* ^(?:[\w\-\.]+\/)+([^.]+\..+): from the last path element on that is followed by a dot and something. */
static bool match_go(pp_str s, pp_str *ret)
{
    size_t end = 0; /* of the longest run of path elements */
    for (size_t i = 0, from = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '/') {
            if (i == from) break;
            end = from = i + 1;
        } else if (!is_word(c) && c != '-' && c != '.') {
            break;
        }
    }
    while (end) {
        size_t dot = end;
        while (dot < s.n && s.p[dot] != '.')
            dot++;
        size_t stop = dot < s.n ? line_end(s, dot + 1) : dot;
        if (dot > end && dot < s.n && stop > dot + 1) {
            *ret = pp_str_sub(s, end, stop);
            return true;
        }
        for (end--; end && s.p[end - 1] != '/';)
            end--; /* one element less */
    }
    return false;
}

/* ^(?:[a-z]\w*\.)*([A-Z][\w\$]*\.(?:<init>|[a-z][\w\$]*(?:\$\d+)?))(?:(?:\()|$) */
static bool match_java(pp_str s, pp_str *ret)
{
    size_t i = 0;
    while (is_lower(at(s, i))) {
        while (is_word(at(s, i)))
            i++;
        if (at(s, i) != '.') return false;
        i++;
    }
    size_t from = i;
    if (!is_upper(at(s, i))) return false;
    while (is_word(at(s, i)) || at(s, i) == '$')
        i++;
    if (at(s, i++) != '.') return false;
    if (pp_str_has_prefix(pp_str_from(s, i), PP_STR("<init>")))
        i += 6;
    else if (is_lower(at(s, i)))
        while (is_word(at(s, i)) || at(s, i) == '$')
            i++;
    else
        return false;
    if (i < s.n && s.p[i] != '(') return false;
    *ret = pp_str_sub(s, from, i);
    return true;
}

/* The end of [_a-zA-Z]\w* at i; i itself when there is none. */
static size_t identifier_end(pp_str s, size_t i)
{
    if (is_digit(at(s, i))) return i;
    while (is_word(at(s, i)))
        i++;
    return i;
}

/* _*[A-Z]\w* */
static bool is_class_name(pp_str s, size_t i)
{
    while (at(s, i) == '_')
        i++;
    return is_upper(at(s, i));
}

/* Behind "::": ~?[_a-zA-Z]\w*(?:<.*>)?; 0: no method there. */
static size_t method_end(pp_str s, size_t i)
{
    if (at(s, i) == '~') i++;
    size_t end = identifier_end(s, i);
    if (end == i) return 0;
    if (at(s, end) != '<') return end;
    size_t close = line_end(s, end);
    while (close > end && s.p[close - 1] != '>')
        close--;
    return close > end ? close : end;
}

/* ^(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?): the last class name that has a namespace and a method. */
static bool match_cpp(pp_str s, pp_str *ret)
{
    bool found = false;
    for (size_t i = 0, end, n = 0; (end = identifier_end(s, i)) > i && at(s, end) == ':' && at(s, end + 1) == ':';
         i = end + 2, n++) {
        size_t method = n && is_class_name(s, i) ? method_end(s, end + 2) : 0;
        if (!method) continue;
        *ret = pp_str_sub(s, i, method);
        found = true;
    }
    return found;
}

pp_str pp_short_name(struct pp_arena *a, pp_str name)
{
    const pp_str anonymous = PP_STR("(anonymous namespace)::");
    if (pp_str_has_prefix(name, anonymous)) name = pp_str_from(name, anonymous.n);
    name = drop_module_version(name, a);
    pp_str s;
    if (match_go(name, &s) || match_java(name, &s) || match_cpp(name, &s)) return s;
    return name;
}
