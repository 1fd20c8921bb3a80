// SPDX-License-Identifier: Apache-2.0
#include "profile/foreign/foreign.h"

#include <math.h>

#include "profile/builder.h"
#include "profile/legacy/legacy.h"
#include "profile/legacy/memory_map.h"

enum { OBJECTS, BYTES, ALL_OBJECTS, ALL_BYTES, N_COUNTS };

struct counts {
    int64_t v[N_COUNTS];
};

struct thread {
    int64_t number;
    struct counts counts;
};

struct heap {
    struct pp_arena *a;
    struct pp_builder b;
    struct pp_err *err;
    size_t line_number;
    double rate;
    bool has_alloc;
    PP_VEC(uint32_t) stack;
    bool has_stack, has_total;
    struct counts total;
    PP_VEC(struct thread) threads; /* of the stack */
    pp_string_id thread_key, bytes_key, bytes_unit;
};

static enum pp_format_answer broken(struct heap *h, const char *what)
{
    pp_fail(h->err, PP_E_FORMAT, "jemalloc heap profile: line %zu: %s", h->line_number, what);
    return PP_FORMAT_BROKEN;
}

/* Takes white space, then a number; false if there is none. */
static bool take_number(pp_str *s, int64_t *ret_value)
{
    uint64_t v;
    size_t n = 0;
    while (s->n && s->p[0] == ' ')
        *s = pp_str_from(*s, 1);
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!pp_str_to_u64((pp_str){s->p, n}, 10, &v) || v > INT64_MAX) return false;
    *s = pp_str_from(*s, n);
    *ret_value = (int64_t)v;
    return true;
}

static bool take_text(pp_str *s, pp_str text)
{
    if (!pp_str_has_prefix(*s, text)) return false;
    *s = pp_str_from(*s, text.n);
    return true;
}

/* " 77: 64730 [0: 0]" */
static bool read_counts(pp_str s, struct counts *ret)
{
    return take_number(&s, &ret->v[OBJECTS]) && take_text(&s, PP_STR(":")) && take_number(&s, &ret->v[BYTES]) &&
           take_text(&s, PP_STR(" [")) && take_number(&s, &ret->v[ALL_OBJECTS]) && take_text(&s, PP_STR(":")) &&
           take_number(&s, &ret->v[ALL_BYTES]) && take_text(&s, PP_STR("]"));
}

/* How many there were for each that was sampled: objects of a mean size, taken every `rate` bytes. */
static double factor(const struct heap *h, int64_t objects, int64_t bytes)
{
    if (objects <= 0 || bytes <= 0 || h->rate <= 0) return 1;
    return 1 / (1 - exp(-((double)bytes / (double)objects) / h->rate));
}

static int64_t scaled(int64_t v, double by)
{
    double x = round((double)v * by);
    return x < 9e18 ? (int64_t)x : INT64_MAX;
}

static void add_sample(struct heap *h, const struct counts *c, const int64_t *thread)
{
    double in_use = factor(h, h->total.v[OBJECTS], h->total.v[BYTES]);
    double all = factor(h, h->total.v[ALL_OBJECTS], h->total.v[ALL_BYTES]);
    int64_t values[N_COUNTS], *v = values;
    struct pp_label labels[2];
    size_t n = 0;
    if (h->has_alloc) {
        *v++ = scaled(c->v[ALL_OBJECTS], all);
        *v++ = scaled(c->v[ALL_BYTES], all);
    }
    *v++ = scaled(c->v[OBJECTS], in_use);
    *v++ = scaled(c->v[BYTES], in_use);
    const int64_t *of = c->v[OBJECTS] ? &c->v[OBJECTS] : &c->v[ALL_OBJECTS];
    if (of[0]) labels[n++] = (struct pp_label){h->bytes_key, 0, of[1] / of[0], h->bytes_unit, true};
    if (thread) labels[n++] = (struct pp_label){h->thread_key, 0, *thread, 0, true};
    pp_builder_add(&h->b, h->stack.p, h->stack.n, values, labels, n);
}

static bool is_zero(const struct counts *c) { return !(c->v[0] | c->v[1] | c->v[2] | c->v[3]); }

/* What the threads' lines leave of the stack's totals; false: they say more than these, so they are no parts of them. */
static bool subtract_threads(const struct heap *h, struct counts *ret_rest)
{
    struct counts rest = h->total;
    for (size_t i = 0; i < h->threads.n; i++)
        for (size_t k = 0; k < N_COUNTS; k++) {
            rest.v[k] -= h->threads.p[i].counts.v[k];
            if (rest.v[k] < 0) return false;
        }
    *ret_rest = rest;
    return true;
}

/* The stack is complete: its threads' parts and the rest, or the totals alone. Nothing is counted twice. */
static void finish_stack(struct heap *h)
{
    struct counts rest = h->total;
    if (h->has_stack && h->has_total) {
        if (subtract_threads(h, &rest))
            for (size_t i = 0; i < h->threads.n; i++)
                if (!is_zero(&h->threads.p[i].counts)) add_sample(h, &h->threads.p[i].counts, &h->threads.p[i].number);
        if (!is_zero(&rest)) add_sample(h, &rest, NULL);
    }
    h->has_stack = h->has_total = false;
    h->threads.n = 0;
}

/* "@ 0x7f.. 0x55..": return addresses, leaf first. */
static enum pp_format_answer read_stack(struct heap *h, pp_str line)
{
    pp_str word;
    uint64_t address;
    finish_stack(h);
    h->stack.n = 0;
    h->has_stack = true;
    line = pp_str_from(line, 1);
    while (pp_str_next(&line, ' ', &word)) {
        if (!word.n) continue;
        if (!take_text(&word, PP_STR("0x")) || !pp_str_to_u64(word, 16, &address))
            return broken(h, "an address was expected");
        uint32_t location = pp_builder_location(&h->b, PP_NONE, address ? address - 1 : 0, PP_NONE, 0);
        *PP_PUSH(h->a, &h->stack) = location;
    }
    return PP_FORMAT_READ;
}

/* "t*: ..." or "t12: ...". Before the first stack they are the sums of all, which the stacks give, too. */
static enum pp_format_answer read_thread(struct heap *h, pp_str line)
{
    struct counts c;
    int64_t number = 0;
    line = pp_str_from(line, 1);
    bool is_total = take_text(&line, PP_STR("*"));
    if ((!is_total && !take_number(&line, &number)) || !take_text(&line, PP_STR(":")) || !read_counts(line, &c))
        return broken(h, "\"tN: objects: bytes [objects: bytes]\" was expected");
    if (!h->has_stack) {
        h->has_alloc |= c.v[ALL_OBJECTS] != 0;
        return PP_FORMAT_READ;
    }
    if (is_total && h->has_total) return broken(h, "a second total for one stack");
    if (is_total) {
        h->has_total = true;
        h->total = c;
    } else {
        *PP_PUSH(h->a, &h->threads) = (struct thread){number, c};
    }
    return PP_FORMAT_READ;
}

static void add_types(struct heap *h)
{
    if (h->has_alloc) {
        pp_builder_type(&h->b, PP_STR("alloc_objects"), PP_STR("count"));
        pp_builder_type(&h->b, PP_STR("alloc_space"), PP_STR("bytes"));
    }
    pp_builder_type(&h->b, PP_STR("inuse_objects"), PP_STR("count"));
    pp_builder_type(&h->b, PP_STR("inuse_space"), PP_STR("bytes"));
}

static enum pp_format_answer read_lines(struct heap *h, struct pp_lines *l)
{
    enum pp_format_answer answer = PP_FORMAT_READ;
    while (answer == PP_FORMAT_READ && pp_lines_next(l)) {
        pp_str line = pp_str_trim(l->line);
        h->line_number++;
        if (pp_str_eq_c(line, "MAPPED_LIBRARIES:")) break;
        if (!line.n) continue;
        if (line.p[0] == '@') {
            if (!h->b.types.n) add_types(h);
            answer = read_stack(h, line);
        } else if (line.p[0] == 't') {
            answer = read_thread(h, line);
        } else {
            return broken(h, "neither a stack nor a thread's line");
        }
    }
    if (answer == PP_FORMAT_READ && l->too_long) return broken(h, "the line is too long");
    finish_stack(h);
    return answer;
}

static bool read_header(pp_str line, int64_t *ret_rate)
{
    return take_text(&line, PP_STR("heap_v2/")) && take_number(&line, ret_rate) && !pp_str_trim(line).n;
}

enum pp_format_answer pp_foreign_jemalloc(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                          struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct pp_lines l = {.rest = bytes};
    int64_t rate;
    if (!pp_lines_next(&l) || !read_header(l.line, &rate)) return PP_FORMAT_NOT_MINE;
    struct heap h = {.a = a, .err = err, .rate = (double)rate, .line_number = 1};
    pp_builder_init(&h.b, a);
    struct pp_profile *p = h.b.p;
    h.thread_key = pp_profile_intern(p, PP_STR("thread"));
    h.bytes_key = h.bytes_unit = pp_profile_intern(p, PP_STR("bytes"));
    enum pp_format_answer answer = read_lines(&h, &l);
    if (answer != PP_FORMAT_READ) return answer;
    if (!h.b.types.n) add_types(&h);
    p->has_period_type = true;
    p->period_type = (struct pp_value_type){pp_profile_intern(p, PP_STR("space")), h.bytes_unit};
    p->period = rate;
    pp_builder_finish(&h.b);
    if (pp_memory_map_read(p, &l, err)) return PP_FORMAT_BROKEN;
    pp_memory_map_assign(p);
    pp_legacy_set_frames(p);
    *ret_profile = p;
    return PP_FORMAT_READ;
}
