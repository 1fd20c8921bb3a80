// SPDX-License-Identifier: Apache-2.0
#include "tool/web/data.h"

#include "base/gonum.h"
#include "profile/units.h"
#include "regex/regex.h"
#include "tool/web/json.h"
#include "view/flame.h"
#include "view/shortname.h"

#define NODES_MAX 12000            /* of a page: under 500 KB */
#define NODES_MAX_ALL 4000000      /* when all are asked for */
#define SHARE_DEFAULT (1.0 / 4096) /* half a pixel of a wide screen */
#define PATH_MAX_PLACES 4096

static void put_float(struct pp_out *o, double v)
{
    char buf[PP_GO_FLOAT_MAX];
    bool finite = v - v == 0;
    pp_out_write(o, finite ? buf : "0", finite ? pp_go_float(buf, v, 'g', -1) : 1);
}

void pp_data_units(struct pp_out *o, const struct pp_report_options *options)
{
    static const char *const names[] = {"B",   "kB",    "MB",    "GB",    "TB",    "PB",    "ns",
                                        "us",  "ms",    "s",     "hrs",   "n*GCU", "u*GCU", "m*GCU",
                                        "GCU", "k*GCU", "M*GCU", "G*GCU", "T*GCU", "P*GCU"};
    static const char *const plain[] = {"B",   "kB",      "MB",      "GB",      "TB",      "PB",       "ns",
                                        "us",  "ms",      "s",       "hrs",     "nanogcu", "microgcu", "milligcu",
                                        "gcu", "kilogcu", "megagcu", "gigagcu", "teragcu", "petagcu"};
    pp_str unit = options->sample_unit, wanted = options->output_unit, name;
    bool each = pp_str_eq_c(wanted, "minimum") || pp_str_eq_c(wanted, "auto"), any = false;
    pp_out_c(o, "\"units\":[");
    for (size_t i = 0; each && i < sizeof names / sizeof *names; i++) {
        if (!pp_units_same_family(unit, pp_str_c(plain[i]))) continue;
        pp_out_fmt(o, "%s[\"%s\",", any ? "," : "", names[i]);
        put_float(o, pp_units_scale(1, pp_str_c(plain[i]), unit, NULL));
        pp_out_char(o, ']');
        any = true;
    }
    if (!any) {
        double one = pp_units_scale(1, unit, wanted, &name), back = pp_units_scale(1, wanted, unit, NULL);
        pp_out_char(o, '[');
        pp_json_str(o, name);
        pp_out_char(o, ',');
        put_float(o, pp_units_same_family(unit, wanted) ? back : 1 / one);
        pp_out_char(o, ']');
    }
    pp_out_c(o, "],\"ratio\":");
    put_float(o, options->ratio > 0 ? options->ratio : 1);
}

/* What the places are called: "main.run:12", "/src/x.c", "[libc.so]". */
static pp_str place_name(struct pp_arena *a, struct pp_places *t, uint32_t place)
{
    const struct pp_place *p = &t->places[place];
    pp_str name = pp_place_name(t, place);
    if (!name.n) name = pp_place_file(t, place);
    if (!name.n || p->address) return pp_places_text(t, place);
    if (p->column) return pp_arena_fmt(a, "%.*s:%lld:%lld", PP_FMT(name), (long long)p->line, (long long)p->column);
    return p->line ? pp_arena_fmt(a, "%.*s:%lld", PP_FMT(name), (long long)p->line) : name;
}

/* The parameters of one request. */
struct request {
    struct pp_flame_options options;
    uint32_t path[PATH_MAX_PLACES];
    pp_str find;
    bool without_nodes;
};

static enum pp_code read_path(pp_str text, const struct pp_places *t, struct request *r, struct pp_err *err)
{
    pp_str rest = text, one;
    uint64_t place;
    while (text.n && pp_str_next(&rest, '.', &one)) {
        if (!pp_str_to_u64(one, 10, &place) || place >= t->n_places)
            return pp_fail(err, PP_E_USAGE, "path: no frame %.*s", PP_FMT(one));
        if (r->options.n_path == PATH_MAX_PLACES) return pp_fail(err, PP_E_LIMIT, "path: too long");
        r->path[r->options.n_path++] = (uint32_t)place;
    }
    r->options.path = r->path;
    return PP_OK;
}

static enum pp_code read_request(const struct pp_query *q, const struct pp_places *t, uint32_t value_index,
                                 struct request *r, struct pp_err *err)
{
    pp_str prune = pp_query_get(q, "prune");
    double share = SHARE_DEFAULT;
    r->options.value_index = value_index;
    r->options.inverted = pp_str_eq_c(pp_query_get(q, "invert"), "1");
    r->find = pp_query_get(q, "find");
    r->without_nodes = pp_str_eq_c(pp_query_get(q, "nodes"), "0");
    if (prune.n && (pp_go_parse_float(prune, &share) || !(share >= 0 && share <= 1)))
        return pp_fail(err, PP_E_USAGE, "prune: %.*s is no share between 0 and 1", PP_FMT(prune));
    r->options.min_share = share;
    r->options.max_nodes = share > 0 ? NODES_MAX : NODES_MAX_ALL;
    return read_path(pp_query_get(q, "path"), t, r, err);
}

/* Frames are numbered in the order in which nodes name them. */
struct frames {
    uint32_t *number; /* per place, from 1 on; 0: not named */
    PP_VEC(uint32_t) places;
};

static int64_t frame_of(struct pp_arena *a, struct frames *f, uint32_t place)
{
    if (place == PP_NONE) return -1;
    if (!f->number[place]) {
        *PP_PUSH(a, &f->places) = place;
        f->number[place] = (uint32_t)f->places.n;
    }
    return f->number[place] - 1;
}

static const char *comma(size_t i) { return i ? "," : ""; }

static void put_rest(struct pp_out *o, const struct pp_flame *flame)
{
    bool any = false;
    pp_out_c(o, ",\"rest\":[");
    for (uint32_t i = 0; i < flame->n_nodes; i++) {
        const struct pp_flame_node *n = &flame->nodes[i];
        if (!n->rest_frames) continue;
        pp_out_fmt(o, "%s[%u,%u,%lld,%lld]", comma(any), i, n->rest_frames, (long long)n->rest,
                   (long long)n->rest_weight);
        any = true;
    }
    pp_out_char(o, ']');
}

static void put_nodes(struct pp_arena *a, struct pp_out *o, struct frames *f, const struct pp_flame *flame)
{
    bool weighted = false;
    pp_out_c(o, "\"frame\":[");
    for (uint32_t i = 0; i < flame->n_nodes; i++) {
        pp_out_fmt(o, "%s%lld", comma(i), (long long)frame_of(a, f, flame->nodes[i].place));
        weighted |= flame->nodes[i].value != flame->nodes[i].weight;
    }
    pp_out_c(o, "],\"children\":[");
    for (uint32_t i = 0; i < flame->n_nodes; i++)
        pp_out_fmt(o, "%s%u", comma(i), flame->nodes[i].n_children);
    pp_out_c(o, "],\"value\":[");
    for (uint32_t i = 0; i < flame->n_nodes; i++)
        pp_out_fmt(o, "%s%lld", comma(i), (long long)flame->nodes[i].value);
    if (weighted) pp_out_c(o, "],\"weight\":[");
    for (uint32_t i = 0; weighted && i < flame->n_nodes; i++)
        pp_out_fmt(o, "%s%lld", comma(i), (long long)flame->nodes[i].weight);
    pp_out_char(o, ']');
    put_rest(o, flame);
    pp_out_c(o, ",\"above\":[");
    for (uint32_t i = 0; i < flame->n_above; i++)
        pp_out_fmt(o, "%s[%lld,%lld,%lld]", comma(i), (long long)frame_of(a, f, flame->above[i].place),
                   (long long)flame->above[i].value, (long long)flame->above[i].weight);
    pp_out_char(o, ']');
}

static void put_frames(struct pp_arena *a, struct pp_out *o, const struct frames *f, struct pp_places *t)
{
    struct frames files = {.number = PP_NEW_N(a, uint32_t, t->n_files)};
    pp_out_c(o, ",\"names\":[");
    for (size_t i = 0; i < f->places.n; i++) {
        pp_out_c(o, comma(i));
        pp_json_str(o, place_name(a, t, f->places.p[i]));
    }
    pp_out_c(o, "],\"shorts\":[");
    for (size_t i = 0; i < f->places.n; i++) {
        pp_str name = place_name(a, t, f->places.p[i]), brief = pp_short_name(a, name);
        pp_out_c(o, comma(i));
        pp_json_str(o, brief.n < name.n ? brief : PP_STR(""));
    }
    pp_out_c(o, "],\"files\":[");
    for (size_t i = 0; i < f->places.n; i++)
        pp_out_fmt(o, "%s%lld", comma(i), (long long)frame_of(a, &files, t->places[f->places.p[i]].file));
    pp_out_c(o, "],\"places\":[");
    for (size_t i = 0; i < f->places.n; i++)
        pp_out_fmt(o, "%s%u", comma(i), f->places.p[i]);
    pp_out_c(o, "],\"file_names\":[");
    for (size_t i = 0; i < files.places.n; i++) {
        pp_out_c(o, comma(i));
        pp_json_str(o, t->files[files.places.p[i]]);
    }
    pp_out_char(o, ']');
}

static enum pp_code put_tree(struct pp_arena *a, struct pp_out *o, struct pp_places *t, const struct request *r,
                             struct pp_err *err)
{
    struct pp_flame flame;
    struct frames f = {.number = PP_NEW_N(a, uint32_t, t->n_places)};
    enum pp_code code = pp_flame_build(a, t, &r->options, &flame, err);
    if (code) return code;
    pp_out_c(o, ",\"flame\":{");
    put_nodes(a, o, &f, &flame);
    put_frames(a, o, &f, t);
    pp_out_c(o, ",\"path\":[");
    for (uint32_t i = 0; i < r->options.n_path; i++)
        pp_out_fmt(o, "%s%u", comma(i), r->path[i]);
    pp_out_fmt(o, "],\"inverted\":%s,\"least\":%lld}", r->options.inverted ? "true" : "false",
               (long long)flame.min_weight);
    return PP_OK;
}

static enum pp_code put_matches(struct pp_arena *a, struct pp_out *o, struct pp_places *t, const struct request *r,
                                struct pp_err *err)
{
    struct pp_regex *regex;
    int64_t value, weight;
    enum pp_code code = pp_regex_compile(a, r->find, &regex, err);
    if (code) return code;
    uint8_t *wanted = PP_NEW_N(a, uint8_t, t->n_places);
    for (uint32_t i = 0; i < t->n_places; i++)
        wanted[i] = pp_regex_match(regex, place_name(a, t, i));
    pp_regex_free(regex);
    if ((code = pp_flame_match(a, t, &r->options, wanted, &value, &weight, err))) return code;
    bool any = false;
    pp_out_fmt(o, ",\"find\":{\"value\":%lld,\"weight\":%lld,\"places\":[", (long long)value, (long long)weight);
    for (uint32_t i = 0; i < t->n_places; i++) {
        if (!wanted[i]) continue;
        pp_out_fmt(o, "%s%u", comma(any), i);
        any = true;
    }
    pp_out_c(o, "]}");
    return PP_OK;
}

enum pp_code pp_data_flame(struct pp_arena *a, struct pp_out *o, const struct pp_profile *p,
                           const struct pp_report_options *options, const struct pp_query *q, struct pp_err *err)
{
    const struct pp_places_options po = {
        .trim = true, .trim_path = options->trim_path, .source_path = options->source_path};
    struct pp_places *t = pp_places_new(a, p, &po);
    struct request r = {0};
    enum pp_code code = read_request(q, t, options->value_index, &r, err);
    if (!code && !r.without_nodes) code = put_tree(a, o, t, &r, err);
    if (!code && r.find.n) code = put_matches(a, o, t, &r, err);
    return code;
}

void pp_data_top(struct pp_arena *a, struct pp_out *o, const struct pp_profile *p,
                 const struct pp_report_options *options)
{
    size_t n, n_labels;
    pp_str *labels;
    const struct pp_report_item *rows = pp_report_items(a, p, options, &n, &labels, &n_labels);
    pp_out_c(o, ",\"rows\":[");
    for (size_t i = 0; i < n; i++) {
        pp_out_fmt(o, "%s[", comma(i));
        pp_json_str(o, rows[i].name);
        pp_out_char(o, ',');
        pp_json_str(o, rows[i].inline_label);
        pp_out_fmt(o, ",%lld,%lld,", (long long)rows[i].flat, (long long)rows[i].cum);
        pp_json_str(o, rows[i].flat_text);
        pp_out_char(o, ',');
        pp_json_str(o, rows[i].cum_text);
        pp_out_char(o, ']');
    }
    pp_out_char(o, ']');
}

pp_str pp_data_hottest(struct pp_arena *a, const struct pp_profile *p, const struct pp_report_options *options)
{
    size_t n, n_labels;
    pp_str *labels;
    struct pp_out o;
    const struct pp_report_item *rows = pp_report_items(a, p, options, &n, &labels, &n_labels);
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < n; i++) {
        pp_out_c(&o, i ? "|" : "^(?:");
        for (size_t k = 0; k < rows[i].name.n; k++) {
            char c = rows[i].name.p[k];
            if (pp_str_find_byte(PP_STR("\\.+*?()|[]{}^$"), c) != PP_NOT_FOUND) pp_out_char(&o, '\\');
            pp_out_char(&o, c);
        }
    }
    if (n) pp_out_c(&o, ")$");
    return n ? pp_out_bytes(&o) : PP_STR("");
}
