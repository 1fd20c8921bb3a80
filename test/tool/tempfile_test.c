// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tool/tempfile.h"

static char dir[] = "/tmp/pprof-tempfile-test-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    pp_tempfile_cleanup();
    char path[sizeof dir + 8];
    snprintf(path, sizeof path, "%s/b/c", dir);
    rmdir(path);
    snprintf(path, sizeof path, "%s/b", dir);
    rmdir(path);
    return rmdir(dir);
}

static void takes_the_first_free_number(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_err err;
    for (int i = 1; i <= 3; i++) {
        int fd;
        pp_str path;
        assert_int_equal(pp_tempfile_new(&a, pp_str_c(dir), PP_STR("p."), ".x", &fd, &path, &err), PP_OK);
        assert_true(pp_str_eq(path, pp_arena_fmt(&a, "%s/p.%03d.x", dir, i)));
        close(fd);
        if (i == 2)
            unlink(path.p);
        else
            pp_tempfile_remove_later(path);
        if (i == 2) { /* the hole is filled first */
            assert_int_equal(pp_tempfile_new(&a, pp_str_c(dir), PP_STR("p."), ".x", &fd, &path, &err), PP_OK);
            assert_true(pp_str_eq(path, pp_arena_fmt(&a, "%s/p.002.x", dir)));
            close(fd);
            pp_tempfile_remove_later(path);
        }
    }
    assert_int_equal(pp_tempfile_new(&a, PP_STR("/no/such"), PP_STR("p"), "", &(int){0}, &(pp_str){0}, &err), PP_E_IO);
    assert_string_equal(err.text, "open /no/such/p001: no such file or directory");
    pp_arena_release(&a);
}

static void makes_the_directory_for_saved_profiles(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_err err;
    pp_str want = pp_arena_fmt(&a, "%s/b/c", dir), got;
    setenv("PPROF_TMPDIR", want.p, 1);
    assert_int_equal(pp_tempfile_saved_dir(&a, &got, &err), PP_OK);
    assert_true(pp_str_eq(got, want));
    assert_int_equal(access(want.p, W_OK), 0);
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_the_first_free_number),
                                       cmocka_unit_test(makes_the_directory_for_saved_profiles)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
