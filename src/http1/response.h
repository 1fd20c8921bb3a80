/* http1/response.h - the answer to one request: what a handler fills, and its head on the wire.
 *
 * A handler sets status and headers, then writes the body; the first bytes that leave the body's buffer (64 KiB) freeze the head.
 * Content-Length is `body_bytes` when the handler set it, or the body's size when all of it fits the buffer; else the body
 * goes out chunked (HTTP/1.1) or ends with the connection (1.0).
 * Headers go out in net/http's order: the handler's sorted by name, then Date, Content-Length, Connection, Transfer-Encoding.
 * May run: cold code, threads that libc doesn't know included.
 */
#ifndef PP_HTTP1_RESPONSE_H
#define PP_HTTP1_RESPONSE_H

#include "base/out.h"

#define PP_HTTP_REPLY_HEADERS_MAX 16

struct pp_http_field {
    const char *name, *value;
};

struct pp_http_response {
    int status;                                              /* 200 at first */
    struct pp_http_field headers[PP_HTTP_REPLY_HEADERS_MAX]; /* sorted by name */
    size_t n_headers;
    int64_t body_bytes; /* -1 at first: unknown */
    struct pp_out body;
    struct pp_arena *arena; /* of this request: for whatever the handler needs */
    bool aborted;           /* the body can't be completed: the connection is cut, so that the client sees it */
    bool close;             /* the connection ends after this answer */
};

/* Fresh: status 200, no headers; the body goes to memory in `a`, unless the caller gives body a sink afterwards. */
void pp_http_response_init(struct pp_http_response *rs, struct pp_arena *a);

/* Sets or replaces; a NULL value removes. The texts must live as long as the request (literals, the arena). More than
 * PP_HTTP_REPLY_HEADERS_MAX headers are dropped. */
void pp_http_set(struct pp_http_response *rs, const char *name, const char *value);

/* An error in Go's manner (net/http/pprof's serveError without X-Go-Pprof): status, text/plain, no Content-Disposition, body = text
 * and a newline. Only before anything was written to the body. */
void pp_http_error(struct pp_http_response *rs, int status, const char *text);

const char *pp_http_status_text(int status); /* "Not Found"; "" when unknown */

/* "Tue, 24 Nov 2026 01:35:27 GMT" */
#define PP_HTTP_DATE_MAX 32
void pp_http_date(char buf[PP_HTTP_DATE_MAX], int64_t unix_seconds);

/* How the reader will know the end of the body. */
enum pp_http_framing { PP_HTTP_LENGTH, PP_HTTP_CHUNKED, PP_HTTP_UNTIL_CLOSE, PP_HTTP_NO_BODY };
struct pp_http_head {
    enum pp_http_framing framing;
    int64_t length;         /* LENGTH; NO_BODY: written when >= 0 */
    int64_t unix_seconds;   /* Date */
    const char *connection; /* "close", "keep-alive"; NULL: no such line */
};
/* Status line and headers up to and with the empty line. */
void pp_http_write_head(struct pp_out *o, const struct pp_http_response *rs, const struct pp_http_head *head);

#endif
