/* runtime/standalone.h - plain LD_PRELOAD without `pprof run`: the library serves by itself, with symbol-table names only.
 *
 * PPROF_HTTP=<address>          the endpoints
 * PPROF_TOKEN=<secret>          wanted from every client; needed for other than local addresses
 * PPROF_CPUPROFILE=<file>       CPU profile of the whole run, written at exit; PPROF_CPUPROFILERATE=<Hz>
 * PPROF_MEMPROFILE=<file>       allocs profile, written at exit; PPROF_MEMPROFILERATE=<bytes>
 * PPROF_OUTPUTDIR=<dir>         where files with relative names go
 * The first process that takes them up writes its pid into PPROF_OWNER: programs that it starts stay inert.
 */
#ifndef PP_RUNTIME_STANDALONE_H
#define PP_RUNTIME_STANDALONE_H

#include <stdbool.h>

bool pp_standalone_wanted(void); /* reads the environment */
void pp_standalone_prepare(void); /* once there is a ledger: writes what was asked into it */
void pp_standalone_start(void);  /* after profiling was switched on */

#endif
