// SPDX-License-Identifier: Apache-2.0
#include "base/fmt.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct directive {
    bool left, zero, plus, space, alt;
    int width;
    int precision; /* -1: none */
    bool slice;    /* the precision came as an argument: of %s, exactly that many bytes */
    int length;    /* 'H' hh, 'h', 'l', 'L' ll, 'z', 't', 'j' or 0 */
    char verb;
};

struct sink {
    void (*emit)(void *ctx, const char *p, size_t n);
    void *ctx;
    size_t total;
};

static void put(struct sink *s, const char *p, size_t n)
{
    if (n) s->emit(s->ctx, p, n);
    s->total += n;
}

static void put_pad(struct sink *s, char c, int n)
{
    static const char blanks[] = "                                ", zeros[] = "00000000000000000000000000000000";
    while (n > 0) {
        int step = n < 32 ? n : 32;
        put(s, c == '0' ? zeros : blanks, (size_t)step);
        n -= step;
    }
}

static int parse_number(const char **f)
{
    int v = 0;
    while (**f >= '0' && **f <= '9' && v < 100000) v = v * 10 + (*(*f)++ - '0');
    return v;
}

static void parse_flags(const char **f, struct directive *d)
{
    for (;; (*f)++) {
        switch (**f) {
        case '-': d->left = true; break;
        case '0': d->zero = true; break;
        case '+': d->plus = true; break;
        case ' ': d->space = true; break;
        case '#': d->alt = true; break;
        default: return;
        }
    }
}

static void parse_length(const char **f, struct directive *d)
{
    char c = **f;
    if (!c || !strchr("hlztj", c)) return;
    (*f)++;
    d->length = c;
    if ((c == 'h' || c == 'l') && **f == c) {
        (*f)++;
        d->length = c == 'h' ? 'H' : 'L';
    }
}

/* Digits of v from the end of tmp backwards; returns their start. */
static char *digits(char *end, uintmax_t v, unsigned base, bool upper)
{
    const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        *--end = set[v % base];
        v /= base;
    } while (v);
    return end;
}

static void put_number(struct sink *s, const struct directive *d, uintmax_t v, bool negative, unsigned base)
{
    char tmp[72], sign[3];
    int n_sign = 0;
    char *end = tmp + sizeof tmp, *p = digits(end, v, base, d->verb == 'X');
    int n = d->precision == 0 && v == 0 ? 0 : (int)(end - p);
    if (negative) sign[n_sign++] = '-';
    else if (d->plus) sign[n_sign++] = '+';
    else if (d->space) sign[n_sign++] = ' ';
    if (base == 16 && d->alt && v) {
        sign[n_sign++] = '0';
        sign[n_sign++] = d->verb == 'X' ? 'X' : 'x';
    }
    int zeros = d->precision > n ? d->precision - n : 0;
    int pad = d->width - n_sign - zeros - n;
    if (d->zero && !d->left && d->precision < 0 && pad > 0) {
        zeros += pad;
        pad = 0;
    }
    if (!d->left) put_pad(s, ' ', pad);
    put(s, sign, (size_t)n_sign);
    put_pad(s, '0', zeros);
    put(s, end - n, (size_t)n);
    if (d->left) put_pad(s, ' ', pad);
}

static void put_text(struct sink *s, const struct directive *d, const char *p, size_t n)
{
    int pad = d->width > 0 && (size_t)d->width > n ? d->width - (int)n : 0;
    if (!d->left) put_pad(s, ' ', pad);
    put(s, p, n);
    if (d->left) put_pad(s, ' ', pad);
}

static intmax_t take_signed(int length, va_list *ap)
{
    switch (length) {
    case 'H': return (signed char)va_arg(*ap, int);
    case 'h': return (short)va_arg(*ap, int);
    case 'l': return va_arg(*ap, long);
    case 'L': return va_arg(*ap, long long);
    case 'z': return va_arg(*ap, ssize_t);
    case 't': return va_arg(*ap, ptrdiff_t);
    case 'j': return va_arg(*ap, intmax_t);
    default: return va_arg(*ap, int);
    }
}

static uintmax_t take_unsigned(int length, va_list *ap)
{
    switch (length) {
    case 'H': return (unsigned char)va_arg(*ap, unsigned);
    case 'h': return (unsigned short)va_arg(*ap, unsigned);
    case 'l': return va_arg(*ap, unsigned long);
    case 'L': return va_arg(*ap, unsigned long long);
    case 'z': return va_arg(*ap, size_t);
    case 't': return (uintmax_t)va_arg(*ap, ptrdiff_t);
    case 'j': return va_arg(*ap, uintmax_t);
    default: return va_arg(*ap, unsigned);
    }
}

static void put_string(struct sink *s, const struct directive *d, const char *p)
{
    if (!p) p = "(null)";
    size_t n = d->precision < 0 ? strlen(p) : d->slice ? (size_t)d->precision : strnlen(p, (size_t)d->precision);
    put_text(s, d, p, n);
}

static void put_directive(struct sink *s, struct directive *d, const char *start, const char *end, va_list *ap)
{
    switch (d->verb) {
    case 'd':
    case 'i': {
        intmax_t v = take_signed(d->length, ap);
        put_number(s, d, v < 0 ? 0 - (uintmax_t)v : (uintmax_t)v, v < 0, 10);
        return;
    }
    case 'u': put_number(s, d, take_unsigned(d->length, ap), false, 10); return;
    case 'o': put_number(s, d, take_unsigned(d->length, ap), false, 8); return;
    case 'x':
    case 'X': put_number(s, d, take_unsigned(d->length, ap), false, 16); return;
    case 'p':
        d->alt = true;
        put_number(s, d, (uintptr_t)va_arg(*ap, void *), false, 16);
        return;
    case 'c': {
        char c = (char)va_arg(*ap, int);
        put_text(s, d, &c, 1);
        return;
    }
    case 's': put_string(s, d, va_arg(*ap, const char *)); return;
    case '%': put(s, "%", 1); return;
    default: put(s, start, (size_t)(end - start)); return;
    }
}

size_t pp_vfmt_to(void (*emit)(void *ctx, const char *p, size_t n), void *ctx, const char *fmt, va_list ap_in)
{
    struct sink s = {emit, ctx, 0};
    va_list ap;
    va_copy(ap, ap_in);
    for (const char *f = fmt; *f;) {
        size_t plain = strcspn(f, "%");
        put(&s, f, plain);
        f += plain;
        if (!*f) break;
        const char *start = f++;
        struct directive d = {.precision = -1};
        parse_flags(&f, &d);
        d.width = *f == '*' ? (f++, va_arg(ap, int)) : parse_number(&f);
        if (d.width < 0) d.left = true, d.width = -d.width;
        if (*f == '.') {
            f++;
            d.slice = *f == '*';
            d.precision = d.slice ? (f++, va_arg(ap, int)) : parse_number(&f);
        }
        parse_length(&f, &d);
        d.verb = *f ? *f++ : 0;
        put_directive(&s, &d, start, f, &ap);
    }
    va_end(ap);
    return s.total;
}

struct fixed {
    char *p;
    size_t room, n;
};

static void emit_fixed(void *ctx, const char *p, size_t n)
{
    struct fixed *b = ctx;
    size_t left = b->n < b->room ? b->room - b->n : 0;
    memcpy(b->p + (b->n < b->room ? b->n : b->room), p, n < left ? n : left);
    b->n += n;
}

size_t pp_vfmt(char *buf, size_t cap, const char *fmt, va_list ap)
{
    char none;
    struct fixed b = {cap ? buf : &none, cap ? cap - 1 : 0, 0};
    size_t n = pp_vfmt_to(emit_fixed, &b, fmt, ap);
    if (cap) buf[n < cap - 1 ? n : cap - 1] = 0;
    return n;
}

size_t pp_fmt(char *buf, size_t cap, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t n = pp_vfmt(buf, cap, fmt, ap);
    va_end(ap);
    return n;
}
