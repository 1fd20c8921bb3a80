// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/legacy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"
#include "profile/encode.h"
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

static pp_str encoded(const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, &arena);
    pp_profile_encode(&arena, p, &o);
    return pp_out_bytes(&o);
}

/* Parses it and proves that profile.proto holds it all. */
static struct pp_profile *parse(pp_str bytes)
{
    struct pp_profile *p, *q;
    if (pp_profile_parse(&arena, bytes, NULL, &p, &err)) fail_msg("%s", err.text);
    assert_true(pp_profile_valid(p, &err));
    pp_str proto = encoded(p);
    assert_int_equal(pp_profile_parse(&arena, proto, NULL, &q, &err), PP_OK);
    assert_true(pp_str_eq(proto, encoded(q)));
    return p;
}

static void write_location(struct pp_out *o, const struct pp_profile *p, const struct pp_location *l)
{
    pp_out_fmt(o, " %llx", (unsigned long long)l->address);
    if (l->mapping != PP_NONE) pp_out_fmt(o, "@%u", l->mapping + 1);
    for (uint32_t k = 0; k < l->n_lines; k++) {
        const struct pp_line *line = &p->lines[l->first_line + k];
        const struct pp_function *f = &p->functions[line->function];
        pp_out_fmt(o, "=%.*s(%.*s:%lld)", PP_FMT(p->strings[f->name]), PP_FMT(p->strings[f->filename]),
                   (long long)line->line);
    }
}

/* One line a sample: values, addresses with number of their mapping, label; then one line a mapping. */
static const char *text(const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, &arena);
    for (uint32_t t = 0; t < p->n_types; t++)
        pp_out_fmt(&o, "%.*s/%.*s ", PP_FMT(p->strings[p->types[t].type]), PP_FMT(p->strings[p->types[t].unit]));
    pp_out_fmt(&o, "every %lld %.*s\n", (long long)p->period, PP_FMT(p->strings[p->period_type.type]));
    for (uint32_t i = 0; i < p->n_samples; i++) {
        for (uint32_t t = 0; t < p->n_types; t++)
            pp_out_fmt(&o, "%lld ", (long long)p->values[t][i]);
        pp_out_c(&o, "|");
        for (uint64_t k = p->loc_off[i]; k < p->loc_off[i + 1]; k++)
            write_location(&o, p, &p->locations[p->locs[k]]);
        if (p->label_off) pp_out_fmt(&o, " bytes:%lld", (long long)p->labels[p->label_off[i]].num);
        pp_out_c(&o, "\n");
    }
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        const struct pp_mapping *m = &p->mappings[i];
        pp_out_fmt(&o, "%llu: %llx-%llx+%llx %.*s %.*s\n", (unsigned long long)m->id, (unsigned long long)m->start,
                   (unsigned long long)m->limit, (unsigned long long)m->offset, PP_FMT(p->strings[m->file]),
                   PP_FMT(p->strings[m->build_id]));
    }
    return pp_arena_c(&arena, pp_out_bytes(&o));
}

static void gives(const char *input, const char *want) { assert_string_equal(text(parse(pp_str_c(input))), want); }

static void refuses(const char *input, const char *want)
{
    struct pp_profile *p;
    assert_int_not_equal(pp_profile_parse(&arena, pp_str_c(input), NULL, &p, &err), PP_OK);
    assert_string_equal(err.text, want);
}

/* ---- CPU ---- */

/* Words of a size and order. */
static void put_words(struct pp_out *o, unsigned bytes, bool big, const uint64_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < bytes; k++)
            pp_out_char(o, (char)(words[i] >> 8 * (big ? bytes - 1 - k : k)));
}

static pp_str words_and(unsigned bytes, bool big, const uint64_t *words, size_t n, const char *rest)
{
    struct pp_out o;
    pp_out_to_memory(&o, &arena);
    put_words(&o, bytes, big, words, n);
    pp_out_c(&o, rest);
    return pp_out_bytes(&o);
}

#define WORDS(...) (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define CPU "samples/count cpu/nanoseconds every 10000000 cpu\n"

static void cpu_words(void **state)
{
    (void)state;
    for (int shape = 0; shape < 4; shape++) {
        pp_str s = words_and(shape < 2 ? 4 : 8, shape % 2,
                             WORDS(0, 3, 0, 10000, 0, 2, 2, 0x1000, 0x2000, 1, 1, 0x3000, 0, 1, 0),
                             "1000-4000 r-xp 0 fd:00 1 /bin/a\n");
        assert_string_equal(text(parse(s)),
                            CPU "2 20000000 | 1000@1 1fff@1\n1 10000000 | 3000@1\n1: 1000-4000+0 /bin/a \n");
    }
}

static void cpu_ends(void **state)
{
    (void)state;
    /* without end mark; a depth beyond the last word reads as zeros; a count alone is no profile */
    assert_string_equal(text(parse(words_and(8, false, WORDS(0, 3, 0, 10000, 0, 1, 0), ""))), CPU "1 10000000 |\n");
    assert_string_equal(text(parse(words_and(8, false, WORDS(0, 3, 0, 10000, 0, 1, 1, 5, 1, 2, 0x10), ""))),
                        CPU "1 10000000 | 5@1\n1 10000000 | 10@1 ffffffffffffffff@1\n1: 0-ffffffffffffffff+0  \n");
    struct pp_profile *p;
    assert_int_not_equal(pp_profile_parse(&arena, words_and(8, false, WORDS(0, 3, 0, 10000, 0, 1), ""), NULL, &p, &err),
                         PP_OK);
    assert_string_equal(err.text, "parsing profile: unrecognized profile format");
}

static void cpu_handler(void **state)
{
    (void)state;
    /* 0x900 stands below all leaves: it goes; then a leaf that is there twice becomes one. Unused locations go, too. */
    pp_str s =
        words_and(8, false, WORDS(0, 3, 0, 10000, 0, 1, 3, 0x10, 0x901, 0x20, 1, 4, 0x30, 0x901, 0x30, 0x50), "");
    assert_string_equal(text(parse(s)),
                        CPU "1 10000000 | 10@1 1f@1\n1 10000000 | 30@1 4f@1\n1: 0-ffffffffffffffff+0  \n");
    assert_int_equal(parse(s)->n_locations, 5);
}

static void cpu_java(void **state)
{
    (void)state;
    pp_str s = words_and(4, false, WORDS(0, 3, 1, 10000, 0, 1, 3, 1, 2, 3, 0, 1, 0),
                         " 0x1 a.b (c.java:12)\n0x00000002  x (/lib/y.so)\n0x3 generated stub/JIT 9\n0x9 unused\n");
    assert_string_equal(text(parse(s)), CPU "1 10000000 | 0=a.b(c.java:12) 0=x(y.so:0) 0=STUB(:0)\n");
}

/* ---- heap ---- */

static void heap_kinds(void **state)
{
    (void)state;
    gives("heap profile: 1: 64 [ 1: 64] @ heapprofile\n 1: 64 [ 1: 64] @ 0x11 0x21\n",
          "objects/count space/bytes every 1 space\n1 64 | 10@1 20@1 bytes:64\n1: 0-ffffffffffffffff+0  \n");
    gives("heap profile: 1: 64 [ 2: 128] @ heapprofile\n 1: 64 [ 2: 128] @ 0x11\n",
          "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes every 1 space\n"
          "2 128 1 64 | 10@1 bytes:64\n1: 0-ffffffffffffffff+0  \n");
    /* one object of 64 bytes of 524288: 1/(1-exp(-64/524288)) */
    gives("heap profile: 1: 64 [ 0: 0] @ heap_v2/524288\n 1: 64 [ 0: 0] @ 0x11\n",
          "objects/count space/bytes every 524288 space\n8192 524320 | 10@1 bytes:64\n1: 0-ffffffffffffffff+0  \n");
    gives("heap profile: 1: 64 [ 1: 64] @ heap/1048576\n 1: 64 [ 1: 64] @ 0x11\n",
          "objects/count space/bytes every 524288 space\n8192 524320 | 10@1 bytes:64\n1: 0-ffffffffffffffff+0  \n");
    gives("heap profile: 1: 64 [ 1: 64] @ growthz\n 3: 64 [ 3: 64] @\n",
          "objects/count space/bytes every 1 space\n3 64 | bytes:21\n");
    gives("x heap profile: 1: 64 [ 1: 64] @ fragmentationz\n# nothing\n\n",
          "objects/count space/bytes every 1 space\n");
}

static void heap_errors(void **state)
{
    (void)state;
    refuses("heap profile: 1: 1 [ 1: 1] @ heapx\n", "parsing profile: unrecognized profile format");
    refuses("heap profile: 1: 1 [ 1: 1] @ heap_v2/1\nwhat\n",
            "parsing profile: unexpected number of sample values: got 0, want 6");
    refuses("heap profile: 1: 1 [ 1: 1] @ heap_v2/1\n0: 5 [ 0: 0] @ 0x1\n",
            "parsing profile: inuse count was 0 but inuse bytes was 5");
    refuses("heap profile: 1: 1 [ 2: 1] @ heap_v2/1\n1: 5 [ 0: 7] @ 0x1\n",
            "parsing profile: allocation count was 0 but allocation bytes was 7");
    refuses("heap profile: 1: 1 [ 1: 1] @ heap_v2/1\n99999999999999999999: 5 [ 1: 7] @ 0x1\n",
            "parsing profile: malformed sample: 99999999999999999999: 5 [ 1: 7] @ 0x1: strconv.ParseInt: parsing "
            "\"99999999999999999999\": value out of range");
    refuses(
        "heap profile: 1: 1 [ 1: 1] @ heap_v2/1\n1: 5 [ 1: 7] @ 0x10000000000000000\n",
        "parsing profile: malformed sample: 1: 5 [ 1: 7] @ 0x10000000000000000: failed to parse as hex 64-bit number: "
        "0x10000000000000000");
}

/* ---- the other texts ---- */

static void counts(void **state)
{
    (void)state;
    gives("# comment\n\ngoroutine profile: total 3\n2 @ 0x11 0x21\n#\t0x10\tmain.f\n\n010 @ 0x21\n--- x\n1000-2000 "
          "/a\n--- Memory map: ---\n10-30: /b (@8) ab12\n",
          "goroutine/count every 1 goroutine\n2 | 10@1 20@1\n8 | 20@1\n1: 10-30+8 /b ab12\n");
    refuses("goroutine profile: total 3\n2 @ 0x1g\n", "parsing profile: malformed profile format");
    refuses("goroutine profile: total 3\n08 @ 0x1\n", "parsing profile: malformed profile format");
    refuses("go routine profile: total 3\n", "parsing profile: unrecognized profile format");
}

static void threads(void **state)
{
    (void)state;
    gives("--- threadz 1 ---\n\n--- Thread 7f (name: a/1) stack: ---\n  PC: 0x11 f\n 0x21\n\n--- Thread 80 (name: b/2) "
          "stack: ---\n"
          "  0x5 (same as previous thread)\n--- Memory map: ---\n1-100 /t\n",
          "thread/count every 1 thread\n2 | 11@1 20@1\n1: 1-100+0 /t \n");
    gives("--- Thread 7f (name: a/1) stack: ---\n0x11\n0x11\n---- no stack trace for b ---\nMAPPED_LIBRARIES:\n",
          "thread/count every 1 thread\n1 | 11@1\n1: 0-ffffffffffffffff+0  \n");
    refuses("--- Thread 7f (name: a/1) stack: ---\n0x11\n",
            "parsing profile: unrecognized profile format"); /* no end */
    refuses("--- Thread 7f (name: a/1) stack: ---\n0x11111111111111111\n",
            "parsing profile: malformed sample: 0x11111111111111111: failed to parse as hex 64-bit number: "
            "0x11111111111111111");
}

static void contentions(void **state)
{
    (void)state;
    gives("--- contentionz 1 ---\ncycles/second = 2000000000\nsampling period = 0x10\nms since reset = 7\ndiscarded "
          "samples = 3\n 100 5 @ 0x11\n",
          "contentions/count delay/nanoseconds every 16 contentions\n80 800 | 10@1\n1: 0-ffffffffffffffff+0  \n");
    gives("--- mutex:\n 1234 @ 0x11\n",
          "contentions/count delay/nanoseconds every 1 contentions\n4 123 | 10@1\n1: 0-ffffffffffffffff+0  \n");
    gives("--- contention:\n--- x\n1 1 @ 0x1\n", "contentions/count delay/nanoseconds every 1 contentions\n");
    refuses("--- mutex:\nsampling period = x\n", "parsing profile: unrecognized profile format");
    refuses("--- mutex:\nwhat\n", "parsing profile: unrecognized profile format");
}

static void java(void **state)
{
    (void)state;
    gives("--- heapz 1 ---\nformat = java\nresolution=bytes\n 64 1 @ 0x1 0x2\n\n0x1 f (/a/b.so)\n0x2 GC state\n0x1 g "
          "(G.java:-1)\n",
          "inuse_objects/count inuse_space/bytes every 0 \n8192 524320 | 0=g(G.java:0) 0=GC state(:0) bytes:64\n");
    gives("--- contentionz 1 ---\nformat = java\nresolution = us\nsampling period = 010\nms since reset = 3\n 4 2 @ "
          "0x1\n0x2 f\n",
          "contentions/count delay/us every 8 contentions\n16 32 | 0@1\n1: 0-ffffffffffffffff+0  \n");
    refuses("--- heapz 1 ---\nformat = java\n 4 2 @ 0x1\n", "parsing profile: missing sample type information");
    refuses("--- heapz 1 ---\nformat = java\n 4 0 @ 0x1\n",
            "parsing profile: parsing sample 4 0 @ 0x1: second value must be non-zero");
    refuses("--- contentionz 1 ---\nformat = java\nsampling period = z\n",
            "parsing profile: failed to parse attribute sampling period = z: strconv.ParseInt: parsing \"z\": invalid "
            "syntax");
    refuses("--- heapz 1 ---\nformat = c\n", "parsing profile: unrecognized profile format");
}

static void long_lines(void **state)
{
    (void)state;
    struct pp_out o;
    struct pp_profile *p;
    for (int n = 65535; n <= 65536; n++) {
        pp_out_to_memory(&o, &arena);
        pp_out_c(&o, "x profile: total 1\n#");
        pp_out_repeat(&o, '.', (size_t)n - 1);
        enum pp_code c = pp_profile_parse(&arena, pp_out_bytes(&o), NULL, &p, &err);
        assert_int_equal(c, n == 65535 ? PP_OK : PP_E_FORMAT);
    }
    assert_string_equal(err.text, "parsing profile: bufio.Scanner: token too long");
}

static void uninteresting_frames(void **state)
{
    (void)state;
    struct pp_profile *p = parse(PP_STR("heap profile: 1: 64 [ 1: 64] @ growth\n"));
    assert_true(pp_str_has_prefix(p->strings[p->drop_frames], PP_STR("calloc|cfree|")));
    assert_true(pp_str_has_prefix(p->strings[p->keep_frames], PP_STR("runtime\\.panic|")));
    p = parse(PP_STR("--- mutex:\n"));
    assert_true(pp_str_has_prefix(p->strings[p->drop_frames], PP_STR("RecordLockProfileData|")));
    p = parse(PP_STR("x profile: total 1\n"));
    assert_true(pp_str_has_prefix(p->strings[p->drop_frames], PP_STR("ProfileData::Add|")));
    assert_int_equal(p->keep_frames, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cpu_words),   TEST(cpu_ends),    TEST(cpu_handler), TEST(cpu_java),
        TEST(heap_kinds),  TEST(heap_errors), TEST(counts),      TEST(threads),
        TEST(contentions), TEST(java),        TEST(long_lines),  TEST(uninteresting_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
