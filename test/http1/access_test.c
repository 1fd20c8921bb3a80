// SPDX-License-Identifier: Apache-2.0
#include "http1/access.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct pp_arena arena;

static int release(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

/* The status that a request with these header lines gets; 200: allowed. */
static int ask(const struct pp_http_access *acc, const char *target, const char *lines, struct pp_http_response *rs)
{
    static struct pp_http_request rq;
    struct pp_http_reader rd = {0};
    pp_str text = pp_arena_fmt(&arena, "GET %s HTTP/1.1\r\n%s\r\n", target, lines);
    assert_int_equal(pp_http_read(&rd, text, &arena, &rq), PP_HTTP_READY);
    pp_http_response_init(rs, &arena);
    bool allowed = pp_http_allow(acc, &rq, rs);
    assert_int_equal(allowed, rs->status == 200);
    return rs->status;
}

static void names_of_hosts_are_refused(void **state)
{
    (void)state;
    struct pp_http_access acc = {0};
    struct pp_http_response rs;
    const char *fine[] = {"localhost",  "LOCALHOST:6060",   "127.0.0.1:1",      "10.1.2.3",
                          "[::1]:6060", "[2001:db8::1]:80", "[::ffff:1.2.3.4]", "1.2.3.4:"};
    const char *bad[] = {"evil.example",
                         "localhost.evil.example:6060",
                         "127.0.0.1.nip.io",
                         "1.2.3",
                         "256.1.1.1",
                         "01.2.3.4",
                         "[::1",
                         "[::1::2]",
                         "[evil]",
                         "::1",
                         "localhost:1:2",
                         "0x7f000001",
                         "2130706433"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_int_equal(ask(&acc, "/", pp_arena_fmt(&arena, "Host: %s\r\n", fine[i]).p, &rs), 200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ask(&acc, "/", pp_arena_fmt(&arena, "Host: %s\r\n", bad[i]).p, &rs), 403);
        assert_true(pp_str_contains(pp_out_bytes(&rs.body), PP_STR("Host header")));
    }
    acc.unix_socket = true;
    assert_int_equal(ask(&acc, "/", "Host: anything.example\r\n", &rs), 200);
}

static void pages_of_others_are_refused(void **state)
{
    (void)state;
    struct pp_http_access acc = {0};
    struct pp_http_response rs;
    struct {
        int status;
        const char *lines;
    } cases[] = {
        {200, "Origin: http://localhost:8080\r\n"},
        {200, "Origin: http://127.0.0.1:6060\r\n"},
        {200, "Origin: http://[::1]:6060\r\n"},
        {403, "Origin: https://evil.example\r\n"},
        {403, "Origin: http://10.0.0.1\r\n"},
        {403, "Origin: null\r\n"},
        {403, "Origin: http://localhost.evil.example\r\n"},
        {403, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"},
        {403, "Sec-Fetch-Site: cross-site\r\n"},
        {200, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"},
        {200, "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"},
        {200, "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(ask(&acc, "/", pp_arena_fmt(&arena, "Host: localhost\r\n%s", cases[i].lines).p, &rs),
                         cases[i].status);
}

static void the_token_opens_in_three_ways(void **state)
{
    (void)state;
    struct pp_http_access acc = {.token = PP_STR("s3cret")};
    struct pp_http_response rs;
    struct {
        int status;
        const char *target, *lines;
    } cases[] = {
        {401, "/", ""},
        {200, "/?token=s3cret", ""},
        {200, "/?seconds=1&token=s3%63ret", ""},
        {401, "/?token=s3cre", ""},
        {401, "/?token=s3cretx", ""},
        {401, "/?token=", ""},
        {200, "/", "Authorization: Bearer s3cret\r\n"},
        {200, "/", "authorization: bearer  s3cret\r\n"},
        {401, "/", "Authorization: Bearer\r\n"},
        {401, "/", "Authorization: Bearer s3cret2\r\n"},
        {401, "/?token=s3cret", "Authorization: Bearer wrong\r\n"},
        {200, "/", "Authorization: Basic dXNlcjpzM2NyZXQ=\r\n"}, /* user:s3cret */
        {200, "/", "Authorization: Basic OnMzY3JldA==\r\n"},     /* :s3cret */
        {401, "/", "Authorization: Basic czNjcmV0\r\n"},         /* s3cret */
        {401, "/", "Authorization: Basic dXNlcjpzM2NyZX!\r\n"},
        {401, "/", "Authorization: Digest s3cret\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = ask(&acc, cases[i].target, pp_arena_fmt(&arena, "Host: 10.0.0.1\r\n%s", cases[i].lines).p, &rs);
        if (status != cases[i].status) print_error("case %zu\n", i);
        assert_int_equal(status, cases[i].status);
    }
    ask(&acc, "/", "Host: 10.0.0.1\r\n", &rs);
    assert_string_equal(rs.headers[1].name, "Www-Authenticate");
    assert_int_equal(ask(&acc, "/?token=s3cret", "Host: evil.example\r\n", &rs), 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_hosts_are_refused),
        cmocka_unit_test(pages_of_others_are_refused),
        cmocka_unit_test(the_token_opens_in_three_ways),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
