// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/utf8.h"
#include "regex/classes.h"
#include "regex/parser.h"

static int hex_digit(uint32_t c)
{
    if (c >= '0' && c <= '9') return (int)c - '0';
    if (c >= 'a' && c <= 'f') return (int)c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? (int)c - 'A' + 10 : -1;
}

/* After "\x": two hex digits or any number of them in braces. *ret_valid false: no such thing, *t is behind its end. */
static enum pp_code parse_hex(struct parser *p, pp_str *t, uint32_t *ret_rune, bool *ret_valid)
{
    uint32_t c, value = 0;
    enum pp_code code;
    *ret_valid = false;
    if (t->n == 0) return PP_OK;
    if ((code = pp_regex_next_rune(p, t, &c))) return code;
    if (c != '{') {
        int high = hex_digit(c);
        if ((code = pp_regex_next_rune(p, t, &c))) return code;
        *ret_valid = high >= 0 && hex_digit(c) >= 0;
        if (*ret_valid) *ret_rune = (uint32_t)(high * 16 + hex_digit(c));
        return PP_OK;
    }
    for (size_t digits = 0;; digits++) {
        if (t->n == 0) return PP_OK;
        if ((code = pp_regex_next_rune(p, t, &c))) return code;
        if (c == '}') {
            *ret_valid = digits > 0;
            *ret_rune = value;
            return PP_OK;
        }
        if (hex_digit(c) < 0) return PP_OK;
        value = value * 16 + (uint32_t)hex_digit(c);
        if (value > PP_RUNE_MAX) return PP_OK;
    }
}

static bool take_octal(uint32_t first, pp_str *t, uint32_t *ret_rune)
{
    bool more = t->n > 0 && t->p[0] >= '0' && t->p[0] <= '7';
    if (first < '0' || first > '7' || (first != '0' && !more)) return false; /* \1 would be a backreference */
    uint32_t value = first - '0';
    for (int i = 1; i < 3 && t->n > 0 && t->p[0] >= '0' && t->p[0] <= '7'; i++, *t = pp_str_from(*t, 1))
        value = value * 8 + (uint32_t)(t->p[0] - '0');
    *ret_rune = value;
    return true;
}

/* The rune that the escape at the beginning of *s stands for. */
static enum pp_code parse_escape(struct parser *p, pp_str *s, uint32_t *ret_rune)
{
    static const char letters[] = "afnrtv", runes[] = "\a\f\n\r\t\v";
    pp_str t = pp_str_from(*s, 1);
    if (t.n == 0) return pp_regex_fail(p, "trailing backslash at end of expression", PP_STR(""));
    uint32_t c;
    enum pp_code code = pp_regex_next_rune(p, &t, &c);
    if (code) return code;
    const char *letter = c && c < 0x80 ? strchr(letters, (int)c) : NULL;
    bool valid = true;
    if (letter) {
        *ret_rune = (unsigned char)runes[letter - letters];
    } else if (c == 'x') {
        if ((code = parse_hex(p, &t, ret_rune, &valid))) return code;
    } else if (c < 0x80 && (!is_word(c) || c == '_')) {
        *ret_rune = c;
    } else {
        valid = take_octal(c, &t, ret_rune);
    }
    if (!valid) return pp_regex_fail(p, "invalid escape sequence", until(*s, t));
    *s = t;
    return PP_OK;
}

static bool is_perl_class(pp_str s) { return s.n >= 2 && s.p[0] == '\\' && strchr("dDsSwW", s.p[1]) && s.p[1]; }

static bool is_unicode_class(pp_str s) { return s.n >= 2 && s.p[0] == '\\' && (s.p[1] == 'p' || s.p[1] == 'P'); }

/* \pL, \p{Greek}, \P{^Lu}: its ranges go to the output. *ret_any: there were some. */
static enum pp_code parse_unicode_class(struct parser *p, pp_str *s)
{
    bool negative = s->p[1] == 'P';
    pp_str t = pp_str_from(*s, 2), name;
    uint32_t c;
    enum pp_code code = pp_regex_next_rune(p, &t, &c);
    if (code) return code;
    if (c != '{') {
        name = pp_str_from(until(*s, t), 2);
    } else {
        size_t end = pp_str_find_byte(*s, '}');
        if (end == PP_NOT_FOUND) {
            code = pp_regex_check_utf8(p, *s);
            return code ? code : pp_regex_fail(p, "invalid character class range", *s);
        }
        t = pp_str_from(*s, end + 1);
        name = pp_str_sub(*s, 3, end);
        if ((code = pp_regex_check_utf8(p, name))) return code;
    }
    if (begins(name, '^')) {
        negative = !negative;
        name = pp_str_from(name, 1);
    }
    struct pp_rune_set set;
    if (!pp_regex_named_set(p->arena, name, p->flags & FOLD_CASE, &set))
        return pp_regex_fail(p, "invalid character class range", until(*s, t));
    pp_regex_put_set(&p->out, &set, negative);
    p->class_exact_items += set.exact_case;
    *s = t;
    return PP_OK;
}

/* [:alpha:] at the beginning of *s is copied; *ret_found false: it is something else. */
static enum pp_code parse_named_class(struct parser *p, pp_str *s, bool *ret_found)
{
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
                                        "lower", "print", "punct", "space", "upper", "word",  "xdigit"};
    *ret_found = false;
    if (s->n <= 2 || s->p[0] != '[' || s->p[1] != ':') return PP_OK;
    size_t end = pp_str_find(pp_str_from(*s, 2), PP_STR(":]"));
    if (end == PP_NOT_FOUND) return PP_OK;
    pp_str text = pp_str_sub(*s, 0, end + 4), name = pp_str_sub(*s, 2, end + 2);
    if (begins(name, '^')) name = pp_str_from(name, 1);
    for (size_t i = 0; !*ret_found && i < sizeof names / sizeof *names; i++)
        *ret_found = pp_str_eq_c(name, names[i]);
    if (!*ret_found) return pp_regex_fail(p, "invalid character class range", text);
    pp_out_str(&p->out, text);
    *s = pp_str_from(*s, text.n);
    return PP_OK;
}

static enum pp_code parse_class_rune(struct parser *p, pp_str *t, pp_str whole_class, uint32_t *ret_rune)
{
    if (t->n == 0) return pp_regex_fail(p, "missing closing ]", whole_class);
    return t->p[0] == '\\' ? parse_escape(p, t, ret_rune) : pp_regex_next_rune(p, t, ret_rune);
}

static enum pp_code parse_class_range(struct parser *p, pp_str *t, pp_str whole_class)
{
    pp_str range = *t;
    uint32_t low, high;
    enum pp_code c = parse_class_rune(p, t, whole_class, &low);
    if (c) return c;
    high = low;
    if (t->n >= 2 && t->p[0] == '-' && t->p[1] != ']') {
        *t = pp_str_from(*t, 1);
        if ((c = parse_class_rune(p, t, whole_class, &high))) return c;
        if (high < low) return pp_regex_fail(p, "invalid character class range", until(range, *t));
    }
    pp_out_fmt(&p->out, low == high ? "\\x{%x}" : "\\x{%x}-\\x{%x}", low, high);
    return PP_OK;
}

static enum pp_code parse_class_item(struct parser *p, pp_str *t, pp_str whole_class)
{
    bool found;
    p->class_items++;
    enum pp_code c = parse_named_class(p, t, &found);
    if (c || found) return c;
    if (is_unicode_class(*t)) return parse_unicode_class(p, t);
    if (!is_perl_class(*t)) return parse_class_range(p, t, whole_class);
    pp_out_str(&p->out, pp_str_sub(*t, 0, 2));
    *t = pp_str_from(*t, 2);
    return PP_OK;
}

static void open_class(struct parser *p, bool negative)
{
    pp_out_c(&p->out, negative ? "[^" : "[");
    p->class_items = p->class_exact_items = 0;
}

/* "[" or "[^" is written, then its items by the caller: an empty set has a spelling of its own.
 * Go: (?i) does not fold \p{LC}. Where it stands among other items RE2 does, which concerns U+0345 and iota only. */
static enum pp_code push_class(struct parser *p, size_t from, bool negative)
{
    if (p->out.n == from + (negative ? 2 : 1)) {
        p->out.n = from;
        pp_out_c(&p->out, negative ? "[" : "[^");
        pp_out_c(&p->out, "\\x{0}-\\x{10ffff}");
    }
    pp_out_char(&p->out, ']');
    if (p->flags & FOLD_CASE && p->class_exact_items > 0 && p->class_exact_items == p->class_items) {
        pp_regex_insert(p, from, PP_STR("(?-i:"));
        pp_out_char(&p->out, ')');
    }
    return pp_regex_push_new(p, CLASS, from);
}

enum pp_code pp_regex_parse_class(struct parser *p)
{
    pp_str whole_class = p->rest, t = pp_str_from(p->rest, 1);
    size_t from = p->out.n;
    bool negative = begins(t, '^');
    if (negative) t = pp_str_from(t, 1);
    open_class(p, negative);
    for (bool first = true; first || !begins(t, ']'); first = false) {
        enum pp_code c = parse_class_item(p, &t, whole_class);
        if (c) return c;
    }
    p->rest = pp_str_from(t, 1);
    return push_class(p, from, negative);
}

static enum pp_code parse_quoted(struct parser *p)
{
    pp_str text = pp_str_from(p->rest, 2);
    size_t end = pp_str_find(text, PP_STR("\\E"));
    p->rest = end == PP_NOT_FOUND ? PP_STR("") : pp_str_from(text, end + 2);
    if (end != PP_NOT_FOUND) text = pp_str_sub(text, 0, end);
    while (text.n > 0) {
        uint32_t rune;
        enum pp_code c = pp_regex_next_rune(p, &text, &rune);
        if (!c) c = pp_regex_push_literal(p, rune);
        if (c) return c;
    }
    return PP_OK;
}

enum pp_code pp_regex_parse_backslash(struct parser *p)
{
    pp_str two = pp_str_sub(p->rest, 0, 2);
    size_t from = p->out.n;
    if (two.n == 2) {
        if (two.p[1] == 'C') return pp_regex_fail(p, "invalid escape sequence", two);
        if (two.p[1] == 'Q') return parse_quoted(p);
        bool anchor = two.p[1] && strchr("AbBz", two.p[1]);
        if (anchor || is_perl_class(two)) {
            p->rest = pp_str_from(p->rest, 2);
            return pp_regex_push_text(p, anchor ? OTHER : CLASS, two);
        }
    }
    if (is_unicode_class(p->rest)) {
        open_class(p, false);
        p->class_items = 1;
        enum pp_code c = parse_unicode_class(p, &p->rest);
        return c ? c : push_class(p, from, false);
    }
    uint32_t rune;
    enum pp_code c = parse_escape(p, &p->rest, &rune);
    return c ? c : pp_regex_push_literal(p, rune);
}
