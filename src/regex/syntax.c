// SPDX-License-Identifier: Apache-2.0
#include "regex/syntax.h"

#include "base/utf8.h"
#include "regex/parser.h"

#define REPEAT_MAX 1000

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
    pp_regex_count_new_node(p);
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
    if (p->last_repeat.n > 0)
        return pp_regex_fail(p, "invalid nested repetition operator", until(p->last_repeat, after));
    bool lazy = (p->flags & NON_GREEDY) != 0;
    pp_str text = until(before, after), op = text;
    if (op.n > 1 && op.p[op.n - 1] == '?') {
        op.n--;
        lazy = !lazy;
    }
    struct item *item = pp_regex_top(p, 0);
    if (!item || item->kind >= BAR) return pp_regex_fail(p, "missing argument to repetition operator", text);
    if (item->bare_repeat) { /* something invisible was between: a*(?i)* */
        pp_regex_insert(p, item->to, PP_STR(")"));
        pp_regex_insert(p, item->from, PP_STR("(?:"));
        item->to += 4;
    }
    pp_regex_insert(p, item->to, lazy ? PP_STR("?") : PP_STR(""));
    pp_regex_insert(p, item->to, op);
    item->to += op.n + lazy;
    item->bare_repeat = true;
    grow_by_count(p, item, before.p[0], c);
    enum pp_code code = pp_regex_check_limits(p, item);
    if (code) return code;
    if (c.counted && (c.min >= 2 || c.max >= 2) && item->repeats > REPEAT_MAX)
        return pp_regex_fail(p, "invalid repeat count", text);
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
        return pp_regex_push_literal(p, '{');
    }
    if (c.min < 0 || c.min > REPEAT_MAX || c.max > REPEAT_MAX || (c.max >= 0 && c.min > c.max))
        return pp_regex_fail(p, "invalid repeat count", until(p->rest, after));
    return repeat(p, c, after);
}

/* --- groups --- */

static enum pp_code open_group(struct parser *p, pp_str text, bool captures)
{
    enum pp_code c = pp_regex_push_text(p, PAREN, text);
    p->stack.p[p->stack.n - 1].captures = captures;
    return c;
}

static enum pp_code close_group(struct parser *p)
{
    enum pp_code c = pp_regex_alternate(p);
    if (c) return c;
    struct item *inside = pp_regex_top(p, 0), *paren = pp_regex_top(p, 1);
    if (!paren || paren->kind != PAREN) return pp_regex_fail(p, "unexpected )", p->whole);
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
    return pp_regex_push(p, group);
}

static enum pp_code parse_named_group(struct parser *p, size_t name_at)
{
    size_t end = pp_str_find_byte(p->rest, '>');
    if (end == PP_NOT_FOUND) {
        enum pp_code c = pp_regex_check_utf8(p, p->rest);
        return c ? c : pp_regex_fail(p, "invalid named capture", p->rest);
    }
    pp_str name = pp_str_sub(p->rest, name_at, end);
    enum pp_code c = pp_regex_check_utf8(p, name);
    if (c) return c;
    bool valid = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        valid = valid && is_word((unsigned char)name.p[i]);
    if (!valid) return pp_regex_fail(p, "invalid named capture", pp_str_sub(p->rest, 0, end + 1));
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
    enum pp_code c = end == ':' ? pp_regex_push_new(p, PAREN, from) : PP_OK; /* keeps the flags of before */
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
        enum pp_code code = pp_regex_next_rune(p, &t, &c);
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
    return pp_regex_fail(p, "invalid or unsupported Perl syntax", until(s, t));
}

/* --- the whole --- */

static enum pp_code parse_bar(struct parser *p)
{
    enum pp_code c = pp_regex_concat(p);
    if (c) return c;
    pp_out_char(&p->out, '|');
    p->rest = pp_str_from(p->rest, 1);
    return pp_regex_swap_bar(p) ? PP_OK : pp_regex_push_new(p, BAR, p->out.n);
}

static enum pp_code parse_mark(struct parser *p, enum kind kind)
{
    pp_str text = pp_str_sub(p->rest, 0, 1);
    p->rest = pp_str_from(p->rest, 1);
    return pp_regex_push_text(p, kind, text);
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
    case '[': return pp_regex_parse_class(p);
    case '*':
    case '+':
    case '?': return repeat(p, (struct count){0}, pp_str_from(p->rest, 1));
    case '{': return parse_brace(p);
    case '\\': return pp_regex_parse_backslash(p);
    default: return (c = pp_regex_next_rune(p, &p->rest, &rune)) ? c : pp_regex_push_literal(p, rune);
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
    if (!c) c = pp_regex_alternate(p);
    if (!c && p->stack.n != 1) c = pp_regex_fail(p, "missing closing )", p->whole);
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
