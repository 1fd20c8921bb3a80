// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include <string.h>

/* Rust's older names: identifiers with escapes ($LT$ ...) and a hash, dressed as a nested C++ name. */

static int hex_value(char c)
{
    if (dm_is_digit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 16 hex digits of at least 5 kinds: a C++ name is hardly like that. */
static bool is_hash(const char *p)
{
    unsigned kinds = 0;
    for (int i = 0; i < 16; i++) {
        int v = hex_value(p[i]);
        if (v < 0) return false;
        kinds |= 1u << v;
    }
    return __builtin_popcount(kinds) >= 5;
}

/* The escape at the start of s: its length and what it means; 0 when it is none. */
static size_t read_escape(pp_str s, char *ret)
{
    static const char codes[][3] = {"SP", "BP", "RF", "LT", "GT", "LP", "RP"};
    if (s.n > 2 && s.p[1] == 'C' && s.p[2] == '$') {
        *ret = ',';
        return 3;
    }
    if (s.n > 4 && s.p[1] == 'u' && s.p[4] == '$') {
        int high = hex_value(s.p[2]), low = hex_value(s.p[3]);
        if (high < 2 || high > 7 || low < 0) return 0;
        *ret = (char)(high << 4 | low);
        return 5;
    }
    for (size_t i = 0; s.n > 3 && s.p[3] == '$' && i < sizeof codes / sizeof codes[0]; i++) {
        if (memcmp(s.p + 1, codes[i], 2) != 0) continue;
        *ret = "@*&<>()"[i];
        return 4;
    }
    return 0;
}

static void write_escaped(struct dm_printer *out, pp_str id)
{
    if (pp_str_has_prefix(id, PP_STR("_$"))) id = pp_str_from(id, 1);
    while (id.n) {
        char c = id.p[0];
        size_t n = 1;
        if (c == '$') {
            n = read_escape(id, &c);
            if (!n) { /* unknown: the rest as it is */
                dm_write_str(out, id);
                return;
            }
        } else if (c == '.' && id.n > 1 && id.p[1] == '.') {
            dm_write_byte(out, ':');
            c = ':';
            n = 2;
        }
        dm_write_byte(out, c);
        id = pp_str_from(id, n);
    }
}

/* <length> ["_"] <identifier>; false at anything else. The '_' counts as part of the length. */
static bool next_identifier(pp_str *rest, pp_str *ret)
{
    int32_t n = 0;
    size_t at = 0;
    for (; at < rest->n && dm_is_digit(rest->p[at]); at++) {
        int32_t digit = rest->p[at] - '0';
        if (n >= INT32_MAX / 10 - digit) return false;
        n = n * 10 + digit;
    }
    if (!at) return false;
    if (at < rest->n && rest->p[at] == '_') {
        at++;
        n--;
    }
    if (n < 0 || (size_t)n > rest->n - at) return false;
    *ret = (pp_str){rest->p + at, (size_t)n};
    *rest = pp_str_from(*rest, at + (size_t)n);
    return true;
}

/* _ZN {<identifier>} 17h <16 hex digits> E [. suffix] */
bool pp_dm_rust_legacy(struct dm_pool *pool, pp_str s, pp_str *ret)
{
    for (size_t i = s.n; i-- > 1;) {
        if (s.p[i] != '.' || s.p[i - 1] != 'E') continue;
        s.n = i;
        break;
    }
    if (s.n <= 23 || s.p[s.n - 1] != 'E' || memcmp(s.p + s.n - 20, "17h", 3) != 0 || !is_hash(s.p + s.n - 17))
        return false;
    pp_str rest = pp_str_sub(s, 3, s.n - 20), id;
    struct dm_printer out = {.pool = pool};
    while (rest.n) {
        if (!next_identifier(&rest, &id)) return false;
        if (out.n) DM_WRITE(&out, "::");
        write_escaped(&out, id);
    }
    if (out.failed) return false;
    *ret = (pp_str){out.buf, out.n};
    return true;
}
