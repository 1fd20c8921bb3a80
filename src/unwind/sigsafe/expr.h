/* unwind/sigsafe/expr.h - evaluates the small DWARF expressions that unwind rules hold.
 *
 * Stack machine of 16 words, at most 256 operations, register values by DWARF number, memory by peek. Refused are
 * operations that need more than that (absolute addresses, TLS, pieces, calls).   May run: sigsafe.
 */
#ifndef PP_UNWIND_SIGSAFE_EXPR_H
#define PP_UNWIND_SIGSAFE_EXPR_H

#include "unwind/sigsafe/peek.h"

enum pp_expr_answer { PP_EXPR_OK, PP_EXPR_BROKEN, PP_EXPR_REGISTER, PP_EXPR_UNREADABLE };

struct pp_expr {
    const uint8_t *p;
    size_t n;
    const uint64_t *reg; /* reg[i] valid where bit i of known is set; n_reg of them */
    uint32_t known, n_reg;
    uint64_t pc; /* value of register pc_reg */
    uint32_t pc_reg;
    bool push; /* start with `pushed` (the CFA) on the stack */
    uint64_t pushed;
};

enum pp_expr_answer pp_expr_eval(const struct pp_expr *e, struct pp_peek *mem, uint64_t *ret_value) PP_SIGSAFE;

#endif
