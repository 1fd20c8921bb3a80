/* tool/shell/edit.h - a line typed on a terminal: libedit with history and completion, loaded on first use.
 *
 * Keys are emacs's unless ~/.editrc says otherwise. TAB completes (complete.h); a second TAB lists. ^C drops the line, ^D on an
 * empty one ends, ^Z stops. The terminal is only in libedit's hands while a line is read.   May run: cold code; one at a time.
 */
#ifndef PP_TOOL_SHELL_EDIT_H
#define PP_TOOL_SHELL_EDIT_H

#include "profile/model.h"

struct pp_shell_edit;

/* NULL: no libedit here (said on stderr); lines are then read as from a pipe. */
struct pp_shell_edit *pp_shell_edit_new(struct pp_arena *a, const char *prompt, const struct pp_profile *p);
void pp_shell_edit_free(struct pp_shell_edit *e); /* NULL is fine */

/* Valid until the next call. PP_E_EMPTY: ^D. */
enum pp_code pp_shell_edit_line(struct pp_shell_edit *e, pp_str *ret_line, struct pp_err *err) PP_MUST_USE;

#endif
