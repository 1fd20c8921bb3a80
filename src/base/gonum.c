// SPDX-License-Identifier: Apache-2.0
#include "base/gonum.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/gomath.h"
#include "base/goquote.h"

#define DIGITS_EXACT 15  /* a decimal with so many digits survives the way through a double */
#define DIGITS_ALWAYS 17 /* so many tell every double from its neighbours */

/* v as d.ddde±xx with `digits` significant digits; true when that reads back as v. */
static bool scientific(char buf[40], double v, int digits)
{
    snprintf(buf, 40, "%.*e", digits - 1, v);
    return strtod(buf, NULL) == v;
}

/* At a power of two the interval that reads back as v reaches twice as far up as down: the nearest decimal may lie
 * outside below while the next one above is inside. */
static bool scientific_above(char buf[40], double v, int digits)
{
    int exponent;
    if (pp_go_frexp(fabs(v), &exponent) != 0.5) return false;
    char *e = strchr(buf, 'e');
    char *p = e - 1;
    while (p > buf && (*p == '9' || *p == '.')) {
        if (*p == '9') *p = '0';
        p--;
    }
    if (*p < '0' || *p > '8') return false; /* 9.99: the next decade has fewer digits, tried before */
    (*p)++;
    return digits > 1 && strtod(buf, NULL) == v;
}

/* The shortest digits that read back as v; of equally short ones the nearest to v. Returns their number. */
static int shortest_digits(char buf[40], double v)
{
    int from = fabs(v) < 0x1p-1022 ? 1 : DIGITS_EXACT; /* subnormals have fewer significant bits */
    for (int digits = from; digits < DIGITS_ALWAYS; digits++) {
        if (scientific(buf, v, digits) || scientific_above(buf, v, digits)) return digits;
    }
    scientific(buf, v, DIGITS_ALWAYS);
    return DIGITS_ALWAYS;
}

/* Takes "-d.ddde±xx" apart: digits without point and trailing zeros, and the exponent of the first. */
static size_t split_scientific(const char *text, char digits[20], int *ret_exponent)
{
    size_t n = 0;
    for (; *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9') digits[n++] = *text;
    }
    *ret_exponent = (int)strtol(text + 1, NULL, 10);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

/* The digits with the first at 10^exponent, and zeros up to the units. */
static size_t put_positional(char *buf, const char *digits, int n, int exponent)
{
    size_t at = 0;
    if (exponent < 0) {
        buf[at++] = '0';
        buf[at++] = '.';
        for (int i = exponent + 1; i < 0; i++)
            buf[at++] = '0';
    }
    for (int i = 0; i < n || i <= exponent; i++) {
        if (i > 0 && i == exponent + 1) buf[at++] = '.';
        buf[at++] = i < n ? digits[i] : '0';
    }
    buf[at] = 0;
    return at;
}

static size_t shortest(char buf[PP_GO_FLOAT_MAX], double v, char verb)
{
    char text[40], digits[20];
    shortest_digits(text, v);
    int exponent, n = (int)split_scientific(text, digits, &exponent);
    size_t sign = signbit(v) ? 1 : 0;
    buf[0] = '-';
    if (verb == 'f' || (verb == 'g' && exponent >= -4 && exponent < 6))
        return sign + put_positional(buf + sign, digits, n, exponent);
    return sign + pp_fmt(buf + sign, PP_GO_FLOAT_MAX - sign, "%c%s%.*se%c%02d", digits[0], n > 1 ? "." : "", n - 1,
                         digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
}

size_t pp_go_float(char buf[PP_GO_FLOAT_MAX], double v, char verb, int precision)
{
    if (isnan(v)) return pp_fmt(buf, PP_GO_FLOAT_MAX, "NaN");
    if (isinf(v)) return pp_fmt(buf, PP_GO_FLOAT_MAX, v < 0 ? "-Inf" : "+Inf");
    if (precision < 0) return shortest(buf, v, verb);
    if (precision > 60) precision = 60;
    const char format[] = {'%', '.', '*', verb, 0};
    return (size_t)snprintf(buf, PP_GO_FLOAT_MAX, format, precision, v);
}

static char lower(char c) { return (char)(c | ('x' - 'X')); }

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    if (lower(c) >= 'a' && lower(c) <= 'z') return (unsigned)(lower(c) - 'a') + 10;
    return 255;
}

/* "_" only between digits or after a base prefix. */
static bool underscores_ok(pp_str s)
{
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) s = pp_str_from(s, 1);
    bool hex = false;
    char before = '^';
    size_t i = 0;
    if (s.n >= 2 && s.p[0] == '0' && memchr("box", lower(s.p[1]), 3)) {
        i = 2;
        before = '0';
        hex = lower(s.p[1]) == 'x';
    }
    for (; i < s.n; i++) {
        if (digit_of(s.p[i]) < (hex ? 16 : 10)) {
            before = '0';
        } else if (s.p[i] == '_') {
            if (before != '0') return false;
            before = '_';
        } else {
            if (before == '_') return false;
            before = '!';
        }
    }
    return before != '_';
}

static unsigned take_prefix(pp_str *s)
{
    if (s->p[0] != '0') return 10;
    char letter = s->n >= 3 ? lower(s->p[1]) : 0;
    unsigned base = letter == 'b' ? 2 : letter == 'o' || letter == 'x' ? (letter == 'o' ? 8 : 16) : 0;
    *s = pp_str_from(*s, base ? 2 : 1);
    return base ? base : 8;
}

enum pp_go_num pp_go_parse_uint(pp_str s, unsigned base, unsigned bits, uint64_t *ret_value)
{
    *ret_value = 0;
    if (s.n == 0) return PP_GO_NUM_SYNTAX;
    pp_str whole = s;
    bool by_prefix = base == 0, underscores = false;
    if (by_prefix) base = take_prefix(&s);
    uint64_t max = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1, n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_' && by_prefix) {
            underscores = true;
            continue;
        }
        unsigned d = digit_of(s.p[i]);
        if (d >= base) return PP_GO_NUM_SYNTAX;
        if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, d, &n) || n > max) {
            *ret_value = max;
            return PP_GO_NUM_RANGE;
        }
    }
    if (underscores && !underscores_ok(whole)) return PP_GO_NUM_SYNTAX;
    *ret_value = n;
    return PP_GO_NUM_OK;
}

enum pp_go_num pp_go_parse_int(pp_str s, unsigned base, unsigned bits, int64_t *ret_value)
{
    *ret_value = 0;
    if (s.n == 0) return PP_GO_NUM_SYNTAX;
    bool negative = s.p[0] == '-';
    if (negative || s.p[0] == '+') s = pp_str_from(s, 1);
    uint64_t n;
    if (pp_go_parse_uint(s, base, bits, &n) == PP_GO_NUM_SYNTAX) return PP_GO_NUM_SYNTAX;
    uint64_t limit = UINT64_C(1) << (bits - 1);
    if (!negative && n >= limit) {
        *ret_value = (int64_t)(limit - 1);
        return PP_GO_NUM_RANGE;
    }
    *ret_value = (int64_t)(negative ? 0 - (n > limit ? limit : n) : n);
    return negative && n > limit ? PP_GO_NUM_RANGE : PP_GO_NUM_OK;
}

static bool parse_special(pp_str s, double *ret_value)
{
    if (pp_str_eq_nocase(s, PP_STR("nan"))) {
        *ret_value = (double)NAN;
        return true;
    }
    bool negative = s.n > 0 && s.p[0] == '-';
    if (negative || (s.n > 0 && s.p[0] == '+')) s = pp_str_from(s, 1);
    if (!pp_str_eq_nocase(s, PP_STR("inf")) && !pp_str_eq_nocase(s, PP_STR("infinity"))) return false;
    *ret_value = negative ? -(double)INFINITY : (double)INFINITY;
    return true;
}

/* Go's grammar of floats; strtod alone takes more (white space, "0x1", "nan(...)") and no "_". */
static bool float_syntax(pp_str s, bool *ret_underscores)
{
    size_t i = s.n > 0 && (s.p[0] == '+' || s.p[0] == '-') ? 1 : 0;
    bool hex = i + 2 < s.n && s.p[i] == '0' && lower(s.p[i + 1]) == 'x', dot = false, digits = false;
    *ret_underscores = false;
    if (hex) i += 2;
    for (; i < s.n; i++) {
        if (s.p[i] == '_') {
            *ret_underscores = true;
        } else if (s.p[i] == '.') {
            if (dot) return false;
            dot = true;
        } else if (digit_of(s.p[i]) < (hex ? 16 : 10)) {
            digits = true;
        } else {
            break;
        }
    }
    if (!digits) return false;
    if (i == s.n) return !hex;
    if (lower(s.p[i]) != (hex ? 'p' : 'e')) return false;
    i++;
    if (i < s.n && (s.p[i] == '+' || s.p[i] == '-')) i++;
    if (i >= s.n || digit_of(s.p[i]) > 9) return false;
    for (; i < s.n; i++) {
        if (s.p[i] == '_')
            *ret_underscores = true;
        else if (digit_of(s.p[i]) > 9)
            return false;
    }
    return true;
}

enum pp_go_num pp_go_parse_float(pp_str s, double *ret_value)
{
    *ret_value = 0;
    if (parse_special(s, ret_value)) return PP_GO_NUM_OK;
    bool underscores;
    if (!float_syntax(s, &underscores) || (underscores && !underscores_ok(s))) return PP_GO_NUM_SYNTAX;
    char small[128], *text = s.n < sizeof small ? small : malloc(s.n + 1);
    if (!text) return PP_GO_NUM_RANGE;
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '_') text[n++] = s.p[i];
    }
    text[n] = 0;
    *ret_value = strtod(text, NULL);
    if (text != small) free(text);
    return isinf(*ret_value) ? PP_GO_NUM_RANGE : PP_GO_NUM_OK;
}

bool pp_go_parse_bool(pp_str s, bool *ret_value)
{
    static const char *const words[] = {"0", "f", "F", "false", "FALSE", "False",
                                        "1", "t", "T", "true",  "TRUE",  "True"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!pp_str_eq_c(s, words[i])) continue;
        *ret_value = i >= 6;
        return true;
    }
    return false;
}

enum pp_code pp_go_num_fail(struct pp_err *err, enum pp_go_num kind, const char *fn, pp_str s)
{
    struct pp_arena a = {0};
    struct pp_out o;
    pp_out_to_memory(&o, &a);
    pp_go_quote(&o, s);
    pp_str quoted = pp_out_bytes(&o);
    enum pp_code code = pp_fail(err, PP_E_USAGE, "strconv.%s: parsing %.*s: %s", fn, PP_FMT(quoted),
                                kind == PP_GO_NUM_RANGE ? "value out of range" : "invalid syntax");
    pp_arena_release(&a);
    return code;
}
