// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/memory_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"
#include "profile/legacy/substitute.h"
#include "profile/text_profile.h"

static struct pp_arena arena;
static struct pp_err err;

static int start(void **state)
{
    (void)state;
    pp_arena_init(&arena, 0, no_memory);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

static const char *mappings_of(const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, &arena);
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        const struct pp_mapping *m = &p->mappings[i];
        pp_out_fmt(&o, "%llx-%llx+%llx %.*s %.*s\n", (unsigned long long)m->start, (unsigned long long)m->limit,
                   (unsigned long long)m->offset, PP_FMT(p->strings[m->file]), PP_FMT(p->strings[m->build_id]));
    }
    return pp_arena_c(&arena, pp_out_bytes(&o));
}

static struct pp_profile *with_maps(pp_str text)
{
    struct pp_profile *p = pp_profile_new(&arena);
    struct pp_lines l = {.rest = text};
    if (pp_memory_map_read(p, &l, &err)) fail_msg("%s", err.text);
    return p;
}

static void reads(const char *text, const char *want)
{
    assert_string_equal(mappings_of(with_maps(pp_str_c(text))), want);
}

static void line_forms(void **state)
{
    (void)state;
    reads("00400000-00500000 r-xp 00001000 fd:00 123   /bin/a b\n", "400000-500000+1000 /bin/a \n");
    reads("00400000-00500000 rw-p 00001000 fd:00 123   /bin/a\n", "");
    reads("0x40-0x50 /bin/a (@10) ab12\n", "40-50+10 /bin/a ab12\n");
    reads("40 50: /bin/a ab12\n 60- 70 \n", "40-50+0 /bin/a ab12\n60-70+0  \n");
    reads("40-50 r-xp /bin/a\n40-50 r--p /bin/b\n", "40-50+0 /bin/a \n");
    reads("I file.cc:12] 40-50 /bin/a\n[x] 60-70 /bin/b\n", "40-50+0 /bin/a \n");
    reads("what is this\n10000000000000000-2 /bin/a\n-\n", "");
    reads("12\n", "1-2+0  \n"); /* one run of digits are two numbers */
}

static void names(void **state)
{
    (void)state;
    reads("build=/x\n10-20 $build/bin/a\n", "10-20+0 /x/bin/a \n");
    reads("x = 1 \nxy=2\nx=3\n10-20 $xy\n", "10-20+0 1y \n");       /* the first one wins, and none is replaced */
    reads("y=$x\nx=1\n10-20 $y$x$\n", "10-20+0 $x1$ \n");           /* what was put in stays */
    reads("=/\n10-20 $x$\n", "10-20+0 /x/ \n");                     /* the empty name */
    reads("long=L\nlo=S\n10-20 $lon$long$lo\n", "10-20+0 SnLS \n"); /* each as far as it goes */
}

/* Doubles 25 times: the budget ends it. */
static void names_have_a_budget(void **state)
{
    (void)state;
    struct pp_out o;
    pp_out_to_memory(&o, &arena);
    pp_out_c(&o, "G=0123456789\n");
    for (int i = 1; i < 26; i++)
        pp_out_fmt(&o, "%c=$%c$%c;\n", 'G' + i, 'F' + i, 'F' + i);
    struct pp_profile *p = pp_profile_new(&arena);
    struct pp_lines l = {.rest = pp_out_bytes(&o)};
    size_t before = arena.total_bytes;
    assert_int_equal(pp_memory_map_read(p, &l, &err), PP_E_LIMIT);
    assert_true(
        pp_str_has_prefix((pp_str){err.text, err.n}, PP_STR("memory map: $name substitution makes more than ")));
    assert_true(arena.total_bytes - before < 8 << 20);
}

static void order(void **state)
{
    (void)state;
    /* parts of one file are joined; libraries and [vdso] stay behind the program, which changes places with the first */
    reads("10-20 /lib/a.so\n20-30 /lib/a.so\n30-40 [vdso]\n50-60 /lib/b.so.6\n70-80 /bin/p\n",
          "70-80+0 /bin/p \n30-40+0 [vdso] \n50-60+0 /lib/b.so.6 \n10-30+0 /lib/a.so \n");
    reads("10-20 /a (@8)\n20-30 /a (@18)\n30-40 /a (@19)\n", "10-30+8 /a \n30-40+19 /a \n");
    reads("10-20\n20-30 /b ab\n30-40 /b cd\n", "10-30+0 /b ab\n30-40+0 /b cd\n");
    reads("10-20 (deleted)\n30-40 /lib/x.so(deleted)\n50-60 /p(deleted)\n",
          "50-60+0 /p(deleted) \n30-40+0 /lib/x.so(deleted) \n10-20+0 (deleted) \n");
    reads("10-20 /x.sox\n", "10-20+0 /x.sox \n");
}

static void locate(struct pp_profile *p, const uint64_t *address, uint32_t n)
{
    p->locations = PP_NEW_N(&arena, struct pp_location, n);
    p->n_locations = n;
    for (uint32_t i = 0; i < n; i++)
        p->locations[i] = (struct pp_location){.id = i + 1ull, .address = address[i], .mapping = PP_NONE};
    pp_memory_map_assign(p);
}

static void corrections(void **state)
{
    (void)state;
    struct pp_profile *p = with_maps(PP_STR("500000-600000 /bin/a (@100000)\n"));
    locate(p, (const uint64_t[]){0x410000, 0}, 2);
    assert_string_equal(mappings_of(p), "400000-600000+0 /bin/a \n");
    assert_int_equal(p->locations[0].mapping, 0);
    assert_int_equal(p->locations[1].mapping, PP_NONE); /* no address */

    p = with_maps(PP_STR("1000-2000 /anon_hugepage\n2000-3000 /bin/a\n"));
    locate(p, (const uint64_t[]){0x1800, UINT64_MAX}, 2);
    assert_string_equal(mappings_of(p), "2000-3000+0 /bin/a \n0-ffffffffffffffff+0  \n");
    assert_int_equal(p->locations[0].mapping, 1);
    assert_int_equal(p->locations[1].mapping, 1);

    /* a first part that was left out is found by the first address in it, and then belongs to the mapping for all */
    p = with_maps(PP_STR("3000-4000 /a (@1000)\n2000-2800 /b\n"));
    locate(p, (const uint64_t[]){0x2100, 0x2900, 0x2100, 0x1000}, 4);
    assert_string_equal(mappings_of(p), "2000-4000+0 /a \n2000-2800+0 /b \n0-ffffffffffffffff+0  \n");
    assert_int_equal(p->locations[0].mapping, 1);
    assert_int_equal(p->locations[1].mapping, 0);
    assert_int_equal(p->locations[2].mapping, 0);
    assert_int_equal(p->locations[3].mapping, 2);
}

/* As google/pprof does it: all mappings for each location. */
static uint32_t plain_mapping(struct pp_mapping *m, uint32_t n, uint64_t a, bool has_rest)
{
    for (uint32_t i = 0; i < n; i++)
        if (m[i].start <= a && a < m[i].limit) return i;
    for (uint32_t i = 0; i < n && !has_rest; i++) {
        if (!m[i].offset || m[i].start - m[i].offset > a || a >= m[i].start) continue;
        m[i].start -= m[i].offset;
        m[i].offset = 0;
        return i;
    }
    return n;
}

static void tree_finds_what_a_search_finds(void **state)
{
    (void)state;
    enum { MAPS = 12, PLACES = 40, ROUNDS = 3000 };
    srandom(1);
    for (int round = 0; round < ROUNDS; round++) {
        struct pp_profile *p = pp_profile_new(&arena);
        struct pp_mapping plain[MAPS];
        uint64_t address[PLACES];
        p->n_mappings = (uint32_t)random() % MAPS;
        p->mappings = PP_NEW_N(&arena, struct pp_mapping, MAPS);
        for (uint32_t i = 0; i < p->n_mappings; i++) {
            uint64_t from = (uint64_t)random() % 200;
            p->mappings[i] = (struct pp_mapping){.start = from,
                                                 .limit = from + (uint64_t)random() % 60 - 5,
                                                 .offset = (uint64_t)(random() % 3 ? 0 : random() % 50)};
        }
        memcpy(plain, p->mappings, sizeof plain);
        for (int k = 0; k < PLACES; k++)
            address[k] = (uint64_t)random() % 260 - 3;
        uint32_t n = p->n_mappings;
        locate(p, address, PLACES);
        bool has_rest = false;
        for (uint32_t k = 0; k < PLACES; k++) {
            if (!address[k]) continue;
            uint32_t want = plain_mapping(plain, n, address[k], has_rest);
            has_rest |= want == n;
            assert_int_equal(p->locations[k].mapping, want);
        }
        assert_int_equal(p->n_mappings, n + has_rest);
        for (uint32_t i = 0; i < n; i++)
            assert_true(p->mappings[i].start == plain[i].start && p->mappings[i].offset == plain[i].offset);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(line_forms), TEST(names),       TEST(names_have_a_budget),
                                       TEST(order),      TEST(corrections), TEST(tree_finds_what_a_search_finds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
