/* symbols/symtab_walk.h - reads a symbol table one entry after the other, the null entry left out.
 *
 *     struct pp_symtab_walk w;
 *     if ((c = pp_symtab_walk_init(&w, o, SHT_SYMTAB, &err))) ...
 *     while (pp_symtab_walk_next(&w)) use(&w.sym, w.name);
 *
 * An entry that can't be read ends the walk. Borrows from the object.   May run: the tool only.
 */
#ifndef PP_SYMBOLS_SYMTAB_WALK_H
#define PP_SYMBOLS_SYMTAB_WALK_H

#include <gelf.h>

#include "symbols/object.h"

struct pp_symtab_walk {
    GElf_Sym sym;
    pp_str name;      /* empty, too, where the table points outside of the names */
    uint32_t section; /* 0: undefined, or none of the file (absolute, common) */
    uint32_t i;       /* position in the table */

    const struct pp_object *o; /* what follows is the walk's own */
    Elf_Data *data, *wide;
    uint32_t n, names;
};

/* The first table of a type (SHT_SYMTAB, SHT_DYNSYM); none: an empty walk. */
enum pp_code pp_symtab_walk_init(struct pp_symtab_walk *ret_walk, const struct pp_object *o, uint32_t type,
                                 struct pp_err *err) PP_MUST_USE;
bool pp_symtab_walk_next(struct pp_symtab_walk *w);

/* $x, $d and so on, which the assembler leaves in code for ARM. */
bool pp_symtab_walk_is_mapping_symbol(const struct pp_symtab_walk *w);

#endif
