// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include <string.h>

/* RFC 3492 as Rust uses it: the digits are a-z0-9, and a '_' stands between the ASCII letters and the encoded part. */

#define PUNYCODE_MAX 4096 /* bytes: letters are inserted one by one */

static int punycode_digit(char c)
{
    if (dm_is_digit(c)) return c - '0' + 26;
    if (dm_is_upper(c)) return c - 'A';
    return dm_is_lower(c) ? c - 'a' : -1;
}

static int64_t punycode_bias(int64_t delta, int64_t n_points, bool first)
{
    delta /= first ? 700 : 2;
    delta += delta / n_points;
    int64_t k = 0;
    for (; delta > (36 - 1) * 26 / 2; k += 36)
        delta /= 36 - 1;
    return k + (36 - 1 + 1) * delta / (delta + 38);
}

/* One generalized integer added to *i; false when it is malformed. */
static bool punycode_delta(const char **p, const char *end, int64_t bias, int64_t *i)
{
    int64_t w = 1;
    for (int64_t k = 36;; k += 36) {
        if (*p == end) return false;
        int digit = punycode_digit(*(*p)++);
        if (digit < 0) return false;
        *i += digit * w;
        int64_t t = k <= bias ? 1 : k > bias + 26 ? 26 : k - bias;
        if (digit < t) return true;
        if (w >= INT32_MAX / 36) return false;
        w *= 36 - t;
    }
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((0xf00 >> n & 0xff) | c);
    return n;
}

/* The code points of an identifier; false when it is malformed. */
static bool punycode_points(pp_str id, uint32_t *points, size_t *ret_n)
{
    size_t split = pp_str_rfind_byte(id, '_'), n = 0;
    const char *p = id.p, *end = id.p + id.n;
    if (split != PP_NOT_FOUND) {
        while (n < split)
            points[n++] = (unsigned char)*p++;
        p++;
    }
    int64_t i = 0, code = 128, bias = 72;
    while (p < end) {
        int64_t old = i, n_points = (int64_t)n + 1;
        if (!punycode_delta(&p, end, bias, &i)) return false;
        bias = punycode_bias(i - old, n_points, old == 0);
        code += i / n_points;
        i %= n_points;
        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
        memmove(points + i + 1, points + i, (n - (size_t)i) * sizeof points[0]);
        points[i++] = (uint32_t)code;
        n++;
    }
    *ret_n = n;
    return true;
}

bool pp_dm_punycode(struct dm_pool *pool, pp_str id, pp_str *ret)
{
    if (id.n > PUNYCODE_MAX) return false;
    uint32_t *points = dm_alloc(pool, (id.n + 1) * sizeof points[0]);
    size_t n = 0, len = 0;
    if (!points || !punycode_points(id, points, &n)) return false;
    char *text = dm_alloc(pool, n * 4 + 1);
    if (!text) return false;
    for (size_t i = 0; i < n; i++)
        len += put_utf8(text + len, points[i]);
    *ret = (pp_str){text, len};
    return true;
}
