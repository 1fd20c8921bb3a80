// SPDX-License-Identifier: Apache-2.0
#include "regex/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pp_arena arena;

static void no_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

static struct pp_regex *must_compile(const char *pattern)
{
    struct pp_regex *r;
    struct pp_err err;
    if (pp_regex_compile(&arena, pp_str_c(pattern), &r, &err)) fail_msg("%s", err.text);
    return r;
}

static void check_error(pp_str pattern, const char *want)
{
    struct pp_regex *r = NULL;
    struct pp_err err;
    assert_int_equal(pp_regex_compile(&arena, pattern, &r, &err), PP_E_USAGE);
    assert_null(r);
    assert_string_equal(err.text, want);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    check_error(PP_STR("(a"), "error parsing regexp: missing closing ): `(a`");
    check_error(PP_STR("a**"), "error parsing regexp: invalid nested repetition operator: `**`");
    check_error(PP_STR("x[z-a]"), "error parsing regexp: invalid character class range: `z-a`");
    check_error(PP_STR("a\\"), "error parsing regexp: trailing backslash at end of expression: ``");
    check_error(PP_STR("\\Ca"), "error parsing regexp: invalid escape sequence: `\\C`");
    check_error(PP_STR("a{1001}"), "error parsing regexp: invalid repeat count: `{1001}`");
    check_error(PP_STR("a\xff"), "error parsing regexp: invalid UTF-8: `\xff`");
}

static pp_str repeated(const char *open, const char *inner, const char *close, size_t n)
{
    pp_str s = pp_str_c(inner);
    for (size_t i = 0; i < n; i++)
        s = pp_arena_join(&arena, pp_arena_join(&arena, pp_str_c(open), s), pp_str_c(close));
    return s;
}

static void check_limit(pp_str pattern, const char *want_start)
{
    struct pp_regex *r = NULL;
    struct pp_err err = {0};
    enum pp_code c = pp_regex_compile(&arena, pattern, &r, &err);
    pp_regex_free(r);
    if (!want_start)
        assert_string_equal(err.text, "");
    else
        assert_memory_equal(err.text, want_start, strlen(want_start));
    assert_int_equal(c, want_start ? PP_E_USAGE : PP_OK);
}

/* What Go says to each: it stops at a tree of 1000 levels and at 3.3 million instructions. */
static void has_the_limits_of_go(void **state)
{
    (void)state;
    check_limit(repeated("(", "a", ")", 999), NULL);
    check_limit(repeated("(", "a", ")", 1000), "error parsing regexp: expression nests too deeply: `(((");
    check_limit(repeated("(?:", "a", ")", 1500), NULL);
    check_limit(repeated("(?:", "a", ")*", 1100), "error parsing regexp: expression nests too deeply: `(?:(");
    check_limit(repeated("(x", "", "x{2}y)", 499), NULL);
    check_limit(repeated("(x", "", "x{2}y)", 500), "error parsing regexp: expression nests too deeply: `(x(x");
    pp_str groups = repeated("", "", "(ab|c.)", 600), letters = repeated("", "", "abcdefgh", 600);
    check_limit(pp_arena_fmt(&arena, "(%.*s){1000}", PP_FMT(groups)),
                "error parsing regexp: expression too large: `((ab|c.)(ab");
    check_limit(pp_arena_fmt(&arena, "(%.*s){1000}", PP_FMT(letters)),
                "error parsing regexp: expression too large: `(abcdefghab");
}

static void finds_groups_and_keeps_context(void **state)
{
    (void)state;
    struct pp_regex *r = must_compile("(a)|(b)");
    struct pp_span s[4];
    assert_true(pp_regex_find(r, PP_STR("xb"), 0, s, 4));
    assert_true(s[0].from == 1 && s[0].to == 2 && s[1].from == PP_NOT_FOUND && s[2].from == 1 &&
                s[3].from == PP_NOT_FOUND);
    pp_regex_free(r);
    r = must_compile("^b");
    assert_false(pp_regex_find(r, PP_STR("ab"), 1, s, 1));
    pp_regex_free(r);
    size_t from, to;
    r = must_compile("\xc3\xa9.");
    assert_true(pp_regex_find_span(r, PP_STR("\xff\xc3\xa9\xfe\xfe"), &from, &to));
    assert_true(from == 1 && to == 4);
    assert_true(pp_str_eq_c(pp_regex_pattern(r), "\xc3\xa9."));
    pp_regex_free(r);
}

static void replaces_all(void **state)
{
    (void)state;
    static const char *const cases[][4] = {
        {"a*", "baaac", "<$0>", "<>b<aaa>c<>"},
        {"(\\w)(\\d)", "a1 b2", "${2}$1$$", "1a$ 2b$"},
        {"(x)", "axb", "${1}y$", "axy$b"}, /* a bare dollar stays */
        {"(x)", "axb", "$1y", "ab"},       /* the name is 1y */
        {"^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$", "github.com/a/b/v2.F", "${1}${2}", "github.com/a/b.F"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_regex *r = must_compile(cases[i][0]);
        pp_str got = pp_regex_replace_all(&arena, r, pp_str_c(cases[i][1]), pp_str_c(cases[i][2]));
        assert_string_equal(got.p, cases[i][3]);
        pp_regex_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(has_the_limits_of_go),
        cmocka_unit_test(finds_groups_and_keeps_context),
        cmocka_unit_test(replaces_all),
    };
    pp_arena_init(&arena, 0, no_memory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return failed;
}
