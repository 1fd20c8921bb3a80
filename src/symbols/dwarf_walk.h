/* symbols/dwarf_walk.h - one walk over the DIEs of a unit: which function, inlined where, owns which addresses. */
#ifndef PP_SYMBOLS_DWARF_WALK_H
#define PP_SYMBOLS_DWARF_WALK_H

#include "symbols/dwarf_intervals.h"

struct pp_dwarf_function {
    uint64_t die;
    uint32_t parent; /* the function it is inlined into; PP_DWARF_NOBODY: it is not inlined */
    uint32_t call_file, call_line, call_column;
    uint32_t name; /* 0: not looked for yet; else 1 + index into the caller's names */
};

struct pp_dwarf_functions {
    struct pp_dwarf_function *items;
    size_t n;
    struct pp_dwarf_intervals by_addr; /* -> index into items, the innermost */
};

/* Always sets *ret_functions: on a fault, what was read before it. */
enum pp_code pp_dwarf_walk(struct pp_dwarf_unit *u, struct pp_arena *a, struct pp_arena *scratch,
                           struct pp_dwarf_functions *ret_functions, struct pp_err *err);

/* The name that a function DIE has by itself or through its origin and specification: linkage name, else plain name. */
void pp_dwarf_function_name(struct pp_dwarf_unit *u, uint64_t die, pp_str *ret_name, uint32_t *ret_line);

#endif
