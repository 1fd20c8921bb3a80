/* tool/web/data.h - what the pages draw, as JSON. ui/kit/data.js reads these shapes; both sides are tested on them.
 *
 * Every page:
 *   view    flamegraph, top, graph, peek, source or disasm
 *   meta    title, file, type (texts); legend, errors (lines); types (names of all sample types), type_index;
 *           total (what 100 % is), total_text, samples (in the file), doc (a URL or "");
 *           configs: [{name, url, current, user}];
 *           units: [[name, how many of the profile's unit it is], ...] smallest first, of which a value takes the largest that it
 *           reaches; ratio: factor of every value
 * Flame graph, `flame`:
 *   names, shorts, files    per frame of this page: "main.run:12", "run:12" or "" when no shorter, index into file_names
 *   places                  per frame: its number in `path`
 *   frame, children, value  per node, breadth first from the root (frame -1: all samples): index, number of children, value
 *   weight                  per node: sum of absolute values, its width; absent when it is the value everywhere
 *   rest                    [[node, how many frames, value, weight], ...] children that were left out
 *   above                   [[frame, value, weight], ...] of a path: from all samples down to the root's caller
 *   path, inverted, least   places from all samples to the root; the lightest weight that was kept
 *   self of a node = value - rest - its children.
 * Search (`find`), with or without a tree: value and weight of the stacks that match, places of the frames that do.
 * Top, `rows`: [[name, inline label, flat, cum, flat's text, cum's text], ...] in the report's order.
 * Threads: one.   May run: cold code.
 */
#ifndef PP_TOOL_WEB_DATA_H
#define PP_TOOL_WEB_DATA_H

#include "base/out.h"
#include "tool/generate.h"
#include "tool/web/query.h"

/* ,"flame":{...} and ,"find":{...} as the parameters path, prune, invert, find and nodes ask. PP_E_USAGE: a parameter is wrong. */
enum pp_code pp_data_flame(struct pp_arena *a, struct pp_out *o, const struct pp_profile *p,
                           const struct pp_report_options *options, const struct pp_query *q,
                           struct pp_err *err) PP_MUST_USE;

/* ,"rows":[...] */
void pp_data_top(struct pp_arena *a, struct pp_out *o, const struct pp_profile *p,
                 const struct pp_report_options *options);

/* The names of the rows of -top (functions alone), as a regexp that matches them alone; "" for none. */
pp_str pp_data_hottest(struct pp_arena *a, const struct pp_profile *p, const struct pp_report_options *options);

/* "units":[...],"ratio":1 */
void pp_data_units(struct pp_out *o, const struct pp_report_options *options);

#endif
