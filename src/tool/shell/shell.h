/* tool/shell/shell.h - the interactive shell: greets, then does what each line says, until quit or the end of the input.
 *
 * Messages and help go to stderr, reports to stdout, byte for byte as google/pprof's. Each report works on a copy of the profile
 * and on a copy of the variables, so that options of one line end with it. Errors are said and the session goes on.
 * May run: cold code.
 */
#ifndef PP_TOOL_SHELL_SHELL_H
#define PP_TOOL_SHELL_SHELL_H

#include "profile/model.h"
#include "tool/options.h"

/* config: what the command line set. */
enum pp_code pp_shell_run(struct pp_arena *a, struct pp_profile *p, const struct pp_config *config,
                          struct pp_err *err) PP_MUST_USE;

#endif
