/* tool/run/perf_map.h - names of code that a JIT compiler made, from /tmp/perf-PID.map.
 *
 * Lines "START SIZE name", hexadecimal without 0x (node --perf-basic-prof, java agents, LuaJIT ...). The file grows while the guest
 * runs: it is read again when its size changed. The last entry for an address counts. At most PP_PERF_MAP_MAX bytes are read.
 */
#ifndef PP_TOOL_RUN_PERF_MAP_H
#define PP_TOOL_RUN_PERF_MAP_H

#include <sys/types.h>

#include "base/vec.h"

#define PP_PERF_MAP_MAX ((size_t)256 << 20)

struct pp_perf_symbol {
    uint64_t start, end;
    pp_str name;
};

struct pp_perf_map {
    struct pp_arena arena; /* of the last reading */
    PP_VEC(struct pp_perf_symbol) symbols; /* by start; equal starts: the later line later */
    off_t size;
};

void pp_perf_map_init(struct pp_perf_map *m, void (*oom)(size_t wanted));

/* Reads pid's file if it changed. Without a file the map stays as it is. */
void pp_perf_map_refresh(struct pp_perf_map *m, pid_t pid);

/* Parses the text of such a file; lines that break the form are skipped. */
void pp_perf_map_parse(struct pp_perf_map *m, pp_str text);

/* NULL: none contains pc. Valid until the next refresh. */
const struct pp_perf_symbol *pp_perf_map_find(const struct pp_perf_map *m, uint64_t pc);

#endif
