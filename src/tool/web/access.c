// SPDX-License-Identifier: Apache-2.0
#include "tool/web/access.h"

#include "http1/listen.h"

bool pp_web_is_localhost(pp_str host)
{
    return pp_str_eq_c(host, "localhost") || pp_str_eq_c(host, "127.0.0.1") || pp_str_eq_c(host, "::1") ||
           pp_str_eq_c(host, "[::1]");
}

/* "[::1]:80" and "::1" give "::1". */
static pp_str host_name(pp_str host)
{
    if (host.n && host.p[0] == '[') {
        size_t end = pp_str_find_byte(host, ']');
        bool whole = end != PP_NOT_FOUND && (end + 1 == host.n || host.p[end + 1] == ':');
        return whole ? pp_str_sub(host, 1, end) : PP_STR("");
    }
    size_t colon = pp_str_find_byte(host, ':');
    bool has_port = colon != PP_NOT_FOUND && colon == pp_str_rfind_byte(host, ':');
    return has_port ? pp_str_sub(host, 0, colon) : host;
}

static bool is_loopback(pp_str name, bool *ret_is_literal)
{
    struct in_addr in4;
    struct in6_addr in6;
    *ret_is_literal = true;
    if (pp_http_parse_ip4(name, &in4)) return ntohl(in4.s_addr) >> 24 == 127;
    if (pp_http_parse_ip6(name, &in6)) return IN6_IS_ADDR_LOOPBACK(&in6);
    *ret_is_literal = false;
    return pp_str_eq_nocase(name, PP_STR("localhost"));
}

bool pp_web_host_allowed(pp_str host_header, pp_str own, pp_str allowed)
{
    pp_str name = host_name(host_header), one;
    bool is_literal;
    if (!name.n) return false;
    if (is_loopback(name, &is_literal) || pp_str_eq_nocase(name, host_name(own))) return true;
    if (is_literal && !pp_web_is_localhost(own)) return true;
    while (pp_str_next(&allowed, ',', &one))
        if (one.n && pp_str_eq_nocase(name, host_name(pp_str_trim(one)))) return true;
    return false;
}

bool pp_web_same_origin(pp_str host_header, pp_str origin, pp_str fetch_site)
{
    if (fetch_site.n && !pp_str_eq_c(fetch_site, "same-origin") && !pp_str_eq_c(fetch_site, "none")) return false;
    if (!origin.n) return true;
    size_t at = pp_str_find(origin, PP_STR("://"));
    return at != PP_NOT_FOUND && pp_str_eq_nocase(pp_str_from(origin, at + 3), host_header);
}
