/* http1/request.h - one HTTP/1 request, read bit by bit from bytes nobody trusts.
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
#ifndef PP_HTTP1_REQUEST_H
#define PP_HTTP1_REQUEST_H

#include "base/arena.h"

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
    size_t start, line_end,
        head_end;    /* offsets: of the request line, behind it, behind the empty line; 0: not seen yet */
    size_t line, at; /* start of the line that is being read; looked at up to here */
    size_t n_lines;  /* header lines seen */
    size_t body_n;
    size_t used;         /* READY: bytes of this request */
    bool wants_continue; /* MORE: the client waits for "100 Continue" before it sends the body; cleared by the caller */
    int status;          /* REFUSED */
    const char *why;     /* REFUSED: a few words for the client, or NULL */
};

/* `bytes`: everything of this request that came so far (and maybe of the next one); may move between calls. After READY
 * the caller zeroes *rd for the next request. *ret is scratch before READY. */
enum pp_http_step pp_http_read(struct pp_http_reader *rd, pp_str bytes, struct pp_arena *a,
                               struct pp_http_request *ret);

/* The first header of that name (in any case); false: none. */
bool pp_http_header(const struct pp_http_request *rq, const char *name, pp_str *ret_value);

/* The first value of `key` as Go's url.ParseQuery reads it: pairs with a ';' or a broken %-escape are skipped, '+' is a
 * blank. False: absent (ret becomes empty). Decoded text lives in the arena. */
bool pp_http_query(struct pp_arena *a, pp_str raw_query, const char *key, pp_str *ret_value);

/* Percent-decoding; plus_is_blank as in queries. False: a broken escape or no memory. */
bool pp_http_unescape(struct pp_arena *a, pp_str s, bool plus_is_blank, pp_str *ret);

#endif
