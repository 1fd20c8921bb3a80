// SPDX-License-Identifier: Apache-2.0
#include "view/flame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "make.h"

static struct pp_places *places(struct pp_arena *a, struct pp_profile *p)
{
    for (uint32_t f = 0; f < p->n_functions; f++)
        p->functions[f].filename = 0;
    return pp_places_new(a, p, &(struct pp_places_options){0});
}

static uint32_t place(struct pp_places *t, const char *name)
{
    for (uint32_t i = 0; i < t->n_places; i++)
        if (pp_str_eq_c(pp_place_name(t, i), name)) return i;
    fail_msg("no place %s", name);
    return 0;
}

/* Every node is the exact sum of its parts, children are behind it and heaviest first. */
static void expect_sums(const struct pp_flame *f)
{
    uint32_t next = 1;
    for (uint32_t i = 0; i < f->n_nodes; i++) {
        const struct pp_flame_node *n = &f->nodes[i];
        int64_t value = n->self + n->rest, weight = n->self_weight + n->rest_weight, last = INT64_MAX;
        if (n->n_children) assert_int_equal(n->first_child, next);
        for (uint32_t k = 0; k < n->n_children; k++, next++) {
            const struct pp_flame_node *child = &f->nodes[next];
            assert_int_equal(child->parent, i);
            assert_true(child->weight <= last && child->weight >= f->min_weight);
            value += child->value;
            weight += last = child->weight;
        }
        assert_int_equal(value, n->value);
        assert_int_equal(weight, n->weight);
        assert_int_equal(n->rest_frames > 0, n->rest_weight > 0);
    }
    assert_int_equal(next, f->n_nodes);
}

static void put(struct pp_out *o, struct pp_places *t, const struct pp_flame *f, uint32_t i)
{
    const struct pp_flame_node *n = &f->nodes[i];
    pp_out_fmt(o, "%.*s:%lld", n->place == PP_NONE ? 3 : (int)pp_place_name(t, n->place).n,
               n->place == PP_NONE ? "all" : pp_place_name(t, n->place).p, (long long)n->value);
    if (n->rest_frames) pp_out_fmt(o, " rest%u:%lld", n->rest_frames, (long long)n->rest);
    if (!n->n_children) return;
    pp_out_c(o, " (");
    for (uint32_t k = 0; k < n->n_children; k++) {
        if (k) pp_out_char(o, ' ');
        put(o, t, f, n->first_child + k);
    }
    pp_out_char(o, ')');
}

static void expect_tree(struct pp_arena *a, struct pp_places *t, const struct pp_flame_options *o, const char *want)
{
    struct pp_flame f;
    struct pp_err err;
    struct pp_out out;
    if (pp_flame_build(a, t, o, &f, &err)) fail_msg("%s", err.text);
    expect_sums(&f);
    pp_out_to_memory(&out, a);
    put(&out, t, &f, 0);
    pp_str got = pp_out_bytes(&out);
    if (!pp_str_eq_c(got, want)) fail_msg("%.*s\nwanted\n%s", PP_FMT(got), want);
}

#define STACKS "5 main f g\n3 main f\n2 main g f\n0 main zero\n7\n4 main f g\n"

static void stacks_merge_from_the_root(void **state)
{
    struct pp_arena *a = *state;
    struct pp_places *t = places(a, make_profile(a, PP_STR(STACKS)));
    expect_tree(a, t, &(struct pp_flame_options){0}, "all:21 (main:14 (f:12 (g:9) g:2 (f:2)))");
    expect_tree(a, t, &(struct pp_flame_options){.inverted = true},
                "all:21 (g:9 (f:9 (main:9)) f:5 (main:3 g:2 (main:2)))");
}

static void inlined_calls_are_frames(void **state)
{
    struct pp_arena *a = *state;
    struct pp_places *t = places(a, make_profile(a, PP_STR("5 main leaf<work\n2 main work\n1 main work leaf\n")));
    expect_tree(a, t, &(struct pp_flame_options){0}, "all:8 (main:8 (work:8 (leaf:6)))");
    expect_tree(a, t, &(struct pp_flame_options){.inverted = true}, "all:8 (leaf:6 (work:6 (main:6)) work:2 (main:2))");
}

static void what_is_light_is_summed_up(void **state)
{
    struct pp_arena *a = *state;
    struct pp_places *t = places(a, make_profile(a, PP_STR("90 m a\n4 m b x\n3 m c\n2 m d\n1 m a z\n")));
    expect_tree(a, t, &(struct pp_flame_options){.min_share = 0.04},
                "all:100 (m:100 rest2:5 (a:91 rest1:1 b:4 (x:4)))");
    expect_tree(a, t, &(struct pp_flame_options){.min_share = 1}, "all:100 (m:100 rest4:100)");
}

static void a_path_zooms(void **state)
{
    struct pp_arena *a = *state;
    struct pp_places *t = places(a, make_profile(a, PP_STR(STACKS)));
    uint32_t path[] = {place(t, "main"), place(t, "f")};
    struct pp_flame_options o = {.path = path, .n_path = 2};
    struct pp_flame f;
    struct pp_err err;
    expect_tree(a, t, &o, "f:12 (g:9)");
    assert_int_equal(pp_flame_build(a, t, &o, &f, &err), PP_OK);
    assert_int_equal(f.n_above, 2);
    assert_int_equal(f.above[0].value, 21);
    assert_int_equal(f.above[1].value, 14);
    path[1] = place(t, "main");
    assert_int_equal(pp_flame_build(a, t, &o, &f, &err), PP_E_NOTFOUND);
    assert_string_equal(err.text, "no stack has this path");
}

static void too_many_nodes_raise_the_least_weight(void **state)
{
    struct pp_arena *a = *state;
    struct pp_out text;
    struct pp_err err;
    struct pp_flame f;
    pp_out_to_memory(&text, a);
    for (int i = 1; i <= 200; i++)
        pp_out_fmt(&text, "%d main f%d g%d\n", i, i, i);
    struct pp_places *t = places(a, make_profile(a, pp_out_bytes(&text)));
    struct pp_flame_options o = {.min_share = 1e-9, .max_nodes = 150};
    assert_int_equal(pp_flame_build(a, t, &o, &f, &err), PP_OK);
    expect_sums(&f);
    assert_int_equal(f.n_nodes, 2 + 2 * (200 - 127));
    assert_int_equal(f.nodes[0].value, 200 * 201 / 2);
    assert_int_equal(f.min_weight, 128);
    o.min_share = 0;
    assert_int_equal(pp_flame_build(a, t, &o, &f, &err), PP_E_LIMIT);
    o.max_nodes = 402;
    assert_int_equal(pp_flame_build(a, t, &o, &f, &err), PP_OK);
    assert_int_equal(f.n_nodes, 402);
}

static void differences_weigh_by_absolute_values(void **state)
{
    struct pp_arena *a = *state;
    struct pp_places *t = places(a, make_profile(a, PP_STR("5 m a\n-8 m b\n-5 m a x\n")));
    struct pp_flame f;
    struct pp_err err;
    expect_tree(a, t, &(struct pp_flame_options){0}, "all:-8 (m:-8 (a:0 (x:-5) b:-8))");
    assert_int_equal(pp_flame_build(a, t, &(struct pp_flame_options){0}, &f, &err), PP_OK);
    assert_int_equal(f.nodes[0].weight, 18);
}

static void expect_match(struct pp_arena *a, struct pp_places *t, struct pp_flame_options o, const char *name,
                         int64_t want)
{
    int64_t value, weight;
    struct pp_err err;
    uint8_t *wanted = PP_NEW_N(a, uint8_t, t->n_places);
    wanted[place(t, name)] = 1;
    assert_int_equal(pp_flame_match(a, t, &o, wanted, &value, &weight, &err), PP_OK);
    assert_int_equal(value, want);
    assert_int_equal(weight, want);
}

static void a_match_counts_each_stack_once(void **state)
{
    struct pp_arena *a = *state;
    struct pp_places *t = places(a, make_profile(a, PP_STR("5 main f g f\n3 main f\n2 main g\n1 main h\n")));
    uint32_t path[] = {place(t, "main"), place(t, "f")};
    expect_match(a, t, (struct pp_flame_options){0}, "f", 8);
    expect_match(a, t, (struct pp_flame_options){.inverted = true}, "g", 7);
    expect_match(a, t, (struct pp_flame_options){.path = path, .n_path = 2}, "g", 5);
    expect_match(a, t, (struct pp_flame_options){.path = path, .n_path = 2}, "f", 8);
    expect_match(a, t, (struct pp_flame_options){.path = path, .n_path = 2}, "main", 0);
}

/* Random stacks, inlined ones among them, against sums taken the slow way. */
static void any_tree_adds_up(void **state)
{
    struct pp_arena *a = *state;
    uint64_t seed = 42;
    for (int round = 0; round < 60; round++) {
        struct pp_out text;
        pp_out_to_memory(&text, a);
        int64_t total = 0;
        for (int s = 0; s < 40; s++) {
            seed = pp_hash_u64(seed + 1);
            pp_out_fmt(&text, "%d", (int)(seed % 19 + 1));
            total += (int64_t)(seed % 19 + 1);
            for (unsigned d = 0; d < (seed >> 40 & 7); d++) {
                seed = pp_hash_u64(seed + 1);
                pp_out_fmt(&text, seed & 16 ? " f%d<f%d" : " f%d", (int)(seed >> 20 & 3), (int)(seed >> 30 & 3));
            }
            pp_out_char(&text, '\n');
        }
        struct pp_places *t = places(a, make_profile(a, pp_out_bytes(&text)));
        struct pp_flame f;
        struct pp_err err;
        for (int k = 0; k < 8; k++) {
            const struct pp_flame_options o = {
                .inverted = k & 1, .min_share = k & 2 ? 0.02 : 0, .max_nodes = k & 4 ? 500 : 0};
            assert_int_equal(pp_flame_build(a, t, &o, &f, &err), PP_OK);
            expect_sums(&f);
            assert_int_equal(f.nodes[0].value, total);
        }
    }
}

static int set_up(void **state)
{
    static struct pp_arena a;
    pp_arena_init(&a, 0, make_oom);
    *state = &a;
    return 0;
}

static int tear_down(void **state)
{
    pp_arena_release(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stacks_merge_from_the_root),
        TEST(inlined_calls_are_frames),
        TEST(what_is_light_is_summed_up),
        TEST(a_path_zooms),
        TEST(too_many_nodes_raise_the_least_weight),
        TEST(differences_weigh_by_absolute_values),
        TEST(a_match_counts_each_stack_once),
        TEST(any_tree_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
