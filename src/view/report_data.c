// SPDX-License-Identifier: Apache-2.0
#include "view/report_data.h"

#include <string.h>

#include "base/utf8.h"

static void put_json_text(struct pp_out *out, pp_str s)
{
    size_t width;
    pp_out_char(out, '"');
    for (; s.n; s = pp_str_from(s, width)) {
        uint32_t rune = pp_utf8_decode(s, &width);
        unsigned byte = (unsigned char)s.p[0];
        if (rune == PP_RUNE_ERROR && width == 1)
            pp_out_fmt(out, "\\\\x%02x", byte);
        else if (byte == '"' || byte == '\\')
            pp_out_fmt(out, "\\%c", (int)byte);
        else if (byte < ' ')
            pp_out_fmt(out, "\\u%04x", byte);
        else
            pp_out_write(out, s.p, width);
    }
    pp_out_char(out, '"');
}

static void put_csv_text(struct pp_out *out, pp_str s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++)
        quoted |= s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
    if (!quoted) {
        pp_out_str(out, s);
        return;
    }
    pp_out_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"') pp_out_char(out, '"');
        pp_out_char(out, s.p[i]);
    }
    pp_out_char(out, '"');
}

/* The beginning of a field: its name, or the commas up to its column. */
static void put_name(struct pp_data *d, const char *name)
{
    struct pp_out *out = d->r->out;
    if (pp_data_is_json(d)) {
        if (d->has_field) pp_out_char(out, ',');
        pp_out_fmt(out, "\"%s\":", name);
        d->has_field = true;
        return;
    }
    for (; d->columns[d->column] && strcmp(d->columns[d->column], name); d->column++)
        if (d->column) pp_out_char(out, ',');
    if (d->column++) pp_out_char(out, ',');
}

void pp_data_text(struct pp_data *d, const char *name, pp_str text)
{
    put_name(d, name);
    if (pp_data_is_json(d))
        put_json_text(d->r->out, text);
    else
        put_csv_text(d->r->out, text);
}

void pp_data_number(struct pp_data *d, const char *name, int64_t value)
{
    put_name(d, name);
    pp_out_fmt(d->r->out, "%lld", (long long)value);
}

static void put_optional(struct pp_data *d, const char *name, pp_str text)
{
    if (text.n) pp_data_text(d, name, text);
}

static void put_head(struct pp_data *d, const char *report)
{
    const struct pp_report *r = d->r;
    const struct pp_profile *p = r->p;
    pp_data_text(d, "report", pp_str_c(report));
    if (p->n_mappings) {
        put_optional(d, "file", pp_profile_str(p, p->mappings[0].file));
        put_optional(d, "build_id", pp_profile_str(p, p->mappings[0].build_id));
    }
    put_optional(d, "doc_url", pp_profile_str(p, p->doc_url));
    if (p->time_nanos) pp_data_number(d, "time_ns", p->time_nanos);
    if (p->duration_nanos) pp_data_number(d, "duration_ns", p->duration_nanos);
    put_name(d, "comments");
    pp_out_char(r->out, '[');
    for (uint32_t i = 0; i < p->n_comments; i++) {
        if (i) pp_out_char(r->out, ',');
        put_json_text(r->out, pp_profile_str(p, p->comments[i]));
    }
    pp_out_char(r->out, ']');
    pp_data_text(d, "sample_type", r->o.sample_type);
    pp_data_text(d, "unit", r->o.sample_unit);
    pp_data_number(d, "total", pp_report_plain(d->r, r->o.total));
}

void pp_data_begin(struct pp_data *d, struct pp_report *r, const char *report, const char *const *columns)
{
    *d = (struct pp_data){.r = r, .columns = columns};
    if (pp_data_is_json(d)) {
        pp_out_char(r->out, '{');
        put_head(d, report);
        pp_out_c(r->out, ",\n\"rows\":[");
        return;
    }
    for (size_t i = 0; columns[i]; i++)
        pp_out_fmt(r->out, "%s%s", i ? "," : "", columns[i]);
    pp_out_c(r->out, "\r\n");
}

void pp_data_row(struct pp_data *d)
{
    d->column = 0;
    if (pp_data_is_json(d)) pp_data_item(d, d->n_rows == 0);
    d->n_rows++;
}

void pp_data_row_end(struct pp_data *d)
{
    if (pp_data_is_json(d)) {
        pp_data_item_end(d);
        return;
    }
    for (; d->columns[d->column]; d->column++)
        if (d->column) pp_out_char(d->r->out, ',');
    pp_out_c(d->r->out, "\r\n");
}

void pp_data_end(struct pp_data *d)
{
    if (pp_data_is_json(d)) pp_out_c(d->r->out, "]}\n");
}

void pp_data_list(struct pp_data *d, const char *name)
{
    put_name(d, name);
    pp_out_char(d->r->out, '[');
}

void pp_data_item(struct pp_data *d, bool is_first)
{
    pp_out_c(d->r->out, is_first ? "\n{" : ",\n{");
    d->has_field = false;
}

void pp_data_item_end(struct pp_data *d)
{
    pp_out_char(d->r->out, '}');
    d->has_field = true;
}

void pp_data_list_end(struct pp_data *d)
{
    pp_out_char(d->r->out, ']');
    d->has_field = true;
}
