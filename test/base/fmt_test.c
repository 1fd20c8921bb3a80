// SPDX-License-Identifier: Apache-2.0
#include "base/fmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define SAME_AS_LIBC(...)                                                                                              \
    do {                                                                                                               \
        char a[200], b[200];                                                                                           \
        int n = snprintf(a, sizeof a, __VA_ARGS__);                                                                    \
        assert_int_equal(pp_fmt(b, sizeof b, __VA_ARGS__), n);                                                         \
        assert_string_equal(a, b);                                                                                     \
    } while (0)

static void equals_libc(void **state)
{
    (void)state;
    SAME_AS_LIBC("%d|%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42, 42);
    SAME_AS_LIBC("%d %ld %lld %zd", -1, (long)INT64_MIN, (long long)INT64_MAX, (ssize_t)-7);
    SAME_AS_LIBC("%u %lu %#x %#X %x %016lx", 4000000000u, UINT64_MAX, 255, 255, 0, 0xabcdefUL);
    SAME_AS_LIBC("%.3d|%8.3d|%-8.3d|%.0d|%o", 7, 7, 7, 0, 8);
    SAME_AS_LIBC("%s|%10s|%-10s|%.2s|%.*s|%*s", "abc", "abc", "abc", "abc", 1, "xyz", 6, "r");
    SAME_AS_LIBC("%c%%%c %hhd %hu", 'a', 'b', (signed char)-3, (unsigned short)65535);
    SAME_AS_LIBC("%p", (void *)0x1234);
}

static void prints_slices_whole(void **state)
{
    (void)state;
    char b[16];
    assert_int_equal(pp_fmt(b, sizeof b, "<%.*s>", 3, "a\0bc"), 5);
    assert_memory_equal(b, "<a\0b>", 6);
    assert_int_equal(pp_fmt(b, sizeof b, "%5.*s|%.3s", 2, "x\0y", "z\0w"), 7);
    assert_memory_equal(b, "   x\0|z", 8);
}

static void cuts_at_the_room(void **state)
{
    (void)state;
    char b[8];
    assert_int_equal(pp_fmt(b, sizeof b, "%s", "0123456789"), 10);
    assert_string_equal(b, "0123456");
    assert_int_equal(pp_fmt(NULL, 0, "%d", 12345), 5);
    assert_int_equal(pp_fmt(b, 1, "xyz"), 3);
    assert_string_equal(b, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_libc), cmocka_unit_test(prints_slices_whole), cmocka_unit_test(cuts_at_the_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
