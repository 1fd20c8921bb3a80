// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/http_error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "tool/ui.h"

/* "127.0.0.1:80", "[::1]:80"; Go leaves the address out when the URL has none (":80"). */
static pp_str peer_text(struct pp_arena *a, const struct pp_http_failure *f)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    bool v6 = f->peer.ss_family == AF_INET6;
    if (f->url->socket.n) return f->url->socket;
    if (v6) {
        const struct sockaddr_in6 *in6 = (const void *)&f->peer;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        port = ntohs(in6->sin6_port);
    } else if (f->peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&f->peer;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        port = ntohs(in->sin_port);
    }
    if (!pp_url_hostname(f->url).n) host[0] = 0;
    return pp_arena_fmt(a, v6 && host[0] ? "[%s]:%u" : "%s:%u", host, port);
}

/* The name server that Go's resolver would have asked. */
static pp_str name_server(struct pp_arena *a)
{
    pp_str server = PP_STR("127.0.0.1");
    char line[256];
    FILE *f = fopen("/etc/resolv.conf", "re");
    while (f && fgets(line, sizeof line, f)) {
        pp_str rest = pp_str_trim(pp_str_c(line));
        if (!pp_str_has_prefix(rest, PP_STR("nameserver"))) continue;
        server = pp_arena_dup(a, pp_str_trim(pp_str_from(rest, strlen("nameserver"))));
        break;
    }
    if (f) fclose(f);
    return pp_str_find_byte(server, ':') == PP_NOT_FOUND ? pp_arena_fmt(a, "%.*s:53", PP_FMT(server))
                                                         : pp_arena_fmt(a, "[%.*s]:53", PP_FMT(server));
}

static pp_str local_text(struct pp_arena *a, const struct pp_curl *curl, const struct pp_http_failure *f)
{
    char *ip = NULL;
    long port = 0;
    if (f->url->socket.n) return PP_STR("@");
    curl->easy_getinfo(f->handle, CURLINFO_LOCAL_IP, &ip);
    curl->easy_getinfo(f->handle, CURLINFO_LOCAL_PORT, &port);
    bool v6 = ip && strchr(ip, ':');
    return pp_arena_fmt(a, v6 ? "[%s]:%ld" : "%s:%ld", ip ? ip : "", port);
}

pp_str pp_http_error_text(struct pp_arena *a, const struct pp_curl *curl, const struct pp_http_failure *f)
{
    long os_errno = 0;
    curl->easy_getinfo(f->handle, CURLINFO_OS_ERRNO, &os_errno);
    const char *net = f->url->socket.n ? "unix" : "tcp", *through = f->by_proxy ? "proxyconnect tcp: " : "";
    pp_str host = pp_url_hostname(f->url), server;
    switch (f->code) {
    case CURLE_COULDNT_RESOLVE_PROXY: return pp_arena_fmt(a, "proxyconnect tcp: %s", f->text);
    case CURLE_COULDNT_RESOLVE_HOST:
        server = name_server(a);
        return pp_arena_fmt(a, "dial tcp: lookup %.*s on %.*s: no such host", PP_FMT(host), PP_FMT(server));
    case CURLE_COULDNT_CONNECT:
        server = peer_text(a, f);
        return pp_arena_fmt(a, "%sdial %s %.*s: connect: %s", through, net, PP_FMT(server),
                            pp_errno_text(os_errno ? (int)os_errno : ECONNREFUSED));
    case CURLE_OPERATION_TIMEDOUT:
        return PP_STR("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
    case CURLE_GOT_NOTHING: return PP_STR("EOF");
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        if (!os_errno) break;
        server = peer_text(a, f);
        host = local_text(a, curl, f);
        return pp_arena_fmt(a, "read %s %.*s->%.*s: read: %s", net, PP_FMT(host), PP_FMT(server),
                            pp_errno_text((int)os_errno));
    case CURLE_UNSUPPORTED_PROTOCOL: /* our schemes are known to curl: it is an answer without a status line */
    case CURLE_WEIRD_SERVER_REPLY:
        return PP_STR("net/http: HTTP/1.x transport connection broken: malformed HTTP response");
    default: break;
    }
    return pp_arena_fmt(a, "%s", f->text[0] ? f->text : curl->easy_strerror(f->code));
}
