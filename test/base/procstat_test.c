// SPDX-License-Identifier: Apache-2.0
#include "base/procstat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define REST " 1 2 3 0 -1 4194560 9 8 7 6 5 4 3 2 20 0 "

static void reads_a_strange_name(void **state)
{
    (void)state;
    struct pp_procstat s;
    assert_true(pp_procstat_parse(PP_STR("4711 (a) R (b) 1 2) Z" REST "17 0 987654321 1 2 3\n"), &s));
    assert_int_equal(s.pid, 4711);
    assert_int_equal(s.parent, 1);
    assert_int_equal(s.state, 'Z');
    assert_int_equal(s.n_threads, 17);
    assert_int_equal(s.start_ticks, 987654321);
}

static void refuses_what_is_cut(void **state)
{
    (void)state;
    struct pp_procstat s;
    static const char whole[] = "4711 (a) S" REST "17 0 98 1";
    for (size_t n = 0; n < sizeof whole - sizeof "98 1"; n++)
        assert_false(pp_procstat_parse((pp_str){whole, n}, &s));
    assert_true(pp_procstat_parse(pp_str_c(whole), &s));
    assert_false(pp_procstat_parse(PP_STR("x (a) S" REST "17 0 98 1"), &s));
    assert_false(pp_procstat_parse(PP_STR("4711 (a) SS" REST "17 0 98 1"), &s));
}

static void reads_this_process(void **state)
{
    (void)state;
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    struct pp_procstat s;
    assert_true(pp_procstat_parse((pp_str){text, n}, &s));
    assert_int_equal(s.pid, getpid());
    assert_int_equal(s.n_threads, 1);
    assert_true(s.start_ticks > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_strange_name),
        cmocka_unit_test(refuses_what_is_cut),
        cmocka_unit_test(reads_this_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
