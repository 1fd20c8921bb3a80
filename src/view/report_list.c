// SPDX-License-Identifier: Apache-2.0
/* -list: source lines of the functions whose name matches, with what they cost. */
#include <stdlib.h>

#include "base/gonum.h"
#include "symbols/source_text.h"
#include "view/report_parts.h"

#define MARGIN 5 /* lines shown around samples */

struct row {
    pp_str name, file;
    int64_t line;
    uint32_t node;
};

/* The rows of one function and file. */
struct rows {
    const struct row *p;
    size_t n;
};

struct pp_source_text *pp_report_sources(struct pp_report *r)
{
    const struct pp_source_options o = {
        .search_path = r->o.source_path, .trim_path = r->o.trim_path, .say = r->o.say, .say_ctx = r->o.say_ctx};
    return pp_source_text_new(&r->arena, &o);
}

bool pp_report_symbol_address(const struct pp_report *r, uint64_t *ret_address)
{
    return r->o.symbol && pp_go_parse_uint(pp_regex_pattern(r->o.symbol), 0, 64, ret_address) == PP_GO_NUM_OK;
}

static int compare_rows(const void *va, const void *vb)
{
    const struct row *a = va, *b = vb;
    int c = pp_str_cmp(a->name, b->name);
    if (!c) c = pp_str_cmp(a->file, b->file);
    return c ? c : a->node < b->node ? -1 : a->node > b->node;
}

static int compare_lines(const void *va, const void *vb)
{
    const struct row *a = va, *b = vb;
    return a->line < b->line ? -1 : a->line > b->line ? 1 : a->node < b->node ? -1 : a->node > b->node;
}

static const struct pp_node *node_of(const struct pp_report *r, const struct row *row)
{
    return &r->g->nodes[row->node];
}

/* Sums are plain ones: google/pprof doesn't divide for -mean here. */
static void put_head(struct pp_report *r, struct rows rows)
{
    int64_t flat = 0, cum = 0;
    for (size_t i = 0; i < rows.n; i++) {
        flat = pp_go_add(flat, node_of(r, &rows.p[i])->flat);
        cum = pp_go_add(cum, node_of(r, &rows.p[i])->cum);
    }
    pp_out_fmt(r->out, "ROUTINE ======================== %.*s in %.*s\n", PP_FMT(rows.p->name), PP_FMT(rows.p->file));
    pp_report_put_routine_sums(r, flat, cum);
}

/* The lines to show. A row that moves the start does not move the end, as in Go. */
static void find_range(const struct pp_report *r, struct rows rows, int64_t *ret_start, int64_t *ret_end)
{
    int64_t start = 0, end = 0;
    for (size_t i = 0; i < rows.n; i++) {
        int64_t from = r->g->places->places[node_of(r, &rows.p[i])->place].start_line;
        int64_t line = rows.p[i].line, to = pp_go_add(line, MARGIN);
        if (!from) from = pp_go_add(line, -MARGIN);
        if (i == 0) {
            start = from;
            end = to;
        } else if (from < start) {
            start = from;
        } else if (to > end) {
            end = to;
        }
    }
    *ret_start = start < 1 ? 1 : start;
    *ret_end = end;
}

static void put_line(struct pp_report *r, int64_t line, int64_t flat, int64_t cum, pp_str text)
{
    pp_report_put_value_or_dot(r, flat, 10);
    pp_out_char(r->out, ' ');
    pp_report_put_value_or_dot(r, cum, 10);
    pp_out_fmt(r->out, " %6lld:", (long long)line);
    pp_out_str(r->out, text);
    pp_out_char(r->out, '\n');
}

static void put_source(struct pp_report *r, struct pp_source_text *sources, struct rows rows)
{
    int64_t start, end;
    find_range(r, rows, &start, &end);
    struct row *by_line = PP_NEW_N(&r->arena, struct row, rows.n);
    for (size_t i = 0; i < rows.n; i++)
        by_line[i] = rows.p[i];
    qsort(by_line, rows.n, sizeof *by_line, compare_lines);
    pp_str text;
    size_t at = 0;
    for (int64_t line = start; line <= end && pp_source_text_line(sources, rows.p->file, line, &text); line++) {
        int64_t flat = 0, cum = 0;
        for (; at < rows.n && by_line[at].line <= line; at++) {
            if (by_line[at].line < line) continue;
            flat = pp_go_add(flat, node_of(r, &by_line[at])->flat);
            cum = pp_go_add(cum, node_of(r, &by_line[at])->cum);
        }
        put_line(r, line, flat, cum, text);
    }
    pp_str error = pp_source_text_error(sources, rows.p->file);
    if (error.n) pp_out_fmt(r->out, " Error: %.*s\n", PP_FMT(error));
}

/* All rows of one function name, by file; those without one come first. */
static void put_function(struct pp_report *r, struct pp_source_text *sources, struct rows rows)
{
    size_t from = 0;
    while (from < rows.n && !rows.p[from].file.n)
        from++;
    if (from == rows.n) pp_out_fmt(r->out, "No source information for %.*s\n", PP_FMT(rows.p->name));
    for (size_t to; from < rows.n; from = to) {
        for (to = from + 1; to < rows.n && pp_str_eq(rows.p[to].file, rows.p[from].file);)
            to++;
        struct rows of_file = {rows.p + from, to - from};
        put_head(r, of_file);
        put_source(r, sources, of_file);
    }
}

static struct rows matching_rows(struct pp_report *r)
{
    const struct pp_graph *g = r->g;
    uint8_t *match = PP_NEW_N(&r->arena, uint8_t, r->p->n_strings); /* 0: not asked, 1: no, 2: yes */
    struct row *rows = PP_NEW_N(&r->arena, struct row, g->n_order);
    size_t n = 0;
    for (uint32_t i = 0; i < g->n_order; i++) {
        uint32_t place = g->nodes[g->order[i]].place;
        pp_string_id name = g->places->places[place].name;
        if (!match[name]) match[name] = pp_regex_match(r->o.symbol, pp_profile_str(r->p, name)) ? 2 : 1;
        if (match[name] == 2)
            rows[n++] = (struct row){pp_profile_str(r->p, name), pp_place_file(g->places, place),
                                     g->places->places[place].line, g->order[i]};
    }
    if (n) qsort(rows, n, sizeof *rows, compare_rows);
    return (struct rows){rows, n};
}

enum pp_code pp_report_list(struct pp_report *r, struct pp_err *err)
{
    pp_report_full_graph(r);
    struct rows rows = matching_rows(r);
    if (!rows.n)
        return pp_fail(err, PP_E_NOTFOUND, "no matches found for regexp: %.*s", PP_FMT(pp_regex_pattern(r->o.symbol)));
    struct pp_source_text *sources = pp_report_sources(r);
    pp_out_fmt(r->out, "Total: %.*s\n", PP_FMT(pp_report_value_text(r, r->o.total)));
    for (size_t from = 0, to; from < rows.n; from = to) {
        for (to = from + 1; to < rows.n && pp_str_eq(rows.p[to].name, rows.p[from].name);)
            to++;
        put_function(r, sources, (struct rows){rows.p + from, to - from});
    }
    return PP_OK;
}
