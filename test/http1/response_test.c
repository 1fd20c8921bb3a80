// SPDX-License-Identifier: Apache-2.0
#include "http1/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static struct pp_arena arena;

static int release(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

static void writes_dates_as_gmtime_knows_them(void **state)
{
    (void)state;
    char mine[PP_HTTP_DATE_MAX], libc[64];
    for (int64_t t = -100000000000; t < 200000000000; t += 86400 * 13 + 7919) {
        time_t when = t;
        struct tm tm;
        gmtime_r(&when, &tm);
        if (tm.tm_year + 1900 < 1000 || tm.tm_year + 1900 > 9999) continue;
        strftime(libc, sizeof libc, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        pp_http_date(mine, t);
        assert_string_equal(mine, libc);
    }
}

static void sorts_and_replaces_headers(void **state)
{
    (void)state;
    struct pp_http_response rs;
    struct pp_out o;
    pp_http_response_init(&rs, &arena);
    pp_http_set(&rs, "X-Go-Pprof", "1");
    pp_http_set(&rs, "Content-Type", "a");
    pp_http_set(&rs, "Content-Disposition", "b");
    pp_http_set(&rs, "Content-Type", "c");
    pp_http_set(&rs, "Absent", NULL);
    pp_out_to_memory(&o, &arena);
    pp_http_write_head(&o, &rs,
                       &(struct pp_http_head){.framing = PP_HTTP_LENGTH, .length = 5, .unix_seconds = 1795484127});
    pp_out_char(&o, 0);
    assert_string_equal(o.p, "HTTP/1.1 200 OK\r\nContent-Disposition: b\r\nContent-Type: c\r\nX-Go-Pprof: 1\r\n"
                             "Date: Tue, 24 Nov 2026 01:35:27 GMT\r\nContent-Length: 5\r\n\r\n");
    for (int i = 0; i < 2 * PP_HTTP_REPLY_HEADERS_MAX; i++)
        pp_http_set(&rs, pp_arena_fmt(&arena, "H%d", i).p, "v");
    assert_int_equal(rs.n_headers, PP_HTTP_REPLY_HEADERS_MAX);
}

static void errors_are_plain_text(void **state)
{
    (void)state;
    struct pp_http_response rs;
    pp_http_response_init(&rs, &arena);
    pp_http_set(&rs, "Content-Disposition", "attachment");
    pp_http_set(&rs, "Content-Type", "application/octet-stream");
    pp_http_error(&rs, 404, "Unknown profile");
    assert_int_equal(rs.status, 404);
    assert_int_equal(rs.n_headers, 1);
    assert_int_equal(rs.body_bytes, 16);
    assert_true(pp_str_eq_c(pp_out_bytes(&rs.body), "Unknown profile\n"));
}

static void names_each_framing(void **state)
{
    (void)state;
    struct {
        struct pp_http_head head;
        const char *lines;
    } cases[] = {
        {{.framing = PP_HTTP_CHUNKED}, "Transfer-Encoding: chunked\r\n\r\n"},
        {{.framing = PP_HTTP_UNTIL_CLOSE, .connection = "close"}, "Connection: close\r\n\r\n"},
        {{.framing = PP_HTTP_NO_BODY, .length = -1}, "GMT\r\n\r\n"},
        {{.framing = PP_HTTP_NO_BODY, .length = 3}, "GMT\r\nContent-Length: 3\r\n\r\n"},
        {{.framing = PP_HTTP_LENGTH, .connection = "keep-alive"},
         "Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_http_response rs;
        struct pp_out o;
        pp_http_response_init(&rs, &arena);
        pp_out_to_memory(&o, &arena);
        pp_http_write_head(&o, &rs, &cases[i].head);
        assert_true(pp_str_has_suffix(pp_out_bytes(&o), pp_str_c(cases[i].lines)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_dates_as_gmtime_knows_them),
        cmocka_unit_test(sorts_and_replaces_headers),
        cmocka_unit_test(errors_are_plain_text),
        cmocka_unit_test(names_each_framing),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
