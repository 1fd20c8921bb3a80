/* tool/shell/history.h - the lines of earlier sessions: $XDG_STATE_HOME/pprof/history, else ~/.local/state/pprof/history.
 *
 * Plain text, a line each, readable by the owner only. New lines are appended at once, so several shells may share it; it is cut
 * to its newest lines when it is read. Without a home, or where it can't be written, there is none.   May run: cold code.
 */
#ifndef PP_TOOL_SHELL_HISTORY_H
#define PP_TOOL_SHELL_HISTORY_H

#include "base/arena.h"

#define PP_SHELL_HISTORY_MAX 1000 /* lines kept */

/* The path, or "". Makes the directory. */
pp_str pp_shell_history_path(struct pp_arena *a);

/* The lines, oldest first. */
const pp_str *pp_shell_history_read(struct pp_arena *a, pp_str path, size_t *ret_n);
void pp_shell_history_add(pp_str path, pp_str line);

#endif
