// SPDX-License-Identifier: Apache-2.0
// Expected values are those of Go's filepath.Base and filepath.Clean.
#include "base/gopath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(pp_str got, const char *want)
{
    if (!pp_str_eq_c(got, want)) fail_msg("got \"%.*s\", want \"%s\"", PP_FMT(got), want);
}

static void base(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", "."},    {"a", "a"},   {"a/b", "b"}, {"/a/b/", "b"}, {"/", "/"},
                                           {"///", "/"}, {"a//", "a"}, {"/a", "a"},  {"a/.", "."},   {"x/..", ".."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(pp_go_path_base(pp_str_c(cases[i][0])), cases[i][1]);
}

static void clean(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", "."},
                                           {".", "."},
                                           {"..", ".."},
                                           {"/", "/"},
                                           {"//", "/"},
                                           {"/..", "/"},
                                           {"/../a", "/a"},
                                           {"a/..", "."},
                                           {"a/../..", ".."},
                                           {"a/../../b", "../b"},
                                           {"../../a", "../../a"},
                                           {"a//b", "a/b"},
                                           {"a/./b", "a/b"},
                                           {"a/b/", "a/b"},
                                           {"./a", "a"},
                                           {"/a/b/../c", "/a/c"},
                                           {"../a/../..", "../.."},
                                           {"a/b/c/../../d", "a/d"},
                                           {"/./", "/"},
                                           {"a/...", "a/..."},
                                           {"abc/./../def", "def"},
                                           {"../..//x", "../../x"},
                                           {"/a/../..", "/"},
                                           {"a..b/.c", "a..b/.c"}};
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(pp_go_path_clean(&a, pp_str_c(cases[i][0])), cases[i][1]);
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(base), cmocka_unit_test(clean)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
