/* symbols/dwarf.h - DWARF 2 to 5: from an address to the inline stack.
 *
 * Our own reader over the section bytes (libdw's DIE calls cost 10 x as much per DIE; see docs/decisions/dwarf-reader.md).
 * At open only the unit headers and unit DIEs are read: they give the ranges of all units (.debug_aranges is not needed).
 * The first address in a unit walks its DIEs once into a sorted table (pc range -> innermost function, with its parent and
 * call site) and decodes its line program once; after that an address is two binary searches.
 * Names are resolved on demand (abstract_origin and specification, over units and into dwz's alternate file) and kept.
 * Split DWARF: NAME.dwp beside the object, else the .dwo file that the unit names.
 * Frames are what llvm-symbolizer prints: linkage name if there is one; file joined with include and compilation directory.
 * Broken DWARF: a unit that cannot be read is given up, keeps what was read before the fault, and the first fault is kept
 * as a text. Never an endless loop: offsets only move forward, references are followed at most 16 times.
 * Threads: one at a time.
 */
#ifndef PP_SYMBOLS_DWARF_H
#define PP_SYMBOLS_DWARF_H

#include "base/vec.h"
#include "symbols/object.h"

struct pp_frame {
    pp_str name;         /* linkage name, or the plain one; empty: unknown */
    pp_str file;         /* empty: unknown */
    uint32_t line;       /* 0: unknown */
    uint32_t column;     /* 0: unknown */
    uint32_t start_line; /* where the function is declared; 0: unknown */
};

typedef PP_VEC(struct pp_frame) pp_frames;

struct pp_dwarf;

struct pp_dwarf_options {
    const struct pp_object *alt; /* dwz's alternate file; NULL: none */
    /* llvm-symbolizer 14 puts a relative compilation directory (Debian's -ffile-prefix-map) twice before files of DWARF 5 that
     * are in it: ./stdlib/./stdlib/qsort.c. Set to do the same. */
    bool repeat_relative_dir;
};

/* The objects must stay open while the result is used. The result lives in the arena; memory for units comes from there, too.
 * No .debug_info: PP_E_NOTFOUND. */
enum pp_code pp_dwarf_open(struct pp_arena *a, const struct pp_object *debug, const struct pp_dwarf_options *options,
                           struct pp_dwarf **ret_dwarf, struct pp_err *err);
void pp_dwarf_release(struct pp_dwarf *d); /* closes .dwo and .dwp files; NULL is fine */

/* Appends the frames of addr, innermost first, to *frames (memory from a). False: no unit covers addr. With a unit but no
 * function one frame with file and line only is appended. Strings live as long as the pp_dwarf. */
bool pp_dwarf_find(struct pp_dwarf *d, uint64_t addr, struct pp_arena *a, pp_frames *frames);

/* The first fault met so far; empty: none. */
pp_str pp_dwarf_problem(const struct pp_dwarf *d);

#endif
