/* tool/debuginfod.h - executables and debug files by build id from the servers in $DEBUGINFOD_URLS; never without that variable.
 *
 * Kept where debuginfod's own client keeps them: CACHE/<build id>/debuginfo or executable, CACHE = $DEBUGINFOD_CACHE_PATH, else
 * ~/.debuginfod_client_cache if there is one, else $XDG_CACHE_HOME or ~/.cache + /debuginfod_client. An empty file there says
 * that nobody had it. A server that is silent for $DEBUGINFOD_TIMEOUT seconds (90) is given up.   May run: cold code.
 */
#ifndef PP_TOOL_DEBUGINFOD_H
#define PP_TOOL_DEBUGINFOD_H

#include "base/arena.h"

/* kind: "debuginfo" or "executable". The path, in a; empty: not to be had. */
pp_str pp_debuginfod_find(struct pp_arena *a, pp_str build_id, const char *kind);

#endif
