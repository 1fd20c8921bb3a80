// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/goquote.h"
#include "tool/fetch/http_error.h"
#include "tool/fetch/proxy.h"
#include "tool/ui.h"

#define REQUESTS_MAX 10    /* that one leads to the next */
#define ERROR_BODY_MAX 800 /* of an error answer that is shown */

/* One request and its answer. */
struct exchange {
    struct pp_arena *a;
    const struct pp_http_options *o;
    struct pp_url url;
    const char *before; /* what stands before Go's own error */
    const char *method; /* "Get" or "Post", as that begins */
    pp_str body;        /* of a POST */
    pp_str proxy;
    struct pp_bytes *bytes;
    struct pp_err body_err; /* why the body was refused, when body_refused */
    bool body_refused;
    pp_str status;   /* "404 Not Found" of the newest answer */
    pp_str location; /* where that answer redirects to, or "" */
    long code;
    bool from_pprof; /* has X-Go-Pprof */
    bool is_text;
    bool got_headers;
    char error_body[ERROR_BODY_MAX];
    size_t error_body_n;
    struct sockaddr_storage peer;
    char why[CURL_ERROR_SIZE];
};

static bool header_is(pp_str line, const char *name, pp_str *ret_value)
{
    pp_str key;
    if (!pp_str_cut(line, ':', &key, ret_value) || !pp_str_eq_nocase(key, pp_str_c(name))) return false;
    *ret_value = pp_str_trim(*ret_value);
    return true;
}

static bool is_redirect(const struct exchange *x)
{
    long c = x->code;
    return x->location.n && (c == 301 || c == 302 || c == 303 || c == 307 || c == 308);
}

static void start_answer(struct exchange *x, pp_str line)
{
    pp_str version, value;
    pp_str_cut(line, ' ', &version, &value);
    x->status = pp_arena_dup(x->a, value);
    x->code = strtol(x->status.n ? pp_arena_c(x->a, x->status) : "", NULL, 10);
    x->location = (pp_str){0};
    x->from_pprof = x->is_text = x->got_headers = false;
    x->error_body_n = 0;
}

/* A length beyond our limit is not waited for. */
static bool length_fits(struct exchange *x, pp_str value)
{
    uint64_t n;
    if (x->code != 200 || !pp_str_to_u64(value, 10, &n) || n <= x->bytes->max) return true;
    x->body_refused = true;
    pp_fail(&x->body_err, PP_E_LIMIT, "profile is larger than -max_size=%zu bytes", x->bytes->max);
    return false;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    pp_str line = pp_str_trim((pp_str){p, size * n}), value;
    if (pp_str_has_prefix(line, PP_STR("HTTP/")))
        start_answer(x, line);
    else if (header_is(line, "X-Go-Pprof", &value))
        x->from_pprof = value.n > 0;
    else if (header_is(line, "Content-Type", &value))
        x->is_text = pp_str_contains(value, PP_STR("text/plain"));
    else if (header_is(line, "Location", &value))
        x->location = pp_arena_dup(x->a, value);
    else if (header_is(line, "Content-Length", &value) && !length_fits(x, value))
        return 0;
    else if (!line.n)
        x->got_headers = x->code / 100 != 1;
    return size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    size_t bytes = size * n;
    if (is_redirect(x)) return bytes;
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
    if (purpose == CURLSOCKTYPE_IPCXN && !x->peer.ss_family && address->addrlen <= sizeof x->peer)
        memcpy(&x->peer, &address->addr, address->addrlen);
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static enum pp_code request_fail(const struct exchange *x, pp_str shown_url, pp_str why, struct pp_err *err)
{
    pp_str quoted = pp_go_quoted(x->a, shown_url);
    return pp_fail(err, PP_E_IO, "%s%s %.*s: %.*s", x->before, x->method, PP_FMT(quoted), PP_FMT(why));
}

static enum pp_code url_fail(const struct exchange *x, pp_str why, struct pp_err *err)
{
    struct pp_url shown = x->url;
    if (shown.has_password) shown.password = PP_STR("***");
    if (pp_str_has_suffix(shown.host, PP_STR(":"))) shown.host.n--;
    return request_fail(x, pp_url_text(x->a, &shown), why, err);
}

static enum pp_code check_file(struct pp_arena *a, pp_str path, const char *text, struct pp_err *err)
{
    const char *name = pp_arena_c(a, path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return pp_fail(err, PP_E_IO, "%s: open %s: %s", text, name, pp_errno_text(errno));
    close(fd);
    return PP_OK;
}

static enum pp_code check_tls(struct pp_arena *a, const struct pp_http_options *o, struct pp_err *err)
{
    static const char pair[] = "could not load certificate/key pair specified by -tls_cert and -tls_key";
    enum pp_code c;
    if (o->tls_key.n && !o->tls_cert.n)
        return pp_fail(err, PP_E_USAGE, "-tls_key is specified, so -tls_cert must also be specified");
    if (o->tls_cert.n && !o->tls_key.n)
        return pp_fail(err, PP_E_USAGE, "-tls_cert is specified, so -tls_key must also be specified");
    if (o->tls_cert.n && ((c = check_file(a, o->tls_cert, pair, err)) || (c = check_file(a, o->tls_key, pair, err))))
        return c;
    return o->tls_ca.n ? check_file(a, o->tls_ca, "could not load CA specified by -tls_ca", err) : PP_OK;
}

/* What can be refused before any connection is made. */
static enum pp_code check_request(struct exchange *x, struct pp_err *err)
{
    struct pp_err why;
    const struct pp_url *u = &x->url;
    if (check_tls(x->a, x->o, &why)) return url_fail(x, (pp_str){why.text, why.n}, err);
    bool known = pp_str_eq_c(u->scheme, "http") || pp_str_eq_c(u->scheme, "https") ||
                 pp_str_eq_c(u->scheme, "https+insecure") || u->socket.n;
    if (!known) {
        pp_str quoted = pp_go_quoted(x->a, u->scheme);
        return url_fail(x, pp_arena_fmt(x->a, "unsupported protocol scheme %.*s", PP_FMT(quoted)), err);
    }
    if ((!u->host.n || pp_str_eq_c(u->host, ":")) && !u->socket.n)
        return url_fail(x, PP_STR("http: no Host in request URL"), err);
    uint64_t port;
    pp_str digits = pp_url_port(u);
    if (digits.n && (!pp_str_to_u64(digits, 10, &port) || port > 65535))
        return url_fail(x, pp_arena_fmt(x->a, "dial tcp: address %.*s: invalid port", PP_FMT(digits)), err);
    if (pp_proxy_find(x->a, u, &x->proxy, &why)) return url_fail(x, (pp_str){why.text, why.n}, err);
    return PP_OK;
}

/* The URL as curl needs it. */
static pp_str wire_url(const struct exchange *x)
{
    struct pp_url wire = x->url;
    if (pp_str_eq_c(wire.scheme, "https+insecure")) wire.scheme = PP_STR("https");
    if (pp_str_has_suffix(wire.host, PP_STR(":"))) wire.host.n--;
    if (!pp_url_hostname(&wire).n && !wire.socket.n)
        wire.host = pp_arena_fmt(x->a, "localhost:%.*s", PP_FMT(pp_url_port(&wire)));
    if (wire.socket.n) {
        wire.scheme = PP_STR("http");
        wire.host = PP_STR("localhost");
        wire.socket = (pp_str){0};
        if (!wire.path.n) wire.path = PP_STR("/");
    }
    wire.fragment = (pp_str){0};
    return pp_url_text(x->a, &wire);
}

static void set_tls(const struct exchange *x, const struct pp_curl *curl, CURL *h)
{
    const struct pp_http_options *o = x->o;
    if (pp_str_eq_c(x->url.scheme, "https+insecure")) {
        curl->easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);
        curl->easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (o->tls_cert.n) {
        curl->easy_setopt(h, CURLOPT_SSLCERT, pp_arena_c(x->a, o->tls_cert));
        curl->easy_setopt(h, CURLOPT_SSLKEY, pp_arena_c(x->a, o->tls_key));
    }
    if (o->tls_ca.n) curl->easy_setopt(h, CURLOPT_CAINFO, pp_arena_c(x->a, o->tls_ca));
}

static void set_way(const struct exchange *x, const struct pp_curl *curl, CURL *h)
{
    pp_str socket = x->url.socket;
    bool abstract = pp_str_has_prefix(socket, PP_STR("@"));
    curl->easy_setopt(h, CURLOPT_URL, pp_arena_c(x->a, wire_url(x)));
    curl->easy_setopt(h, CURLOPT_PROXY, pp_arena_c(x->a, x->proxy)); /* "" keeps curl from looking at the environment */
    curl->easy_setopt(h, CURLOPT_NOPROXY, "");
    curl->easy_setopt(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (socket.n)
        curl->easy_setopt(h, abstract ? CURLOPT_ABSTRACT_UNIX_SOCKET : CURLOPT_UNIX_SOCKET_PATH,
                          pp_arena_c(x->a, pp_str_from(socket, abstract)));
}

static void set_up(struct exchange *x, const struct pp_curl *curl, CURL *h, int64_t left_ms)
{
    curl->easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(h, CURLOPT_HEADERDATA, x);
    curl->easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(h, CURLOPT_WRITEDATA, x);
    curl->easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl->easy_setopt(h, CURLOPT_OPENSOCKETDATA, x);
    curl->easy_setopt(h, CURLOPT_ERRORBUFFER, x->why);
    curl->easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    if (left_ms) curl->easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)left_ms);
    if (left_ms) curl->easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)left_ms);
    long silence_s = x->o->silence_s ? x->o->silence_s : PP_HTTP_SILENCE_S, rate = PP_HTTP_TRICKLE / silence_s;
    curl->easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, left_ms ? 0L : rate > 0 ? rate : 1L);
    curl->easy_setopt(h, CURLOPT_LOW_SPEED_TIME, left_ms ? 0L : silence_s);
    curl->easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl->easy_setopt(h, CURLOPT_USERAGENT, "pprof/" PP_VERSION);
    set_tls(x, curl, h);
    set_way(x, curl, h);
}

/* The headers are the caller's to free. */
static struct curl_slist *set_post(struct exchange *x, const struct pp_curl *curl, CURL *h)
{
    struct curl_slist *headers = NULL;
    if (x->method[0] != 'P') return NULL;
    headers = curl->slist_append(headers, "Content-Type: application/octet-stream");
    headers = curl->slist_append(headers, "Expect:");
    curl->easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl->easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
    curl->easy_setopt(h, CURLOPT_POSTFIELDS, x->body.n ? x->body.p : "");
    return headers;
}

static enum pp_code result(struct exchange *x, const struct pp_curl *curl, CURL *h, CURLcode code, struct pp_err *err)
{
    if (x->body_refused) {
        if (err) *err = x->body_err;
        return x->body_err.code;
    }
    if (x->got_headers && is_redirect(x)) return PP_OK;
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
    struct pp_http_failure f = {
        .code = code, .handle = h, .text = x->why, .url = &x->url, .by_proxy = x->proxy.n > 0, .peer = x->peer};
    return url_fail(x, pp_http_error_text(x->a, curl, &f), err);
}

static enum pp_code one_request(struct exchange *x, const struct pp_curl *curl, int64_t left_ms, struct pp_err *err)
{
    enum pp_code c = check_request(x, err);
    if (c) return c;
    CURL *h = curl->easy_init();
    if (!h) return pp_fail(err, PP_E_NOMEM, "libcurl has no memory");
    set_up(x, curl, h, left_ms);
    struct curl_slist *headers = set_post(x, curl, h);
    c = result(x, curl, h, curl->easy_perform(h), err);
    curl->slist_free_all(headers);
    curl->easy_cleanup(h);
    return c;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The next request that a redirecting answer asks for. */
static enum pp_code follow(struct exchange *x, unsigned n_requests, struct pp_err *err)
{
    struct exchange next = {
        .a = x->a, .o = x->o, .before = x->before, .method = x->method, .body = x->body, .bytes = x->bytes};
    if (n_requests == REQUESTS_MAX) {
        pp_str why = pp_arena_fmt(x->a, "stopped after %d redirects", REQUESTS_MAX);
        return request_fail(x, x->location, why, err);
    }
    if (!pp_url_resolve(x->a, &x->url, x->location, &next.url)) {
        pp_str quoted = pp_go_quoted(x->a, x->location);
        return url_fail(x, pp_arena_fmt(x->a, "failed to parse Location header %.*s", PP_FMT(quoted)), err);
    }
    if (x->code != 307 && x->code != 308) next.method = "Get";
    *x = next;
    return PP_OK;
}

static enum pp_code exchange(struct exchange *x, struct pp_err *err)
{
    const struct pp_curl *curl;
    enum pp_code c = check_request(x, err); /* before libcurl is loaded */
    if (c || (c = pp_curl_load(&curl, err))) return c;
    int64_t limit_ms = x->o->timeout_ms, end = now_ms() + limit_ms;
    for (unsigned n = 1;; n++) {
        int64_t left_ms = end - now_ms();
        if ((c = one_request(x, curl, !limit_ms ? 0 : left_ms > 1 ? left_ms : 1, err))) return c;
        if (!is_redirect(x)) return PP_OK;
        if ((c = follow(x, n, err))) return c;
    }
}

enum pp_code pp_http_get(struct pp_arena *a, const struct pp_url *url, const struct pp_http_options *o,
                         struct pp_bytes *bytes, struct pp_err *err)
{
    struct exchange x = {.a = a, .o = o, .url = *url, .before = "http fetch: ", .method = "Get", .bytes = bytes};
    return exchange(&x, err);
}

enum pp_code pp_http_post(struct pp_arena *a, const struct pp_url *url, pp_str body, const struct pp_http_options *o,
                          struct pp_bytes *bytes, struct pp_err *err)
{
    struct exchange x = {.a = a, .o = o, .url = *url, .before = "", .method = "Post", .body = body, .bytes = bytes};
    return exchange(&x, err);
}
