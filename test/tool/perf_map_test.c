// SPDX-License-Identifier: Apache-2.0
#include "tool/run/perf_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void out_of_memory(size_t wanted)
{
    (void)wanted;
    fail();
}

static void finds_the_function_around_an_address(void **state)
{
    (void)state;
    struct pp_perf_map m;
    pp_perf_map_init(&m, out_of_memory);
    pp_perf_map_parse(&m, PP_STR("2000 10 LazyCompile:*second a.js:7\n1000 20 first\nbroken\n1000\n1000 zz x\n3000 0 empty\n"
                                 "0x4000 0x8 prefixed\nffffffffffffffff 10 overflow\n2000 30 second again\n"));
    assert_int_equal(m.symbols.n, 4);
    assert_null(pp_perf_map_find(&m, 0xfff));
    assert_true(pp_str_eq_c(pp_perf_map_find(&m, 0x1000)->name, "first"));
    assert_true(pp_str_eq_c(pp_perf_map_find(&m, 0x101f)->name, "first"));
    assert_null(pp_perf_map_find(&m, 0x1020));
    assert_true(pp_str_eq_c(pp_perf_map_find(&m, 0x2005)->name, "second again"));
    assert_true(pp_str_eq_c(pp_perf_map_find(&m, 0x4007)->name, "prefixed"));
    assert_null(pp_perf_map_find(&m, 0x4008));
    pp_arena_release(&m.arena);
}

static void an_empty_map_finds_nothing(void **state)
{
    (void)state;
    struct pp_perf_map m;
    pp_perf_map_init(&m, out_of_memory);
    pp_perf_map_parse(&m, PP_STR(""));
    assert_null(pp_perf_map_find(&m, 1));
    pp_arena_release(&m.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_function_around_an_address),
                                       cmocka_unit_test(an_empty_map_finds_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
