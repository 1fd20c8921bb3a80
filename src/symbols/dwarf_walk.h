/* symbols/dwarf_walk.h - one walk over the DIEs of a unit: which function, inlined where, owns which addresses. */
#ifndef PP_SYMBOLS_DWARF_WALK_H
#define PP_SYMBOLS_DWARF_WALK_H

#include "symbols/dwarf_intervals.h"

struct pp_dwarf_function {
    uint64_t die;
    uint32_t parent; /* the function it is inlined into; PP_DWARF_NOBODY: it is not inlined */
    uint32_t detail; /* 0: not looked for yet; else 1 + index into the caller's list of them */
};

struct pp_dwarf_functions {
    struct pp_dwarf_function *items;
    size_t n;
    struct pp_dwarf_intervals by_addr; /* -> index into items, the innermost */
};

/* Always sets *ret_functions: on a fault, what was read before it. */
enum pp_code pp_dwarf_walk(struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                           struct pp_dwarf_functions *ret_functions, struct pp_err *err);

struct pp_dwarf_detail {
    pp_str name; /* linkage name, else plain name: of the DIE itself, or through its origin and specification */
    uint32_t start_line;
    uint32_t call_file, call_line, call_column; /* of an inlined one: where it was called */
};

void pp_dwarf_function_detail(struct pp_dwarf_unit *u, uint64_t die, struct pp_dwarf_detail *ret_detail);

#endif
