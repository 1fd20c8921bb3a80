// SPDX-License-Identifier: Apache-2.0
/* Sections written byte by byte; and the assembler's idea of the same rules in functions of this program. */
#include "unwind/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { SECTION = 0x20000, TEXT = 0x10000, TEXT_END = 0x12000 };

struct bytes {
    uint8_t p[4096];
    size_t n;
};

static void put(struct bytes *b, const void *p, size_t n)
{
    assert_true(b->n + n <= sizeof b->p);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void put32(struct bytes *b, uint32_t v) { put(b, &v, 4); }

/* Ends the entry that began at `at` (its length field): pads with nops to 8. */
static void end_entry(struct bytes *b, size_t at)
{
    while ((b->n - at - 4) % 8 != 4)
        put(b, "", 1);
    uint32_t n = (uint32_t)(b->n - at - 4);
    memcpy(b->p + at, &n, 4);
}

/* zR, code align 1, data align -8, return address 16, pcrel sdata4; CFA = rsp + 8, return address at CFA - 8. */
static size_t put_cie(struct bytes *b, const char *augmentation)
{
    size_t at = b->n;
    put32(b, 0);
    put32(b, 0);
    put(b, "\x01", 1);
    put(b, augmentation, strlen(augmentation) + 1);
    put(b, "\x01\x78\x10\x01\x1b", 5);
    put(b, "\x0c\x07\x08\x90\x01", 5);
    end_entry(b, at);
    return at;
}

static void put_fde(struct bytes *b, size_t cie, uint32_t start, uint32_t size, const void *insn, size_t n)
{
    size_t at = b->n;
    put32(b, 0);
    put32(b, (uint32_t)(b->n - cie));
    put32(b, start - (SECTION + (uint32_t)b->n));
    put32(b, size);
    put(b, "", 1);
    put(b, insn, n);
    end_entry(b, at);
}

#define FDE(b, cie, start, size, insn) put_fde((b), (cie), (start), (size), "" insn, sizeof insn - 1)

static enum pp_code compile(const struct bytes *b, struct pp_table **ret_table)
{
    struct pp_frame_section s = {
        .bytes = {(const char *)b->p, b->n}, .vaddr = SECTION, .text_vaddr = TEXT, .text_end = TEXT_END};
    struct pp_err err;
    return pp_table_compile(&s, ret_table, &err);
}

#define CFA(words) ((uint64_t)(words) << PP_RULE_CFA_AT)
#define RBP(words) ((uint64_t)(words) << PP_RULE_RBP_AT)
#define RBX(words) ((uint64_t)(words) << PP_RULE_RBX_AT)
#define R12(words) ((uint64_t)(words) << PP_RULE_R12_AT)

static void rows(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct pp_table *t;
    size_t cie = put_cie(&b, "zR");
    /* push rbp; mov rbp, rsp; push r12; push rbx; ... ; pops with remember/restore around an early return */
    FDE(&b, cie, 0x10010, 0x400,
        "\x41\x0e\x10\x86\x02\x43\x0d\x06\x42\x8c\x03\x41\x83\x04\x0a\x03\x00\x01\x0c\x07\x08\xc6\xc3\xcc\x41\x0b\x02"
        "\x50\x0c\x07\x08");
    FDE(&b, cie, 0x10418, 0x10, "\x07\x10"); /* 8 bytes of padding before: no gap; return address undefined */
    FDE(&b, cie, 0x11000, 0x800, "");        /* far away */
    assert_int_equal(compile(&b, &t), PP_OK);
    const uint64_t bp = PP_RULE_BP | CFA(2) | RBP(2), sp8 = PP_RULE_SP | CFA(1);
    const struct {
        uint64_t at, rule;
    } want[] = {
        {0x1000f, PP_RULE_NONE},
        {0x10010, sp8 | PP_RULE_START},
        {0x10011, PP_RULE_SP | CFA(2) | RBP(2)},
        {0x10013, PP_RULE_SP | CFA(2) | RBP(2)},
        {0x10014, bp},
        {0x10016, bp | R12(3)},
        {0x10017, bp | R12(3) | RBX(4)},
        {0x10116, bp | R12(3) | RBX(4)},
        {0x10117, sp8},
        {0x10118, bp | R12(3) | RBX(4)},
        {0x10168, PP_RULE_SP | CFA(1) | RBP(2) | R12(3) | RBX(4)},
        {0x1040f, PP_RULE_SP | CFA(1) | RBP(2) | R12(3) | RBX(4)},
        {0x10418, PP_RULE_END | PP_RULE_START},
        {0x10427, PP_RULE_END},
        {0x10428, PP_RULE_NONE},
        {0x10a00, PP_RULE_NONE},
        {0x10fff, PP_RULE_NONE},
        {0x11000, sp8 | PP_RULE_START},
        {0x11200, sp8},
        {0x117ff, sp8},
        {0x11800, PP_RULE_NONE},
        {0x11fff, PP_RULE_NONE},
        {0x12000, PP_RULE_NONE},
        {0, PP_RULE_NONE},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        uint64_t rule = pp_table_rule(t, want[i].at);
        if ((rule & ~PP_RULE_START) != (want[i].rule & ~PP_RULE_START))
            fail_msg("0x%lx: rule 0x%lx, wanted 0x%lx", want[i].at, rule, want[i].rule);
        if (want[i].rule & PP_RULE_START) assert_true(rule & PP_RULE_START);
    }
    assert_int_equal(pp_table_function(t, 0x10010), 0x10010);
    assert_int_equal(pp_table_function(t, 0x1040f), 0x10010);
    assert_int_equal(pp_table_function(t, 0x10420), 0x10418);
    assert_int_equal(pp_table_function(t, 0x117ff), 0x11000); /* over bucket borders */
    assert_int_equal(pp_table_function(t, 0x10900), 0);
    assert_int_equal(t->n_fdes, 3);
    assert_int_equal(t->n_bad, 0);
    pp_table_free(t);
}

static void uncommon_rules(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct pp_table *t;
    size_t cie = put_cie(&b, "zR"), signal = put_cie(&b, "zRS");
    FDE(&b, cie, 0x10000, 0x100, "\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"); /* the PLT's expression */
    FDE(&b, cie, 0x10100, 0x100,
        "\x0c\x0a\x00\x41\x10\x06\x02\x76\x00\x0f\x03\x76\x78\x06"); /* CFA = r10, then *(rbp - 8), rbp at *rbp */
    FDE(&b, cie, 0x10200, 0x100, "\x09\x10\x01");                    /* the return address is in register 1 */
    FDE(&b, signal, 0x10300, 0x100, "\x0f\x04\x77\xa0\x01\x06\x10\x10\x03\x77\xa8\x01"); /* as glibc's __restore_rt */
    FDE(&b, cie, 0x10400, 0x100, "\x0f\x03\x76\x78\x06\x10\x06\x02\x76\x00"); /* equal to the second's last row */
    assert_int_equal(compile(&b, &t), PP_OK);
    uint64_t rule = pp_table_rule(t, 0x10050);
    assert_int_equal(pp_rule_kind(rule), PP_RULE_PLT);
    assert_int_equal(pp_rule_cfa_bytes(rule), 8);
    assert_int_equal(rule >> PP_RULE_R15_AT, 11);
    rule = pp_table_rule(t, 0x10100);
    assert_int_equal(pp_rule_kind(rule), PP_RULE_FULL);
    const struct pp_rule_full *full = &t->full_at[pp_rule_full_index(rule)];
    assert_int_equal(full->cfa_reg, 10);
    assert_int_equal(full->cfa.how, PP_REG_VAL_CFA);
    uint64_t drap = pp_table_rule(t, 0x10101);
    full = &t->full_at[pp_rule_full_index(drap)];
    assert_int_equal(full->cfa.how, PP_REG_VAL_EXPR);
    assert_memory_equal(t->expr_at + full->cfa.value, "\x76\x78\x06", 3);
    assert_int_equal(full->reg[6].how, PP_REG_AT_EXPR);
    assert_memory_equal(t->expr_at + full->reg[6].value, "\x76\x00", 2);
    assert_int_equal(pp_rule_full_index(pp_table_rule(t, 0x10450)), pp_rule_full_index(drap)); /* shared */
    rule = pp_table_rule(t, 0x10250);
    full = &t->full_at[pp_rule_full_index(rule)];
    assert_int_equal(full->reg[16].how, PP_REG_COPY);
    assert_int_equal(full->reg[16].value, 1);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10350)), PP_RULE_SIGNAL);
    pp_table_free(t);
}

static void broken_entries_are_skipped(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct pp_table *t;
    size_t cie = put_cie(&b, "zR"), unknown = put_cie(&b, "qR");
    FDE(&b, cie, 0x10000, 0x10,
        "\x41\x0e\x10\x44\x3f\x41\x0e\x20"); /* an unknown instruction ends the rows: no rule from there */
    FDE(&b, unknown, 0x10100, 0x10, "");     /* unknown augmentation */
    FDE(&b, cie, 0x10200, 0x10, "\x0b");     /* restore without remember */
    FDE(&b, cie, 0x10300, 0x10, "\x0f\x7f"); /* an expression that leaves the entry */
    FDE(&b, cie, 0x10400, 0x10, "");         /* fine again */
    FDE(&b, cie, 0x50000, 0x10, "");         /* outside of the text */
    assert_int_equal(compile(&b, &t), PP_OK);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10000)), PP_RULE_SP);
    assert_int_equal(pp_table_rule(t, 0x10001), PP_RULE_SP | CFA(2));
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10006)), PP_RULE_NONE);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10100)), PP_RULE_NONE);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10200)), PP_RULE_NONE);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10300)), PP_RULE_NONE);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10400)), PP_RULE_SP);
    assert_int_equal(t->n_bad, 4);
    pp_table_free(t);
    b = (struct bytes){0};
    put_cie(&b, "zR");
    assert_int_equal(compile(&b, &t), PP_E_NOTFOUND);
    b.n = 0;
    assert_int_equal(compile(&b, &t), PP_E_NOTFOUND);
}

static void order_and_overlap(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct pp_table *t;
    size_t cie = put_cie(&b, "zR");
    FDE(&b, cie, 0x10300, 0x100, "\x0e\x18");
    FDE(&b, cie, 0x10000, 0x200, "\x0e\x10"); /* runs into the next one, which counts from its start on */
    FDE(&b, cie, 0x10100, 0x100, "\x0e\x20");
    put32(&b, 0); /* terminator: what follows is not read */
    FDE(&b, cie, 0x10800, 0x100, "");
    assert_int_equal(compile(&b, &t), PP_OK);
    assert_int_equal(pp_rule_cfa_bytes(pp_table_rule(t, 0x100ff)), 0x10);
    assert_int_equal(pp_rule_cfa_bytes(pp_table_rule(t, 0x10100)), 0x20);
    assert_int_equal(pp_rule_cfa_bytes(pp_table_rule(t, 0x103ff)), 0x18);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10250)), PP_RULE_NONE);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10800)), PP_RULE_NONE);
    pp_table_free(t);
}

/* .debug_frame: CIE id -1, offsets from the section's start, absolute addresses of 8 bytes. */
static void debug_frame(void **state)
{
    (void)state;
    struct bytes b = {0};
    put32(&b, 0);
    put32(&b, UINT32_MAX);
    put(&b, "\x04\x00\x08\x00\x01\x78\x10\x0c\x07\x08\x90\x01", 12);
    end_entry(&b, 0);
    size_t at = b.n;
    put32(&b, 0);
    put32(&b, 0);
    uint64_t start = 0x10040, size = 0x20;
    put(&b, &start, 8);
    put(&b, &size, 8);
    put(&b, "\x44\x0e\x10", 3);
    end_entry(&b, at);
    struct pp_frame_section s = {
        .bytes = {(const char *)b.p, b.n}, .is_debug_frame = true, .text_vaddr = TEXT, .text_end = TEXT_END};
    struct pp_table *t;
    assert_int_equal(pp_table_compile(&s, &t, NULL), PP_OK);
    assert_int_equal(pp_rule_cfa_bytes(pp_table_rule(t, 0x10043)), 8);
    assert_int_equal(pp_rule_cfa_bytes(pp_table_rule(t, 0x10044)), 16);
    assert_int_equal(pp_rule_kind(pp_table_rule(t, 0x10060)), PP_RULE_NONE);
    pp_table_free(t);
}

/* Every prefix, and every single byte changed, at the end of readable memory. */
static void damaged_sections(void **state)
{
    (void)state;
    struct bytes b = {0};
    size_t cie = put_cie(&b, "zR");
    FDE(&b, cie, 0x10000, 0x100, "\x41\x0e\x10\x86\x02\x43\x0d\x06\x0f\x03\x76\x78\x06");
    FDE(&b, cie, 0x10100, 0x100, "\x0a\x41\x0e\x10\x0b");
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    mprotect(p + 4096, 4096, PROT_NONE);
    struct pp_table *t;
    for (size_t n = 0; n <= b.n; n++) {
        for (size_t i = 0; i <= n; i += n == b.n ? 1 : n + 1) {
            char *at = p + 4096 - n;
            memcpy(at, b.p, n);
            if (i < n) at[i] ^= 0x55;
            struct pp_frame_section s = {.bytes = {at, n}, .vaddr = SECTION, .text_vaddr = TEXT, .text_end = TEXT_END};
            if (pp_table_compile(&s, &t, NULL)) continue;
            for (uint64_t v = TEXT; v < TEXT + 0x200; v++)
                assert_true(pp_rule_kind(pp_table_rule(t, v)) <= PP_RULE_FULL);
            pp_table_free(t);
        }
    }
    munmap(p, 8192);
    struct pp_frame_section s = {
        .bytes = {(const char *)b.p, b.n}, .vaddr = SECTION, .text_vaddr = TEXT, .text_end = TEXT};
    assert_int_equal(pp_table_compile(&s, &t, NULL), PP_E_LIMIT);
    s.text_end = TEXT + ((uint64_t)1 << 32);
    assert_int_equal(pp_table_compile(&s, &t, NULL), PP_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows),
                                       cmocka_unit_test(uncommon_rules),
                                       cmocka_unit_test(broken_entries_are_skipped),
                                       cmocka_unit_test(order_and_overlap),
                                       cmocka_unit_test(debug_frame),
                                       cmocka_unit_test(damaged_sections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
