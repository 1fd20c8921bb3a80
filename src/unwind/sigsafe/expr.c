// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/expr.h"

#include <string.h>

#define DEPTH 16
#define OPERATIONS_MAX 256

struct machine {
    const struct pp_expr *e;
    size_t at;
    unsigned n; /* words on the stack */
    uint64_t word[DEPTH];
    enum pp_expr_answer bad;
};

static uint64_t fail(struct machine *m, enum pp_expr_answer why)
{
    if (m->bad == PP_EXPR_OK) m->bad = why;
    return 0;
}

static uint64_t take(struct machine *m, unsigned n)
{
    uint64_t v = 0;
    if (m->e->n - m->at < n) return fail(m, PP_EXPR_BROKEN);
    memcpy(&v, m->e->p + m->at, n);
    m->at += n;
    return v;
}

static uint64_t take_leb(struct machine *m, bool is_signed)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t b = take(m, 1);
        v |= (b & 0x7f) << shift;
        if (b & 0x80) continue;
        if (is_signed && b & 0x40 && shift + 7 < 64) v |= ~(uint64_t)0 << (shift + 7);
        return v;
    }
    return fail(m, PP_EXPR_BROKEN);
}

static void push(struct machine *m, uint64_t v)
{
    if (m->n == DEPTH)
        fail(m, PP_EXPR_BROKEN);
    else
        m->word[m->n++] = v;
}

static uint64_t pop(struct machine *m) { return m->n ? m->word[--m->n] : fail(m, PP_EXPR_BROKEN); }

static uint64_t pick(struct machine *m, uint64_t depth)
{
    return depth < m->n ? m->word[m->n - 1 - depth] : fail(m, PP_EXPR_BROKEN);
}

static uint64_t reg(struct machine *m, uint64_t i)
{
    if (i == m->e->pc_reg) return m->e->pc;
    if (i >= m->e->n_reg || !(m->e->known >> i & 1)) return fail(m, PP_EXPR_REGISTER);
    return m->e->reg[i];
}

static void deref(struct machine *m, uint64_t size, struct pp_peek *mem)
{
    uint64_t v = 0, address = pop(m);
    bool fine = size == 8 ? pp_peek_u64(mem, address, &v) : size && size < 8 && pp_peek_slow(mem, address, &v, size);
    if (!fine) fail(m, PP_EXPR_UNREADABLE);
    push(m, v);
}

static uint64_t binary(struct machine *m, uint8_t op, uint64_t a, uint64_t b)
{
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    switch (op) {
    case 0x1a: return a & b;
    case 0x1b: return sb == 0 ? fail(m, PP_EXPR_BROKEN) : sb == -1 ? 0 - a : (uint64_t)(sa / sb);
    case 0x1c: return a - b;
    case 0x1d: return b == 0 ? fail(m, PP_EXPR_BROKEN) : a % b;
    case 0x1e: return a * b;
    case 0x21: return a | b;
    case 0x22: return a + b;
    case 0x24: return b < 64 ? a << b : 0;
    case 0x25: return b < 64 ? a >> b : 0;
    case 0x26: return (uint64_t)(b < 64 ? sa >> b : sa >> 63);
    case 0x27: return a ^ b;
    case 0x29: return sa == sb;
    case 0x2a: return sa >= sb;
    case 0x2b: return sa > sb;
    case 0x2c: return sa <= sb;
    case 0x2d: return sa < sb;
    default: return sa != sb; /* 0x2e */
    }
}

static void rotate(struct machine *m, unsigned n)
{
    if (m->n < n) {
        fail(m, PP_EXPR_BROKEN);
        return;
    }
    uint64_t top = m->word[m->n - 1];
    for (unsigned i = 1; i < n; i++)
        m->word[m->n - i] = m->word[m->n - i - 1];
    m->word[m->n - n] = top;
}

static void jump(struct machine *m, bool taken)
{
    int64_t to = (int64_t)(int16_t)take(m, 2) + (int64_t)m->at;
    if (!taken) return;
    if (to < 0 || (uint64_t)to > m->e->n)
        fail(m, PP_EXPR_BROKEN);
    else
        m->at = (size_t)to;
}

static void execute(struct machine *m, uint8_t op, struct pp_peek *mem)
{
    uint64_t v;
    switch (op) {
    case 0x06: deref(m, 8, mem); return;
    case 0x08: push(m, take(m, 1)); return;
    case 0x09: push(m, (uint64_t)(int64_t)(int8_t)take(m, 1)); return;
    case 0x0a: push(m, take(m, 2)); return;
    case 0x0b: push(m, (uint64_t)(int64_t)(int16_t)take(m, 2)); return;
    case 0x0c: push(m, take(m, 4)); return;
    case 0x0d: push(m, (uint64_t)(int64_t)(int32_t)take(m, 4)); return;
    case 0x0e:
    case 0x0f: push(m, take(m, 8)); return;
    case 0x10: push(m, take_leb(m, false)); return;
    case 0x11: push(m, take_leb(m, true)); return;
    case 0x12: push(m, pick(m, 0)); return;
    case 0x13: pop(m); return;
    case 0x14: push(m, pick(m, 1)); return;
    case 0x15: push(m, pick(m, take(m, 1))); return;
    case 0x16: rotate(m, 2); return;
    case 0x17: rotate(m, 3); return;
    case 0x19:
        v = pop(m);
        push(m, (int64_t)v < 0 ? 0 - v : v);
        return;
    case 0x1f: push(m, 0 - pop(m)); return;
    case 0x20: push(m, ~pop(m)); return;
    case 0x23:
        v = pop(m);
        push(m, v + take_leb(m, false));
        return;
    case 0x28: jump(m, pop(m) != 0); return;
    case 0x2f: jump(m, true); return;
    case 0x92:
        v = take_leb(m, false);
        push(m, reg(m, v) + take_leb(m, true));
        return;
    case 0x94: deref(m, take(m, 1), mem); return;
    case 0x96: return; /* nop */
    default: break;
    }
    if (op >= 0x30 && op <= 0x4f)
        push(m, op - 0x30u);
    else if (op >= 0x70 && op <= 0x8f)
        push(m, reg(m, op - 0x70u) + take_leb(m, true));
    else if (op >= 0x1a && op <= 0x2e) {
        v = pop(m);
        push(m, binary(m, op, pop(m), v));
    } else
        fail(m, PP_EXPR_BROKEN);
}

enum pp_expr_answer pp_expr_eval(const struct pp_expr *e, struct pp_peek *mem, uint64_t *ret_value)
{
    struct machine m = {.e = e, .bad = PP_EXPR_OK};
    if (e->push) push(&m, e->pushed);
    for (unsigned i = 0; m.at < e->n && m.bad == PP_EXPR_OK; i++) {
        if (i == OPERATIONS_MAX) return PP_EXPR_BROKEN;
        execute(&m, (uint8_t)take(&m, 1), mem);
    }
    uint64_t v = pop(&m);
    if (m.bad == PP_EXPR_OK) *ret_value = v;
    return m.bad;
}
