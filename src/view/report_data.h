/* view/report_data.h - reports for programs: rows of named fields as CSV or JSON. For the report_*.c files only.
 *
 *     pp_data_begin(&d, r, "top", columns);          columns: names in CSV's first line, NULL at the end
 *     pp_data_row(&d); pp_data_text(&d, "name", name); pp_data_number(&d, "flat", 3); pp_data_row_end(&d);
 *     pp_data_end(&d);
 * CSV is RFC 4180: lines end in CR LF, fields with a comma, a quote or a line end are quoted. Fields come in the order of the columns; those that
 * a row does not have are empty. JSON: one object; fields that a row does not have are absent. Bytes that are no UTF-8 become the four characters
 * \xNN in JSON, so that the text is valid for every reader; in CSV they stay.
 * The schema is in docs/output-formats.md.
 */
#ifndef PP_VIEW_REPORT_DATA_H
#define PP_VIEW_REPORT_DATA_H

#include "view/report_parts.h"

struct pp_data {
    struct pp_report *r;
    const char *const *columns; /* CSV */
    unsigned column;            /* the next one */
    unsigned n_rows;
    bool has_field; /* JSON: the open object has one */
};

void pp_data_begin(struct pp_data *d, struct pp_report *r, const char *report, const char *const *columns);
void pp_data_row(struct pp_data *d);
void pp_data_row_end(struct pp_data *d);
void pp_data_text(struct pp_data *d, const char *name, pp_str text);
void pp_data_number(struct pp_data *d, const char *name, int64_t value);
void pp_data_end(struct pp_data *d);

/* JSON only: a list of objects as a field of the row that is open. */
void pp_data_list(struct pp_data *d, const char *name);
void pp_data_item(struct pp_data *d, bool is_first);
void pp_data_item_end(struct pp_data *d);
void pp_data_list_end(struct pp_data *d);

static inline bool pp_data_is_json(const struct pp_data *d) { return d->r->o.notation == PP_NOTATION_JSON; }

#endif
