/* tool/generate.h - one report of a profile: filters, total, granularity, report, output, in google/pprof's order.
 *
 * The profile is changed (filtered, aggregated); who needs it again passes a copy.   May run: cold code.
 */
#ifndef PP_TOOL_GENERATE_H
#define PP_TOOL_GENERATE_H

#include "profile/model.h"
#include "tool/options.h"
#include "view/report.h"

/* param: the command's regular expression, or "". */
enum pp_code pp_generate(struct pp_arena *a, struct pp_profile *p, const struct pp_command *c, pp_str param,
                         const struct pp_config *config, struct pp_err *err) PP_MUST_USE;

/* The same in two steps, for who makes something else of it: first everything but the report itself.
 * `options` are what view/report.h wants (they point into this struct, so it stays where it is). */
struct pp_generated {
    struct pp_config config; /* with what the command decides about it */
    struct pp_report_options options;
    struct pp_label_units units;
    struct pp_regex *symbol;
    struct pp_objects *objects;
    pp_say say;
    void *say_ctx;
};
enum pp_code pp_generate_prepare(struct pp_arena *a, struct pp_profile *p, const struct pp_command *c, pp_str param,
                                 const struct pp_config *config, pp_say say, void *ctx,
                                 struct pp_generated *ret_generated, struct pp_err *err) PP_MUST_USE;
void pp_generated_release(struct pp_generated *g);

/* The lines above a report and the total that they name, for the shell's greeting. Says what pp_generate says about units. */
enum pp_code pp_generate_labels(struct pp_arena *a, struct pp_profile *p, const struct pp_config *config,
                                pp_str **ret_lines, size_t *ret_n, int64_t *ret_total, struct pp_err *err) PP_MUST_USE;

#endif
