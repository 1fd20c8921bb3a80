/* tool/shell/input.h - where the shell's lines come from: a terminal with libedit, or bytes.
 *
 * libedit is only loaded for a terminal on both sides (on pipes it would echo). From bytes a line ends at \n, \r or the end;
 * invalid UTF-8 becomes U+FFFD, as google/pprof reads it. With PPROF_COMPAT=go the prompt is printed and bytes stay as they are.
 * May run: cold code.
 */
#ifndef PP_TOOL_SHELL_INPUT_H
#define PP_TOOL_SHELL_INPUT_H

#include "base/out.h"
#include "profile/model.h"

struct pp_shell_input {
    struct pp_shell_edit *edit; /* NULL: bytes */
    bool like_go;
    struct pp_arena arena; /* of `line` */
    struct pp_out line;
    char buf[1 << 12];
    size_t at, n; /* of buf: read up to, filled up to */
    bool end;
};

void pp_shell_input_init(struct pp_shell_input *in, const struct pp_profile *p);
void pp_shell_input_release(struct pp_shell_input *in);

/* The next line without its end, valid until the next call. PP_E_EMPTY: there is none. */
enum pp_code pp_shell_input_line(struct pp_shell_input *in, pp_str *ret_line, struct pp_err *err) PP_MUST_USE;

#endif
