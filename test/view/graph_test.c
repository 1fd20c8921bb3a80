// SPDX-License-Identifier: Apache-2.0
#include "view/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "make.h"

/* By functions, as the default granularity has it. */
static struct pp_graph *sum(struct pp_arena *a, struct pp_profile *p, bool tree)
{
    for (uint32_t f = 0; f < p->n_functions; f++)
        p->functions[f].filename = 0;
    const struct pp_places_options po = {0};
    const struct pp_graph_options go = {.call_tree = tree};
    return pp_graph_sum(a, pp_places_new(a, p, &po), &go);
}

static uint32_t node(struct pp_graph *g, const char *name)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (pp_str_eq_c(pp_graph_name(g, i), name)) return i;
    fail_msg("no node %s", name);
    return 0;
}

static void expect_node(struct pp_graph *g, const char *name, int64_t flat, int64_t cum)
{
    const struct pp_node *n = &g->nodes[node(g, name)];
    if (n->flat != flat || n->cum != cum)
        fail_msg("%s: flat %lld cum %lld", name, (long long)n->flat, (long long)n->cum);
}

static const struct pp_edge *edge(struct pp_graph *g, const char *src, const char *dst)
{
    PP_EACH_OUT(g, node(g, src), e)
    if (g->edges[e].dst == node(g, dst)) return &g->edges[e];
    return NULL;
}

static void a_recursive_function_counts_once_per_sample(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("5 main f f g f\n3 main f\n2 main g\n0 main zero\n7\n")), false);
    expect_node(g, "main", 0, 10);
    expect_node(g, "f", 8, 8);
    expect_node(g, "g", 2, 7);
    assert_int_equal(g->n_order, 3); /* zero has no value */
    assert_int_equal(pp_graph_link(g, false, 0), 0);
    assert_int_equal(edge(g, "main", "f")->weight, 8);
    assert_int_equal(edge(g, "f", "g")->weight, 5);
    assert_int_equal(edge(g, "g", "f")->weight, 5);
    assert_int_equal(edge(g, "main", "g")->weight, 2);
    assert_null(edge(g, "f", "f"));
}

static void dropped_nodes_leave_residual_edges(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("5 main mid leaf\n3 main leaf\n4 main leaf mid\n")), false);
    uint8_t *mask = PP_NEW_N(a, uint8_t, g->n_nodes);
    mask[node(g, "main")] = mask[node(g, "leaf")] = 1;
    pp_graph_keep(g, mask);
    pp_graph_link(g, false, 0);
    assert_int_equal(g->n_order, 2);
    const struct pp_edge *e = edge(g, "main", "leaf");
    assert_int_equal(e->weight, 12);
    assert_true(e->is_residual);
    expect_node(g, "leaf", 8, 12); /* not the leaf of the third sample */
    assert_int_equal(g->n_edges, 1);
}

static void an_edge_is_inline_when_each_of_its_calls_was(void **state)
{
    struct pp_arena *a = *state;
    struct pp_profile *p = make_profile(a, PP_STR("1 main in<out\n1 main in<out in<other\n1 main other in\n"));
    struct pp_graph *g = sum(a, p, false);
    pp_graph_link(g, false, 0);
    assert_true(edge(g, "out", "in")->is_inline);
    assert_false(edge(g, "main", "out")->is_inline);
    assert_false(edge(g, "other", "in")->is_inline);
    /* Only those to "in" are wanted for top. */
    uint32_t n_all = g->n_edges;
    pp_graph_link(g, true, 0);
    assert_true(g->n_edges < n_all);
    assert_int_equal(edge(g, "out", "in")->weight, 2);
    assert_null(edge(g, "main", "out"));
}

static void light_edges_are_dropped_and_counted(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("5 main f\n3 main g\n1 f g\n")), false);
    assert_int_equal(pp_graph_link(g, false, 3), 1);
    assert_null(edge(g, "f", "g"));
    assert_int_equal(g->nodes[node(g, "f")].n_out, 0);
    assert_int_equal(pp_graph_drop_light_edges(g, 5), 1);
    assert_null(edge(g, "main", "g"));
    assert_int_equal(g->nodes[node(g, "main")].n_out, 1);
}

static void a_residual_edge_beside_a_path_is_redundant(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("9 main f g\n2 main gone g\n1 main gone h\n")), false);
    uint8_t *mask = PP_NEW_N(a, uint8_t, g->n_nodes);
    memset(mask, 1, g->n_nodes);
    mask[node(g, "gone")] = 0;
    pp_graph_keep(g, mask);
    pp_graph_link(g, false, 0);
    pp_graph_sort(g, PP_ORDER_ENTROPY);
    assert_non_null(edge(g, "main", "g"));
    pp_graph_drop_redundant_edges(g);
    assert_null(edge(g, "main", "g"));
    assert_non_null(edge(g, "main", "h")); /* the only way there */
    assert_non_null(edge(g, "f", "g"));
}

static void orders_break_ties_by_name(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("2 r b\n2 r a\n-3 r c\n9 r d\n")), false);
    pp_graph_sort(g, PP_ORDER_FLAT);
    const char *flat[] = {"d", "c", "a", "b", "r"};
    for (uint32_t i = 0; i < 5; i++)
        assert_true(pp_str_eq_c(pp_graph_name(g, g->order[i]), flat[i]));
    pp_graph_sort(g, PP_ORDER_CUM);
    const char *cum[] = {"r", "d", "c", "a", "b"};
    for (uint32_t i = 0; i < 5; i++)
        assert_true(pp_str_eq_c(pp_graph_name(g, g->order[i]), cum[i]));
}

static void a_pruned_tree_ties_children_to_the_caller(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("5 main x f\n3 main f\n2 main x f\n")), true);
    assert_int_equal(g->n_order, 4); /* main, main>x, main>x>f, main>f */
    uint8_t *mask = PP_NEW_N(a, uint8_t, g->n_nodes);
    memset(mask, 1, g->n_nodes);
    mask[node(g, "x")] = 0;
    pp_graph_prune_tree(g, mask);
    uint32_t main = node(g, "main"), n, *out = pp_graph_sorted_out(g, main, &n);
    assert_int_equal(n, 2);
    assert_int_equal(g->edges[out[0]].weight, 7);
    assert_true(g->edges[out[0]].is_residual);
    assert_int_equal(g->edges[out[1]].weight, 3);
    assert_false(g->edges[out[1]].is_residual);
    mask[main] = 0;
    pp_graph_prune_tree(g, mask);
    assert_int_equal(g->n_order, 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(g->nodes[g->order[i]].n_in, 0);
}

static void tags_are_summed_per_group_and_cut(void **state)
{
    struct pp_arena *a = *state;
    struct pp_profile *p = make_profile(
        a,
        PP_STR(
            "5 main f @ k=v bytes#16\n3 main f f @ k=v bytes#16 bytes#16\n1 main @ k=w\n2 main g @ a=b k=v\n4 main\n"));
    struct pp_graph *g = sum(a, p, false);
    pp_graph_tag(g, 0, 2, PP_STR("bytes"), PP_STR("minimum"));
    uint32_t f = node(g, "f"), main = node(g, "main");
    assert_int_equal(g->tag_first[f + 1] - g->tag_first[f], 2);
    const struct pp_tag *t = &g->tags[g->tag_first[f]];
    assert_true(pp_str_eq_c(t[0].name, "k:v"));
    assert_int_equal(t[0].flat, 8);
    assert_int_equal(t[0].cum, 8);
    assert_true(t[1].is_num && t[1].labels == t[0].labels && pp_str_eq_c(t[1].name, "16B"));
    assert_int_equal(t[1].cum, 11); /* each value of a sample counts */
    /* main: k:v, its bytes, a:b\nk:v; k:w is too light. */
    assert_int_equal(g->tag_first[main + 1] - g->tag_first[main], 3);
    assert_true(pp_str_eq_c(g->tags[g->tag_first[main]].name, "a:b\\nk:v"));
    assert_int_equal(g->n_flat_tags[f], 2);
    assert_int_equal(g->n_flat_tags[main], 0);
}

static void only_the_heaviest_tags_are_kept(void **state)
{
    struct pp_arena *a = *state;
    struct pp_profile *p = make_profile(a, PP_STR("1 main f @ k=a bytes#1\n2 main f @ k=b\n3 main f @ k=c bytes#3\n"
                                                  "4 main f @ k=d\n5 main f @ k=e\n6 f main @ k=x\n1 f main @ k=y\n"));
    struct pp_graph *g = sum(a, p, false);
    pp_graph_tag(g, 0, 0, PP_STR("bytes"), PP_STR("minimum"));
    uint32_t f = node(g, "f");
    pp_str names[16];
    uint32_t n = g->tag_first[f + 1] - g->tag_first[f];
    for (uint32_t i = 0; i < n; i++)
        names[i] = g->tags[g->tag_first[f] + i].name;
    /* by flat: e d c b; by cum: x e d c; and c's number, but not that of a */
    const char *want[] = {"k:e", "k:d", "k:c", "k:b", "k:x", "3B"};
    assert_int_equal(n, 6);
    for (uint32_t i = 0; i < n; i++)
        assert_true(pp_str_eq_c(names[i], want[i]));
    assert_int_equal(g->n_flat_tags[f], PP_TAGS_DRAWN);
}

static void tags_of_a_limited_report_belong_to_its_first_nodes(void **state)
{
    struct pp_arena *a = *state;
    struct pp_graph *g = sum(a, make_profile(a, PP_STR("5 main f @ k=v\n1 main @ k=v\n")), false);
    pp_graph_sort(g, PP_ORDER_FLAT);
    pp_graph_tag(g, 1, 0, PP_STR("bytes"), PP_STR("minimum"));
    uint32_t f = node(g, "f"), main = node(g, "main");
    assert_int_equal(g->tag_first[f + 1] - g->tag_first[f], 1);
    assert_int_equal(g->tag_first[main + 1] - g->tag_first[main], 0);
}

/* ---- against a slow and plain way to count ---- */

#define N_NAMES 12

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % n;
}

static pp_str random_samples(struct pp_arena *a)
{
    struct pp_out out;
    pp_out_to_memory(&out, a);
    char stack[16][16];
    uint32_t depth = 0;
    for (uint32_t s = 0; s < 300; s++) {
        depth = random_below(depth + 1);
        while (depth < 12 && random_below(6)) {
            int c = 'a' + (int)random_below(N_NAMES), d = 'a' + (int)random_below(N_NAMES);
            if (random_below(3))
                snprintf(stack[depth++], 16, "%c", c);
            else
                snprintf(stack[depth++], 16, "%c<%c<%c", c, d, 'a' + (int)random_below(N_NAMES));
        }
        pp_out_fmt(&out, "%d", (int)random_below(20) - 4);
        for (uint32_t d = 0; d < depth; d++)
            pp_out_fmt(&out, " %s", stack[d]);
        pp_out_char(&out, '\n');
    }
    return pp_out_bytes(&out);
}

struct plain {
    int64_t flat[N_NAMES], cum[N_NAMES], edge[N_NAMES][N_NAMES];
    bool any[N_NAMES][N_NAMES], residual[N_NAMES][N_NAMES], not_inline[N_NAMES][N_NAMES];
};

static void plain_sample(struct plain *c, const struct pp_profile *p, uint32_t s, const bool *kept)
{
    bool seen[N_NAMES] = {0}, seen_edge[N_NAMES][N_NAMES] = {0}, residual = false;
    int64_t w = p->values[0][s];
    int parent = -1;
    for (uint64_t k = p->loc_off[s + 1]; w && k > p->loc_off[s]; k--) {
        const struct pp_location *l = &p->locations[p->locs[k - 1]];
        for (uint32_t i = l->n_lines; i > 0; i--) {
            int n = pp_profile_str(p, p->functions[p->lines[l->first_line + i - 1].function].name).p[0] - 'a';
            if (!kept[n]) {
                residual = true;
                continue;
            }
            if (!seen[n]) c->cum[n] += w;
            seen[n] = true;
            if (parent >= 0 && parent != n && !seen_edge[parent][n]) {
                seen_edge[parent][n] = c->any[parent][n] = true;
                c->edge[parent][n] += w;
                c->residual[parent][n] |= residual;
                c->not_inline[parent][n] |= i == l->n_lines;
            }
            parent = n;
            residual = false;
        }
    }
    if (parent >= 0 && !residual) c->flat[parent] += w;
}

static void compare_with_plain(struct pp_arena *a, struct pp_graph *g, const bool *kept)
{
    struct plain *c = PP_NEW(a, struct plain);
    for (uint32_t s = 0; s < g->profile->n_samples; s++)
        plain_sample(c, g->profile, s, kept);
    uint32_t n_edges = 0, n_expected = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        int n = pp_graph_name(g, i).p[0] - 'a';
        if (kept[n] && (g->nodes[i].flat != c->flat[n] || g->nodes[i].cum != c->cum[n]))
            fail_msg("sums of %c", n + 'a');
        PP_EACH_OUT(g, i, e)
        {
            int d = pp_graph_name(g, g->edges[e].dst).p[0] - 'a';
            n_edges++;
            if (g->edges[e].weight != c->edge[n][d] || g->edges[e].is_residual != c->residual[n][d] ||
                g->edges[e].is_inline == c->not_inline[n][d])
                fail_msg("edge %c %c", n + 'a', d + 'a');
        }
    }
    for (int i = 0; i < N_NAMES; i++)
        for (int k = 0; k < N_NAMES; k++)
            n_expected += c->any[i][k];
    assert_int_equal(n_edges, n_expected);
}

static void sums_equal_those_of_a_plain_count(void **state)
{
    struct pp_arena *a = *state;
    for (int round = 0; round < 40; round++) {
        struct pp_graph *g = sum(a, make_profile(a, random_samples(a)), false);
        bool kept[N_NAMES];
        uint8_t *mask = PP_NEW_N(a, uint8_t, g->n_nodes);
        for (int i = 0; i < N_NAMES; i++)
            kept[i] = round % 3 == 0 || random_below(3);
        for (uint32_t i = 0; i < g->n_nodes; i++)
            mask[i] = kept[pp_graph_name(g, i).p[0] - 'a'];
        pp_graph_keep(g, mask);
        pp_graph_link(g, false, 0);
        compare_with_plain(a, g, kept);
    }
}

/* The samples of p, `times` one after another. */
static void repeat_samples(struct pp_arena *a, struct pp_profile *p, uint32_t times)
{
    uint32_t n = p->n_samples, *locs = p->locs;
    uint64_t n_locs = p->loc_off[n], *off = p->loc_off;
    int64_t *values = p->values[0];
    p->n_samples = n * times;
    p->locs = PP_NEW_N(a, uint32_t, n_locs * times);
    p->loc_off = PP_NEW_N(a, uint64_t, p->n_samples + 1);
    p->values[0] = PP_NEW_N(a, int64_t, p->n_samples);
    for (uint32_t i = 0; i < times; i++) {
        memcpy(p->locs + i * n_locs, locs, n_locs * sizeof *locs);
        memcpy(p->values[0] + (size_t)i * n, values, n * sizeof *values);
        for (uint32_t s = 1; s <= n; s++)
            p->loc_off[i * n + s] = i * n_locs + off[s];
    }
}

static const struct pp_edge *find_edge(const struct pp_graph *g, uint32_t src, uint32_t dst)
{
    for (uint32_t e = 0; e < g->n_edges; e++)
        if (g->edges[e].src == src && g->edges[e].dst == dst) return &g->edges[e];
    return NULL;
}

static void a_large_profile_is_the_sum_of_its_halves(void **state)
{
    struct pp_arena *a = *state;
    const uint32_t times = 1001;
    pp_str text = random_samples(a);
    struct pp_profile *small = make_profile(a, text), *large = make_profile(a, text);
    repeat_samples(a, small, 9);
    repeat_samples(a, large, 9 * times);
    assert_true(large->loc_off[large->n_samples] > 500000); /* else it isn't halved */
    struct pp_graph *one = sum(a, small, false), *many = sum(a, large, false);
    uint8_t *mask = PP_NEW_N(a, uint8_t, one->n_nodes);
    for (uint32_t i = 0; i < one->n_nodes; i++) {
        assert_int_equal(many->nodes[i].flat, one->nodes[i].flat * times);
        assert_int_equal(many->nodes[i].cum, one->nodes[i].cum * times);
        mask[i] = i % 3 != 0;
    }
    pp_graph_keep(one, mask);
    pp_graph_keep(many, mask);
    assert_int_equal(pp_graph_link(one, false, 0), pp_graph_link(many, false, 0));
    assert_int_equal(many->n_edges, one->n_edges);
    assert_true(one->n_edges > 10);
    for (uint32_t e = 0; e < one->n_edges; e++) {
        const struct pp_edge *x = &one->edges[e], *y = find_edge(many, x->src, x->dst);
        assert_true(y && y->weight == x->weight * times);
        assert_true(y && y->is_inline == x->is_inline);
        assert_true(y && y->is_residual == x->is_residual);
    }
}

/* What top says of a node: whether some call to it is inlined, and whether some is not. */
static int inline_marks(const struct pp_graph *g, uint32_t node)
{
    int marks = 0;
    PP_EACH_IN(g, node, e) marks |= g->edges[e].is_inline ? 1 : 2;
    return marks & 1 ? marks : 0;
}

/* Gives most inlined frames a name that few other frames have. */
static pp_str mostly_inlined(struct pp_arena *a, pp_str text)
{
    char *t = (char *)pp_arena_c(a, text);
    for (size_t i = 0; i + 1 < text.n; i++)
        if (t[i] >= 'a' && random_below(t[i + 1] == '<' ? 4 : 8) >= (t[i + 1] == '<' ? 1 : 7)) t[i] = (char)(t[i] - 32);
    return (pp_str){t, text.n};
}

static void edges_to_inlined_places_are_enough_for_their_marks(void **state)
{
    struct pp_arena *a = *state;
    int n_marks = 0, n_light = 0;
    for (int round = 0; round < 40; round++) {
        struct pp_profile *p = make_profile(a, mostly_inlined(a, random_samples(a)));
        for (uint32_t s = 0; s < p->n_samples && round % 4; s++)
            p->values[0][s] = llabs(p->values[0][s]);
        struct pp_graph *all = sum(a, p, false), *few = sum(a, p, false);
        uint8_t *mask = PP_NEW_N(a, uint8_t, all->n_nodes);
        for (uint32_t i = 0; i < all->n_nodes; i++)
            mask[i] = random_below(3) > 0;
        pp_graph_keep(all, mask);
        pp_graph_keep(few, mask);
        int64_t cutoff = 1 + 12 * round;
        pp_graph_link(all, false, cutoff);
        pp_graph_link(few, true, cutoff);
        for (uint32_t i = 0; i < all->n_order; i++) {
            uint32_t node = all->order[i];
            assert_int_equal(inline_marks(few, node), inline_marks(all, node));
            n_marks += inline_marks(all, node) != 0;
            n_light += all->inlined[node] < cutoff;
        }
    }
    assert_true(n_marks > 20 && n_light > 20);
}

static void an_inlined_call_at_the_cutoff_is_found(void **state)
{
    struct pp_graph *g =
        sum(*state, make_profile(*state, PP_STR("4 main leaf<work\n6 main work leaf<work\n5 main\n")), false);
    pp_graph_link(g, true, 10);
    assert_int_equal(inline_marks(g, node(g, "leaf")), 1);
    pp_graph_link(g, true, 11);
    assert_int_equal(inline_marks(g, node(g, "leaf")), 0);
}

static int setup(void **state)
{
    static struct pp_arena arena;
    pp_arena_init(&arena, 0, make_oom);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    pp_arena_release(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_recursive_function_counts_once_per_sample, setup, teardown),
        cmocka_unit_test_setup_teardown(dropped_nodes_leave_residual_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edge_is_inline_when_each_of_its_calls_was, setup, teardown),
        cmocka_unit_test_setup_teardown(light_edges_are_dropped_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_residual_edge_beside_a_path_is_redundant, setup, teardown),
        cmocka_unit_test_setup_teardown(orders_break_ties_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pruned_tree_ties_children_to_the_caller, setup, teardown),
        cmocka_unit_test_setup_teardown(tags_are_summed_per_group_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_heaviest_tags_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(tags_of_a_limited_report_belong_to_its_first_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_equal_those_of_a_plain_count, setup, teardown),
        cmocka_unit_test_setup_teardown(edges_to_inlined_places_are_enough_for_their_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(an_inlined_call_at_the_cutoff_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_profile_is_the_sum_of_its_halves, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
