// SPDX-License-Identifier: Apache-2.0
#include "profile/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "profile/labels.h"
#include "profile/sample_index.h"
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

static struct pp_profile *make(const char *types, const char *samples) { return profile_of(&arena, types, samples); }

static const char *combine(struct pp_profile *x, struct pp_profile *y)
{
    struct pp_profile *p;
    if (pp_profile_combine(&arena, (struct pp_profile *[]){x, y}, 2, &p, &err)) return err.text;
    assert_true(pp_profile_valid(p, &err));
    return text_of(&arena, p);
}

static void equal_samples_are_one(void **state)
{
    (void)state;
    struct pp_profile *x = make("n/count", "bin!b a | 1\nunused | 0\nb a | 2 | k=v\n");
    struct pp_profile *y = make("n/count", "c | 7\nb a | 3 | k=v\nbin!b a | 4\nb a | 5 | k=w\n");
    assert_string_equal(combine(x, y), "bin!b a | 5\nb a | 5 | k=v\nc | 7\nb a | 5 | k=w\n");
}

static void ids_are_new_and_zero_sums_vanish(void **state)
{
    (void)state;
    struct pp_profile *p, *x = make("n/count", "b a | 5\nonly a | 2\n"), *y = make("n/count", "b a | -5\n");
    assert_int_equal(pp_profile_merge(&arena, (struct pp_profile *[]){x, y}, 2, &p, &err), PP_OK);
    assert_string_equal(text_of(&arena, p), "only a | 2\n");
    assert_int_equal(p->n_locations, 2);
    assert_int_equal(p->locations[0].id, 1);
    assert_int_equal(p->functions[1].id, 2);
    assert_true(pp_profile_valid(p, &err));
}

static void types_are_reduced_and_units_unified(void **state)
{
    (void)state;
    struct pp_profile *x = make("a/count t/ms z/count", "f | 1 2 3\n"), *y = make("t/ns a/count", "g | 5 6\n");
    x->default_type = pp_profile_intern(x, PP_STR("z"));
    assert_string_equal(combine(x, y), "f | 1 2000000\ng | 6 5\n");
    assert_true(pp_str_eq_c(pp_profile_str(x, x->default_type), "a"));
    assert_string_equal(combine(make("a/x", "f | 1\n"), make("b/x", "f | 1\n")),
                        "profiles have empty common sample type list");
    assert_string_equal(combine(make("a/ns", "f | 1\n"), make("a/kb", "f | 1\n")),
                        "sample types: incompatible types: {a ns 0 0} {a kb 0 0}");
    x = make("a/ns", "f | 1\n"), y = make("a/kb", "f | 1\n");
    x->period_type.type = pp_profile_intern(x, PP_STR("cpu"));
    assert_string_equal(combine(x, y), "period type: incompatible types: {cpu  0 0} {  0 0}"); /* looked at first */
}

static void headers_are_united(void **state)
{
    (void)state;
    struct pp_profile *p, *x = make("n/count", "f | 1\n"), *y = make("n/count", "f | 1\n");
    x->time_nanos = 30, y->time_nanos = 20;
    x->duration_nanos = 5, y->duration_nanos = 6;
    x->period = 1, y->period = 9;
    x->comments = (pp_string_id[]){pp_profile_intern(x, PP_STR("one")), pp_profile_intern(x, PP_STR("two"))},
    x->n_comments = 2;
    y->comments = (pp_string_id[]){pp_profile_intern(y, PP_STR("two")), pp_profile_intern(y, PP_STR("three"))},
    y->n_comments = 2;
    y->doc_url = pp_profile_intern(y, PP_STR("http://x"));
    assert_int_equal(pp_profile_merge(&arena, (struct pp_profile *[]){x, y}, 2, &p, &err), PP_OK);
    assert_int_equal(p->time_nanos, 20);
    assert_int_equal(p->duration_nanos, 11);
    assert_int_equal(p->period, 9);
    assert_int_equal(p->n_comments, 3);
    assert_true(pp_str_eq_c(pp_profile_str(p, p->comments[2]), "three"));
    assert_true(pp_str_eq_c(pp_profile_str(p, p->doc_url), "http://x"));
}

static void mappings_may_move(void **state)
{
    (void)state;
    struct pp_profile *p, *x = make("n/count", "bin!f | 1\n"), *y = make("n/count", "bin!f | 2\n");
    y->mappings[0].start += 0x1000, y->mappings[0].limit += 0x1234, y->locations[0].address += 0x1000;
    assert_int_equal(pp_profile_merge(&arena, (struct pp_profile *[]){x, y}, 2, &p, &err), PP_OK);
    assert_int_equal(p->n_mappings, 2); /* a page longer: another one */
    y->mappings[0].limit -= 0x235;      /* now less than a page */
    assert_int_equal(pp_profile_merge(&arena, (struct pp_profile *[]){x, y}, 2, &p, &err), PP_OK);
    assert_int_equal(p->n_mappings, 1);
    assert_string_equal(text_of(&arena, p), "bin!f | 3\n");
}

/* Tables that stay, change in one entry, shrink, grow and come back. */
static void one_by_one_is_as_all_at_once(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "bin!f g | 1\nbin!h | 2\n",
        "bin!f g | 10\nbin!h | 20\n",
        "bin!f x | 100\nbin!h | 200\n",
        "lib!f g | 1000\nlib!h | 2000\n",
        "g | 3\n",
        "bin!f g | 4\nbin!h | 5 | k=v\nh g f | 6\n",
        "h | 7 | k=v\n",
    };
    enum { N = sizeof texts / sizeof *texts };
    struct pp_profile *p, *one[N], *all[N];
    struct pp_merge *m = pp_merge_begin(&arena);
    for (size_t i = 0; i < N; i++) {
        one[i] = make("n/count", texts[i]), all[i] = make("n/count", texts[i]);
        pp_merge_add(m, one[i]);
        assert_true(pp_profile_valid(one[i], &err));
    }
    struct pp_profile *merged = pp_merge_end(m);
    assert_true(pp_profile_valid(merged, &err));
    assert_string_equal(text_of(&arena, merged),
                        "bin!f g | 15\nbin!h | 222\nbin!f x | 100\nlib!f g | 1000\nlib!h | 2000\ng | 3\n"
                        "bin!h | 5 | k=v\nh g f | 6\nh | 7 | k=v\n");
    assert_int_equal(pp_profile_merge(&arena, all, N, &p, &err), PP_OK);
    assert_string_equal(text_of(&arena, p), text_of(&arena, merged));
}

static void a_base_is_subtracted(void **state)
{
    (void)state;
    struct pp_profile *p;
    const struct pp_base_options plain = {0}, diff = {.diff_base = true}, norm = {.normalize = true};
    struct pp_profile *x = make("n/count", "a | 10\nb | 4\n"), *y = make("n/count", "a | 10\nc | 1\n");
    assert_int_equal(pp_profile_subtract(&arena, x, y, &plain, &p, &err), PP_OK);
    assert_string_equal(text_of(&arena, p), "b | 4\nc | -1\n");
    x = make("n/count", "a | 10\n"), y = make("n/count", "a | 10 | k=v\n");
    assert_int_equal(pp_profile_subtract(&arena, x, y, &diff, &p, &err), PP_OK);
    assert_string_equal(text_of(&arena, p), "a | 10\na | -10 | k=v pprof::base=true\n");
    x = make("n/count", "a | 1\nb | 3\n"), y = make("n/count", "a | 40\n");
    assert_int_equal(pp_profile_subtract(&arena, x, y, &norm, &p, &err), PP_OK);
    assert_string_equal(text_of(&arena, p), "a | -30\nb | 30\n");
}

static void scaling_rounds_half_away_and_drops_rescaled_zeros(void **state)
{
    (void)state;
    struct pp_profile *p = make("a/count b/count", "x | 5 1\ny | 1 7\nz | -5 0\n");
    struct pp_profile *copy = pp_profile_copy(&arena, p);
    pp_profile_scale_n(copy, (double[]){0.1, 1});
    assert_string_equal(text_of(&arena, copy), "x | 1 1\nz | -1 0\n");
    assert_string_equal(text_of(&arena, p), "x | 5 1\ny | 1 7\nz | -5 0\n");
}

static void sample_index(void **state)
{
    (void)state;
    uint32_t i = 9;
    struct pp_profile *p = make("objects/count space/bytes inuse_space/bytes", "x | 1 1 1\n");
    static const struct {
        const char *name;
        uint32_t want;
    } good[] = {{"", 2}, {"1", 1}, {"+1", 1}, {"space", 1}, {"inuse_objects", 0}, {"inuse_space", 1}};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        assert_int_equal(pp_sample_index(p, pp_str_c(good[k].name), &i, &err), PP_OK);
        assert_int_equal(i, good[k].want);
    }
    p->default_type = pp_profile_intern(p, PP_STR("space"));
    assert_int_equal(pp_sample_index(p, PP_STR(""), &i, &err), PP_OK);
    assert_int_equal(i, 1);
    assert_int_equal(pp_sample_index(p, PP_STR("-1"), &i, &err), PP_E_USAGE);
    assert_string_equal(err.text, "sample_index -1 is outside the range [0..2]");
    assert_int_equal(pp_sample_index(p, PP_STR("a\"b"), &i, &err), PP_E_USAGE);
    assert_string_equal(err.text, "sample_index \"a\\\"b\" must be one of: [objects space inuse_space]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_samples_are_one, start, stop),
        cmocka_unit_test_setup_teardown(ids_are_new_and_zero_sums_vanish, start, stop),
        cmocka_unit_test_setup_teardown(types_are_reduced_and_units_unified, start, stop),
        cmocka_unit_test_setup_teardown(headers_are_united, start, stop),
        cmocka_unit_test_setup_teardown(mappings_may_move, start, stop),
        cmocka_unit_test_setup_teardown(one_by_one_is_as_all_at_once, start, stop),
        cmocka_unit_test_setup_teardown(a_base_is_subtracted, start, stop),
        cmocka_unit_test_setup_teardown(scaling_rounds_half_away_and_drops_rescaled_zeros, start, stop),
        cmocka_unit_test_setup_teardown(sample_index, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
