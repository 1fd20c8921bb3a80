// SPDX-License-Identifier: Apache-2.0
#include "unwind/compile.h"

#include <string.h>

#include "base/hash.h"
#include "base/pages.h"
#include "base/vec.h"
#include "unwind/frames.h"

#define LOW ((1u << PP_TABLE_SHIFT) - 1)
#define MEMO_BITS 6
#define SMALL_GAP 16 /* bytes between functions that are only padding: nothing runs there, no row spent */

struct compiler {
    struct pp_arena *arena; /* scratch */
    pp_str section;
    uint64_t text_vaddr, text_size;
    PP_VEC(uint32_t) rows;
    PP_VEC(uint64_t) rules;
    PP_VEC(struct pp_rule_full) full;
    PP_VEC(uint8_t) expr;
    struct pp_hash rules_by_value, full_by_value, expr_by_value;
    PP_VEC(struct pp_reg_rule) exprs; /* value, expr_n of each in expr */
    uint32_t *bucket;
    uint32_t n_buckets, cur; /* cur: bucket being filled */
    uint64_t in_force;       /* rule without the start flag */
    uint64_t last_offset;    /* of the last row emitted */
    uint64_t fde_start;
    struct {
        uint64_t rule;
        uint32_t index;
    } memo[1 << MEMO_BITS]; /* of rules that were asked for lately; all zero: rule 0 (PP_RULE_NONE) has index 0 */
    bool refused;           /* memory, or a table limit */
};

static uint32_t rule_find(struct compiler *c, uint64_t rule)
{
    uint64_t h = pp_hash_u64(rule);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&c->rules_by_value, h); pp_hash_next(&pr, &i);)
        if (c->rules.p[i] == rule) return i;
    uint64_t *slot = PP_TRY_PUSH(c->arena, &c->rules);
    i = (uint32_t)c->rules.n - 1;
    if (!slot || c->rules.n > UINT32_MAX >> PP_TABLE_SHIFT || !pp_hash_add(c->arena, &c->rules_by_value, h, i)) {
        c->refused = true;
        return 0;
    }
    *slot = rule;
    return i;
}

/* An object has some hundred rules, most rows use a few of them. */
static uint32_t rule_index(struct compiler *c, uint64_t rule)
{
    size_t at = (size_t)(rule * 0x9e3779b97f4a7c15u >> (64 - MEMO_BITS));
    if (c->memo[at].rule == rule) return c->memo[at].index;
    uint32_t i = rule_find(c, rule);
    c->memo[at].rule = rule;
    c->memo[at].index = i;
    return i;
}

static void push_row(struct compiler *c, uint64_t low, uint64_t rule)
{
    uint32_t *row = PP_TRY_PUSH(c->arena, &c->rows);
    if (row)
        *row = (uint32_t)low | rule_index(c, rule) << PP_TABLE_SHIFT;
    else
        c->refused = true;
}

/* Closes the buckets before `b`; each new one that is not begun by a row of its own repeats the rule in force. */
static void advance_bucket(struct compiler *c, uint32_t b, bool own_row_first)
{
    while (c->cur < b && !c->refused) {
        c->bucket[++c->cur] = (uint32_t)c->rows.n;
        if (c->in_force != PP_RULE_NONE && !(c->cur == b && own_row_first)) push_row(c, 0, c->in_force);
    }
}

/* From vaddr on, `rule` (with or without the start flag) holds. vaddrs must not fall. */
static void emit(struct compiler *c, uint64_t vaddr, uint64_t rule)
{
    uint64_t offset = vaddr - c->text_vaddr, plain = rule & ~PP_RULE_START;
    if (offset >= c->text_size || rule == c->in_force) return;
    bool again = c->rows.n && offset == c->last_offset && (offset >> PP_TABLE_SHIFT) == c->cur;
    if (again)
        c->rows.n--; /* an empty stretch: the later rule counts */
    else
        advance_bucket(c, (uint32_t)(offset >> PP_TABLE_SHIFT), (offset & LOW) == 0);
    push_row(c, offset & LOW, rule);
    c->in_force = plain;
    c->last_offset = offset;
}

static bool add_expr(struct compiler *c, struct pp_reg_rule *r)
{
    if (r->how != PP_REG_AT_EXPR && r->how != PP_REG_VAL_EXPR) return true;
    const char *bytes = c->section.p + (uint32_t)r->value;
    uint64_t h = pp_hash_bytes(bytes, r->expr_n, 0);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&c->expr_by_value, h); pp_hash_next(&pr, &i);) {
        const struct pp_reg_rule *e = &c->exprs.p[i];
        if (e->expr_n != r->expr_n || memcmp(c->expr.p + e->value, bytes, r->expr_n) != 0) continue;
        r->value = e->value;
        return true;
    }
    size_t at = c->expr.n;
    struct pp_reg_rule *e = PP_TRY_PUSH(c->arena, &c->exprs);
    if (!e || at > INT32_MAX - 256 ||
        !pp_vec_reserve(c->arena, (void **)&c->expr.p, &c->expr.cap, at + r->expr_n, PP_VEC_ELEMENT(&c->expr)) ||
        !pp_hash_add(c->arena, &c->expr_by_value, h, (uint32_t)c->exprs.n - 1))
        return false;
    memcpy(c->expr.p + at, bytes, r->expr_n);
    c->expr.n = at + r->expr_n;
    r->value = (int32_t)at;
    *e = *r;
    return true;
}

static uint64_t add_full(struct compiler *c, const struct pp_frame_row *row)
{
    struct pp_rule_full f = {.is_signal = row->is_signal, .cfa_reg = row->cfa_reg, .cfa = row->cfa};
    if (f.cfa.how != PP_REG_VAL_CFA) f.cfa_reg = 0; /* not used; equal rules shall be equal bytes */
    memcpy(f.reg, row->reg, sizeof f.reg);
    bool fine = add_expr(c, &f.cfa);
    for (int i = 0; i < PP_RULE_REGS; i++)
        fine = add_expr(c, &f.reg[i]) && fine;
    uint64_t h = pp_hash_bytes(&f, sizeof f, 0);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&c->full_by_value, h); pp_hash_next(&pr, &i);)
        if (memcmp(&c->full.p[i], &f, sizeof f) == 0) return PP_RULE_FULL | (uint64_t)i << PP_RULE_CFA_AT;
    struct pp_rule_full *slot = fine ? PP_TRY_PUSH(c->arena, &c->full) : NULL;
    if (!slot || c->full.n > PP_RULE_FULL_MAX ||
        !pp_hash_add(c->arena, &c->full_by_value, h, (uint32_t)c->full.n - 1)) {
        c->refused = true;
        return PP_RULE_NONE;
    }
    *slot = f;
    return PP_RULE_FULL | (uint64_t)(c->full.n - 1) << PP_RULE_CFA_AT;
}

/* The field of a register that is saved below the CFA at 8-byte steps; false when it doesn't fit. */
static bool pack_saved(const struct pp_reg_rule *r, int32_t max, unsigned at, uint64_t *rule)
{
    if (r->how == PP_REG_SAME) return true;
    if (r->how != PP_REG_AT_CFA || r->value >= 0 || r->value % 8 != 0 || r->value < -8 * max) return false;
    *rule |= (uint64_t)(-r->value / 8) << at;
    return true;
}

static bool pack_plain(const struct pp_frame_row *row, uint64_t *ret_rule)
{
    enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, RA = 16 };
    if (row->is_signal || row->cfa.how != PP_REG_VAL_CFA || (row->cfa_reg != RSP && row->cfa_reg != RBP)) return false;
    int32_t d = row->cfa.value;
    if (d % 8 != 0 || d / 8 > PP_RULE_CFA_MAX || d / 8 < -PP_RULE_CFA_MAX) return false;
    if (row->reg[RA].how != PP_REG_AT_CFA || row->reg[RA].value != -8 || row->reg[RSP].how != PP_REG_SAME) return false;
    uint64_t rule = row->cfa_reg == RSP ? PP_RULE_SP : PP_RULE_BP;
    rule |= ((uint64_t)(int64_t)(d / 8) & (((uint64_t)1 << (PP_RULE_RBP_AT - PP_RULE_CFA_AT)) - 1)) << PP_RULE_CFA_AT;
    bool fits = pack_saved(&row->reg[RBP], PP_RULE_RBP_MAX, PP_RULE_RBP_AT, &rule) &&
                pack_saved(&row->reg[RBX], PP_RULE_SAVED_MAX, PP_RULE_RBX_AT, &rule);
    for (unsigned i = 0; i < 4; i++)
        fits = fits && pack_saved(&row->reg[R12 + i], PP_RULE_SAVED_MAX, PP_RULE_R12_AT + 6 * i, &rule);
    *ret_rule = rule;
    return fits;
}

/* What ld writes for a lazy PLT: breg7 +8, breg16 +0, lit15, and, litN, ge, lit3, shl, plus. */
static bool pack_plt(const struct compiler *c, const struct pp_frame_row *row, uint64_t *ret_rule)
{
    static const uint8_t head[] = {0x77, 8, 0x80, 0, 0x3f, 0x1a}, tail[] = {0x2a, 0x33, 0x24, 0x22};
    if (row->cfa.how != PP_REG_VAL_EXPR || row->cfa.expr_n != sizeof head + 1 + sizeof tail) return false;
    const char *e = c->section.p + (uint32_t)row->cfa.value;
    uint8_t n = (uint8_t)e[sizeof head];
    if (memcmp(e, head, sizeof head) != 0 || memcmp(e + sizeof head + 1, tail, sizeof tail) != 0 || n < 0x30 ||
        n > 0x3f)
        return false;
    *ret_rule = PP_RULE_PLT | (uint64_t)1 << PP_RULE_CFA_AT | (uint64_t)(n - 0x30) << PP_RULE_R15_AT;
    return true;
}

/* A signal frame whose pc is found where the kernel's ucontext at sp has it: breg7 +168. */
static bool pack_signal(const struct compiler *c, const struct pp_frame_row *row, uint64_t *ret_rule)
{
    static const uint8_t rip[] = {0x77, 0xa8, 0x01};
    const struct pp_reg_rule *ra = &row->reg[16];
    if (!row->is_signal || ra->how != PP_REG_AT_EXPR || ra->expr_n != sizeof rip) return false;
    if (memcmp(c->section.p + (uint32_t)ra->value, rip, sizeof rip) != 0) return false;
    *ret_rule = PP_RULE_SIGNAL;
    return true;
}

static uint64_t pack(struct compiler *c, const struct pp_frame_row *row)
{
    uint64_t rule;
    if (row->reg[16].how == PP_REG_UNDEFINED) return PP_RULE_END;
    if (pack_plain(row, &rule) || pack_plt(c, row, &rule) || pack_signal(c, row, &rule)) return rule;
    if (row->cfa.how != PP_REG_VAL_CFA && row->cfa.how != PP_REG_VAL_EXPR) return PP_RULE_NONE;
    return add_full(c, row);
}

static bool take_row(void *ctx, uint64_t vaddr, const struct pp_frame_row *row)
{
    struct compiler *c = ctx;
    uint64_t rule = row ? pack(c, row) : (uint64_t)PP_RULE_NONE;
    if (vaddr == c->fde_start && rule != PP_RULE_NONE) rule |= PP_RULE_START;
    emit(c, vaddr, rule);
    return !c->refused;
}

static void compile_fdes(struct compiler *c, const struct pp_frames *f, uint32_t *n_bad)
{
    uint64_t end = c->text_vaddr;
    for (size_t i = 0; i < f->n && !c->refused; i++) {
        uint64_t start = f->fde[i].start, stop = start + f->fde[i].size;
        if (i + 1 < f->n && stop > f->fde[i + 1].start) stop = f->fde[i + 1].start;
        if (stop <= start) continue; /* a duplicate: the last one of an address counts, as for libgcc */
        if (start - end >= SMALL_GAP) emit(c, end, PP_RULE_NONE);
        c->fde_start = start;
        if (!pp_frames_rows(f, &f->fde[i], stop, take_row, c)) ++*n_bad;
        end = stop;
    }
    emit(c, end, PP_RULE_NONE);
    advance_bucket(c, c->n_buckets, true);
}

static struct pp_table *seal(struct compiler *c)
{
    size_t rules_at = (sizeof(struct pp_table) + ((size_t)c->n_buckets + 1 + c->rows.n) * 4 + 7) & ~(size_t)7;
    size_t full_at = rules_at + c->rules.n * 8, expr_at = full_at + c->full.n * sizeof *c->full.p;
    size_t size = expr_at + c->expr.n;
    struct pp_table *t = pp_pages_map(size);
    if (!t) return NULL;
    char *base = (char *)t;
    uint32_t *rows = t->bucket + c->n_buckets + 1;
    *t = (struct pp_table){.text_vaddr = c->text_vaddr,
                           .text_size = c->text_size,
                           .size_bytes = size,
                           .n_buckets = c->n_buckets,
                           .n_rows = (uint32_t)c->rows.n,
                           .n_rules = (uint32_t)c->rules.n,
                           .n_full = (uint32_t)c->full.n,
                           .n_expr = (uint32_t)c->expr.n,
                           .rows_at = rows,
                           .rules_at = (uint64_t *)(void *)(base + rules_at),
                           .full_at = (struct pp_rule_full *)(void *)(base + full_at),
                           .expr_at = (uint8_t *)base + expr_at};
    memcpy(t->bucket, c->bucket, ((size_t)c->n_buckets + 1) * 4);
    if (c->rows.n) memcpy(rows, c->rows.p, c->rows.n * 4);
    if (c->rules.n) memcpy(base + rules_at, c->rules.p, c->rules.n * 8);
    if (c->full.n) memcpy(base + full_at, c->full.p, c->full.n * sizeof *c->full.p);
    if (c->expr.n) memcpy(base + expr_at, c->expr.p, c->expr.n);
    return t;
}

static enum pp_code compile(struct pp_arena *arena, const struct pp_frame_section *s, struct pp_table **ret_table,
                            struct pp_err *err)
{
    struct pp_frames f;
    enum pp_code code = pp_frames_read(arena, s, &f, err);
    if (code) return code;
    struct compiler c = {
        .arena = arena, .section = s->bytes, .text_vaddr = s->text_vaddr, .text_size = s->text_end - s->text_vaddr};
    c.n_buckets = (uint32_t)((c.text_size + LOW) >> PP_TABLE_SHIFT);
    c.bucket = PP_NEW_N(arena, uint32_t, (size_t)c.n_buckets + 1);
    uint32_t n_bad = f.n_bad;
    rule_find(&c, PP_RULE_NONE); /* index 0 */
    if (!c.bucket ||
        !pp_vec_reserve(arena, (void **)&c.rows.p, &c.rows.cap, s->bytes.n / 4 + 64, PP_VEC_ELEMENT(&c.rows)))
        return pp_fail(err, PP_E_NOMEM, "no memory to compile %zu bytes of unwind information", s->bytes.n);
    compile_fdes(&c, &f, &n_bad);
    struct pp_table *t = c.refused ? NULL : seal(&c);
    if (!t)
        return pp_fail(err, PP_E_NOMEM, "no memory for the unwind table of %zu bytes of unwind information",
                       s->bytes.n);
    t->n_fdes = (uint32_t)f.n + n_bad;
    t->n_bad = n_bad;
    *ret_table = t;
    return PP_OK;
}

enum pp_code pp_table_compile_with(struct pp_arena *scratch, const struct pp_frame_section *s,
                                   struct pp_table **ret_table, struct pp_err *err)
{
    if (s->text_end <= s->text_vaddr || s->text_end - s->text_vaddr > UINT32_MAX)
        return pp_fail(err, PP_E_LIMIT, "text range 0x%llx-0x%llx: empty or above 4 GiB",
                       (unsigned long long)s->text_vaddr, (unsigned long long)s->text_end);
    if (s->bytes.n > INT32_MAX)
        return pp_fail(err, PP_E_LIMIT, "%zu bytes of unwind information: above 2 GiB", s->bytes.n);
    return compile(scratch, s, ret_table, err);
}

enum pp_code pp_table_compile(const struct pp_frame_section *s, struct pp_table **ret_table, struct pp_err *err)
{
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, NULL);
    enum pp_code code = pp_table_compile_with(&scratch, s, ret_table, err);
    pp_arena_release(&scratch);
    return code;
}

void pp_table_free(struct pp_table *t)
{
    if (t) pp_pages_unmap(t, t->size_bytes);
}
