// SPDX-License-Identifier: Apache-2.0
#include "tool/web/json.h"

#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX 100

static void put_rune(struct pp_out *o, pp_str bytes, uint32_t rune)
{
    if (rune == '"' || rune == '\\')
        pp_out_fmt(o, "\\%c", (char)rune);
    else if (rune == '\n')
        pp_out_c(o, "\\n");
    else if (rune == '\t')
        pp_out_c(o, "\\t");
    else if (rune == '\r')
        pp_out_c(o, "\\r");
    else if (rune == '\b')
        pp_out_c(o, "\\b");
    else if (rune == '\f')
        pp_out_c(o, "\\f");
    else if (rune < 0x20 || rune == '<' || rune == '>' || rune == '&' || rune == 0x2028 || rune == 0x2029 ||
             (rune == PP_RUNE_ERROR && bytes.n == 1))
        pp_out_fmt(o, "\\u%04x", rune);
    else
        pp_out_str(o, bytes);
}

void pp_json_str(struct pp_out *o, pp_str s)
{
    size_t width;
    pp_out_char(o, '"');
    for (; s.n; s = pp_str_from(s, width)) {
        uint32_t rune = pp_utf8_decode(s, &width);
        put_rune(o, (pp_str){s.p, width}, rune);
    }
    pp_out_char(o, '"');
}

struct reader {
    struct pp_arena *arena;
    pp_str text;
    size_t at;
    unsigned depth;
    struct pp_err *err;
};

static enum pp_code fail(struct reader *r, const char *what)
{
    return pp_fail(r->err, PP_E_FORMAT, "offset %zu: %s", r->at, what);
}

static char peek(const struct reader *r) { return r->at < r->text.n ? r->text.p[r->at] : '\0'; }

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.n && memchr(" \t\r\n", r->text.p[r->at], 4))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (peek(r) != c || r->at == r->text.n) return false;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    if (!pp_str_has_prefix(pp_str_from(r->text, r->at), pp_str_c(word))) return false;
    r->at += strlen(word);
    return true;
}

static bool hex4(struct reader *r, uint32_t *ret)
{
    uint64_t v;
    pp_str digits = pp_str_sub(r->text, r->at, r->at + 4);
    if (digits.n < 4 || !pp_str_to_u64(digits, 16, &v)) return false;
    r->at += 4;
    *ret = (uint32_t)v;
    return true;
}

/* Behind "\u". */
static bool read_unicode(struct reader *r, char *to, size_t *n)
{
    uint32_t rune, low;
    if (!hex4(r, &rune)) return false;
    size_t behind = r->at;
    if (rune >= 0xd800 && rune < 0xdc00 && take_word(r, "\\u") && hex4(r, &low) && low >= 0xdc00 && low < 0xe000)
        rune = 0x10000 + ((rune - 0xd800) << 10 | (low - 0xdc00));
    else
        r->at = behind;
    *n += pp_utf8_encode(to + *n, rune);
    return true;
}

static bool read_escape(struct reader *r, char *to, size_t *n)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    r->at++;
    if (c == 'u') return read_unicode(r, to, n);
    const char *name = c ? strchr(names, c) : NULL;
    if (!name) return false;
    to[(*n)++] = bytes[name - names];
    return true;
}

/* No text is longer than its source: an escape of six bytes is at most three. */
static enum pp_code read_string(struct reader *r, pp_str *ret)
{
    pp_str rest = pp_str_from(r->text, r->at);
    size_t n = 0, length = 0;
    while (length < rest.n && rest.p[length] != '"')
        length += rest.p[length] == '\\' ? 2 : 1;
    if (length >= rest.n) return fail(r, "a string without end");
    char *to = pp_alloc(r->arena, length + PP_UTF8_MAX, 1);
    size_t end = r->at + length;
    while (r->at < end) {
        char c = r->text.p[r->at];
        if ((unsigned char)c < 0x20) return fail(r, "a control character in a string");
        r->at++;
        if (c != '\\')
            to[n++] = c;
        else if (!read_escape(r, to, &n))
            return fail(r, "an unknown escape");
    }
    r->at = end + 1;
    *ret = (pp_str){to, n};
    return PP_OK;
}

static enum pp_code read_value(struct reader *r, struct pp_json *v);

static enum pp_code read_members(struct reader *r, struct pp_json *v, char end)
{
    struct pp_json **link = &v->first;
    enum pp_code c;
    if (take(r, end)) return PP_OK;
    do {
        struct pp_json *m = PP_NEW(r->arena, struct pp_json);
        if (end == '}') {
            if (!take(r, '"')) return fail(r, "a member without name");
            if ((c = read_string(r, &m->name))) return c;
            if (!take(r, ':')) return fail(r, "no colon behind a name");
        }
        if ((c = read_value(r, m))) return c;
        *link = m;
        link = &m->next;
    } while (take(r, ','));
    return take(r, end) ? PP_OK : fail(r, "neither comma nor end of a list");
}

static enum pp_code read_list(struct reader *r, struct pp_json *v, enum pp_json_kind kind, char end)
{
    v->kind = kind;
    if (++r->depth > DEPTH_MAX) return fail(r, "nested too deeply");
    enum pp_code c = read_members(r, v, end);
    r->depth--;
    return c;
}

static enum pp_code read_number(struct reader *r, struct pp_json *v)
{
    size_t from = r->at;
    while (r->at < r->text.n && memchr("+-.0123456789eE", r->text.p[r->at], 15))
        r->at++;
    v->kind = PP_JSON_NUMBER;
    v->text = pp_str_sub(r->text, from, r->at);
    return v->text.n ? PP_OK : fail(r, "no value");
}

static enum pp_code read_value(struct reader *r, struct pp_json *v)
{
    if (take(r, '{')) return read_list(r, v, PP_JSON_OBJECT, '}');
    if (take(r, '[')) return read_list(r, v, PP_JSON_ARRAY, ']');
    if (take(r, '"')) {
        v->kind = PP_JSON_STRING;
        return read_string(r, &v->text);
    }
    if (take_word(r, "true"))
        v->kind = PP_JSON_TRUE;
    else if (take_word(r, "false"))
        v->kind = PP_JSON_FALSE;
    else if (!take_word(r, "null"))
        return read_number(r, v);
    return PP_OK;
}

enum pp_code pp_json_parse(struct pp_arena *a, pp_str text, struct pp_json **ret_value, struct pp_err *err)
{
    struct reader r = {.arena = a, .text = text, .err = err};
    struct pp_json *v = PP_NEW(a, struct pp_json);
    enum pp_code c = read_value(&r, v);
    if (c) return c;
    skip_blanks(&r);
    if (r.at < text.n) return fail(&r, "more than one value");
    *ret_value = v;
    return PP_OK;
}

const struct pp_json *pp_json_member(const struct pp_json *object, const char *name)
{
    const struct pp_json *found = NULL;
    if (!object || object->kind != PP_JSON_OBJECT) return NULL;
    for (const struct pp_json *m = object->first; m; m = m->next)
        if (pp_str_eq_c(m->name, name)) found = m;
    return found;
}
