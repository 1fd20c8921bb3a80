// SPDX-License-Identifier: Apache-2.0
#include "elf/maps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define ASSERT_STR(s, lit) assert_true(pp_str_eq_c((s), (lit)))

static void fields(void **state)
{
    (void)state;
    struct pp_maps m = {
        .rest = PP_STR(
            "55d0c0de000-55d0c0df000 r-xp 0000a000 fd:1f 9812345678                   /usr/lib/lib foo.so (deleted)\n"
            "7ffe0000-7fff0000 rw-p 00000000 00:00 0                          [stack]\n"
            "7fff1000-7fff2000 rwxs 00000000 00:00 0 \n"
            "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]")};
    struct pp_maps_line l;
    assert_true(pp_maps_next(&m, &l));
    assert_int_equal(l.start, 0x55d0c0de000);
    assert_int_equal(l.end, 0x55d0c0df000);
    assert_int_equal(l.perms, PP_MAPS_R | PP_MAPS_X);
    assert_int_equal(l.offset, 0xa000);
    assert_int_equal(l.dev_major, 0xfd);
    assert_int_equal(l.dev_minor, 0x1f);
    assert_true(l.inode == 9812345678);
    assert_true(l.deleted && pp_maps_is_file(&l));
    ASSERT_STR(l.path, "/usr/lib/lib foo.so");
    assert_true(pp_maps_next(&m, &l));
    ASSERT_STR(l.path, "[stack]");
    assert_int_equal(l.perms, PP_MAPS_R | PP_MAPS_W);
    assert_true(!l.deleted && !pp_maps_is_file(&l));
    assert_true(pp_maps_next(&m, &l));
    ASSERT_STR(l.path, "");
    assert_int_equal(l.perms, PP_MAPS_R | PP_MAPS_W | PP_MAPS_X | PP_MAPS_SHARED);
    assert_true(pp_maps_next(&m, &l));
    ASSERT_STR(l.path, "[vsyscall]");
    assert_true(l.end == 0xffffffffff601000);
    assert_false(pp_maps_next(&m, &l));
    assert_int_equal(m.n_broken, 0);
}

static void broken_lines_are_counted(void **state)
{
    (void)state;
    struct pp_maps m = {.rest = PP_STR("\nhello\n"
                                       "1000-2000 r-xp 0 0:0 0\n"                       /* the one that is fine */
                                       "2000-1000 r-xp 00000000 00:00 0\n"              /* end before start */
                                       "1000-2000 r-zp 00000000 00:00 0\n"              /* perms */
                                       "1000-2000 r-xp 00000000 00:00\n"                /* no inode */
                                       "1000-2000 r-xp 00000000 00:00 12x /a\n"         /* inode with a tail */
                                       "1000-20000000000000000 r-xp 00000000 00:00 0\n" /* above 64 bits */
                                       "1000-2000 r-xp 00000000 100000000:00 0 /a\n"    /* device above 32 bits */
                                       "1000-2000 r-x")};
    struct pp_maps_line l;
    assert_true(pp_maps_next(&m, &l));
    assert_int_equal(l.start, 0x1000);
    assert_false(pp_maps_next(&m, &l));
    assert_int_equal(m.n_broken, 8);
}

static void own_maps(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    pp_str text;
    struct pp_err err;
    enum { REGIONS = 900 }; /* well above one piece of the kernel's text */
    char *p = mmap(NULL, REGIONS * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    for (int i = 0; i < REGIONS; i += 2)
        assert_int_equal(mprotect(p + i * 4096, 4096, PROT_NONE), 0);
    for (int pid = 0;; pid = getpid()) {
        assert_int_equal(pp_maps_read(&a, pid, &text, &err), PP_OK);
        struct pp_maps m = {.rest = text};
        size_t n_ours = 0;
        bool own_code = false;
        for (struct pp_maps_line l; pp_maps_next(&m, &l);) {
            n_ours += l.start >= (uintptr_t)p && l.start < (uintptr_t)p + REGIONS * 4096;
            if ((uintptr_t)&own_maps >= l.start && (uintptr_t)&own_maps < l.end)
                own_code = l.perms & PP_MAPS_X && pp_maps_is_file(&l);
        }
        assert_int_equal(m.n_broken, 0);
        assert_true(n_ours >= REGIONS - 1);
        assert_true(own_code);
        if (pid) break;
    }
    assert_int_equal(pp_maps_read(&a, 0x3ffffff, &text, &err), PP_E_NOTFOUND);
    struct pp_arena small;
    pp_arena_init(&small, 4096, NULL);
    assert_int_equal(pp_maps_read(&small, 0, &text, &err), PP_E_NOMEM);
    pp_arena_release(&small);
    pp_arena_release(&a);
    munmap(p, REGIONS * 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(broken_lines_are_counted),
                                       cmocka_unit_test(own_maps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
