/* elf/symbols.h - names for addresses when there is only libc: the function symbols of an image, sorted.
 *
 * A name is given only for an address inside its symbol; a symbol without a size (hand-written assembly) counts up to the
 * next one, at most 4 KiB: never a far neighbour.
 * Memory: the table and a copy of the strings live in the arena, the image may go.   May run: cold code.
 */
#ifndef PP_ELF_SYMBOLS_H
#define PP_ELF_SYMBOLS_H

#include "elf/image.h"

struct pp_symbol {
    uint64_t vaddr, end;   /* end == vaddr: the file gives no size */
    uint32_t name, name_n; /* in `strings` */
};
struct pp_symbols {
    struct pp_symbol *p;
    size_t n;
    pp_str strings; /* copied into the arena: the image may go */
};
/* From .symtab if present, else .dynsym; duplicates of an address keep the global, longest-lived name.
 * PP_E_NOTFOUND: none. */
PP_MUST_USE enum pp_code pp_symbols_build(struct pp_arena *a, const struct pp_image *im, struct pp_symbols *ret_symbols,
                                          struct pp_err *err);
/* The symbol that contains vaddr. A symbol without a size counts up to the next symbol, at most 4 KiB: never a far
 * neighbour. */
bool pp_symbols_find(const struct pp_symbols *s, uint64_t vaddr, pp_str *ret_name, uint64_t *ret_start);

#endif
