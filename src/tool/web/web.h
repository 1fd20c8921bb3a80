/* tool/web/web.h - `pprof -http=[host]:[port] SOURCE...`: the profile as pages for a browser.
 *
 * Pages, parameters, status, redirects and settings are google/pprof's; the pages' content is our own (web/ui). The profile is read
 * once; every request makes its report from a copy of it, one after the other, with the command line's variables and then
 * the URL's. Never returns but with an error.   May run: cold code.
 */
#ifndef PP_TOOL_WEB_WEB_H
#define PP_TOOL_WEB_WEB_H

#include "profile/model.h"
#include "tool/cmdline.h"

enum pp_code pp_web_run(struct pp_arena *a, struct pp_profile *p, const struct pp_cmdline *c,
                        struct pp_err *err) PP_MUST_USE;

#endif
