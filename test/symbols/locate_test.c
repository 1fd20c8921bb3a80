// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/locate.h"

static pp_str target;
static struct pp_arena arena;

static void out_of_memory(size_t wanted)
{
    fprintf(stderr, "out of memory (%zu)\n", wanted);
    abort();
}

static const char *joined(const pp_locate_paths *paths)
{
    pp_str all = {0};
    for (size_t i = 0; i < paths->n; i++)
        all = pp_arena_fmt(&arena, "%.*s%.*s\n", PP_FMT(all), PP_FMT(paths->p[i]));
    return pp_arena_c(&arena, all);
}

static void test_order(void **state)
{
    (void)state;
    pp_locate_paths paths;
    pp_locate_candidates(&arena, PP_STR("/none/a:/none/b/../c"), PP_STR("/usr/bin/prog"), PP_STR("abcdef"), &paths);
    assert_string_equal(joined(&paths),
                        "/none/a/abcdef/prog\n/none/a/usr/bin/prog/abcdef\n/none/a/ab/cdef.debug\n"
                        "/none/a/prog\n/none/a/usr/bin/prog\n/none/a/usr/bin/prog.debug\n"
                        "/none/a/usr/bin/.debug/prog.debug\n/none/a/usr/lib/debug/usr/bin/prog.debug\n"
                        "/none/c/abcdef/prog\n/none/c/usr/bin/prog/abcdef\n/none/c/ab/cdef.debug\n"
                        "/none/c/prog\n/none/c/usr/bin/prog\n/none/c/usr/bin/prog.debug\n"
                        "/none/c/usr/bin/.debug/prog.debug\n/none/c/usr/lib/debug/usr/bin/prog.debug\n");
    pp_locate_candidates(&arena, PP_STR("/none/a"), PP_STR(""), PP_STR("a"), &paths);
    assert_string_equal(joined(&paths), "/none/a/a\n/none/a/a\n");
    pp_locate_candidates(&arena, PP_STR(""), PP_STR("x"), PP_STR("a"), &paths);
    assert_int_equal(paths.n, 0);
}

static void note(void *ctx, pp_str text) { *(pp_str *)ctx = text; }

static void test_binary(void **state)
{
    (void)state;
    struct pp_object o;
    struct pp_object_mapping m = {.start = 0x400000, .limit = 0x500000};
    pp_str dir = pp_str_sub(target, 0, pp_str_rfind_byte(target, '/')), base = pp_str_base(target), said = {0},
           found = {0};
    assert_int_equal(pp_object_open(&arena, target, &o, NULL), PP_OK);
    assert_true(pp_locate_binary(&arena, dir, base, o.build_id, &m, note, &said, &found));
    assert_true(pp_str_eq(found, target));
    assert_int_equal(said.n, 0);
    assert_false(pp_locate_binary(&arena, dir, base, PP_STR("0123"), &m, note, &said, &found));
    const char *want =
        pp_arena_c(&arena, pp_arena_fmt(&arena, "Ignoring local file %.*s: build-id mismatch (0123 != %.*s)",
                                        PP_FMT(target), PP_FMT(o.build_id)));
    assert_string_equal(pp_arena_c(&arena, said), want);
    pp_object_release(&o);
}

/* What lies in DIR/<build id>/ is taken under any name. */
static void test_glob(void **state)
{
    (void)state;
    char dir[] = "/tmp/pp_locate_XXXXXX", command[2048];
    struct pp_object o;
    struct pp_object_mapping m = {.start = 0x400000, .limit = 0x500000};
    pp_str said = {0}, found = {0};
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pp_object_open(&arena, target, &o, NULL), PP_OK);
    snprintf(command, sizeof command, "mkdir %s/%.*s && ln -s %.*s %s/%.*s/other", dir, PP_FMT(o.build_id),
             PP_FMT(target), dir, PP_FMT(o.build_id));
    assert_int_equal(system(command), 0);
    assert_true(pp_locate_binary(&arena, pp_str_c(dir), PP_STR("/x/prog"), o.build_id, &m, note, &said, &found));
    assert_true(pp_str_has_suffix(found, PP_STR("/other")));
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    pp_object_release(&o);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    target = pp_str_c(realpath(argv[1], NULL)); /* tests go elsewhere */
    pp_arena_init(&arena, 0, out_of_memory);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_binary),
                                       cmocka_unit_test(test_glob)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return failed;
}
