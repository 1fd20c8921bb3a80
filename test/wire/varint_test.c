// SPDX-License-Identifier: Apache-2.0
#include "wire/varint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void goes_there_and_back(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++)
        for (int d = -1; d <= 1; d++) {
            uint64_t v = (1ull << shift) + (uint64_t)d, got = 0;
            uint8_t buf[PP_VARINT_MAX];
            uint8_t *end = pp_varint_put(buf, v);
            const uint8_t *p = buf;
            assert_int_equal(end - buf, pp_varint_size(v));
            assert_true(pp_varint_get(&p, end, &got));
            assert_true(p == end && got == v);
            p = buf;
            assert_false(pp_varint_get(&p, end - 1, &got));
            assert_true(p == buf);
        }
}

static void ends_after_ten_bytes(void **state)
{
    (void)state;
    const uint8_t ten[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    const uint8_t eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
    const uint8_t *p = ten;
    uint64_t v;
    assert_true(pp_varint_get(&p, ten + sizeof ten, &v));
    assert_true(v == UINT64_MAX); /* bits above 64 are cut off */
    p = eleven;
    assert_false(pp_varint_get(&p, eleven + sizeof eleven, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back),
        cmocka_unit_test(ends_after_ten_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
