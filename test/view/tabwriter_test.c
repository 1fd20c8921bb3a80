// SPDX-License-Identifier: Apache-2.0
// Expected texts are those of Go's text/tabwriter (0, 0, 1, ' ', AlignRight).
#include "view/tabwriter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect(const char *in, const char *want)
{
    struct pp_arena a = {0};
    struct pp_out out;
    pp_out_to_memory(&out, &a);
    struct pp_tabwriter w = {.out = &out, .arena = &a};
    pp_tabwriter_write(&w, pp_str_c(in));
    pp_tabwriter_flush(&w);
    if (!pp_str_eq_c(pp_out_bytes(&out), want)) fail_msg("\"%s\" became\n\"%.*s\"", in, PP_FMT(pp_out_bytes(&out)));
    pp_arena_release(&a);
}

static void columns(void **state)
{
    (void)state;
    expect("", "");
    expect("no cells", "no cells");
    expect("a\tb\n", " ab\n");
    expect("key:\t Total\n \t1:\t x\n \t100:\t yy\n\n", " key: Total\n        1: x\n      100: yy\n\n");
    expect("a\tb\tc\nlong\tx\n", "    a bc\n longx\n");
    /* a line without tabs ends the columns */
    expect("aaaa\t1\n\nb\t2\n", " aaaa1\n\n b2\n");
    expect("\xc3\xa4\xc3\xb6\t1\nabc\t2\n", "  \xc3\xa4\xc3\xb6"
                                            "1\n abc2\n");
    expect("a\fb\tc\n", "a\n bc\n");
    expect("\xff"
           "a\tb\xff\tx\nlong\ty\n",
           "  \xff"
           "a\tb\xff"
           "x\n longy\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
