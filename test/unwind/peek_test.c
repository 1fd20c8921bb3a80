// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/peek.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Two readable pages, then a hole. */
static uint8_t *pages_before_a_hole(void)
{
    uint8_t *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(munmap(p + 2 * 4096, 4096), 0);
    for (size_t i = 0; i < 2 * 4096 / 8; i++)
        memcpy(p + 8 * i, &i, 8);
    return p;
}

static void inside_the_range(void **state)
{
    (void)state;
    uint64_t words[4] = {1, 2, 3, 4}, v = 0;
    struct pp_peek m;
    pp_peek_init_own(&m, (uintptr_t)words, (uintptr_t)(words + 4), NULL, 0);
    assert_true(pp_peek_u64(&m, (uintptr_t)words, &v) && v == 1);
    assert_true(pp_peek_u64(&m, (uintptr_t)(words + 3), &v) && v == 4);
    assert_false(pp_peek_u64(&m, (uintptr_t)words + 25, &v)); /* the last byte is outside, and there is no window */
    assert_false(pp_peek_u64(&m, (uintptr_t)words - 8, &v));
    assert_int_equal(m.n_reads, 0);
}

static void a_copy_stands_for_the_stack(void **state)
{
    (void)state;
    uint64_t copy[2] = {7, 8}, v = 0;
    struct pp_peek m;
    pp_peek_init_remote(&m, 1, 0x1000, (const uint8_t *)copy, sizeof copy, NULL, 0);
    assert_true(pp_peek_u64(&m, 0x1008, &v) && v == 8);
    assert_false(pp_peek_u64(&m, 0x1010, &v));
}

static void holes_and_windows(void **state)
{
    (void)state;
    uint8_t *p = pages_before_a_hole(), window[4096];
    uintptr_t at = (uintptr_t)p;
    struct pp_peek m;
    uint64_t v = 0;
    pp_peek_init_own(&m, 0, 0, window, sizeof window);
    assert_true(pp_peek_u64(&m, at + 80, &v) && v == 10);
    assert_true(pp_peek_u64(&m, at + 4000, &v) && v == 500);
    assert_int_equal(m.n_reads, 1);              /* both within one window */
    assert_true(pp_peek_u64(&m, at + 4092, &v)); /* over the page's end */
    assert_true(pp_peek_u64(&m, at + 2 * 4096 - 8, &v) && v == 1023);
    assert_false(pp_peek_u64(&m, at + 2 * 4096 - 4, &v)); /* half of it is in the hole */
    assert_false(pp_peek_u64(&m, at + 2 * 4096, &v));
    assert_false(pp_peek_u64(&m, 0, &v));
    assert_false(pp_peek_u64(&m, UINTPTR_MAX - 3, &v));
    assert_false(pp_peek_u64(&m, (uintptr_t)0x8000000000000000, &v)); /* not canonical */
    assert_int_equal(v, 1023);                                        /* untouched by refusals */
    munmap(p, 2 * 4096);
}

static void reads_are_limited(void **state)
{
    (void)state;
    uint8_t *p = pages_before_a_hole(), window[128];
    struct pp_peek m;
    uint64_t v;
    pp_peek_init_own(&m, 0, 0, window, sizeof window);
    m.max_reads = 3;
    for (uintptr_t i = 0; i < 3; i++)
        assert_true(pp_peek_u64(&m, (uintptr_t)p + i * 512, &v) && v == i * 64);
    assert_false(pp_peek_u64(&m, (uintptr_t)p + 2048, &v));
    assert_true(pp_peek_u64(&m, (uintptr_t)p + 1024, &v)); /* what is in the window stays readable */
    munmap(p, 2 * 4096);
}

static void short_copies(void **state)
{
    (void)state;
    uint8_t *p = pages_before_a_hole(), buf[8192];
    assert_int_equal(pp_peek_copy(0, -1, (uintptr_t)p + 4096, buf, sizeof buf), 4096);
    assert_memory_equal(buf, p + 4096, 4096);
    assert_int_equal(pp_peek_copy(0, -1, (uintptr_t)p + 2 * 4096, buf, 8), 0);
    munmap(p, 2 * 4096);
}

static void other_process_and_mem_file(void **state)
{
    (void)state;
    static uint64_t word = 1;
    pid_t pid = fork();
    if (pid == 0) {
        word = 2;
        for (;;)
            pause();
    }
    uint64_t v = 0;
    for (int i = 0; i < 1000 && v != 2; i++) {
        assert_int_equal(pp_peek_copy(pid, -1, (uintptr_t)&word, &v, 8), 8);
        usleep(1000);
    }
    assert_int_equal(v, 2);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    v = 0; /* a process that does not exist: the descriptor steps in */
    assert_int_equal(pp_peek_copy(0x3ffffff, fd, (uintptr_t)&word, &v, 8), 8);
    assert_int_equal(v, 1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inside_the_range),  cmocka_unit_test(a_copy_stands_for_the_stack),
        cmocka_unit_test(holes_and_windows), cmocka_unit_test(reads_are_limited),
        cmocka_unit_test(short_copies),      cmocka_unit_test(other_process_and_mem_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
