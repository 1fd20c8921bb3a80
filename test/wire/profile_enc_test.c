// SPDX-License-Identifier: Apache-2.0
#include "wire/profile_enc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct pp_arena arena;
static struct pp_out o;

static int start(void **state)
{
    (void)state;
    pp_arena_init(&arena, 0, NULL);
    pp_out_to_memory(&o, &arena);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

static void expect(pp_str want)
{
    pp_str got = pp_out_bytes(&o);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.p, want.p, want.n);
    o.n = 0;
}

static void more_than_two_numbers_are_packed(void **state)
{
    (void)state;
    pp_enc_sample(&o, &(struct pp_enc_sample){.location_ids = (uint64_t[]){1, 300},
                                              .n_location_ids = 2,
                                              .values = (int64_t[]){0, 5, -1},
                                              .n_values = 3});
    expect(PP_STR("\x12\x13\x08\x01\x08\xac\x02\x12\x0c\x00\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    pp_enc_ints(&o, PP_PB_PROFILE_COMMENT, (int64_t[]){1, 2}, 2);
    expect(PP_STR("\x68\x01\x68\x02"));
    pp_enc_ints(&o, PP_PB_PROFILE_COMMENT, (int64_t[]){1, 2, 3}, 3);
    expect(PP_STR("\x6a\x03\x01\x02\x03"));
    pp_enc_ints(&o, PP_PB_PROFILE_COMMENT, NULL, 0);
    expect(PP_STR(""));
}

static void zeros_are_left_out(void **state)
{
    (void)state;
    pp_enc_value_type(&o, PP_PB_PROFILE_PERIOD_TYPE, 0, 3);
    expect(PP_STR("\x5a\x02\x10\x03"));
    pp_enc_int(&o, PP_PB_PROFILE_PERIOD, 0);
    pp_enc_int_always(&o, PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE, 0);
    expect(PP_STR("\x70\x00"));
    pp_enc_mapping(&o, &(struct pp_enc_mapping){.id = 1, .has_inline_frames = true});
    expect(PP_STR("\x1a\x04\x08\x01\x50\x01"));
    pp_enc_function(&o, &(struct pp_enc_function){.id = 1, .start_line = -1});
    expect(PP_STR("\x2a\x0d\x08\x01\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    pp_enc_string(&o, PP_STR(""));
    expect(PP_STR("\x32\x00"));
}

static void messages_nest(void **state)
{
    (void)state;
    pp_enc_location(
        &o, &(struct pp_enc_location){
                .id = 1, .lines = (struct pp_enc_line[]){{1, 2, 0}, {.line = 0}}, .n_lines = 2, .is_folded = true});
    expect(PP_STR("\x22\x0c\x08\x01\x22\x04\x08\x01\x10\x02\x22\x00\x28\x01"));
    pp_enc_sample(&o, &(struct pp_enc_sample){
                          .labels = (struct pp_enc_label[]){{.key = 1, .str = 2}, {.key = 3, .num = 4, .unit = 5}},
                          .n_labels = 2});
    expect(PP_STR("\x12\x0e\x1a\x04\x08\x01\x10\x02\x1a\x06\x08\x03\x18\x04\x20\x05"));
}

static void long_stacks_come_through_the_small_buffer(void **state)
{
    (void)state;
    uint64_t ids[5000], sum = 0;
    for (size_t i = 0; i < 5000; i++)
        ids[i] = i * i;
    pp_enc_sample(&o, &(struct pp_enc_sample){.location_ids = ids, .n_location_ids = 5000});
    pp_str got = pp_out_bytes(&o);
    for (size_t i = 4; i < got.n; i++)
        sum += (uint8_t)got.p[i] < 0x80;
    assert_int_equal(got.p[0], 0x12);
    assert_true(sum >= 5000 && sum <= 5003);
    assert_int_equal((uint8_t)got.p[got.n - 1], 4999 * 4999 >> 21);
}

static void refused_memory_is_told_once(void **state)
{
    (void)state;
    struct pp_arena small;
    struct pp_err err;
    pp_arena_init(&small, 128 << 10, NULL);
    pp_out_to_memory(&o, &small);
    for (int i = 0; i < 100000; i++)
        pp_enc_string(&o, PP_STR("some text"));
    assert_int_equal(pp_out_flush(&o, &err), PP_E_NOMEM);
    pp_arena_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_than_two_numbers_are_packed, start, stop),
        cmocka_unit_test_setup_teardown(zeros_are_left_out, start, stop),
        cmocka_unit_test_setup_teardown(messages_nest, start, stop),
        cmocka_unit_test_setup_teardown(long_stacks_come_through_the_small_buffer, start, stop),
        cmocka_unit_test_setup_teardown(refused_memory_is_told_once, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
