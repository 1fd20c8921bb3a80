// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/gonum.h"
#include "base/gopath.h"
#include "base/out.h"
#include "base/vec.h"

#define SECONDS_MAX 1000000000 /* so that milliseconds fit everywhere */

/* Where a byte stands; each part has its own set of bytes that need no escape. */
enum part { IN_PATH, IN_HOST, IN_USER, IN_QUERY, IN_FRAGMENT };

static bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_plain(char c, enum part part)
{
    static const char *const also[] = {
        [IN_PATH] = "$&+,/:;=@", [IN_HOST] = "!$&'()*+,;=:[]<>\"", [IN_USER] = "$&+,;=",
        [IN_QUERY] = "",         [IN_FRAGMENT] = "$&+,/:;=?@!()*",
    };
    return is_alnum(c) || (c && strchr("-_.~", c)) || (c && strchr(also[part], c));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static pp_str escape(struct pp_arena *a, pp_str s, enum part part)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < s.n; i++) {
        if (is_plain(s.p[i], part))
            pp_out_char(&o, s.p[i]);
        else if (part == IN_QUERY && s.p[i] == ' ')
            pp_out_char(&o, '+');
        else
            pp_out_fmt(&o, "%%%02X", (unsigned char)s.p[i]);
    }
    return pp_out_bytes(&o);
}

/* False: a broken %xx, or a byte that the part may not have. */
static bool unescape(struct pp_arena *a, pp_str s, enum part part, pp_str *ret_text)
{
    char *to = pp_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1, low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            if (part == IN_HOST && high < 8 && !(high == 2 && low == 5)) return false;
            to[n++] = (char)(high << 4 | low);
            i += 2;
        } else if (part == IN_HOST && (unsigned char)c < 0x80 && !is_plain(c, part)) {
            return false;
        } else {
            to[n++] = c == '+' && part == IN_QUERY ? ' ' : c;
        }
    }
    *ret_text = (pp_str){to, n};
    return true;
}

/* What Go prints for a path or fragment: as written if it is well escaped, else escaped anew. */
static bool tidy(struct pp_arena *a, pp_str raw, enum part part, pp_str *ret_text)
{
    pp_str plain;
    if (!unescape(a, raw, part, &plain)) return false;
    bool valid = true;
    for (size_t i = 0; i < raw.n && valid; i++)
        valid = is_plain(raw.p[i], part) || (raw.p[i] && strchr("!$&'()*+,;=:@[]%", raw.p[i]));
    *ret_text = valid ? raw : escape(a, plain, part);
    return true;
}

/* scheme:rest. False: ":rest". No scheme is fine. */
static bool cut_scheme(struct pp_arena *a, pp_str *rest, pp_str *ret_scheme)
{
    size_t i = 0;
    while (i < rest->n && (is_alnum(rest->p[i]) || strchr("+-.", rest->p[i]))) {
        bool letter = is_alnum(rest->p[i]) && !(rest->p[i] >= '0' && rest->p[i] <= '9');
        if (i == 0 && !letter) return true;
        i++;
    }
    if (i == rest->n || rest->p[i] != ':') return true;
    if (i == 0) return false;
    char *lower = pp_alloc(a, i, 1);
    for (size_t k = 0; k < i; k++)
        lower[k] = rest->p[k] >= 'A' && rest->p[k] <= 'Z' ? (char)(rest->p[k] | 32) : rest->p[k];
    *ret_scheme = (pp_str){lower, i};
    *rest = pp_str_from(*rest, i + 1);
    return true;
}

static bool is_port(pp_str colon_port)
{
    if (!colon_port.n) return true;
    if (colon_port.p[0] != ':') return false;
    for (size_t i = 1; i < colon_port.n; i++)
        if (colon_port.p[i] < '0' || colon_port.p[i] > '9') return false;
    return true;
}

static bool is_ipv6(pp_str text)
{
    char buf[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    pp_str zone;
    pp_str_cut(text, '%', &text, &zone);
    if (text.n >= sizeof buf) return false;
    memcpy(buf, text.p, text.n);
    buf[text.n] = 0;
    return inet_pton(AF_INET6, buf, address) == 1;
}

static bool parse_host(struct pp_arena *a, pp_str host, pp_str *ret_host)
{
    size_t open = pp_str_rfind_byte(host, '['), close = pp_str_rfind_byte(host, ']');
    if (open != PP_NOT_FOUND) {
        if (open > 0 || close == PP_NOT_FOUND || !is_port(pp_str_from(host, close + 1))) return false;
        pp_str inner;
        if (!unescape(a, pp_str_sub(host, 1, close), IN_HOST, &inner) || !is_ipv6(inner)) return false;
        *ret_host = pp_arena_fmt(a, "[%.*s]%.*s", PP_FMT(inner), PP_FMT(pp_str_from(host, close + 1)));
        return true;
    }
    size_t colon = pp_str_find_byte(host, ':');
    if (colon != PP_NOT_FOUND && !is_port(pp_str_from(host, colon))) return false;
    return unescape(a, host, IN_HOST, ret_host);
}

static bool is_userinfo(pp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && (!s.p[i] || !strchr("-._:~!$&'()*+,;=%@", s.p[i]))) return false;
    return true;
}

static bool parse_authority(struct pp_arena *a, pp_str text, struct pp_url *u)
{
    size_t at = pp_str_rfind_byte(text, '@');
    if (at == PP_NOT_FOUND) return parse_host(a, text, &u->host);
    pp_str user = pp_str_sub(text, 0, at), password;
    if (!is_userinfo(user)) return false;
    u->has_user = true;
    u->has_password = pp_str_cut(user, ':', &user, &password);
    if (!unescape(a, user, IN_USER, &user) || !unescape(a, password, IN_USER, &password)) return false;
    u->user = escape(a, user, IN_USER);
    u->password = escape(a, password, IN_USER);
    return parse_host(a, pp_str_from(text, at + 1), &u->host);
}

static void cut_query(pp_str *rest, struct pp_url *u)
{
    size_t mark = pp_str_find_byte(*rest, '?');
    if (mark == PP_NOT_FOUND) return;
    u->force_query = mark + 1 == rest->n;
    u->query = pp_str_from(*rest, mark + 1);
    *rest = pp_str_sub(*rest, 0, mark);
}

bool pp_url_parse(struct pp_arena *a, pp_str text, struct pp_url *ret_url)
{
    struct pp_url u = {0};
    pp_str rest, fragment;
    pp_str_cut(text, '#', &rest, &fragment);
    for (size_t i = 0; i < rest.n; i++)
        if ((unsigned char)rest.p[i] < ' ' || rest.p[i] == 0x7f) return false;
    if (!cut_scheme(a, &rest, &u.scheme)) return false;
    cut_query(&rest, &u);
    if (!pp_str_has_prefix(rest, PP_STR("/"))) {
        size_t slash = pp_str_find_byte(rest, '/'), colon = pp_str_find_byte(rest, ':');
        if (!u.scheme.n && colon != PP_NOT_FOUND && (slash == PP_NOT_FOUND || colon < slash)) return false;
        if (u.scheme.n) {
            u.opaque = rest;
            rest = PP_STR("");
        }
    }
    if (pp_str_has_prefix(rest, PP_STR("//")) && (u.scheme.n || !pp_str_has_prefix(rest, PP_STR("///")))) {
        pp_str authority = pp_str_from(rest, 2);
        size_t slash = pp_str_find_byte(authority, '/');
        rest = slash == PP_NOT_FOUND ? PP_STR("") : pp_str_from(authority, slash);
        if (!parse_authority(a, pp_str_sub(authority, 0, slash), &u)) return false;
    } else if (u.scheme.n && rest.n) {
        u.omit_host = true;
    }
    if (!tidy(a, rest, IN_PATH, &u.path) || !tidy(a, fragment, IN_FRAGMENT, &u.fragment)) return false;
    *ret_url = u;
    return true;
}

pp_str pp_url_text(struct pp_arena *a, const struct pp_url *u)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    if (u->scheme.n) pp_out_fmt(&o, "%.*s:", PP_FMT(u->scheme));
    if (u->socket.n)
        pp_out_str(&o, u->socket);
    else if (u->opaque.n)
        pp_out_str(&o, u->opaque);
    else if ((u->host.n || u->has_user || (u->scheme.n && u->path.n)) && !u->omit_host)
        pp_out_c(&o, "//");
    if (u->has_user) pp_out_str(&o, u->user);
    if (u->has_password) pp_out_fmt(&o, ":%.*s", PP_FMT(u->password));
    if (u->has_user) pp_out_char(&o, '@');
    pp_out_str(&o, escape(a, u->host, IN_HOST));
    pp_out_str(&o, u->path);
    if (u->force_query || u->query.n) pp_out_fmt(&o, "?%.*s", PP_FMT(u->query));
    if (u->fragment.n) pp_out_fmt(&o, "#%.*s", PP_FMT(u->fragment));
    return pp_out_bytes(&o);
}

/* The ':' before the port, or n. */
static size_t port_colon(pp_str host)
{
    size_t colon = pp_str_rfind_byte(host, ':'), close = pp_str_rfind_byte(host, ']');
    return colon == PP_NOT_FOUND || (close != PP_NOT_FOUND && close > colon) ? host.n : colon;
}

pp_str pp_url_hostname(const struct pp_url *u)
{
    pp_str host = pp_str_sub(u->host, 0, port_colon(u->host));
    return pp_str_has_prefix(host, PP_STR("[")) ? pp_str_sub(host, 1, host.n - 1) : host;
}

pp_str pp_url_port(const struct pp_url *u) { return pp_str_from(u->host, port_colon(u->host) + 1); }

struct param {
    pp_str key, value;
    size_t place;
};

static int compare_params(const void *x, const void *y)
{
    const struct param *a = x, *b = y;
    int c = pp_str_cmp(a->key, b->key);
    return c ? c : a->place < b->place ? -1 : 1;
}

/* Pairs of a query as Go reads them: those with a ';' or a broken escape are left out. */
static struct param *query_params(struct pp_arena *a, pp_str query, size_t *ret_n)
{
    PP_VEC(struct param) params = {0};
    pp_str pair;
    while (pp_str_next(&query, '&', &pair)) {
        struct param p;
        pp_str_cut(pair, '=', &p.key, &p.value);
        if (!pair.n || pp_str_find_byte(pair, ';') != PP_NOT_FOUND) continue;
        if (!unescape(a, p.key, IN_QUERY, &p.key) || !unescape(a, p.value, IN_QUERY, &p.value)) continue;
        p.place = params.n;
        *PP_PUSH(a, &params) = p;
    }
    *PP_PUSH(a, &params) = (struct param){0}; /* room for one more */
    *ret_n = params.n - 1;
    return params.p;
}

/* The query sorted by key, with seconds=seconds when that is positive; else *seconds is what the query says. */
static pp_str adjust_query(struct pp_arena *a, pp_str query, int64_t *seconds)
{
    size_t n, kept = 0;
    struct param *params = query_params(a, query, &n);
    bool given = *seconds > 0, found = false;
    for (size_t i = 0; i < n; i++) {
        bool is_seconds = pp_str_eq_c(params[i].key, "seconds");
        if (is_seconds && given) continue;
        int64_t v;
        if (is_seconds && !found && pp_go_parse_int(params[i].value, 10, 32, &v) == PP_GO_NUM_OK) *seconds = v;
        found |= is_seconds;
        params[kept++] = params[i];
    }
    if (given) params[kept++] = (struct param){PP_STR("seconds"), pp_arena_fmt(a, "%lld", (long long)*seconds), n};
    qsort(params, kept, sizeof *params, compare_params);
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < kept; i++) {
        pp_str key = escape(a, params[i].key, IN_QUERY), value = escape(a, params[i].value, IN_QUERY);
        pp_out_fmt(&o, "%s%.*s=%.*s", i ? "&" : "", PP_FMT(key), PP_FMT(value));
    }
    return pp_out_bytes(&o);
}

/* Cuts *path at the end of the longest prefix that is a socket on disk; if none is, before the usual path of a handler. */
static pp_str cut_socket(struct pp_arena *a, pp_str *path)
{
    pp_str all = *path, handler = PP_STR("/debug/pprof");
    bool abstract = pp_str_has_prefix(all, PP_STR("@"));
    for (size_t n = abstract ? 0 : all.n; n > 1; n--) {
        struct stat st;
        if (n < all.n && all.p[n] != '/') continue;
        if (stat(pp_arena_c(a, pp_str_sub(all, 0, n)), &st) || !S_ISSOCK(st.st_mode)) continue;
        *path = pp_str_from(all, n);
        return pp_str_sub(all, 0, n);
    }
    size_t at = pp_str_find(all, handler);
    if (at == PP_NOT_FOUND && abstract) at = pp_str_find_byte(all, '/');
    if (at == PP_NOT_FOUND) at = all.n;
    *path = pp_str_from(all, at);
    return pp_str_sub(all, 0, at);
}

/* unix:/SOCKET/PATH?QUERY, http+unix://SOCKET/PATH?QUERY. False: it is neither. */
static bool parse_unix(struct pp_arena *a, pp_str source, struct pp_url *ret_url)
{
    struct pp_url u = {.scheme = PP_STR("unix")};
    pp_str rest, socket;
    if (pp_str_has_prefix(source, PP_STR("http+unix://"))) {
        rest = pp_str_from(source, sizeof "http+unix://" - 1);
        cut_query(&rest, &u);
        size_t slash = pp_str_find_byte(rest, '/');
        if (slash == 0 || !unescape(a, pp_str_sub(rest, 0, slash), IN_PATH, &u.socket)) return false;
        rest = slash == PP_NOT_FOUND ? PP_STR("") : pp_str_from(rest, slash);
    } else if (pp_str_has_prefix(source, PP_STR("unix:"))) {
        rest = pp_str_from(source, sizeof "unix:" - 1);
        cut_query(&rest, &u);
        while (pp_str_has_prefix(rest, PP_STR("//")))
            rest = pp_str_from(rest, 1);
        u.socket = cut_socket(a, &rest);
    } else {
        return false;
    }
    if (!tidy(a, rest, IN_PATH, &u.path)) return false;
    socket = u.socket;
    if (socket.n < 2 || (socket.p[0] != '/' && socket.p[0] != '@')) return false;
    for (size_t i = 0; i < socket.n; i++)
        if ((unsigned char)socket.p[i] < ' ') return false;
    *ret_url = u;
    return true;
}

/* With "http://" before it if need be: "host:port/path" has scheme "host". */
static bool parse_source(struct pp_arena *a, pp_str source, struct pp_url *ret_url)
{
    struct pp_url u;
    if (parse_unix(a, source, ret_url)) return true;
    bool ok = pp_url_parse(a, source, &u);
    if (!ok || (!u.host.n && u.scheme.n && !pp_str_eq_c(u.scheme, "file")))
        ok = pp_url_parse(a, pp_arena_join(a, PP_STR("http://"), source), &u);
    if (!ok || !u.host.n) return false;
    *ret_url = u;
    return true;
}

bool pp_url_adjust(struct pp_arena *a, pp_str source, int64_t seconds, int64_t timeout_seconds, struct pp_url *ret_url,
                   int64_t *ret_timeout_ms)
{
    struct pp_url u;
    if (seconds > SECONDS_MAX) seconds = SECONDS_MAX;
    if (timeout_seconds > SECONDS_MAX) timeout_seconds = SECONDS_MAX;
    if (!parse_source(a, source, &u)) return false;
    if (!u.path.n || pp_str_eq_c(u.path, "/")) u.path = PP_STR("/debug/pprof/profile");
    u.query = adjust_query(a, u.query, &seconds);
    *ret_timeout_ms = timeout_seconds > 0 ? timeout_seconds * 1000 : seconds > 0 ? seconds * 1500 : 60 * 1000;
    *ret_url = u;
    return true;
}

/* Without its dot segments, as Go does it: always from the root. */
static pp_str merge_paths(struct pp_arena *a, pp_str base, pp_str path)
{
    PP_VEC(pp_str) kept = {0};
    pp_str full = path, part;
    if (!path.n) {
        full = base;
    } else if (path.p[0] != '/') {
        size_t slash = pp_str_rfind_byte(base, '/');
        full = pp_arena_join(a, slash == PP_NOT_FOUND ? PP_STR("") : pp_str_sub(base, 0, slash + 1), path);
    }
    if (!full.n) return full;
    if (full.p[0] == '/') full = pp_str_from(full, 1);
    bool dots = false, more = true;
    while (more) {
        more = pp_str_cut(full, '/', &part, &full);
        dots = pp_str_eq_c(part, ".") || pp_str_eq_c(part, "..");
        if (!dots) *PP_PUSH(a, &kept) = part;
        if (pp_str_eq_c(part, "..") && kept.n) kept.n--;
    }
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < kept.n; i++)
        pp_out_fmt(&o, "/%.*s", PP_FMT(kept.p[i]));
    if (dots || !kept.n) pp_out_char(&o, '/');
    return pp_out_bytes(&o);
}

bool pp_url_resolve(struct pp_arena *a, const struct pp_url *base, pp_str location, struct pp_url *ret_url)
{
    struct pp_url u;
    if (!pp_url_parse(a, location, &u)) return false;
    if (u.scheme.n || u.host.n || u.has_user) {
        if (!u.scheme.n) u.scheme = base->scheme;
        u.path = merge_paths(a, u.path, PP_STR(""));
    } else {
        struct pp_url here = *base;
        if (!u.path.n && !u.query.n && !u.force_query) u.query = base->query;
        here.path = u.path.n ? merge_paths(a, base->path, u.path) : base->path;
        here.query = u.query;
        here.force_query = u.force_query;
        here.fragment = u.fragment;
        u = here;
    }
    *ret_url = u;
    return true;
}

struct pp_url pp_url_symbolz(struct pp_arena *a, const struct pp_url *source)
{
    static const char *const gperftools[] = {"/pprof/heap", "/pprof/growth", "/pprof/profile", "/pprof/pmuprofile",
                                             "/pprof/contention"};
    struct pp_url u = *source;
    pp_str path = u.path;
    (void)unescape(a, u.path, IN_PATH, &path); /* was well escaped when it was parsed */
    bool symbol = pp_str_contains(path, PP_STR("/debug/pprof/"));
    for (size_t i = 0; i < sizeof gperftools / sizeof *gperftools; i++)
        symbol |= pp_str_has_suffix(path, pp_str_c(gperftools[i]));
    path = pp_arena_fmt(a, "%.*s/../%s", PP_FMT(path), symbol ? "symbol" : "symbolz");
    u.path = escape(a, pp_go_path_clean(a, path), IN_PATH);
    u.query = PP_STR("");
    return u;
}
