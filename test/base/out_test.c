// SPDX-License-Identifier: Apache-2.0
#include "base/out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct taken {
    size_t bytes, calls, refuse_after;
    uint64_t sum;
};

static enum pp_code take(void *ctx, const char *p, size_t n, struct pp_err *err)
{
    struct taken *t = ctx;
    if (t->refuse_after && t->calls >= t->refuse_after) return pp_fail(err, PP_E_IO, "no more");
    t->calls++;
    t->bytes += n;
    for (size_t i = 0; i < n; i++) t->sum = t->sum * 31 + (unsigned char)p[i];
    return PP_OK;
}

static void memory_and_sink_agree(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_out mem, out;
    struct taken t = {0}, m = {0};
    pp_out_to_memory(&mem, &a);
    pp_out_to_sink(&out, &a, take, &t);
    char big[100000];
    memset(big, 'b', sizeof big);
    for (int i = 0; i < 5000; i++)
        for (int k = 0; k < 2; k++) {
            struct pp_out *o = k ? &mem : &out;
            pp_out_fmt(o, "%d:%s;", i, "text");
            pp_out_repeat(o, '-', (size_t)i % 130);
            if (i % 1000 == 0) pp_out_write(o, big, sizeof big);
        }
    struct pp_err err;
    assert_int_equal(pp_out_flush(&out, &err), PP_OK);
    pp_str all = pp_out_bytes(&mem);
    assert_int_equal(take(&m, all.p, all.n, &err), PP_OK);
    assert_int_equal(m.bytes, t.bytes);
    assert_true(m.sum == t.sum);
    pp_arena_release(&a);
}

static void failure_sticks(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct taken t = {.refuse_after = 1};
    struct pp_out out;
    pp_out_to_sink(&out, &a, take, &t);
    for (int i = 0; i < 100000; i++) pp_out_c(&out, "0123456789");
    struct pp_err err;
    assert_int_equal(pp_out_flush(&out, &err), PP_E_IO);
    assert_string_equal(err.text, "no more");
    assert_int_equal(t.calls, 1);
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_and_sink_agree), cmocka_unit_test(failure_sticks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
