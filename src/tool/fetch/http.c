// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/goquote.h"
#include "tool/fetch/curl.h"
#include "tool/ui.h"

#define REDIRECTS_MAX 10
#define ERROR_BODY_MAX 800 /* of an error answer that is shown */

struct exchange {
    struct pp_arena *a;
    struct pp_bytes *bytes;
    struct pp_err body_err; /* why the body was refused, when body_refused */
    bool body_refused;
    pp_str status;   /* "404 Not Found" of the newest answer */
    pp_str location; /* where that answer redirects to, or "" */
    long code;
    bool from_pprof; /* has X-Go-Pprof */
    bool is_text;
    bool got_headers; /* of an answer that is no redirect */
    char error_body[ERROR_BODY_MAX];
    size_t error_body_n;
    struct sockaddr_storage peer; /* the first one tried; family 0: none */
    socklen_t peer_n;
    char why[CURL_ERROR_SIZE];
};

static bool header_is(pp_str line, const char *name, pp_str *ret_value)
{
    pp_str key;
    if (!pp_str_cut(line, ':', &key, ret_value) || !pp_str_eq_nocase(key, pp_str_c(name))) return false;
    *ret_value = pp_str_trim(*ret_value);
    return true;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    pp_str line = pp_str_trim((pp_str){p, size * n}), value;
    if (pp_str_has_prefix(line, PP_STR("HTTP/"))) {
        pp_str version;
        pp_str_cut(line, ' ', &version, &value);
        x->status = pp_arena_dup(x->a, value);
        x->code = strtol(x->status.p, NULL, 10);
        x->location = (pp_str){0};
        x->from_pprof = x->is_text = false;
        x->got_headers = false;
        x->error_body_n = 0;
    } else if (header_is(line, "X-Go-Pprof", &value)) {
        x->from_pprof = value.n > 0;
    } else if (header_is(line, "Content-Type", &value)) {
        x->is_text = pp_str_contains(value, PP_STR("text/plain"));
    } else if (header_is(line, "Location", &value)) {
        x->location = pp_arena_dup(x->a, value);
    } else if (!line.n) {
        x->got_headers = x->code / 100 != 3;
    }
    return size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    size_t bytes = size * n;
    if (x->code != 200) {
        size_t room = sizeof x->error_body - x->error_body_n, take = bytes < room ? bytes : room;
        memcpy(x->error_body + x->error_body_n, p, take);
        x->error_body_n += take;
        return take == bytes ? bytes : 0; /* enough of it: ends the exchange */
    }
    if (!pp_bytes_add(x->bytes, p, bytes, &x->body_err)) return bytes;
    x->body_refused = true;
    return 0;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *x = ctx;
    if (purpose == CURLSOCKTYPE_IPCXN && !x->peer_n && address->addrlen <= sizeof x->peer) {
        memcpy(&x->peer, &address->addr, address->addrlen);
        x->peer_n = address->addrlen;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* "127.0.0.1:80", "[::1]:80"; Go leaves the address out when the URL has none (":80"). */
static pp_str peer_text(struct exchange *x, const struct pp_url *url)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    if (x->peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&x->peer;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        port = ntohs(in6->sin6_port);
    } else if (x->peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)&x->peer;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        port = ntohs(in->sin_port);
    }
    if (!pp_url_hostname(url).n) host[0] = 0;
    return pp_arena_fmt(x->a, x->peer.ss_family == AF_INET6 && host[0] ? "[%s]:%u" : "%s:%u", host, port);
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

static pp_str local_text(struct exchange *x, const struct pp_curl *curl, CURL *h)
{
    char *ip = NULL;
    long port = 0;
    curl->easy_getinfo(h, CURLINFO_LOCAL_IP, &ip);
    curl->easy_getinfo(h, CURLINFO_LOCAL_PORT, &port);
    bool v6 = ip && strchr(ip, ':');
    return pp_arena_fmt(x->a, v6 ? "[%s]:%ld" : "%s:%ld", ip ? ip : "", port);
}

/* What Go says behind `Get "URL": `. */
static pp_str transport_text(struct exchange *x, const struct pp_curl *curl, CURL *h, CURLcode code,
                             const struct pp_url *url)
{
    long os_errno = 0;
    curl->easy_getinfo(h, CURLINFO_OS_ERRNO, &os_errno);
    pp_str host = pp_url_hostname(url), server;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        server = name_server(x->a);
        return pp_arena_fmt(x->a, "dial tcp: lookup %.*s on %.*s: no such host", PP_FMT(host), PP_FMT(server));
    case CURLE_COULDNT_CONNECT:
        server = peer_text(x, url);
        return pp_arena_fmt(x->a, "dial tcp %.*s: connect: %s", PP_FMT(server),
                            pp_errno_text(os_errno ? (int)os_errno : ECONNREFUSED));
    case CURLE_OPERATION_TIMEDOUT:
        return PP_STR("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
    case CURLE_GOT_NOTHING: return PP_STR("EOF");
    case CURLE_TOO_MANY_REDIRECTS: return pp_arena_fmt(x->a, "stopped after %d redirects", REDIRECTS_MAX);
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        if (!os_errno) break;
        server = peer_text(x, url);
        host = local_text(x, curl, h);
        return pp_arena_fmt(x->a, "read tcp %.*s->%.*s: read: %s", PP_FMT(host), PP_FMT(server),
                            pp_errno_text((int)os_errno));
    case CURLE_UNSUPPORTED_PROTOCOL: /* our schemes are known to curl: it is an answer without a status line */
    case CURLE_WEIRD_SERVER_REPLY:
        return PP_STR("net/http: HTTP/1.x transport connection broken: malformed HTTP response");
    default: break;
    }
    return pp_arena_fmt(x->a, "%s", x->why[0] ? x->why : curl->easy_strerror(code));
}

static enum pp_code get_fail(struct pp_arena *a, const struct pp_url *url, pp_str why, struct pp_err *err)
{
    struct pp_url shown = *url;
    if (shown.has_password) shown.password = PP_STR("***");
    if (pp_str_has_suffix(shown.host, PP_STR(":"))) shown.host.n--;
    pp_str quoted = pp_go_quoted(a, pp_url_text(a, &shown));
    return pp_fail(err, PP_E_IO, "http fetch: Get %.*s: %.*s", PP_FMT(quoted), PP_FMT(why));
}

static enum pp_code check_file(pp_str path, const char *text, struct pp_err *err)
{
    char name[4096];
    snprintf(name, sizeof name, "%.*s", PP_FMT(path));
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return pp_fail(err, PP_E_IO, "%s: open %s: %s", text, name, pp_errno_text(errno));
    close(fd);
    return PP_OK;
}

static enum pp_code check_tls(const struct pp_http_options *o, struct pp_err *err)
{
    static const char pair[] = "could not load certificate/key pair specified by -tls_cert and -tls_key";
    enum pp_code c;
    if (o->tls_key.n && !o->tls_cert.n)
        return pp_fail(err, PP_E_USAGE, "-tls_key is specified, so -tls_cert must also be specified");
    if (o->tls_cert.n && !o->tls_key.n)
        return pp_fail(err, PP_E_USAGE, "-tls_cert is specified, so -tls_key must also be specified");
    if (o->tls_cert.n && ((c = check_file(o->tls_cert, pair, err)) || (c = check_file(o->tls_key, pair, err))))
        return c;
    return o->tls_ca.n ? check_file(o->tls_ca, "could not load CA specified by -tls_ca", err) : PP_OK;
}

/* What can be refused before any connection is made; *ret_wire is the URL as curl needs it. */
static enum pp_code check_url(struct pp_arena *a, const struct pp_url *url, const struct pp_http_options *o,
                              pp_str *ret_wire, struct pp_err *err)
{
    struct pp_err why;
    if (check_tls(o, &why)) return get_fail(a, url, (pp_str){why.text, why.n}, err);
    struct pp_url wire = *url;
    if (pp_str_eq_c(url->scheme, "https+insecure")) wire.scheme = PP_STR("https");
    if (!pp_str_eq_c(wire.scheme, "http") && !pp_str_eq_c(wire.scheme, "https")) {
        pp_str quoted = pp_go_quoted(a, wire.scheme);
        return get_fail(a, url, pp_arena_fmt(a, "unsupported protocol scheme %.*s", PP_FMT(quoted)), err);
    }
    uint64_t port;
    pp_str digits = pp_url_port(url);
    if (digits.n && (!pp_str_to_u64(digits, 10, &port) || port > 65535))
        return get_fail(a, url, pp_arena_fmt(a, "dial tcp: address %.*s: invalid port", PP_FMT(digits)), err);
    if (pp_str_has_suffix(wire.host, PP_STR(":"))) wire.host.n--;
    if (!pp_url_hostname(url).n) wire.host = pp_arena_fmt(a, "localhost:%.*s", PP_FMT(digits));
    wire.fragment = (pp_str){0};
    *ret_wire = pp_url_text(a, &wire);
    return PP_OK;
}

static void set_proxy(struct pp_arena *a, const struct pp_curl *curl, CURL *h, pp_str scheme)
{
    const char *proxy = getenv("HTTP_PROXY"), *no_proxy = getenv("NO_PROXY");
    if (!no_proxy) no_proxy = getenv("no_proxy");
    if (pp_str_eq_c(scheme, "http") && proxy && *proxy) curl->easy_setopt(h, CURLOPT_PROXY, proxy);
    pp_str list = pp_arena_fmt(a, "localhost,127.0.0.1,::1%s%s", no_proxy ? "," : "", no_proxy ? no_proxy : "");
    curl->easy_setopt(h, CURLOPT_NOPROXY, list.p);
}

static void set_up(struct exchange *x, const struct pp_curl *curl, CURL *h, pp_str wire, const struct pp_url *url,
                   const struct pp_http_options *o)
{
    curl->easy_setopt(h, CURLOPT_URL, pp_arena_c(x->a, wire));
    curl->easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(h, CURLOPT_HEADERDATA, x);
    curl->easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(h, CURLOPT_WRITEDATA, x);
    curl->easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl->easy_setopt(h, CURLOPT_OPENSOCKETDATA, x);
    curl->easy_setopt(h, CURLOPT_ERRORBUFFER, x->why);
    curl->easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
    curl->easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)o->timeout_ms);
    curl->easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
    curl->easy_setopt(h, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX - 1);
    curl->easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl->easy_setopt(h, CURLOPT_USERAGENT, "pprof/" PP_VERSION);
    if (pp_str_eq_c(url->scheme, "https+insecure")) {
        curl->easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);
        curl->easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (o->tls_cert.n) {
        curl->easy_setopt(h, CURLOPT_SSLCERT, pp_arena_c(x->a, o->tls_cert));
        curl->easy_setopt(h, CURLOPT_SSLKEY, pp_arena_c(x->a, o->tls_key));
    }
    if (o->tls_ca.n) curl->easy_setopt(h, CURLOPT_CAINFO, pp_arena_c(x->a, o->tls_ca));
    set_proxy(x->a, curl, h, url->scheme);
}

static enum pp_code result(struct exchange *x, const struct pp_curl *curl, CURL *h, CURLcode code,
                           const struct pp_url *url, struct pp_err *err)
{
    if (x->body_refused) {
        if (err) *err = x->body_err;
        return x->body_err.code;
    }
    if (x->got_headers && x->code != 200) {
        if (x->from_pprof && x->is_text)
            return pp_fail(err, PP_E_IO, "server response: %.*s - %.*s", PP_FMT(x->status), (int)x->error_body_n,
                           x->error_body);
        return pp_fail(err, PP_E_IO, "server response: %.*s", PP_FMT(x->status));
    }
    if (code == CURLE_OK) return PP_OK;
    if (x->got_headers && code == CURLE_PARTIAL_FILE) return pp_fail(err, PP_E_IO, "unexpected EOF");
    if (x->got_headers && code == CURLE_OPERATION_TIMEDOUT)
        return pp_fail(err, PP_E_IO,
                       "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
    pp_str why = transport_text(x, curl, h, code, url);
    if (code != CURLE_TOO_MANY_REDIRECTS) return get_fail(x->a, url, why, err);
    pp_str quoted = pp_go_quoted(x->a, x->location);
    return pp_fail(err, PP_E_IO, "http fetch: Get %.*s: %.*s", PP_FMT(quoted), PP_FMT(why));
}

enum pp_code pp_http_get(struct pp_arena *a, const struct pp_url *url, const struct pp_http_options *o,
                         struct pp_bytes *bytes, struct pp_err *err)
{
    pp_str wire;
    const struct pp_curl *curl;
    enum pp_code c = check_url(a, url, o, &wire, err);
    if (c || (c = pp_curl_load(&curl, err))) return c;
    CURL *h = curl->easy_init();
    if (!h) return pp_fail(err, PP_E_NOMEM, "libcurl has no memory");
    struct exchange x = {.a = a, .bytes = bytes};
    set_up(&x, curl, h, wire, url, o);
    CURLcode code = curl->easy_perform(h);
    c = result(&x, curl, h, code, url, err);
    curl->easy_cleanup(h);
    return c;
}
