// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void compares_as_bytes(void **state)
{
    (void)state;
    assert_true(pp_str_eq(PP_STR("abc"), pp_str_c("abc")));
    assert_false(pp_str_eq(PP_STR("abc"), PP_STR("abcd")));
    assert_true(pp_str_cmp(PP_STR("a"), PP_STR("ab")) < 0);
    assert_true(pp_str_cmp(PP_STR("\xff"), PP_STR("a")) > 0);
    assert_int_equal(pp_str_cmp(PP_STR(""), (pp_str){NULL, 0}), 0);
}

static void finds_and_cuts(void **state)
{
    (void)state;
    assert_int_equal(pp_str_find(PP_STR("aaab"), PP_STR("ab")), 2);
    assert_int_equal(pp_str_find(PP_STR("aaa"), PP_STR("aaaa")), PP_NOT_FOUND);
    assert_int_equal(pp_str_find(PP_STR("aaa"), PP_STR("b")), PP_NOT_FOUND);
    pp_str a, b;
    assert_true(pp_str_cut(PP_STR("k=v=w"), '=', &a, &b));
    assert_true(pp_str_eq_c(a, "k") && pp_str_eq_c(b, "v=w"));
    assert_false(pp_str_cut(PP_STR("kv"), '=', &a, &b));
    assert_true(pp_str_eq_c(a, "kv") && b.n == 0);
}

static void iterates_fields(void **state)
{
    (void)state;
    pp_str rest = PP_STR("a,,b,"), f;
    const char *want[] = {"a", "", "b", ""};
    for (int i = 0; i < 4; i++) {
        assert_true(pp_str_next(&rest, ',', &f));
        assert_true(pp_str_eq_c(f, want[i]));
    }
    assert_false(pp_str_next(&rest, ',', &f));
}

static void takes_bases_of_paths(void **state)
{
    (void)state;
    assert_true(pp_str_eq_c(pp_str_base(PP_STR("/a/b")), "b"));
    assert_true(pp_str_eq_c(pp_str_base(PP_STR("/a/b//")), "b"));
    assert_true(pp_str_eq_c(pp_str_base(PP_STR("/")), "/"));
    assert_true(pp_str_eq_c(pp_str_base(PP_STR("")), "."));
}

static void reads_numbers(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_true(pp_str_to_u64(PP_STR("18446744073709551615"), 10, &v));
    assert_true(v == UINT64_MAX);
    assert_false(pp_str_to_u64(PP_STR("18446744073709551616"), 10, &v));
    assert_false(pp_str_to_u64(PP_STR(""), 10, &v));
    assert_false(pp_str_to_u64(PP_STR("1a"), 10, &v));
    assert_true(pp_str_to_u64(PP_STR("7fFf"), 16, &v));
    assert_int_equal(v, 0x7fff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_as_bytes),    cmocka_unit_test(finds_and_cuts), cmocka_unit_test(iterates_fields),
        cmocka_unit_test(takes_bases_of_paths), cmocka_unit_test(reads_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
