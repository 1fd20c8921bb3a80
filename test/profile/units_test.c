// SPDX-License-Identifier: Apache-2.0
#include "profile/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct pp_arena arena;

static const char *label(int64_t v, const char *from, const char *to)
{
    return pp_arena_c(&arena, pp_units_label(&arena, v, pp_str_c(from), pp_str_c(to)));
}

/* The answers are google/pprof's. */
static void labels_are_those_of_google_pprof(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *from, *to, *want;
    } cases[] = {
        {0, "bytes", "auto", "0"},
        {1536, "bytes", "auto", "1.50kB"},
        {1024, "KiloBytes", "mb", "1MB"},
        {-2048, "b", "kb", "-2kB"},
        {5, "count", "minimum", "5"},
        {5, "count", "foo", "5foo"},
        {1, "ns", "s", "0"},
        {999, "us", "auto", "999us"},
        {999, "μs", "auto", "999us"},
        {999, "ΜS", "auto", "999us"},
        {3600, "s", "auto", "1hrs"},
        {90, "seconds", "hr", "0.03hrs"},
        {5, "ms", "bytes", "0.01s"},
        {7, "nanogcu", "auto", "7n*GCU"},
        {1500, "gcu", "auto", "1.50k*GCU"},
        {1, "kb", "wrong", "1024B"},
        {12, "ss", "auto", "12"},
        {3, "n*GCU", "auto", "3"},
        {INT64_MIN, "ns", "hrs", "-2562047.79hrs"},
        {INT64_MAX, "kb", "pb", "8388608PB"},
        {1, "b", "pb", "0"},
        {-1, "b", "pb", "0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(label(cases[i].v, cases[i].from, cases[i].to), cases[i].want);
}

static void percents_have_two_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t v, total;
        const char *want;
    } cases[] = {
        {0, 0, "    0%"},          {1, 3, "33.33%"},          {-1, 3, "33.33%"},
        {99949, 100000, "99.95%"}, {99951, 100000, "  100%"}, {100051, 100000, "100.05%"},
        {1006, 1000, "100.60%"},   {1, 200, "  0.5%"},        {1, 3000000, "3.3e-05%"},
        {5, 0, "    0%"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[PP_UNITS_PERCENT_MAX];
        size_t n = pp_units_percent(buf, cases[i].v, cases[i].total);
        assert_string_equal(buf, cases[i].want);
        assert_int_equal(n, strlen(buf));
    }
}

static void families(void **state)
{
    (void)state;
    assert_true(pp_units_same_family(PP_STR("kB"), PP_STR("bytes")));
    assert_false(pp_units_same_family(PP_STR("kB"), PP_STR("ms")));
    assert_false(pp_units_same_family(PP_STR("count"), PP_STR("count")));
    assert_true(pp_units_compatible(PP_STR("sample"), PP_STR("count"), PP_STR("samples"), PP_STR("count")));
    assert_false(pp_units_compatible(PP_STR("cpu"), PP_STR("ns"), PP_STR("cpu"), PP_STR("bytes")));
}

static void floats_become_integers_as_on_amd64(void **state)
{
    (void)state;
    assert_int_equal(pp_units_int(-1.9), -1);
    assert_true(pp_units_int(1e30) == INT64_MIN);
    assert_true(pp_units_int(__builtin_nan("")) == INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_those_of_google_pprof),
        cmocka_unit_test(percents_have_two_digits),
        cmocka_unit_test(families),
        cmocka_unit_test(floats_become_integers_as_on_amd64),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return failed;
}
