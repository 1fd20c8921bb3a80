// SPDX-License-Identifier: Apache-2.0
#include "view/report.h"

#include "base/utf8.h"
#include "profile/units.h"
#include "view/report_parts.h"

struct pp_report_options pp_report_defaults(void)
{
    return (struct pp_report_options){.output_unit = PP_STR("minimum"),
                                      .ratio = 1,
                                      .node_count = 80,
                                      .node_fraction = 0.005,
                                      .edge_fraction = 0.001,
                                      .gzip_level = 6};
}

enum pp_code pp_report_write(struct pp_out *out, const struct pp_profile *p, const struct pp_report_options *o,
                             struct pp_err *err)
{
    struct pp_report r;
    pp_report_begin(&r, out, p, o);
    enum pp_code c = PP_OK;
    switch (o->format) {
    case PP_REPORT_TOP: pp_report_top(&r); break;
    case PP_REPORT_TREE: c = pp_report_tree(&r, err); break;
    case PP_REPORT_TRACES: pp_report_traces(&r); break;
    case PP_REPORT_RAW: pp_report_raw(&r); break;
    case PP_REPORT_TAGS: pp_report_tags(&r); break;
    case PP_REPORT_COMMENTS: pp_report_comments(&r); break;
    case PP_REPORT_DOT: pp_report_dot(&r); break;
    case PP_REPORT_CALLGRIND: pp_report_callgrind(&r); break;
    case PP_REPORT_LIST: c = pp_report_list(&r, err); break;
    case PP_REPORT_DISASM: c = pp_report_disasm(&r, err); break;
    case PP_REPORT_WEBLIST: c = pp_report_weblist(&r, err); break;
    case PP_REPORT_FOLDED: pp_report_folded(&r); break;
    case PP_REPORT_TOPPROTO: c = pp_report_topproto(&r, err); break;
    }
    pp_report_end(&r);
    return c ? c : pp_out_flush(out, err);
}

void pp_report_begin(struct pp_report *r, struct pp_out *out, const struct pp_profile *p,
                     const struct pp_report_options *o)
{
    *r = (struct pp_report){.out = out, .p = p, .o = *o};
    pp_arena_init(&r->arena, 0, p->arena->oom);
}

void pp_report_end(struct pp_report *r) { pp_arena_release(&r->arena); }

/* The id of a text, without adding it. */
static pp_string_id find_string(const struct pp_profile *p, const char *text)
{
    for (uint32_t i = 0; i < p->n_strings; i++)
        if (pp_str_eq_c(p->strings[i], text)) return i;
    return PP_NONE;
}

int64_t pp_report_total(const struct pp_profile *p, uint32_t value_index, bool mean)
{
    const int64_t *values = p->values[value_index];
    pp_string_id base = p->label_off ? find_string(p, PP_LABEL_DIFF_BASE) : PP_NONE, yes = PP_NONE;
    if (base != PP_NONE) yes = find_string(p, "true");
    int64_t total = 0, div = 0, base_total = 0, base_div = 0;
    for (uint32_t s = 0; s < p->n_samples; s++) {
        int64_t v = pp_go_abs(values[s]), d = mean ? p->values[0][s] : 0;
        total = pp_go_add(total, v);
        div = pp_go_add(div, d);
        if (yes == PP_NONE || !pp_labels_has(p, s, base, yes)) continue;
        base_total = pp_go_add(base_total, v);
        base_div = pp_go_add(base_div, d);
    }
    return base_total > 0 ? pp_go_mean(base_total, base_div) : pp_go_mean(total, div);
}

/* -divide_by. */
static int64_t apply_ratio(const struct pp_report_options *o, int64_t v)
{
    return o->ratio > 0 && o->ratio != 1 ? pp_units_int((double)v * o->ratio) : v;
}

pp_str pp_report_value(struct pp_arena *a, const struct pp_report_options *o, int64_t value)
{
    return pp_units_label(a, apply_ratio(o, value), o->sample_unit, o->output_unit);
}

int64_t pp_report_plain(const struct pp_report *r, int64_t value) { return apply_ratio(&r->o, value); }

pp_str pp_report_value_text(struct pp_report *r, int64_t value) { return pp_report_value(&r->arena, &r->o, value); }

void pp_report_put_padded(struct pp_out *out, pp_str s, size_t width)
{
    size_t n = pp_utf8_count(s);
    if (n < width) pp_out_repeat(out, ' ', width - n);
    pp_out_str(out, s);
}

void pp_report_put_value(struct pp_report *r, int64_t value, size_t width)
{
    char number[PP_UNITS_LABEL_MAX];
    pp_str unit;
    double scaled = pp_units_scale(apply_ratio(&r->o, value), r->o.sample_unit, r->o.output_unit, &unit);
    pp_str text = {number, pp_units_number(number, scaled)};
    if (pp_str_eq_c(text, "0") || pp_str_eq_c(text, "-0")) {
        text = PP_STR("0");
        unit = PP_STR("");
    }
    size_t n = text.n + pp_utf8_count(unit);
    if (n < width) pp_out_repeat(r->out, ' ', width - n);
    pp_out_str(r->out, text);
    pp_out_str(r->out, unit);
}

void pp_report_put_routine_sums(struct pp_report *r, int64_t flat, int64_t cum)
{
    pp_report_put_value(r, flat, 10);
    pp_out_char(r->out, ' ');
    pp_report_put_value(r, cum, 10);
    pp_out_c(r->out, " (flat, cum) ");
    pp_report_put_percent(r, cum, r->o.total);
    pp_out_c(r->out, " of Total\n");
}

void pp_report_put_value_or_dot(struct pp_report *r, int64_t value, size_t width)
{
    if (value)
        pp_report_put_value(r, value, width);
    else
        pp_report_put_padded(r->out, PP_STR("."), width);
}

void pp_report_put_percent(struct pp_report *r, int64_t value, int64_t total)
{
    char text[PP_UNITS_PERCENT_MAX];
    pp_out_write(r->out, text, pp_units_percent(text, value, total));
}

pp_str pp_report_percent_text(struct pp_report *r, int64_t value, int64_t total)
{
    char text[PP_UNITS_PERCENT_MAX];
    pp_str s = {text, pp_units_percent(text, value, total)};
    return pp_arena_dup(&r->arena, pp_str_trim(s));
}

int64_t pp_report_fraction(int64_t total, double fraction) { return pp_go_abs(pp_units_int((double)total * fraction)); }

pp_str pp_report_label_unit(const struct pp_report *r, pp_string_id key)
{
    return r->o.label_units ? pp_label_unit(r->p, r->o.label_units, key) : PP_STR("");
}

void pp_report_comments(struct pp_report *r)
{
    for (uint32_t i = 0; i < r->p->n_comments; i++) {
        pp_out_str(r->out, pp_profile_str(r->p, r->p->comments[i]));
        pp_out_char(r->out, '\n');
    }
}
