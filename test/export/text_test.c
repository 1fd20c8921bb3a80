// SPDX-License-Identifier: Apache-2.0
#include "export/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/fixture.h"

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_release(&f);
    return 0;
}

typedef enum pp_code (*write_text)(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o,
                                   struct pp_err *err);

static const char *text_of(write_text write, const struct pp_export_request *rq)
{
    struct pp_out o;
    struct pp_err err = {0};
    pp_out_to_memory(&o, &f.arena);
    if (write(&f.arena, rq, &o, &err)) fail_msg("%s", err.text);
    pp_out_char(&o, 0);
    return o.p;
}

static struct pp_memstats ms;

static enum pp_code write_heap(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o,
                               struct pp_err *err)
{
    return pp_export_heap_text(a, rq, ms.sys_bytes ? &ms : NULL, o, err);
}

/* The frame lines are those that Go's text/tabwriter makes of the same cells (1, 8, 1, '\t'). */
static void heap_looks_as_from_go(void **state)
{
    (void)state;
    fixture_heap(&f, STACK(&f, 0, 4, MALLOC_USER, PARSE, MAIN), 4096, 3, 1);
    fixture_heap(&f, STACK(&f, 0, 4, FREE_ALL, MAIN), 64, 2, 2);
    fixture_heap(&f, STACK(&f, PP_STACK_CUT, 4, HANDLE, NOWHERE, PLUGIN, FREE_ALL), 100, 1, 0);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    ms = (struct pp_memstats){0};
    const char *text = text_of(write_heap, &rq);
    const char *want = "heap profile: 3: 8292 [6: 12516] @ heap/1048576\n"
                       "0: 0 [2: 128] @ 0x403040 0x401010\n"
                       "#\t0x40303f\tfree_all+0x3f\t/src/free.c:63\n"
                       "#\t0x40100f\tmain+0xf\t/src/main.c:15\n"
                       "\n"
                       "1: 100 [1: 100] @ 0x402020 0x10 0x7f1000000500 0x403040\n"
                       "#\t0x40201f\tapp::handle(int)+0x1f\t/src/handle.cc:31\n"
                       "#\t0xf\n"
                       "#\t0x7f10000004ff\n"
                       "#\t0x40303f\tfree_all+0x3f\t\t/src/free.c:63\n"
                       "#\t0x0\t\t[truncated stack]\t??:0\n"
                       "\n"
                       "2: 8192 [3: 12288] @ 0x7f0000001008 0x402060 0x401010\n"
                       "#\t0x7f0000001007\tmalloc_user+0x7\t\t??:0\n"
                       "#\t0x40205f\tparse+0x5f\t\t/src/parse.h:77\n"
                       "#\t0x40205f\tapp::handle(int)+0x5f\t/src/handle.cc:95\n"
                       "#\t0x40100f\tmain+0xf\t\t/src/main.c:15\n"
                       "\n";
    size_t n = strlen(want);
    if (strncmp(text, want, n) != 0) print_error("%s", text);
    assert_memory_equal(text, want, n);
    const char *tail = strstr(text, "\n\n# runtime.MemStats\n# Alloc = ");
    assert_non_null(tail);
    assert_null(strstr(text, "MaxRSS"));
    ms = (struct pp_memstats){.sys_bytes = 5000000, .max_rss_bytes = 40349696};
    text = text_of(write_heap, &rq);
    assert_non_null(strstr(text, "# Sys = 5000000\n"));
    assert_non_null(strstr(text, "# MaxRSS = 40349696\n"));
}

static void memstats_are_the_scaled_totals(void **state)
{
    (void)state;
    fixture_heap(&f, STACK(&f, 0, 4, MAIN), 1024, 3, 1); /* as in profile_test: 1537 and 1025 objects */
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    ms = (struct pp_memstats){0};
    assert_non_null(strstr(text_of(write_heap, &rq),
                           "\n\n# runtime.MemStats\n# Alloc = 1049600\n# TotalAlloc = 1574400\n# Mallocs = 1537\n"
                           "# Frees = 512\n# HeapAlloc = 1049600\n# HeapObjects = 1025\n"));
}

static void equal_totals_differ_by_one(void **state)
{
    (void)state;
    fixture_heap(&f, STACK(&f, 0, 4, MAIN), 10, 3, 0);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_HEAP);
    assert_memory_equal(text_of(write_heap, &rq), "heap profile: 3: 30 [3: 31] @ heap/1048576\n", 43);
}

static const uint64_t at_handle[] = {HANDLE, MAIN}, at_free[] = {MALLOC_USER, FREE_ALL, MAIN},
                      at_plugin[] = {PLUGIN, NOWHERE, PARSE};

static void threads_group_and_sort_as_in_go(void **state)
{
    (void)state;
    const uint64_t low[] = {0x40100f}, longer[] = {HANDLE, MAIN, MAIN};
    struct pp_thread_info infos[] = {{.generation = 4, .serial = 1, .state = "running", .pcs = longer, .n_pcs = 3},
                                     {.generation = 4, .serial = 2, .state = "running", .pcs = at_handle, .n_pcs = 2},
                                     {.generation = 4, .serial = 3, .state = "sleep", .pcs = at_free, .n_pcs = 3},
                                     {.generation = 4, .serial = 4, .state = "sleep", .pcs = at_free, .n_pcs = 3},
                                     {.generation = 4, .serial = 5, .state = "sleep", .pcs = low, .n_pcs = 1},
                                     {.generation = 4, .serial = 6, .state = "runnable"}};
    struct pp_thread_dump dump = {infos, 6};
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_THREADS);
    rq.threads = &dump;
    const char *text = text_of(pp_export_threads_text, &rq);
    const char *want = "goroutine profile: total 6\n"
                       "2 @ 0x7f0000001008 0x403040 0x401010\n"
                       "#\t0x7f0000001007\tmalloc_user+0x7\t??:0\n"
                       "#\t0x40303f\tfree_all+0x3f\t/src/free.c:63\n"
                       "#\t0x40100f\tmain+0xf\t/src/main.c:15\n"
                       "\n"
                       "1 @ 0x1\n"
                       "#\t0x0\t[truncated stack]\t??:0\n"
                       "\n"
                       "1 @ 0x40100f\n"
                       "#\t0x40100e\tmain+0xe\t/src/main.c:14\n"
                       "\n"
                       "1 @ 0x402020 0x401010\n"
                       "#\t0x40201f\tapp::handle(int)+0x1f\t/src/handle.cc:31\n"
                       "#\t0x40100f\tmain+0xf\t\t/src/main.c:15\n"
                       "\n"
                       "1 @ 0x402020 0x401010 0x401010\n"
                       "#\t0x40201f\tapp::handle(int)+0x1f\t/src/handle.cc:31\n"
                       "#\t0x40100f\tmain+0xf\t\t/src/main.c:15\n"
                       "#\t0x40100f\tmain+0xf\t\t/src/main.c:15\n"
                       "\n";
    if (strcmp(text, want) != 0) print_error("%s", text);
    assert_string_equal(text, want);
}

static void dump_has_gos_grammar(void **state)
{
    (void)state;
    uint32_t creator = STACK(&f, 0, 4, HANDLE, MAIN);
    struct pp_thread_info infos[] = {
        {.generation = 4, .serial = 1, .state = "select", .waiting_ns = 59999999999, .pcs = at_handle, .n_pcs = 2},
        {.generation = 4,
         .serial = 7,
         .state = "sync.Mutex.Lock",
         .waiting_ns = 150000000000,
         .pcs = at_plugin,
         .n_pcs = 3,
         .cut = true,
         .creator_serial = 1,
         .creator_stack = creator},
        {.generation = 4, .serial = 9, .state = "runnable", .creator_stack = creator},
    };
    struct pp_thread_dump dump = {infos, 3};
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_THREADS);
    rq.threads = &dump;
    const char *text = text_of(pp_export_threads_dump, &rq);
    const char *want = "goroutine 1 [select]:\n"
                       "app::handle(int)(...)\n"
                       "\t/src/handle.cc:31 +0x20\n"
                       "main(...)\n"
                       "\t/src/main.c:15 +0x10\n"
                       "\n"
                       "goroutine 7 [sync.Mutex.Lock, 2 minutes]:\n"
                       "new.so+0x14ff(...)\n"
                       "\t??:0\n"
                       "0xf(...)\n"
                       "\t??:0\n"
                       "parse(...)\n"
                       "\t/src/parse.h:77\n"
                       "app::handle(int)(...)\n"
                       "\t/src/handle.cc:95 +0x60\n"
                       "...additional frames elided...\n"
                       "created by app::handle(int) in goroutine 1\n"
                       "\t/src/handle.cc:31 +0x20\n"
                       "\n"
                       "goroutine 9 [runnable]:\n"
                       "\tgoroutine running on other thread; stack unavailable\n"
                       "created by app::handle(int)\n"
                       "\t/src/handle.cc:31 +0x20\n";
    if (strcmp(text, want) != 0) print_error("%s", text);
    assert_string_equal(text, want);
}

static void waits_look_as_from_go(void **state)
{
    (void)state;
    fixture_wait(&f, PP_KIND_BLOCK, PP_WAIT_COND, STACK(&f, 0, 4, FREE_ALL, MAIN), 1, 70);
    fixture_wait(&f, PP_KIND_BLOCK, PP_WAIT_LOCK, STACK(&f, 0, 4, HANDLE, MAIN), 2.5, 129916755);
    fixture_wait(&f, PP_KIND_MUTEX, PP_WAIT_NONE, STACK(&f, 0, 4, FREE_ALL), 10, 4000);
    struct pp_export_request rq = fixture_request(&f, PP_EXPORT_BLOCK);
    assert_string_equal(text_of(pp_export_waits_text, &rq), "--- contention:\n"
                                                            "cycles/second=1000000000\n"
                                                            "129916755 2 @ 0x402020 0x401010\n"
                                                            "#\t0x40201f\tapp::handle(int)+0x1f\t/src/handle.cc:31\n"
                                                            "#\t0x40100f\tmain+0xf\t\t/src/main.c:15\n"
                                                            "\n"
                                                            "70 1 @ 0x403040 0x401010\n"
                                                            "#\t0x40303f\tfree_all+0x3f\t/src/free.c:63\n"
                                                            "#\t0x40100f\tmain+0xf\t/src/main.c:15\n"
                                                            "\n");
    rq.kind = PP_EXPORT_MUTEX;
    assert_string_equal(text_of(pp_export_waits_text, &rq), "--- mutex:\n"
                                                            "cycles/second=1000000000\n"
                                                            "sampling period=1\n"
                                                            "4000 10 @ 0x403040\n"
                                                            "#\t0x40303f\tfree_all+0x3f\t/src/free.c:63\n"
                                                            "\n");
}

static void deep_stacks_lose_their_middle(void **state)
{
    (void)state;
    uint64_t pcs[300];
    for (int i = 0; i < 300; i++)
        pcs[i] = 0x401001u + (unsigned)i;
    for (uint32_t n = 100; n <= 300; n += 100) {
        struct pp_thread_info info = {.generation = 4, .serial = 1, .state = "running", .pcs = pcs, .n_pcs = n};
        struct pp_thread_dump dump = {&info, 1};
        struct pp_export_request rq = fixture_request(&f, PP_EXPORT_THREADS);
        rq.threads = &dump;
        const char *text = text_of(pp_export_threads_dump, &rq), *elided = strstr(text, " frames elided...\n");
        unsigned frames = 0;
        for (const char *p = text; (p = strstr(p, "main(...)\n")); p++)
            frames++;
        assert_int_equal(frames, 100);
        assert_int_equal(elided != NULL, n > 100);
        if (!elided) continue;
        while (*--elided != '.') {
        }
        assert_int_equal(atoi(elided + 1), n - 100);
        const char *after =
            n == 200 ? "\nmain(...)\n\t/src/main.c:150 +0x97\n" : "\nmain(...)\n\t/src/main.c:250 +0xfb\n";
        elided = strchr(elided, '\n');
        assert_memory_equal(elided, after, strlen(after)); /* the first of the outermost 50 */
    }
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(waits_look_as_from_go),
        TEST(heap_looks_as_from_go),      TEST(memstats_are_the_scaled_totals),
        TEST(equal_totals_differ_by_one), TEST(threads_group_and_sort_as_in_go),
        TEST(dump_has_gos_grammar),       TEST(deep_stacks_lose_their_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
