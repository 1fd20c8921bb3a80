// SPDX-License-Identifier: Apache-2.0
#include "view/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "make.h"

static struct pp_arena arena;

static struct pp_profile *profile_of(const char *text) { return make_profile(&arena, pp_str_c(text)); }

static void expect_text(pp_str got, const char *want)
{
    if (!pp_str_eq_c(got, want)) fail_msg("got \"%.*s\", want \"%s\"", PP_FMT(got), want);
}

static pp_str text_of(struct pp_places *t, uint32_t location)
{
    return pp_places_text(t, t->line_place[t->first[location]]);
}

static void equal_lines_are_one_place(void **state)
{
    (void)state;
    struct pp_profile *p = profile_of("1 main f g<f\n");
    const struct pp_places_options o = {0};
    struct pp_places *t = pp_places_new(&arena, p, &o);
    assert_int_equal(t->n_places, 3);
    assert_true(t->has_inlines);
    assert_int_equal(t->line_place[t->first[1]], t->line_place[t->first[2] + 1]); /* f */
    p->lines[1].line = 7;
    t = pp_places_new(&arena, p, &o);
    assert_int_equal(t->n_places, 4);
    uint32_t f = t->line_place[t->first[1]];
    assert_int_equal(pp_places_whole_function(t, f), t->line_place[t->first[2] + 1]);
    assert_int_equal(t->n_places, 4);
}

static void rows_are_named_by_what_is_known(void **state)
{
    (void)state;
    struct pp_profile *p = profile_of("1 main f g h i k\n");
    p->n_mappings = 1;
    p->mappings = PP_NEW(&arena, struct pp_mapping);
    *p->mappings = (struct pp_mapping){.id = 1, .file = pp_profile_intern(p, PP_STR("/lib/libc.so"))};
    p->functions[0].filename = 0;
    p->locations[0].address = 0x401000;
    p->lines[1].line = 12;
    p->lines[2].line = 12;
    p->lines[2].column = 3;
    p->functions[2].filename = pp_profile_intern(p, PP_STR("/src//x/../g.c"));
    p->locations[3].n_lines = p->locations[4].n_lines = 0;
    p->locations[3].mapping = 0;
    p->functions[5].name = 0;
    p->functions[5].filename = 0;
    const struct pp_places_options o = {0};
    struct pp_places *t = pp_places_new(&arena, p, &o);
    expect_text(text_of(t, 0), "0000000000401000 main");
    expect_text(text_of(t, 1), "f /src/f.c:12");
    expect_text(text_of(t, 2), "g /src/g.c:12:3");
    expect_text(text_of(t, 3), "[libc.so]");
    expect_text(text_of(t, 4), "<unknown>");
    assert_int_equal(t->line_place[t->first[4]], t->line_place[t->first[5]]); /* nothing known of either */
}

/* Expected names are google/pprof's. */
static void file_names_are_trimmed(void **state)
{
    (void)state;
    static const struct {
        const char *path, *trim, *source, *want, *want_again;
    } cases[] = {
        {"/src/a/b.c", "", "", "/src/a/b.c", NULL},
        {"/proc/self/cwd/k/l.c", "", "", "k/l.c", NULL},
        {"/proc/self/cwd/./l.c", "", "", "l.c", NULL},
        {"/src/a/b.c", "/src", "", "a/b.c", NULL},
        {"/src/a/b.c", "/x:/src/", "", "a/b.c", NULL},
        {"/srca/b.c", "/src", "", "/srca/b.c", NULL},
        {"/src/a/b.c", "/x:", "", "src/a/b.c", NULL}, /* an empty element is "/" */
        {"/r/proj/x.c", "", "/z/proj:/q", "x.c", NULL},
        {"/r/proj/x.c", "/r", "/z/proj", "proj/x.c", NULL}, /* source_path only without trim_path */
        {"/r/proj/s/proj/x.c", "", "/z/proj", "s/proj/x.c", "x.c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_profile *p = profile_of("1 main\n");
        p->functions[0].filename = pp_profile_intern(p, pp_str_c(cases[i].path));
        const struct pp_places_options o = {
            .trim = true, .trim_path = pp_str_c(cases[i].trim), .source_path = pp_str_c(cases[i].source)};
        struct pp_places *t = pp_places_new(&arena, p, &o);
        uint32_t place = t->line_place[0];
        expect_text(pp_place_file(t, place), cases[i].want);
        assert_int_equal(pp_places_trim_again(t), cases[i].want_again != NULL);
        assert_int_equal(t->line_place[0] == place, cases[i].want_again == NULL);
        if (cases[i].want_again) expect_text(pp_place_file(t, t->line_place[0]), cases[i].want_again);
    }
}

static int setup(void **state)
{
    (void)state;
    pp_arena_init(&arena, 0, make_oom);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_lines_are_one_place, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_are_named_by_what_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(file_names_are_trimmed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
