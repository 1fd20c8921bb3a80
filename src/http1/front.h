/* http1/front.h - one thread that holds many connections and hands out only complete requests.
 *
 * It polls the listener and all connections without a complete request, and reads without blocking. So a thousand idle or
 * slow clients cost a poll entry and the bytes they sent; a worker is busy only from a complete request to its answer.
 *
 *   accept -> READING --complete--> WORKING (a worker, or the front itself) --keep-alive--> READING
 *                |  refused, timed out                 | close
 *                +--> LINGER (answered; input discarded for a moment) <--+ --> closed
 *
 * Limits: at most connections_max; the connection that is silent longest makes room for a new one. All input buffers together stay
 * below buffers_max; who would pass it is answered 503.
 * Threads: pp_http_front_run on one thread, each pp_http_front_work on any, pp_http_front_stop from everywhere, signal handlers
 * included.   May run: cold code, threads that libc doesn't know included; raw system calls only.
 */
#ifndef PP_HTTP1_FRONT_H
#define PP_HTTP1_FRONT_H

#include "http1/server.h"

struct pp_http_front;
struct pp_http_conn;

struct pp_http_front_options {
    const struct pp_http_server *server; /* the caller's, outlives the front */
    int listen_fd;                       /* the caller's; nonblocking */
    int fd_floor;                        /* > 0: descriptors made here get this number or a higher one */
    unsigned connections_max;            /* 0: 1,024, which is also the most */
    size_t buffers_max;                  /* 0: 16 MiB */
    int exit_when_idle_ms; /* > 0: run returns after so long without a connection (in a guest no thread stays) */
    bool idle_may_close;   /* with exit_when_idle_ms: silent kept-alive connections don't count, they are closed */
    void *ctx;
    /* Starts a thread that calls pp_http_front_work(front, conn) once. False: none to be had, the request is answered 503.
     * NULL: the front works itself, one request at a time. */
    bool (*spawn)(void *ctx, struct pp_http_front *front, struct pp_http_conn *conn);
    /* A descriptor of ours came or went (to hide it from the guest); may be NULL. From the thread that runs or frees. */
    void (*fd_opened)(void *ctx, int fd);
    void (*fd_closed)(void *ctx, int fd);
};

/* Takes pages and a pipe. */
enum pp_code pp_http_front_new(const struct pp_http_front_options *opt, struct pp_http_front **ret, struct pp_err *err);
void pp_http_front_free(struct pp_http_front *f); /* after run returned; closes all connections; NULL is fine */

/* Serves until pp_http_front_stop, exit_when_idle_ms, or the listener is not ours any more. Running requests are answered
 * before it returns. */
void pp_http_front_run(struct pp_http_front *f);

/* Requests that run are still answered, nothing new is read. */
void pp_http_front_stop(struct pp_http_front *f);

/* The worker's part: answers conn's request and gives conn back. f and conn may not be touched afterwards. */
void pp_http_front_work(struct pp_http_front *f, struct pp_http_conn *conn);

unsigned pp_http_front_connections(const struct pp_http_front *f);

#endif
