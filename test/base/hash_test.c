// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define N 50000u

static bool find(const struct pp_hash *t, const uint64_t *keys, uint64_t key, uint64_t hash, uint32_t *ret)
{
    for (struct pp_probe pr = pp_hash_probe(t, hash); pp_hash_next(&pr, ret);)
        if (keys[*ret] == key) return true;
    return false;
}

static void finds_all_and_only_those(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_hash t = {0};
    uint64_t *keys = PP_NEW_N(&a, uint64_t, N);
    for (uint32_t i = 0; i < N; i++) {
        keys[i] = (uint64_t)i * 7919;
        assert_true(pp_hash_add(&a, &t, pp_hash_u64(keys[i]), i));
    }
    for (uint32_t i = 0, at; i < N; i++) {
        assert_true(find(&t, keys, keys[i], pp_hash_u64(keys[i]), &at));
        assert_int_equal(at, i);
        assert_false(find(&t, keys, keys[i] + 1, pp_hash_u64(keys[i] + 1), &at));
    }
    pp_arena_release(&a);
}

static void survives_equal_hashes(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_hash t = {0};
    uint64_t keys[100];
    for (uint32_t i = 0; i < 100; i++) {
        keys[i] = i;
        pp_hash_add(&a, &t, 42, i);
    }
    for (uint32_t i = 0, at; i < 100; i++) assert_true(find(&t, keys, i, 42, &at) && at == i);
    pp_hash_reset(&t);
    uint32_t at;
    assert_false(find(&t, keys, 1, 42, &at));
    pp_arena_release(&a);
}

static void hashes_by_content_and_length(void **state)
{
    (void)state;
    char z[64] = {0};
    for (size_t i = 0; i < 63; i++) assert_true(pp_hash_bytes(z, i, 0) != pp_hash_bytes(z, i + 1, 0));
    char x[40] = "the same bytes at another address", y[41];
    for (int i = 0; i < 40; i++) y[i + 1] = x[i];
    assert_true(pp_hash_bytes(x, 33, 1) == pp_hash_bytes(y + 1, 33, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_all_and_only_those),
                                       cmocka_unit_test(survives_equal_hashes),
                                       cmocka_unit_test(hashes_by_content_and_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
