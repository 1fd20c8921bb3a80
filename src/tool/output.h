/* tool/output.h - where a finished report goes: a file, stdout, a picture made by dot, a viewer.
 *
 *     -output=F            "Generating report in F", then the bytes
 *     pictures, protos     stdout unless that is a terminal: then profileNNN.ext in the current directory
 *     web, eog, ...        a temporary file and the first viewer that starts; waits for it, at least a second
 * In the shell stdout counts as a terminal and viewers are left running.
 * May run: cold code.
 */
#ifndef PP_TOOL_OUTPUT_H
#define PP_TOOL_OUTPUT_H

#include "base/arena.h"
#include "base/err.h"
#include "tool/options.h"

/* Of gzipped profiles: the lowest of libdeflate's levels with which none of the tests' and benchmarks' profiles is larger than what Go
 * writes (a million samples, Go 45.07 MB: level 5 45.45 MB in 0.60 s, level 6 45.14 MB in 0.68 s, level 7 44.75 MB in 0.81 s). */
#define PP_OUTPUT_GZIP_LEVEL 7

/* From now on reports are asked for in the shell. */
void pp_output_in_shell(void);

/* Runs the command's post-processing over the report and delivers the result. output: value of -output, or "". */
enum pp_code pp_output(struct pp_arena *a, const struct pp_command *c, pp_str output, pp_str report,
                       struct pp_err *err) PP_MUST_USE;

/* Starts the first browser that there is, on a URL, and does not wait. False: there is none. */
bool pp_output_open_browser(struct pp_arena *a, pp_str url);

/* A sink (base/out.h) that writes to stdout as the report grows; for reports that can't fail halfway. */
enum pp_code pp_output_stdout(void *ctx, const char *p, size_t n, struct pp_err *err);

#endif
