// SPDX-License-Identifier: Apache-2.0
#include "http1/front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/pages.h"
#include "base/syscall.h"
#include "http1/conn.h"

#define CONNECTIONS_MAX 1024
#define ACCEPT_BATCH 128
#define ACCEPT_PAUSE_MS 100 /* after "too many open files" */
#define DRAIN_POLL_MS 10

/* Slots 0 and 1 of polls are the pipe and the listener; slot 2 + i is conns[watched[i]]. */
struct pp_http_front {
    struct pp_http_front_options opt;
    unsigned max;
    struct pp_http_fd listener, wake_read, wake_write;
    _Atomic bool stopping;
    _Atomic unsigned n_working;  /* the last thing a worker touches */
    _Atomic unsigned given_back; /* chain of connections, index + 1 */
    _Atomic unsigned n_open;
    int64_t accept_after_ms, idle_since_ms;
    bool was_busy; /* at the last look */
    struct pp_arena scratch_arena;
    struct pp_http_request scratch;
    struct pollfd polls[CONNECTIONS_MAX + 2];
    unsigned watched[CONNECTIONS_MAX], n_watched;
    unsigned n_used; /* conns[n_used..] were never used */
    struct pp_http_conn conns[CONNECTIONS_MAX];
};

static void tell(void (*hook)(void *, int), const struct pp_http_front *f, int fd)
{
    if (hook) hook(f->opt.ctx, fd);
}

static enum pp_code make_pipe(struct pp_http_front *f, struct pp_err *err)
{
    int fds[2];
    if (pp_sys(SYS_pipe2, fds, O_CLOEXEC | O_NONBLOCK) != 0) return pp_fail(err, PP_E_IO, "http: no pipe to be had");
    f->wake_read = pp_http_fd_of(fds[0], f->opt.fd_floor);
    f->wake_write = pp_http_fd_of(fds[1], f->opt.fd_floor);
    tell(f->opt.fd_opened, f, f->wake_read.fd);
    tell(f->opt.fd_opened, f, f->wake_write.fd);
    return PP_OK;
}

enum pp_code pp_http_front_new(const struct pp_http_front_options *opt, struct pp_http_front **ret, struct pp_err *err)
{
    struct pp_http_front *f = pp_pages_map(sizeof *f);
    if (!f) return pp_fail(err, PP_E_NOMEM, "http: out of memory");
    f->opt = *opt;
    f->max = PP_HTTP_OR(opt->connections_max, CONNECTIONS_MAX);
    if (f->max > CONNECTIONS_MAX) f->max = CONNECTIONS_MAX;
    if (!f->opt.buffers_max) f->opt.buffers_max = (size_t)16 << 20;
    f->listener = pp_http_fd_of(opt->listen_fd, 0);
    f->scratch_arena.max_bytes = 2 * PP_HTTP_HEADERS_MAX;
    enum pp_code c = make_pipe(f, err);
    if (c)
        pp_pages_unmap(f, sizeof *f);
    else
        *ret = f;
    return c;
}

static void close_fd(struct pp_http_front *f, struct pp_http_fd *fd)
{
    int number = fd->fd;
    pp_http_fd_close(fd);
    if (number >= 0) tell(f->opt.fd_closed, f, number);
}

static void close_conn(struct pp_http_front *f, struct pp_http_conn *c)
{
    int number = c->fd.fd;
    pp_http_conn_close(c);
    if (number >= 0) tell(f->opt.fd_closed, f, number);
    atomic_fetch_sub(&f->n_open, 1);
}

void pp_http_front_free(struct pp_http_front *f)
{
    if (!f) return;
    for (unsigned i = 0; i < f->n_used; i++)
        if (f->conns[i].state != PP_HTTP_CONN_FREE) close_conn(f, &f->conns[i]);
    close_fd(f, &f->wake_read);
    close_fd(f, &f->wake_write);
    pp_arena_release(&f->scratch_arena);
    pp_pages_unmap(f, sizeof *f);
}

static void wake(struct pp_http_front *f)
{
    if (pp_http_fd_is_ours(&f->wake_write)) pp_sys(SYS_write, f->wake_write.fd, "", 1);
}

void pp_http_front_stop(struct pp_http_front *f)
{
    atomic_store(&f->stopping, true);
    wake(f);
}

unsigned pp_http_front_connections(const struct pp_http_front *f) { return atomic_load(&f->n_open); }

void pp_http_front_work(struct pp_http_front *f, struct pp_http_conn *c)
{
    c->keep = pp_http_conn_answer(c, f->opt.server);
    unsigned mine = (unsigned)(c - f->conns) + 1, top = atomic_load(&f->given_back);
    do
        c->next = top;
    while (!atomic_compare_exchange_weak(&f->given_back, &top, mine));
    wake(f);
    atomic_fetch_sub(&f->n_working, 1);
}

static size_t buffers_in_use(const struct pp_http_front *f)
{
    size_t total = 0;
    for (unsigned i = 0; i < f->n_used; i++)
        if (f->conns[i].state != PP_HTTP_CONN_FREE) total += f->conns[i].cap;
    return total;
}

static void refuse(struct pp_http_front *f, struct pp_http_conn *c, int status, const char *why)
{
    pp_http_conn_refuse(c, &f->opt.server->limits, status, why);
    pp_http_conn_linger(c);
}

static void hand_out(struct pp_http_front *f, struct pp_http_conn *c)
{
    c->state = PP_HTTP_CONN_WORKING;
    atomic_fetch_add(&f->n_working, 1);
    if (!f->opt.spawn) {
        pp_http_front_work(f, c);
    } else if (!f->opt.spawn(f->opt.ctx, f, c)) {
        atomic_fetch_sub(&f->n_working, 1);
        refuse(f, c, 503, "too many requests at once");
    }
}

/* Bytes have come, or a worker gave c back with some left over. */
static void advance(struct pp_http_front *f, struct pp_http_conn *c)
{
    switch (pp_http_conn_check(c, &f->opt.server->limits, &f->scratch_arena, &f->scratch)) {
    case PP_HTTP_MORE: return;
    case PP_HTTP_READY: hand_out(f, c); return;
    case PP_HTTP_REFUSED: refuse(f, c, c->reader.status, c->reader.why); return;
    }
}

static void on_readable(struct pp_http_front *f, struct pp_http_conn *c)
{
    if (c->state == PP_HTTP_CONN_LINGER) {
        if (!pp_http_conn_discard(c)) close_conn(f, c);
        return;
    }
    size_t used = c->n == c->cap ? buffers_in_use(f) : 0;
    long r = pp_http_conn_fill(c, used < f->opt.buffers_max ? f->opt.buffers_max - used : 0);
    if (r > 0)
        advance(f, c);
    else if (r == -ENOMEM)
        refuse(f, c, 503, "out of memory");
    else if (r != -EAGAIN)
        close_conn(f, c);
}

static void take_back(struct pp_http_front *f)
{
    for (unsigned i = atomic_exchange(&f->given_back, 0); i;) {
        struct pp_http_conn *c = &f->conns[i - 1];
        i = c->next;
        if (c->broken) {
            close_conn(f, c);
        } else if (!c->keep || atomic_load(&f->stopping)) {
            pp_http_conn_linger(c);
        } else {
            c->state = PP_HTTP_CONN_READING;
            if (c->n == 0) pp_http_conn_trim(c);
            advance(f, c);
        }
    }
}

/* The one that is silent longest; NULL: all are being answered. */
static struct pp_http_conn *oldest_idle(struct pp_http_front *f)
{
    struct pp_http_conn *oldest = NULL;
    for (unsigned i = 0; i < f->n_used; i++) {
        struct pp_http_conn *c = &f->conns[i];
        if (c->state != PP_HTTP_CONN_READING && c->state != PP_HTTP_CONN_LINGER) continue;
        if (!oldest || c->since_ms < oldest->since_ms) oldest = c;
    }
    return oldest;
}

static struct pp_http_conn *free_slot(struct pp_http_front *f)
{
    for (unsigned i = 0; i < f->n_used; i++)
        if (f->conns[i].state == PP_HTTP_CONN_FREE) return &f->conns[i];
    return &f->conns[f->n_used++];
}

/* One connection off the listener's queue. False: none there, or none can be taken now. */
static bool accept_one(struct pp_http_front *f)
{
    bool full = atomic_load(&f->n_open) >= f->max;
    struct pp_http_conn *oldest = full ? oldest_idle(f) : NULL;
    long fd = full && !oldest ? -EMFILE : pp_sys(SYS_accept4, f->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) {
        if (!full && (oldest = oldest_idle(f))) close_conn(f, oldest);
        f->accept_after_ms = pp_http_now_ms() + ACCEPT_PAUSE_MS;
        return false;
    }
    if (fd < 0) return fd == -EINTR || fd == -ECONNABORTED;
    if (oldest) close_conn(f, oldest);
    struct pp_http_fd mine = pp_http_fd_of((int)fd, f->opt.fd_floor);
    if (mine.fd < 0) return true;
    tell(f->opt.fd_opened, f, mine.fd);
    pp_http_conn_open(free_slot(f), mine, &f->opt.server->limits);
    atomic_fetch_add(&f->n_open, 1);
    return true;
}

static bool is_silent(const struct pp_http_conn *c)
{
    return c->state == PP_HTTP_CONN_READING && c->n == 0 && c->n_requests > 0;
}

static void time_out(struct pp_http_front *f, struct pp_http_conn *c)
{
    if (c->state == PP_HTTP_CONN_READING && c->n)
        refuse(f, c, 408, NULL);
    else
        close_conn(f, c);
}

/* Fills polls; closes what is over its time. Returns the milliseconds until something is due, -1: nothing. */
static int64_t watch(struct pp_http_front *f, int64_t now)
{
    int64_t due = INT64_MAX;
    unsigned n_busy = 0;
    f->n_watched = 0;
    for (unsigned i = 0; i < f->n_used; i++) {
        struct pp_http_conn *c = &f->conns[i];
        if ((c->state == PP_HTTP_CONN_READING || c->state == PP_HTTP_CONN_LINGER) && c->deadline_ms <= now)
            time_out(f, c);
        if (c->state == PP_HTTP_CONN_FREE) continue;
        if (!(f->opt.idle_may_close && is_silent(c))) n_busy++;
        if (c->state == PP_HTTP_CONN_WORKING) continue;
        if (c->deadline_ms < due) due = c->deadline_ms;
        f->polls[2 + f->n_watched] = (struct pollfd){.fd = c->fd.fd, .events = POLLIN};
        f->watched[f->n_watched++] = i;
    }
    bool may_accept = now >= f->accept_after_ms;
    f->polls[0] = (struct pollfd){.fd = f->wake_read.fd, .events = POLLIN};
    f->polls[1] = (struct pollfd){.fd = may_accept ? f->listener.fd : -1, .events = POLLIN};
    if (!may_accept && f->accept_after_ms < due) due = f->accept_after_ms;
    if (n_busy || f->was_busy) f->idle_since_ms = now;
    f->was_busy = n_busy > 0;
    if (!n_busy && f->opt.exit_when_idle_ms && f->idle_since_ms + f->opt.exit_when_idle_ms < due)
        due = f->idle_since_ms + f->opt.exit_when_idle_ms;
    return due == INT64_MAX ? -1 : due <= now ? 0 : due - now;
}

static void drain_pipe(struct pp_http_front *f)
{
    char bytes[256];
    if (pp_http_fd_is_ours(&f->wake_read)) pp_sys(SYS_read, f->wake_read.fd, bytes, sizeof bytes);
}

/* False: the listener is gone. */
static bool serve_polled(struct pp_http_front *f)
{
    if (f->polls[0].revents) drain_pipe(f);
    for (unsigned i = 0; i < f->n_watched && !atomic_load(&f->stopping); i++)
        if (f->polls[2 + i].revents) on_readable(f, &f->conns[f->watched[i]]);
    if (!f->polls[1].revents) return true;
    if (!pp_http_fd_is_ours(&f->listener)) return false;
    for (int i = 0; i < ACCEPT_BATCH && accept_one(f); i++) {
    }
    return true;
}

/* Workers finish; what is still open is closed by pp_http_front_free. */
static void wait_for_workers(struct pp_http_front *f)
{
    while (atomic_load(&f->n_working)) {
        pp_http_poll(f->wake_read.fd, POLLIN, DRAIN_POLL_MS);
        drain_pipe(f);
    }
    take_back(f);
}

void pp_http_front_run(struct pp_http_front *f)
{
    f->idle_since_ms = pp_http_now_ms();
    while (!atomic_load(&f->stopping)) {
        take_back(f);
        int64_t now = pp_http_now_ms(), wait_ms = watch(f, now);
        if (f->opt.exit_when_idle_ms && now - f->idle_since_ms >= f->opt.exit_when_idle_ms) break;
        struct timespec ts = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
        long r = pp_sys(SYS_ppoll, f->polls, f->n_watched + 2, wait_ms < 0 ? NULL : &ts, NULL, 8);
        if (r > 0 && !serve_polled(f)) break;
        if (r < 0 && r != -EINTR) break;
    }
    atomic_store(&f->stopping, true);
    wait_for_workers(f);
}
