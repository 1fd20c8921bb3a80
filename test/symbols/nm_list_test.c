// SPDX-License-Identifier: Apache-2.0
/* What is found in a list written here; and the list of target.c, whose path is the first argument. nm_test.sh compares whole lists. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

#include "symbols/nm_list.h"

static const char *target;

static void out_of_memory(size_t wanted)
{
    fprintf(stderr, "out of memory (%zu)\n", wanted);
    abort();
}

static const struct pp_nm_symbol items[] = {
    {.name = {"undefined", 9}},
    {.addr = 0x100, .size = 0x10, .name = {"f", 1}, .is_defined = true},
    {.addr = 0x200, .size = 0, .name = {"_start", 6}, .is_defined = true},
    {.addr = 0x300, .size = 0x10, .name = {"table", 5}, .is_defined = true, .is_data = true},
    {.addr = 0x400, .size = 0x20, .name = {"a", 1}, .is_defined = true},
    {.addr = 0x400, .size = 0x20, .name = {"b", 1}, .is_defined = true},
    {.addr = 0x400, .size = 0x20, .name = {"c", 1}, .is_defined = true},
};
static const struct pp_nm_list list = {items, 7};

static void expect(uint64_t base, uint64_t addr, const char *name)
{
    char got[32];
    snprintf(got, sizeof got, "%.*s", PP_FMT(pp_nm_list_find(&list, base, addr + base)));
    assert_string_equal(got, name);
}

static void test_symbols_reach_to_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint64_t base = i ? 0x7f0000000000 : 0;
        expect(base, 0x50, "undefined"); /* as google/pprof reads the list */
        expect(base, 0x100, "f");
        expect(base, 0x1ff, "f");
        expect(base, 0x2ff, "_start");
        expect(base, 0x30f, "table");
        expect(base, 0x310, "");  /* data ends */
        expect(base, 0x400, "b"); /* 7 items: 3, then 5 */
        expect(base, 0x401, "c");
        expect(base, 0x41f, "c");
        expect(base, 0x420, ""); /* behind the last one */
    }
}

/* Loaded below its own addresses the first symbol's sum does not wrap, but the others do: nothing has a name. */
static void test_sums_wrap(void **state)
{
    (void)state;
    assert_int_equal(pp_nm_list_find(&list, UINT64_MAX - 0x7f, 0x90).n, 0);
    assert_int_equal(pp_nm_list_find(&(struct pp_nm_list){0}, 0, 0x100).n, 0);
}

static void test_target(void **state)
{
    (void)state;
    struct pp_arena a;
    struct pp_object o;
    struct pp_nm_list l;
    size_t found = 0;
    pp_arena_init(&a, 0, out_of_memory);
    assert_int_equal(pp_object_open(&a, pp_str_c(target), &o, NULL), PP_OK);
    assert_int_equal(pp_nm_list_read(&a, &o, &l, NULL), PP_OK);
    for (size_t i = 0; i < l.n; i++) {
        if (i && l.items[i].is_defined == l.items[i - 1].is_defined)
            assert_true(l.items[i].addr >= l.items[i - 1].addr);
        if (!pp_str_eq_c(l.items[i].name, "main")) continue;
        found++;
        assert_false(l.items[i].is_data);
        assert_true(pp_str_eq_c(pp_nm_list_find(&l, 0x1000, l.items[i].addr + 0x1000 + l.items[i].size / 2), "main"));
    }
    assert_int_equal(found, 1);
    pp_object_release(&o);
    pp_arena_release(&a);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    target = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols_reach_to_the_next),
        cmocka_unit_test(test_sums_wrap),
        cmocka_unit_test(test_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
