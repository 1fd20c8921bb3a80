// SPDX-License-Identifier: Apache-2.0
// Command lines with Go's rules and texts (checked against programs that use Go's package flag).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/goflag.h"

struct values {
    bool top;
    int64_t count;
    double fraction;
    pp_str focus;
};

static enum pp_code parse(struct values *v, int argc, const char **argv, int *ret_first, struct pp_err *err)
{
    const struct pp_flag flags[] = {{"top", PP_TYPE_BOOL, &v->top},
                                    {"nodecount", PP_TYPE_INT, &v->count},
                                    {"nodefraction", PP_TYPE_FLOAT, &v->fraction},
                                    {"focus", PP_TYPE_STR, &v->focus}};
    return pp_goflag_parse(flags, sizeof flags / sizeof *flags, argc, (char **)argv, ret_first, err);
}

#define PARSE(v, first, err, ...)                                                                             \
    parse(&(v), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__}, \
          &(first), &(err))

static void reads_values(void **state)
{
    (void)state;
    struct values v = {0};
    struct pp_err err;
    int first = 0;
    assert_int_equal(
        PARSE(v, first, err, "--top", "-nodecount", "0x10", "-nodefraction=1e-3", "-focus", "-x", "a", "-top=false"),
        PP_OK);
    assert_true(v.top);
    assert_int_equal(v.count, 16);
    assert_true(v.fraction == 1e-3);
    assert_true(pp_str_eq_c(v.focus, "-x"));
    assert_int_equal(first, 6); /* what follows the first word is no flag any more */
}

static void last_one_wins(void **state)
{
    (void)state;
    struct values v = {0};
    struct pp_err err;
    int first = 0;
    assert_int_equal(PARSE(v, first, err, "-top", "-top=F", "-focus=a", "-focus=b=c", "--", "-top"), PP_OK);
    assert_false(v.top);
    assert_true(pp_str_eq_c(v.focus, "b=c"));
    assert_int_equal(first, 5);
}

static void single_dash_is_a_word(void **state)
{
    (void)state;
    struct values v = {0};
    struct pp_err err;
    int first = -1;
    assert_int_equal(PARSE(v, first, err, "-"), PP_OK);
    assert_int_equal(first, 0);
}

static void refuses_in_go_words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *text;
    } cases[] = {
        {"-nosuch", "flag provided but not defined: -nosuch"},
        {"---top", "bad flag syntax: ---top"},
        {"-=x", "bad flag syntax: -=x"},
        {"-focus", "flag needs an argument: -focus"},
        {"-top=maybe", "invalid boolean value \"maybe\" for -top: parse error"},
        {"-top=", "invalid boolean value \"\" for -top: parse error"},
        {"-nodecount=1.5", "invalid value \"1.5\" for flag -nodecount: parse error"},
        {"-nodecount=99999999999999999999",
         "invalid value \"99999999999999999999\" for flag -nodecount: value out of range"},
        {"-nodefraction=1e999", "invalid value \"1e999\" for flag -nodefraction: value out of range"},
        {"-nodecount=\"\n", "invalid value \"\\\"\\n\" for flag -nodecount: parse error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct values v = {0};
        struct pp_err err = {0};
        int first;
        assert_int_equal(PARSE(v, first, err, cases[i].word), PP_E_USAGE);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void help_is_no_error(void **state)
{
    (void)state;
    struct values v = {0};
    struct pp_err err;
    int first;
    assert_int_equal(PARSE(v, first, err, "-h"), PP_E_NOTFOUND);
    assert_int_equal(PARSE(v, first, err, "--help=3"), PP_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values),          cmocka_unit_test(last_one_wins),
        cmocka_unit_test(single_dash_is_a_word), cmocka_unit_test(refuses_in_go_words),
        cmocka_unit_test(help_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
