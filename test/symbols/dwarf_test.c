// SPDX-License-Identifier: Apache-2.0
/* The parts of the DWARF reader that can be tested without a file: numbers, intervals, paths. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

#include "symbols/dwarf_intervals.h"
#include "symbols/dwarf_line.h"

static struct pp_arena arena;

static void out_of_memory(size_t wanted)
{
    fprintf(stderr, "out of memory (%zu)\n", wanted);
    abort();
}

static struct pp_cursor over(const char *bytes, size_t n) { return pp_cursor_at((pp_str){bytes, n}, 0); }

static void test_numbers(void **state)
{
    (void)state;
    struct pp_cursor c = over("\xe5\x8e\x26\x7f\x80\x7f\x02", 7);
    assert_int_equal(pp_cursor_uleb(&c), 624485);
    assert_int_equal(pp_cursor_sleb(&c), -1);
    assert_int_equal(pp_cursor_sleb(&c), -128);
    assert_int_equal(pp_cursor_sleb(&c), 2);
    assert_false(c.failed);
    assert_int_equal(pp_cursor_uleb(&c), 0);
    assert_true(c.failed);
    c = over("\x80\x80", 2); /* cut inside a number */
    assert_int_equal(pp_cursor_uleb(&c), 0);
    assert_true(c.failed);
    c = over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    assert_true(pp_cursor_uleb(&c) == UINT64_MAX);
    c = over("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00x", 13); /* padded beyond 64 bits */
    assert_int_equal(pp_cursor_uleb(&c), 0);
    assert_int_equal(pp_cursor_u8(&c), 'x');
    c = over("\x01\x02\x03", 3);
    assert_int_equal(pp_cursor_uint(&c, 3), 0x030201);
    assert_int_equal(pp_cursor_uint(&c, 4), 0);
    assert_true(c.failed);
    c = over("ab", 2); /* no NUL */
    assert_int_equal(pp_cursor_c(&c).n, 0);
    assert_true(c.failed);
    c = pp_cursor_at((pp_str){"ab", 2}, 3);
    assert_true(c.failed);
}

/* The innermost of nested ranges: what comes last in the order of the DIEs among those that hold the address. */
static uint32_t innermost(const struct pp_dwarf_range *r, size_t n, uint64_t addr)
{
    uint32_t owner = PP_DWARF_NOBODY;
    for (size_t i = 0; i < n; i++)
        if (r[i].low <= addr && addr < r[i].high) owner = r[i].owner;
    return owner;
}

static uint64_t seed = 42;

static uint64_t below(uint64_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % n;
}

static void make_tree(pp_dwarf_ranges *r, uint64_t low, uint64_t high, int depth)
{
    *PP_PUSH(&arena, r) = (struct pp_dwarf_range){low, high, (uint32_t)r->n};
    for (uint64_t at = low; depth && at < high && below(4);) {
        uint64_t from = at + below(high - at), to = from + 1 + below(high - from);
        make_tree(r, from, to, depth - 1);
        at = to;
    }
}

static void test_intervals(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        pp_dwarf_ranges r = {0};
        /* functions in any order, as compilers emit them */
        for (uint64_t k = 0; k < 8; k++)
            make_tree(&r, 1000 + (k * 5 + 3) % 8 * 64, 1000 + (k * 5 + 3) % 8 * 64 + 1 + below(64), 4);
        struct pp_dwarf_range *copy = PP_NEW_N(&arena, struct pp_dwarf_range, r.n);
        for (size_t i = 0; i < r.n; i++)
            copy[i] = r.p[i];
        struct pp_dwarf_intervals t;
        pp_dwarf_intervals_make(&arena, &arena, copy, r.n, &t);
        for (size_t i = 1; i < t.n; i++)
            assert_true(t.starts[i - 1] < t.starts[i] && t.owners[i - 1] != t.owners[i]);
        for (uint64_t addr = 990; addr < 1530; addr++)
            assert_int_equal(pp_dwarf_intervals_find(&t, addr), innermost(r.p, r.n, addr));
        pp_arena_reset(&arena);
    }
}

/* Ranges that overlap without being nested are nobody's invention: the later one wins, and nothing is lost or invented. */
static void test_broken_intervals(void **state)
{
    (void)state;
    struct pp_dwarf_range r[] = {{10, 20, 0}, {15, 30, 1}, {30, 31, 2}, {12, 14, 3}};
    struct pp_dwarf_intervals t;
    pp_dwarf_intervals_make(&arena, &arena, r, 4, &t);
    const uint32_t none = PP_DWARF_NOBODY;
    const struct {
        uint64_t addr;
        uint32_t owner;
    } want[] = {{9, none}, {10, 0}, {12, 3}, {14, 0}, {15, 1}, {29, 1}, {30, 2}, {31, none}, {UINT64_MAX, none}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(pp_dwarf_intervals_find(&t, want[i].addr), want[i].owner);
    pp_dwarf_intervals_make(&arena, &arena, r, 0, &t);
    assert_int_equal(pp_dwarf_intervals_find(&t, 10), none);
}

static void check_path(uint8_t version, uint32_t dir, const char *name, const char *comp_dir, bool repeat,
                       const char *want)
{
    const struct pp_line_file dirs[] = {{"src", 3, 0}, {"/abs/", 5, 0}, {"../up", 5, 0}};
    const struct pp_line_file files[] = {{"", 0, 0}, {name, (uint32_t)strlen(name), dir}};
    struct pp_line_table t = {
        .version = version, .repeat_relative_dir = repeat, .dirs = dirs, .n_dirs = 3, .files = files, .n_files = 2};
    pp_str path = pp_line_path(&t, 1, pp_str_c(comp_dir), &arena);
    assert_string_equal(pp_arena_c(&arena, path), want);
    assert_ptr_equal(pp_line_path(&t, 1, pp_str_c(comp_dir), &arena).p, path.p);
    assert_int_equal(pp_line_path(&t, 2, pp_str_c(comp_dir), &arena).n, 0);
}

static void test_paths(void **state)
{
    (void)state;
    check_path(4, 0, "a.c", "/build", false, "/build/a.c");
    check_path(4, 1, "a.c", "/build/", false, "/build/src/a.c");
    check_path(4, 2, "a.c", "/build", false, "/abs/a.c");
    check_path(4, 3, "./a.c", "/build", false, "/build/../up/./a.c");
    check_path(4, 1, "/x/a.c", "/build", false, "/x/a.c");
    check_path(4, 9, "a.c", "/build", false, "/build/a.c"); /* no such directory */
    check_path(4, 0, "a.c", "", false, "a.c");
    check_path(5, 0, "a.c", "src", false, "src/a.c");
    check_path(5, 0, "a.c", "src", true, "src/src/a.c");
    check_path(5, 1, "a.c", "/build", true, "/abs/a.c");
    check_path(5, 2, "a.c", "/build", false, "/build/../up/a.c");
    struct pp_line_table t = {.version = 4, .n_files = 1};
    assert_int_equal(pp_line_path(&t, 0, PP_STR("/build"), &arena).n, 0); /* before version 5 there is no file 0 */
}

/* Go: thousands of units, one table of abbreviations. And a table that is long is not read for each of as many units. */
static void test_shared_abbrevs(void **state)
{
    (void)state;
    enum { LONG = 100000 };
    char *bytes = pp_alloc(&arena, 8 + LONG * 5 + 8, 1), *p = bytes;
    memcpy(p, "\x01\x11\x01\x03\x08\x00\x00", 7); /* 1: compile_unit, name: string */
    p += 7;
    for (int i = 0; i < LONG; i++, p += 5)
        memcpy(p, "\x02\x34\x00\x00\x00", 5); /* 2: variable, nothing */
    memcpy(p, "\x03\x11\x00\x00\x00\x00", 6); /* 3: compile_unit */
    p += 6;
    struct pp_dwarf_file f = {
        .arena = &arena, .abbrev = {bytes, (size_t)(p - bytes)}, .abbrev_budget = 4 * (uint64_t)(p - bytes)};
    struct pp_dwarf_unit u = {.file = &f, .version = 4, .address_size = 8, .offset_size = 4};
    struct pp_dwarf_attr attrs[PP_DWARF_ATTRS_MAX];
    uint32_t n;
    uint16_t tag;
    for (int i = 0; i < 5000; i++) {
        assert_true(pp_dwarf_unit_one_abbrev(&u, 1, &tag, attrs, &n));
        assert_int_equal(tag, DW_TAG_compile_unit);
        assert_int_equal(n, 1);
    }
    int reads = 0;
    while (reads < 100 && pp_dwarf_unit_one_abbrev(&u, 3, &tag, attrs, &n))
        reads++;
    assert_int_equal(reads, 4);
    assert_false(pp_dwarf_unit_one_abbrev(&u, 9, &tag, attrs, &n));
    assert_true(f.abbrev_budget < 5 * LONG);
    f.abbrev_budget = 4 * f.abbrev.n;
    for (int i = 0; i < 100; i++)
        assert_false(pp_dwarf_unit_one_abbrev(&u, 9, &tag, attrs, &n));
    assert_int_equal(f.abbrev_budget, 0);
}

int main(void)
{
    pp_arena_init(&arena, 0, out_of_memory);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_intervals),
                                       cmocka_unit_test(test_broken_intervals), cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_shared_abbrevs)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return failed;
}
