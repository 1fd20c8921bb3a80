// SPDX-License-Identifier: Apache-2.0
#include "http1/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fmt.h"

static struct pp_arena arena;
static struct pp_http_request rq;

static int release(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

/* Reads `text` in pieces of `piece` bytes, each time from a block of exactly the bytes seen so far (a sanitizer sees a read too far). */
static enum pp_http_step read_in_pieces(pp_str text, size_t piece, struct pp_http_reader *rd)
{
    static char *copy;
    *rd = (struct pp_http_reader){0};
    enum pp_http_step step = PP_HTTP_MORE;
    for (size_t n = 0; step == PP_HTTP_MORE && n < text.n;) {
        n = n + piece < text.n ? n + piece : text.n;
        free(copy);
        copy = malloc(n);
        memcpy(copy, text.p, n);
        step = pp_http_read(rd, (pp_str){copy, n}, &arena, &rq);
    }
    return step;
}

#define assert_str(s, c) assert_true(pp_str_eq_c((s), (c)) || (print_error("got \"%.*s\"\n", PP_FMT(s)), 0))

static void reads_a_get_however_it_is_cut(void **state)
{
    (void)state;
    pp_str text = PP_STR(
        "GET /debug/pprof/profile?seconds=5 HTTP/1.1\r\nHost: localhost:6060\r\nUser-Agent:  x y \r\n\r\nGET / ");
    for (size_t piece = 1; piece <= text.n; piece++) {
        struct pp_http_reader rd;
        assert_int_equal(read_in_pieces(text, piece, &rd), PP_HTTP_READY);
        assert_int_equal(rd.used, text.n - 6);
        assert_str(rq.method, "GET");
        assert_str(rq.path, "/debug/pprof/profile");
        assert_str(rq.raw_query, "seconds=5");
        assert_str(rq.host, "localhost:6060");
        assert_int_equal(rq.n_headers, 2);
        assert_str(rq.headers[1].value, "x y");
        assert_true(rq.keep_alive);
        assert_int_equal(rq.minor, 1);
        assert_int_equal(rq.body.n, 0);
    }
}

static void reads_a_body_however_it_is_cut(void **state)
{
    (void)state;
    pp_str text = PP_STR(
        "POST /debug/pprof/symbol HTTP/1.1\nhost: [::1]\ncontent-length: 11\nConnection: foo , Close\n\n0x10+0x2000");
    for (size_t piece = 1; piece <= text.n; piece++) {
        struct pp_http_reader rd;
        assert_int_equal(read_in_pieces(text, piece, &rd), PP_HTTP_READY);
        assert_int_equal(rd.used, text.n);
        assert_str(rq.body, "0x10+0x2000");
        assert_false(rq.keep_alive);
    }
}

static void tells_that_the_client_waits_for_continue(void **state)
{
    (void)state;
    struct pp_http_reader rd;
    assert_int_equal(
        read_in_pieces(PP_STR("POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n"), 7,
                       &rd),
        PP_HTTP_MORE);
    assert_true(rd.wants_continue);
}

static void takes_absolute_targets_apart(void **state)
{
    (void)state;
    struct {
        const char *target, *path, *query, *host;
    } cases[] = {
        {"http://10.0.0.1:6060/a%20b?x=1", "/a b", "x=1", "10.0.0.1:6060"},
        {"HTTP://h?y", "/", "y", "h"},
        {"http://h", "/", "", "h"},
        {"/a?b?c", "/a", "b?c", "ignored"},
        {"/%2F%41+", "//A+", "", "ignored"},
        {"*", "*", "", "ignored"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_http_reader rd;
        pp_str text = pp_arena_fmt(&arena, "GET %s HTTP/1.1\r\nHost: ignored\r\n\r\n", cases[i].target);
        assert_int_equal(read_in_pieces(text, 9, &rd), PP_HTTP_READY);
        assert_str(rq.path, cases[i].path);
        assert_str(rq.raw_query, cases[i].query);
        assert_str(rq.host, cases[i].host);
    }
}

static void keeps_http_1_0_only_on_request(void **state)
{
    (void)state;
    struct pp_http_reader rd;
    assert_int_equal(read_in_pieces(PP_STR("\r\nHEAD / HTTP/1.0\r\n\r\n"), 3, &rd), PP_HTTP_READY);
    assert_false(rq.keep_alive);
    assert_int_equal(rd.used, 21);
    assert_int_equal(read_in_pieces(PP_STR("HEAD / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), 3, &rd),
                     PP_HTTP_READY);
    assert_true(rq.keep_alive);
}

static void refuses_what_breaks_the_form(void **state)
{
    (void)state;
    struct {
        int status;
        const char *text;
    } cases[] = {
        {400, "\r\n\r\n"},
        {400, "GET\r\n\r\n"},
        {400, "GET /\r\n\r\n"},
        {400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/11\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTPS1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        {505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
        {400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x02\r\n\r\n"},
        {411, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"},
        {413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n"},
        {413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        {417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t piece = 1; piece < 80; piece += 13) {
            struct pp_http_reader rd;
            assert_int_equal(read_in_pieces(pp_str_c(cases[i].text), piece, &rd), PP_HTTP_REFUSED);
            if (rd.status != cases[i].status) print_error("case %zu: %s", i, cases[i].text);
            assert_int_equal(rd.status, cases[i].status);
        }
    }
    struct pp_http_reader rd;
    assert_int_equal(read_in_pieces(PP_STR("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"), 5, &rd), PP_HTTP_REFUSED);
}

/* The limits hold before the line or the head ends, and just below them all is well. */
static void stops_at_its_limits(void **state)
{
    (void)state;
    static char big[200000];
    struct pp_http_reader rd = {0};
    memset(big, 'a', sizeof big);
    memcpy(big, "GET /", 5);
    assert_int_equal(pp_http_read(&rd, (pp_str){big, PP_HTTP_LINE_MAX}, &arena, &rq), PP_HTTP_MORE);
    assert_int_equal(pp_http_read(&rd, (pp_str){big, PP_HTTP_LINE_MAX + 1}, &arena, &rq), PP_HTTP_REFUSED);
    assert_int_equal(rd.status, 414);

    size_t head = pp_fmt(big, sizeof big, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    big[head] = 'x';
    size_t line = 16; /* of the request line */
    rd = (struct pp_http_reader){0};
    assert_int_equal(pp_http_read(&rd, (pp_str){big, line + PP_HTTP_HEADERS_MAX}, &arena, &rq), PP_HTTP_MORE);
    assert_int_equal(pp_http_read(&rd, (pp_str){big, line + PP_HTTP_HEADERS_MAX + 1}, &arena, &rq), PP_HTTP_REFUSED);
    assert_int_equal(rd.status, 431);

    for (int extra = 0; extra < 2; extra++) {
        size_t n = pp_fmt(big, sizeof big, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < PP_HTTP_HEADER_COUNT_MAX + extra; i++)
            n += pp_fmt(big + n, sizeof big - n, "X: %d\r\n", i);
        n += pp_fmt(big + n, sizeof big - n, "\r\n");
        rd = (struct pp_http_reader){0};
        assert_int_equal(pp_http_read(&rd, (pp_str){big, n}, &arena, &rq), extra ? PP_HTTP_REFUSED : PP_HTTP_READY);
        assert_int_equal(extra ? rd.status : (int)rq.n_headers, extra ? 431 : PP_HTTP_HEADER_COUNT_MAX);
    }
}

static void reads_queries_as_go_does(void **state)
{
    (void)state;
    struct {
        const char *query, *value; /* of key "k"; NULL: absent */
    } cases[] = {
        {"", NULL},           {"k=1", "1"},     {"a=2&k=1&k=3", "1"}, {"k", ""},
        {"k=a+b%21", "a b!"}, {"%6B=x", "x"},   {"k=%zz&k=2", "2"},   {"k=1;k=2&k=3", "3"},
        {"&&k=4&", "4"},      {"k=a=b", "a=b"}, {"K=1", NULL},        {"k=%", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pp_str value;
        bool found = pp_http_query(&arena, pp_str_c(cases[i].query), "k", &value);
        assert_int_equal(found, cases[i].value != NULL);
        assert_str(value, cases[i].value ? cases[i].value : "");
    }
}

static void refused_memory_is_no_crash(void **state)
{
    (void)state;
    struct pp_arena none = {.max_bytes = 1};
    struct pp_http_reader rd = {0};
    assert_int_equal(pp_http_read(&rd, PP_STR("GET /%41 HTTP/1.1\r\nHost: a\r\n\r\n"), &none, &rq), PP_HTTP_REFUSED);
    pp_str value;
    assert_false(pp_http_query(&none, PP_STR("k=%41"), "k", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_get_however_it_is_cut),
        cmocka_unit_test(reads_a_body_however_it_is_cut),
        cmocka_unit_test(tells_that_the_client_waits_for_continue),
        cmocka_unit_test(takes_absolute_targets_apart),
        cmocka_unit_test(keeps_http_1_0_only_on_request),
        cmocka_unit_test(refuses_what_breaks_the_form),
        cmocka_unit_test(stops_at_its_limits),
        cmocka_unit_test(reads_queries_as_go_does),
        cmocka_unit_test(refused_memory_is_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
