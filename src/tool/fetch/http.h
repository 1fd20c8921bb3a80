/* tool/fetch/http.h - GET of a profile, with the error texts of Go's http.Client where google/pprof's users meet them.
 *
 *     http fetch: Get "URL": dial tcp 127.0.0.1:1: connect: connection refused
 *     server response: 404 Not Found
 * At most 10 redirects; proxies from the environment, never for this machine; HTTP/1.1. The time limit covers everything.
 * Threads: any.   May run: cold code.
 */
#ifndef PP_TOOL_FETCH_HTTP_H
#define PP_TOOL_FETCH_HTTP_H

#include "base/arena.h"
#include "tool/fetch/bytes.h"
#include "tool/fetch/url.h"

struct pp_http_options {
    int64_t timeout_ms;               /* of the whole exchange */
    pp_str tls_cert, tls_key, tls_ca; /* file names or "" */
};

/* Appends the body to *bytes. Scheme https+insecure: the certificate is not checked. */
enum pp_code pp_http_get(struct pp_arena *a, const struct pp_url *url, const struct pp_http_options *o,
                         struct pp_bytes *bytes, struct pp_err *err) PP_MUST_USE;

#endif
