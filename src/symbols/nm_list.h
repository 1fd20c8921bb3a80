/* symbols/nm_list.h - the symbols of an object as `llvm-nm --numeric-sort --print-size --format=posix` lists them, and the name that
 * google/pprof reads from that list (-symbolize=fastlocal): the symbol before an address, however far away it is.
 *
 * Only .symtab counts; file and section symbols and names with blanks are left out. Undefined symbols come first and count as
 * symbols at their value (0, or their PLT slot); the others follow by address, name and size.
 * Data and weak symbols (letters b d r v W) end where their size says, all others reach to the next one.
 * Of several symbols at one address it is the one that the bisection meets, as in google/pprof (addr2liner_nm.go).
 * Names borrow from the object, the list is in the arena.   May run: the tool only.
 */
#ifndef PP_SYMBOLS_NM_LIST_H
#define PP_SYMBOLS_NM_LIST_H

#include "symbols/object.h"

struct pp_nm_symbol {
    uint64_t addr, size;
    pp_str name;
    bool is_defined, is_data;
};

struct pp_nm_list {
    const struct pp_nm_symbol *items;
    size_t n;
};

/* An object without symbols gives an empty list. */
enum pp_code pp_nm_list_read(struct pp_arena *a, const struct pp_object *o, struct pp_nm_list *ret_list,
                             struct pp_err *err) PP_MUST_USE;

/* The name for a runtime address of an object loaded at base; empty: none. */
pp_str pp_nm_list_find(const struct pp_nm_list *l, uint64_t base, uint64_t addr);

#endif
