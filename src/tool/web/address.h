/* tool/web/address.h - from -http=[host]:[port] to a listening socket, with google/pprof's and Go's words when it fails.
 *
 *     localhost:8080    :8080 (localhost)    localhost: (a free port)    0.0.0.0:80    [::1]:80
 * May run: cold code.
 */
#ifndef PP_TOOL_WEB_ADDRESS_H
#define PP_TOOL_WEB_ADDRESS_H

#include "base/arena.h"

struct pp_web_address {
    pp_str host;  /* "localhost" when none was given */
    int64_t port; /* 0: any, until it listens */
};

/* PP_E_USAGE: "could not split http address: address x: missing port in address", "invalid port number: ...". */
enum pp_code pp_web_address_parse(pp_str text, struct pp_web_address *ret, struct pp_err *err) PP_MUST_USE;

/* Sets the port if it was 0. The socket is CLOEXEC and nonblocking. */
enum pp_code pp_web_listen(struct pp_arena *a, struct pp_web_address *address, int *ret_fd,
                           struct pp_err *err) PP_MUST_USE;

pp_str pp_web_address_text(struct pp_arena *a, const struct pp_web_address *address); /* net.JoinHostPort */

#endif
