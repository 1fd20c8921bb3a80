/* export/symbolizer.h - who gives names to addresses: libdw in `pprof run`, symbol tables alone inside a guest. */
#ifndef PP_EXPORT_SYMBOLIZER_H
#define PP_EXPORT_SYMBOLIZER_H

#include "base/arena.h"
#include "ledger/ledger.h"

struct pp_frame_name {
    pp_str name;                      /* for people: demangled where the maker can */
    pp_str system_name;               /* as the linker knows it; empty: same as name */
    pp_str file;                      /* empty: unknown */
    int64_t line, column, start_line; /* 0: unknown */
};

struct pp_symbolizer {
    void *ctx;
    /* The frames at the lookup address pc (a return address less 1), innermost inlined first, into ret[0..cap); returns how many,
     * 0: no name known. Texts live in `a`. *ret_entry is the start address of the outermost function in the guest (0: unknown).
     * Threads: one at a time; the caller serializes. */
    size_t (*frames)(void *ctx, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path, uint64_t pc,
                     struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry);
};

#endif
