/* unwind/compile.h - from .eh_frame or .debug_frame to the compact table of unwind/sigsafe/table.h.
 *
 * The bytes are a copy that belongs to the caller (an object may be dlclosed while we read); `vaddr` is where they
 * lie in the object's own address space, so pc-relative values come out as ELF addresses and the table does not
 * depend on the load address. Broken entries are skipped and counted (table->n_bad), an unknown opcode ends its FDE's
 * rows: nothing is invented. Memory: scratch pages during the work, then one block of exactly the table's size.
 * Refusal: PP_E_NOMEM, nothing leaks. Cost: libc 1.4 MB text under 1 ms, size 4-14 % of the text.   May run: cold
 * code, the runtime's own thread; raw system calls only.
 */
#ifndef PP_UNWIND_COMPILE_H
#define PP_UNWIND_COMPILE_H

#include "base/arena.h"
#include "unwind/sigsafe/table.h"

struct pp_frame_section {
    pp_str bytes;
    uint64_t vaddr;
    bool is_debug_frame;           /* .debug_frame: CIE ids and pointers differ */
    uint64_t text_vaddr, text_end; /* FDEs outside are ignored */
    uint64_t data_vaddr;           /* base of DW_EH_PE_datarel; 0 is fine on x86_64 */
    size_t max_fdes;               /* stop after so many (from .eh_frame_hdr); 0: at the terminator or the bytes' end */
};

/* PP_E_NOTFOUND: no usable FDE at all. */
PP_MUST_USE enum pp_code pp_table_compile(const struct pp_frame_section *s, struct pp_table **ret_table,
                                          struct pp_err *err);
/* The same with the caller's scratch memory, to be used again for the next object (new pages cost more than the work on them). */
PP_MUST_USE enum pp_code pp_table_compile_with(struct pp_arena *scratch, const struct pp_frame_section *s,
                                               struct pp_table **ret_table, struct pp_err *err);
void pp_table_free(struct pp_table *t); /* NULL is fine */

#endif
