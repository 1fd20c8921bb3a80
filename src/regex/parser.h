/* regex/parser.h - what the files of the translation (syntax.c, escape.c, stack.c) share.
 *
 * The parser mirrors Go's: a stack of finished parts and marks. Only what the errors and limits depend on is kept of the
 * tree; its text goes to `out` at once, and operators are inserted behind the part they apply to.
 */
#ifndef PP_REGEX_PARSER_H
#define PP_REGEX_PARSER_H

#include "base/out.h"
#include "base/vec.h"

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

/* stack.c: errors and reading */
enum pp_code pp_regex_fail(struct parser *p, const char *what, pp_str fragment);
enum pp_code pp_regex_check_utf8(struct parser *p, pp_str s);
enum pp_code pp_regex_next_rune(struct parser *p, pp_str *s, uint32_t *ret_rune); /* PP_RUNE_ERROR at the end of *s */

/* stack.c: the stack */
struct item *pp_regex_top(struct parser *p, size_t below); /* NULL: not so many */
void pp_regex_count_new_node(struct parser *p);
enum pp_code pp_regex_check_limits(struct parser *p, const struct item *item);
enum pp_code pp_regex_push(struct parser *p, struct item item);
enum pp_code pp_regex_push_new(struct parser *p, enum kind kind, size_t from); /* its text: out from `from` on */
enum pp_code pp_regex_push_literal(struct parser *p, uint32_t rune);           /* writes the text, too */
enum pp_code pp_regex_push_text(struct parser *p, enum kind kind, pp_str text);
enum pp_code pp_regex_concat(struct parser *p);
enum pp_code pp_regex_alternate(struct parser *p);
bool pp_regex_swap_bar(struct parser *p);
void pp_regex_insert(struct parser *p, size_t at, pp_str text);

/* escape.c: what begins with "[" or a backslash, at p->rest */
enum pp_code pp_regex_parse_class(struct parser *p);
enum pp_code pp_regex_parse_backslash(struct parser *p);

/* What was read of `from` until `rest`, a suffix of it, was left. */
static inline pp_str until(pp_str from, pp_str rest) { return pp_str_sub(from, 0, from.n - rest.n); }

static inline bool begins(pp_str s, char c) { return s.n > 0 && s.p[0] == c; }

static inline bool is_word(uint32_t c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
