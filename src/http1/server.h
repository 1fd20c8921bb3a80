/* http1/server.h - serves connections: one on a given descriptor, or a front that holds many.
 *
 * The front is one thread that polls the listener and all connections that have no complete request yet; it reads without
 * blocking. Only a complete request costs a worker, and only until it is answered. So a thousand idle or slow clients cost a poll
 * entry and the bytes they sent.
 *
 *   accept -> READING --complete--> WORKING (worker thread, or the front itself) --keep-alive--> READING
 *                |  refused, timed out                      | close
 *                +--> LINGER (answer sent; input discarded a moment so that the client can read it) --> closed
 *
 * Limits: pp_http_limits; the oldest connection without a running request makes room for a new one. All buffers together stay
 * below buffers_max.   System calls are raw; nothing here uses TLS, errno or malloc. Sends use MSG_NOSIGNAL.
 * Threads: pp_http_front_run on one thread, each pp_http_front_work on any.   May run: cold code.
 */
#ifndef PP_HTTP1_SERVER_H
#define PP_HTTP1_SERVER_H

#include <stdatomic.h>

#include "http1/access.h"
#include "http1/message.h"

struct pp_http_limits {
    int idle_ms;               /* kept-alive connection without a byte of a next request; 0: 60,000 */
    int header_ms;             /* first byte to complete request; 0: 10,000 */
    int write_ms;              /* no progress while sending; 0: 30,000 */
    unsigned requests_max;     /* on one connection; 0: 1,000 */
    unsigned connections_max;  /* front only; 0: 1,024, which is also the most */
    size_t buffers_max;        /* front only: bytes of all input buffers; 0: 16 MiB */
    size_t request_memory_max; /* arena of one request; 0: 1 GiB */
};

typedef void (*pp_http_handler)(void *ctx, const struct pp_http_request *rq, struct pp_http_response *rs);

struct pp_http_server {
    pp_http_handler handle; /* may run on several threads at once (front with spawn) */
    void *ctx;
    struct pp_http_access access;
    struct pp_http_limits limits;
};

/* Serves requests on fd until the connection ends; closes fd. Blocks. */
void pp_http_serve_connection(int fd, const struct pp_http_server *srv);

struct pp_http_front;
struct pp_http_conn;

struct pp_http_front_options {
    const struct pp_http_server *server; /* stays the caller's, outlives the front */
    int listen_fd;                       /* stays the caller's; nonblocking */
    int fd_floor;                        /* > 0: descriptors made here are moved to this number or above */
    int exit_when_idle_ms; /* > 0: run returns after so long without any connection (guest: no thread stays) */
    bool close_when_idle;  /* with exit_when_idle_ms: idle kept-alive connections don't count as connections */
    void *ctx;
    /* Starts a thread that calls pp_http_front_work(front, conn) once. False: none to be had, the front works itself.
     * NULL: the front always works itself. */
    bool (*spawn)(void *ctx, struct pp_http_front *front, struct pp_http_conn *conn);
    /* A descriptor of ours came or went (to hide it from the guest); may be NULL. Called from the front's thread or a worker. */
    void (*fd_opened)(void *ctx, int fd);
    void (*fd_closed)(void *ctx, int fd);
};

/* Memory and an eventfd. The front's memory is pages, freed by pp_http_front_free (no worker may be running). */
enum pp_code pp_http_front_new(const struct pp_http_front_options *opt, struct pp_http_front **ret, struct pp_err *err);
void pp_http_front_free(struct pp_http_front *f); /* closes all connections; NULL is fine */

/* Serves until pp_http_front_stop or exit_when_idle_ms. Waits for running workers before it returns. */
void pp_http_front_run(struct pp_http_front *f);

/* Makes run return soon; requests that run are still answered, nothing new is read. From any thread or signal handler. */
void pp_http_front_stop(struct pp_http_front *f);

/* The worker's part: answers conn's request, gives conn back to the front. conn may not be touched afterwards. */
void pp_http_front_work(struct pp_http_front *f, struct pp_http_conn *conn);

unsigned pp_http_front_connections(const struct pp_http_front *f);

/* Waits `ns` or until fd's peer has closed (a half-closed peer counts: Go's server does the same) or *stop becomes nonzero (looked at
 * every 50 ms; may be NULL). True: the time is over. fd -1: only the time. For pp_target.sleep. */
bool pp_http_sleep(int64_t ns, int fd, const _Atomic unsigned *stop);

#endif
