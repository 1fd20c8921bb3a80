// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/code_x86_64.h"

#include <string.h>

/* ModRM of `ff /2`: is it a call, and how long is the instruction (opcode included)? 0: no call. */
static unsigned call_length(uint8_t modrm)
{
    unsigned mod = modrm >> 6, rm = modrm & 7;
    if ((modrm >> 3 & 7) != 2) return 0;
    unsigned n = 2 + (mod != 3 && rm == 4); /* SIB */
    if (mod == 1) return n + 1;
    if (mod == 2 || (mod == 0 && rm == 5)) return n + 4;
    return n;
}

enum pp_call pp_code_call(const uint8_t before[PP_CALL_BYTES], uint64_t after, uint64_t *ret_target)
{
    int32_t rel;
    memcpy(&rel, before + 3, sizeof rel);
    if (before[2] == 0xe8) {
        *ret_target = after + (uint64_t)(int64_t)rel;
        return PP_CALL_DIRECT;
    }
    if (before[1] == 0xff && before[2] == 0x15) {
        *ret_target = after + (uint64_t)(int64_t)rel;
        return PP_CALL_SLOT;
    }
    for (unsigned n = 2; n <= PP_CALL_BYTES; n++) {
        const uint8_t *p = before + PP_CALL_BYTES - n;
        if (p[0] == 0xff && call_length(p[1]) == n) return PP_CALL_INDIRECT;
    }
    return PP_CALL_NONE;
}

static bool starts_with(const uint8_t *code, size_t n, const void *bytes, size_t n_bytes)
{
    return n >= n_bytes && memcmp(code, bytes, n_bytes) == 0;
}

uint64_t pp_code_rule(const uint8_t *code, size_t n, bool is_exact)
{
    static const uint8_t sigreturn_long[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05},
                         sigreturn[] = {0xb8, 15, 0, 0, 0, 0x0f, 0x05};
    static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa}, mov1[] = {0x48, 0x89, 0xe5}, mov2[] = {0x48, 0x8b, 0xec};
    const uint64_t at_entry = PP_RULE_SP | (uint64_t)1 << PP_RULE_CFA_AT;
    const uint64_t pushed = PP_RULE_SP | (uint64_t)2 << PP_RULE_CFA_AT | (uint64_t)2 << PP_RULE_RBP_AT;
    if (starts_with(code, n, sigreturn_long, sizeof sigreturn_long) ||
        starts_with(code, n, sigreturn, sizeof sigreturn))
        return PP_RULE_SIGNAL;
    if (!is_exact || n == 0) return PP_RULE_CHAIN;
    if (code[0] == 0xc3 || code[0] == 0xc2 || starts_with(code, n, endbr, sizeof endbr)) return at_entry;
    if (starts_with(code, n, mov1, sizeof mov1) || starts_with(code, n, mov2, sizeof mov2)) return pushed;
    if (n >= 4 && code[0] == 0x55 && (memcmp(code + 1, mov1, 3) == 0 || memcmp(code + 1, mov2, 3) == 0))
        return at_entry;
    return PP_RULE_CHAIN;
}

bool pp_code_plt_slot(const uint8_t *code, size_t n, uint64_t at, uint64_t *ret_slot)
{
    static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
    size_t i = starts_with(code, n, endbr, sizeof endbr) ? sizeof endbr : 0;
    if (i < n && code[i] == 0xf2) i++; /* bnd */
    if (n < i + 6 || code[i] != 0xff || code[i + 1] != 0x25) return false;
    int32_t rel;
    memcpy(&rel, code + i + 2, sizeof rel);
    *ret_slot = at + i + 6 + (uint64_t)(int64_t)rel;
    return true;
}
