// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/svg.h"

static pp_str without_script(struct pp_arena *a, pp_str svg)
{
    size_t from = pp_str_find(svg, PP_STR("<script")), to = pp_str_find(svg, PP_STR("</script>"));
    if (from == PP_NOT_FOUND) return svg;
    return pp_arena_join(a, pp_str_sub(svg, 0, from), pp_str_from(svg, to + sizeof "</script>" - 1));
}

static void wraps_the_graph(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    pp_str in = PP_STR("<?xml?>\n<svg width=\"8pt\" height=\"9pt\"\n viewBox=\"0 0 8 9\" xmlns=\"x\">\n"
                       "<g id=\"graph0\" class=\"graph\">a &; b</g>\n</svg>\n");
    pp_str out = pp_svg_massage(&a, in);
    assert_true(pp_str_contains(out, PP_STR("<script type=\"text/ecmascript\"><![CDATA[")));
    assert_string_equal(
        pp_arena_c(&a, without_script(&a, out)),
        "<?xml?>\n<svg width=\"100%\" height=\"100%\" xmlns=\"x\">\n"
        "<g id=\"viewport\" transform=\"scale(0.5,0.5) translate(0,0)\"><g id=\"graph0\" class=\"graph\">"
        "a &amp;; b</g>\n</g></svg>\n");
    pp_arena_release(&a);
}

static void leaves_other_text_alone(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    static const char *const texts[] = {"",
                                        "<svg",
                                        "<svg width=\"",
                                        "<svg width=\"\" height=\"1\" viewBox=\"1\"",
                                        "<g id=\"graphx\"",
                                        "<g id=\"graph1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(pp_str_eq_c(pp_svg_massage(&a, pp_str_c(texts[i])), texts[i]));
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(wraps_the_graph), cmocka_unit_test(leaves_other_text_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
