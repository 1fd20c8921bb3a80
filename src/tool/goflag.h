/* tool/goflag.h - command lines as Go's package flag reads them, with its error texts.
 *
 * -name, --name, -name=value, -name value; a bool takes a value only after '='. Reading stops at the first word that is no
 * flag, and behind "--". The last of several wins, but for flags with `all`.   May run: cold code.
 */
#ifndef PP_TOOL_GOFLAG_H
#define PP_TOOL_GOFLAG_H

#include "base/arena.h"
#include "base/err.h"
#include "tool/options.h"

/* Every value of a flag that may be given more than once. */
struct pp_flag_values {
    pp_str *p; /* the caller's, with room for as many as there are words */
    size_t n;
};

struct pp_flag {
    const char *name;
    enum pp_type type;          /* BOOL, INT, FLOAT or STR */
    void *value;                /* bool, int64_t, double or pp_str (borrows the word) */
    struct pp_flag_values *all; /* NULL: only the last value counts; of STR only */
};

/* PP_E_NOTFOUND: -h or -help was asked for and is no flag. PP_E_USAGE: err has Go's text. *ret_first: the first word that is
 * no flag. argv[0] is the first word (not the program). */
enum pp_code pp_goflag_parse(const struct pp_flag *flags, size_t n_flags, int argc, char **argv, int *ret_first,
                             struct pp_err *err) PP_MUST_USE;

#endif
