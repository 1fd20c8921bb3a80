// SPDX-License-Identifier: Apache-2.0
#include "endpoint/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "export/fixture.h"
#include "profile/decode.h"

/* A target whose clock only moves when somebody sleeps, and whose sleeps change the program. */
struct world {
    struct fixture f;
    struct pp_target target;
    int64_t now_ns;
    bool window_open, client_leaves, no_memory_for_threads;
    int hz;
    uint64_t block_rate; /* seen while somebody slept */
    uint32_t mutex_fraction;
    uint32_t stack;
    int n_threads;
};

static struct world w;
static const uint64_t at_main[] = {HANDLE, MAIN};

static enum pp_code cpu_start(void *ctx, int hz, struct pp_err *err)
{
    (void)ctx;
    if (w.window_open) return pp_fail(err, PP_E_STATE, "cpu profiling already in use");
    w.window_open = true;
    w.hz = hz;
    return PP_OK;
}

static enum pp_code cpu_stop(void *ctx, struct pp_err *err)
{
    (void)ctx;
    if (!w.window_open) return pp_fail(err, PP_E_STATE, "no window");
    w.window_open = false;
    return PP_OK;
}

static enum pp_code threads(void *ctx, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err)
{
    (void)ctx;
    if (w.no_memory_for_threads) return pp_fail(err, PP_E_NOMEM, "out of memory for %d threads", 5);
    ret->threads = PP_NEW_N(a, struct pp_thread_info, 8);
    ret->n = (uint32_t)w.n_threads;
    for (uint32_t i = 0; i < ret->n; i++)
        ret->threads[i] = (struct pp_thread_info){.generation = 4, .serial = i + 1, .state = "select", .pcs = at_main, .n_pcs = 2};
    return PP_OK;
}

static void refresh(void *ctx) { (void)ctx; }

static pp_str cmdline(void *ctx, struct pp_arena *a)
{
    (void)ctx, (void)a;
    return PP_STR("/app/server\0-v");
}

static bool sleep_a_while(void *ctx, int64_t ns, int fd)
{
    (void)ctx, (void)fd;
    w.now_ns += w.client_leaves ? 1000 : ns;
    if (w.window_open) fixture_cpu(&w.f, w.stack, 7);
    fixture_heap(&w.f, w.stack, 1u << 30, 1, 0);
    w.block_rate = w.f.ledger.head->block_rate;
    w.mutex_fraction = w.f.ledger.head->mutex_fraction;
    if (w.block_rate) fixture_wait(&w.f, PP_KIND_BLOCK, PP_WAIT_LOCK, w.stack, 1, 500);
    if (w.mutex_fraction) fixture_wait(&w.f, PP_KIND_MUTEX, PP_WAIT_NONE, w.stack, w.mutex_fraction, 600);
    w.n_threads++;
    return !w.client_leaves;
}

static int64_t realtime_ns(void *ctx)
{
    (void)ctx;
    return 1795484127000000000 + w.now_ns;
}

static int64_t monotonic_ns(void *ctx)
{
    (void)ctx;
    return w.now_ns;
}

static int setup(void **state)
{
    (void)state;
    w = (struct world){.n_threads = 3};
    fixture_init(&w.f);
    w.stack = STACK(&w.f, 0, 4, HANDLE, MAIN);
    fixture_heap(&w.f, w.stack, 64, 3, 1);
    fixture_heap(&w.f, w.stack, 128, 1, 0);
    for (int i = 0; i < 3; i++)
        w.f.ledger.threads[i].tid = 100 + (uint32_t)i;
    w.f.ledger.head->n_threads = 3;
    w.target = (struct pp_target){.ledger = w.f.ledger,
                                  .symbols = &w.f.symbols,
                                  .cpu_start = cpu_start,
                                  .cpu_stop = cpu_stop,
                                  .threads = threads,
                                  .refresh = refresh,
                                  .cmdline = cmdline,
                                  .sleep = sleep_a_while,
                                  .realtime_ns = realtime_ns,
                                  .monotonic_ns = monotonic_ns,
                                  .note = PP_STR("a note")};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_release(&w.f);
    return 0;
}

/* The answer as Go's server would send it, without Date. */
static pp_str ask_with(const char *method, const char *target, const char *body, struct pp_http_response *rs)
{
    static struct pp_http_request rq;
    struct pp_arena *a = &w.f.arena;
    struct pp_http_reader rd = {0};
    pp_str text = pp_arena_fmt(a, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", method, target,
                               strlen(body), body);
    assert_int_equal(pp_http_read(&rd, text, a, &rq), PP_HTTP_READY);
    pp_http_response_init(rs, a);
    pp_endpoint_handler(&w.target, &rq, rs);
    pp_str answer = pp_arena_fmt(a, "%d %s\n", rs->status, pp_http_status_text(rs->status));
    for (size_t i = 0; i < rs->n_headers; i++)
        answer = pp_arena_fmt(a, "%.*s%s: %s\n", PP_FMT(answer), rs->headers[i].name, rs->headers[i].value);
    return pp_arena_join(a, pp_arena_fmt(a, "%.*s\n", PP_FMT(answer)), pp_out_bytes(&rs->body));
}

static const char *ask(const char *target)
{
    struct pp_http_response rs;
    return ask_with("GET", target, "", &rs).p;
}

static struct pp_profile *ask_profile(const char *target, const char *filename)
{
    struct pp_http_response rs;
    struct pp_err err = {0};
    struct pp_profile *p = NULL;
    ask_with("GET", target, "", &rs);
    assert_int_equal(rs.status, 200);
    assert_int_equal(rs.n_headers, 3);
    assert_string_equal(rs.headers[0].name, "Content-Disposition");
    assert_string_equal(rs.headers[0].value, pp_arena_fmt(&w.f.arena, "attachment; filename=\"%s\"", filename).p);
    assert_string_equal(rs.headers[1].value, "application/octet-stream");
    assert_string_equal(rs.headers[2].name, "X-Content-Type-Options");
    if (pp_profile_parse(&w.f.arena, pp_out_bytes(&rs.body), NULL, &p, &err)) fail_msg("%s", err.text);
    return p;
}

#define PLAIN "Content-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n"

static void errors_are_gos(void **state)
{
    (void)state;
    struct {
        const char *target, *answer;
    } cases[] = {
        {"/", "404 Not Found\n" PLAIN "\n404 page not found\n"},
        {"/debug/pprofx", "404 Not Found\n" PLAIN "\n404 page not found\n"},
        {"/debug/pprof/nosuch", "404 Not Found\n" PLAIN "X-Go-Pprof: 1\n\nUnknown profile\n"},
        {"/debug/pprof/trace", "404 Not Found\n" PLAIN "X-Go-Pprof: 1\n\nUnknown profile\n"},
        {"/debug/pprof/nosuch?seconds=1", "404 Not Found\n" PLAIN "X-Go-Pprof: 1\n\nUnknown profile\n"},
        {"/debug/pprof/heap?seconds=0",
         "400 Bad Request\n" PLAIN "X-Go-Pprof: 1\n\ninvalid value for \"seconds\" - must be a positive integer\n"},
        {"/debug/pprof/heap?seconds=x",
         "400 Bad Request\n" PLAIN "X-Go-Pprof: 1\n\ninvalid value for \"seconds\" - must be a positive integer\n"},
        {"/debug/pprof/heap?seconds=1&debug=1",
         "400 Bad Request\n" PLAIN "X-Go-Pprof: 1\n\nseconds and debug params are incompatible\n"},
        {"/debug/pprof", "307 Temporary Redirect\nContent-Type: text/html; charset=utf-8\nLocation: /debug/pprof/\n\n"
                         "<a href=\"/debug/pprof/\">Temporary Redirect</a>.\n\n"},
        {"/debug/pprof?a=\"&b",
         "307 Temporary Redirect\nContent-Type: text/html; charset=utf-8\nLocation: /debug/pprof/?a=\"&b\n\n"
         "<a href=\"/debug/pprof/?a=&#34;&amp;b\">Temporary Redirect</a>.\n\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(ask(cases[i].target), cases[i].answer);
}

static void other_methods_are_refused(void **state)
{
    (void)state;
    struct pp_http_response rs;
    const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(ask_with(methods[i], "/debug/pprof/heap", "", &rs).p,
                            "405 Method Not Allowed\nAllow: GET, HEAD\n" PLAIN "\nMethod Not Allowed\n");
    ask_with("PUT", "/debug/pprof/symbol", "", &rs);
    assert_string_equal(rs.headers[0].value, "GET, HEAD, POST");
    assert_string_equal(ask_with("POST", "/", "", &rs).p, "404 Not Found\n" PLAIN "\n404 page not found\n");
}

static void index_is_gos_page(void **state)
{
    (void)state;
    char want[8192];
    FILE *file = fopen("index.html", "rb");
    assert_non_null(file);
    want[fread(want, 1, sizeof want - 1, file)] = 0;
    fclose(file);
    const char *head = "200 OK\nContent-Type: text/html; charset=utf-8\nX-Content-Type-Options: nosniff\n\n",
               *got = ask("/debug/pprof/");
    assert_memory_equal(got, head, strlen(head));
    assert_string_equal(got + strlen(head), want);
}

static void cmdline_keeps_its_nul(void **state)
{
    (void)state;
    struct pp_http_response rs;
    pp_str got = ask_with("GET", "/debug/pprof/cmdline", "", &rs), want = PP_STR("200 OK\n" PLAIN "\n/app/server\0-v");
    assert_true(pp_str_eq(got, want));
}

static void symbol_names_what_it_knows(void **state)
{
    (void)state;
    struct pp_http_response rs;
    const char *want = "200 OK\n" PLAIN "\nnum_symbols: 1\n0x401010 main\n0x402060 app::handle(int)\n";
    assert_string_equal(ask("/debug/pprof/symbol?0x401010+0x402060+0x10+junk+0"), want);
    assert_string_equal(ask_with("POST", "/debug/pprof/symbol", "4198416+0x402060", &rs).p, want);
    assert_string_equal(ask("/debug/pprof/symbol"), "200 OK\n" PLAIN "\nnum_symbols: 1\n");
}

static void cpu_profiles_a_window(void **state)
{
    (void)state;
    const char *const targets[] = {"/debug/pprof/profile?seconds=5", "/debug/pprof/profile",
                                   "/debug/pprof/profile?seconds=-3", "/debug/pprof/profile?seconds=x&debug=1"};
    for (int i = 0; i < 4; i++) {
        int64_t begin = w.now_ns;
        struct pp_profile *p = ask_profile(targets[i], "profile");
        assert_int_equal(p->time_nanos, 1795484127000000000 + begin);
        assert_int_equal(p->duration_nanos, (i ? 30 : 5) * 1000000000ll);
        assert_int_equal(p->period, 10000000);
        assert_int_equal(w.hz, 100);
        assert_int_equal(p->values[0][0], 7 * (i + 1)); /* this target's start zeroes nothing */
        assert_false(w.window_open);
    }
    w.client_leaves = true;
    struct pp_profile *p = ask_profile("/debug/pprof/profile", "profile");
    assert_int_equal(p->duration_nanos, 1000);
    assert_false(w.window_open);
    w.window_open = true;
    assert_string_equal(ask("/debug/pprof/profile"),
                        "500 Internal Server Error\n" PLAIN
                        "X-Go-Pprof: 1\n\nCould not enable CPU profiling: cpu profiling already in use\n");
}

static void named_profiles_come_in_three_forms(void **state)
{
    (void)state;
    struct pp_profile *p = ask_profile("/debug/pprof/heap?gc=1", "heap");
    assert_int_equal(p->n_samples, 2);
    assert_int_equal(p->default_type, 0);
    p = ask_profile("/debug/pprof/allocs?seconds=&debug=zero", "allocs");
    assert_true(pp_str_eq_c(pp_profile_str(p, p->default_type), "alloc_space"));
    assert_int_equal(ask_profile("/debug/pprof/goroutine", "goroutine")->values[0][0], 3);
    assert_int_equal(ask_profile("/debug/pprof/threads?debug=0", "threads")->values[0][0], 3);
    const char *heap = "200 OK\n" PLAIN "\nheap profile: 3: 256 [4: 320] @ heap/1048576\n";
    assert_memory_equal(ask("/debug/pprof/heap?debug=1"), heap, strlen(heap));
    assert_memory_equal(ask("/debug/pprof/allocs?debug=2"), heap, strlen(heap));
    const char *text = "200 OK\n" PLAIN "\ngoroutine profile: total 3\n3 @ 0x402020 0x401010\n";
    assert_memory_equal(ask("/debug/pprof/goroutine?debug=1"), text, strlen(text));
    const char *dump = "200 OK\n" PLAIN "\ngoroutine 1 [select]:\napp::handle(int)(...)\n";
    assert_memory_equal(ask("/debug/pprof/threads?debug=2"), dump, strlen(dump));
    assert_memory_equal(ask("/debug/pprof/threads?debug=99999999999999999999"), dump, strlen(dump));
    assert_int_equal(ask_profile("/debug/pprof/goroutine?debug=9x", "goroutine")->n_samples, 1); /* Atoi's 0 */
}

static void deltas_show_what_changed(void **state)
{
    (void)state;
    struct pp_profile *p = ask_profile("/debug/pprof/heap?seconds=2", "heap-delta");
    assert_int_equal(p->duration_nanos, 2000000000);
    assert_int_equal(p->time_nanos, 1795484129000000000);
    assert_int_equal(p->n_samples, 1);
    assert_int_equal(p->values[0][0], 1);
    assert_int_equal(p->values[3][0], 1 << 30);
    p = ask_profile("/debug/pprof/goroutine?seconds=1", "goroutine-delta");
    assert_int_equal(p->n_samples, 1);
    assert_int_equal(p->values[0][0], 1);
    w.client_leaves = true;
    assert_string_equal(ask("/debug/pprof/heap?seconds=9"),
                        "500 Internal Server Error\n" PLAIN "X-Go-Pprof: 1\n\ncontext canceled\n");
}

static void waits_are_recorded_while_somebody_asks(void **state)
{
    (void)state;
    assert_string_equal(ask("/debug/pprof/block?debug=1&rate=7"), "200 OK\n" PLAIN "\n--- contention:\ncycles/second=1000000000\n");
    struct pp_profile *p = ask_profile("/debug/pprof/block?seconds=2&rate=1000", "block-delta");
    assert_int_equal(w.block_rate, 1000);
    assert_int_equal(w.mutex_fraction, 0);
    assert_int_equal(p->duration_nanos, 2000000000);
    assert_int_equal(p->values[1][0], 500);
    p = ask_profile("/debug/pprof/mutex?seconds=1&fraction=10", "mutex-delta");
    assert_int_equal(w.block_rate, 0);
    assert_int_equal(w.mutex_fraction, 10);
    assert_int_equal(p->values[0][0], 10);
    assert_int_equal(p->values[1][0], 600);
    ask_profile("/debug/pprof/block?seconds=1", "block-delta");
    assert_int_equal(w.block_rate, 1);
    w.client_leaves = true;
    ask("/debug/pprof/mutex?seconds=1");
    assert_int_equal(w.mutex_fraction, 1);
    assert_int_equal(w.f.ledger.head->block_rate, 0);
    assert_int_equal(w.f.ledger.head->mutex_fraction, 0);
    static const char *const bad[][2] = {{"block?seconds=1&rate=0", "rate"}, {"block?seconds=1&rate=x", "rate"},
                                         {"mutex?seconds=1&fraction=-1", "fraction"}, {"mutex?seconds=1&fraction=4294967296", "fraction"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char target[100], want[200];
        snprintf(target, sizeof target, "/debug/pprof/%s", bad[i][0]);
        snprintf(want, sizeof want, "400 Bad Request\n" PLAIN "X-Go-Pprof: 1\n\ninvalid value for \"%s\" - must be a positive integer\n", bad[i][1]);
        assert_string_equal(ask(target), want);
    }
}

static void failures_are_told(void **state)
{
    (void)state;
    w.no_memory_for_threads = true;
    const char *want =
        "500 Internal Server Error\n" PLAIN "X-Go-Pprof: 1\n\nfailed to collect profile: out of memory for 5 threads\n";
    assert_string_equal(ask("/debug/pprof/goroutine"), want);
    assert_string_equal(ask("/debug/pprof/goroutine?debug=2"), want);
    assert_string_equal(ask("/debug/pprof/goroutine?seconds=1"), want);
}

static void a_program_without_heap_profile_says_why(void **state)
{
    (void)state;
    struct pp_out o;
    struct pp_err err;
    w.target.no_heap = PP_STR("no heap profile: /app/server brings its own malloc");
    const char *want = "501 Not Implemented\n" PLAIN "X-Go-Pprof: 1\n\nno heap profile: /app/server brings its own malloc\n";
    assert_string_equal(ask("/debug/pprof/heap"), want);
    assert_string_equal(ask("/debug/pprof/allocs?seconds=1&debug=1"), want);
    ask_profile("/debug/pprof/goroutine", "goroutine");
    pp_out_to_memory(&o, &w.f.arena);
    assert_int_equal(pp_endpoint_write_profile(&w.target, &w.f.arena, PP_STR("heap"), 0, NULL, &o, &err), PP_E_UNSUPPORTED);
    assert_string_equal(err.text, "no heap profile: /app/server brings its own malloc");
}

static void head_runs_the_handler(void **state)
{
    (void)state;
    struct pp_http_response rs;
    ask_with("HEAD", "/debug/pprof/profile?seconds=3", "", &rs);
    assert_int_equal(rs.status, 200);
    assert_int_equal(w.now_ns, 3000000000);
}

static void files_get_the_same_bytes(void **state)
{
    (void)state;
    struct pp_out o;
    struct pp_err err;
    struct pp_arena *a = &w.f.arena;
    struct pp_profile *p;
    struct pp_http_response rs;
    pp_out_to_memory(&o, a);
    assert_int_equal(pp_endpoint_write_profile(&w.target, a, PP_STR("allocs"), 0, NULL, &o, &err), PP_OK);
    ask_with("GET", "/debug/pprof/allocs", "", &rs);
    assert_true(pp_str_eq(pp_out_bytes(&o), pp_out_bytes(&rs.body)));
    struct pp_endpoint_window window = {.start_ns = 5, .duration_ns = 6, .hz = 1000};
    fixture_cpu(&w.f, w.stack, 9);
    pp_out_to_memory(&o, a);
    assert_int_equal(pp_endpoint_write_profile(&w.target, a, PP_STR("cpu"), 0, &window, &o, &err), PP_OK);
    assert_int_equal(pp_profile_parse(a, pp_out_bytes(&o), NULL, &p, &err), PP_OK);
    assert_int_equal(p->time_nanos, 5);
    assert_int_equal(p->duration_nanos, 6);
    assert_int_equal(p->period, 1000000);
    assert_int_equal(pp_endpoint_write_profile(&w.target, a, PP_STR("nosuch"), 0, NULL, &o, &err), PP_E_NOTFOUND);
    assert_int_equal(pp_endpoint_write_profile(&w.target, a, PP_STR("profile"), 0, NULL, &o, &err), PP_E_NOTFOUND);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(errors_are_gos),
        TEST(other_methods_are_refused),
        TEST(index_is_gos_page),
        TEST(cmdline_keeps_its_nul),
        TEST(symbol_names_what_it_knows),
        TEST(cpu_profiles_a_window),
        TEST(named_profiles_come_in_three_forms),
        TEST(deltas_show_what_changed),
        TEST(waits_are_recorded_while_somebody_asks),
        TEST(failures_are_told),
        TEST(a_program_without_heap_profile_says_why),
        TEST(head_runs_the_handler),
        TEST(files_get_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
