/* unwind/frames.h - reads .eh_frame / .debug_frame: the FDEs, sorted, and the rows that an FDE's instructions describe.
 *
 * Only x86_64 register numbers are kept (0..16); others are read and ignored. Values are limited to 32 bits.
 * Every read is checked against the section; a broken entry is skipped and counted.   May run: cold code.
 */
#ifndef PP_UNWIND_FRAMES_H
#define PP_UNWIND_FRAMES_H

#include "base/arena.h"
#include "unwind/compile.h"

struct pp_fde {
    uint64_t start; /* ELF address */
    uint32_t size;
    uint32_t cie;     /* index into pp_frames.cie */
    uint32_t at, end; /* its instructions in the section */
};

/* One row of the unwind table; expressions are places in the section. */
struct pp_frame_row {
    uint8_t is_signal, cfa_reg;
    struct pp_reg_rule cfa;
    struct pp_reg_rule reg[PP_RULE_REGS];
};

struct pp_cie {
    uint32_t at; /* of the entry in the section: its name */
    bool usable; /* known version, augmentation and encodings */
    bool is_signal, has_augmentation_size;
    uint8_t pointer_encoding, address_size;
    uint64_t code_align;
    int64_t data_align;
    uint32_t ra_reg;
    uint32_t insn_at, insn_end;
    struct pp_frame_row initial; /* after the CIE's own instructions */
};

struct pp_frames {
    struct pp_frame_section section;
    struct pp_fde *fde; /* sorted by start; those outside the text range are left out */
    size_t n;
    struct pp_cie *cie;
    size_t n_cie;
    uint32_t n_bad;
};

/* PP_E_NOTFOUND: not a single FDE of the text range. */
PP_MUST_USE enum pp_code pp_frames_read(struct pp_arena *a, const struct pp_frame_section *s,
                                        struct pp_frames *ret_frames, struct pp_err *err);

/* Hands out the rows of [fde->start, stop) in order: row(ctx, first vaddr, row). After a broken or unknown
 * instruction the rest is given as one row NULL and false returned. row() returning false ends it, too. */
typedef bool (*pp_frames_row)(void *ctx, uint64_t vaddr, const struct pp_frame_row *row);
bool pp_frames_rows(const struct pp_frames *f, const struct pp_fde *fde, uint64_t stop, pp_frames_row row, void *ctx);

#endif
