// SPDX-License-Identifier: Apache-2.0
// Expected texts were written by google/pprof for the same profile (test/golden compares many more).
#include "view/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "make.h"

static struct pp_arena arena;

static struct pp_profile *whole_profile(void)
{
    struct pp_profile *p = make_profile(&arena, PP_STR("50000000 main work leaf @ k=v bytes#1024\n"
                                                       "30000000 main work in<out @ k=w\n"
                                                       "20000000 main\n"
                                                       "10000 main rare leaf\n"));
    p->duration_nanos = 200000000;
    p->has_period_type = true;
    p->n_mappings = 1;
    p->mappings = PP_NEW(&arena, struct pp_mapping);
    *p->mappings = (struct pp_mapping){.id = 1,
                                       .start = 0x1000,
                                       .limit = 0x2000,
                                       .file = pp_profile_intern(p, PP_STR("/bin/app")),
                                       .has_functions = true};
    return p;
}

static struct pp_profile *profile_by_function(void)
{
    struct pp_profile *p = whole_profile();
    for (uint32_t f = 0; f < p->n_functions; f++)
        p->functions[f].filename = 0;
    return p;
}

static struct pp_report_options options_of(struct pp_profile *p, enum pp_report_format format)
{
    static struct pp_label_units units;
    pp_labels_units(&arena, p, NULL, NULL, &units);
    struct pp_report_options o = pp_report_defaults();
    o.format = format;
    o.sample_type = pp_profile_str(p, p->types[0].type);
    o.sample_unit = pp_profile_str(p, p->types[0].unit);
    o.total = pp_report_total(p, 0, false);
    o.title = PP_STR("app");
    o.label_units = &units;
    if (format == PP_REPORT_TOP) o.node_count = 0;
    return o;
}

static pp_str write_report(const struct pp_profile *p, const struct pp_report_options *o)
{
    struct pp_out out;
    struct pp_err err;
    pp_out_to_memory(&out, &arena);
    if (pp_report_write(&out, p, o, &err)) fail_msg("%s", err.text);
    return pp_out_bytes(&out);
}

static void expect(pp_str got, const char *want)
{
    if (!pp_str_eq_c(got, want)) fail_msg("got:\n%.*s\nwant:\n%s", PP_FMT(got), want);
}

/* clang-format off */
static void top(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TOP);
    expect(write_report(p, &o),
        "File: app\n"
        "Type: cpu\n"
        "Duration: 200ms, Total samples = 100.01ms (50.01%)\n"
        "Showing nodes accounting for 100.01ms, 100% of 100.01ms total\n"
        "Dropped 1 node (cum <= 0.50ms)\n"
        "      flat  flat%   sum%        cum   cum%\n"
        "   50.01ms 50.00% 50.00%    50.01ms 50.00%  leaf\n"
        "      30ms 30.00% 80.00%       30ms 30.00%  in (inline)\n"
        "      20ms 20.00%   100%   100.01ms   100%  main\n"
        "         0     0%   100%       30ms 30.00%  out\n"
        "         0     0%   100%       80ms 79.99%  work\n");
}

static void tree(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TREE);
    expect(write_report(p, &o),
        "File: app\n"
        "Type: cpu\n"
        "Duration: 200ms, Total samples = 100.01ms (50.01%)\n"
        "Showing nodes accounting for 100.01ms, 100% of 100.01ms total\n"
        "Dropped 1 node (cum <= 0.50ms)\n"
        "----------------------------------------------------------+-------------\n"
        "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"
        "----------------------------------------------------------+-------------\n"
        "                                              50ms   100% |   work\n"
        "   50.01ms 50.00% 50.00%    50.01ms 50.00%                | leaf\n"
        "----------------------------------------------------------+-------------\n"
        "                                              30ms   100% |   out (inline)\n"
        "      30ms 30.00% 80.00%       30ms 30.00%                | in\n"
        "----------------------------------------------------------+-------------\n"
        "      20ms 20.00%   100%   100.01ms   100%                | main\n"
        "                                              80ms 79.99% |   work\n"
        "----------------------------------------------------------+-------------\n"
        "                                              30ms   100% |   work\n"
        "         0     0%   100%       30ms 30.00%                | out\n"
        "                                              30ms   100% |   in (inline)\n"
        "----------------------------------------------------------+-------------\n"
        "                                              80ms   100% |   main\n"
        "         0     0%   100%       80ms 79.99%                | work\n"
        "                                              50ms 62.50% |   leaf\n"
        "                                              30ms 37.50% |   out\n"
        "----------------------------------------------------------+-------------\n");
}

static void traces(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TRACES);
    expect(write_report(p, &o),
        "File: app\n"
        "Type: cpu\n"
        "Duration: 200ms, Total samples = 100.01ms (50.01%)\n"
        "-----------+-------------------------------------------------------\n"
        "         k:  v\n"
        "     bytes:  1kB\n"
        "      50ms   leaf\n"
        "             work\n"
        "             main\n"
        "-----------+-------------------------------------------------------\n"
        "         k:  w\n"
        "      30ms   in (inline)\n"
        "             out\n"
        "             work\n"
        "             main\n"
        "-----------+-------------------------------------------------------\n"
        "      20ms   main\n"
        "-----------+-------------------------------------------------------\n"
        "      10us   leaf\n"
        "             rare\n"
        "             main\n"
        "-----------+-------------------------------------------------------\n");
}

static void tags(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TAGS);
    expect(write_report(p, &o),
        " bytes: Total 50ms of 100.01ms (50.00%)\n"
        "        50ms (50.00%): 1kB\n"
        "\n"
        " k: Total 80ms of 100.01ms (79.99%)\n"
        "    50ms (50.00%): v\n"
        "    30ms (30.00%): w\n"
        "\n");
}

static void dot(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_DOT);
    expect(write_report(p, &o),
        "digraph \"app\" {\n"
        "node [style=filled fillcolor=\"#f8f8f8\"]\n"
        "subgraph cluster_L { \"File: app\" [shape=box fontsize=16 label=\"File: app\\lType: cpu\\lDuration: 200ms, Total samples = 100.01ms (50.01%)\\lShowing nodes accounting for 100.01ms, 100% of 100.01ms total\\lDropped 1 node (cum <= 0.50ms)\\l\\lSee https://git.io/JfYMW for how to read the graph\\l\" tooltip=\"app\"] }\n"
        "N1 [label=\"main\\n20ms (20.00%)\\nof 100.01ms (100%)\" id=\"node1\" fontsize=19 shape=box tooltip=\"main (100.01ms)\" color=\"#b20000\" fillcolor=\"#edd5d5\"]\n"
        "N2 [label=\"leaf\\n50.01ms (50.00%)\" id=\"node2\" fontsize=24 shape=box tooltip=\"leaf (50.01ms)\" color=\"#b22100\" fillcolor=\"#edd9d5\"]\n"
        "N2_0 [label = \"k:v\" id=\"N2_0\" fontsize=8 shape=box3d tooltip=\"50ms\"]\n"
        "N2 -> N2_0 [label=\" 50ms\" weight=100 tooltip=\"50ms\" labeltooltip=\"50ms\"]\n"
        "NN2_0_0 [label = \"1kB\" id=\"NN2_0_0\" fontsize=8 shape=box3d tooltip=\"50ms\"]\n"
        "N2_0 -> NN2_0_0 [label=\" 50ms\" weight=100 tooltip=\"50ms\" labeltooltip=\"50ms\"]\n"
        "N3 [label=\"work\\n0 of 80ms (79.99%)\" id=\"node3\" fontsize=8 shape=box tooltip=\"work (80ms)\" color=\"#b20b00\" fillcolor=\"#edd6d5\"]\n"
        "N4 [label=\"in\\n30ms (30.00%)\" id=\"node4\" fontsize=21 shape=box tooltip=\"in (30ms)\" color=\"#b23600\" fillcolor=\"#eddcd5\"]\n"
        "N4_0 [label = \"k:w\" id=\"N4_0\" fontsize=8 shape=box3d tooltip=\"30ms\"]\n"
        "N4 -> N4_0 [label=\" 30ms\" weight=100 tooltip=\"30ms\" labeltooltip=\"30ms\"]\n"
        "N5 [label=\"out\\n0 of 30ms (30.00%)\" id=\"node5\" fontsize=8 shape=box tooltip=\"out (30ms)\" color=\"#b23600\" fillcolor=\"#eddcd5\"]\n"
        "N1 -> N3 [label=\" 80ms\" weight=80 penwidth=4 color=\"#b20b00\" tooltip=\"main -> work (80ms)\" labeltooltip=\"main -> work (80ms)\"]\n"
        "N3 -> N2 [label=\" 50ms\" weight=50 penwidth=3 color=\"#b22100\" tooltip=\"work -> leaf (50ms)\" labeltooltip=\"work -> leaf (50ms)\"]\n"
        "N5 -> N4 [label=\" 30ms\\n (inline)\" weight=30 penwidth=2 color=\"#b23600\" tooltip=\"out -> in (30ms)\" labeltooltip=\"out -> in (30ms)\"]\n"
        "N3 -> N5 [label=\" 30ms\" weight=30 penwidth=2 color=\"#b23600\" tooltip=\"work -> out (30ms)\" labeltooltip=\"work -> out (30ms)\"]\n"
        "}\n");
}

static void callgrind(void **state)
{
    (void)state;
    struct pp_profile *p = whole_profile();
    struct pp_report_options o = options_of(p, PP_REPORT_CALLGRIND);
    expect(write_report(p, &o),
        "positions: instr line\n"
        "events: cpu(us)\n"
        "\n"
        "ob=\n"
        "fl=(1) /src/leaf.c\n"
        "fn=(1) leaf\n"
        "0x0 0 50010\n"
        "\n"
        "ob=\n"
        "fl=(2) /src/in.c\n"
        "fn=(2) in\n"
        "* 0 30000\n"
        "\n"
        "ob=\n"
        "fl=(3) /src/main.c\n"
        "fn=(3) main\n"
        "* 0 20000\n"
        "cfl=(4) /src/work.c\n"
        "cfn=(4) work\n"
        "calls=0 * 0\n"
        "* * 80000\n"
        "cfl=(5) /src/rare.c\n"
        "cfn=(5) rare\n"
        "calls=0 * 0\n"
        "* * 10\n"
        "\n"
        "ob=\n"
        "fl=(6) /src/out.c\n"
        "fn=(6) out\n"
        "* 0 0\n"
        "cfl=(2)\n"
        "cfn=(2)\n"
        "calls=0 * 0\n"
        "* * 30000\n"
        "\n"
        "ob=\n"
        "fl=(5)\n"
        "fn=(5)\n"
        "* 0 0\n"
        "cfl=(1)\n"
        "cfn=(1)\n"
        "calls=0 * 0\n"
        "* * 10\n"
        "\n"
        "ob=\n"
        "fl=(4)\n"
        "fn=(4)\n"
        "* 0 0\n"
        "cfl=(1)\n"
        "cfn=(1)\n"
        "calls=0 * 0\n"
        "* * 50000\n"
        "cfl=(6)\n"
        "cfn=(6)\n"
        "calls=0 * 0\n"
        "* * 30000\n");
}

static void raw(void **state)
{
    (void)state;
    struct pp_profile *p = whole_profile();
    struct pp_report_options o = options_of(p, PP_REPORT_RAW);
    expect(write_report(p, &o),
        "PeriodType:  \n"
        "Period: 0\n"
        "Duration: 200m\n"
        "Samples:\n"
        "cpu/nanoseconds\n"
        "   50000000: 3 2 1 \n"
        "                k:[v]\n"
        "                bytes:[1024 bytes]\n"
        "   30000000: 4 2 1 \n"
        "                k:[w]\n"
        "   20000000: 1 \n"
        "      10000: 3 5 1 \n"
        "Locations\n"
        "     1: 0x0 main /src/main.c:0:0 s=0\n"
        "     2: 0x0 work /src/work.c:0:0 s=0\n"
        "     3: 0x0 leaf /src/leaf.c:0:0 s=0\n"
        "     4: 0x0 in /src/in.c:0:0 s=0\n"
        "             out /src/out.c:0:0 s=0\n"
        "     5: 0x0 rare /src/rare.c:0:0 s=0\n"
        "Mappings\n"
        "1: 0x1000/0x2000/0x0 /bin/app  [FN]\n");
}

static void few_rows(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TOP);
    o.node_count = 2;
    o.cum_sort = o.compact_labels = true;
    o.output_unit = PP_STR("s");
    expect(write_report(p, &o),
        "Showing nodes accounting for 0.02s, 20.00% of 0.10s total\n"
        "Dropped 1 node (cum <= 0)\n"
        "Showing top 2 nodes out of 5\n"
        "      flat  flat%   sum%        cum   cum%\n"
        "     0.02s 20.00% 20.00%      0.10s   100%  main\n"
        "         0     0% 20.00%      0.08s 79.99%  work\n");
}

static void call_tree(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_DOT);
    o.call_tree = true;
    o.node_fraction = 0;
    expect(write_report(p, &o),
        "digraph \"app\" {\n"
        "node [style=filled fillcolor=\"#f8f8f8\"]\n"
        "subgraph cluster_L { \"File: app\" [shape=box fontsize=16 label=\"File: app\\lType: cpu\\lDuration: 200ms, Total samples = 100.01ms (50.01%)\\lShowing nodes accounting for 100.01ms, 100% of 100.01ms total\\l\\lSee https://git.io/JfYMW for how to read the graph\\l\" tooltip=\"app\"] }\n"
        "N1 [label=\"main\\n20ms (20.00%)\\nof 100.01ms (100%)\" id=\"node1\" fontsize=19 shape=box tooltip=\"main (100.01ms)\" color=\"#b20000\" fillcolor=\"#edd5d5\"]\n"
        "N2 [label=\"leaf\\n50ms (50.00%)\" id=\"node2\" fontsize=24 shape=box tooltip=\"leaf (50ms)\" color=\"#b22100\" fillcolor=\"#edd9d5\"]\n"
        "N2_0 [label = \"k:v\" id=\"N2_0\" fontsize=8 shape=box3d tooltip=\"50ms\"]\n"
        "N2 -> N2_0 [label=\" 50ms\" weight=100 tooltip=\"50ms\" labeltooltip=\"50ms\"]\n"
        "NN2_0_0 [label = \"1kB\" id=\"NN2_0_0\" fontsize=8 shape=box3d tooltip=\"50ms\"]\n"
        "N2_0 -> NN2_0_0 [label=\" 50ms\" weight=100 tooltip=\"50ms\" labeltooltip=\"50ms\"]\n"
        "N3 [label=\"work\\n0 of 80ms (79.99%)\" id=\"node3\" fontsize=8 shape=box tooltip=\"work (80ms)\" color=\"#b20b00\" fillcolor=\"#edd6d5\"]\n"
        "N4 [label=\"in\\n30ms (30.00%)\" id=\"node4\" fontsize=21 shape=box tooltip=\"in (30ms)\" color=\"#b23600\" fillcolor=\"#eddcd5\"]\n"
        "N4_0 [label = \"k:w\" id=\"N4_0\" fontsize=8 shape=box3d tooltip=\"30ms\"]\n"
        "N4 -> N4_0 [label=\" 30ms\" weight=100 tooltip=\"30ms\" labeltooltip=\"30ms\"]\n"
        "N5 [label=\"leaf\\n0.01ms (0.01%)\" id=\"node5\" fontsize=9 shape=box tooltip=\"leaf (0.01ms)\" color=\"#b2b2b2\" fillcolor=\"#ededed\"]\n"
        "N6 [label=\"out\\n0 of 30ms (30.00%)\" id=\"node6\" fontsize=8 shape=box tooltip=\"out (30ms)\" color=\"#b23600\" fillcolor=\"#eddcd5\"]\n"
        "N7 [label=\"rare\\n0 of 0.01ms (0.01%)\" id=\"node7\" fontsize=8 shape=box tooltip=\"rare (0.01ms)\" color=\"#b2b2b2\" fillcolor=\"#ededed\"]\n"
        "N1 -> N3 [label=\" 80ms\" weight=80 penwidth=4 color=\"#b20b00\" tooltip=\"main -> work (80ms)\" labeltooltip=\"main -> work (80ms)\"]\n"
        "N3 -> N2 [label=\" 50ms\" weight=50 penwidth=3 color=\"#b22100\" tooltip=\"work -> leaf (50ms)\" labeltooltip=\"work -> leaf (50ms)\"]\n"
        "N6 -> N4 [label=\" 30ms\\n (inline)\" weight=30 penwidth=2 color=\"#b23600\" tooltip=\"out -> in (30ms)\" labeltooltip=\"out -> in (30ms)\"]\n"
        "N3 -> N6 [label=\" 30ms\" weight=30 penwidth=2 color=\"#b23600\" tooltip=\"work -> out (30ms)\" labeltooltip=\"work -> out (30ms)\"]\n"
        "}\n");
}

static void scaled_tree(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TREE);
    o.ratio = 1.0 / 1000;
    o.node_count = 3;
    o.edge_fraction = 0.4;
    expect(write_report(p, &o),
        "File: app\n"
        "Type: cpu\n"
        "Duration: 200ms, Total samples = 100.01us (50.01%)\n"
        "Showing nodes accounting for 100.01us, 100% of 100.01us total\n"
        "Dropped 1 node (cum <= 0.50us)\n"
        "Showing top 3 nodes out of 5\n"
        "----------------------------------------------------------+-------------\n"
        "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"
        "----------------------------------------------------------+-------------\n"
        "                                           50.01us   100% |   main\n"
        "   50.01us 50.00% 50.00%    50.01us 50.00%                | leaf\n"
        "----------------------------------------------------------+-------------\n"
        "      30us 30.00% 80.00%       30us 30.00%                | in\n"
        "----------------------------------------------------------+-------------\n"
        "      20us 20.00%   100%   100.01us   100%                | main\n"
        "                                           50.01us 50.00% |   leaf\n"
        "----------------------------------------------------------+-------------\n");
}

/* clang-format on */

static void peek(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TREE);
    struct pp_regex *re;
    struct pp_err err;
    struct pp_out out;
    pp_out_to_memory(&out, &arena);
    assert_int_equal(pp_regex_compile(&arena, PP_STR("nothing"), &re, &err), PP_OK);
    o.symbol = re;
    assert_int_equal(pp_report_write(&out, p, &o, &err), PP_E_NOTFOUND);
    assert_string_equal(err.text, "no matches found for regexp: nothing");
    assert_int_equal(pp_out_bytes(&out).n, 0);
    pp_regex_free(re);
    assert_int_equal(pp_regex_compile(&arena, PP_STR("^(out|in)$"), &re, &err), PP_OK);
    o.symbol = re;
    pp_str text = write_report(p, &o);
    assert_true(pp_str_contains(text, PP_STR("         0     0% 30.00%       30ms 30.00%                | out\n")));
    assert_false(pp_str_contains(text, PP_STR("| main\n")));
    pp_regex_free(re);
}

static void total_of_a_comparison_is_that_of_its_base(void **state)
{
    (void)state;
    struct pp_profile *p = make_profile(&arena, PP_STR("5 a\n-3 a @ pprof::base=true\n-4 b @ pprof::base=true\n"));
    assert_int_equal(pp_report_total(p, 0, false), 7);
    p = make_profile(&arena, PP_STR("5 a\n-3 a\n"));
    assert_int_equal(pp_report_total(p, 0, false), 8);
}

static void items_are_the_rows_of_top(void **state)
{
    (void)state;
    struct pp_profile *p = profile_by_function();
    struct pp_report_options o = options_of(p, PP_REPORT_TOP);
    size_t n, n_labels;
    pp_str *labels;
    struct pp_report_item *items = pp_report_items(&arena, p, &o, &n, &labels, &n_labels);
    assert_int_equal(n, 5);
    assert_int_equal(n_labels, 5);
    expect(labels[4], "Dropped 1 node (cum <= 0.50ms)");
    expect(items[1].name, "in");
    expect(items[1].inline_label, "(inline)");
    expect(items[1].flat_text, "30ms");
    assert_int_equal(items[2].cum, 100010000);
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

#define in_arena(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {in_arena(top),
                                       in_arena(tree),
                                       in_arena(traces),
                                       in_arena(tags),
                                       in_arena(dot),
                                       in_arena(callgrind),
                                       in_arena(raw),
                                       in_arena(few_rows),
                                       in_arena(call_tree),
                                       in_arena(scaled_tree),
                                       in_arena(peek),
                                       in_arena(total_of_a_comparison_is_that_of_its_base),
                                       in_arena(items_are_the_rows_of_top)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
