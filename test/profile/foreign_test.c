// SPDX-License-Identifier: Apache-2.0
/* The formats that google/pprof can't read, from text to samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/text_profile.h"
#include "profile/zstd.h"

static struct pp_profile *read_ok(struct pp_arena *a, pp_str bytes)
{
    struct pp_err err = {0};
    struct pp_profile *p;
    if (pp_profile_parse(a, bytes, NULL, &p, &err)) fail_msg("%s", err.text);
    assert_true(pp_profile_valid(p, &err));
    return p;
}

static void check_error(const char *input, const char *want)
{
    struct pp_arena a;
    struct pp_err err = {0};
    struct pp_profile *p = NULL;
    pp_arena_init(&a, 0, no_memory);
    assert_int_not_equal(pp_profile_parse(&a, pp_str_c(input), NULL, &p, &err), PP_OK);
    assert_string_equal(err.text, want);
    pp_arena_release(&a);
}

static void check_samples(const char *input, const char *types, const char *samples)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    const struct pp_profile *p = read_ok(&a, pp_str_c(input));
    pp_str have = PP_STR("");
    for (uint32_t t = 0; t < p->n_types; t++)
        have = pp_arena_fmt(&a, "%.*s%s%.*s/%.*s", PP_FMT(have), t ? " " : "",
                            PP_FMT(pp_profile_str(p, p->types[t].type)), PP_FMT(pp_profile_str(p, p->types[t].unit)));
    assert_string_equal(pp_arena_c(&a, have), types);
    assert_string_equal(text_of(&a, p), samples);
    pp_arena_release(&a);
}

static void test_folded(void **state)
{
    (void)state;
    check_samples("main;f;g 10\nmain;f 5\r\n\nmain;f;g 1\n", "samples/count", "!g !f !main | 11\n!f !main | 5\n");
    check_samples("main;operator new 3 7\nmain;b 1 0", "before/count after/count",
                  "!operator new !main | 3 7\n!b !main | 1 0\n");
    check_samples("main;a 1 2\nmain;b 1\n", "samples/count", "!a 1 !main | 2\n!b !main | 1\n");
    check_samples("do_syscall_[k];read_[k] 4\nx;y_[i] 1\n", "samples/count",
                  "!read@[kernel] !do_syscall@[kernel] | 4\n!y !x | 1\n");
    static const char *const others[] = {"main 1\n",     "main;f\n",       "main;f 1\nmain;g x\n",       "main;f -1\n",
                                         "main;f 1.5\n", "ma\001in;f 1\n", "a;b 99999999999999999999\n", "12 34\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        check_error(others[i], "parsing profile: unrecognized profile format");
}

/* Labels and frames; a creator is no frame, ancestors are left out. */
static void test_goroutines(void **state)
{
    (void)state;
    check_samples(
        "log line\npanic: x\n\n"
        "goroutine 1 [chan receive, 5 minutes, locked to thread]:\n"
        "main.(*T).run(0xc000, {0x1, 0x2})\n\t/src/a b.go:51 +0xf fp=0x1 sp=0x2 pc=0x3\n"
        "main.main(...)\n\t/src/m.go:7\n"
        "\n"
        "goroutine 20 gp=0x1 m=nil [select labels:{\"id\": \"1\", \"a\\\"b\": \"x\"}]:\n"
        "main.f()\n\t/src/m.go:8 +0x2\n"
        "...2 frames elided...\n"
        "created by main.main in goroutine 1\n\t/src/m.go:9 +0x1\n"
        "[originating from goroutine 1]:\nmain.old()\n\t/src/m.go:10 +0x1\n"
        "\n"
        "goroutine 21 [running]:\n\tgoroutine running on other thread; stack unavailable\n"
        "created by main.main\n\t/src/m.go:9 +0x1\n\nrax 0x1\n",
        "goroutine/count",
        "!main.(*T).run@/src/a b.go !main.main@/src/m.go | 1 | locked=thread state=chan receive wait:5:minutes\n"
        "!main.f@/src/m.go | 1 | a\"b=x created_by=main.main id=1 state=select\n"
        "![stack unavailable] | 1 | created_by=main.main state=running\n");
    check_error("goroutine 1 [running]:\n", "parsing profile: unrecognized profile format");
    check_error("the goroutine 1 [running]:\nmain.main()\n\t/src/m.go:7\n",
                "parsing profile: unrecognized profile format");
}

/* Objects of 100 bytes at a rate of 100: each sampled one stands for 1 / (1 - 1/e) = 1.58. */
#define HEAD "heap_v2/100\n  t*: 4: 400 [0: 0]\n"

static void test_jemalloc(void **state)
{
    (void)state;
    check_samples(
        HEAD "@ 0x401001 0x402001\n  t*: 4: 400 [0: 0]\n  t0: 3: 300 [0: 0]\n  t2: 1: 100 [0: 0]\n"
             "\nMAPPED_LIBRARIES:\n00400000-00500000 r-xp 00000000 fd:00 12345  /bin/x\n",
        "inuse_objects/count inuse_space/bytes",
        "/bin/x!- /bin/x!- | 5 475 | bytes:100:bytes thread:0\n/bin/x!- /bin/x!- | 2 158 | bytes:100:bytes thread:2\n");
    /* Threads that say less than the total: the rest has no thread. Threads that say more: they are not believed. */
    check_samples("heap_v2/0\n@ 0x401001\n  t*: 4: 400 [0: 0]\n  t7: 3: 300 [0: 0]\n@ 0x402001\n  t*: 1: 8 [0: 0]\n  "
                  "t7: 3: 300 [0: 0]\n",
                  "inuse_objects/count inuse_space/bytes",
                  "!- | 3 300 | bytes:100:bytes thread:7\n!- | 1 100 | bytes:100:bytes\n!- | 1 8 | bytes:8:bytes\n");
    check_samples("heap_v2/0\n  t*: 1: 8 [5: 40]\n@ 0x401001\n  t*: 1: 8 [5: 40]\n",
                  "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes",
                  "!- | 5 40 1 8 | bytes:8:bytes\n");
    check_error("heap_v2/100\n@ 0x401001\n  t*: 4 400\n",
                "jemalloc heap profile: line 3: \"tN: objects: bytes [objects: bytes]\" was expected");
    check_error("heap_v2/100\n@ 401001\n", "jemalloc heap profile: line 2: an address was expected");
    check_error("heap_v2/100\n@ 0x401001\n  t*: 1: 8 [0: 0]\n  t*: 1: 8 [0: 0]\n",
                "jemalloc heap profile: line 4: a second total for one stack");
}

/* "main;f 12\n" 10 times, packed by zstd -19. */
static const char packed[] = "\x28\xb5\x2f\xfd\x04\x68\x8d\x00\x00\x50\x6d\x61\x69\x6e\x3b"
                             "\x66\x20\x31\x32\x0a\x01\x00\xd7\xa9\x20\x01\x93\x9d\x45\xda";

static void test_zstd(void **state)
{
    (void)state;
    struct pp_arena a;
    struct pp_err err = {0};
    struct pp_profile *p;
    const pp_str bytes = {packed, sizeof packed - 1};
    pp_arena_init(&a, 0, no_memory);
    p = read_ok(&a, bytes);
    assert_int_equal(p->values[0][0], 120);
    pp_str twice = pp_arena_join(&a, bytes, bytes); /* frames one behind the other are one text */
    assert_int_equal(read_ok(&a, twice)->values[0][0], 240);
    for (size_t n = 5; n < bytes.n; n++)
        assert_int_equal(pp_profile_parse(&a, pp_str_sub(bytes, 0, n), NULL, &p, &err), PP_E_FORMAT);
    assert_string_equal(err.text, "decompressing profile: zstd: unexpected end of data");
    const struct pp_decode_options small = {.max_bytes = 99};
    assert_int_equal(pp_profile_parse(&a, bytes, &small, &p, &err), PP_E_LIMIT);
    assert_string_equal(err.text, "decompressing profile: zstd: more than 99 bytes after decompression");
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_folded), cmocka_unit_test(test_goroutines),
                                       cmocka_unit_test(test_jemalloc), cmocka_unit_test(test_zstd)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
