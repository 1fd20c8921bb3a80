/* tool/symbolize.h - names, files and lines for the addresses of a profile, and readable names for all functions.
 *
 * mode is the value of -symbolize: words joined by ':' out of none local fastlocal remote force demangle=full|none|templates|default.
 * What can't be found is said on stderr in google/pprof's words; the profile stays usable.   May run: cold code.
 */
#ifndef PP_TOOL_SYMBOLIZE_H
#define PP_TOOL_SYMBOLIZE_H

#include "profile/model.h"

void pp_symbolize(struct pp_profile *p, pp_str mode);

#endif
