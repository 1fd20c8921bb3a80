/* tool/shell/line.h - what a line of the shell means; pure: nothing is read, written or changed but the config.
 *
 *     focus=main            an assignment; a comment may follow: focus=main //: why
 *     call_tree             a bool alone is set
 *     inuse_space           the name of a sample type (also total_ and mean_ in front of it): short for assignments
 *     :                     clears focus, ignore, hide, tagfocus, tagignore
 *     top5 json -gzip >f    a report: count, focus, ignore, output file
 *     options   help top   quit
 * White space is Unicode's, as in Go.   May run: cold code.
 */
#ifndef PP_TOOL_SHELL_LINE_H
#define PP_TOOL_SHELL_LINE_H

#include "profile/model.h"
#include "tool/options.h"

enum pp_shell_act {
    PP_SHELL_NOTHING,
    PP_SHELL_ASSIGN, /* name, value */
    PP_SHELL_OPTIONS,
    PP_SHELL_HELP, /* value: of what, or "" */
    PP_SHELL_QUIT,
    PP_SHELL_REPORT, /* words */
};

struct pp_shell_line {
    enum pp_shell_act act;
    pp_str name, value;
    bool has_value; /* of an assignment: there was a '=' */
    const pp_str *words;
    size_t n_words;
};

/* The lines that an input line stands for: itself, or those it is short for. */
const pp_str *pp_shell_expand(struct pp_arena *a, const struct pp_profile *p, pp_str input, size_t *ret_n);

struct pp_shell_line pp_shell_parse(struct pp_arena *a, pp_str line);

/* Does the assignment. A sample type is checked and kept by its name. */
enum pp_code pp_shell_assign(struct pp_arena *a, const struct pp_profile *p, struct pp_config *cfg,
                             const struct pp_shell_line *line, struct pp_err *err) PP_MUST_USE;

/* What the words of a report ask for. cfg comes in as the session's and leaves as this report's. */
enum pp_code pp_shell_report(struct pp_arena *a, const struct pp_profile *p, const struct pp_shell_line *line,
                             struct pp_config *cfg, const struct pp_command **ret_command, pp_str *ret_param,
                             struct pp_err *err) PP_MUST_USE;

const pp_str *pp_shell_words(struct pp_arena *a, pp_str s, size_t *ret_n); /* Go: strings.Fields */

#endif
