// SPDX-License-Identifier: Apache-2.0
#include "regex/parser.h"

#include <string.h>

#include "base/utf8.h"

#define HEIGHT_MAX 1000
#define SIZE_MAX_INSTS ((128 << 20) / 40) /* of Go's compiled program */

enum pp_code pp_regex_fail(struct parser *p, const char *what, pp_str fragment)
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

enum pp_code pp_regex_check_utf8(struct parser *p, pp_str s)
{
    size_t width;
    for (; s.n > 0; s = pp_str_from(s, width)) {
        if (pp_utf8_decode(s, &width) == PP_RUNE_ERROR && width == 1) return pp_regex_fail(p, "invalid UTF-8", s);
    }
    return PP_OK;
}

/* The next rune of *s; PP_RUNE_ERROR at its end, as in Go. */
enum pp_code pp_regex_next_rune(struct parser *p, pp_str *s, uint32_t *ret_rune)
{
    size_t width;
    uint32_t rune = pp_utf8_decode(*s, &width);
    if (rune == PP_RUNE_ERROR && width == 1) return pp_regex_fail(p, "invalid UTF-8", *s);
    *s = pp_str_from(*s, width);
    *ret_rune = rune;
    return PP_OK;
}

void pp_regex_count_new_node(struct parser *p)
{
    if (p->free_nodes > 0)
        p->free_nodes--;
    else
        p->nodes++;
}

/* Go looks at sizes only once nodes times repetitions could pass the limit; a repetition counts each time it is pushed. */
enum pp_code pp_regex_check_limits(struct parser *p, const struct item *item)
{
    if (!p->tracks_size && item->factor > 0) {
        bool over = item->factor > SIZE_MAX_INSTS / p->repeat_product;
        p->repeat_product = over ? SIZE_MAX_INSTS : p->repeat_product * item->factor;
    }
    if (!p->tracks_size && p->nodes >= SIZE_MAX_INSTS / p->repeat_product) {
        p->tracks_size = true;
        for (size_t i = 0; i < p->stack.n; i++) {
            if (p->stack.p[i].size > SIZE_MAX_INSTS) return pp_regex_fail(p, "expression too large", p->whole);
        }
    }
    if (p->tracks_size && item->size > SIZE_MAX_INSTS) return pp_regex_fail(p, "expression too large", p->whole);
    if (item->height > HEIGHT_MAX) return pp_regex_fail(p, "expression nests too deeply", p->whole);
    return PP_OK;
}

struct item *pp_regex_top(struct parser *p, size_t below)
{
    return p->stack.n > below ? &p->stack.p[p->stack.n - 1 - below] : NULL;
}

/* Two literals on top become one; done before each push, so that an operator meets only the last rune. */
static void join_literals(struct parser *p)
{
    struct item *last = pp_regex_top(p, 0), *before = pp_regex_top(p, 1);
    if (!before || last->kind != LITERAL || before->kind != LITERAL || last->flags != before->flags) return;
    before->size += last->size;
    before->to = last->to;
    p->stack.n--;
    p->free_nodes++;
}

enum pp_code pp_regex_push(struct parser *p, struct item item)
{
    join_literals(p);
    *PP_PUSH(p->arena, &p->stack) = item;
    return pp_regex_check_limits(p, &item);
}

enum pp_code pp_regex_push_new(struct parser *p, enum kind kind, size_t from)
{
    pp_regex_count_new_node(p);
    return pp_regex_push(p, (struct item){.kind = kind,
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
    if (n == 0) return pp_regex_push_new(p, OTHER, p->out.n); /* matches the empty text */
    struct item all = p->stack.p[first];
    if (n > 1) {
        pp_regex_count_new_node(p);
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
    return pp_regex_push(p, all);
}

enum pp_code pp_regex_concat(struct parser *p)
{
    join_literals(p);
    return collapse(p, CONCAT);
}

/* An item above a "|" changes places with it, or melts with the class below. false: there is no "|". */
bool pp_regex_swap_bar(struct parser *p)
{
    struct item *last = pp_regex_top(p, 0), *bar = pp_regex_top(p, 1), *below = pp_regex_top(p, 2);
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
enum pp_code pp_regex_alternate(struct parser *p)
{
    enum pp_code c = pp_regex_concat(p);
    if (c) return c;
    if (pp_regex_swap_bar(p)) p->stack.n--;
    return collapse(p, ALTERNATE);
}

enum pp_code pp_regex_push_literal(struct parser *p, uint32_t rune)
{
    size_t from = p->out.n;
    if (is_word(rune))
        pp_out_char(&p->out, (char)rune);
    else
        pp_out_fmt(&p->out, "\\x{%x}", rune);
    return pp_regex_push_new(p, LITERAL, from);
}

enum pp_code pp_regex_push_text(struct parser *p, enum kind kind, pp_str text)
{
    size_t from = p->out.n;
    pp_out_str(&p->out, text);
    return pp_regex_push_new(p, kind, from);
}

void pp_regex_insert(struct parser *p, size_t at, pp_str text)
{
    size_t tail = p->out.n - at;
    pp_out_str(&p->out, text);
    if (p->out.failed) return;
    memmove(p->out.p + at + text.n, p->out.p + at, tail);
    memcpy(p->out.p + at, text.p, text.n);
}
