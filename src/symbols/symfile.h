/* symbols/symfile.h - one module (executable or library) as a cache: address -> inline stack. Start reading here.
 *
 *     struct pp_symfile *s;
 *     if ((c = pp_symfile_open(path, &opts, &s, &err))) ...
 *     pp_object_base(pp_symfile_object(s), &mapping, pc, &base, &is_data, &err);
 *     pp_symfile_find(s, pc - base, arena, &frames);
 *     pp_symfile_free(s);
 *
 * Names and lines come from DWARF (own sections, else the separate debug file), names alone from the symbol tables (of
 * a stripped file under PP_ALIAS_PLAIN also from its debug file or .gnu_debugdata); the outermost frame's name is the symbol's
 * where one contains the address (`foo.cold`, `foo.part.0`), as llvm-symbolizer does.
 * The address is looked up as given: for a return address the caller passes pc - 1.
 * Owns: its files and one arena; everything it returns dies with pp_symfile_free().   Threads: one at a time per module.
 */
#ifndef PP_SYMBOLS_SYMFILE_H
#define PP_SYMBOLS_SYMFILE_H

#include "symbols/debug_file.h"
#include "symbols/dwarf.h"
#include "symbols/symtab.h"

struct pp_symfile_options {
    pp_str build_id; /* expected, hex: another one in the file is an error; empty: any (also if the file has none) */
    struct pp_debug_paths debug; /* where separate debug files are */
    enum pp_alias alias; /* PP_ALIAS_LLVM: all as llvm-symbolizer 14 does it: also no `@plt` names, nothing from the
                                   * debug file's symbol table, and its doubled directories (see dwarf.h) */
    /* A path of the debug file of a build id that no directory has, in a; NULL or empty answer: there is none. */
    pp_str (*find_debug)(void *ctx, struct pp_arena *a, pp_str build_id);
    void *find_debug_ctx;
    size_t max_bytes;           /* of memory; 0: no limit. Beyond it the tool's oom callback is called. */
    void (*oom)(size_t wanted); /* must not return */
};

struct pp_symfile;

enum pp_code pp_symfile_open(pp_str path, const struct pp_symfile_options *o, struct pp_symfile **ret_symfile,
                             struct pp_err *err);
/* Of a descriptor, which is taken over; path only names it (and its directory is where .debug/ and .dwp are looked for). */
enum pp_code pp_symfile_open_fd(int fd, pp_str path, const struct pp_symfile_options *o,
                                struct pp_symfile **ret_symfile, struct pp_err *err);
void pp_symfile_free(struct pp_symfile *s); /* NULL is fine */

const struct pp_object *pp_symfile_object(const struct pp_symfile *s);

/* The inline stack of an address of the file, innermost first. Nothing known: no frames; under PP_ALIAS_LLVM one empty frame, from
 * which google/pprof makes a line with a nameless function. Frames' memory is from a. */
void pp_symfile_find(struct pp_symfile *s, uint64_t addr, struct pp_arena *a, pp_frames *ret_frames);

/* Start of the symbol that contains addr; false: no symbol table says. */
bool pp_symfile_entry(const struct pp_symfile *s, uint64_t addr, uint64_t *ret_start);

bool pp_symfile_has_dwarf(const struct pp_symfile *s);
pp_str pp_symfile_problem(const struct pp_symfile *s); /* first fault in symbol tables or DWARF; empty: none */
size_t pp_symfile_bytes(const struct pp_symfile *s);   /* memory held */

#endif
