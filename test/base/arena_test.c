// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/vec.h"

static void aligns_and_zeroes(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    for (size_t align = 1; align <= 4096; align *= 2)
        for (size_t size = 0; size < 300; size += 37) {
            unsigned char *p = pp_alloc(&a, size, align);
            assert_int_equal((uintptr_t)p % align, 0);
            for (size_t i = 0; i < size; i++) assert_int_equal(p[i], 0);
            memset(p, 0xff, size);
        }
    pp_arena_reset(&a);
    unsigned char *p = pp_alloc(&a, 1000, 1);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(p[i], 0);
    pp_arena_release(&a);
}

static void is_zero_again_after_reset(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    memset(pp_alloc(&a, 50000, 1), 0xff, 50000);
    for (int round = 0; round < 3; round++) {
        pp_arena_reset(&a);
        unsigned char *p = pp_alloc(&a, 60000, 1);
        for (size_t i = 0; i < 60000; i++) assert_int_equal(p[i], 0);
        memset(p, 0xff, 60000);
    }
    pp_arena_release(&a);
}

static void says_when_memory_ends(void **state)
{
    (void)state;
    struct pp_arena a;
    pp_arena_init(&a, 1 << 20, NULL);
    assert_non_null(pp_alloc(&a, 1000, 8));
    assert_null(pp_alloc(&a, 2 << 20, 8));
    assert_true(a.failed);
    assert_null(pp_alloc_n(&a, SIZE_MAX / 2, 8, 8));
    pp_arena_release(&a);
}

static void reserve_takes_one_chunk(void **state)
{
    (void)state;
    struct pp_arena a = {.max_bytes = 1 << 20};
    assert_true(pp_arena_reserve(&a, 500000));
    size_t total = a.total_bytes;
    char *first = pp_alloc(&a, 1000, 8), *last = NULL;
    for (int i = 1; i < 500; i++) last = pp_alloc(&a, 1000, 8);
    assert_int_equal(last - first, 499000);
    assert_true(pp_arena_reserve(&a, 1)); /* what is left does */
    assert_int_equal(a.total_bytes, total);
    assert_false(pp_arena_reserve(&a, 1 << 20));
    assert_false(a.failed); /* asking is no failure */
    pp_arena_release(&a);
}

static void vectors_grow(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    PP_VEC(uint32_t) v = {0}, w = {0};
    for (uint32_t i = 0; i < 100000; i++) {
        *PP_PUSH(&a, &v) = i;
        if (i % 3 == 0) *PP_PUSH(&a, &w) = i;
    }
    assert_int_equal(v.n, 100000);
    for (uint32_t i = 0; i < v.n; i++) assert_int_equal(v.p[i], i);
    for (uint32_t i = 0; i < w.n; i++) assert_int_equal(w.p[i], 3 * i);
    pp_arena_release(&a);
}

static void pages_grow_where_they_are(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    char *x = NULL, *y = NULL;
    for (size_t n = 1; n < 10 << 20; n *= 3) {
        x = pp_arena_grow_pages(&a, x, n);
        y = pp_arena_grow_pages(&a, y, n);
        assert_non_null(x);
        assert_non_null(y);
        assert_int_equal((uintptr_t)x % 16, 0);
        assert_int_equal(x[n - 1] | y[n - 1], 0);
        x[n - 1] = 'x';
        y[n - 1] = 'y';
        strcpy(pp_alloc(&a, 8, 1), "between"); /* other blocks stay where they are */
        for (size_t k = 1; k <= n; k *= 3)
            assert_true(x[k - 1] == 'x' && y[k - 1] == 'y');
    }
    pp_arena_release(&a);
    pp_arena_init(&a, 1 << 20, NULL);
    x = pp_arena_grow_pages(&a, NULL, 1000);
    assert_non_null(x);
    assert_null(pp_arena_grow_pages(&a, x, 2 << 20));
    assert_true(a.failed);
    pp_arena_release(&a);
}

static void makes_texts(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    assert_string_equal(pp_arena_fmt(&a, "%s-%d", "x", 7).p, "x-7");
    assert_string_equal(pp_arena_join(&a, PP_STR("ab"), PP_STR("cd")).p, "abcd");
    assert_string_equal(pp_arena_c(&a, pp_str_sub(PP_STR("hello"), 1, 3)), "el");
    pp_arena_release(&a);
}

static void errors_carry_where(void **state)
{
    (void)state;
    struct pp_err e = {0};
    assert_int_equal(pp_fail(&e, PP_E_FORMAT, "unknown location id %d", 17), PP_E_FORMAT);
    assert_int_equal(pp_within(&e, "sample %d", 3), PP_E_FORMAT);
    assert_string_equal(e.text, "sample 3: unknown location id 17");
    char big[3000];
    memset(big, 'x', sizeof big);
    (void)pp_fail(&e, PP_E_IO, "%.*s", (int)sizeof big, big);
    assert_int_equal(e.n, PP_ERR_MAX - 1);
    assert_string_equal(e.text + e.n - 4, "x...");
    assert_int_equal(pp_within(&e, "f"), PP_E_IO);
    assert_int_equal(strlen(e.text), e.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligns_and_zeroes),     cmocka_unit_test(is_zero_again_after_reset),
        cmocka_unit_test(says_when_memory_ends), cmocka_unit_test(vectors_grow),
        cmocka_unit_test(makes_texts),           cmocka_unit_test(errors_carry_where),
        cmocka_unit_test(reserve_takes_one_chunk), cmocka_unit_test(pages_grow_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
