// SPDX-License-Identifier: Apache-2.0
#include "wire/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"

static struct pp_arena arena;
static struct pp_err err;

static int start(void **state)
{
    (void)state;
    pp_arena_init(&arena, 0, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

static pp_str text(size_t n)
{
    char *p = pp_alloc(&arena, n, 1);
    srand(3);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)("abcdefgh \n"[rand() % 10]);
    return (pp_str){p, n};
}

static pp_str packed(pp_str plain, int level)
{
    pp_str z;
    assert_int_equal(pp_gzip_compress(&arena, plain, level, &z, &err), PP_OK);
    assert_true(pp_gzip_is(z));
    return z;
}

static void goes_there_and_back(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 100, 65536, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int level = 1; level <= 9; level += 4) {
            pp_str plain = text(sizes[i]), got;
            assert_int_equal(pp_gzip_decompress(&arena, packed(plain, level), 0, &got, &err), PP_OK);
            assert_true(pp_str_eq(plain, got));
        }
}

/* The size that the last member claims is far too small for all: the room has to grow, several times. */
static void members_are_read_through(void **state)
{
    (void)state;
    char *zeros = pp_alloc(&arena, 4000000, 1);
    pp_str big = packed((pp_str){zeros, 4000000}, 6), small = packed(PP_STR("end"), 6), got;
    pp_str both = pp_arena_join(&arena, pp_arena_join(&arena, big, big), small);
    assert_int_equal(pp_gzip_decompress(&arena, both, 0, &got, &err), PP_OK);
    assert_int_equal(got.n, 8000003);
    assert_memory_equal(got.p + 8000000, "end", 3);
    assert_int_equal(pp_gzip_decompress(&arena, both, 8000002, &got, &err), PP_E_LIMIT);
    assert_int_equal(pp_gzip_decompress(&arena, both, 8000003, &got, &err), PP_OK);
}

static void fails_with(pp_str bytes, const char *message)
{
    pp_str got;
    assert_int_equal(pp_gzip_decompress(&arena, bytes, 0, &got, &err), PP_E_FORMAT);
    assert_string_equal(err.text, message);
}

static pp_str changed(pp_str z, size_t at, unsigned char to)
{
    pp_str copy = pp_arena_dup(&arena, z);
    ((char *)(uintptr_t)copy.p)[at] = (char)to;
    return copy;
}

/* The answers are those of Go's compress/gzip on these bytes. */
static void errors_are_those_of_go(void **state)
{
    (void)state;
    pp_str z = packed(text(3000), 6);
    fails_with(PP_STR("\x1f\x8b"), "unexpected EOF");
    fails_with(changed(z, 2, 7), "gzip: invalid header");
    fails_with(pp_str_sub(z, 0, z.n - 9), "unexpected EOF");
    fails_with(pp_str_sub(z, 0, z.n - 1), "unexpected EOF");
    fails_with(changed(z, z.n - 1, 1), "gzip: invalid checksum");
    fails_with(changed(z, z.n - 8, (unsigned char)~z.p[z.n - 8]), "gzip: invalid checksum");
    fails_with(changed(z, 10, 7), "flate: corrupt input before offset 1");
    fails_with(pp_arena_join(&arena, z, PP_STR("x")), "unexpected EOF");
    fails_with(pp_arena_join(&arena, z, PP_STR("0123456789")), "gzip: invalid header");
    fails_with(PP_STR("\x1f\x8b\x08\x02\0\0\0\0\0\xff\0\0"), "gzip: invalid header"); /* its own checksum is wrong */
    fails_with(PP_STR("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x01\0\x01\0x"), "flate: corrupt input before offset 5");
    fails_with(PP_STR("\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\x02\0\0\0\0\0\0\0\0"),
               "flate: corrupt input before offset 2"); /* distance 1 of nothing */
}

/* Reserved header bits: libdeflate would refuse them, Go doesn't look. */
static void what_go_accepts_is_accepted(void **state)
{
    (void)state;
    pp_str z = packed(PP_STR("hello"), 6), got;
    assert_int_equal(pp_gzip_decompress(&arena, changed(z, 3, 0xe0), 0, &got, &err), PP_OK);
    assert_true(pp_str_eq(got, PP_STR("hello")));
}

static void works_without_malloc(void **state)
{
    (void)state;
    pp_gzip_use_pages();
    pp_str plain = text(100000), got;
    assert_int_equal(pp_gzip_decompress(&arena, packed(plain, 1), 0, &got, &err), PP_OK);
    assert_true(pp_str_eq(plain, got));
    struct pp_arena small;
    pp_arena_init(&small, 64 << 10, NULL);
    assert_int_equal(pp_gzip_compress(&small, plain, 1, &got, &err), PP_E_NOMEM);
    assert_int_equal(pp_gzip_decompress(&small, packed(plain, 1), 0, &got, &err), PP_E_NOMEM);
    pp_arena_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_there_and_back, start, stop),
        cmocka_unit_test_setup_teardown(members_are_read_through, start, stop),
        cmocka_unit_test_setup_teardown(errors_are_those_of_go, start, stop),
        cmocka_unit_test_setup_teardown(what_go_accepts_is_accepted, start, stop),
        cmocka_unit_test_setup_teardown(works_without_malloc, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
