// SPDX-License-Identifier: Apache-2.0
#include "regex/syntax.h"

#include <string.h>

#include "base/out.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "regex/classes.h"

#define HEIGHT_MAX 1000
#define REPEAT_MAX 1000
#define SIZE_MAX_INSTS ((128 << 20) / 40) /* of Go's compiled program */

enum kind { LITERAL, CLASS, CONCAT, ALTERNATE, OTHER, BAR, PAREN }; /* from BAR on: marks, no operands */

enum flag { FOLD_CASE = 1, NOT_ONE_LINE = 2, DOT_NEWLINE = 4, NON_GREEDY = 8 };

/* What Go's parser has on its stack: a finished part, "|" or "(". Height, size and repeats are those of Go's tree. */
struct item {
    enum kind kind;
    unsigned flags;   /* at PAREN: to be restored at its ")"; at LITERAL: FOLD_CASE */
    bool captures;    /* PAREN */
    bool bare_repeat; /* text ends in an operator that no group encloses */
    size_t from, to;  /* its text in the output */
    int64_t height;   /* of the tree */
    int64_t size;     /* instructions, roughly; of a LITERAL: its runes */
    int64_t repeats;  /* largest product of counted repetitions on a path through it */
    int64_t factor;   /* of a counted repetition, at least 1; else 0 */
};

struct parser {
    pp_str whole, rest;
    pp_str last_repeat; /* from the operator just read to the end; empty otherwise */
    unsigned flags;
    PP_VEC(struct item) stack;
    struct pp_out out;
    struct pp_arena *arena;
    struct pp_err *err;
    size_t class_items, class_exact_items; /* of the class being read; exact: not folded by (?i) */
    int64_t nodes, free_nodes;             /* as Go allocates and reuses them */
    int64_t repeat_product;
    bool tracks_size;
};

static enum pp_code fail(struct parser *p, const char *what, pp_str fragment)
{
    enum pp_code c = pp_fail(p->err, PP_E_USAGE, "error parsing regexp: %s: `", what);
    struct pp_err *err = p->err;
    if (!err) return c;
    size_t room = sizeof err->text - 1 - err->n - 1; /* may hold NULs, hence no "%.*s" */
    bool cut = fragment.n > room;
    if (fragment.n > 0) memcpy(err->text + err->n, fragment.p, cut ? room : fragment.n);
    err->n += cut ? room : fragment.n;
    if (cut) memcpy(err->text + err->n - 3, "...", 3);
    err->text[err->n++] = '`';
    err->text[err->n] = 0;
    return c;
}

/* What was read of `from` until `rest`, a suffix of it, was left. */
static pp_str until(pp_str from, pp_str rest) { return pp_str_sub(from, 0, from.n - rest.n); }

static bool begins(pp_str s, char c) { return s.n > 0 && s.p[0] == c; }

static enum pp_code check_utf8(struct parser *p, pp_str s)
{
    size_t width;
    for (; s.n > 0; s = pp_str_from(s, width)) {
        if (pp_utf8_decode(s, &width) == PP_RUNE_ERROR && width == 1) return fail(p, "invalid UTF-8", s);
    }
    return PP_OK;
}

/* The next rune of *s; PP_RUNE_ERROR at its end, as in Go. */
static enum pp_code next_rune(struct parser *p, pp_str *s, uint32_t *ret_rune)
{
    size_t width;
    uint32_t rune = pp_utf8_decode(*s, &width);
    if (rune == PP_RUNE_ERROR && width == 1) return fail(p, "invalid UTF-8", *s);
    *s = pp_str_from(*s, width);
    *ret_rune = rune;
    return PP_OK;
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* --- the stack and its limits --- */

static void count_new_node(struct parser *p)
{
    if (p->free_nodes > 0)
        p->free_nodes--;
    else
        p->nodes++;
}

/* Go looks at sizes only once nodes times repetitions could pass the limit; a repetition counts each time it is pushed. */
static enum pp_code check_limits(struct parser *p, const struct item *item)
{
    if (!p->tracks_size && item->factor > 0) {
        bool over = item->factor > SIZE_MAX_INSTS / p->repeat_product;
        p->repeat_product = over ? SIZE_MAX_INSTS : p->repeat_product * item->factor;
    }
    if (!p->tracks_size && p->nodes >= SIZE_MAX_INSTS / p->repeat_product) {
        p->tracks_size = true;
        for (size_t i = 0; i < p->stack.n; i++) {
            if (p->stack.p[i].size > SIZE_MAX_INSTS) return fail(p, "expression too large", p->whole);
        }
    }
    if (p->tracks_size && item->size > SIZE_MAX_INSTS) return fail(p, "expression too large", p->whole);
    if (item->height > HEIGHT_MAX) return fail(p, "expression nests too deeply", p->whole);
    return PP_OK;
}

static struct item *top(struct parser *p, size_t below)
{
    return p->stack.n > below ? &p->stack.p[p->stack.n - 1 - below] : NULL;
}

/* Two literals on top become one; done before each push, so that an operator meets only the last rune. */
static void join_literals(struct parser *p)
{
    struct item *last = top(p, 0), *before = top(p, 1);
    if (!before || last->kind != LITERAL || before->kind != LITERAL || last->flags != before->flags) return;
    before->size += last->size;
    before->to = last->to;
    p->stack.n--;
    p->free_nodes++;
}

static enum pp_code push(struct parser *p, struct item item)
{
    join_literals(p);
    *PP_PUSH(p->arena, &p->stack) = item;
    return check_limits(p, &item);
}

static enum pp_code push_new(struct parser *p, enum kind kind, size_t from)
{
    count_new_node(p);
    return push(p, (struct item){.kind = kind,
                                 .flags = kind == LITERAL ? p->flags & FOLD_CASE : p->flags,
                                 .from = from,
                                 .to = p->out.n,
                                 .height = 1,
                                 .size = 1,
                                 .repeats = 1});
}

static bool is_class(const struct item *item)
{
    return item->kind == CLASS || (item->kind == LITERAL && item->size == 1);
}

/* The operands on top, down to the first mark that stops, become one item. Nested ones of the same kind dissolve. */
static enum pp_code collapse(struct parser *p, enum kind kind)
{
    size_t first = p->stack.n;
    while (first > 0 && p->stack.p[first - 1].kind < BAR)
        first--;
    size_t n = p->stack.n - first;
    if (n == 0) return push_new(p, OTHER, p->out.n); /* matches the empty text */
    struct item all = p->stack.p[first];
    if (n > 1) {
        count_new_node(p);
        all = (struct item){.kind = kind, .from = all.from, .size = kind == ALTERNATE ? (int64_t)n - 1 : 0};
    }
    for (size_t i = first; n > 1 && i < p->stack.n; i++) {
        const struct item *part = &p->stack.p[i];
        if (part->kind == kind) p->free_nodes++;
        all.height = larger(all.height, part->kind == kind ? part->height : part->height + 1);
        all.size += part->size;
        all.repeats = larger(all.repeats, part->repeats);
        all.to = part->to;
    }
    p->stack.n = first;
    return push(p, all);
}

static enum pp_code concat(struct parser *p)
{
    join_literals(p);
    return collapse(p, CONCAT);
}

/* An item above a "|" changes places with it, or melts with the class below. false: there is no "|". */
static bool swap_bar(struct parser *p)
{
    struct item *last = top(p, 0), *bar = top(p, 1), *below = top(p, 2);
    if (!bar || bar->kind != BAR) return false;
    if (below && is_class(last) && is_class(below)) {
        *below = (struct item){.kind = CLASS,
                               .flags = below->flags,
                               .from = below->from,
                               .to = last->to,
                               .height = 1,
                               .size = 1,
                               .repeats = 1};
        p->stack.n--;
        p->free_nodes++;
        return true;
    }
    struct item mark = *bar;
    *bar = *last;
    *last = mark;
    return true;
}

/* What is above the nearest "(" (or everything) becomes one alternation. */
static enum pp_code alternate(struct parser *p)
{
    enum pp_code c = concat(p);
    if (c) return c;
    if (swap_bar(p)) p->stack.n--;
    return collapse(p, ALTERNATE);
}

/* --- pieces of text for RE2 --- */

static bool is_word(uint32_t c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static enum pp_code push_literal(struct parser *p, uint32_t rune)
{
    size_t from = p->out.n;
    if (is_word(rune))
        pp_out_char(&p->out, (char)rune);
    else
        pp_out_fmt(&p->out, "\\x{%x}", rune);
    return push_new(p, LITERAL, from);
}

static enum pp_code push_text(struct parser *p, enum kind kind, pp_str text)
{
    size_t from = p->out.n;
    pp_out_str(&p->out, text);
    return push_new(p, kind, from);
}

static void insert(struct parser *p, size_t at, pp_str text)
{
    size_t tail = p->out.n - at;
    pp_out_str(&p->out, text);
    if (p->out.failed) return;
    memmove(p->out.p + at + text.n, p->out.p + at, tail);
    memcpy(p->out.p + at, text.p, text.n);
}

/* --- repetition --- */

struct count {
    int min, max; /* max -1: no limit */
    bool counted; /* {...}, not * + ? */
};

static bool take_int(pp_str *s, int *ret_value)
{
    if (s->n == 0 || s->p[0] < '0' || s->p[0] > '9') return false;
    if (s->n >= 2 && s->p[0] == '0' && s->p[1] >= '0' && s->p[1] <= '9') return false;
    int value = 0;
    for (; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9'; *s = pp_str_from(*s, 1)) {
        if (value >= 0) value = value >= 100000000 ? -1 : value * 10 + (s->p[0] - '0');
    }
    *ret_value = value;
    return true;
}

/* {2}, {2,}, {2,5}; false: some other text, "{" stands for itself. min is -1 when a number is too large. */
static bool take_count(pp_str *s, struct count *ret_count)
{
    struct count c = {.counted = true};
    pp_str t = pp_str_from(*s, 1);
    if (!take_int(&t, &c.min)) return false;
    if (!begins(t, ',')) {
        c.max = c.min;
    } else {
        t = pp_str_from(t, 1);
        if (begins(t, '}'))
            c.max = -1;
        else if (!take_int(&t, &c.max))
            return false;
        else if (c.max < 0)
            c.min = -1;
    }
    if (!begins(t, '}')) return false;
    *s = pp_str_from(t, 1);
    *ret_count = c;
    return true;
}

static void grow_by_count(struct parser *p, struct item *item, char op, struct count c)
{
    item->kind = OTHER;
    item->height++;
    count_new_node(p);
    item->factor = 0;
    if (!c.counted) {
        item->size += op == '*' ? 2 : 1;
        return;
    }
    int64_t factor = c.max < 0 ? (c.min > 0 ? c.min : 1) : c.max;
    item->repeats *= factor;
    if (c.max < 0)
        item->size = c.min == 0 ? item->size + 2 : 1 + c.min * item->size;
    else
        item->size = larger(1, c.max * item->size + c.max - c.min);
    item->factor = larger(factor, 1);
}

/* The operator that p->rest begins with is applied to the item on top. `after` follows it. */
static enum pp_code repeat(struct parser *p, struct count c, pp_str after)
{
    pp_str before = p->rest;
    if (begins(after, '?')) after = pp_str_from(after, 1);
    if (p->last_repeat.n > 0) return fail(p, "invalid nested repetition operator", until(p->last_repeat, after));
    bool lazy = (p->flags & NON_GREEDY) != 0;
    pp_str text = until(before, after), op = text;
    if (op.n > 1 && op.p[op.n - 1] == '?') {
        op.n--;
        lazy = !lazy;
    }
    struct item *item = top(p, 0);
    if (!item || item->kind >= BAR) return fail(p, "missing argument to repetition operator", text);
    if (item->bare_repeat) { /* something invisible was between: a*(?i)* */
        insert(p, item->to, PP_STR(")"));
        insert(p, item->from, PP_STR("(?:"));
        item->to += 4;
    }
    insert(p, item->to, lazy ? PP_STR("?") : PP_STR(""));
    insert(p, item->to, op);
    item->to += op.n + lazy;
    item->bare_repeat = true;
    grow_by_count(p, item, before.p[0], c);
    enum pp_code code = check_limits(p, item);
    if (code) return code;
    if (c.counted && (c.min >= 2 || c.max >= 2) && item->repeats > REPEAT_MAX)
        return fail(p, "invalid repeat count", text);
    p->last_repeat = before;
    p->rest = after;
    return PP_OK;
}

static enum pp_code parse_brace(struct parser *p)
{
    struct count c;
    pp_str after = p->rest;
    if (!take_count(&after, &c)) {
        p->rest = pp_str_from(p->rest, 1);
        return push_literal(p, '{');
    }
    if (c.min < 0 || c.min > REPEAT_MAX || c.max > REPEAT_MAX || (c.max >= 0 && c.min > c.max))
        return fail(p, "invalid repeat count", until(p->rest, after));
    return repeat(p, c, after);
}

/* --- groups --- */

static enum pp_code open_group(struct parser *p, pp_str text, bool captures)
{
    enum pp_code c = push_text(p, PAREN, text);
    p->stack.p[p->stack.n - 1].captures = captures;
    return c;
}

static enum pp_code close_group(struct parser *p)
{
    enum pp_code c = alternate(p);
    if (c) return c;
    struct item *inside = top(p, 0), *paren = top(p, 1);
    if (!paren || paren->kind != PAREN) return fail(p, "unexpected )", p->whole);
    struct item group = *inside;
    pp_out_char(&p->out, ')');
    group.from = paren->from;
    group.to = p->out.n;
    group.bare_repeat = false;
    if (paren->captures) {
        group.factor = 0;
        group.kind = OTHER;
        group.height++;
        group.size += 2;
    }
    p->flags = paren->flags;
    p->stack.n -= 2;
    p->rest = pp_str_from(p->rest, 1);
    return push(p, group);
}

static enum pp_code parse_named_group(struct parser *p, size_t name_at)
{
    size_t end = pp_str_find_byte(p->rest, '>');
    if (end == PP_NOT_FOUND) {
        enum pp_code c = check_utf8(p, p->rest);
        return c ? c : fail(p, "invalid named capture", p->rest);
    }
    pp_str name = pp_str_sub(p->rest, name_at, end);
    enum pp_code c = check_utf8(p, name);
    if (c) return c;
    bool valid = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        valid = valid && is_word((unsigned char)name.p[i]);
    if (!valid) return fail(p, "invalid named capture", pp_str_sub(p->rest, 0, end + 1));
    p->rest = pp_str_from(p->rest, end + 1);
    return open_group(p, PP_STR("("), true);
}

static unsigned flag_of(uint32_t letter)
{
    switch (letter) {
    case 'i': return FOLD_CASE;
    case 'm': return NOT_ONE_LINE;
    case 's': return DOT_NEWLINE;
    case 'U': return NON_GREEDY;
    default: return 0;
    }
}

/* "(?is-m" of the flags that were set and cleared; RE2 needs no U, the operators are written greedy or not. */
static void put_flags(struct parser *p, unsigned set, unsigned cleared)
{
    static const char letters[] = "ims";
    pp_out_c(&p->out, "(?");
    for (int i = 0; i < 3; i++) {
        if (set & flag_of((uint32_t)letters[i])) pp_out_char(&p->out, letters[i]);
    }
    if (cleared) pp_out_char(&p->out, '-');
    for (int i = 0; i < 3; i++) {
        if (cleared & flag_of((uint32_t)letters[i])) pp_out_char(&p->out, letters[i]);
    }
}

static enum pp_code end_of_flags(struct parser *p, uint32_t end, unsigned set, unsigned cleared)
{
    const unsigned written = FOLD_CASE | NOT_ONE_LINE | DOT_NEWLINE;
    size_t from = p->out.n;
    if (end == ':' || (set | cleared) & written) {
        put_flags(p, set & written, cleared & written);
        pp_out_char(&p->out, (char)end);
    }
    enum pp_code c = end == ':' ? push_new(p, PAREN, from) : PP_OK; /* keeps the flags of before */
    p->flags = (p->flags | set) & ~cleared;
    return c;
}

/* (?i), (?i-s:, (?:, (?P<name>, (?<name>. */
static enum pp_code parse_perl_group(struct parser *p)
{
    pp_str s = p->rest, t = pp_str_from(s, 2);
    if (s.n > 4 && s.p[2] == 'P' && s.p[3] == '<') return parse_named_group(p, 4);
    if (s.n > 3 && s.p[2] == '<') return parse_named_group(p, 3);

    unsigned set = 0, cleared = 0;
    bool negative = false, saw_flag = false;
    uint32_t c = 0;
    while (t.n > 0) {
        enum pp_code code = next_rune(p, &t, &c);
        if (code) return code;
        unsigned flag = flag_of(c);
        if (flag) {
            set = negative ? set & ~flag : set | flag;
            cleared = negative ? cleared | flag : cleared;
            saw_flag = true;
        } else if (c == '-' && !negative) {
            negative = true;
            saw_flag = false;
        } else if ((c == ':' || c == ')') && (saw_flag || !negative)) {
            p->rest = t;
            return end_of_flags(p, c, set, cleared);
        } else {
            break;
        }
    }
    return fail(p, "invalid or unsupported Perl syntax", until(s, t));
}

/* --- escapes and classes --- */

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
    if ((code = next_rune(p, t, &c))) return code;
    if (c != '{') {
        int high = hex_digit(c);
        if ((code = next_rune(p, t, &c))) return code;
        *ret_valid = high >= 0 && hex_digit(c) >= 0;
        if (*ret_valid) *ret_rune = (uint32_t)(high * 16 + hex_digit(c));
        return PP_OK;
    }
    for (size_t digits = 0;; digits++) {
        if (t->n == 0) return PP_OK;
        if ((code = next_rune(p, t, &c))) return code;
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
    if (t.n == 0) return fail(p, "trailing backslash at end of expression", PP_STR(""));
    uint32_t c;
    enum pp_code code = next_rune(p, &t, &c);
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
    if (!valid) return fail(p, "invalid escape sequence", until(*s, t));
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
    enum pp_code code = next_rune(p, &t, &c);
    if (code) return code;
    if (c != '{') {
        name = pp_str_from(until(*s, t), 2);
    } else {
        size_t end = pp_str_find_byte(*s, '}');
        if (end == PP_NOT_FOUND) {
            code = check_utf8(p, *s);
            return code ? code : fail(p, "invalid character class range", *s);
        }
        t = pp_str_from(*s, end + 1);
        name = pp_str_sub(*s, 3, end);
        if ((code = check_utf8(p, name))) return code;
    }
    if (begins(name, '^')) {
        negative = !negative;
        name = pp_str_from(name, 1);
    }
    struct pp_rune_set set;
    if (!pp_regex_named_set(p->arena, name, p->flags & FOLD_CASE, &set))
        return fail(p, "invalid character class range", until(*s, t));
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
    if (!*ret_found) return fail(p, "invalid character class range", text);
    pp_out_str(&p->out, text);
    *s = pp_str_from(*s, text.n);
    return PP_OK;
}

static enum pp_code parse_class_rune(struct parser *p, pp_str *t, pp_str whole_class, uint32_t *ret_rune)
{
    if (t->n == 0) return fail(p, "missing closing ]", whole_class);
    return t->p[0] == '\\' ? parse_escape(p, t, ret_rune) : next_rune(p, t, ret_rune);
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
        if (high < low) return fail(p, "invalid character class range", until(range, *t));
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
        insert(p, from, PP_STR("(?-i:"));
        pp_out_char(&p->out, ')');
    }
    return push_new(p, CLASS, from);
}

static enum pp_code parse_class(struct parser *p)
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
        enum pp_code c = next_rune(p, &text, &rune);
        if (!c) c = push_literal(p, rune);
        if (c) return c;
    }
    return PP_OK;
}

static enum pp_code parse_backslash(struct parser *p)
{
    pp_str two = pp_str_sub(p->rest, 0, 2);
    size_t from = p->out.n;
    if (two.n == 2) {
        if (two.p[1] == 'C') return fail(p, "invalid escape sequence", two);
        if (two.p[1] == 'Q') return parse_quoted(p);
        bool anchor = two.p[1] && strchr("AbBz", two.p[1]);
        if (anchor || is_perl_class(two)) {
            p->rest = pp_str_from(p->rest, 2);
            return push_text(p, anchor ? OTHER : CLASS, two);
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
    return c ? c : push_literal(p, rune);
}

/* --- the whole --- */

static enum pp_code parse_bar(struct parser *p)
{
    enum pp_code c = concat(p);
    if (c) return c;
    pp_out_char(&p->out, '|');
    p->rest = pp_str_from(p->rest, 1);
    return swap_bar(p) ? PP_OK : push_new(p, BAR, p->out.n);
}

static enum pp_code parse_mark(struct parser *p, enum kind kind)
{
    pp_str text = pp_str_sub(p->rest, 0, 1);
    p->rest = pp_str_from(p->rest, 1);
    return push_text(p, kind, text);
}

static enum pp_code parse_step(struct parser *p)
{
    uint32_t rune;
    enum pp_code c;
    switch (p->rest.p[0]) {
    case '(':
        if (p->rest.n >= 2 && p->rest.p[1] == '?') return parse_perl_group(p);
        p->rest = pp_str_from(p->rest, 1);
        return open_group(p, PP_STR("("), true);
    case ')': return close_group(p);
    case '|': return parse_bar(p);
    case '^':
    case '$': return parse_mark(p, OTHER);
    case '.': return parse_mark(p, CLASS);
    case '[': return parse_class(p);
    case '*':
    case '+':
    case '?': return repeat(p, (struct count){0}, pp_str_from(p->rest, 1));
    case '{': return parse_brace(p);
    case '\\': return parse_backslash(p);
    default: return (c = next_rune(p, &p->rest, &rune)) ? c : push_literal(p, rune);
    }
}

static enum pp_code parse(struct parser *p)
{
    enum pp_code c = PP_OK;
    while (!c && p->rest.n > 0) {
        const char *at = p->rest.p;
        c = parse_step(p);
        if (p->last_repeat.p != at) p->last_repeat = (pp_str){0}; /* this step was no operator */
    }
    if (!c) c = alternate(p);
    if (!c && p->stack.n != 1) c = fail(p, "missing closing )", p->whole);
    return c;
}

enum pp_code pp_regex_translate(struct pp_arena *a, pp_str pattern, pp_str *ret_re2, struct pp_err *err)
{
    struct parser p = {.whole = pattern, .rest = pattern, .arena = a, .err = err, .repeat_product = 1};
    pp_out_to_memory(&p.out, a);
    enum pp_code c = parse(&p);
    if (c) return c;
    *ret_re2 = pp_out_bytes(&p.out);
    return PP_OK;
}
