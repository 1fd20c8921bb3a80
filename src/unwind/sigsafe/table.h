/* unwind/sigsafe/table.h - the compact unwind table of one ELF object: format and look-up.
 *
 * One block of pages, position independent, never changed after unwind/compile made it:
 *
 *     header | u32 bucket[n_buckets + 1] | u32 rows[n_rows] | u64 rules[n_rules] | struct pp_rule_full full[n_full] |
 * u8 expr[]
 *
 * pc - text address = offset. bucket[offset >> PP_TABLE_SHIFT] is the first row of that stretch of text; each stretch
 * that has a rule begins with a row of its own, so a look-up never leaves it. A row is `low bits of the offset | rule
 * index << PP_TABLE_SHIFT`; rows of a bucket are sorted; the last one that is not above the offset counts. Rules are
 * distinct 64-bit values (most objects have some hundreds), so a rule can be copied into a pc cache and needs no
 * table any more (but PP_RULE_FULL).
 *
 * A rule (all distances in 8-byte words; a saved register at CFA - 8 * n, n = 0: not saved, same value):
 *
 *     bit  0..3   kind
 *          4      function start: the first row of an FDE
 *          5      in pc caches: this pc is known to be a return address      6..7 free
 *          8..25  cfa distance, signed (bits 8..25)      PP_RULE_FULL: index of the full rule in bits 8..31
 *         26..33  rbp   34..39 rbx   40..45 r12   46..51 r13   52..57 r14   58..63 r15
 *                 PP_RULE_PLT: only the threshold, in r15's field
 */
#ifndef PP_UNWIND_SIGSAFE_TABLE_H
#define PP_UNWIND_SIGSAFE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/zone.h"

enum pp_rule_kind {
    PP_RULE_NONE,   /* no unwind information here */
    PP_RULE_SP,     /* CFA = sp + distance; return address at CFA - 8 */
    PP_RULE_BP,     /* CFA = rbp + distance; return address at CFA - 8 */
    PP_RULE_PLT,    /* CFA = sp + distance + ((pc & 15) >= r15's field ? 8 : 0) */
    PP_RULE_END,    /* the return address is undefined: outermost frame */
    PP_RULE_SIGNAL, /* sp points to a ucontext: every register comes from there */
    PP_RULE_FULL,   /* see full[] */
    PP_RULE_CHAIN,  /* in pc caches only: frame-pointer frame whose return address was checked */
};

#define PP_TABLE_SHIFT 9
#define PP_RULE_START ((uint64_t)1 << 4)
#define PP_RULE_RETURN ((uint64_t)1 << 5)

enum { PP_RULE_CFA_AT = 8, PP_RULE_RBP_AT = 26, PP_RULE_RBX_AT = 34, PP_RULE_R12_AT = 40, PP_RULE_R15_AT = 58 };
enum { PP_RULE_RBP_MAX = 255, PP_RULE_SAVED_MAX = 63, PP_RULE_CFA_MAX = (1 << 17) - 1, PP_RULE_FULL_MAX = 1 << 24 };

/* DWARF numbers on x86_64: rbx 3, rbp 6, rsp 7, r8..r15, return address 16. */
#define PP_RULE_REGS 17

enum pp_reg_how {
    PP_REG_SAME,
    PP_REG_AT_CFA,
    PP_REG_VAL_CFA,
    PP_REG_AT_EXPR,
    PP_REG_VAL_EXPR,
    PP_REG_COPY,
    PP_REG_UNDEFINED
};

struct pp_reg_rule {
    uint8_t how;    /* enum pp_reg_how */
    uint8_t expr_n; /* bytes of the expression; longer than 255 makes the rule PP_RULE_NONE */
    uint16_t unused;
    int32_t value; /* AT_CFA, VAL_CFA: offset in bytes; COPY: register; *_EXPR: place in expr[] */
};

struct pp_rule_full {
    uint8_t is_signal; /* augmentation S: the pc found by this rule is exact */
    uint8_t cfa_reg;   /* used when cfa.how is PP_REG_VAL_CFA: CFA = cfa_reg + value */
    uint16_t unused;
    struct pp_reg_rule cfa; /* VAL_CFA or VAL_EXPR */
    struct pp_reg_rule reg[PP_RULE_REGS];
};

struct pp_table {
    uint64_t text_vaddr; /* ELF address of offset 0 */
    uint64_t text_size;
    size_t size_bytes; /* of the whole block */
    uint32_t n_buckets, n_rows, n_rules, n_full, n_expr;
    uint32_t n_fdes, n_bad;  /* entries read; of these skipped as broken or unknown */
    uint32_t refs;           /* maps that use it; cold code only */
    const uint32_t *rows_at; /* into this block */
    const uint64_t *rules_at;
    const struct pp_rule_full *full_at;
    const uint8_t *expr_at;
    uint32_t bucket[];
};

static inline enum pp_rule_kind pp_rule_kind(uint64_t rule) { return (enum pp_rule_kind)(rule & 15); }

static inline int64_t pp_rule_cfa_bytes(uint64_t rule)
{
    return ((int64_t)(rule << (64 - PP_RULE_RBP_AT)) >> (64 - PP_RULE_RBP_AT + PP_RULE_CFA_AT)) * 8;
}

/* Distance of rbp's place below the CFA in bytes, 0: not saved. */
static inline uint64_t pp_rule_rbp_bytes(uint64_t rule) { return (rule >> PP_RULE_RBP_AT & PP_RULE_RBP_MAX) * 8; }

/* The same of rbx, r12..r15: `at` is the field's first bit. */
static inline uint64_t pp_rule_saved_bytes(uint64_t rule, unsigned at) { return (rule >> at & PP_RULE_SAVED_MAX) * 8; }

static inline uint32_t pp_rule_full_index(uint64_t rule)
{
    return (uint32_t)(rule >> PP_RULE_CFA_AT) & (PP_RULE_FULL_MAX - 1);
}

/* The rule in force at vaddr (an ELF address); 0 (PP_RULE_NONE) outside and in gaps. */
uint64_t pp_table_rule(const struct pp_table *t, uint64_t vaddr) PP_SIGSAFE;
/* ELF address of the first byte of the FDE around vaddr; 0: none within the stretch searched (64 KiB). */
uint64_t pp_table_function(const struct pp_table *t, uint64_t vaddr) PP_SIGSAFE;

#endif
