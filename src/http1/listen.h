/* http1/listen.h - from "localhost:6060" to a listening socket, with Go's words when it fails.
 *
 *     "localhost:6060"  "127.0.0.1:0"  "[::1]:6060"  ":6060" (all addresses)  "unix:/run/x.sock"  "unix:@abstract"
 *
 * Only numbers and localhost: no resolver. Sockets are CLOEXEC and nonblocking; a unix socket's file has mode 0600, a stale one
 * (nobody accepts) is replaced.   May run: cold code, raw system calls only.
 */
#ifndef PP_HTTP1_LISTEN_H
#define PP_HTTP1_LISTEN_H

#include <netinet/in.h>
#include <sys/un.h>

#include "base/err.h"

#define PP_HTTP_ADDRESS_MAX 128

struct pp_http_address {
    union {
        struct sockaddr sa;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } u;
    unsigned len;
    bool local;                     /* loopback or unix: fine without a token */
    bool wildcard;                  /* ":6060" */
    char text[PP_HTTP_ADDRESS_MAX]; /* as given, for messages; cut */
};

/* Numeric addresses without libc: "127.0.0.1" (four decimal numbers, no leading zeros), "::1", "fe80::1" (no zone). */
bool pp_http_parse_ip4(pp_str s, struct in_addr *ret);
bool pp_http_parse_ip6(pp_str s, struct in6_addr *ret);

/* PP_E_USAGE: "listen tcp: address x: missing port in address" and the like. */
enum pp_code pp_http_parse_address(pp_str text, struct pp_http_address *ret, struct pp_err *err);

/* Socket, bind, listen. fd_floor > 0: the descriptor is the lowest free one at or above it. PP_E_USAGE: not local and no token;
 * PP_E_IO: "listen tcp 127.0.0.1:6060: bind: address already in use". *ret is then also updated to the bound port (port 0). */
enum pp_code pp_http_listen(struct pp_http_address *addr, bool has_token, int fd_floor, int *ret_fd,
                            struct pp_err *err);

/* Closes; removes a unix socket's file. fd -1 is fine. */
void pp_http_unlisten(const struct pp_http_address *addr, int fd);

/* What a client types: "http://127.0.0.1:43210", "http://[::1]:6060", "unix:/run/x.sock"; of a wildcard the loopback address. */
void pp_http_url(const struct pp_http_address *addr, char buf[PP_HTTP_ADDRESS_MAX]);

#endif
