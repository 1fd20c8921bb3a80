// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/input.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/utf8.h"
#include "tool/shell/edit.h"
#include "tool/ui.h"

#define PROMPT "(pprof) "

void pp_shell_input_init(struct pp_shell_input *in, const struct pp_profile *p)
{
    *in = (struct pp_shell_input){.like_go = pp_ui_like_go()};
    pp_arena_init(&in->arena, 0, p->arena->oom);
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) in->edit = pp_shell_edit_new(&in->arena, PROMPT, p);
}

void pp_shell_input_release(struct pp_shell_input *in)
{
    pp_shell_edit_free(in->edit);
    pp_arena_release(&in->arena);
}

static enum pp_code fill(struct pp_shell_input *in, struct pp_err *err)
{
    ssize_t n;
    do
        n = read(STDIN_FILENO, in->buf, sizeof in->buf);
    while (n < 0 && errno == EINTR);
    if (n < 0) return pp_fail(err, PP_E_IO, "read /dev/stdin: %s", pp_errno_text(errno));
    in->at = 0;
    in->n = (size_t)n;
    in->end = n == 0;
    return PP_OK;
}

static void write_valid(struct pp_out *o, pp_str s)
{
    size_t width;
    for (; s.n; s = pp_str_from(s, width)) {
        char buf[PP_UTF8_MAX];
        uint32_t rune = pp_utf8_decode(s, &width);
        pp_out_write(o, buf, pp_utf8_encode(buf, rune));
    }
}

/* Up to the end of a line, which is taken off but not kept. */
static enum pp_code read_line(struct pp_shell_input *in, struct pp_out *o, struct pp_err *err)
{
    for (;;) {
        if (in->at == in->n) {
            enum pp_code c = in->end ? PP_OK : fill(in, err);
            if (c) return c;
            if (in->end) return pp_out_bytes(o).n ? PP_OK : PP_E_EMPTY;
        }
        char byte = in->buf[in->at++];
        if (byte == '\n' || (byte == '\r' && !in->like_go)) return PP_OK;
        pp_out_char(o, byte);
    }
}

enum pp_code pp_shell_input_line(struct pp_shell_input *in, pp_str *ret_line, struct pp_err *err)
{
    if (in->edit) return pp_shell_edit_line(in->edit, ret_line, err);
    if (in->like_go) {
        enum pp_code c = pp_write_all(STDOUT_FILENO, PROMPT, sizeof PROMPT - 1, err);
        if (c) return c;
    }
    pp_arena_reset(&in->arena);
    pp_out_to_memory(&in->line, &in->arena);
    enum pp_code c = read_line(in, &in->line, err);
    if (c) return c;
    *ret_line = pp_out_bytes(&in->line);
    if (in->like_go || pp_utf8_valid(*ret_line)) return PP_OK;
    struct pp_out valid;
    pp_out_to_memory(&valid, &in->arena);
    write_valid(&valid, *ret_line);
    *ret_line = pp_out_bytes(&valid);
    return PP_OK;
}
