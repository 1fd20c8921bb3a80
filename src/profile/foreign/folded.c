// SPDX-License-Identifier: Apache-2.0
#include "profile/foreign/foreign.h"

#include "profile/builder.h"

#define COLUMNS_MAX 2
#define FRAMES_MAX 100000 /* of one stack */

/* Splits a number off the end of *line: false if the last word is none, or is all there is. */
static bool take_number(pp_str *line, int64_t *ret_value)
{
    uint64_t v;
    size_t space = pp_str_rfind_byte(*line, ' ');
    if (space == PP_NOT_FOUND || space == 0) return false;
    if (!pp_str_to_u64(pp_str_from(*line, space + 1), 10, &v) || v > INT64_MAX) return false;
    *line = (pp_str){line->p, space};
    *ret_value = (int64_t)v;
    return true;
}

static bool next_line(pp_str *rest, pp_str *ret_line)
{
    do {
        if (!pp_str_next(rest, '\n', ret_line)) return false;
        if (ret_line->n && ret_line->p[ret_line->n - 1] == '\r') ret_line->n--;
    } while (!ret_line->n);
    return true;
}

static bool has_control(pp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') return true;
    return false;
}

/* How many numbers every line ends in, at most two; 0: this is something else. One line at least has two frames. */
static size_t count_columns(pp_str text)
{
    size_t columns = COLUMNS_MAX;
    bool has_stack = false;
    pp_str line;
    int64_t ignored;
    while (columns && next_line(&text, &line)) {
        size_t n = 0;
        if (has_control(line)) return 0;
        while (n < columns && take_number(&line, &ignored))
            n++;
        columns = n;
        has_stack |= pp_str_find_byte(line, ';') != PP_NOT_FOUND;
    }
    return has_stack ? columns : 0;
}

/* The marks that stackcollapse-perf and others put behind a name say what kind of code it is. */
static uint32_t function_of(struct pp_builder *b, pp_str name)
{
    static const struct {
        const char *mark, *file;
    } marks[] = {{"_[k]", "[kernel]"}, {"_[j]", "[jit]"}, {"_[i]", ""}, {"_[w]", ""}};
    pp_str file = PP_STR("");
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        pp_str mark = pp_str_c(marks[i].mark);
        if (name.n <= mark.n || !pp_str_has_suffix(name, mark)) continue;
        file = pp_str_c(marks[i].file);
        name.n -= mark.n;
        break;
    }
    return pp_builder_function(b, name, file);
}

/* Leaf first; the text has the root first. Empty names are none. */
static size_t read_stack(struct pp_builder *b, uint32_t mapping, pp_str stack, uint32_t *locs)
{
    size_t n = 0;
    for (bool more = true; more && n < FRAMES_MAX;) {
        size_t at = pp_str_rfind_byte(stack, ';');
        more = at != PP_NOT_FOUND;
        pp_str name = more ? pp_str_from(stack, at + 1) : stack;
        if (more) stack.n = at;
        if (name.n) locs[n++] = pp_builder_location(b, mapping, 0, function_of(b, name), 0);
    }
    return n;
}

enum pp_format_answer pp_foreign_folded(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                        struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt, (void)err;
    size_t columns = count_columns(bytes);
    if (!columns) return PP_FORMAT_NOT_MINE;
    struct pp_builder b;
    pp_str line;
    int64_t values[COLUMNS_MAX];
    uint32_t *locs = PP_NEW_N(a, uint32_t, FRAMES_MAX);
    pp_builder_init(&b, a);
    uint32_t mapping = pp_builder_named_mapping(&b);
    if (columns == 1) {
        pp_builder_type(&b, PP_STR("samples"), PP_STR("count"));
    } else {
        pp_builder_type(&b, PP_STR("before"), PP_STR("count"));
        pp_builder_type(&b, PP_STR("after"), PP_STR("count"));
    }
    while (next_line(&bytes, &line)) {
        for (size_t i = columns; i-- > 0;)
            if (!take_number(&line, &values[i])) return PP_FORMAT_NOT_MINE; /* not after count_columns */
        size_t n = read_stack(&b, mapping, line, locs);
        pp_builder_add(&b, locs, n, values, NULL, 0);
    }
    *ret_profile = pp_builder_finish(&b);
    return PP_FORMAT_READ;
}
