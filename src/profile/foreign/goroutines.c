// SPDX-License-Identifier: Apache-2.0
#include "profile/foreign/foreign.h"

#include "profile/builder.h"

#define LABELS_MAX 64 /* of one goroutine */

struct dump {
    struct pp_arena *a;
    struct pp_builder b;
    uint32_t mapping;
    bool in_goroutine, in_ancestor;
    PP_VEC(uint32_t) stack;
    struct pp_label labels[LABELS_MAX];
    size_t n_labels;
    pp_str function; /* of the line before, which waits for its place */
    bool is_creator; /* that function made this goroutine */
    bool has_frame;  /* a function and its place were seen: it is such a dump */
};

/* "goroutine 12 gp=0x1 m=nil [chan receive, 5 minutes]:" -> what stands in the brackets. */
static bool read_header(pp_str line, pp_str *ret_state)
{
    const pp_str start = PP_STR("goroutine "), end = PP_STR("]:");
    uint64_t number;
    pp_str word, rest = pp_str_from(line, start.n);
    if (!pp_str_has_prefix(line, start) || !pp_str_has_suffix(line, end)) return false;
    pp_str_cut(rest, ' ', &word, &rest);
    size_t open = pp_str_find_byte(rest, '[');
    if (!pp_str_to_u64(word, 10, &number) || open == PP_NOT_FOUND) return false;
    *ret_state = pp_str_sub(rest, open + 1, rest.n - end.n);
    return true;
}

static void add_text_label(struct dump *d, pp_str key, pp_str value)
{
    if (d->n_labels >= LABELS_MAX || !key.n) return;
    d->labels[d->n_labels++] =
        (struct pp_label){.key = pp_profile_intern(d->b.p, key), .str = pp_profile_intern(d->b.p, value)};
}

/* The next "quoted" text of *rest, with \" and \\ taken as they are meant. */
static bool take_quoted(struct pp_arena *a, pp_str *rest, pp_str *ret_text)
{
    size_t at = pp_str_find_byte(*rest, '"'), n = 0, end;
    if (at == PP_NOT_FOUND) return false;
    for (end = ++at; end < rest->n && rest->p[end] != '"'; end++)
        end += rest->p[end] == '\\' && end + 1 < rest->n;
    char *text = pp_alloc(a, end - at + 1, 1);
    for (; at < end; at++) {
        if (rest->p[at] == '\\' && at + 1 < end) at++;
        text[n++] = rest->p[at];
    }
    *rest = pp_str_from(*rest, end + 1);
    *ret_text = (pp_str){text, n};
    return true;
}

/* labels:{"id": "1", "role": "x"} */
static void add_own_labels(struct dump *d, pp_str text)
{
    pp_str key, value;
    while (d->n_labels < LABELS_MAX && take_quoted(d->a, &text, &key) && take_quoted(d->a, &text, &value))
        add_text_label(d, key, value);
}

static void add_state(struct dump *d, pp_str state)
{
    const pp_str own = PP_STR(" labels:{"), minutes = PP_STR(" minutes");
    pp_str part;
    uint64_t wait;
    size_t at = pp_str_find(state, own);
    if (at != PP_NOT_FOUND) add_own_labels(d, pp_str_from(state, at + own.n));
    if (at != PP_NOT_FOUND) state.n = at;
    for (bool first = true; pp_str_next(&state, ',', &part); first = false) {
        part = pp_str_trim(part);
        if (first) {
            add_text_label(d, PP_STR("state"), part);
        } else if (pp_str_eq_c(part, "locked to thread")) {
            add_text_label(d, PP_STR("locked"), PP_STR("thread"));
        } else if (pp_str_has_suffix(part, minutes) && d->n_labels < LABELS_MAX &&
                   pp_str_to_u64((pp_str){part.p, part.n - minutes.n}, 10, &wait) && wait <= INT64_MAX) {
            d->labels[d->n_labels++] = (struct pp_label){.key = pp_profile_intern(d->b.p, PP_STR("wait")),
                                                         .num = (int64_t)wait,
                                                         .unit = pp_profile_intern(d->b.p, PP_STR("minutes")),
                                                         .is_num = true};
        } else {
            add_text_label(d, PP_STR("note"), part);
        }
    }
}

static void finish_goroutine(struct dump *d)
{
    if (d->in_goroutine) {
        if (!d->stack.n) {
            uint32_t f = pp_builder_function(&d->b, PP_STR("[stack unavailable]"), PP_STR(""));
            uint32_t location = pp_builder_location(&d->b, d->mapping, 0, f, 0);
            *PP_PUSH(d->a, &d->stack) = location;
        }
        pp_builder_add(&d->b, d->stack.p, d->stack.n, (int64_t[]){1}, d->labels, d->n_labels);
    }
    d->in_goroutine = d->in_ancestor = false;
    d->function = PP_STR("");
    d->stack.n = d->n_labels = 0;
}

/* "\t/src/x.go:51 +0xf fp=0x1 sp=0x2 pc=0x3" */
static bool read_place(pp_str line, pp_str *ret_file, int64_t *ret_line)
{
    uint64_t number;
    if (!pp_str_has_prefix(line, PP_STR("\t"))) return false;
    line = pp_str_from(line, 1);
    size_t offset = pp_str_find(line, PP_STR(" +0x"));
    if (offset != PP_NOT_FOUND) line.n = offset;
    size_t colon = pp_str_rfind_byte(line, ':');
    if (colon == PP_NOT_FOUND || !pp_str_to_u64(pp_str_from(line, colon + 1), 10, &number) || number > INT32_MAX)
        return false;
    *ret_file = (pp_str){line.p, colon};
    *ret_line = (int64_t)number;
    return true;
}

/* The place of d->function; a creator becomes a label: it is no frame of this goroutine. */
static void add_frame(struct dump *d, pp_str file, int64_t line)
{
    if (d->is_creator) {
        add_text_label(d, PP_STR("created_by"), d->function);
    } else {
        uint32_t f = pp_builder_function(&d->b, d->function, file);
        uint32_t location = pp_builder_location(&d->b, d->mapping, 0, f, line);
        *PP_PUSH(d->a, &d->stack) = location;
    }
    d->has_frame = true;
    d->function = PP_STR("");
}

static void read_function(struct dump *d, pp_str line)
{
    const pp_str creator = PP_STR("created by "), by = PP_STR(" in goroutine ");
    d->function = PP_STR("");
    d->is_creator = pp_str_has_prefix(line, creator);
    if (d->is_creator) {
        line = pp_str_from(line, creator.n);
        size_t at = pp_str_find(line, by);
        if (at != PP_NOT_FOUND) line.n = at;
        d->function = line;
        return;
    }
    size_t arguments = pp_str_rfind_byte(line, '(');
    if (pp_str_has_suffix(line, PP_STR(")")) && arguments != PP_NOT_FOUND && arguments)
        d->function = (pp_str){line.p, arguments};
}

static void read_line(struct dump *d, pp_str line)
{
    pp_str state, file;
    int64_t number;
    if (read_header(line, &state)) {
        finish_goroutine(d);
        d->in_goroutine = true;
        add_state(d, state);
    } else if (!line.n) {
        finish_goroutine(d);
    } else if (!d->in_goroutine || d->in_ancestor) {
        return;
    } else if (pp_str_has_prefix(line, PP_STR("[originating from goroutine "))) {
        d->in_ancestor = true;
    } else if (d->function.n && read_place(line, &file, &number)) {
        add_frame(d, file, number);
    } else {
        read_function(d, line);
    }
}

enum pp_format_answer pp_foreign_goroutines(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                            struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt, (void)err;
    if (!pp_str_has_prefix(bytes, PP_STR("goroutine ")) && !pp_str_contains(bytes, PP_STR("\ngoroutine ")))
        return PP_FORMAT_NOT_MINE;
    struct dump d = {.a = a};
    pp_str line;
    pp_builder_init(&d.b, a);
    d.mapping = pp_builder_named_mapping(&d.b);
    pp_builder_type(&d.b, PP_STR("goroutine"), PP_STR("count"));
    d.b.p->has_period_type = true;
    d.b.p->period_type = d.b.types.p[0];
    d.b.p->period = 1;
    while (pp_str_next(&bytes, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        read_line(&d, line);
    }
    finish_goroutine(&d);
    if (!d.has_frame) return PP_FORMAT_NOT_MINE;
    *ret_profile = pp_builder_finish(&d.b);
    return PP_FORMAT_READ;
}
