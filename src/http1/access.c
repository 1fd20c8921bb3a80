// SPDX-License-Identifier: Apache-2.0
#include "http1/access.h"

#include <netinet/in.h>

#include "http1/listen.h"

/* Looks at every byte of both whatever they are; only the length of the given one shows in the time taken. */
static bool equal_in_constant_time(pp_str given, pp_str token)
{
    unsigned different = given.n != token.n;
    for (size_t i = 0; i < given.n; i++)
        different |= (unsigned char)given.p[i] ^ (unsigned char)token.p[i < token.n ? i : 0];
    return !different;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

/* Empty when it is no base64 or memory is refused. */
static pp_str base64_decode(struct pp_arena *a, pp_str s)
{
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    char *to = pp_alloc(a, s.n, 1);
    size_t n = 0;
    unsigned bits = 0;
    if (!to) return PP_STR("");
    for (size_t i = 0; i < s.n; i++) {
        int v = base64_value(s.p[i]);
        if (v < 0) return PP_STR("");
        bits = bits << 6 | (unsigned)v;
        if (i % 4 != 0) to[n++] = (char)(bits >> (6 - i % 4 * 2));
    }
    return (pp_str){to, n};
}

static bool has_token(pp_str token, struct pp_arena *a, const struct pp_http_request *rq)
{
    pp_str value, scheme, rest, user, password;
    if (pp_http_header(rq, "Authorization", &value) && pp_str_cut(value, ' ', &scheme, &rest)) {
        rest = pp_str_trim(rest);
        if (pp_str_eq_nocase(scheme, PP_STR("Bearer"))) return equal_in_constant_time(rest, token);
        if (pp_str_eq_nocase(scheme, PP_STR("Basic")))
            return pp_str_cut(base64_decode(a, rest), ':', &user, &password) && equal_in_constant_time(password, token);
    }
    return pp_http_query(a, rq->raw_query, "token", &value) && equal_in_constant_time(value, token);
}

/* Host or authority without its port. */
static pp_str without_port(pp_str host)
{
    if (host.n && host.p[0] == '[') {
        size_t end = pp_str_find_byte(host, ']');
        bool whole = end != PP_NOT_FOUND && (end + 1 == host.n || host.p[end + 1] == ':');
        return whole ? pp_str_sub(host, 0, end + 1) : PP_STR("");
    }
    size_t colon = pp_str_rfind_byte(host, ':');
    return colon == PP_NOT_FOUND ? host : pp_str_sub(host, 0, colon);
}

static bool is_literal(pp_str host, bool must_be_loopback)
{
    struct in_addr in4;
    struct in6_addr in6;
    if (pp_str_eq_nocase(host, PP_STR("localhost"))) return true;
    if (pp_http_parse_ip4(host, &in4)) return !must_be_loopback || ntohl(in4.s_addr) >> 24 == 127;
    if (host.n < 2 || host.p[0] != '[' || !pp_http_parse_ip6(pp_str_sub(host, 1, host.n - 1), &in6)) return false;
    return !must_be_loopback || IN6_IS_ADDR_LOOPBACK(&in6);
}

/* "http://127.0.0.1:6060"; browsers send "null" for pages without an origin. */
static bool is_loopback_origin(pp_str origin)
{
    size_t at = pp_str_find(origin, PP_STR("://"));
    return at != PP_NOT_FOUND && is_literal(without_port(pp_str_from(origin, at + 3)), true);
}

static bool is_foreign_page(const struct pp_http_request *rq)
{
    pp_str origin, site, mode;
    if (pp_http_header(rq, "Origin", &origin) && !is_loopback_origin(origin)) return true;
    if (!pp_http_header(rq, "Sec-Fetch-Site", &site) || !pp_str_eq_c(site, "cross-site")) return false;
    return !pp_http_header(rq, "Sec-Fetch-Mode", &mode) || !pp_str_eq_c(mode, "navigate");
}

/* X-Go-Pprof makes `go tool pprof` show the text. */
static bool refuse(struct pp_http_response *rs, int status, const char *text)
{
    pp_http_set(rs, "X-Content-Type-Options", "nosniff");
    pp_http_set(rs, "X-Go-Pprof", "1");
    pp_http_error(rs, status, text);
    return false;
}

bool pp_http_allow(const struct pp_http_access *acc, const struct pp_http_request *rq, struct pp_http_response *rs)
{
    if (!acc->unix_socket) {
        if (rq->host.n && !is_literal(without_port(rq->host), false))
            return refuse(rs, 403, "Forbidden: the Host header must be localhost or an IP address");
        if (is_foreign_page(rq)) return refuse(rs, 403, "Forbidden: request from a page of another origin");
    }
    if (acc->token.n && !has_token(acc->token, rs->arena, rq)) {
        pp_http_set(rs, "Www-Authenticate", "Basic realm=\"pprof\", charset=\"UTF-8\"");
        return refuse(rs, 401, "Unauthorized: this program wants its token (Bearer, a password, or ?token=)");
    }
    return true;
}
