// SPDX-License-Identifier: Apache-2.0
// fuzz: src/unwind/*.c src/unwind/sigsafe/*.c src/elf/*.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/hash.c src/base/pages.c src/base/str.c src/base/vec.c
/* .eh_frame / .debug_frame -> table -> look-ups and a walk over a stack that is fuzzed, too. The first 24 bytes
 * say where things lie. */
#include <string.h>

#include "unwind/compile.h"
#include "unwind/sigsafe/walk.h"

#define TEXT_MAX (1u << 13)

static void check_table(const struct pp_table *t)
{
    for (uint32_t b = 0; b < t->n_buckets; b++) {
        if (t->bucket[b] > t->bucket[b + 1] || t->bucket[b + 1] > t->n_rows) __builtin_trap();
        for (uint32_t i = t->bucket[b]; i < t->bucket[b + 1]; i++) {
            uint32_t low = t->rows_at[i] & ((1u << PP_TABLE_SHIFT) - 1);
            if (i > t->bucket[b] && (t->rows_at[i - 1] & ((1u << PP_TABLE_SHIFT) - 1)) >= low) __builtin_trap();
            if (t->rows_at[i] >> PP_TABLE_SHIFT >= t->n_rules) __builtin_trap();
        }
    }
}

static void walk_from(const struct pp_table *t, uint64_t vaddr, const uint8_t *stack, size_t n)
{
    struct pp_module m = {.start = t->text_vaddr, .end = t->text_vaddr + t->text_size, .table = t};
    struct pp_module_map map = {.generation = 1, .n = 1, .starts = &m.start, .modules = &m};
    struct pp_walk_regs regs = {.pc = vaddr, .known = 0xffff, .pc_is_exact = true};
    struct pp_walk_result result;
    struct pp_peek mem;
    uintptr_t pcs[32];
    for (int i = 0; i < 16; i++)
        regs.r[i] = 0x7000 + (unsigned)i * 8;
    pp_peek_init_remote(&mem, 0, 0x7000, stack, n, NULL, 0);
    size_t got = pp_walk(&map, &regs, &mem, NULL, pcs, 32, &result);
    if (got == 0 || got > 32 || pcs[0] != vaddr + 1) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t head[3];
    if (size < sizeof head) return 0;
    memcpy(head, data, sizeof head);
    struct pp_frame_section s = {.bytes = {(const char *)data + sizeof head, size - sizeof head},
                                 .vaddr = head[0],
                                 .text_vaddr = head[1],
                                 .text_end = head[1] + head[2] % TEXT_MAX,
                                 .is_debug_frame = head[2] >> 63};
    struct pp_table *t;
    if (pp_table_compile(&s, &t, NULL)) return 0;
    check_table(t);
    for (uint64_t v = s.text_vaddr; v < s.text_end; v += 7) {
        uint64_t start = pp_table_function(t, v);
        if (start > v || (start && pp_rule_kind(pp_table_rule(t, v)) == PP_RULE_NONE)) __builtin_trap();
        if (v % 64 == 0) walk_from(t, v, (const uint8_t *)s.bytes.p, s.bytes.n);
    }
    pp_table_free(t);
    return 0;
}
