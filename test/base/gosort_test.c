// SPDX-License-Identifier: Apache-2.0
// The order of equal elements is Go's: record_sort.go made the answers. argv: its file.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/gosort.h"

struct element {
    uint64_t key, id;
};

static const char *answers;

static bool less(void *ctx, size_t i, size_t j)
{
    const struct element *all = ctx;
    return all[i].key < all[j].key;
}

static void swap(void *ctx, size_t i, size_t j)
{
    struct element *all = ctx, t = all[i];
    all[i] = all[j];
    all[j] = t;
}

static uint64_t sorted_hash(size_t n, uint64_t keys, uint64_t seed)
{
    struct element *all = calloc(n + 1, sizeof *all);
    uint64_t x = seed, h = 14695981039346656037u;
    assert_non_null(all);
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        all[i] = (struct element){(x >> 33) % keys, i};
        if (seed == 2 && i % 17) all[i].key = i;
        if (seed == 3) all[i].key = (n - i) / (1 + keys % 7);
    }
    struct pp_go_sort s = {less, swap, all};
    pp_go_sort(&s, n);
    for (size_t i = 0; i < n; i++)
        h = (h ^ all[i].id) * 1099511628211u;
    free(all);
    return h;
}

static void ties_are_sorted_as_go_does(void **state)
{
    (void)state;
    FILE *f = fopen(answers, "r");
    assert_non_null(f);
    unsigned long long n, keys, seed, want;
    size_t cases = 0;
    for (; fscanf(f, "%llu %llu %llu %llx", &n, &keys, &seed, &want) == 4; cases++)
        if (sorted_hash(n, keys, seed) != want) fail_msg("%llu elements, %llu keys, seed %llu", n, keys, seed);
    fclose(f);
    assert_int_equal(cases, 280);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ties_are_sorted_as_go_does)};
    if (argc < 2) return 1;
    answers = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
