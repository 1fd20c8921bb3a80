// SPDX-License-Identifier: Apache-2.0
#include "tool/web/address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/gonum.h"
#include "tool/ui.h"

static enum pp_code split_fail(pp_str text, const char *why, struct pp_err *err)
{
    return pp_fail(err, PP_E_USAGE, "could not split http address: address %.*s: %s", PP_FMT(text), why);
}

/* net.SplitHostPort. */
static enum pp_code split(pp_str text, pp_str *ret_host, pp_str *ret_port, struct pp_err *err)
{
    size_t colon = pp_str_rfind_byte(text, ':');
    if (colon == PP_NOT_FOUND)
        return text.n ? split_fail(text, "missing port in address", err)
                      : pp_fail(err, PP_E_USAGE, "could not split http address: missing port in address");
    pp_str host = pp_str_sub(text, 0, colon), rest = host;
    if (text.p[0] == '[') {
        size_t end = pp_str_find_byte(text, ']');
        if (end == PP_NOT_FOUND) return split_fail(text, "missing ']' in address", err);
        if (end + 1 == text.n) return split_fail(text, "missing port in address", err);
        if (end + 1 != colon)
            return split_fail(text, text.p[end + 1] == ':' ? "too many colons in address" : "missing port in address",
                              err);
        host = pp_str_sub(text, 1, end);
        rest = host;
        if (pp_str_find_byte(host, '[') != PP_NOT_FOUND) return split_fail(text, "unexpected '[' in address", err);
    } else if (pp_str_find_byte(host, ':') != PP_NOT_FOUND) {
        return split_fail(text, "too many colons in address", err);
    }
    if (pp_str_find_byte(rest, '[') != PP_NOT_FOUND) return split_fail(text, "unexpected '[' in address", err);
    if (pp_str_find_byte(rest, ']') != PP_NOT_FOUND) return split_fail(text, "unexpected ']' in address", err);
    *ret_host = host;
    *ret_port = pp_str_from(text, colon + 1);
    return PP_OK;
}

enum pp_code pp_web_address_parse(pp_str text, struct pp_web_address *ret, struct pp_err *err)
{
    pp_str host = {0}, port = {0};
    int64_t number = 0;
    enum pp_code c = split(text, &host, &port, err);
    if (c) return c;
    enum pp_go_num kind = port.n ? pp_go_parse_int(port, 10, 64, &number) : PP_GO_NUM_OK;
    if (kind) {
        (void)pp_go_num_fail(err, kind, "Atoi", port);
        return pp_within(err, "invalid port number");
    }
    *ret = (struct pp_web_address){.host = host.n ? host : PP_STR("localhost"), .port = number};
    return PP_OK;
}

pp_str pp_web_address_text(struct pp_arena *a, const struct pp_web_address *address)
{
    bool is_ip6 = pp_str_find_byte(address->host, ':') != PP_NOT_FOUND;
    return pp_arena_fmt(a, is_ip6 ? "[%.*s]:%lld" : "%.*s:%lld", PP_FMT(address->host), (long long)address->port);
}

static enum pp_code bind_to(const struct addrinfo *to, int *ret_fd, const char **ret_step)
{
    int yes = 1, fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *ret_step = "socket";
    if (fd < 0) return PP_E_IO;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    *ret_step = "bind";
    if (!bind(fd, to->ai_addr, to->ai_addrlen)) {
        *ret_step = "listen";
        if (!listen(fd, SOMAXCONN)) {
            *ret_fd = fd;
            return PP_OK;
        }
    }
    int why = errno;
    close(fd);
    errno = why;
    return PP_E_IO;
}

static pp_str address_of(struct pp_arena *a, const struct addrinfo *to, int64_t port)
{
    char host[NI_MAXHOST] = "";
    getnameinfo(to->ai_addr, to->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    return pp_web_address_text(a, &(struct pp_web_address){.host = pp_str_c(host), .port = port});
}

static int64_t bound_port(int fd)
{
    union {
        struct sockaddr sa;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
    } u = {0};
    socklen_t n = sizeof u;
    if (getsockname(fd, &u.sa, &n)) return 0;
    return ntohs(u.sa.sa_family == AF_INET6 ? u.in6.sin6_port : u.in4.sin_port);
}

/* IPv4 first, as Go listens on a name. */
static const struct addrinfo *choose(const struct addrinfo *all)
{
    for (const struct addrinfo *i = all; i; i = i->ai_next)
        if (i->ai_family == AF_INET) return i;
    return all;
}

enum pp_code pp_web_listen(struct pp_arena *a, struct pp_web_address *address, int *ret_fd, struct pp_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *all = NULL;
    const char *step;
    if (address->port < 0 || address->port > 65535)
        return pp_fail(err, PP_E_USAGE, "listen tcp: address %lld: invalid port", (long long)address->port);
    pp_str port = pp_arena_fmt(a, "%lld", (long long)address->port);
    if (getaddrinfo(pp_arena_c(a, address->host), port.p, &hints, &all) || !all)
        return pp_fail(err, PP_E_NOTFOUND, "listen tcp: lookup %.*s: no such host", PP_FMT(address->host));
    const struct addrinfo *to = choose(all);
    enum pp_code c = bind_to(to, ret_fd, &step);
    if (c) {
        const char *why = pp_errno_text(errno);
        c = pp_fail(err, PP_E_IO, "listen tcp %s: %s: %s", address_of(a, to, address->port).p, step, why);
    } else if (!address->port) {
        address->port = bound_port(*ret_fd);
    }
    freeaddrinfo(all);
    return c;
}
