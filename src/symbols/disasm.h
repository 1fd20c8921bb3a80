/* symbols/disasm.h - what objdump and nm print, as data. Both kinds of each: GNU's and LLVM's.
 *
 *     objdump --disassemble --demangle --no-show-raw-insn --line-numbers     instructions with function, file and line
 *     nm -n                                                                  symbols in order, grouped by address
 * The rules are google/pprof's (internal/binutils/disasm.go): any line that is no instruction and ends in a colon names a
 * function, whatever it is, and a line without any of that forgets function, file and line.
 * Never fails: what isn't understood is skipped. All text is borrowed from the output.   May run: the tool only.
 */
#ifndef PP_SYMBOLS_DISASM_H
#define PP_SYMBOLS_DISASM_H

#include "base/vec.h"

struct pp_inst {
    uint64_t addr; /* the file's */
    pp_str text, function, file;
    uint32_t line;
};

typedef PP_VEC(struct pp_inst) pp_insts;

void pp_disasm_parse(struct pp_arena *a, pp_str output, pp_insts *ret_insts);

/* All names of one address; [start, end], up to the next symbol's. */
struct pp_nm_group {
    uint64_t start, end;
    const pp_str *names; /* valid until the next call */
    size_t n_names;      /* 0: the bytes before the first symbol */
};

/* Start with rest = nm's output, everything else 0. */
struct pp_nm_reader {
    pp_str rest;
    PP_VEC(pp_str) names;
    pp_str next_name; /* read already, of the next group */
    uint64_t start, next_start;
    bool has_next, done;
};

bool pp_nm_next(struct pp_arena *a, struct pp_nm_reader *r, struct pp_nm_group *ret_group); /* false: no more */

#endif
