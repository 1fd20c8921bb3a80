// SPDX-License-Identifier: Apache-2.0
#include "unwind/frames.h"

#include <string.h>

#include "base/hash.h"
#include "base/vec.h"

#define REMEMBER_MAX 16

enum { DW_EH_PE_omit = 0xff, DW_EH_PE_indirect = 0x80 };

struct cursor {
    const uint8_t *base;
    size_t at, end;
    bool failed; /* tried to read behind the end */
};

static uint64_t take(struct cursor *c, unsigned n)
{
    uint64_t v = 0;
    if (c->failed || c->end - c->at < n) {
        c->failed = true;
        return 0;
    }
    memcpy(&v, c->base + c->at, n);
    c->at += n;
    return v;
}

static inline uint8_t take_byte(struct cursor *c)
{
    if (c->at < c->end) return c->base[c->at++];
    c->failed = true;
    return 0;
}

static uint64_t take_uleb(struct cursor *c)
{
    uint64_t v = take_byte(c);
    if (v < 0x80) return v;
    c->at--; /* the first byte again: at least one was there */
    v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t b = take(c, 1);
        v |= (b & 0x7f) << shift;
        if (!(b & 0x80)) return v;
    }
    c->failed = true;
    return 0;
}

static int64_t take_sleb(struct cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t b = take(c, 1);
        v |= (b & 0x7f) << shift;
        if (b & 0x80) continue;
        if (b & 0x40 && shift + 7 < 64) v |= ~(uint64_t)0 << (shift + 7);
        return (int64_t)v;
    }
    c->failed = true;
    return 0;
}

/* A pointer in DWARF EH encoding; its size only when `value_only` (the range of an FDE: no base is added). */
static uint64_t take_encoded(struct cursor *c, uint8_t enc, const struct pp_frame_section *s, bool value_only)
{
    uint64_t place = s->vaddr + c->at, v;
    switch (enc & 0x0f) {
    case 0x00:
    case 0x04:
    case 0x0c: v = take(c, 8); break;
    case 0x01: v = take_uleb(c); break;
    case 0x02: v = take(c, 2); break;
    case 0x03: v = take(c, 4); break;
    case 0x09: v = (uint64_t)take_sleb(c); break;
    case 0x0a: v = (uint64_t)(int64_t)(int16_t)take(c, 2); break;
    case 0x0b: v = (uint64_t)(int64_t)(int32_t)take(c, 4); break;
    default: c->failed = true; return 0;
    }
    if (value_only) return v;
    switch (enc & 0x70) {
    case 0x00: return v;
    case 0x10: return v + place;
    case 0x30: return v + s->data_vaddr;
    default: c->failed = true; return 0;
    }
}

/* The length field of an entry: where its body starts and ends, and the width of offsets in it. */
struct entry {
    size_t at, body, end;
    unsigned width; /* 4, or 8 in the 64-bit format */
};

/* False at the end: a terminator, or a length that leaves the section. */
static bool next_entry(const struct pp_frame_section *s, size_t at, struct entry *ret)
{
    struct cursor c = {(const uint8_t *)s->bytes.p, at, s->bytes.n, false};
    uint64_t n = take(&c, 4);
    unsigned width = 4;
    if (n == UINT32_MAX) {
        n = take(&c, 8);
        width = 8;
    }
    if (c.failed || n > c.end - c.at || (n == 0 && !s->is_debug_frame)) return false;
    *ret = (struct entry){at, c.at, c.at + (size_t)n, width};
    return true;
}

static bool run(const struct pp_frames *f, const struct pp_cie *cie, struct cursor *c, struct pp_frame_row *row,
                uint64_t loc, uint64_t stop, pp_frames_row out, void *ctx);

/* The augmentation string "zPLRS.."; data only with z. */
static bool read_augmentation(struct cursor *c, const char *aug, size_t aug_n, const struct pp_frame_section *s,
                              struct pp_cie *cie)
{
    if (aug_n == 0) return true;
    if (aug[0] != 'z') return false;
    cie->has_augmentation_size = true;
    uint64_t n = take_uleb(c);
    if (c->failed || n > c->end - c->at) return false;
    size_t data_end = c->at + (size_t)n;
    bool known = true;
    for (size_t i = 1; i < aug_n && known; i++) {
        uint8_t enc;
        switch (aug[i]) {
        case 'L': take(c, 1); break;
        case 'R': cie->pointer_encoding = (uint8_t)take(c, 1); break;
        case 'P':
            enc = (uint8_t)take(c, 1);
            if (enc != DW_EH_PE_omit) take_encoded(c, enc, s, true);
            break;
        case 'S': cie->is_signal = true; break;
        default: known = false; /* its data is skipped; what follows R is not needed */
        }
    }
    c->at = data_end;
    return !c->failed;
}

static void read_cie(const struct pp_frames *f, const struct entry *e, struct pp_cie *cie)
{
    const struct pp_frame_section *s = &f->section;
    struct cursor c = {(const uint8_t *)s->bytes.p, e->body, e->end, false};
    uint64_t id = take(&c, e->width);
    uint64_t want = !s->is_debug_frame ? 0 : e->width == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t version = take(&c, 1);
    *cie = (struct pp_cie){.at = (uint32_t)e->at};
    if (c.failed || id != want || (version != 1 && version != 3 && version != 4)) return;
    const char *aug = s->bytes.p + c.at, *nul = memchr(aug, 0, e->end - c.at);
    if (!nul) return;
    c.at += (size_t)(nul - aug) + 1;
    if (version == 4 && (take(&c, 1) != 8 || take(&c, 1) != 0)) return; /* address size, segment size */
    cie->code_align = take_uleb(&c);
    cie->data_align = take_sleb(&c);
    cie->ra_reg = (uint32_t)(version == 1 ? take(&c, 1) : take_uleb(&c));
    if (c.failed || cie->ra_reg != 16 || cie->code_align == 0 ||
        !read_augmentation(&c, aug, (size_t)(nul - aug), s, cie))
        return;
    if (cie->pointer_encoding & DW_EH_PE_indirect) return;
    cie->insn_at = (uint32_t)c.at;
    cie->insn_end = (uint32_t)c.end;
    cie->initial = (struct pp_frame_row){.is_signal = cie->is_signal};
    cie->usable = run(f, NULL, &c, &cie->initial, 0, 1, NULL, cie);
}

struct reader {
    struct pp_arena *arena;
    struct pp_frames f;
    size_t cie_cap, fde_cap;
    struct pp_hash cie_by_at;
    uint32_t last_cie;
};

/* Index of the CIE at `at`, read now if new; false when memory is refused. FDEs of one CIE come in runs. */
static bool find_cie(struct reader *r, size_t at, uint32_t *ret_index)
{
    struct pp_frames *f = &r->f;
    if (r->last_cie < f->n_cie && f->cie[r->last_cie].at == at) {
        *ret_index = r->last_cie;
        return true;
    }
    uint64_t h = pp_hash_u64(at);
    for (struct pp_probe pr = pp_hash_probe(&r->cie_by_at, h); pp_hash_next(&pr, ret_index);) {
        if (f->cie[*ret_index].at != at) continue;
        r->last_cie = *ret_index;
        return true;
    }
    if (f->n_cie == r->cie_cap &&
        !pp_vec_reserve(r->arena, (void **)&f->cie, &r->cie_cap, f->n_cie + 1, sizeof *f->cie, _Alignof(struct pp_cie)))
        return false;
    struct entry e;
    struct pp_cie *cie = &f->cie[f->n_cie];
    if (at < f->section.bytes.n && next_entry(&f->section, at, &e))
        read_cie(f, &e, cie);
    else
        *cie = (struct pp_cie){.at = (uint32_t)at};
    *ret_index = r->last_cie = (uint32_t)f->n_cie++;
    return pp_hash_add(r->arena, &r->cie_by_at, h, *ret_index);
}

enum fde_answer { FDE_TAKEN, FDE_OUTSIDE, FDE_BAD };

static enum fde_answer read_fde(const struct pp_frames *f, const struct entry *e, uint32_t cie_index,
                                struct pp_fde *ret)
{
    const struct pp_frame_section *s = &f->section;
    const struct pp_cie *cie = &f->cie[cie_index];
    struct cursor c = {(const uint8_t *)s->bytes.p, e->body + e->width, e->end, false};
    if (!cie->usable) return FDE_BAD;
    uint64_t start = take_encoded(&c, cie->pointer_encoding, s, false);
    uint64_t size = take_encoded(&c, cie->pointer_encoding, s, true);
    if (cie->has_augmentation_size) {
        uint64_t n = take_uleb(&c);
        if (n > c.end - c.at) return FDE_BAD;
        c.at += (size_t)n;
    }
    if (c.failed) return FDE_BAD;
    if (size == 0 || start < s->text_vaddr || start >= s->text_end) return FDE_OUTSIDE;
    if (size > s->text_end - start) size = s->text_end - start;
    *ret = (struct pp_fde){start, (uint32_t)size, cie_index, (uint32_t)c.at, (uint32_t)c.end};
    return FDE_TAKEN;
}

/* Where the CIE of an FDE is; SIZE_MAX: outside. is_cie: the entry is one itself. */
static size_t cie_of(const struct pp_frame_section *s, const struct entry *e, bool *is_cie)
{
    struct cursor c = {(const uint8_t *)s->bytes.p, e->body, e->end, false};
    uint64_t id = take(&c, e->width);
    *is_cie = !c.failed && id == (!s->is_debug_frame ? 0 : e->width == 4 ? UINT32_MAX : UINT64_MAX);
    if (c.failed) return SIZE_MAX;
    if (s->is_debug_frame) return id < s->bytes.n ? (size_t)id : SIZE_MAX;
    return id <= e->body ? e->body - (size_t)id : SIZE_MAX;
}

static void merge(const struct pp_fde *from, struct pp_fde *to, size_t lo, size_t mid, size_t hi)
{
    size_t i = lo, j = mid;
    for (size_t k = lo; k < hi; k++)
        to[k] = i < mid && (j >= hi || from[i].start <= from[j].start) ? from[i++] : from[j++];
}

static bool sort_fdes(struct pp_arena *a, struct pp_frames *f)
{
    bool sorted = true;
    for (size_t i = 1; i < f->n && sorted; i++)
        sorted = f->fde[i - 1].start <= f->fde[i].start;
    if (sorted) return true;
    struct pp_fde *other = PP_NEW_N(a, struct pp_fde, f->n);
    if (!other) return false;
    for (size_t width = 1; width < f->n; width *= 2) {
        for (size_t lo = 0; lo < f->n; lo += 2 * width) {
            size_t mid = lo + width < f->n ? lo + width : f->n, hi = mid + width < f->n ? mid + width : f->n;
            merge(f->fde, other, lo, mid, hi);
        }
        struct pp_fde *t = f->fde;
        f->fde = other;
        other = t;
    }
    return true;
}

static bool room_for_fde(struct reader *r)
{
    return r->f.n < r->fde_cap || pp_vec_reserve(r->arena, (void **)&r->f.fde, &r->fde_cap, r->f.n + 1,
                                                 sizeof *r->f.fde, _Alignof(struct pp_fde));
}

enum pp_code pp_frames_read(struct pp_arena *a, const struct pp_frame_section *s, struct pp_frames *ret_frames,
                            struct pp_err *err)
{
    struct reader r = {.arena = a, .f = {.section = *s}};
    struct pp_frames *f = &r.f;
    size_t n_seen = 0;
    bool refused =
        !pp_vec_reserve(a, (void **)&f->fde, &r.fde_cap, s->bytes.n / 48 + 1, sizeof *f->fde, _Alignof(struct pp_fde));
    struct entry e;
    for (size_t at = 0; !refused && at < s->bytes.n && next_entry(s, at, &e); at = e.end) {
        bool is_cie;
        uint32_t cie;
        size_t cie_at = cie_of(s, &e, &is_cie);
        if (is_cie) continue;
        if (s->max_fdes && n_seen++ == s->max_fdes) break;
        refused = !find_cie(&r, cie_at, &cie) || !room_for_fde(&r);
        if (refused) break;
        enum fde_answer answer = read_fde(f, &e, cie, &f->fde[f->n]);
        f->n += answer == FDE_TAKEN;
        f->n_bad += answer == FDE_BAD;
    }
    if (refused || !sort_fdes(a, f)) return pp_fail(err, PP_E_NOMEM, "no memory for the FDEs of %zu bytes", s->bytes.n);
    if (f->n == 0) return pp_fail(err, PP_E_NOTFOUND, "no usable FDE in %zu bytes of unwind information", s->bytes.n);
    *ret_frames = *f;
    return PP_OK;
}

static void set_reg(struct pp_frame_row *row, uint64_t reg, struct pp_reg_rule rule)
{
    if (reg < PP_RULE_REGS) row->reg[reg] = rule;
}

/* A rule with a factored offset; false when it leaves 32 bits. */
static bool set_offset(struct pp_frame_row *row, uint64_t reg, uint8_t how, int64_t factored, int64_t align)
{
    int64_t v;
    if (__builtin_mul_overflow(factored, align, &v) || v > INT32_MAX || v < INT32_MIN) return false;
    set_reg(row, reg, (struct pp_reg_rule){.how = how, .value = (int32_t)v});
    return true;
}

static bool set_cfa(struct pp_frame_row *row, uint64_t reg, int64_t offset, int64_t align)
{
    int64_t v;
    if (reg >= 16 || __builtin_mul_overflow(offset, align, &v) || v > INT32_MAX || v < INT32_MIN) return false;
    row->cfa_reg = (uint8_t)reg;
    row->cfa = (struct pp_reg_rule){.how = PP_REG_VAL_CFA, .value = (int32_t)v};
    return true;
}

/* A block of expression bytes as a rule; empty ones and those above 255 bytes are refused. */
static bool take_expr(struct cursor *c, uint8_t how, struct pp_reg_rule *ret)
{
    uint64_t n = take_uleb(c);
    if (c->failed || n == 0 || n > c->end - c->at || n > UINT8_MAX) return false;
    *ret = (struct pp_reg_rule){.how = how, .expr_n = (uint8_t)n, .value = (int32_t)c->at};
    c->at += (size_t)n;
    return true;
}

struct machine {
    const struct pp_cie *cie;           /* factors */
    const struct pp_frame_row *initial; /* for DW_CFA_restore; NULL while running a CIE */
    struct pp_frame_row *row;
    int n_remembered;
    struct pp_frame_row remembered[REMEMBER_MAX];
};

static bool restore(struct machine *m, uint64_t reg)
{
    if (reg < PP_RULE_REGS) m->row->reg[reg] = m->initial ? m->initial->reg[reg] : (struct pp_reg_rule){0};
    return true;
}

/* Instructions that don't move the location. False: unknown or broken. */
static bool execute(struct machine *m, struct cursor *c, uint8_t op)
{
    const struct pp_cie *cie = m->cie;
    struct pp_reg_rule rule;
    uint64_t reg;
    switch (op) {
    case 0x00: return true; /* nop */
    case 0x05:
        reg = take_uleb(c);
        return set_offset(m->row, reg, PP_REG_AT_CFA, (int64_t)take_uleb(c), cie->data_align); /* offset_extended */
    case 0x06: return restore(m, take_uleb(c));                                                /* restore_extended */
    case 0x07: set_reg(m->row, take_uleb(c), (struct pp_reg_rule){.how = PP_REG_UNDEFINED}); return true;
    case 0x08: set_reg(m->row, take_uleb(c), (struct pp_reg_rule){.how = PP_REG_SAME}); return true;
    case 0x09: /* register */
        reg = take_uleb(c);
        rule = (struct pp_reg_rule){.how = PP_REG_COPY, .value = (int32_t)(take_uleb(c) & 0xff)};
        if (rule.value >= 16) rule = (struct pp_reg_rule){.how = PP_REG_UNDEFINED};
        set_reg(m->row, reg, rule);
        return true;
    case 0x0a: /* remember_state */
        if (m->n_remembered == REMEMBER_MAX) return false;
        m->remembered[m->n_remembered++] = *m->row;
        return true;
    case 0x0b: /* restore_state */
        if (m->n_remembered == 0) return false;
        *m->row = m->remembered[--m->n_remembered];
        return true;
    case 0x0c: reg = take_uleb(c); return set_cfa(m->row, reg, (int64_t)take_uleb(c), 1); /* def_cfa */
    case 0x0d:
        return m->row->cfa.how == PP_REG_VAL_CFA &&
               set_cfa(m->row, take_uleb(c), m->row->cfa.value, 1); /* def_cfa_register */
    case 0x0e:
        return m->row->cfa.how == PP_REG_VAL_CFA &&
               set_cfa(m->row, m->row->cfa_reg, (int64_t)take_uleb(c), 1); /* def_cfa_offset */
    case 0x0f: return take_expr(c, PP_REG_VAL_EXPR, &m->row->cfa);         /* def_cfa_expression */
    case 0x10:
    case 0x16: /* expression, val_expression */
        reg = take_uleb(c);
        if (!take_expr(c, op == 0x10 ? PP_REG_AT_EXPR : PP_REG_VAL_EXPR, &rule)) return false;
        set_reg(m->row, reg, rule);
        return true;
    case 0x11:
        reg = take_uleb(c);
        return set_offset(m->row, reg, PP_REG_AT_CFA, take_sleb(c), cie->data_align);          /* offset_extended_sf */
    case 0x12: reg = take_uleb(c); return set_cfa(m->row, reg, take_sleb(c), cie->data_align); /* def_cfa_sf */
    case 0x13:
        return m->row->cfa.how == PP_REG_VAL_CFA && set_cfa(m->row, m->row->cfa_reg, take_sleb(c), cie->data_align);
    case 0x14:
        reg = take_uleb(c);
        return set_offset(m->row, reg, PP_REG_VAL_CFA, (int64_t)take_uleb(c), cie->data_align); /* val_offset */
    case 0x15: reg = take_uleb(c); return set_offset(m->row, reg, PP_REG_VAL_CFA, take_sleb(c), cie->data_align);
    case 0x2e: take_uleb(c); return true; /* GNU_args_size */
    case 0x2f:
        reg = take_uleb(c);
        return set_offset(m->row, reg, PP_REG_AT_CFA, -(int64_t)take_uleb(c), cie->data_align);
    default: return false;
    }
}

/* DW_CFA_set_loc and the advance_locs; false: op is something else. */
static bool take_advance(const struct pp_cie *cie, const struct pp_frame_section *s, struct cursor *c, uint8_t op,
                         uint64_t *loc)
{
    uint64_t delta;
    if (op >> 6 == 1)
        delta = op & 0x3f;
    else if (op == 0x02)
        delta = take_byte(c);
    else if (op == 0x03)
        delta = take(c, 2);
    else if (op == 0x04)
        delta = take(c, 4);
    else if (op == 0x01) {
        *loc = take_encoded(c, cie->pointer_encoding, s, false);
        return true;
    } else
        return false;
    *loc += delta * cie->code_align;
    return true;
}

/* Runs instructions from loc; rows go to `out`. cie NULL: a CIE's own ones (ctx is that CIE), which may not move. */
static bool run(const struct pp_frames *f, const struct pp_cie *cie, struct cursor *c, struct pp_frame_row *row,
                uint64_t loc, uint64_t stop, pp_frames_row out, void *ctx)
{
    struct machine m; /* not zeroed whole: 2 KiB for each FDE */
    m.cie = cie ? cie : ctx;
    m.initial = cie ? &cie->initial : NULL;
    m.row = row;
    m.n_remembered = 0;
    while (c->at < c->end) {
        uint8_t op = take_byte(c);
        uint64_t next = loc;
        bool fine = true;
        if (op >> 6 == 2)
            fine = set_offset(row, op & 0x3f, PP_REG_AT_CFA, (int64_t)take_uleb(c), m.cie->data_align);
        else if (op >> 6 == 3)
            fine = restore(&m, op & 0x3f);
        else if (!take_advance(m.cie, &f->section, c, op, &next))
            fine = execute(&m, c, op);
        if (!fine || c->failed || next < loc || (next != loc && !out)) {
            if (out) out(ctx, loc, NULL);
            return false;
        }
        if (next == loc) continue;
        if (!out(ctx, loc, row)) return false;
        loc = next;
        if (loc >= stop) return true;
    }
    return !out || out(ctx, loc, row);
}

bool pp_frames_rows(const struct pp_frames *f, const struct pp_fde *fde, uint64_t stop, pp_frames_row row, void *ctx)
{
    const struct pp_cie *cie = &f->cie[fde->cie];
    struct cursor c = {(const uint8_t *)f->section.bytes.p, fde->at, fde->end, false};
    struct pp_frame_row state = cie->initial;
    return run(f, cie, &c, &state, fde->start, stop, row, ctx);
}
