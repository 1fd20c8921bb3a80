// SPDX-License-Identifier: Apache-2.0
#include "http1/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "base/fmt.h"
#include "base/pages.h"
#include "base/syscall.h"

#define PIECE ((size_t)64 << 10) /* of an answer: must be taken within write_ms */

static bool fd_identity(int fd, struct pp_http_fd *ret)
{
    struct stat st;
    if (fd < 0 || pp_sys(SYS_fstat, fd, &st) != 0) return false;
    *ret = (struct pp_http_fd){fd, st.st_dev, st.st_ino};
    return true;
}

struct pp_http_fd pp_http_fd_of(int fd, int fd_floor)
{
    struct pp_http_fd made = {.fd = -1};
    if (fd >= 0 && fd < fd_floor) {
        long up = pp_sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd_floor);
        if (up >= 0) {
            pp_sys(SYS_close, fd);
            fd = (int)up;
        }
    }
    fd_identity(fd, &made);
    return made;
}

bool pp_http_fd_is_ours(const struct pp_http_fd *fd)
{
    struct pp_http_fd now;
    return fd_identity(fd->fd, &now) && now.dev == fd->dev && now.ino == fd->ino;
}

void pp_http_fd_close(struct pp_http_fd *fd)
{
    if (pp_http_fd_is_ours(fd)) pp_sys(SYS_close, fd->fd);
    fd->fd = -1;
}

static int64_t now_ns(void)
{
    struct timespec ts = {0};
    pp_sys(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t pp_http_now_ms(void) { return now_ns() / 1000000; }

static short poll_ns(int fd, short events, int64_t ns)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t end;
    if (__builtin_add_overflow(now_ns(), ns, &end)) end = INT64_MAX;
    for (;;) {
        struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
        long r = pp_sys(SYS_ppoll, &p, 1, ns < 0 ? NULL : &ts, NULL, 8);
        if (r > 0) return p.revents;
        if (r == 0) return 0;
        if (r != -EINTR) return POLLERR;
        if (ns >= 0 && (ns = end - now_ns()) < 0) return 0;
    }
}

short pp_http_poll(int fd, short events, int64_t ms) { return poll_ns(fd, events, ms < 0 ? -1 : ms * 1000000); }

#define SLEEP_SLICE_NS ((int64_t)50000000)

bool pp_http_sleep(int64_t ns, int fd, const _Atomic unsigned *stop)
{
    int64_t end;
    if (__builtin_add_overflow(now_ns(), ns, &end)) end = INT64_MAX;
    for (int64_t left; (left = end - now_ns()) > 0;) {
        if (stop && atomic_load(stop)) return false;
        if (stop && left > SLEEP_SLICE_NS) left = SLEEP_SLICE_NS;
        if (poll_ns(fd, POLLRDHUP, left) && fd >= 0) return false;
    }
    return true;
}

void pp_http_conn_open(struct pp_http_conn *c, struct pp_http_fd fd, const struct pp_http_limits *lim)
{
    int64_t now = pp_http_now_ms();
    *c = (struct pp_http_conn){.fd = fd, .state = PP_HTTP_CONN_READING, .since_ms = now};
    c->deadline_ms = now + PP_HTTP_OR(lim->header_ms, 10000);
}

void pp_http_conn_trim(struct pp_http_conn *c)
{
    pp_pages_unmap(c->buf, c->cap);
    c->buf = NULL;
    c->n = c->cap = 0;
}

void pp_http_conn_close(struct pp_http_conn *c)
{
    pp_http_conn_trim(c);
    pp_http_fd_close(&c->fd);
    c->state = PP_HTTP_CONN_FREE;
}

static bool grow_buffer(struct pp_http_conn *c, size_t room)
{
    size_t cap = c->cap ? 2 * c->cap : PP_PAGE;
    if (cap - c->cap > room) return false;
    char *p = c->buf ? pp_pages_grow(c->buf, c->cap, cap) : pp_pages_map(cap);
    if (!p) return false;
    c->buf = p;
    c->cap = cap;
    return true;
}

long pp_http_conn_fill(struct pp_http_conn *c, size_t room)
{
    if (c->n == c->cap && !grow_buffer(c, room)) return -ENOMEM;
    if (!pp_http_fd_is_ours(&c->fd)) return -EBADF;
    long r = pp_sys(SYS_recvfrom, c->fd.fd, c->buf + c->n, c->cap - c->n, MSG_DONTWAIT, NULL, NULL);
    if (r == -EINTR) return -EAGAIN;
    if (r > 0) {
        c->n += (size_t)r;
        c->since_ms = pp_http_now_ms();
    }
    return r;
}

/* Drops the first n bytes of the pieces, and pieces that are empty. */
static void take_off(struct iovec **iov, size_t *n_iov, size_t n)
{
    while (*n_iov && (n || (*iov)->iov_len == 0)) {
        size_t take = n < (*iov)->iov_len ? n : (*iov)->iov_len;
        (*iov)->iov_base = (char *)(*iov)->iov_base + take;
        (*iov)->iov_len -= take;
        n -= take;
        if ((*iov)->iov_len) return;
        ++*iov;
        --*n_iov;
    }
}

/* Sends all pieces; each PIECE bytes must go out within write_ms. False: the client is gone or too slow. */
static bool send_all(struct pp_http_conn *c, const struct pp_http_limits *lim, struct iovec *iov, size_t n_iov)
{
    int64_t write_ms = PP_HTTP_OR(lim->write_ms, 30000), deadline = pp_http_now_ms() + write_ms;
    size_t progress = 0;
    for (take_off(&iov, &n_iov, 0); n_iov;) {
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n_iov};
        if (!pp_http_fd_is_ours(&c->fd)) return false;
        long r = pp_sys(SYS_sendmsg, c->fd.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
        int64_t left = deadline - pp_http_now_ms();
        if (r == -EINTR) continue;
        if (r == -EAGAIN && left > 0 && pp_http_poll(c->fd.fd, POLLOUT, left)) continue;
        if (r < 0) return false;
        take_off(&iov, &n_iov, (size_t)r);
        progress += (size_t)r;
        if (progress < PIECE) continue;
        progress = 0;
        deadline = pp_http_now_ms() + write_ms;
    }
    return true;
}

static int64_t unix_seconds(void)
{
    struct timespec ts = {0};
    pp_sys(SYS_clock_gettime, CLOCK_REALTIME, &ts);
    return ts.tv_sec;
}

static struct iovec piece(const char *p, size_t n) { return (struct iovec){(void *)(uintptr_t)p, n}; }

enum pp_http_step pp_http_conn_check(struct pp_http_conn *c, const struct pp_http_limits *lim, struct pp_arena *a,
                                     struct pp_http_request *scratch)
{
    struct pp_http_reader *rd = &c->reader;
    int64_t now = pp_http_now_ms();
    enum pp_http_step step = pp_http_read(rd, (pp_str){c->buf, c->n}, a, scratch);
    pp_arena_reset(a);
    if (step != PP_HTTP_MORE) return step;
    if (rd->wants_continue) {
        rd->wants_continue = false;
        struct iovec iov = piece("HTTP/1.1 100 Continue\r\n\r\n", 25);
        if (c->n == rd->head_end) send_all(c, lim, &iov, 1);
    }
    if (c->n == 0) c->started = false;
    if (c->n_requests && c->n == 0)
        c->deadline_ms = now + PP_HTTP_OR(lim->idle_ms, 60000);
    else if (c->n_requests && !c->started)
        c->deadline_ms = now + PP_HTTP_OR(lim->header_ms, 10000);
    if (c->n) c->started = true;
    return step;
}

/* The answer on its way: rs->body's sink. */
struct reply {
    struct pp_http_conn *conn;
    const struct pp_http_limits *lim;
    const struct pp_http_request *rq;
    struct pp_http_response *rs;
    bool is_head, last; /* HEAD; the connection ends after this */
    bool head_sent;
    enum pp_http_framing framing;
    int64_t sent; /* bytes of body */
};

static void choose_framing(struct reply *r, bool body_complete)
{
    if (body_complete && r->rs->body_bytes < 0 && (!r->is_head || r->rs->body.n))
        r->rs->body_bytes = (int64_t)r->rs->body.n;
    if (r->is_head)
        r->framing = PP_HTTP_NO_BODY;
    else if (r->rs->body_bytes >= 0)
        r->framing = PP_HTTP_LENGTH;
    else if (r->rq->minor == 1)
        r->framing = PP_HTTP_CHUNKED;
    else
        r->framing = PP_HTTP_UNTIL_CLOSE;
    if (r->framing == PP_HTTP_UNTIL_CLOSE || r->rs->close) r->last = true;
}

static enum pp_code send_body(struct reply *r, const char *p, size_t n, bool body_complete, struct pp_err *err)
{
    struct pp_out head;
    struct iovec iov[4] = {0};
    char size[24];
    if (!r->head_sent) {
        choose_framing(r, body_complete);
        pp_out_to_memory(&head, r->rs->arena);
        pp_http_write_head(&head, r->rs,
                           &(struct pp_http_head){.framing = r->framing,
                                                  .length = r->rs->body_bytes,
                                                  .unix_seconds = unix_seconds(),
                                                  .connection = r->last             ? "close"
                                                                : r->rq->minor == 0 ? "keep-alive"
                                                                                    : NULL});
        if (head.failed) return pp_fail(err, PP_E_NOMEM, "out of memory for a response's head");
        iov[0] = piece(head.p, head.n);
        r->head_sent = true;
    }
    r->sent += (int64_t)n;
    if (r->framing == PP_HTTP_LENGTH && r->sent > r->rs->body_bytes)
        return pp_fail(err, PP_E_STATE, "body is longer than Content-Length");
    if (r->framing != PP_HTTP_NO_BODY) iov[2] = piece(p, n);
    if (r->framing == PP_HTTP_CHUNKED && n) {
        iov[1] = piece(size, pp_fmt(size, sizeof size, "%zx\r\n", n));
        iov[3] = piece("\r\n", 2);
    }
    if (!send_all(r->conn, r->lim, iov, 4)) return pp_fail(err, PP_E_IO, "the client is gone");
    return PP_OK;
}

static enum pp_code reply_sink(void *ctx, const char *p, size_t n, struct pp_err *err)
{
    return send_body(ctx, p, n, false, err);
}

/* Sends what is left. True: the answer is complete and well-formed. */
static bool finish_reply(struct reply *r)
{
    struct pp_out *body = &r->rs->body;
    if (r->rs->aborted || body->failed) return false;
    if (!r->head_sent) {
        if (send_body(r, body->p, body->n, true, NULL)) return false;
    } else if (pp_out_flush(body, NULL)) {
        return false;
    }
    struct iovec end = piece("0\r\n\r\n", 5);
    if (r->framing == PP_HTTP_CHUNKED) return send_all(r->conn, r->lim, &end, 1);
    return r->framing != PP_HTTP_LENGTH || r->sent == r->rs->body_bytes;
}

/* A cut answer must look cut: close will be a reset instead of an orderly end. */
static void break_off(struct pp_http_conn *c)
{
    struct linger now = {.l_onoff = 1};
    if (pp_http_fd_is_ours(&c->fd)) pp_sys(SYS_setsockopt, c->fd.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    c->broken = true;
}

static bool answer(struct pp_http_conn *c, const struct pp_http_server *srv, struct pp_arena *a)
{
    struct pp_http_request *rq = PP_NEW(a, struct pp_http_request);
    struct pp_http_response *rs = PP_NEW(a, struct pp_http_response);
    struct pp_http_reader rd = {0};
    if (!rq || !rs || pp_http_read(&rd, (pp_str){c->buf, c->n}, a, rq) != PP_HTTP_READY) {
        pp_http_conn_refuse(c, &srv->limits, 503, "out of memory");
        return false;
    }
    c->reader = rd;
    rq->fd = c->fd.fd;
    pp_http_response_init(rs, a);
    struct reply r = {.conn = c, .lim = &srv->limits, .rq = rq, .rs = rs, .is_head = pp_str_eq_c(rq->method, "HEAD")};
    r.last = !rq->keep_alive || ++c->n_requests >= PP_HTTP_OR(srv->limits.requests_max, 1000);
    pp_out_to_sink(&rs->body, a, reply_sink, &r);
    if (pp_http_allow(&srv->access, rq, rs)) srv->handle(srv->ctx, rq, rs);
    if (finish_reply(&r)) return !r.last;
    if (r.head_sent)
        break_off(c);
    else
        pp_http_conn_refuse(c, &srv->limits, 500, "the answer could not be made");
    return false;
}

bool pp_http_conn_answer(struct pp_http_conn *c, const struct pp_http_server *srv)
{
    struct pp_arena a;
    pp_arena_init(&a, PP_HTTP_OR(srv->limits.request_memory_max, (size_t)1 << 30), NULL);
    bool keep = answer(c, srv, &a);
    pp_arena_release(&a);
    size_t used = c->reader.used < c->n ? c->reader.used : c->n;
    c->n -= used;
    if (c->n) memmove(c->buf, c->buf + used, c->n);
    c->reader = (struct pp_http_reader){0};
    c->since_ms = pp_http_now_ms();
    return keep;
}

void pp_http_conn_refuse(struct pp_http_conn *c, const struct pp_http_limits *lim, int status, const char *why)
{
    char text[512];
    const char *reason = pp_http_status_text(status);
    size_t n = pp_fmt(text, sizeof text,
                      "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%d %s%s%s",
                      status, reason, status, reason, why ? ": " : "", why ? why : "");
    struct iovec iov = piece(text, n < sizeof text ? n : sizeof text - 1);
    send_all(c, lim, &iov, 1);
}

void pp_http_conn_linger(struct pp_http_conn *c)
{
    pp_http_conn_trim(c);
    c->state = PP_HTTP_CONN_LINGER;
    c->discarded = 0;
    c->deadline_ms = pp_http_now_ms() + PP_HTTP_LINGER_MS;
    if (pp_http_fd_is_ours(&c->fd)) pp_sys(SYS_shutdown, c->fd.fd, SHUT_WR);
}

bool pp_http_conn_discard(struct pp_http_conn *c)
{
    char drain[4096];
    if (!pp_http_fd_is_ours(&c->fd)) return false;
    long r = pp_sys(SYS_recvfrom, c->fd.fd, drain, sizeof drain, MSG_DONTWAIT, NULL, NULL);
    if (r == -EAGAIN || r == -EINTR) return true;
    if (r > 0) c->discarded += (size_t)r;
    return r > 0 && c->discarded < PP_HTTP_LINGER_BYTES;
}
