/* http1/server.h - serves one connection on a given descriptor; http1/front.h holds many.
 *
 * Timeouts end what does not move: a request must be complete `header_ms` after its first byte (else 408), a kept-alive connection
 * may be silent for `idle_ms`, and each 64 KiB of an answer must be taken within `write_ms`. After an answer that ends the
 * connection its input is discarded for a moment, so that the client can read the answer before a reset.
 * A descriptor is checked (device, inode) before each use: programs close what they don't know, and numbers are reused.
 * System calls are raw; nothing here uses TLS, errno or malloc; a peer that went away raises no SIGPIPE.   May run: cold code.
 */
#ifndef PP_HTTP1_SERVER_H
#define PP_HTTP1_SERVER_H

#include <stdatomic.h>

#include "http1/access.h"
#include "http1/request.h"
#include "http1/response.h"

/* 0 stands for the value in the comment. */
struct pp_http_limits {
    int idle_ms;               /* 60,000 */
    int header_ms;             /* 10,000; also for the first request after accept */
    int write_ms;              /* 30,000 */
    unsigned requests_max;     /* 1,000 on one connection */
    size_t request_memory_max; /* 1 GiB: the arena of one request */
};

typedef void (*pp_http_handler)(void *ctx, const struct pp_http_request *rq, struct pp_http_response *rs);

struct pp_http_server {
    pp_http_handler handle; /* may run on several threads at once */
    void *ctx;
    struct pp_http_access access;
    struct pp_http_limits limits;
};

/* Serves requests on fd until the connection ends; closes fd. Blocks. */
void pp_http_serve_connection(int fd, const struct pp_http_server *srv);

/* Waits `ns` or until fd's peer has closed (its sending half is enough: Go's server does the same) or *stop becomes nonzero (looked
 * at every 50 ms; may be NULL). True: the time is over. fd -1: only the time. For pp_target.sleep. */
bool pp_http_sleep(int64_t ns, int fd, const _Atomic unsigned *stop);

#endif
