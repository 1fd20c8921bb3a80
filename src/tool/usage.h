/* tool/usage.h - the usage text and `help`, made from options.tbl.
 *
 * Byte for byte google/pprof's (its sentences; see NOTICE), plus the lines that options.tbl gives our additions.
 * May run: cold code.
 */
#ifndef PP_TOOL_USAGE_H
#define PP_TOOL_USAGE_H

#include "base/out.h"

void pp_usage_write(struct pp_out *o);
void pp_usage_write_shell(struct pp_out *o); /* the shell's `help` */

/* One command or option; false when there is none of that name. */
bool pp_usage_topic(struct pp_out *o, pp_str name);
/* The same for `pprof help`: flags of sources and groups of options, too, with or without dashes. */
bool pp_usage_help(struct pp_out *o, pp_str topic);

#endif
