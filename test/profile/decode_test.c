// SPDX-License-Identifier: Apache-2.0
#include "profile/decode.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/encode.h"
#include "profile/proto_reader.h"
#include "profile/text_profile.h"
#include "wire/gzip.h"
#include "wire/profile_enc.h"

static const char *corpus; /* directory, the program's argument */
static struct pp_arena arena;
static struct pp_err err;
static struct pp_out o;

static int start(void **state)
{
    (void)state;
    pp_arena_init(&arena, 0, no_memory);
    pp_out_to_memory(&o, &arena);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

static struct pp_profile *parse(pp_str bytes)
{
    struct pp_profile *p = NULL;
    if (pp_profile_parse(&arena, bytes, NULL, &p, &err)) return NULL;
    assert_true(pp_profile_valid(p, &err));
    return p;
}

static pp_str read_corpus(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", corpus, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("can't open %s", path);
    char *p = pp_alloc(&arena, 1 << 20, 1);
    size_t n = fread(p, 1, 1 << 20, f);
    fclose(f);
    return (pp_str){p, n};
}

static void value_type(void) { pp_enc_value_type(&o, PP_PB_PROFILE_SAMPLE_TYPE, 1, 2); }

static void strings(const char *const *s)
{
    for (; *s; s++)
        pp_enc_string(&o, pp_str_c(*s));
}

/* Everything that isn't as google/pprof would have written it. */
static void foreign_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "n", "count", "k", "v", "v", "", "b", "bytes", "main", "[kernel.kallsyms]_stext", NULL};
    const uint64_t far = 1ull << 40;
    strings(texts);
    pp_enc_sample(&o, &(struct pp_enc_sample){
                          .location_ids = (uint64_t[]){far, 7, far, 7, 300000},
                          .n_location_ids = 5,
                          .values = (int64_t[]){-3},
                          .n_values = 1,
                          .labels = (struct pp_enc_label[]){{.key = 7, .num = 5, .unit = 0},
                                                            {.key = 3, .str = 5},
                                                            {.key = 7, .num = 6, .unit = 8},
                                                            {.key = 3},           /* nothing in it: dropped */
                                                            {.key = 3, .str = 6}, /* a second "" is still a text */
                                                            {.key = 3, .str = 4}},
                          .n_labels = 6});
    value_type();
    pp_enc_location(&o, &(struct pp_enc_location){.id = far, .mapping_id = 77, .address = 1});
    pp_enc_location(&o,
                    &(struct pp_enc_location){
                        .id = 7, .mapping_id = 9, .lines = &(struct pp_enc_line){.function_id = far}, .n_lines = 1});
    pp_enc_location(&o, &(struct pp_enc_location){.id = 300000, .is_folded = true});
    pp_enc_function(&o, &(struct pp_enc_function){.id = far, .name = 9});
    pp_enc_mapping(&o, &(struct pp_enc_mapping){.id = 9, .file = 10});
    pp_out_str(&o, PP_STR("\xfa\x01\x03xyz\xf1\x01"
                          "12345678"
                          "\xf5\x01"
                          "1234"
                          "\x80\x02\x05")); /* unknown fields, all forms */
    struct pp_profile *p = parse(pp_out_bytes(&o));
    assert_non_null(p);
    assert_string_equal(text_of(&arena, p), "- [kernel.kallsyms]_stext!main - [kernel.kallsyms]_stext!main - | -3 |"
                                            " k=v k= k=v b:5 b:6:bytes\n");
    assert_int_equal(p->locations[0].mapping, PP_NONE);
    assert_true(pp_str_eq_c(pp_profile_str(p, p->mappings[0].kernel_relocation_symbol), "_stext"));
    assert_true(p->has_period_type);
    assert_int_equal(p->period_type.type, 0);
}

static void refuses_with(pp_str bytes, const char *text)
{
    assert_null(parse(bytes));
    assert_string_equal(err.text, text);
}

static void corpus_errors_are_those_of_google_pprof(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"edge/badgzip.gz", NULL},
        {"edge/badstr.pb", "parsing profile: unrecognized profile format"},
        {"edge/concat.pb", "parsing profile: concatenated profiles detected"},
        {"edge/dangling.pb", "malformed profile: sample has nil location"},
        {"edge/garbage.bin", "parsing profile: unrecognized profile format"},
        {"edge/mismatch.pb", "malformed profile: mismatch: sample has 2 values vs. 1 types"},
        {"edge/truncated.pb", "parsing profile: unrecognized profile format"},
        {"edge/zero.bin", "parsing profile: empty input file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pp_str bytes = read_corpus(cases[i][0]);
        assert_null(parse(bytes));
        if (cases[i][1])
            assert_string_equal(err.text, cases[i][1]);
        else
            assert_non_null(strstr(err.text, "decompressing profile: "));
    }
}

static struct pp_out one_of_each(uint64_t mapping, uint64_t function, uint64_t location, uint64_t lines_function)
{
    static const char *const texts[] = {"", "n", "count", NULL};
    o.n = 0;
    value_type();
    strings(texts);
    pp_enc_mapping(&o, &(struct pp_enc_mapping){.id = 1});
    pp_enc_mapping(&o, &(struct pp_enc_mapping){.id = mapping});
    pp_enc_function(&o, &(struct pp_enc_function){.id = 1});
    pp_enc_function(&o, &(struct pp_enc_function){.id = function});
    pp_enc_location(&o, &(struct pp_enc_location){
                            .id = 1, .lines = &(struct pp_enc_line){.function_id = lines_function}, .n_lines = 1});
    pp_enc_location(&o, &(struct pp_enc_location){.id = location});
    return o;
}

static void tables_are_checked_in_order(void **state)
{
    (void)state;
    one_of_each(2, 2, 2, 2);
    assert_non_null(parse(pp_out_bytes(&o)));
    one_of_each(0, 0, 0, 0);
    refuses_with(pp_out_bytes(&o), "malformed profile: found mapping with reserved ID=0");
    one_of_each(1, 1, 1, 1);
    refuses_with(pp_out_bytes(&o), "malformed profile: multiple mappings with same id: 1");
    one_of_each(2, 0, 0, 0);
    refuses_with(pp_out_bytes(&o), "malformed profile: found function with reserved ID=0");
    one_of_each(2, 1, 0, 9);
    refuses_with(pp_out_bytes(&o), "malformed profile: multiple functions with same id: 1");
    one_of_each(2, 2, 0, 9);
    refuses_with(pp_out_bytes(&o), "malformed profile: location id: 1 has a line with nil function");
    one_of_each(2, 2, 0, 2);
    refuses_with(pp_out_bytes(&o), "malformed profile: found location with reserved id=0");
    one_of_each(2, 2, 1, 2);
    refuses_with(pp_out_bytes(&o), "malformed profile: multiple locations with same id: 1");
    o.n = 0;
    pp_enc_string(&o, PP_STR(""));
    pp_enc_sample(&o, &(struct pp_enc_sample){0});
    refuses_with(pp_out_bytes(&o), "malformed profile: missing sample type information");
    o.n = 0;
    pp_enc_string(&o, PP_STR("x"));
    refuses_with(pp_out_bytes(&o), "parsing profile: unrecognized profile format");
    refuses_with(PP_STR("\x6b"), "parsing profile: unrecognized profile format"); /* a group */
    refuses_with(PP_STR("\x60\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                 "parsing profile: unrecognized profile format");
}

/* A hundred thousand types or labels in a few bytes must not ask for their product. */
static void claims_are_checked_before_memory_is_taken(void **state)
{
    (void)state;
    pp_enc_string(&o, PP_STR(""));
    for (int i = 0; i < 100000; i++)
        pp_out_write(&o, "\x0a\x00\x12\x00", 4);
    struct pp_arena small;
    struct pp_profile *p;
    pp_arena_init(&small, 64 << 20, no_memory);
    assert_int_equal(pp_profile_parse(&small, pp_out_bytes(&o), NULL, &p, &err), PP_E_FORMAT);
    assert_string_equal(err.text, "malformed profile: mismatch: sample has 0 values vs. 100000 types");
    pp_arena_release(&small);
}

static void packed_counts_at_every_length(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        uint8_t buf[64], *p = buf;
        uint64_t n = 0, got;
        for (int k = rand() % 12; k > 0 && p - buf < 50; k--, n++)
            p = pp_varint_put(p, (1ull << rand() % 64) - (rand() & 1));
        assert_true(pp_packed_count((struct pp_bytes){buf, p}, &got));
        assert_int_equal(got, n);
        if (p == buf) continue;
        p[-1] |= 0x80;
        assert_false(pp_packed_count((struct pp_bytes){buf, p}, &got));
        memset(buf, 0xff, 11);
        p = buf + 12 + rand() % 40;
        memset(buf + 11, 1, (size_t)(p - buf) - 11);
        uint8_t *at = buf + rand() % 8;
        memset(buf, 1, (size_t)(at - buf)); /* at least 10 continuation bytes, wherever they begin */
        memset(at, 0xff, 10);
        if (at + 11 <= p) assert_false(pp_packed_count((struct pp_bytes){buf, p}, &got));
    }
}

static pp_str encoded(const struct pp_profile *p)
{
    o.n = 0;
    pp_profile_encode(&arena, p, &o);
    return pp_arena_dup(&arena, pp_out_bytes(&o));
}

static struct pp_profile *read_again(const struct pp_profile *p)
{
    pp_str packed;
    assert_int_equal(pp_profile_encode_gzip(&arena, p, 1, &packed, &err), PP_OK);
    struct pp_profile *again = parse(packed);
    assert_non_null(again);
    return again;
}

static void corpus_survives_a_round_trip(void **state)
{
    (void)state;
    glob_t found;
    size_t n = 0, n_lossy = 0;
    char pattern[512];
    snprintf(pattern, sizeof pattern, "%s/{go,cxx,edge,upstream/*}/*", corpus);
    assert_int_equal(glob(pattern, GLOB_BRACE, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        pp_str bytes = read_corpus(found.gl_pathv[i] + strlen(corpus) + 1);
        struct pp_profile *p = parse(bytes);
        if (!p) continue; /* broken ones, and what is no profile */
        n++;
        struct pp_profile *q = read_again(p), *r = read_again(q);
        assert_string_equal(text_of(&arena, q), text_of(&arena, r));
        assert_true(pp_str_eq(encoded(q), encoded(r)));
        /* A number 0 without a unit (of an older format) is no label in profile.proto. */
        if (strstr(text_of(&arena, p), "bytes:0\n")) {
            n_lossy++;
            continue;
        }
        assert_string_equal(text_of(&arena, p), text_of(&arena, q));
        assert_true(pp_str_eq(encoded(p), encoded(q)));
    }
    globfree(&found);
    assert_in_range(n, 60, 200);
    assert_in_range(n_lossy, 1, 5);
}

/* Long runs of samples, so that pages are given back between them; texts stand before, between and behind. */
/* Text before, between and behind 12,000 samples of 1,000 locations. */
static pp_str large_profile(void)
{
    uint64_t ids[1000];
    for (size_t i = 0; i < 1000; i++)
        ids[i] = 1 + i % 3;
    value_type();
    pp_enc_string(&o, PP_STR(""));
    pp_enc_string(&o, PP_STR("n"));
    struct pp_enc_sample s = {.location_ids = ids, .n_location_ids = 1000, .values = (int64_t[]){7}, .n_values = 1};
    for (int i = 0; i < 6000; i++)
        pp_enc_sample(&o, &s);
    pp_enc_string(&o, PP_STR("count"));
    for (int i = 0; i < 6000; i++)
        pp_enc_sample(&o, &s);
    pp_enc_string(&o, PP_STR("f"));
    pp_enc_function(&o, &(struct pp_enc_function){.id = 1, .name = 3});
    for (uint64_t i = 1; i <= 3; i++)
        pp_enc_location(
            &o, &(struct pp_enc_location){.id = i, .lines = &(struct pp_enc_line){.function_id = 1}, .n_lines = 1});
    return pp_out_bytes(&o);
}

static void check_large_profile(const struct pp_profile *p)
{
    assert_true(pp_profile_valid(p, &err));
    assert_int_equal(p->n_samples, 12000);
    for (uint64_t k = 0; k < p->loc_off[12000]; k++)
        if (p->locs[k] != k % 1000 % 3) fail_msg("location %u at %llu", p->locs[k], (unsigned long long)k);
    assert_true(pp_str_eq_c(pp_profile_str(p, p->types[0].unit), "count"));
    assert_true(pp_str_eq_c(pp_profile_str(p, p->functions[0].name), "f"));
}

static void discarded_input_keeps_its_texts(void **state)
{
    (void)state;
    struct pp_profile *p;
    pp_str bytes = large_profile();
    assert_int_equal(pp_profile_parse(&arena, bytes, &(struct pp_decode_options){.may_discard = true}, &p, &err),
                     PP_OK);
    check_large_profile(p);
    assert_int_equal(bytes.p[1 << 20], 0); /* really gone */
}

/* Of the large profile with `more` behind it. */
static void check_pieces(pp_str large, pp_str more, const char *error)
{
    struct pp_profile *p;
    pp_str gz, bytes = pp_arena_join(&arena, large, more);
    assert_int_equal(pp_gzip_compress(&arena, bytes, 1, &gz, &err), PP_OK);
    for (int may_thread = 0; may_thread < 2; may_thread++) {
        const struct pp_decode_options how = {.may_thread = may_thread};
        enum pp_code code = pp_profile_parse(&arena, gz, &how, &p, &err);
        if (error) {
            assert_int_not_equal(code, PP_OK);
            assert_string_equal(err.text, error);
            continue;
        }
        assert_int_equal(code, PP_OK);
        check_large_profile(p);
        assert_true(p->input.n < bytes.n / 8); /* without the samples */
    }
}

static void pieces_give_what_the_whole_gives(void **state)
{
    (void)state;
    pp_str large = large_profile();
    check_pieces(large, PP_STR(""), NULL);
    check_pieces(large, PP_STR("\x12\x00"), "malformed profile: mismatch: sample has 0 values vs. 1 types");
    check_pieces(large, PP_STR("\x12\x04\x08\x09\x10\x01"), "malformed profile: sample has nil location");
    check_pieces(large, PP_STR("\x12\x7f"), "parsing profile: unrecognized profile format");
    check_pieces(large, PP_STR("\x48\x01\x48\x01"), "parsing profile: concatenated profiles detected");
}

static void pieces_are_limited(void **state)
{
    (void)state;
    struct pp_profile *p;
    pp_str gz;
    assert_int_equal(pp_gzip_compress(&arena, large_profile(), 1, &gz, &err), PP_OK);
    const struct pp_decode_options how = {.max_bytes = 5 << 20, .may_thread = true};
    assert_int_equal(pp_profile_parse(&arena, gz, &how, &p, &err), PP_E_LIMIT);
    assert_string_equal(err.text, "decompressing profile: more than 5242880 bytes");
}

int main(int argc, char **argv)
{
    corpus = argc > 1 ? argv[1] : "test/corpus";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(foreign_forms, start, stop),
        cmocka_unit_test_setup_teardown(corpus_errors_are_those_of_google_pprof, start, stop),
        cmocka_unit_test_setup_teardown(tables_are_checked_in_order, start, stop),
        cmocka_unit_test_setup_teardown(claims_are_checked_before_memory_is_taken, start, stop),
        cmocka_unit_test_setup_teardown(packed_counts_at_every_length, start, stop),
        cmocka_unit_test_setup_teardown(corpus_survives_a_round_trip, start, stop),
        cmocka_unit_test_setup_teardown(discarded_input_keeps_its_texts, start, stop),
        cmocka_unit_test_setup_teardown(pieces_give_what_the_whole_gives, start, stop),
        cmocka_unit_test_setup_teardown(pieces_are_limited, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
