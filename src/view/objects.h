/* view/objects.h - the binaries of a profile, as the reports of assembly ask for them; the tool answers (tool/objects.h).
 *
 * An object is a file opened for one mapping of the profile. Which base its addresses have is decided by the first address asked
 * about, as google/pprof does it.   Threads: one at a time.
 */
#ifndef PP_VIEW_OBJECTS_H
#define PP_VIEW_OBJECTS_H

#include "profile/model.h"
#include "regex/regex.h"
#include "symbols/disasm.h"
#include "symbols/dwarf.h"

struct pp_objfile; /* the tool's; lives as long as the pp_objects */

struct pp_obj_symbol {
    const pp_str *names; /* as matched: mangled or not */
    size_t n_names;
    uint64_t start, end; /* inclusive */
};

typedef PP_VEC(struct pp_obj_symbol) pp_obj_symbols;

struct pp_objects {
    void *ctx;
    /* NULL, and err says why: no such file, no format that we know, no base possible. */
    struct pp_objfile *(*open)(void *ctx, const struct pp_profile *p, uint32_t mapping, struct pp_err *err);

    /* Its own address of an address of the profile; a failure when that lies outside the mapping. */
    enum pp_code (*address)(struct pp_objfile *f, uint64_t addr, uint64_t *ret_addr, struct pp_err *err);

    /* Symbols of which a name, mangled or demangled, matches, or that hold the address (0: none). */
    enum pp_code (*symbols)(struct pp_objfile *f, const struct pp_regex *r, uint64_t address, struct pp_arena *a,
                            pp_obj_symbols *ret_symbols, struct pp_err *err);

    /* Instructions of [start, end) of the file's addresses. */
    enum pp_code (*disassemble)(struct pp_objfile *f, uint64_t start, uint64_t end, bool intel_syntax,
                                struct pp_arena *a, pp_insts *ret_insts, struct pp_err *err);

    /* The inline stack of an address of the profile, innermost first; false: the object can't say. */
    bool (*frames)(struct pp_objfile *f, uint64_t addr, struct pp_arena *a, pp_frames *ret_frames);

    void (*print)(void *ctx, pp_str line); /* on stdout, at once: google/pprof says there what it can't open */
    void (*say)(void *ctx, pp_str line);   /* on stderr */
};

#endif
