/* symbols/dwarf_intervals.h - nested ranges flattened into a table: one binary search finds the innermost owner.
 *
 * Invariant: starts ascend strictly; owners[i] owns [starts[i], starts[i+1]); PP_DWARF_NOBODY marks gaps; the last entry is one.
 */
#ifndef PP_SYMBOLS_DWARF_INTERVALS_H
#define PP_SYMBOLS_DWARF_INTERVALS_H

#include "symbols/dwarf_unit.h"

#define PP_DWARF_NOBODY UINT32_MAX

struct pp_dwarf_intervals {
    const uint64_t *starts;
    const uint32_t *owners;
    size_t n;
};

/* Ranges are given outer before inner (the order of the DIEs); of two that overlap the later one wins. Sorts them in place,
 * with `scratch` for working memory (n more ranges). */
void pp_dwarf_intervals_make(struct pp_arena *a, struct pp_arena *scratch, struct pp_dwarf_range *ranges, size_t n,
                             struct pp_dwarf_intervals *ret_intervals);

uint32_t pp_dwarf_intervals_find(const struct pp_dwarf_intervals *t, uint64_t addr); /* an owner or PP_DWARF_NOBODY */

#endif
