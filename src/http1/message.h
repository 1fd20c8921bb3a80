/* http1/message.h - one HTTP/1 request, read bit by bit from bytes nobody trusts, and the answer to it.
 *
 *     struct pp_http_reader rd = {0};
 *     while ((step = pp_http_read(&rd, bytes_so_far, arena, &rq)) == PP_HTTP_MORE) append what recv gives;
 *
 * Limits: PP_HTTP_LINE_MAX for the request line, PP_HTTP_HEADERS_MAX for all header lines together, PP_HTTP_HEADER_COUNT_MAX of
 * them, PP_HTTP_BODY_MAX of body. What passes a limit is refused as soon as it is seen, not when it ends. Every byte is looked
 * at a bounded number of times however small the pieces are.
 * Memory: the request's slices point into the caller's bytes; decoded paths and values live in the arena.
 * May run: cold code, threads that libc doesn't know included.
 */
#ifndef PP_HTTP1_MESSAGE_H
#define PP_HTTP1_MESSAGE_H

#include "base/out.h"

#define PP_HTTP_LINE_MAX ((size_t)8 << 10)
#define PP_HTTP_HEADERS_MAX ((size_t)64 << 10)
#define PP_HTTP_HEADER_COUNT_MAX 100
#define PP_HTTP_BODY_MAX ((size_t)1 << 20)
#define PP_HTTP_REQUEST_MAX (PP_HTTP_LINE_MAX + PP_HTTP_HEADERS_MAX + PP_HTTP_BODY_MAX + 64)

struct pp_http_header {
    pp_str name, value; /* value: without white space around it */
};

struct pp_http_request {
    pp_str method;    /* as sent: "GET" */
    pp_str path;      /* percent-decoded, of an absolute target its path; begins with '/' (but "*") */
    pp_str raw_query; /* after the first '?', as sent */
    pp_str host;      /* of the absolute target, else of the Host header; may hold a port */
    pp_str body;
    struct pp_http_header headers[PP_HTTP_HEADER_COUNT_MAX];
    size_t n_headers;
    int minor;       /* of HTTP/1.x */
    bool keep_alive; /* the client wants the connection to stay */
    int fd;          /* the client's connection, to see it go away; -1: none. Set by who serves */
};

enum pp_http_step {
    PP_HTTP_MORE,    /* not complete yet */
    PP_HTTP_READY,   /* *ret is a whole request, its first `used` bytes are spent */
    PP_HTTP_REFUSED, /* answer `status` and close */
};

struct pp_http_reader {
    size_t line_end, head_end; /* offsets behind the request line and behind the empty line; 0: not seen yet */
    size_t at;                 /* looked at up to here */
    size_t n_lines;            /* header lines seen */
    size_t body_n;
    size_t used;         /* READY: bytes of this request */
    bool wants_continue; /* MORE: the client waits for "100 Continue" before it sends the body; cleared by the caller */
    int status;          /* REFUSED */
    const char *why;     /* REFUSED: a few words for the client, or NULL */
};

/* `bytes`: everything of this request that came so far (and maybe of the next one); may move between calls. After READY
 * or REFUSED the reader is set to zero for the next request. *ret is only touched by READY. */
enum pp_http_step pp_http_read(struct pp_http_reader *rd, pp_str bytes, struct pp_arena *a,
                               struct pp_http_request *ret);

/* The first header of that name (in any case); false: none. */
bool pp_http_header(const struct pp_http_request *rq, const char *name, pp_str *ret_value);

/* The first value of `key` as Go's url.ParseQuery reads it: pairs with a ';' or a broken %-escape are skipped, '+' is a
 * blank. False: absent (ret becomes empty). Decoded text lives in the arena. */
bool pp_http_query(struct pp_arena *a, pp_str raw_query, const char *key, pp_str *ret_value);

/* Percent-decoding; plus_is_blank as in queries. False: a broken escape or no memory. */
bool pp_http_unescape(struct pp_arena *a, pp_str s, bool plus_is_blank, pp_str *ret);

/* The answer. A handler sets status and headers, then writes the body; the first bytes that leave the body's buffer freeze the
 * head. Content-Length: `body_bytes` when the handler set it, the body's size when all of it fits the buffer; else the body
 * goes out chunked (HTTP/1.1) or ends with the connection (1.0). */
#define PP_HTTP_REPLY_HEADERS_MAX 16

struct pp_http_response {
    int status;                                               /* 200 at first */
    struct pp_http_header headers[PP_HTTP_REPLY_HEADERS_MAX]; /* sent in this order */
    size_t n_headers;
    int64_t body_bytes; /* -1 at first: unknown */
    struct pp_out body;
    struct pp_arena *arena; /* of this request: for whatever the handler needs */
    bool aborted;           /* the body can't be completed: close without an orderly end */
    bool close;             /* the connection ends after this answer */
};

/* Fresh: status 200, no headers; the body goes to memory in `a`, unless the caller gives body a sink afterwards. */
void pp_http_response_init(struct pp_http_response *rs, struct pp_arena *a);

/* Sets or replaces; NULL value removes. The texts must live as long as the request (a literal, the arena). */
void pp_http_set(struct pp_http_response *rs, const char *name, const char *value);

/* Status, Content-Type: text/plain, no Content-Disposition, the text and a newline; as Go's http.Error without nosniff. */
void pp_http_error(struct pp_http_response *rs, int status, const char *text);

const char *pp_http_status_text(int status); /* "Not Found"; "" when unknown */

/* "Tue, 24 Nov 2026 01:35:27 GMT" */
#define PP_HTTP_DATE_MAX 32
void pp_http_date(char buf[PP_HTTP_DATE_MAX], int64_t unix_seconds);

/* Status line and headers up to the empty line: the handler's, then Date, Content-Length or Transfer-Encoding, Connection. */
enum pp_http_framing { PP_HTTP_LENGTH, PP_HTTP_CHUNKED, PP_HTTP_UNTIL_CLOSE, PP_HTTP_NO_LENGTH };
void pp_http_write_head(struct pp_out *o, const struct pp_http_response *rs, enum pp_http_framing framing,
                        int64_t length, int64_t unix_seconds, bool close);

#endif
