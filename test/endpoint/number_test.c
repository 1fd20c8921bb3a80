// SPDX-License-Identifier: Apache-2.0
#include "endpoint/number.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void integers_as_strconv_parses_them(void **state)
{
    (void)state;
    struct {
        const char *text;
        int64_t value;
        bool fine;
    } cases[] = {
        {"0", 0, true},
        {"30", 30, true},
        {"+5", 5, true},
        {"-7", -7, true},
        {"007", 7, true},
        {"", 0, false},
        {"+", 0, false},
        {"-", 0, false},
        {"1x", 0, false},
        {" 1", 0, false},
        {"0x10", 0, false},
        {"1_000", 0, false},
        {"1.5", 0, false},
        {"--1", 0, false},
        {"9223372036854775807", INT64_MAX, true},
        {"9223372036854775808", INT64_MAX, false},
        {"-9223372036854775808", INT64_MIN, true},
        {"-9223372036854775809", INT64_MIN, false},
        {"99999999999999999999999", INT64_MAX, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t v = 42;
        assert_int_equal(pp_endpoint_parse_int(pp_str_c(cases[i].text), &v), cases[i].fine);
        assert_true(v == cases[i].value);
    }
}

static void addresses_as_strconv_parses_them(void **state)
{
    (void)state;
    struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        {"0x401010", 0x401010},
        {"0X4aF", 0x4af},
        {"4198416", 0x401010},
        {"0b101", 5},
        {"0o17", 15},
        {"017", 15},
        {"0", 0},
        {"", 0},
        {"0x", 0},
        {"0xg", 0},
        {"08", 0},
        {"-1", 0},
        {"+1", 0},
        {"0x1\n", 0},
        {"a", 0},
        {"0xffffffffffffffff", UINT64_MAX},
        {"0x10000000000000000", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(pp_endpoint_parse_address(pp_str_c(cases[i].text)) == cases[i].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_as_strconv_parses_them),
        cmocka_unit_test(addresses_as_strconv_parses_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
