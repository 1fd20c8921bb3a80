/* symbols/dwarf_split.h - split DWARF: the unit of a .dwo file or a .dwp package that belongs to a skeleton. */
#ifndef PP_SYMBOLS_DWARF_SPLIT_H
#define PP_SYMBOLS_DWARF_SPLIT_H

#include "symbols/dwarf_unit.h"

struct pp_dwarf_split;

/* `object` is what holds the skeletons: NAME.dwp is looked for beside it, on first use. */
struct pp_dwarf_split *pp_dwarf_split_new(struct pp_arena *a, const struct pp_object *object);
void pp_dwarf_split_release(struct pp_dwarf_split *s); /* closes files */

/* The split unit of a skeleton (one with a dwo_name). PP_E_NOTFOUND: neither package nor file has it. */
enum pp_code pp_dwarf_split_unit(struct pp_dwarf_split *s, struct pp_dwarf_unit *skeleton,
                                 struct pp_dwarf_unit **ret_unit, struct pp_err *err);

#endif
