/* view/report.h - from a filtered, aggregated profile to the bytes of a report, byte for byte as google/pprof writes them.
 *
 * The caller has applied the filters (profile/filter) and the granularity already; nothing here changes the profile.
 * The one thing that must be taken *before* the filters is the total that all percentages refer to:
 *
 *     struct pp_report_options o = pp_report_defaults();
 *     o.value_index = ...; o.sample_type = ...; o.sample_unit = ...; o.title = ...;
 *     o.total = pp_report_total(p, o.value_index, o.mean);     (with -relative_percentages: after the filters)
 *     ... filters, granularity ...
 *     o.format = PP_REPORT_TOP;
 *     pp_report_write(&out, p, &o, &err);
 *
 * Reports stream through `out`; memory grows with nodes and edges, not with samples (call trees: with distinct
 * paths; dot with labels: a few bytes per sample).
 * Where google/pprof prints in the order of a Go map, we print one fixed order that it could have printed, too.
 * Threads: one report at a time per profile; two reports on one profile may run in parallel (nothing is written to it).
 */
#ifndef PP_VIEW_REPORT_H
#define PP_VIEW_REPORT_H

#include "base/out.h"
#include "profile/labels.h"
#include "regex/regex.h"
#include "view/objects.h"

enum pp_report_format {
    PP_REPORT_TOP,  /* also -text */
    PP_REPORT_TREE, /* with `symbol`: -peek */
    PP_REPORT_TRACES,
    PP_REPORT_RAW,
    PP_REPORT_TAGS,
    PP_REPORT_COMMENTS,
    PP_REPORT_DOT,
    PP_REPORT_CALLGRIND,
    PP_REPORT_LIST,     /* these three show what `symbol` matches; the last two ask `objects` */
    PP_REPORT_DISASM,
    PP_REPORT_WEBLIST,
    PP_REPORT_FOLDED,   /* a line for each distinct stack; ours */
    PP_REPORT_TOPPROTO, /* a gzipped profile.proto of the rows of -topproto */
};

/* Of top, tree, peek and tags: for people, or (ours, docs/output-formats.md) for programs, with plain numbers. */
enum pp_notation { PP_NOTATION_TEXT, PP_NOTATION_CSV, PP_NOTATION_JSON };

struct pp_report_options {
    enum pp_report_format format;
    enum pp_notation notation;

    uint32_t value_index; /* the column shown; < p->n_types */
    bool mean;            /* divide sums by sums of column 0 */
    pp_str sample_type;   /* as shown in "Type: x"; "mean_" is already in front when mean; "" hides the line */
    pp_str sample_unit;   /* of the column, as in the profile */
    pp_str output_unit;   /* default "minimum"; "auto" scales each value alone; else a unit's name */
    double ratio;         /* 1 / divide_by; default 1; values <= 0 are ignored */
    int64_t total;        /* from pp_report_total(); what 100% means */

    bool cum_sort;
    bool call_tree; /* dot and callgrind: one node per path */
    bool drop_negative;
    bool compact_labels; /* no profile header in top, tree, peek */

    /* Cut-offs; 0 switches one off. The caller has resolved -1 (80, or 0 for top and topproto), -trim=false and the commands that never trim. */
    int64_t node_count;   /* default 80 */
    double node_fraction; /* default 0.005: nodes with less of the total disappear */
    double edge_fraction; /* default 0.001 */

    pp_str title;                 /* graph name in dot: base name of the first mapping's file; "" = unnamed */
    const pp_str *active_filters; /* "name=value" each, in google/pprof's order */
    size_t n_active_filters;
    const struct pp_label_units *label_units; /* found before the filters; NULL: no number label has a unit */

    const struct pp_regex *symbol; /* peek, list, disasm, weblist: only what matches; NULL (peek only): all rows */

    const struct pp_objects *objects; /* disasm and weblist: the binaries; NULL: there are none */
    bool intel_syntax;
    void (*say)(void *ctx, pp_str sentence); /* list and weblist, of a source found nowhere; NULL: silent */
    void *say_ctx;

    int gzip_level; /* of topproto: 1 to 12, as wire/gzip.h; default 6 */

    pp_str trim_path, source_path; /* how file names are shortened; default "" */
};

struct pp_report_options pp_report_defaults(void);

/* The sum of absolute values (only of the samples with label pprof::base=true when there are any), divided for mean. */
int64_t pp_report_total(const struct pp_profile *p, uint32_t value_index, bool mean);

/* Writes the report. Errors: PP_E_NOTFOUND when the regexp matches nothing (nothing is written then, by disasm: not much), PP_E_IO when `out` failed. */
PP_MUST_USE enum pp_code pp_report_write(struct pp_out *out, const struct pp_profile *p,
                                         const struct pp_report_options *o, struct pp_err *err);

/* The header lines of a profile: File, Build ID, comments, Type, Doc, Time, Duration. For the shell's greeting and the web. */
pp_str *pp_report_profile_labels(struct pp_arena *a, const struct pp_profile *p, const struct pp_report_options *o,
                                 size_t *ret_n);

/* A value as the report shows it, with o's ratio and units. */
pp_str pp_report_value(struct pp_arena *a, const struct pp_report_options *o, int64_t value);

/* The rows of -top as data, for the web's top page. */
struct pp_report_item {
    pp_str name;
    pp_str inline_label; /* "", "(inline)", "(partial-inline)" */
    int64_t flat, cum;
    pp_str flat_text, cum_text;
};

/* labels: the lines above the table. */
struct pp_report_item *pp_report_items(struct pp_arena *a, const struct pp_profile *p,
                                       const struct pp_report_options *o, size_t *ret_n_items, pp_str **ret_labels,
                                       size_t *ret_n_labels);

#endif
