// SPDX-License-Identifier: Apache-2.0
/* The values of each label with their weights. Samples are summed by ids; texts are made once per distinct value. */
#include <stdlib.h>

#include "profile/units.h"
#include "view/report_data.h"
#include "view/tabwriter.h"

/* A distinct label. */
struct label_sum {
    pp_string_id key;
    bool is_num;
    int64_t value; /* the number, or the id of the text */
    int64_t sum;
};

/* What is printed: numbers whose text is the same are one. */
struct tag_row {
    pp_str key, text;
    int64_t sum;
};

struct tag_sums {
    struct pp_report *r;
    PP_VEC(struct label_sum) sums;
    struct pp_hash index;
};

static void add_label(struct tag_sums *t, const struct pp_label *l, int64_t weight)
{
    int64_t value = l->is_num ? l->num : (int64_t)l->str;
    uint64_t h = pp_hash_u64(pp_hash_u64((uint64_t)value) ^ ((uint64_t)l->key << 1 | l->is_num));
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->index, h); pp_hash_next(&pr, &i);) {
        struct label_sum *s = &t->sums.p[i];
        if (s->value != value || s->key != l->key || s->is_num != l->is_num) continue;
        s->sum = pp_go_add(s->sum, weight);
        return;
    }
    pp_hash_add(&t->r->arena, &t->index, h, (uint32_t)t->sums.n);
    *PP_PUSH(&t->r->arena, &t->sums) = (struct label_sum){l->key, l->is_num, value, weight};
}

static int compare_rows(const void *va, const void *vb)
{
    const struct tag_row *a = va, *b = vb;
    int c = pp_str_cmp(a->key, b->key);
    return c ? c : pp_str_cmp(a->text, b->text);
}

static int compare_weights(const void *va, const void *vb)
{
    const struct tag_row *a = va, *b = vb;
    int64_t x = pp_go_abs(a->sum), y = pp_go_abs(b->sum);
    if (x != y) return x > y ? -1 : 1;
    return pp_str_cmp(a->text, b->text);
}

/* Rows by key and text, equal ones added up. */
static struct tag_row *make_rows(struct tag_sums *t, size_t *ret_n)
{
    struct pp_report *r = t->r;
    struct tag_row *rows = PP_NEW_N(&r->arena, struct tag_row, t->sums.n);
    for (size_t i = 0; i < t->sums.n; i++) {
        const struct label_sum *s = &t->sums.p[i];
        pp_str text = s->is_num ? pp_units_label(&r->arena, s->value, pp_report_label_unit(r, s->key), r->o.output_unit)
                                : pp_profile_str(r->p, (pp_string_id)s->value);
        rows[i] = (struct tag_row){pp_profile_str(r->p, s->key), text, s->sum};
    }
    if (t->sums.n > 1) qsort(rows, t->sums.n, sizeof *rows, compare_rows);
    size_t n = 0;
    for (size_t i = 0; i < t->sums.n; i++) {
        if (n && !compare_rows(&rows[n - 1], &rows[i]))
            rows[n - 1].sum = pp_go_add(rows[n - 1].sum, rows[i].sum);
        else
            rows[n++] = rows[i];
    }
    *ret_n = n;
    return rows;
}

/* "value (12%)", or the value alone when there is no total. */
static void put_share(struct pp_report *r, struct pp_out *line, int64_t value)
{
    pp_out_str(line, pp_report_value_text(r, value));
    if (r->o.total <= 0) return;
    char percent[PP_UNITS_PERCENT_MAX];
    pp_out_fmt(line, " (%.*s)", (int)pp_units_percent(percent, value, r->o.total), percent);
}

static void put_key(struct pp_report *r, struct pp_tabwriter *w, struct tag_row *rows, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = pp_go_add(sum, rows[i].sum);
    struct pp_out line;
    pp_out_to_memory(&line, &r->arena);
    pp_out_fmt(&line, "%.*s:\t Total %.*s of %.*s", PP_FMT(rows->key), PP_FMT(pp_report_value_text(r, sum)),
               PP_FMT(pp_report_value_text(r, r->o.total)));
    if (r->o.total > 0) {
        char percent[PP_UNITS_PERCENT_MAX];
        pp_out_fmt(&line, " (%.*s)", (int)pp_units_percent(percent, sum, r->o.total), percent);
    }
    pp_out_char(&line, '\n');
    pp_tabwriter_write(w, pp_out_bytes(&line));
    qsort(rows, n, sizeof *rows, compare_weights);
    for (size_t i = 0; i < n; i++) {
        line.n = 0;
        pp_out_c(&line, " \t");
        put_share(r, &line, rows[i].sum);
        pp_out_fmt(&line, ":\t %.*s\n", PP_FMT(rows[i].text));
        pp_tabwriter_write(w, pp_out_bytes(&line));
    }
    pp_tabwriter_write(w, PP_STR("\n"));
}

static void sum_labels(struct tag_sums *t)
{
    const struct pp_profile *p = t->r->p;
    const int64_t *values = p->values[t->r->o.value_index];
    for (uint32_t s = 0; s < p->n_samples && p->label_off; s++)
        for (uint64_t k = p->label_off[s]; k < p->label_off[s + 1]; k++)
            add_label(t, &p->labels[k], values[s]);
}

/* By key; then heavier ones first, then texts before numbers. */
static int compare_data(const void *va, const void *vb, void *ctx)
{
    const struct label_sum *a = va, *b = vb;
    const struct pp_profile *p = ctx;
    int c = pp_str_cmp(pp_profile_str(p, a->key), pp_profile_str(p, b->key));
    int64_t x = pp_go_abs(a->sum), y = pp_go_abs(b->sum);
    if (c) return c;
    if (x != y) return x > y ? -1 : 1;
    if (a->is_num != b->is_num) return a->is_num - b->is_num;
    if (a->is_num) return (a->value > b->value) - (a->value < b->value);
    return pp_str_cmp(pp_profile_str(p, (pp_string_id)a->value), pp_profile_str(p, (pp_string_id)b->value));
}

/* As CSV or JSON: one row for each label, numbers as they are. */
static void put_data(struct tag_sums *t)
{
    static const char *const columns[] = {"key",   "value",       "number", "number_unit", "weight",
                                          "total", "sample_type", "unit",   NULL};
    struct pp_report *r = t->r;
    struct pp_data d;
    if (t->sums.n > 1) qsort_r(t->sums.p, t->sums.n, sizeof *t->sums.p, compare_data, (void *)(uintptr_t)r->p);
    pp_data_begin(&d, r, "tags", columns);
    for (size_t i = 0; i < t->sums.n; i++) {
        const struct label_sum *s = &t->sums.p[i];
        pp_data_row(&d);
        pp_data_text(&d, "key", pp_profile_str(r->p, s->key));
        if (s->is_num) {
            pp_data_number(&d, "number", s->value);
            pp_data_text(&d, "number_unit", pp_report_label_unit(r, s->key));
        } else {
            pp_data_text(&d, "value", pp_profile_str(r->p, (pp_string_id)s->value));
        }
        pp_data_number(&d, "weight", pp_report_plain(r, s->sum));
        if (!pp_data_is_json(&d)) {
            pp_data_number(&d, "total", pp_report_plain(r, r->o.total));
            pp_data_text(&d, "sample_type", r->o.sample_type);
            pp_data_text(&d, "unit", r->o.sample_unit);
        }
        pp_data_row_end(&d);
    }
    pp_data_end(&d);
}

void pp_report_tags(struct pp_report *r)
{
    struct tag_sums t = {.r = r};
    sum_labels(&t);
    if (r->o.notation != PP_NOTATION_TEXT) {
        put_data(&t);
        return;
    }
    if (!r->p->label_off) return;
    size_t n;
    struct tag_row *rows = make_rows(&t, &n);
    struct pp_tabwriter w = {.out = r->out, .arena = &r->arena};
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && pp_str_eq(rows[to].key, rows[from].key);)
            to++;
        put_key(r, &w, rows + from, to - from);
    }
    pp_tabwriter_flush(&w);
}
