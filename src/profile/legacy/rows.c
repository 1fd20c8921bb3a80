// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/rows.h"

#include <string.h>

/* Bytes of a line that are still to be read. */
struct cursor {
    const char *p, *end;
};

static struct cursor cursor_of(pp_str s) { return (struct cursor){s.p, s.n ? s.p + s.n : s.p}; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

static bool is_hex(char c) { return is_lower_hex(c) || (c >= 'A' && c <= 'F'); }

static bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool is_word_or_space(char c) { return is_word(c) || c == ' '; }

static bool is_kind(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_'; }

static bool is_frame(char c) { return is_lower_hex(c) || c == 'x' || c == ' '; }

static bool is_blank(char c) { return c == ' '; }

static bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); } /* \s */

/* The longest run of such bytes, perhaps none. */
static pp_str run(struct cursor *c, bool (*in)(char))
{
    const char *from = c->p;
    while (c->p < c->end && in(*c->p))
        c->p++;
    return (pp_str){from, (size_t)(c->p - from)};
}

static bool some(struct cursor *c, bool (*in)(char), pp_str *ret_run)
{
    *ret_run = run(c, in);
    return ret_run->n > 0;
}

static bool literal(struct cursor *c, pp_str s)
{
    if ((size_t)(c->end - c->p) < s.n || memcmp(c->p, s.p, s.n)) return false;
    c->p += s.n;
    return true;
}

/* A number after any blanks. */
static bool number(struct cursor *c, pp_str *ret_digits)
{
    run(c, is_blank);
    return some(c, is_digit, ret_digits);
}

static bool blanks_and(struct cursor *c, pp_str s)
{
    run(c, is_blank);
    return literal(c, s);
}

/* Skips to the next digit; false when there is none. */
static bool seek_digit(struct cursor *c)
{
    while (c->p < c->end && !is_digit(*c->p))
        c->p++;
    return c->p < c->end;
}

/* "[ n: n ]" after any blanks. */
static bool brackets(struct cursor *c, pp_str *ret_first, pp_str *ret_second)
{
    return blanks_and(c, PP_STR("[")) && number(c, ret_first) && literal(c, PP_STR(":")) && number(c, ret_second) &&
           blanks_and(c, PP_STR("]"));
}

/* "heap profile: n: n [ n: n ]", the first place where it stands and `rest` follows. */
static bool find_heap_header(pp_str line, struct pp_row_heap_header *h, bool (*rest)(struct cursor *, void *),
                             void *ctx)
{
    const pp_str start = PP_STR("heap profile:");
    for (size_t at; (at = pp_str_find(line, start)) != PP_NOT_FOUND; line = pp_str_from(line, at + start.n)) {
        struct cursor c = cursor_of(pp_str_from(line, at + start.n));
        if (number(&c, &h->in_use[0]) && literal(&c, PP_STR(":")) && number(&c, &h->in_use[1]) &&
            brackets(&c, &h->alloc[0], &h->alloc[1]) && rest(&c, ctx))
            return true;
    }
    return false;
}

static bool sampling(struct cursor *c, void *ctx)
{
    struct pp_row_heap_header *h = ctx;
    if (!blanks_and(c, PP_STR("@"))) return false;
    run(c, is_blank);
    const char *kind = c->p;
    if (!literal(c, PP_STR("heap"))) return false;
    run(c, is_kind);
    h->kind = (pp_str){kind, (size_t)(c->p - kind)};
    literal(c, PP_STR("/"));
    h->rate = run(c, is_digit);
    return true;
}

bool pp_row_heap_header(pp_str line, struct pp_row_heap_header *ret_header)
{
    return find_heap_header(line, ret_header, sampling, ret_header);
}

static bool kind_follows(struct cursor *c, void *ctx)
{
    return literal(c, PP_STR(" @ ")) && literal(c, *(const pp_str *)ctx);
}

bool pp_row_other_heap_header(pp_str line, pp_str kind)
{
    struct pp_row_heap_header h;
    return find_heap_header(line, &h, kind_follows, &kind);
}

static pp_str with_sign(pp_str line, pp_str digits)
{
    bool minus = digits.p > line.p && digits.p[-1] == '-';
    return minus ? (pp_str){digits.p - 1, digits.n + 1} : digits;
}

/* A match begins with a run of digits: from within the run it would only be shorter. */
bool pp_row_heap(pp_str line, struct pp_row_sample *s)
{
    for (struct cursor at = cursor_of(line); seek_digit(&at);) {
        s->value[0] = with_sign(line, run(&at, is_digit));
        struct cursor c = at;
        if (!literal(&c, PP_STR(":"))) continue;
        run(&c, is_blank);
        const char *second = c.p;
        literal(&c, PP_STR("-"));
        if (!some(&c, is_digit, &s->value[1])) continue;
        s->value[1] = (pp_str){second, (size_t)(c.p - second)};
        if (!brackets(&c, &s->value[2], &s->value[3]) || !literal(&c, PP_STR(" @"))) continue;
        s->frames = run(&c, is_frame);
        return true;
    }
    return false;
}

/* Two numbers may stand together: the second one is the last digit then. */
bool pp_row_contention(pp_str line, struct pp_row_sample *s)
{
    for (struct cursor at = cursor_of(line); seek_digit(&at);) {
        pp_str first = run(&at, is_digit);
        struct cursor c = at;
        pp_str second;
        if (!number(&c, &second)) {
            c = at;
            second = pp_str_from(first, first.n - 1);
            first.n--;
        }
        if (!first.n || !literal(&c, PP_STR(" @"))) continue;
        s->value[0] = first;
        s->value[1] = second;
        s->frames = run(&c, is_frame);
        return true;
    }
    return false;
}

bool pp_row_java(pp_str line, struct pp_row_sample *s)
{
    pp_str blanks;
    for (struct cursor at = cursor_of(line); seek_digit(&at);) {
        s->value[0] = run(&at, is_digit);
        struct cursor c = at;
        if (!some(&c, is_blank, &blanks) || !some(&c, is_digit, &s->value[1]) || !some(&c, is_blank, &blanks) ||
            !literal(&c, PP_STR("@")) || !some(&c, is_blank, &blanks))
            continue;
        s->frames = run(&c, is_frame);
        return true;
    }
    return false;
}

static bool is_black(char c) { return !is_white(c); } /* \S */

bool pp_row_count_header(pp_str line, pp_str *ret_type)
{
    struct cursor c = cursor_of(line);
    pp_str total;
    return some(&c, is_black, ret_type) && literal(&c, PP_STR(" profile: total ")) && some(&c, is_digit, &total) &&
           c.p == c.end;
}

bool pp_row_count(pp_str line, struct pp_row_sample *s)
{
    struct cursor c = cursor_of(line);
    if (!some(&c, is_digit, &s->value[0]) || !literal(&c, PP_STR(" @"))) return false;
    s->frames = (pp_str){c.p, (size_t)(c.end - c.p)};
    pp_str digits;
    while (literal(&c, PP_STR(" 0x")))
        if (!some(&c, is_lower_hex, &digits)) return false;
    return s->frames.n && c.p == c.end;
}

bool pp_row_threadz(pp_str line)
{
    const pp_str start = PP_STR("--- threadz ");
    pp_str digits;
    for (size_t at; (at = pp_str_find(line, start)) != PP_NOT_FOUND; line = pp_str_from(line, at + start.n)) {
        struct cursor c = cursor_of(pp_str_from(line, at + start.n));
        if (some(&c, is_digit, &digits) && literal(&c, PP_STR(" ---"))) return true;
    }
    return false;
}

/* Whether "/digits) stack: ---" stands anywhere in it. */
static bool has_thread_end(pp_str s)
{
    const pp_str tail = PP_STR(") stack: ---");
    for (size_t at; (at = pp_str_find(s, tail)) != PP_NOT_FOUND; s = pp_str_from(s, at + tail.n)) {
        size_t digits = at;
        while (digits && is_digit(s.p[digits - 1]))
            digits--;
        if (digits < at && digits && s.p[digits - 1] == '/') return true;
    }
    return false;
}

bool pp_row_thread(pp_str line)
{
    const pp_str start = PP_STR("--- Thread ");
    pp_str id;
    for (size_t at; (at = pp_str_find(line, start)) != PP_NOT_FOUND; line = pp_str_from(line, at + start.n)) {
        struct cursor c = cursor_of(pp_str_from(line, at + start.n));
        if (some(&c, is_hex, &id) && literal(&c, PP_STR(" (name: ")))
            return has_thread_end((pp_str){c.p, (size_t)(c.end - c.p)}); /* no later start has more behind it */
    }
    return false;
}

bool pp_row_next_address(pp_str *rest, pp_str *ret_address)
{
    for (size_t at; (at = pp_str_find(*rest, PP_STR("0x"))) != PP_NOT_FOUND;) {
        struct cursor c = cursor_of(pp_str_from(*rest, at + 2));
        pp_str digits = run(&c, is_lower_hex);
        *rest = (pp_str){c.p, (size_t)(c.end - c.p)};
        if (!digits.n) continue;
        *ret_address = (pp_str){digits.p - 2, digits.n + 2};
        return true;
    }
    return false;
}

pp_str pp_row_cut_log_prefix(pp_str line)
{
    size_t end = pp_str_find_byte(line, ']');
    if (end == PP_NOT_FOUND || end + 1 >= line.n || !is_white(line.p[end + 1])) return line;
    if (pp_str_find_byte(pp_str_sub(line, 0, end), '[') != PP_NOT_FOUND) return line;
    size_t digits = end;
    while (digits && is_digit(line.p[digits - 1]))
        digits--;
    if (digits == end || digits < 2 || line.p[digits - 1] != ':') return line;
    return pp_str_from(line, end + 2);
}

bool pp_row_attribute(pp_str line, pp_str *ret_name, pp_str *ret_value)
{
    for (size_t at = 0; at < line.n; at++) {
        if (line.p[at] != '=') continue;
        size_t from = at, to = at + 1;
        while (from && is_word_or_space(line.p[from - 1]))
            from--;
        while (to < line.n && is_word_or_space(line.p[to]))
            to++;
        if (from == at || to == at + 1) continue;
        *ret_name = pp_str_sub(line, from, at);
        *ret_value = pp_str_sub(line, at + 1, to);
        return true;
    }
    return false;
}

bool pp_row_java_location(pp_str line, pp_str *ret_address, pp_str *ret_text)
{
    struct cursor c = cursor_of(line);
    pp_str space;
    run(&c, is_white);
    if (!literal(&c, PP_STR("0x")) || !some(&c, is_hex, ret_address) || !some(&c, is_white, &space)) return false;
    *ret_text = (pp_str){c.p, (size_t)(c.end - c.p)};
    return true;
}

/* The last '(' after white space and before `end`; what comes before that white space is the function. */
static bool last_parenthesis(pp_str text, size_t end, pp_str *ret_function, size_t *ret_at)
{
    for (size_t at = end; at-- > 1;) {
        if (text.p[at] != '(' || !is_white(text.p[at - 1])) continue;
        *ret_function = pp_str_sub(text, 0, at - 1);
        *ret_at = at;
        return true;
    }
    return false;
}

bool pp_row_java_file_line(pp_str text, pp_str *ret_function, pp_str *ret_file, pp_str *ret_line)
{
    if (!text.n || text.p[text.n - 1] != ')') return false;
    size_t end = text.n - 1, line = end, at;
    while (line && is_digit(text.p[line - 1]))
        line--;
    if (line == end) return false;
    if (line && text.p[line - 1] == '-') line--;
    if (line < 2 || text.p[line - 1] != ':') return false;
    size_t colon = line - 1;
    if (!last_parenthesis(text, colon - 1, ret_function, &at)) return false;
    *ret_file = pp_str_sub(text, at + 1, colon);
    *ret_line = pp_str_sub(text, line, end);
    return true;
}

bool pp_row_java_path(pp_str text, pp_str *ret_function, pp_str *ret_path)
{
    size_t at;
    if (!text.n || text.p[text.n - 1] != ')') return false;
    if (!last_parenthesis(text, text.n - 1, ret_function, &at)) return false;
    *ret_path = pp_str_sub(text, at + 1, text.n - 1);
    return true;
}
