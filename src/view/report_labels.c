// SPDX-License-Identifier: Apache-2.0
/* The lines above a report, which are the legend of a picture. */
#include "base/gopath.h"
#include "base/gotime.h"
#include "profile/units.h"
#include "view/report_parts.h"

#define FILTER_TEXT_MAX 80 /* bytes of a filter that are shown */

static void add(struct pp_report *r, pp_report_lines *lines, const char *what, pp_str text)
{
    *PP_PUSH(&r->arena, lines) = *what ? pp_arena_join(&r->arena, pp_str_c(what), text) : text;
}

static void add_duration(struct pp_report *r, pp_report_lines *lines)
{
    struct pp_arena *a = &r->arena;
    pp_str duration = pp_units_label(a, r->p->duration_nanos, PP_STR("nanoseconds"), PP_STR("auto"));
    pp_str unit, ratio = PP_STR("");
    double total_ns = pp_units_scale(r->o.total, r->o.sample_unit, PP_STR("nanoseconds"), &unit);
    if (pp_str_eq_c(unit, "ns") && total_ns != 0) {
        char percent[PP_UNITS_PERCENT_MAX];
        size_t n = pp_units_percent(percent, pp_units_int(total_ns), r->p->duration_nanos);
        ratio = pp_arena_fmt(a, "(%.*s)", (int)n, percent);
    }
    *PP_PUSH(a, lines) = pp_arena_fmt(a, "Duration: %.*s, Total samples = %.*s %.*s", PP_FMT(duration),
                                      PP_FMT(pp_report_value_text(r, r->o.total)), PP_FMT(ratio));
}

void pp_report_add_profile_labels(struct pp_report *r, pp_report_lines *lines)
{
    const struct pp_profile *p = r->p;
    if (p->n_mappings) {
        pp_str file = pp_profile_str(p, p->mappings[0].file), build_id = pp_profile_str(p, p->mappings[0].build_id);
        if (file.n) add(r, lines, "File: ", pp_go_path_base(file));
        if (build_id.n) add(r, lines, "Build ID: ", build_id);
    }
    for (uint32_t i = 0; i < p->n_comments; i++) {
        pp_str comment = pp_profile_str(p, p->comments[i]);
        if (!comment.n || comment.p[0] != '#') add(r, lines, "", comment);
    }
    if (r->o.sample_type.n) add(r, lines, "Type: ", r->o.sample_type);
    if (p->doc_url) add(r, lines, "Doc: ", pp_profile_str(p, p->doc_url));
    if (p->time_nanos) {
        char time[PP_GO_TIME_MAX];
        size_t n = pp_go_time_short(time, p->time_nanos);
        add(r, lines, "Time: ", (pp_str){time, n});
    }
    if (p->duration_nanos) add_duration(r, lines);
}

static void add_filters(struct pp_report *r, pp_report_lines *lines)
{
    if (!r->o.n_active_filters) return;
    add(r, lines, "", PP_STR("Active filters:"));
    for (size_t i = 0; i < r->o.n_active_filters; i++) {
        pp_str f = r->o.active_filters[i];
        if (f.n > FILTER_TEXT_MAX) f = pp_arena_join(&r->arena, pp_str_sub(f, 0, FILTER_TEXT_MAX), PP_STR("\u2026"));
        add(r, lines, "   ", f);
    }
}

static void add_dropped(struct pp_report *r, pp_report_lines *lines, uint32_t n, const char *thing, const char *value,
                        double fraction)
{
    if (!n) return;
    pp_str limit = pp_report_value_text(r, pp_report_fraction(r->o.total, fraction));
    *PP_PUSH(&r->arena, lines) =
        pp_arena_fmt(&r->arena, "Dropped %u %s%s (%s <= %.*s)", n, thing, n > 1 ? "s" : "", value, PP_FMT(limit));
}

void pp_report_add_labels(struct pp_report *r, bool is_picture, pp_report_lines *lines)
{
    if (is_picture || !r->o.compact_labels) pp_report_add_profile_labels(r, lines);
    add_filters(r, lines);
    *PP_PUSH(&r->arena, lines) = pp_arena_fmt(
        &r->arena, "Showing nodes accounting for %.*s, %.*s of %.*s total", PP_FMT(pp_report_value_text(r, r->shown)),
        PP_FMT(pp_report_percent_text(r, r->shown, r->o.total)), PP_FMT(pp_report_value_text(r, r->o.total)));
    uint32_t n = r->g->n_order;
    if (r->o.total) {
        add_dropped(r, lines, r->n_dropped_nodes, "node", "cum", r->o.node_fraction);
        if (is_picture) add_dropped(r, lines, r->n_dropped_edges, "edge", "freq", r->o.edge_fraction);
        if (n && n < r->n_before_limit)
            *PP_PUSH(&r->arena, lines) =
                pp_arena_fmt(&r->arena, "Showing top %u nodes out of %u", n, r->n_before_limit);
    }
    if (is_picture) add(r, lines, "", PP_STR("\nSee https://git.io/JfYMW for how to read the graph"));
}

void pp_report_put_lines(struct pp_report *r, const pp_report_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        pp_out_str(r->out, lines->p[i]);
        pp_out_char(r->out, '\n');
    }
    if (!lines->n) pp_out_char(r->out, '\n'); /* as joining nothing and ending the line */
}

pp_str *pp_report_profile_labels(struct pp_arena *a, const struct pp_profile *p, const struct pp_report_options *o,
                                 size_t *ret_n)
{
    struct pp_report r = {.p = p, .o = *o};
    pp_report_begin(&r, NULL, p, o);
    pp_report_lines lines = {0};
    pp_report_add_profile_labels(&r, &lines);
    pp_str *copy = PP_NEW_N(a, pp_str, lines.n);
    for (size_t i = 0; i < lines.n; i++)
        copy[i] = pp_arena_dup(a, lines.p[i]);
    *ret_n = lines.n;
    pp_report_end(&r);
    return copy;
}
