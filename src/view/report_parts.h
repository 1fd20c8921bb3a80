/* view/report_parts.h - what the report_*.c files share. Not for others.
 */
#ifndef PP_VIEW_REPORT_PARTS_H
#define PP_VIEW_REPORT_PARTS_H

#include "base/vec.h"
#include "view/graph.h"
#include "view/report.h"

typedef PP_VEC(pp_str) pp_report_lines;

struct pp_report {
    struct pp_arena arena; /* freed with the report */
    struct pp_out *out;
    const struct pp_profile *p;
    struct pp_report_options o; /* output_unit is settled by pp_report_graph */

    /* Of pp_report_graph: */
    struct pp_graph *g;
    uint32_t n_before_limit; /* nodes before node_count cut them */
    uint32_t n_dropped_nodes, n_dropped_edges;
    int64_t shown; /* sum of the nodes' flat values */
};

void pp_report_begin(struct pp_report *r, struct pp_out *out, const struct pp_profile *p,
                     const struct pp_report_options *o);
void pp_report_end(struct pp_report *r);

/* report_graph.c: the nodes and edges that the options leave, in the order of the report; then the unit of the values. */
void pp_report_graph(struct pp_report *r);
void pp_report_full_graph(struct pp_report *r); /* all nodes that have a value, no edges, in no order; units stay */

/* report_labels.c */
void pp_report_add_profile_labels(struct pp_report *r, pp_report_lines *lines);
void pp_report_add_labels(struct pp_report *r, bool is_picture,
                          pp_report_lines *lines); /* + filters, what is shown, what isn't */
void pp_report_put_lines(struct pp_report *r, const pp_report_lines *lines);

/* Texts: right-aligned to `width` runes as Go's %10s counts them. */
void pp_report_put_padded(struct pp_out *out, pp_str s, size_t width);
void pp_report_put_value(struct pp_report *r, int64_t value, size_t width);
void pp_report_put_value_or_dot(struct pp_report *r, int64_t value, size_t width);
void pp_report_put_routine_sums(struct pp_report *r, int64_t flat, int64_t cum); /* the line below ROUTINE of list and disasm */
void pp_report_put_percent(struct pp_report *r, int64_t value, int64_t total);
int64_t pp_report_plain(const struct pp_report *r, int64_t value); /* in the profile's unit, with the ratio */
pp_str pp_report_value_text(struct pp_report *r, int64_t value);
pp_str pp_report_percent_text(struct pp_report *r, int64_t value, int64_t total); /* without spaces in front */
int64_t pp_report_fraction(int64_t total, double fraction);                       /* |total * fraction| as an integer */
pp_str pp_report_label_unit(const struct pp_report *r, pp_string_id key);

/* The reports. */
void pp_report_top(struct pp_report *r);
PP_MUST_USE enum pp_code pp_report_tree(struct pp_report *r, struct pp_err *err);
void pp_report_traces(struct pp_report *r);
void pp_report_raw(struct pp_report *r);
void pp_report_tags(struct pp_report *r);
void pp_report_folded(struct pp_report *r);
void pp_report_top_data(struct pp_report *r);
void pp_report_tree_data(struct pp_report *r, const bool *shown); /* shown: by place in the order of the graph */
void pp_report_comments(struct pp_report *r);
void pp_report_dot(struct pp_report *r);
void pp_report_callgrind(struct pp_report *r);
PP_MUST_USE enum pp_code pp_report_topproto(struct pp_report *r, struct pp_err *err);
PP_MUST_USE enum pp_code pp_report_list(struct pp_report *r, struct pp_err *err);
PP_MUST_USE enum pp_code pp_report_disasm(struct pp_report *r, struct pp_err *err);
PP_MUST_USE enum pp_code pp_report_weblist(struct pp_report *r, struct pp_err *err);

struct pp_source_text *pp_report_sources(struct pp_report *r); /* symbols/source_text.h, by the options */
bool pp_report_symbol_address(const struct pp_report *r, uint64_t *ret_address); /* a regexp that is a number names one, too */

#endif
