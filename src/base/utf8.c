// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

static bool continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* The bounds of the second byte refuse long forms, surrogates and runes above U+10FFFF. */
static uint32_t decode_wide(pp_str s, size_t *ret_width)
{
    const unsigned char *p = (const unsigned char *)s.p;
    *ret_width = 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < 2) return PP_RUNE_ERROR;
    if (p[0] < 0xe0) {
        if (!continues(s.p[1])) return PP_RUNE_ERROR;
        *ret_width = 2;
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    }
    unsigned low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high || s.n < 3 || !continues(s.p[2])) return PP_RUNE_ERROR;
    if (p[0] < 0xf0) {
        *ret_width = 3;
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    }
    if (s.n < 4 || !continues(s.p[3])) return PP_RUNE_ERROR;
    *ret_width = 4;
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

uint32_t pp_utf8_decode(pp_str s, size_t *ret_width)
{
    if (s.n == 0) {
        *ret_width = 0;
        return PP_RUNE_ERROR;
    }
    if ((unsigned char)s.p[0] < 0x80) {
        *ret_width = 1;
        return (unsigned char)s.p[0];
    }
    return decode_wide(s, ret_width);
}

size_t pp_utf8_encode(char buf[PP_UTF8_MAX], uint32_t r)
{
    if (r < 0x80) {
        buf[0] = (char)r;
        return 1;
    }
    if (r < 0x800) {
        buf[0] = (char)(0xc0 | r >> 6);
        buf[1] = (char)(0x80 | (r & 0x3f));
        return 2;
    }
    if (r > PP_RUNE_MAX || (r >= 0xd800 && r < 0xe000)) r = PP_RUNE_ERROR;
    size_t at = 0;
    if (r < 0x10000) {
        buf[at++] = (char)(0xe0 | r >> 12);
    } else {
        buf[at++] = (char)(0xf0 | r >> 18);
        buf[at++] = (char)(0x80 | (r >> 12 & 0x3f));
    }
    buf[at++] = (char)(0x80 | (r >> 6 & 0x3f));
    buf[at++] = (char)(0x80 | (r & 0x3f));
    return at;
}

bool pp_utf8_valid(pp_str s)
{
    size_t at = 0;
    while (at < s.n) {
        if ((unsigned char)s.p[at] < 0x80) {
            at++;
            continue;
        }
        size_t width;
        pp_utf8_decode(pp_str_from(s, at), &width);
        if (width == 1) return false;
        at += width;
    }
    return true;
}

size_t pp_utf8_count(pp_str s)
{
    size_t count = 0, width;
    for (size_t at = 0; at < s.n; at += width, count++)
        pp_utf8_decode(pp_str_from(s, at), &width);
    return count;
}

pp_str pp_utf8_first(pp_str s, size_t n)
{
    size_t at = 0, width;
    for (; n > 0 && at < s.n; at += width, n--)
        pp_utf8_decode(pp_str_from(s, at), &width);
    return pp_str_sub(s, 0, at);
}

/* Go: unicode.IsSpace. */
bool pp_rune_is_space(uint32_t r)
{
    if (r < 0x80) return r == ' ' || (r >= '\t' && r <= '\r');
    return r == 0x85 || r == 0xa0 || r == 0x1680 || (r >= 0x2000 && r <= 0x200a) || r == 0x2028 || r == 0x2029 ||
           r == 0x202f || r == 0x205f || r == 0x3000;
}

/* Width of the last rune if it is white space, else 0. */
static size_t last_space(pp_str s)
{
    for (size_t k = 1; k <= PP_UTF8_MAX && k <= s.n; k++) {
        size_t width;
        uint32_t r = pp_utf8_decode(pp_str_from(s, s.n - k), &width);
        if (width == k && pp_rune_is_space(r)) return k;
    }
    return 0;
}

pp_str pp_utf8_trim(pp_str s)
{
    size_t width;
    while (s.n && pp_rune_is_space(pp_utf8_decode(s, &width)))
        s = pp_str_from(s, width);
    while ((width = last_space(s)) != 0)
        s.n -= width;
    return s;
}
