/* tool/fetch/perf.h - perf.data read by ourselves (record/record.h), with what this machine has to it.
 *
 * Binaries for unwinding: the recorded path, PPROF_BINARY_PATH, perf's cache ($HOME/.debug), each only with the build id that was
 * recorded. Kernel symbols: /proc/kallsyms when this kernel is the recorded one, else perf's cache.
 * Threads: any.   May run: cold code.
 */
#ifndef PP_TOOL_FETCH_PERF_H
#define PP_TOOL_FETCH_PERF_H

#include "profile/model.h"

bool pp_perf_data_is(pp_str bytes);

PP_MUST_USE enum pp_code pp_perf_data_read(struct pp_arena *a, pp_str bytes, size_t max_bytes,
                                           struct pp_profile **ret_profile, struct pp_err *err);

#endif
