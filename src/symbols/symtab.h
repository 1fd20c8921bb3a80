/* symbols/symtab.h - the function symbols of an object, sorted: which one contains an address?
 *
 * From .symtab, or .dynsym where that is empty; and `name@plt` for PLT slots in a table of their own.
 * A symbol contains [addr, addr + st_size). One without size reaches to the next symbol of its section, at most
 * PP_SYMTAB_UNSIZED_MAX bytes; so an address in a gap has no name rather than a far neighbour's. (PP_ALIAS_LLVM: just to the next.)
 * Of several symbols at one address the largest wins. Among equal ones:
 *   PP_ALIAS_PLAIN  global before weak before local, fewer leading underscores, no '@' or '.' suffix, shorter, then by bytes;
 *   PP_ALIAS_LLVM   the last one in the table, as llvm-symbolizer (and so google/pprof) chooses.
 * Nested symbols (plain rule) are cut into pieces, so that an outer one goes on behind an inner one.
 * Invariant: items sorted by addr, and they don't overlap.
 */
#ifndef PP_SYMBOLS_SYMTAB_H
#define PP_SYMBOLS_SYMTAB_H

#include "symbols/object.h"

#define PP_SYMTAB_UNSIZED_MAX 65536

enum pp_alias { PP_ALIAS_PLAIN, PP_ALIAS_LLVM };

struct pp_symtab_item {
    uint64_t addr, end; /* end of what it contains, exclusive */
    pp_str name;        /* borrowed from the object */
    pp_str file;        /* of a local symbol: the source file that the table names before it; else empty */
};

struct pp_symtab {
    const struct pp_symtab_item *items;
    size_t n;
};

/* An object without symbols gives an empty table; a broken one an error. */
enum pp_code pp_symtab_read(struct pp_arena *a, const struct pp_object *o, enum pp_alias alias,
                            struct pp_symtab *ret_symtab, struct pp_err *err);

/* Names of PLT slots (x86-64: .plt, .plt.sec, .plt.got; aarch64: .plt), found by decoding each slot's jump and looking up
 * its GOT entry among the relocations: independent of the slots' order. Other machines give an empty table. */
enum pp_code pp_symtab_read_plt(struct pp_arena *a, const struct pp_object *o, struct pp_symtab *ret_symtab,
                                struct pp_err *err);

const struct pp_symtab_item *pp_symtab_find(const struct pp_symtab *t, uint64_t addr); /* NULL: none contains it */

#endif
