// SPDX-License-Identifier: Apache-2.0
#include "tool/generate.h"

#include "base/out.h"
#include "base/vec.h"
#include "profile/aggregate.h"
#include "profile/encode.h"
#include "profile/filter.h"
#include "profile/labels.h"
#include "profile/sample_index.h"
#include "profile/units.h"
#include "regex/regex.h"
#include "tool/objects.h"
#include "tool/output.h"
#include "tool/ui.h"
#include "view/report.h"

#define GRAPH_NODES 80 /* shown unless -nodecount says otherwise */

static void say(void *ctx, pp_str line)
{
    (void)ctx;
    pp_ui_warn("%.*s", PP_FMT(line));
}

/* What the command itself decides about the variables. */
static struct pp_config override(const struct pp_command *c, const struct pp_config *config)
{
    struct pp_config cfg = *config;
    bool trim = cfg.trim, is_text = c->format == PP_FORMAT_TEXT || c->format == PP_FORMAT_TOPPROTO;
    if (cfg.nodecount == -1) cfg.nodecount = is_text ? 0 : GRAPH_NODES;
    if (c->has_param) trim = false; /* peek: callers below the cut-offs matter, too */
    if (c->format == PP_FORMAT_PROTO || c->format == PP_FORMAT_RAW || c->format == PP_FORMAT_CALLGRIND) {
        trim = false;
        cfg.granularity = PP_STR("addresses");
    }
    if (c->format == PP_FORMAT_LIST) cfg.granularity = PP_STR("lines");
    if (c->format == PP_FORMAT_DISASM || c->format == PP_FORMAT_WEBLIST) {
        cfg.granularity = PP_STR("addresses");
        cfg.noinlines = c->format == PP_FORMAT_DISASM; /* an address counts once there; weblist shows inlined calls */
    }
    if (!trim) {
        cfg.nodecount = 0;
        cfg.nodefraction = cfg.edgefraction = 0;
    }
    return cfg;
}

static enum pp_code filter(struct pp_arena *a, struct pp_profile *p, const struct pp_generated *g, struct pp_err *err)
{
    const struct pp_config *cfg = &g->config;
    struct pp_filters f = {.focus = cfg->focus,
                           .ignore = cfg->ignore,
                           .hide = cfg->hide,
                           .show = cfg->show,
                           .show_from = cfg->show_from,
                           .tagfocus = cfg->tagfocus,
                           .tagignore = cfg->tagignore,
                           .prune_from = cfg->prune_from,
                           .tagshow = cfg->tagshow,
                           .taghide = cfg->taghide};
    return pp_filter_apply(a, p, &f, &g->units, g->say, g->say_ctx, err);
}

static void add_active_filters(struct pp_arena *a, const struct pp_config *cfg, struct pp_report_options *o)
{
    const struct {
        const char *name;
        pp_str value;
    } all[] = {{"focus", cfg->focus},         {"ignore", cfg->ignore},       {"hide", cfg->hide},
               {"show", cfg->show},           {"show_from", cfg->show_from}, {"tagfocus", cfg->tagfocus},
               {"tagignore", cfg->tagignore}, {"tagshow", cfg->tagshow},     {"taghide", cfg->taghide}};
    PP_VEC(pp_str) active = {0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.n) *PP_PUSH(a, &active) = pp_arena_fmt(a, "%s=%.*s", all[i].name, PP_FMT(all[i].value));
    o->active_filters = active.p;
    o->n_active_filters = active.n;
}

static enum pp_code report_options(struct pp_arena *a, const struct pp_profile *p, const struct pp_config *cfg,
                                   const struct pp_label_units *units, struct pp_report_options *o, struct pp_err *err)
{
    enum pp_code code = pp_sample_index(p, cfg->sample_index, &o->value_index, err);
    if (code) return code;
    if (cfg->divide_by == 0) return pp_fail(err, PP_E_USAGE, "zero divisor specified");
    pp_str type = pp_profile_str(p, p->types[o->value_index].type);
    o->mean = cfg->mean;
    o->sample_type = cfg->mean ? pp_arena_join(a, PP_STR("mean_"), type) : type;
    o->sample_unit = pp_profile_str(p, p->types[o->value_index].unit);
    o->output_unit = cfg->unit;
    o->ratio = 1 / cfg->divide_by;
    o->cum_sort = pp_str_eq_c(cfg->sort, "cum");
    o->call_tree = cfg->call_tree;
    o->drop_negative = cfg->drop_negative;
    o->compact_labels = cfg->compact_labels;
    o->node_count = cfg->nodecount;
    o->node_fraction = cfg->nodefraction;
    o->edge_fraction = cfg->edgefraction;
    o->trim_path = cfg->trim_path;
    o->source_path = cfg->source_path;
    if (p->n_mappings && p->mappings[0].file) o->title = pp_str_base(pp_profile_str(p, p->mappings[0].file));
    add_active_filters(a, cfg, o);
    o->label_units = units;
    return PP_OK;
}

static enum pp_code compile_param(struct pp_arena *a, pp_str param, struct pp_regex **ret_regex, struct pp_err *err)
{
    struct pp_err why;
    enum pp_code code = pp_regex_compile(a, param, ret_regex, &why);
    return code ? pp_fail(err, code, "parsing argument regexp %.*s: %s", PP_FMT(param), why.text) : PP_OK;
}

static void scale_values(struct pp_profile *p, double ratio)
{
    if (!(ratio > 0) || ratio == 1) return;
    pp_profile_own_samples(p);
    for (uint32_t t = 0; t < p->n_types; t++)
        for (uint32_t i = 0; i < p->n_samples; i++)
            p->values[t][i] = pp_units_int((double)p->values[t][i] * ratio);
}

/* -proto: the profile as it is now. */
static enum pp_code write_proto(struct pp_arena *a, struct pp_profile *p, const struct pp_command *c, pp_str output,
                                double ratio, struct pp_err *err)
{
    pp_str bytes;
    scale_values(p, ratio);
    enum pp_code code = pp_profile_encode_gzip(a, p, PP_OUTPUT_GZIP_LEVEL, &bytes, err);
    return code ? code : pp_output(a, c, output, bytes, err);
}

static enum pp_code write_report(struct pp_arena *a, const struct pp_profile *p, const struct pp_command *c,
                                 pp_str output, const struct pp_report_options *o, struct pp_err *err)
{
    struct pp_out out;
    bool direct = c->viewer == PP_VIEW_STDOUT && !output.n && c->format != PP_FORMAT_DISASM; /* that can fail halfway */
    if (direct)
        pp_out_to_sink(&out, a, pp_output_stdout, NULL);
    else
        pp_out_to_memory(&out, a);
    enum pp_code code = pp_report_write(&out, p, o, err);
    if (code || (code = pp_out_flush(&out, err))) return code;
    return direct ? PP_OK : pp_output(a, c, output, pp_out_bytes(&out), err);
}

static enum pp_report_format report_format(enum pp_format f)
{
    switch (f) {
    case PP_FORMAT_CALLGRIND: return PP_REPORT_CALLGRIND;
    case PP_FORMAT_COMMENTS: return PP_REPORT_COMMENTS;
    case PP_FORMAT_DISASM: return PP_REPORT_DISASM;
    case PP_FORMAT_DOT: return PP_REPORT_DOT;
    case PP_FORMAT_FOLDED: return PP_REPORT_FOLDED;
    case PP_FORMAT_LIST: return PP_REPORT_LIST;
    case PP_FORMAT_RAW: return PP_REPORT_RAW;
    case PP_FORMAT_TAGS: return PP_REPORT_TAGS;
    case PP_FORMAT_TOPPROTO: return PP_REPORT_TOPPROTO;
    case PP_FORMAT_TRACES: return PP_REPORT_TRACES;
    case PP_FORMAT_TREE: return PP_REPORT_TREE;
    case PP_FORMAT_WEBLIST: return PP_REPORT_WEBLIST;
    default: return PP_REPORT_TOP;
    }
}

/* From the first filter to the granularity; what it made so far is in `g`, whether it fails or not. */
static enum pp_code prepare(struct pp_arena *a, struct pp_profile *p, const struct pp_command *c, pp_str param,
                            struct pp_generated *g, struct pp_err *err)
{
    enum pp_code code;
    const struct pp_config *cfg = &g->config;
    struct pp_report_options *o = &g->options;
    pp_labels_units(a, p, g->say, g->say_ctx, &g->units);
    /* First: filters may name these frames. */
    pp_labels_to_frames(p, cfg->tagroot, cfg->tagleaf, cfg->unit, g->say, g->say_ctx);
    if (cfg->relative_percentages && (code = filter(a, p, g, err))) return code;
    if ((code = report_options(a, p, cfg, &g->units, o, err))) return code;
    if (param.n && (code = compile_param(a, param, &g->symbol, err))) return code;
    o->symbol = g->symbol;
    o->say = g->say;
    o->say_ctx = g->say_ctx;
    o->intel_syntax = cfg->intel_syntax;
    if (c->format == PP_FORMAT_DISASM || c->format == PP_FORMAT_WEBLIST) o->objects = g->objects = pp_objects_new(a);
    o->total = pp_report_total(p, o->value_index, o->mean);
    if (!cfg->relative_percentages && (code = filter(a, p, g, err))) return code;
    return pp_aggregate_by_name(p, cfg->granularity, cfg->noinlines, cfg->showcolumns, err);
}

enum pp_code pp_generate_prepare(struct pp_arena *a, struct pp_profile *p, const struct pp_command *c, pp_str param,
                                 const struct pp_config *config, pp_say say_to, void *ctx,
                                 struct pp_generated *ret_generated, struct pp_err *err)
{
    *ret_generated = (struct pp_generated){
        .config = override(c, config), .options = pp_report_defaults(), .say = say_to, .say_ctx = ctx};
    ret_generated->options.format = report_format(c->format);
    ret_generated->options.notation = c->as_csv ? PP_NOTATION_CSV : c->as_json ? PP_NOTATION_JSON : PP_NOTATION_TEXT;
    enum pp_code code = prepare(a, p, c, param, ret_generated, err);
    if (code) pp_generated_release(ret_generated);
    return code;
}

void pp_generated_release(struct pp_generated *g)
{
    pp_regex_free(g->symbol);
    pp_objects_free(g->objects);
    g->symbol = NULL;
    g->objects = NULL;
}

enum pp_code pp_generate(struct pp_arena *a, struct pp_profile *p, const struct pp_command *c, pp_str param,
                         const struct pp_config *config, struct pp_err *err)
{
    struct pp_generated g;
    enum pp_code code = pp_generate_prepare(a, p, c, param, config, say, NULL, &g, err);
    if (code) return code;
    if (c->format == PP_FORMAT_PROTO)
        code = write_proto(a, p, c, g.config.output, g.options.ratio, err);
    else
        code = write_report(a, p, c, g.config.output, &g.options, err);
    pp_generated_release(&g);
    return code;
}

enum pp_code pp_generate_labels(struct pp_arena *a, struct pp_profile *p, const struct pp_config *config,
                                pp_str **ret_lines, size_t *ret_n, int64_t *ret_total, struct pp_err *err)
{
    struct pp_label_units units;
    struct pp_report_options o = pp_report_defaults();
    pp_labels_units(a, p, say, NULL, &units);
    enum pp_code code = report_options(a, p, config, &units, &o, err);
    if (code) return code;
    *ret_total = o.total = pp_report_total(p, o.value_index, o.mean);
    *ret_lines = pp_report_profile_labels(a, p, &o, ret_n);
    return PP_OK;
}
