// SPDX-License-Identifier: Apache-2.0
#include "base/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void discards_whole_pages_only(void **state)
{
    (void)state;
    char *p = pp_pages_map(4 * PP_PAGE);
    memset(p, 7, 4 * PP_PAGE);
    pp_pages_discard(p + 1, 3 * PP_PAGE - 2); /* pages 1 only: 0 and 2 are touched in part */
    assert_int_equal(p[PP_PAGE - 1], 7);
    assert_int_equal(p[PP_PAGE], 0);
    assert_int_equal(p[2 * PP_PAGE - 1], 0);
    assert_int_equal(p[2 * PP_PAGE], 7);
    pp_pages_discard(p + 3 * PP_PAGE + 5, 10); /* none */
    pp_pages_discard(p, 0);
    assert_int_equal(p[3 * PP_PAGE + 5], 7);
    assert_int_equal(p[0], 7);
    pp_pages_unmap(p, 4 * PP_PAGE);
}

static void grows_and_keeps(void **state)
{
    (void)state;
    char *p = pp_pages_map(PP_PAGE);
    strcpy(p, "kept");
    p = pp_pages_grow(p, PP_PAGE, 100 * PP_PAGE);
    assert_string_equal(p, "kept");
    assert_int_equal(p[100 * PP_PAGE - 1], 0);
    pp_pages_prefer_huge(p, 100 * PP_PAGE);
    assert_string_equal(p, "kept");
    pp_pages_unmap(p, 100 * PP_PAGE);
    assert_null(pp_pages_map(0));
    assert_null(pp_pages_map(SIZE_MAX));
}

static void moves_contents(void **state)
{
    (void)state;
    char *p = pp_pages_map(4 * PP_PAGE), *q = pp_pages_map(4 * PP_PAGE);
    strcpy(p + PP_PAGE, "moved");
    strcpy(q + PP_PAGE, "before");
    strcpy(q + 3 * PP_PAGE, "stays");
    assert_true(pp_pages_move(q + PP_PAGE, p + PP_PAGE, 2 * PP_PAGE));
    assert_string_equal(q + PP_PAGE, "moved");
    assert_string_equal(q + 3 * PP_PAGE, "stays");
    assert_string_equal(p + PP_PAGE, "");
    p[PP_PAGE] = q[2 * PP_PAGE] = 1; /* both may be written */
    assert_false(pp_pages_move(q, (char *)1, PP_PAGE));
    pp_pages_unmap(p, 4 * PP_PAGE);
    pp_pages_unmap(q, 4 * PP_PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discards_whole_pages_only),
        cmocka_unit_test(grows_and_keeps),
        cmocka_unit_test(moves_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
