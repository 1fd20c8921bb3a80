// SPDX-License-Identifier: Apache-2.0
/* --- heapz 1 ---                              or: --- contentionz 1 ---
 * format = java
 * resolution = bytes
 *      7048     1 @ 0x00000003 0x00000004      bytes, objects; no real addresses: numbers of the table below
 *  0x00000003 com.example.Work.run (Work.java:12)
 *  0x00000004 libc_start (/lib/libc.so)
 */
#include "profile/legacy/legacy.h"

#include "base/gonum.h"
#include "base/gopath.h"
#include "base/utf8.h"
#include "profile/aggregate.h"
#include "profile/legacy/memory_map.h"
#include "profile/legacy/rows.h"

#define HEAP_RATE 524288

/* ---- the table of names ---- */

struct names {
    struct pp_profile *p;
    PP_VEC(struct pp_function) functions;
    uint32_t *by_name; /* by string id: index or PP_NONE; of the first n_known strings */
    size_t n_known;
    struct pp_line *line; /* of each location */
    bool *has_line;
};

static uint32_t function_of(struct names *t, pp_str name, pp_str file)
{
    struct pp_profile *p = t->p;
    pp_string_id id = pp_profile_intern_copy(p, name);
    if (id >= t->n_known) {
        size_t old = t->n_known;
        pp_vec_reserve(p->arena, (void **)&t->by_name, &t->n_known, id + 1ull, sizeof *t->by_name, _Alignof(uint32_t));
        for (size_t k = old; k < t->n_known; k++)
            t->by_name[k] = PP_NONE;
    }
    if (t->by_name[id] == PP_NONE) {
        t->by_name[id] = (uint32_t)t->functions.n;
        *PP_PUSH(p->arena, &t->functions) =
            (struct pp_function){.name = id, .system_name = id, .filename = pp_profile_intern_copy(p, file)};
    }
    return t->by_name[id];
}

/* "function (file:line)", "function (/path/of/library.so)", a generated stub, or just a name. */
static struct pp_line line_of(struct names *t, pp_str text)
{
    pp_str function, file, digits, path;
    struct pp_line line = {0};
    if (pp_row_java_file_line(text, &function, &file, &digits)) {
        if (pp_go_parse_int(digits, 10, 64, &line.line) || line.line < 0) line.line = 0;
        line.function = function_of(t, function, file);
    } else if (pp_row_java_path(text, &function, &path)) {
        line.function = function_of(t, function, pp_go_path_base(path));
    } else if (pp_str_contains(text, PP_STR("generated stub/JIT"))) {
        line.function = function_of(t, PP_STR("STUB"), (pp_str){0});
    } else {
        line.function = function_of(t, text, (pp_str){0});
    }
    return line;
}

static enum pp_code read_name(struct names *t, const struct pp_gather *g, pp_str line, struct pp_err *err)
{
    pp_str digits, text;
    uint64_t address;
    if (!pp_row_java_location(line, &digits, &text)) return PP_OK;
    enum pp_go_num kind = pp_go_parse_uint(digits, 16, 64, &address);
    if (kind) {
        pp_go_num_fail(err, kind, "ParseUint", digits);
        return pp_within(err, "parsing sample %.*s", PP_FMT(line));
    }
    uint32_t i = pp_gather_find(g, address);
    if (i == PP_NONE) return PP_OK;
    t->line[i] = line_of(t, text);
    t->has_line[i] = true;
    return PP_OK;
}

/* Functions in the order of the locations that use them, and the lines. */
static void set_lines(struct names *t)
{
    struct pp_profile *p = t->p;
    uint32_t *number = PP_NEW_N(p->arena, uint32_t, t->functions.n);
    p->lines = PP_NEW_N(p->arena, struct pp_line, p->n_locations);
    p->functions = PP_NEW_N(p->arena, struct pp_function, t->functions.n);
    for (uint32_t i = 0; i < p->n_locations; i++) {
        struct pp_location *l = &p->locations[i];
        l->first_line = (uint32_t)p->n_lines;
        if (!t->has_line[i]) continue;
        struct pp_line line = t->line[i];
        uint32_t *to = &number[line.function];
        if (!*to) {
            p->functions[p->n_functions] = t->functions.p[line.function];
            p->functions[p->n_functions].id = *to = p->n_functions + 1;
            p->n_functions++;
        }
        line.function = *to - 1;
        p->lines[p->n_lines++] = line;
        l->n_lines = 1;
        l->address = 0;
    }
}

enum pp_format_answer pp_legacy_finish_java(struct pp_gather *g, pp_str text, struct pp_profile **ret_profile,
                                            struct pp_err *err)
{
    struct pp_profile *p = g->p;
    struct names t = {.p = p,
                      .line = PP_NEW_N(p->arena, struct pp_line, g->address.n),
                      .has_line = PP_NEW_N(p->arena, bool, g->address.n)};
    for (pp_str line; pp_str_next(&text, '\n', &line);)
        if (read_name(&t, g, pp_utf8_trim(line), err)) return PP_FORMAT_BROKEN;
    pp_gather_finish(g);
    set_lines(&t);
    pp_memory_map_assign(p);
    /* Addresses mean nothing outside of this one file. */
    pp_aggregate(p, &(struct pp_aggregate){.inline_frames = true, .function = true, .filename = true, .line = true});
    if (!p->n_types && p->n_samples) {
        pp_fail(err, PP_E_FORMAT, "missing sample type information");
        return PP_FORMAT_BROKEN; /* found while the lines are put together: still parsing */
    }
    *ret_profile = p;
    return PP_FORMAT_READ;
}

/* ---- text profiles ---- */

struct java {
    struct pp_gather g;
    struct pp_addresses frames; /* of one sample */
    bool is_heap;
    pp_str rest;
};

/* The next whole line without white space at its ends; one without line end is no line here. */
static bool peek_line(const struct java *j, pp_str *ret_line, pp_str *ret_rest)
{
    if (!pp_str_cut(j->rest, '\n', ret_line, ret_rest)) return false;
    *ret_line = pp_utf8_trim(*ret_line);
    return true;
}

static void set_resolution(struct java *j, pp_str unit)
{
    unit = pp_profile_str(j->g.p, pp_profile_intern(j->g.p, unit));
    if (j->is_heap)
        pp_gather_types(&j->g, 2,
                        (const pp_str[][2]){{PP_STR("inuse_objects"), PP_STR("count")}, {PP_STR("inuse_space"), unit}});
    else
        pp_gather_types(&j->g, 2,
                        (const pp_str[][2]){{PP_STR("contentions"), PP_STR("count")}, {PP_STR("delay"), unit}});
}

static enum pp_format_answer bad_attribute(pp_str line, struct pp_err *err)
{
    pp_within(err, "failed to parse attribute %.*s", PP_FMT(line));
    return PP_FORMAT_BROKEN;
}

static enum pp_format_answer read_attribute(struct java *j, pp_str line, pp_str name, pp_str value, struct pp_err *err)
{
    int64_t number;
    if (pp_str_eq_c(name, "format")) return pp_str_eq_c(value, "java") ? PP_FORMAT_READ : PP_FORMAT_NOT_MINE;
    if (pp_str_eq_c(name, "resolution")) {
        set_resolution(j, value);
        return PP_FORMAT_READ;
    }
    if (j->is_heap) return PP_FORMAT_NOT_MINE;
    if (pp_str_eq_c(name, "sampling period")) {
        if (pp_legacy_int(value, 0, &number, err)) return bad_attribute(line, err);
        pp_gather_period(&j->g, PP_STR("contentions"), PP_STR("count"), number);
        return PP_FORMAT_READ;
    }
    if (!pp_str_eq_c(name, "ms since reset")) return PP_FORMAT_NOT_MINE;
    if (pp_legacy_int(value, 0, &number, err)) return bad_attribute(line, err);
    j->g.p->duration_nanos = pp_legacy_mul(number, 1000 * 1000);
    return PP_FORMAT_READ;
}

static enum pp_format_answer read_attributes(struct java *j, struct pp_err *err)
{
    pp_str line, rest, name, value;
    for (; peek_line(j, &line, &rest); j->rest = rest) {
        if (!line.n) continue;
        if (!pp_row_attribute(line, &name, &value)) break;
        enum pp_format_answer answer = read_attribute(j, line, pp_utf8_trim(name), pp_utf8_trim(value), err);
        if (answer != PP_FORMAT_READ) return answer;
    }
    return PP_FORMAT_READ;
}

static enum pp_format_answer bad_number(pp_str line, struct pp_err *err)
{
    pp_within(err, "parsing sample %.*s", PP_FMT(line));
    return PP_FORMAT_BROKEN;
}

static enum pp_format_answer read_sample(struct java *j, pp_str line, const struct pp_row_sample *row,
                                         struct pp_err *err)
{
    struct pp_gather *g = &j->g;
    int64_t value[2]; /* the other way round than in the text */
    j->frames.n = 0;
    if (pp_legacy_addresses(g->p->arena, row->frames, &j->frames, err)) return pp_legacy_bad_sample(line, err);
    if (pp_legacy_int(row->value[1], 0, &value[0], err) || pp_legacy_int(row->value[0], 0, &value[1], err))
        return bad_number(line, err);
    if (j->is_heap && value[0] == 0) {
        pp_fail(err, PP_E_FORMAT, "second value must be non-zero");
        return bad_number(line, err);
    }
    for (size_t k = 0; k < j->frames.n; k++)
        pp_gather_frame(g, j->frames.p[k]);
    if (j->is_heap) {
        pp_gather_block(g, pp_legacy_div(value[1], value[0]));
        pp_legacy_unsample(&value[0], &value[1], HEAP_RATE);
    } else if (g->p->period) {
        value[0] = pp_legacy_mul(value[0], g->p->period);
        value[1] = pp_legacy_mul(value[1], g->p->period);
    }
    pp_gather_sample(g, value);
    return PP_FORMAT_READ;
}

static enum pp_format_answer read_samples(struct java *j, struct pp_err *err)
{
    struct pp_row_sample row;
    pp_str line, rest;
    for (; peek_line(j, &line, &rest); j->rest = rest) {
        if (!line.n) continue;
        if (!pp_row_java(line, &row)) break;
        enum pp_format_answer answer = read_sample(j, line, &row, err);
        if (answer != PP_FORMAT_READ) return answer;
    }
    return PP_FORMAT_READ;
}

enum pp_format_answer pp_legacy_java(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                     struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct java j = {.rest = bytes};
    pp_str header, rest;
    if (!peek_line(&j, &header, &rest)) return PP_FORMAT_NOT_MINE;
    j.rest = rest;
    j.is_heap = pp_str_eq_c(header, "--- heapz 1 ---");
    if (!j.is_heap && !pp_str_eq_c(header, "--- contentionz 1 ---")) return PP_FORMAT_NOT_MINE;
    pp_gather_init(&j.g, a, 2);
    enum pp_format_answer answer = read_attributes(&j, err);
    if (answer == PP_FORMAT_READ) answer = read_samples(&j, err);
    if (answer != PP_FORMAT_READ) return answer;
    return pp_legacy_finish_java(&j.g, j.rest, ret_profile, err);
}
