// SPDX-License-Identifier: Apache-2.0
#include "endpoint/number.h"

static bool is_digits(pp_str s, unsigned base)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 99;
        if (d >= base) return false;
    }
    return s.n > 0;
}

/* Digits that all fit base: too large a number is the limit. */
static uint64_t digits_value(pp_str s, unsigned base)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (unsigned char)s.p[i];
        unsigned d = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (v > (UINT64_MAX - d) / base) return UINT64_MAX;
        v = v * base + d;
    }
    return v;
}

bool pp_endpoint_parse_int(pp_str s, int64_t *ret_value)
{
    bool minus = s.n && s.p[0] == '-';
    pp_str digits = s.n && (minus || s.p[0] == '+') ? pp_str_from(s, 1) : s;
    *ret_value = 0;
    if (!is_digits(digits, 10)) return false;
    uint64_t v = digits_value(digits, 10), limit = (uint64_t)INT64_MAX + minus;
    bool fits = v <= limit;
    if (!fits) v = limit;
    *ret_value = minus ? (int64_t)(0 - v) : (int64_t)v;
    return fits;
}

uint64_t pp_endpoint_parse_address(pp_str s)
{
    unsigned base = 10;
    size_t prefix = 0;
    if (s.n >= 2 && s.p[0] == '0') {
        char c = (char)(s.p[1] | 0x20);
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        prefix = c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
    }
    pp_str digits = pp_str_from(s, prefix);
    return is_digits(digits, base) ? digits_value(digits, base) : 0;
}
