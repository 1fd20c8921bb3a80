// SPDX-License-Identifier: Apache-2.0
#include "http1/server.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Answers by the path: what a test wants to see on the wire. */
static void handle(void *ctx, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    (void)ctx;
    pp_str value;
    size_t n = 100000;
    pp_http_set(rs, "Content-Type", "text/plain");
    if (pp_http_query(rs->arena, rq->raw_query, "n", &value)) n = strtoul(value.p, NULL, 10);
    if (pp_str_eq_c(rq->path, "/echo")) {
        pp_out_fmt(&rs->body, "%.*s %.*s", PP_FMT(rq->method), PP_FMT(rq->body));
    } else if (pp_str_eq_c(rq->path, "/stream")) {
        for (size_t i = 0; i < n; i++)
            pp_out_char(&rs->body, (char)('a' + i % 26));
    } else if (pp_str_eq_c(rq->path, "/sized")) {
        rs->body_bytes = (int64_t)n;
        for (size_t i = 0; i < n; i++)
            pp_out_char(&rs->body, (char)('a' + i % 26));
    } else if (pp_str_eq_c(rq->path, "/cut")) {
        pp_out_repeat(&rs->body, 'x', n);
        rs->aborted = true;
    } else if (pp_str_eq_c(rq->path, "/close")) {
        rs->close = true;
    } else {
        pp_http_error(rs, 404, "no such page");
    }
}

struct session {
    int client;
    int fd;
    struct pp_http_server server;
    pthread_t thread;
    char *answer;
    size_t n;
};

static void *serve(void *arg)
{
    struct session *s = arg;
    pp_http_serve_connection(s->fd, &s->server);
    return NULL;
}

static struct session start(struct session *s)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    s->client = fds[0];
    s->fd = fds[1];
    s->server.handle = handle;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    return *s;
}

/* Sends all and reads to the end; the server may stop reading early. */
static void talk(struct session *s, const char *text, size_t n, bool half_close)
{
    size_t cap = 1 << 20;
    s->answer = malloc(cap + 1);
    s->n = 0;
    for (size_t sent = 0; sent < n;) {
        ssize_t r = send(s->client, text + sent, n - sent, MSG_NOSIGNAL);
        if (r <= 0) break;
        sent += (size_t)r;
    }
    if (half_close) shutdown(s->client, SHUT_WR);
    for (ssize_t r; (r = read(s->client, s->answer + s->n, cap - s->n)) > 0;)
        s->n += (size_t)r;
    s->answer[s->n] = 0;
}

static void finish(struct session *s)
{
    close(s->client);
    pthread_join(s->thread, NULL);
    free(s->answer);
}

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
        n++;
    return n;
}

static void answers_pipelined_requests_in_order(void **state)
{
    (void)state;
    struct session s = {0};
    const char text[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /echo HTTP/1.1\r\nHost: "
                        "localhost\r\nContent-Length: 3\r\n\r\nabc"
                        "HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\nGET /no HTTP/1.1\r\nHost: "
                        "localhost\r\nConnection: close\r\n\r\n";
    start(&s);
    talk(&s, text, sizeof text - 1, false);
    assert_int_equal(count(s.answer, "HTTP/1.1 "), 4);
    const char *first = strstr(s.answer, "Content-Length: 4\r\n\r\nGET HTTP"),
               *second = strstr(s.answer, "Content-Length: 8\r\n\r\nPOST abcHTTP");
    const char *third = strstr(s.answer, "Content-Length: 5\r\n\r\nHTTP/1.1 404 Not Found"),
               *last = strstr(s.answer, "Connection: close\r\n\r\nno such page\n");
    assert_true(first && second > first && third > second && last > third);
    finish(&s);
}

static void streams_in_chunks_what_does_not_fit(void **state)
{
    (void)state;
    struct session s = {0};
    const char text[] = "GET /stream?n=100000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    start(&s);
    talk(&s, text, sizeof text - 1, false);
    char *p = strstr(s.answer, "Transfer-Encoding: chunked\r\n\r\n");
    assert_non_null(p);
    assert_null(strstr(s.answer, "Content-Length"));
    size_t body = 0;
    p += strlen("Transfer-Encoding: chunked\r\n\r\n");
    for (;;) {
        char *end;
        size_t size = strtoul(p, &end, 16);
        assert_memory_equal(end, "\r\n", 2);
        p = end + 2;
        if (!size) break;
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 'a' + (body + i) % 26);
        body += size;
        p += size;
        assert_memory_equal(p, "\r\n", 2);
        p += 2;
    }
    assert_string_equal(p, "\r\n");
    assert_int_equal(body, 100000);
    finish(&s);
}

static void an_old_client_gets_a_body_until_the_end(void **state)
{
    (void)state;
    struct session s = {0};
    const char text[] = "GET /stream?n=100000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    start(&s);
    talk(&s, text, sizeof text - 1, false);
    char *body = strstr(s.answer, "\r\n\r\n") + 4;
    assert_null(strstr(s.answer, "chunked"));
    assert_non_null(strstr(s.answer, "Connection: close\r\n"));
    assert_int_equal(s.n - (size_t)(body - s.answer), 100000);
    finish(&s);
    s = (struct session){0};
    const char again[] = "GET /sized?n=70000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /echo HTTP/1.0\r\n\r\n";
    start(&s);
    talk(&s, again, sizeof again - 1, false);
    assert_non_null(strstr(s.answer, "Content-Length: 70000\r\nConnection: keep-alive\r\n\r\n"));
    assert_int_equal(count(s.answer, "HTTP/1.1 200"), 2);
    finish(&s);
}

static void a_cut_answer_looks_cut(void **state)
{
    (void)state;
    struct session s = {0};
    const char text[] = "GET /cut?n=100000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    start(&s);
    talk(&s, text, sizeof text - 1, false);
    assert_non_null(strstr(s.answer, "chunked"));
    assert_null(strstr(s.answer, "\r\n0\r\n\r\n"));
    finish(&s);
    s = (struct session){0};
    const char small[] = "GET /cut?n=10 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    start(&s);
    talk(&s, small, sizeof small - 1, false);
    assert_memory_equal(s.answer, "HTTP/1.1 500 ", 13);
    finish(&s);
}

static void a_cut_request_gets_no_answer(void **state)
{
    (void)state;
    const char text[] = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct session s = {0};
        start(&s);
        talk(&s, text, n, true);
        assert_int_equal(s.n, 0);
        finish(&s);
    }
}

static void a_hundred_megabytes_of_headers_are_refused_early(void **state)
{
    (void)state;
    struct session s = {0};
    size_t n = (size_t)100 << 20;
    char *text = malloc(n);
    size_t head = (size_t)sprintf(text, "GET /echo HTTP/1.1\r\nHost: localhost\r\nX: ");
    memset(text + head, 'x', n - head);
    start(&s);
    s.answer = malloc(1 << 16);
    size_t sent = 0;
    for (ssize_t r; sent < n && (r = send(s.client, text + sent, n - sent, MSG_NOSIGNAL)) > 0; sent += (size_t)r) {
    }
    assert_true(sent < (size_t)16 << 20);
    for (ssize_t r; (r = read(s.client, s.answer + s.n, 65536 - s.n)) > 0;)
        s.n += (size_t)r;
    s.answer[s.n] = 0;
    assert_memory_equal(s.answer, "HTTP/1.1 431 Request Header Fields Too Large\r\n", 46);
    assert_non_null(strstr(s.answer, "Connection: close\r\n"));
    finish(&s);
    free(text);
}

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void slow_clients_run_out_of_time(void **state)
{
    (void)state;
    struct session s = {.server.limits = {.header_ms = 60, .idle_ms = 120}};
    int64_t begin = now_ms();
    start(&s);
    for (int i = 0; i < 100; i++) { /* a byte every 5 ms: never silent, never complete */
        if (send(s.client, "G", 1, MSG_NOSIGNAL) != 1) break;
        struct pollfd p = {.fd = s.client, .events = POLLIN};
        if (poll(&p, 1, 5) > 0) break;
    }
    assert_in_range(now_ms() - begin, 55, 400);
    talk(&s, "", 0, false);
    assert_memory_equal(s.answer, "HTTP/1.1 408 Request Timeout\r\n", 30);
    finish(&s);

    s = (struct session){.server.limits = {.header_ms = 60, .idle_ms = 120}};
    const char text[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    begin = now_ms();
    start(&s);
    talk(&s, text, sizeof text - 1, false); /* then silent: idle_ms */
    assert_in_range(now_ms() - begin, 110, 500);
    assert_int_equal(count(s.answer, "HTTP/1.1 "), 1);
    finish(&s);
}

static void a_client_that_does_not_read_is_left(void **state)
{
    (void)state;
    struct session s = {.server.limits = {.write_ms = 80}};
    const char text[] = "GET /stream?n=9000000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int64_t begin = now_ms();
    start(&s);
    assert_int_equal(send(s.client, text, sizeof text - 1, 0), sizeof text - 1);
    pthread_join(s.thread, NULL);
    assert_in_range(now_ms() - begin, 70, 1500);
    close(s.client);
}

static void a_connection_ends_after_its_last_request(void **state)
{
    (void)state;
    struct session s = {.server.limits = {.requests_max = 2}};
    const char text[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    start(&s);
    talk(&s, text, sizeof text - 1, false);
    assert_int_equal(count(s.answer, "HTTP/1.1 200"), 2);
    assert_int_equal(count(s.answer, "Connection: close"), 1);
    finish(&s);
    s = (struct session){0};
    const char close_text[] =
        "GET /close HTTP/1.1\r\nHost: localhost\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    start(&s);
    talk(&s, close_text, sizeof close_text - 1, false);
    assert_int_equal(count(s.answer, "HTTP/1.1 200"), 1);
    finish(&s);
}

static void waits_for_the_body_with_100_continue(void **state)
{
    (void)state;
    struct session s = {0};
    const char head[] = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    char got[64] = {0};
    start(&s);
    assert_int_equal(send(s.client, head, sizeof head - 1, 0), sizeof head - 1);
    assert_int_equal(read(s.client, got, sizeof got), 25);
    assert_string_equal(got, "HTTP/1.1 100 Continue\r\n\r\n");
    talk(&s, "xyz", 3, true);
    assert_non_null(strstr(s.answer, "POST xyz"));
    finish(&s);
}

static void foreign_hosts_are_refused_before_the_handler(void **state)
{
    (void)state;
    struct session s = {0};
    const char text[] = "GET /echo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    start(&s);
    talk(&s, text, sizeof text - 1, false);
    assert_memory_equal(s.answer, "HTTP/1.1 403 Forbidden\r\n", 24);
    assert_non_null(strstr(s.answer, "X-Go-Pprof: 1\r\n"));
    finish(&s);
}

static void sleep_sees_the_client_go(void **state)
{
    (void)state;
    int fds[2];
    _Atomic unsigned stop = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_true(pp_http_sleep(1000000, fds[0], NULL));
    assert_true(pp_http_sleep(1000000, -1, &stop));
    assert_int_equal(write(fds[1], "x", 1), 1); /* bytes are no reason */
    assert_true(pp_http_sleep(1000000, fds[0], NULL));
    int64_t begin = now_ms();
    shutdown(fds[1], SHUT_WR);
    assert_false(pp_http_sleep(INT64_MAX, fds[0], NULL));
    atomic_store(&stop, 1);
    assert_false(pp_http_sleep(INT64_MAX, -1, &stop));
    assert_true(now_ms() - begin < 500);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(streams_in_chunks_what_does_not_fit),
        cmocka_unit_test(an_old_client_gets_a_body_until_the_end),
        cmocka_unit_test(a_cut_answer_looks_cut),
        cmocka_unit_test(a_cut_request_gets_no_answer),
        cmocka_unit_test(a_hundred_megabytes_of_headers_are_refused_early),
        cmocka_unit_test(slow_clients_run_out_of_time),
        cmocka_unit_test(a_client_that_does_not_read_is_left),
        cmocka_unit_test(a_connection_ends_after_its_last_request),
        cmocka_unit_test(waits_for_the_body_with_100_continue),
        cmocka_unit_test(foreign_hosts_are_refused_before_the_handler),
        cmocka_unit_test(sleep_sees_the_client_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
