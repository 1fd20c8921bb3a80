/* http1/conn.h - one connection: its input buffer, its timers, its answers. For server.c and front.c only.
 *
 * Invariant: n <= cap; buf is cap bytes of pages, NULL when cap is 0. The reader stands in the bytes of the next request.
 * Threads: who holds the connection (front or worker) is the only one to touch it.
 */
#ifndef PP_HTTP1_CONN_H
#define PP_HTTP1_CONN_H

#include "http1/server.h"

#define PP_HTTP_LINGER_MS 500
#define PP_HTTP_LINGER_BYTES ((size_t)4 << 20) /* discarded at most after the last answer */

#define PP_HTTP_OR(value, otherwise) ((value) ? (value) : (otherwise))

/* A descriptor that stays ours only as long as it leads to the same inode. */
struct pp_http_fd {
    int fd; /* -1: none */
    uint64_t dev, ino;
};
struct pp_http_fd pp_http_fd_of(int fd, int fd_floor); /* moved up to fd_floor when that is > 0 and possible */
bool pp_http_fd_is_ours(const struct pp_http_fd *fd);
void pp_http_fd_close(struct pp_http_fd *fd); /* leaves a foreign one alone */

enum pp_http_conn_state { PP_HTTP_CONN_FREE, PP_HTTP_CONN_READING, PP_HTTP_CONN_WORKING, PP_HTTP_CONN_LINGER };

struct pp_http_conn {
    struct pp_http_fd fd;
    enum pp_http_conn_state state;
    char *buf;
    size_t n, cap;
    struct pp_http_reader reader;
    int64_t deadline_ms; /* READING, LINGER */
    int64_t since_ms;    /* last byte that came, or the last answer */
    bool started;        /* bytes of the next request have come */
    unsigned n_requests;
    unsigned next;    /* front: chain of connections that workers gave back, index + 1 */
    size_t discarded; /* LINGER */
    bool keep;        /* a worker's verdict */
    bool broken;      /* an answer was cut: close at once */
};

int64_t pp_http_now_ms(void);

/* poll on one descriptor; ms < 0 waits for ever. Returns revents, 0: time over. */
short pp_http_poll(int fd, short events, int64_t ms);

void pp_http_conn_open(struct pp_http_conn *c, struct pp_http_fd fd, const struct pp_http_limits *lim);
void pp_http_conn_close(struct pp_http_conn *c);
void pp_http_conn_trim(struct pp_http_conn *c); /* frees the buffer and what is in it */

/* Takes what has come, at most `room` bytes of new buffer. 0: the peer closed. Negative: -EAGAIN, -ENOMEM (no room), or broken. */
long pp_http_conn_fill(struct pp_http_conn *c, size_t room);

/* Looks whether the bytes are a request; sends "100 Continue" where the client waits for it. Sets the deadline. scratch and a
 * are overwritten. */
enum pp_http_step pp_http_conn_check(struct pp_http_conn *c, const struct pp_http_limits *lim, struct pp_arena *a,
                                     struct pp_http_request *scratch);

/* READY: reads the request again, runs the handler, sends the answer, drops the request's bytes. True: the connection stays. */
bool pp_http_conn_answer(struct pp_http_conn *c, const struct pp_http_server *srv);

/* An answer of ours in net/http's plain form: "431 Request Header Fields Too Large: why". */
void pp_http_conn_refuse(struct pp_http_conn *c, const struct pp_http_limits *lim, int status, const char *why);

/* Ends our half; LINGER. */
void pp_http_conn_linger(struct pp_http_conn *c);
bool pp_http_conn_discard(struct pp_http_conn *c); /* false: close now */

#endif
