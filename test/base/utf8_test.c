// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/unicode.h"

static void all_runes_survive(void **state)
{
    (void)state;
    for (uint32_t r = 0; r <= PP_RUNE_MAX; r++) {
        bool surrogate = r >= 0xd800 && r < 0xe000;
        char buf[PP_UTF8_MAX];
        size_t n = pp_utf8_encode(buf, r), width;
        assert_int_equal(pp_utf8_decode((pp_str){buf, n}, &width), surrogate ? PP_RUNE_ERROR : r);
        assert_int_equal(width, n);
        for (size_t cut = 1; cut < n; cut++) {
            assert_int_equal(pp_utf8_decode((pp_str){buf, cut}, &width), PP_RUNE_ERROR);
            assert_int_equal(width, 1);
        }
    }
}

static void broken_bytes_are_one_wide(void **state)
{
    (void)state;
    static const char *const broken[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
                                         "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                         "\xff",         "\xe4\xb8",         "\xe4\xb8z"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        size_t width;
        assert_int_equal(pp_utf8_decode(pp_str_c(broken[i]), &width), PP_RUNE_ERROR);
        assert_int_equal(width, 1);
        assert_false(pp_utf8_valid(pp_str_c(broken[i])));
    }
    size_t width;
    pp_utf8_decode(PP_STR(""), &width);
    assert_int_equal(width, 0);
    assert_true(pp_utf8_valid(PP_STR("a\xc3\xa9\xef\xbf\xbd")));
}

static void counts_and_cuts(void **state)
{
    (void)state;
    assert_int_equal(pp_utf8_count(PP_STR("a\xc3\xa9\xff\xe4\xb8\x96")), 4);
    assert_true(pp_str_eq_c(pp_utf8_first(PP_STR("a\xc3\xa9z"), 2), "a\xc3\xa9"));
    assert_true(pp_str_eq_c(pp_utf8_first(PP_STR("ab"), 5), "ab"));
}

static void trims_as_go(const char *s, const char *want)
{
    pp_str got = pp_utf8_trim(pp_str_c(s));
    assert_true(pp_str_eq_c(got, want));
}

static void trims_white_space(void **state)
{
    (void)state;
    trims_as_go("", "");
    trims_as_go(" \t\n\v\f\r", "");
    trims_as_go("\xc2\xa0 a b\xe3\x80\x80\xc2\x85", "a b"); /* U+00A0, U+3000, U+0085 */
    trims_as_go("\xe2\x80\x8bz\x85", "\xe2\x80\x8bz\x85");    /* U+200B is none, nor is a lone byte */
    trims_as_go("\xe2\x80\x8a\xe1\x9a\x80z \xe2\x81\x9f", "z");
}

static void knows_categories(void **state)
{
    (void)state;
    assert_int_equal(pp_unicode_category('a'), PP_UNICODE_LL);
    assert_int_equal(pp_unicode_category(0), PP_UNICODE_CC);
    assert_int_equal(pp_unicode_category(0x4e16), PP_UNICODE_LO);
    assert_int_equal(pp_unicode_category(0x10ffff), PP_UNICODE_CN);
    assert_int_equal(pp_unicode_category(0x10fffd), PP_UNICODE_CO);
    assert_int_equal(pp_unicode_category(0x110000), PP_UNICODE_CN);
    assert_int_equal(pp_unicode_category_set("L"), PP_UNICODE_L);
    assert_int_equal(pp_unicode_category_set("Zs"), 1u << PP_UNICODE_ZS);
    assert_int_equal(pp_unicode_category_set("Xx"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_runes_survive), cmocka_unit_test(broken_bytes_are_one_wide),
                                       cmocka_unit_test(counts_and_cuts), cmocka_unit_test(knows_categories),
                                       cmocka_unit_test(trims_white_space)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
