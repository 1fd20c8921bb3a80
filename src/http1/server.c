// SPDX-License-Identifier: Apache-2.0
#include "http1/server.h"

#include <errno.h>
#include <poll.h>

#include "http1/conn.h"

/* Reads until a request is complete. False: the connection is over; it was answered when there was something to say. */
static bool next_request(struct pp_http_conn *c, const struct pp_http_limits *lim, struct pp_arena *a)
{
    struct pp_http_request *scratch = PP_NEW(a, struct pp_http_request);
    if (!scratch) return false;
    struct pp_arena small = {.max_bytes = 2 * PP_HTTP_HEADERS_MAX};
    bool ready = false;
    for (;;) {
        enum pp_http_step step = pp_http_conn_check(c, lim, &small, scratch);
        ready = step == PP_HTTP_READY;
        if (step == PP_HTTP_REFUSED) pp_http_conn_refuse(c, lim, c->reader.status, c->reader.why);
        if (step != PP_HTTP_MORE) break;
        int64_t left = c->deadline_ms - pp_http_now_ms();
        if (left <= 0 || !pp_http_poll(c->fd.fd, POLLIN, left)) {
            if (c->n) pp_http_conn_refuse(c, lim, 408, NULL);
            break;
        }
        long r = pp_http_conn_fill(c, PP_HTTP_REQUEST_MAX);
        if (r <= 0 && r != -EAGAIN) break;
    }
    pp_arena_release(&small);
    return ready;
}

void pp_http_serve_connection(int fd, const struct pp_http_server *srv)
{
    struct pp_http_conn c;
    struct pp_arena a = {0};
    pp_http_conn_open(&c, pp_http_fd_of(fd, 0), &srv->limits);
    do
        pp_arena_reset(&a);
    while (next_request(&c, &srv->limits, &a) && pp_http_conn_answer(&c, srv));
    pp_arena_release(&a);
    if (!c.broken) pp_http_conn_linger(&c);
    for (int64_t left; !c.broken && (left = c.deadline_ms - pp_http_now_ms()) > 0;)
        if (!pp_http_poll(c.fd.fd, POLLIN, left) || !pp_http_conn_discard(&c)) break;
    pp_http_conn_close(&c);
}
