/* tool/symbolize.h - names, files and lines for the addresses of a profile, and readable names for all functions.
 *
 * -symbolize is words joined by ':' out of none local fastlocal remote force demangle=full|none|templates|default; without any
 * of the first four the local binaries are looked at first, then whoever served the profile is asked (symbolz.h).
 * What can't be found locally is said on stderr in google/pprof's words; the profile stays usable. A server that does not
 * answer is an error.   May run: cold code.
 */
#ifndef PP_TOOL_SYMBOLIZE_H
#define PP_TOOL_SYMBOLIZE_H

#include "tool/fetch/fetch.h"

enum pp_code pp_symbolize(const struct pp_fetched *f, const struct pp_source_flags *flags,
                          struct pp_err *err) PP_MUST_USE;

#endif
