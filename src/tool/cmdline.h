/* tool/cmdline.h - what the words after `pprof` ask for.
 *
 *   pprof <format> [options] [binary] <source> ...
 * Checks what can be checked before any source is read, in google/pprof's order and words.   May run: cold code.
 */
#ifndef PP_TOOL_CMDLINE_H
#define PP_TOOL_CMDLINE_H

#include "base/arena.h"
#include "base/err.h"
#include "tool/options.h"

struct pp_cmdline {
    struct pp_config config;
    struct pp_source_flags source;
    const struct pp_command *command; /* NULL: no format was named (shell, or web UI with -http) */
    pp_str param;                     /* of the command, when it takes one */
    pp_str exec_name;                 /* the binary before the sources, or "" */
    pp_str *sources;
    size_t n_sources;
    pp_str *bases; /* of -base or -diff_base, which may be given more than once */
    size_t n_bases;
    bool diff_base;
};

/* PP_E_NOTFOUND: -h, the usage is to be printed. PP_E_USAGE with *ret_usage: print the text (if any), then the usage.
 * Words are borrowed from argv; argv[0] is the first word. */
enum pp_code pp_cmdline_parse(struct pp_arena *a, int argc, char **argv, struct pp_cmdline *ret_cmdline,
                              bool *ret_usage, struct pp_err *err) PP_MUST_USE;

#endif
