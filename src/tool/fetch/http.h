/* tool/fetch/http.h - GET of a profile and POST of addresses, with the error texts of Go's http.Client where google/pprof's
 * users meet them.
 *
 *     http fetch: Get "URL": dial tcp 127.0.0.1:1: connect: connection refused
 *     server response: 404 Not Found
 * At most 10 requests where one answer redirects to the next; each finds its proxy (proxy.h); HTTP/1.1; a URL may name a unix
 * socket. Scheme https+insecure: certificates are not checked.
 * The time limit covers everything; without one, a server that sends less than PP_HTTP_TRICKLE in PP_HTTP_SILENCE_S is given up.
 * Threads: any.   May run: cold code.
 */
#ifndef PP_TOOL_FETCH_HTTP_H
#define PP_TOOL_FETCH_HTTP_H

#include "base/arena.h"
#include "tool/fetch/bytes.h"
#include "tool/fetch/url.h"

#define PP_HTTP_TRICKLE (100L << 10) /* as elfutils' DEBUGINFOD_TIMEOUT counts */
#define PP_HTTP_SILENCE_S 300L /* of a POST, which has no other limit in google/pprof */

struct pp_http_options {
    int64_t timeout_ms;               /* of the whole exchange; 0: only silence ends it */
    long silence_s;                   /* then; 0: PP_HTTP_SILENCE_S */
    pp_str tls_cert, tls_key, tls_ca; /* file names or "" */
};

/* Appends the body to *bytes. */
enum pp_code pp_http_get(struct pp_arena *a, const struct pp_url *url, const struct pp_http_options *o,
                         struct pp_bytes *bytes, struct pp_err *err) PP_MUST_USE;
enum pp_code pp_http_post(struct pp_arena *a, const struct pp_url *url, pp_str body, const struct pp_http_options *o,
                          struct pp_bytes *bytes, struct pp_err *err) PP_MUST_USE;

#endif
