/* tool/ui.h - what the tool says to the person, on stderr; reports go to stdout and never through here.
 *
 * Each message is one write of whole lines (a missing newline is added), so threads do not mix theirs. Warnings are red
 * on a terminal.   May run: cold code.
 */
#ifndef PP_TOOL_UI_H
#define PP_TOOL_UI_H

#include "base/err.h"

void pp_ui_print(const char *fmt, ...) PP_PRINTF(1, 2); /* progress */
void pp_ui_warn(const char *fmt, ...) PP_PRINTF(1, 2);  /* something did not go as asked */

/* Writes all n bytes to a descriptor, also when a signal interrupts or a pipe takes them piecewise. */
enum pp_code pp_write_all(int fd, const char *p, size_t n, struct pp_err *err);

/* Go's words for an errno ("no such file or directory"); they are Linux's in lower case but for a few. */
const char *pp_errno_text(int errnum);  /* valid until this thread's next call */
const char *pp_signal_text(int signum); /* "killed", "segmentation fault" */

/* PPROF_COMPAT=go: errors and prompts as `go tool pprof` prints them. */
bool pp_ui_like_go(void);

#endif
