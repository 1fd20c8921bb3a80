// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <string.h>

pp_str pp_str_c(const char *c)
{
    return (pp_str){c ? c : "", c ? strlen(c) : 0};
}

bool pp_str_eq(pp_str a, pp_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool pp_str_eq_c(pp_str a, const char *b)
{
    return pp_str_eq(a, pp_str_c(b));
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool pp_str_eq_nocase(pp_str a, pp_str b)
{
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i])) return false;
    return true;
}

int pp_str_cmp(pp_str a, pp_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c) return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool pp_str_has_prefix(pp_str s, pp_str prefix)
{
    return s.n >= prefix.n && pp_str_eq((pp_str){s.p, prefix.n}, prefix);
}

bool pp_str_has_suffix(pp_str s, pp_str suffix)
{
    return s.n >= suffix.n && pp_str_eq((pp_str){s.p + (s.n - suffix.n), suffix.n}, suffix);
}

size_t pp_str_find(pp_str s, pp_str sub)
{
    if (sub.n == 0) return 0;
    for (size_t i = 0; i + sub.n <= s.n; i++) {
        const char *hit = memchr(s.p + i, sub.p[0], s.n - sub.n + 1 - i);
        if (!hit) return PP_NOT_FOUND;
        i = (size_t)(hit - s.p);
        if (memcmp(hit, sub.p, sub.n) == 0) return i;
    }
    return PP_NOT_FOUND;
}

size_t pp_str_find_byte(pp_str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : PP_NOT_FOUND;
}

size_t pp_str_rfind_byte(pp_str s, char c)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c) return i - 1;
    return PP_NOT_FOUND;
}

bool pp_str_contains(pp_str s, pp_str sub)
{
    return pp_str_find(s, sub) != PP_NOT_FOUND;
}

pp_str pp_str_from(pp_str s, size_t from)
{
    return pp_str_sub(s, from, s.n);
}

pp_str pp_str_sub(pp_str s, size_t from, size_t to)
{
    if (to > s.n) to = s.n;
    if (from > to) from = to;
    return (pp_str){from ? s.p + from : s.p, to - from}; /* NULL + 0 is undefined */
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

pp_str pp_str_trim(pp_str s)
{
    while (s.n && is_space(s.p[0])) s = pp_str_from(s, 1);
    while (s.n && is_space(s.p[s.n - 1])) s.n--;
    return s;
}

pp_str pp_str_base(pp_str path)
{
    if (path.n == 0) return PP_STR(".");
    while (path.n > 1 && path.p[path.n - 1] == '/') path.n--;
    if (path.n == 1) return path;
    size_t slash = pp_str_rfind_byte(path, '/');
    return slash == PP_NOT_FOUND ? path : pp_str_from(path, slash + 1);
}

bool pp_str_cut(pp_str s, char sep, pp_str *ret_before, pp_str *ret_after)
{
    size_t at = pp_str_find_byte(s, sep);
    bool found = at != PP_NOT_FOUND;
    *ret_before = found ? pp_str_sub(s, 0, at) : s;
    *ret_after = found ? pp_str_from(s, at + 1) : (pp_str){s.p + s.n, 0};
    return found;
}

bool pp_str_next(pp_str *rest, char sep, pp_str *ret_field)
{
    if (!rest->p) return false;
    pp_str field, after;
    bool more = pp_str_cut(*rest, sep, &field, &after);
    *ret_field = field;
    *rest = more ? after : (pp_str){NULL, 0};
    return true;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

bool pp_str_to_u64(pp_str s, unsigned base, uint64_t *ret_value)
{
    if (s.n == 0) return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)digit_value(s.p[i]);
        if (d >= base || v > (UINT64_MAX - d) / base) return false;
        v = v * base + d;
    }
    *ret_value = v;
    return true;
}
