// SPDX-License-Identifier: Apache-2.0
/* The profile as it is. Go: Profile.String. */
#include <stdlib.h>

#include "base/gotime.h"
#include "base/utf8.h"
#include "view/report_parts.h"

#define RAW_LABEL_INDENT "                "
#define RAW_LINE_INDENT "             "

struct raw {
    struct pp_report *r;
    pp_str *ids;             /* per location: "17 " */
    struct pp_arena scratch; /* of one sample */
};

static void put_i64(struct pp_out *out, int64_t v, size_t width)
{
    char buf[24];
    size_t at = sizeof buf;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        buf[--at] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0) buf[--at] = '-';
    size_t n = sizeof buf - at;
    if (n < width) pp_out_repeat(out, ' ', width - n);
    pp_out_write(out, buf + at, n);
}

static void put_header(struct pp_report *r)
{
    const struct pp_profile *p = r->p;
    struct pp_out *out = r->out;
    for (uint32_t i = 0; i < p->n_comments; i++)
        pp_out_fmt(out, "Comment: %.*s\n", PP_FMT(pp_profile_str(p, p->comments[i])));
    if (p->doc_url) pp_out_fmt(out, "Doc: %.*s\n", PP_FMT(pp_profile_str(p, p->doc_url)));
    if (p->has_period_type)
        pp_out_fmt(out, "PeriodType: %.*s %.*s\n", PP_FMT(pp_profile_str(p, p->period_type.type)),
                   PP_FMT(pp_profile_str(p, p->period_type.unit)));
    pp_out_fmt(out, "Period: %lld\n", (long long)p->period);
    char time[PP_GO_TIME_MAX];
    if (p->time_nanos) {
        size_t n = pp_go_time_full(time, p->time_nanos);
        pp_out_fmt(out, "Time: %.*s\n", (int)n, time);
    }
    if (p->duration_nanos) { /* Go cuts the text at the precision that was meant for digits */
        size_t n = pp_go_duration(time, p->duration_nanos);
        pp_out_fmt(out, "Duration: %.*s\n", PP_FMT(pp_utf8_first((pp_str){time, n}, 4)));
    }
    pp_out_c(out, "Samples:\n");
    pp_str types = PP_STR("");
    for (uint32_t i = 0; i < p->n_types; i++)
        types = pp_arena_fmt(&r->arena, "%.*s%.*s/%.*s%s ", PP_FMT(types), PP_FMT(pp_profile_str(p, p->types[i].type)),
                             PP_FMT(pp_profile_str(p, p->types[i].unit)),
                             p->types[i].type == p->default_type ? "[dflt]" : "");
    pp_out_str(out, pp_str_trim(types));
    pp_out_char(out, '\n');
}

/* key:[v1 v2], numbers with their units when the key has any. */
static pp_str label_text(struct raw *w, const struct pp_label *labels, size_t n)
{
    const struct pp_profile *p = w->r->p;
    bool units = false;
    for (size_t i = 0; i < n; i++)
        units |= labels[i].is_num && labels[i].unit;
    struct pp_out out;
    pp_out_to_memory(&out, &w->scratch);
    pp_out_str(&out, pp_profile_str(p, labels->key));
    pp_out_c(&out, ":[");
    for (size_t i = 0; i < n; i++) {
        if (i) pp_out_char(&out, ' ');
        if (labels[i].is_num)
            put_i64(&out, labels[i].num, 0);
        else
            pp_out_str(&out, pp_profile_str(p, labels[i].str));
        if (units) pp_out_fmt(&out, " %.*s", PP_FMT(pp_profile_str(p, labels[i].unit)));
    }
    pp_out_char(&out, ']');
    return pp_out_bytes(&out);
}

static int compare_texts(const void *a, const void *b) { return pp_str_cmp(*(const pp_str *)a, *(const pp_str *)b); }

/* One line for the labels from..to, all strings or all numbers. */
static void put_label_line(struct raw *w, const struct pp_label *labels, size_t n)
{
    if (!n) return;
    pp_arena_reset(&w->scratch);
    pp_str *texts = PP_NEW_N(&w->scratch, pp_str, n);
    size_t n_texts = 0;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && labels[to].key == labels[from].key;)
            to++;
        texts[n_texts++] = label_text(w, labels + from, to - from);
    }
    if (n_texts > 1) qsort(texts, n_texts, sizeof *texts, compare_texts);
    pp_out_c(w->r->out, RAW_LABEL_INDENT);
    for (size_t i = 0; i < n_texts; i++) {
        if (i) pp_out_char(w->r->out, ' ');
        pp_out_str(w->r->out, texts[i]);
    }
    pp_out_char(w->r->out, '\n');
}

static void put_sample(struct raw *w, uint32_t s)
{
    const struct pp_profile *p = w->r->p;
    struct pp_out *out = w->r->out;
    for (uint32_t t = 0; t < p->n_types; t++) {
        pp_out_char(out, ' ');
        put_i64(out, p->values[t][s], 10);
    }
    pp_out_c(out, ": ");
    for (uint64_t k = p->loc_off[s]; k < p->loc_off[s + 1]; k++)
        pp_out_str(out, w->ids[p->locs[k]]);
    pp_out_char(out, '\n');
    if (!p->label_off) return;
    const struct pp_label *labels = p->labels + p->label_off[s];
    size_t n = p->label_off[s + 1] - p->label_off[s], n_strings = 0;
    while (n_strings < n && !labels[n_strings].is_num)
        n_strings++;
    put_label_line(w, labels, n_strings);
    put_label_line(w, labels + n_strings, n - n_strings);
}

static void put_line(struct pp_report *r, const struct pp_line *line)
{
    const struct pp_profile *p = r->p;
    if (line->function == PP_NONE) {
        pp_out_c(r->out, "??\n");
        return;
    }
    const struct pp_function *f = &p->functions[line->function];
    pp_out_fmt(r->out, "%.*s %.*s:%lld:%lld s=%lld", PP_FMT(pp_profile_str(p, f->name)),
               PP_FMT(pp_profile_str(p, f->filename)), (long long)line->line, (long long)line->column,
               (long long)f->start_line);
    if (f->name != f->system_name) pp_out_fmt(r->out, "(%.*s)", PP_FMT(pp_profile_str(p, f->system_name)));
    pp_out_char(r->out, '\n');
}

static void put_location(struct pp_report *r, const struct pp_location *l)
{
    pp_out_fmt(r->out, "%6llu: 0x%llx ", (unsigned long long)l->id, (unsigned long long)l->address);
    if (l->mapping != PP_NONE) pp_out_fmt(r->out, "M=%llu ", (unsigned long long)r->p->mappings[l->mapping].id);
    if (l->is_folded) pp_out_c(r->out, "[F] ");
    for (uint32_t i = 0; i < l->n_lines; i++) {
        if (i) pp_out_c(r->out, RAW_LINE_INDENT);
        put_line(r, &r->p->lines[l->first_line + i]);
    }
    if (!l->n_lines) pp_out_char(r->out, '\n');
}

static void put_mapping(struct pp_report *r, const struct pp_mapping *m)
{
    pp_out_fmt(r->out, "%llu: 0x%llx/0x%llx/0x%llx %.*s %.*s %s%s%s%s\n", (unsigned long long)m->id,
               (unsigned long long)m->start, (unsigned long long)m->limit, (unsigned long long)m->offset,
               PP_FMT(pp_profile_str(r->p, m->file)), PP_FMT(pp_profile_str(r->p, m->build_id)),
               m->has_functions ? "[FN]" : "", m->has_filenames ? "[FL]" : "", m->has_line_numbers ? "[LN]" : "",
               m->has_inline_frames ? "[IN]" : "");
}

void pp_report_raw(struct pp_report *r)
{
    const struct pp_profile *p = r->p;
    put_header(r);
    struct raw w = {.r = r, .ids = PP_NEW_N(&r->arena, pp_str, p->n_locations)};
    pp_arena_init(&w.scratch, 0, r->arena.oom);
    for (uint32_t l = 0; l < p->n_locations; l++)
        w.ids[l] = pp_arena_fmt(&r->arena, "%llu ", (unsigned long long)p->locations[l].id);
    for (uint32_t s = 0; s < p->n_samples; s++)
        put_sample(&w, s);
    pp_arena_release(&w.scratch);
    pp_out_c(r->out, "Locations\n");
    for (uint32_t l = 0; l < p->n_locations; l++)
        put_location(r, &p->locations[l]);
    pp_out_c(r->out, "Mappings\n");
    for (uint32_t m = 0; m < p->n_mappings; m++)
        put_mapping(r, &p->mappings[m]);
}
