/* http1/access.h - who may ask: a profile shows a program's inside.
 *
 *  - Without a token only loopback addresses and unix sockets are listened on (pp_http_listen refuses others).
 *  - With a token every request must bring it: `Authorization: Bearer T`, a basic-auth password, or `?token=T`.
 *  - The Host header must be localhost or an IP literal: a page that made its name point to 127.0.0.1 brings its own name.
 *  - A browser's request from another origin is refused: Origin must be absent or loopback, Sec-Fetch-Site not cross-site
 *    (but for links that a person follows).
 * On unix sockets no browser can ask: Host and Origin are not looked at there.   May run: cold code.
 */
#ifndef PP_HTTP1_ACCESS_H
#define PP_HTTP1_ACCESS_H

#include "http1/request.h"
#include "http1/response.h"

struct pp_http_access {
    pp_str token;     /* empty: none wanted */
    bool unix_socket; /* the listener is one */
};

/* True: go on. False: rs holds the refusal (401 or 403) with a text. */
bool pp_http_allow(const struct pp_http_access *acc, const struct pp_http_request *rq, struct pp_http_response *rs);

#endif
