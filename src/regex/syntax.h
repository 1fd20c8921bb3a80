/* regex/syntax.h - from Go's grammar of regular expressions to a pattern that RE2 reads the same way.
 *
 * Go's parser is followed step by step, so that the first error and its text are Go's. What RE2 reads otherwise is
 * written anew: literals escaped (so that "\B" in the result is always the operator), \Q...\E and names of groups gone, \p{...} as ranges of Go's Unicode version.
 */
#ifndef PP_REGEX_SYNTAX_H
#define PP_REGEX_SYNTAX_H

#include "base/arena.h"

/* Both from an arena with an oom callback. PP_E_USAGE with Go's text, PP_OK and the pattern for RE2 else. */
enum pp_code pp_regex_translate(struct pp_arena *a, pp_str pattern, pp_str *ret_re2, struct pp_err *err) PP_MUST_USE;

#endif
