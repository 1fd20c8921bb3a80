// SPDX-License-Identifier: Apache-2.0
/* The graph in Graphviz's language. Go: internal/graph/dotgraph.go. */
#include <math.h>
#include <stdlib.h>

#include "base/gomath.h"
#include "base/gopath.h"
#include "profile/units.h"
#include "view/report_parts.h"
#include "view/shortname.h"

struct dot {
    struct pp_report *r;
    struct pp_out *out;
    double max_flat;
    uint32_t *number;   /* per node: its N; 0: not in the picture */
    bool *has_nodelets; /* per node */
};

static pp_str replace(struct pp_arena *a, pp_str s, pp_str from, pp_str to)
{
    size_t hit = pp_str_find(s, from);
    if (hit == PP_NOT_FOUND) return s;
    struct pp_out out;
    pp_out_to_memory(&out, a);
    for (; hit != PP_NOT_FOUND; hit = pp_str_find(s, from)) {
        pp_out_str(&out, pp_str_sub(s, 0, hit));
        pp_out_str(&out, to);
        s = pp_str_from(s, hit + from.n);
    }
    pp_out_str(&out, s);
    return pp_out_bytes(&out);
}

/* Line ends are \l (left-justified), not Graphviz's centring \n. */
static pp_str escape(struct pp_arena *a, pp_str s)
{
    s = replace(a, s, PP_STR("\\"), PP_STR("\\\\"));
    s = replace(a, s, PP_STR("\""), PP_STR("\\\""));
    return replace(a, s, PP_STR("\n"), PP_STR("\\l"));
}

/* Go's uint8(f). */
static unsigned color_byte(double f) { return (uint8_t)pp_units_int(f); }

/* Red for positive, green for negative shares, grey near 0; pale for backgrounds. */
static pp_str color(struct pp_arena *a, double score, bool is_background)
{
    const double shift = 0.7; /* away from grey */
    double saturation = is_background ? 0.1 : 1.0, value = is_background ? 0.93 : 0.7;
    if (score > 1) score = 1;
    if (score < -1) score = -1;
    if (fabs(score) < 0.2) saturation *= fabs(score) / 0.2;
    if (score > 0) score = pp_go_pow(score, 1.0 - shift);
    if (score < 0) score = -pp_go_pow(-score, 1.0 - shift);
    double r = value, g = value, b = value * (1 - saturation);
    if (score < 0)
        r = value * (1 + saturation * score);
    else
        g = value * (1 - saturation * score);
    return pp_arena_fmt(a, "#%02x%02x%02x", color_byte(r * 255.0), color_byte(g * 255.0), color_byte(b * 255.0));
}

static pp_str share_color(struct dot *d, int64_t value, bool is_background)
{
    return color(&d->r->arena, (double)value / (double)pp_go_abs(d->r->o.total), is_background);
}

static void put_legend(struct dot *d)
{
    struct pp_arena *a = &d->r->arena;
    pp_report_lines lines = {0};
    pp_report_add_labels(d->r, true, &lines);
    pp_out_fmt(d->out, "subgraph cluster_L { \"%.*s\" [shape=box fontsize=16 label=\"", PP_FMT(escape(a, lines.p[0])));
    for (size_t i = 0; i < lines.n; i++)
        pp_out_fmt(d->out, "%.*s\\l", PP_FMT(escape(a, lines.p[i])));
    pp_out_char(d->out, '"');
    if (d->r->o.title.n) pp_out_fmt(d->out, " tooltip=\"%.*s\"", PP_FMT(d->r->o.title));
    pp_out_c(d->out, "] }\n");
}

/* The name broken into lines at dots and "::". "[...]" (type parameters of Go) stays one piece. */
static pp_str box_name(struct dot *d, uint32_t place)
{
    struct pp_arena *a = &d->r->arena;
    const struct pp_places *t = d->r->g->places;
    pp_str line_break = PP_STR("\\n"), name = escape(a, pp_short_name(a, pp_place_name(t, place)));
    name = replace(a, name, PP_STR("::"), line_break);
    name = replace(a, name, PP_STR("[...]"), PP_STR("[\u2026]"));
    name = replace(a, name, PP_STR("."), line_break);
    pp_str file = pp_place_file(t, place);
    if (file.n) file = pp_go_path_base(file);
    return pp_places_text_as(a, t, place, name, file, line_break);
}

/* "flat (p%) of cum (q%)"; gives the text of cum. */
static pp_str put_box_values(struct dot *d, int64_t flat, int64_t cum)
{
    struct pp_report *r = d->r;
    pp_str flat_text = pp_report_value_text(r, flat), cum_text = flat_text;
    if (flat)
        pp_out_fmt(d->out, "%.*s (%.*s)", PP_FMT(flat_text), PP_FMT(pp_report_percent_text(r, flat, r->o.total)));
    else
        pp_out_c(d->out, "0");
    if (cum == flat) return cum_text;
    cum_text = pp_report_value_text(r, cum);
    pp_out_fmt(d->out, "%sof %.*s (%.*s)", flat ? "\\n" : " ", PP_FMT(cum_text),
               PP_FMT(pp_report_percent_text(r, cum, r->o.total)));
    return cum_text;
}

/* From 8 to 24 points, by the root of the share. */
static int font_size(const struct dot *d, int64_t flat)
{
    double size = (double)pp_go_abs(flat);
    if (d->max_flat == 0 || flat == 0 || size > d->max_flat) return 8;
    return 8 + (int)ceil(16.0 * sqrt(size / d->max_flat));
}

static void put_node(struct dot *d, uint32_t id)
{
    struct pp_arena *a = &d->r->arena;
    const struct pp_node *n = &d->r->g->nodes[id];
    int64_t flat = pp_node_flat(n), cum = pp_node_cum(n);
    pp_out_fmt(d->out, "N%u [label=\"%.*s\\n", d->number[id], PP_FMT(box_name(d, n->place)));
    pp_str cum_text = put_box_values(d, flat, cum);
    pp_out_fmt(d->out,
               "\" id=\"node%u\" fontsize=%d shape=box tooltip=\"%.*s (%.*s)\" color=\"%.*s\" fillcolor=\"%.*s\"]\n",
               d->number[id], font_size(d, flat), PP_FMT(escape(a, pp_graph_name(d->r->g, id))), PP_FMT(cum_text),
               PP_FMT(share_color(d, cum, false)), PP_FMT(share_color(d, cum, true)));
}

/* What is equal for google/pprof's order, too, goes by name. */
static int compare_tags_by_flat(const void *a, const void *b)
{
    int c = pp_tag_compare(a, b, true);
    return c ? c : pp_str_cmp(((const struct pp_tag *)a)->name, ((const struct pp_tag *)b)->name);
}

static int compare_tags_by_cum(const void *a, const void *b)
{
    int c = pp_tag_compare(a, b, false);
    return c ? c : pp_str_cmp(((const struct pp_tag *)a)->name, ((const struct pp_tag *)b)->name);
}

static void sort_tags(struct pp_tag *tags, size_t n, bool by_flat)
{
    if (n > 1) qsort(tags, n, sizeof *tags, by_flat ? compare_tags_by_flat : compare_tags_by_cum);
}

/* The tags of a node that are numbers of the text tag `labels` (or the text tags), copied. */
static struct pp_tag *node_tags(struct dot *d, uint32_t node, bool is_num, uint32_t labels, size_t *ret_n)
{
    const struct pp_graph *g = d->r->g;
    uint32_t from = g->tag_first[node], to = g->tag_first[node + 1];
    struct pp_tag *tags = PP_NEW_N(&d->r->arena, struct pp_tag, to - from);
    size_t n = 0;
    for (uint32_t i = from; i < to; i++)
        if (g->tags[i].is_num == is_num && (!is_num || g->tags[i].labels == labels)) tags[n++] = g->tags[i];
    *ret_n = n;
    return tags;
}

static double in_unit(const struct pp_tag *t, const struct pp_tag *of)
{
    return pp_units_scale(t->value, t->unit, of->unit, NULL);
}

static double tag_distance(const struct pp_tag *t, const struct pp_tag *u)
{
    return fabs(in_unit(u, t) - (double)t->value);
}

static pp_str number_text(struct dot *d, const struct pp_tag *t)
{
    return pp_units_label(&d->r->arena, t->value, t->unit, PP_STR("auto"));
}

/* Some numbers as one: "16B..64B". Means are settled here. */
static struct pp_tag merge_tags(struct dot *d, const struct pp_tag *tags, size_t n)
{
    if (n == 1)
        return (struct pp_tag){.name = number_text(d, tags),
                               .flat = pp_go_mean(tags->flat, tags->flat_div),
                               .cum = pp_go_mean(tags->cum, tags->cum_div)};
    struct pp_tag all = tags[0];
    const struct pp_tag *min = tags, *max = tags;
    for (size_t i = 1; i < n; i++) {
        if (pp_units_int(in_unit(&tags[i], min)) < min->value) min = &tags[i];
        if (pp_units_int(in_unit(&tags[i], max)) > max->value) max = &tags[i];
        all.flat = pp_go_add(all.flat, tags[i].flat);
        all.flat_div = pp_go_add(all.flat_div, tags[i].flat_div);
        all.cum = pp_go_add(all.cum, tags[i].cum);
        all.cum_div = pp_go_add(all.cum_div, tags[i].cum_div);
    }
    return (struct pp_tag){
        .name = pp_arena_fmt(&d->r->arena, "%.*s..%.*s", PP_FMT(number_text(d, min)), PP_FMT(number_text(d, max))),
        .flat = pp_go_mean(all.flat, all.flat_div),
        .cum = pp_go_mean(all.cum, all.cum_div)};
}

/* At most PP_TAGS_DRAWN groups: each number joins the nearest of the heaviest ones. */
static size_t group_numbers(struct dot *d, struct pp_tag *tags, size_t n, bool by_flat)
{
    sort_tags(tags, n, by_flat);
    if (n <= PP_TAGS_DRAWN) return n;
    struct pp_arena *a = &d->r->arena;
    PP_VEC(struct pp_tag) groups[PP_TAGS_DRAWN] = {0};
    for (size_t i = 0; i < n; i++) {
        size_t best = i < PP_TAGS_DRAWN ? i : 0;
        for (size_t k = 1; k < PP_TAGS_DRAWN && i >= PP_TAGS_DRAWN; k++)
            if (tag_distance(&tags[i], &tags[k]) < tag_distance(&tags[i], &tags[best])) best = k;
        *PP_PUSH(a, &groups[best]) = tags[i];
    }
    for (size_t k = 0; k < PP_TAGS_DRAWN; k++)
        tags[k] = merge_tags(d, groups[k].p, groups[k].n);
    for (size_t i = 1; i < PP_TAGS_DRAWN; i++) /* stable, as Go's sort of few elements is */
        for (size_t k = i; k > 0 && pp_tag_compare(&tags[k], &tags[k - 1], by_flat) < 0; k--) {
            struct pp_tag t = tags[k];
            tags[k] = tags[k - 1];
            tags[k - 1] = t;
        }
    return PP_TAGS_DRAWN;
}

/* A box with its line. box and source are names of nodes; the box of a number has an N too much in front, as in Go. */
static void put_nodelet(struct dot *d, pp_str box, pp_str source, pp_str name, int64_t weight, bool dotted)
{
    pp_str w = pp_report_value_text(d->r, weight);
    pp_out_fmt(d->out, "%.*s [label = \"%.*s\" id=\"%.*s\" fontsize=8 shape=box3d tooltip=\"%.*s\"]\n", PP_FMT(box),
               PP_FMT(name), PP_FMT(box), PP_FMT(w));
    pp_out_fmt(d->out, "%.*s -> %.*s [label=\" %.*s\" weight=100 tooltip=\"%.*s\" labeltooltip=\"%.*s\"%s]\n",
               PP_FMT(source), PP_FMT(box), PP_FMT(w), PP_FMT(w), PP_FMT(w), dotted ? " style=\"dotted\"" : "");
}

static bool put_numbers(struct dot *d, uint32_t node, uint32_t labels, pp_str source, bool by_flat)
{
    size_t n;
    struct pp_tag *tags = node_tags(d, node, true, labels, &n);
    n = group_numbers(d, tags, n, by_flat);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        int64_t flat = pp_go_mean(tags[i].flat, tags[i].flat_div), cum = pp_go_mean(tags[i].cum, tags[i].cum_div);
        bool is_flat = by_flat || flat == cum;
        int64_t weight = is_flat ? flat : cum;
        if (!weight) continue;
        pp_str box = pp_arena_fmt(&d->r->arena, "N%.*s_%zu", PP_FMT(source), i);
        put_nodelet(d, box, source, tags[i].name, weight, !is_flat);
        any = true;
    }
    return any;
}

/* Nodes with callees show the labels of their own samples; leaves all of them, which includes callees that were dropped. */
static bool put_nodelets(struct dot *d, uint32_t node)
{
    if (!d->r->g->tag_first) return false;
    struct pp_arena *a = &d->r->arena;
    bool by_flat = d->r->g->nodes[node].n_out > 0, any = false;
    pp_str source = pp_arena_fmt(a, "N%u", d->number[node]);
    size_t n;
    struct pp_tag *tags = node_tags(d, node, false, 0, &n);
    sort_tags(tags, n, by_flat);
    for (size_t i = 0; i < n && i < PP_TAGS_DRAWN; i++) {
        int64_t weight =
            by_flat ? pp_go_mean(tags[i].flat, tags[i].flat_div) : pp_go_mean(tags[i].cum, tags[i].cum_div);
        if (!weight) continue;
        pp_str box = pp_arena_fmt(a, "%.*s_%zu", PP_FMT(source), i);
        put_nodelet(d, box, source, tags[i].name, weight, false);
        put_numbers(d, node, tags[i].labels, box, by_flat);
        any = true;
    }
    return put_numbers(d, node, 0, source, by_flat) || any;
}

/* 1 + share in `steps` steps, at most steps + 1. */
static int64_t edge_steps(int64_t weight, int64_t steps, int64_t total)
{
    int64_t n = pp_go_abs(pp_go_div(pp_go_mul(weight, steps), total));
    return 1 + (n < steps ? n : steps);
}

static void put_edge(struct dot *d, const struct pp_edge *e)
{
    struct pp_report *r = d->r;
    struct pp_arena *a = &r->arena;
    int64_t weight = pp_edge_weight(e);
    pp_str w = pp_report_value_text(r, weight);
    pp_out_fmt(d->out, "N%u -> N%u [label=\" %.*s%s\"", d->number[e->src], d->number[e->dst], PP_FMT(w),
               e->is_inline ? "\\n (inline)" : "");
    if (r->o.total) {
        int64_t pull = edge_steps(weight, 100, r->o.total), width = edge_steps(weight, 5, r->o.total);
        if (pull > 1) pp_out_fmt(d->out, " weight=%lld", (long long)pull);
        if (width > 1) pp_out_fmt(d->out, " penwidth=%lld", (long long)width);
        pp_out_fmt(d->out, " color=\"%.*s\"", PP_FMT(share_color(d, weight, false)));
    }
    pp_str tooltip =
        pp_arena_fmt(a, "\"%.*s %s %.*s (%.*s)\"", PP_FMT(escape(a, pp_graph_name(r->g, e->src))),
                     e->is_residual ? "..." : "->", PP_FMT(escape(a, pp_graph_name(r->g, e->dst))), PP_FMT(w));
    pp_out_fmt(d->out, " tooltip=%.*s labeltooltip=%.*s", PP_FMT(tooltip), PP_FMT(tooltip));
    if (e->is_residual) pp_out_c(d->out, " style=\"dotted\"");
    if (d->has_nodelets[e->src]) pp_out_c(d->out, " minlen=2");
    pp_out_c(d->out, "]\n");
}

/* Heaviest first: a hint for Graphviz's layout. */
static void put_edges(struct dot *d)
{
    struct pp_graph *g = d->r->g;
    uint32_t *edges = PP_NEW_N(&d->r->arena, uint32_t, g->n_edges), n = 0;
    for (uint32_t i = 0; i < g->n_order; i++) {
        PP_EACH_OUT(g, g->order[i], e) edges[n++] = e;
    }
    pp_graph_sort_edges(g, edges, n);
    for (uint32_t i = 0; i < n; i++)
        put_edge(d, &g->edges[edges[i]]);
}

void pp_report_dot(struct pp_report *r)
{
    pp_report_graph(r);
    struct pp_graph *g = r->g;
    struct dot d = {.r = r, .out = r->out, .number = PP_NEW_N(&r->arena, uint32_t, g->n_nodes)};
    d.has_nodelets = PP_NEW_N(&r->arena, bool, g->n_nodes);
    pp_out_fmt(r->out, "digraph \"%.*s\" {\n", PP_FMT(r->o.title.n ? r->o.title : PP_STR("unnamed")));
    pp_out_c(r->out, "node [style=filled fillcolor=\"#f8f8f8\"]\n");
    put_legend(&d);
    for (uint32_t i = 0; i < g->n_order; i++) {
        d.number[g->order[i]] = i + 1;
        double flat = (double)pp_go_abs(pp_node_flat(&g->nodes[g->order[i]]));
        if (flat > d.max_flat || !i) d.max_flat = flat;
    }
    for (uint32_t i = 0; i < g->n_order; i++) {
        put_node(&d, g->order[i]);
        d.has_nodelets[g->order[i]] = put_nodelets(&d, g->order[i]);
    }
    put_edges(&d);
    pp_out_c(r->out, "}\n");
}
