// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/child.h"

/* More than two pipes hold in each direction: feeding and emptying must go on at once. */
static void filters_much(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    size_t n = 3 << 20;
    char *big = pp_alloc(&a, n, 1);
    memset(big, 'x', n);
    pp_str out;
    struct pp_err err;
    assert_int_equal(pp_child_filter(&a, (const char *const[]){"cat", NULL}, (pp_str){big, n}, &out, &err), PP_OK);
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, big, n);
    pp_arena_release(&a);
}

static void tells_how_it_ended(void **state)
{
    (void)state;
    static const struct {
        const char *script, *text;
    } cases[] = {
        {"exit 3", "exit status 3"}, {"kill -KILL $$", "signal: killed"}, {"exec <&-; exit 1", "exit status 1"}};
    struct pp_arena a = {0};
    size_t n = 1 << 20;
    pp_str in = {pp_alloc(&a, n, 1), n}, out;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_err err;
        const char *const argv[] = {"sh", "-c", cases[i].script, NULL};
        assert_int_not_equal(pp_child_filter(&a, argv, in, &out, &err), PP_OK);
        assert_string_equal(err.text, cases[i].text);
    }
    pp_arena_release(&a);
}

static void names_what_is_missing(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_err err;
    pp_str out;
    setenv("PATH", ":relative:/nonexistent:/usr/bin:/bin", 1);
    assert_int_equal(pp_child_filter(&a, (const char *const[]){"no-such-program", NULL}, PP_STR(""), &out, &err),
                     PP_E_NOTFOUND);
    assert_string_equal(err.text, "exec: \"no-such-program\": executable file not found in $PATH");
    assert_int_equal(pp_child_filter(&a, (const char *const[]){"/no/such/program", NULL}, PP_STR(""), &out, &err),
                     PP_E_IO);
    assert_string_equal(err.text, "fork/exec /no/such/program: no such file or directory");
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters_much), cmocka_unit_test(tells_how_it_ended),
                                       cmocka_unit_test(names_what_is_missing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
