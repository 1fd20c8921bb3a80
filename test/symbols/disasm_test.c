// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/disasm.h"

static struct pp_arena arena;

static void assert_str(pp_str got, const char *want)
{
    assert_string_equal(pp_arena_c(&arena, got), want);
}

static void assert_inst(const pp_insts *insts, size_t i, struct pp_inst want)
{
    assert_true(i < insts->n);
    const struct pp_inst *got = &insts->p[i];
    assert_int_equal(got->addr, want.addr);
    assert_int_equal(got->line, want.line);
    assert_true(pp_str_eq(got->text, want.text));
    assert_true(pp_str_eq(got->function, want.function));
    assert_true(pp_str_eq(got->file, want.file));
}

static void llvm_says_function_file_and_line(void **state)
{
    (void)state;
    pp_insts insts;
    pp_disasm_parse(&arena, PP_STR("\n/bin/x:\tfile format elf64-x86-64\n\nDisassembly of section .text:\n\n0000000000001130 <main>:\n"
                                   "; main():\n; /src/x.c:3\n    1130:     \tpushq\t%rbp\n; /src/x.h:7\n    1131: c3\n"),
                    &insts);
    assert_int_equal(insts.n, 2);
    assert_inst(&insts, 0, (struct pp_inst){0x1130, PP_STR("pushq\t%rbp"), PP_STR("main"), PP_STR("/src/x.c"), 3});
    assert_inst(&insts, 1, (struct pp_inst){0x1131, PP_STR("c3"), PP_STR("main"), PP_STR("/src/x.h"), 7});
}

static void gnu_says_discriminators(void **state)
{
    (void)state;
    pp_insts insts;
    pp_disasm_parse(&arena, PP_STR("0000000000401000 <ns::f(int)>:\nns::f(int):\n/src/a b.cc:12 (discriminator 3)\n  401000:\tpush   %rbp\n"), &insts);
    assert_int_equal(insts.n, 1);
    assert_inst(&insts, 0, (struct pp_inst){0x401000, PP_STR("push   %rbp"), PP_STR("ns::f(int)"), PP_STR("/src/a b.cc"), 12});
}

static void a_line_without_meaning_forgets(void **state)
{
    (void)state;
    pp_insts insts;
    pp_disasm_parse(&arena, PP_STR("f():\n/x.c:3\n 1: a\n\t...\n 2: b\ng<h>:\n 3: c\n/y.c:99999999999\n 4: d"), &insts);
    assert_int_equal(insts.n, 4);
    assert_inst(&insts, 0, (struct pp_inst){1, PP_STR("a"), PP_STR("f"), PP_STR("/x.c"), 3});
    assert_inst(&insts, 1, (struct pp_inst){2, PP_STR("b"), PP_STR(""), PP_STR(""), 0});
    assert_inst(&insts, 2, (struct pp_inst){3, PP_STR("c"), PP_STR("g<h>"), PP_STR(""), 0});
    assert_inst(&insts, 3, (struct pp_inst){4, PP_STR("d"), PP_STR("g<h>"), PP_STR(""), 0}); /* no 32-bit line */
}

static void addresses_must_fit(void **state)
{
    (void)state;
    pp_insts insts;
    pp_disasm_parse(&arena, PP_STR("ffffffffffffffff: a\n1ffffffffffffffff: b\n 7:c\n"), &insts);
    assert_int_equal(insts.n, 1);
    assert_int_equal(insts.p[0].addr, UINT64_MAX);
}

static void nm_groups_names_of_one_address(void **state)
{
    (void)state;
    struct pp_nm_reader r = {.rest = PP_STR("                 U puts\n0000000000001000 T a\n0000000000001000 W b\nnonsense\n"
                                            "0000000000001010 t c d\n")};
    struct pp_nm_group g;
    assert_true(pp_nm_next(&arena, &r, &g));
    assert_int_equal(g.n_names, 0);
    assert_int_equal(g.end, 0xfff);
    assert_true(pp_nm_next(&arena, &r, &g));
    assert_int_equal(g.n_names, 2);
    assert_int_equal(g.start, 0x1000);
    assert_int_equal(g.end, 0x100f);
    assert_str(g.names[0], "a");
    assert_str(g.names[1], "b");
    assert_true(pp_nm_next(&arena, &r, &g));
    assert_str(g.names[0], "c d");
    assert_int_equal(g.end, UINT64_MAX);
    assert_false(pp_nm_next(&arena, &r, &g));
}

static void nm_without_symbols_has_no_group(void **state)
{
    (void)state;
    struct pp_nm_reader r = {.rest = PP_STR("nm: x: no symbols\n")};
    struct pp_nm_group g;
    assert_false(pp_nm_next(&arena, &r, &g));
}

static void no_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(llvm_says_function_file_and_line), cmocka_unit_test(gnu_says_discriminators),
        cmocka_unit_test(a_line_without_meaning_forgets),   cmocka_unit_test(addresses_must_fit),
        cmocka_unit_test(nm_groups_names_of_one_address),   cmocka_unit_test(nm_without_symbols_has_no_group),
    };
    pp_arena_init(&arena, 0, no_memory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return failed;
}
