// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* An address of either family as 16 bytes: IPv4 is ::ffff:a.b.c.d. */
struct address {
    unsigned char bytes[16];
    bool is_v4;
};

static bool parse_address(pp_str text, struct address *ret)
{
    char buf[INET6_ADDRSTRLEN + 1];
    struct address a = {{0}, false};
    if (!text.n || text.n >= sizeof buf) return false;
    memcpy(buf, text.p, text.n);
    buf[text.n] = 0;
    if (inet_pton(AF_INET, buf, a.bytes + 12) == 1) {
        a.bytes[10] = a.bytes[11] = 0xff;
        a.is_v4 = true;
    } else if (inet_pton(AF_INET6, buf, a.bytes) != 1) {
        return false;
    }
    *ret = a;
    return true;
}

static bool is_loopback(const struct address *a)
{
    static const unsigned char v6[16] = {[15] = 1}, mapped[12] = {[10] = 0xff, [11] = 0xff};
    return !memcmp(a->bytes, v6, 16) || (!memcmp(a->bytes, mapped, 12) && a->bytes[12] == 127);
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned n)
{
    if (memcmp(a, b, n / 8)) return false;
    return n % 8 == 0 || !((a[n / 8] ^ b[n / 8]) >> (8 - n % 8));
}

/* "10.0.0.0/8". False: it is no such network. */
static bool parse_network(pp_str text, struct address *ret, unsigned *ret_bits)
{
    pp_str net, digits;
    uint64_t bits;
    if (!pp_str_cut(text, '/', &net, &digits) || !parse_address(net, ret)) return false;
    if (digits.n > 3 || !pp_str_to_u64(digits, 10, &bits) || bits > (ret->is_v4 ? 32 : 128)) return false;
    *ret_bits = (unsigned)bits + (ret->is_v4 ? 96 : 0);
    return true;
}

/* "host:port", "[host]:port"; else all of it is the host. False: ":port". */
static bool split_entry(pp_str entry, pp_str *ret_host, pp_str *ret_port)
{
    size_t colon = pp_str_rfind_byte(entry, ':'), close = pp_str_rfind_byte(entry, ']');
    *ret_host = entry;
    *ret_port = PP_STR("");
    if (colon == PP_NOT_FOUND) return true;
    if (pp_str_has_prefix(entry, PP_STR("["))) {
        if (close == PP_NOT_FOUND || close + 1 != colon) return true;
        *ret_host = pp_str_sub(entry, 1, close);
    } else if (pp_str_find_byte(entry, ':') != colon) {
        return true; /* a bare IPv6 address */
    } else {
        *ret_host = pp_str_sub(entry, 0, colon);
    }
    *ret_port = pp_str_from(entry, colon + 1);
    return ret_host->n > 0;
}

static bool domain_matches(pp_str domain, pp_str host)
{
    bool itself = true;
    if (pp_str_has_prefix(domain, PP_STR("*."))) domain = pp_str_from(domain, 1);
    if (domain.p[0] == '.') {
        itself = false;
        domain = pp_str_from(domain, 1);
    }
    if (pp_str_eq(domain, host)) return itself;
    return pp_str_has_suffix(host, domain) && host.n > domain.n && host.p[host.n - domain.n - 1] == '.';
}

static bool entry_matches(pp_str entry, pp_str host, pp_str port)
{
    struct address wanted, net;
    unsigned bits;
    bool numeric = parse_address(host, &wanted);
    pp_str entry_host, entry_port;
    if (parse_network(entry, &net, &bits))
        return numeric && net.is_v4 == wanted.is_v4 && same_bits(net.bytes, wanted.bytes, bits);
    if (!split_entry(entry, &entry_host, &entry_port)) return false;
    if (entry_port.n && !pp_str_eq(entry_port, port)) return false;
    if (parse_address(entry_host, &net)) return numeric && !memcmp(net.bytes, wanted.bytes, 16);
    return domain_matches(entry_host, host);
}

static pp_str lower(struct pp_arena *a, pp_str s)
{
    char *to = pp_alloc(a, s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++)
        to[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 32) : s.p[i];
    return (pp_str){to, s.n};
}

bool pp_proxy_excludes(struct pp_arena *a, pp_str no_proxy, pp_str host, pp_str port)
{
    struct address address;
    if (pp_str_eq_c(host, "localhost") || (parse_address(host, &address) && is_loopback(&address))) return true;
    pp_str rest = lower(a, no_proxy), entry;
    while (pp_str_next(&rest, ',', &entry)) {
        entry = pp_str_trim(entry);
        if (pp_str_eq_c(entry, "*")) return true;
        if (entry.n && entry_matches(entry, host, port)) return true;
    }
    return false;
}

static pp_str env_any(const char *capitals, const char *small)
{
    pp_str value = pp_str_c(getenv(capitals));
    return value.n ? value : pp_str_c(getenv(small));
}

static const char *default_port(pp_str scheme)
{
    if (pp_str_eq_c(scheme, "https")) return "443";
    return pp_str_has_prefix(scheme, PP_STR("socks5")) ? "1080" : "80";
}

/* As curl wants it: with a port, and names resolved by the SOCKS server, as Go does. */
static pp_str proxy_url(struct pp_arena *a, pp_str text)
{
    struct pp_url u;
    bool ok = pp_url_parse(a, text, &u);
    if ((!ok || !u.scheme.n || !u.host.n) && !pp_url_parse(a, pp_arena_join(a, PP_STR("http://"), text), &u) && !ok)
        return PP_STR("");
    if (!u.host.n) return PP_STR("");
    if (!pp_url_port(&u).n) {
        if (pp_str_has_suffix(u.host, PP_STR(":"))) u.host.n--;
        u.host = pp_arena_fmt(a, "%.*s:%s", PP_FMT(u.host), default_port(u.scheme));
    }
    if (pp_str_eq_c(u.scheme, "socks5")) u.scheme = PP_STR("socks5h");
    u.path = u.query = u.fragment = (pp_str){0};
    u.force_query = false;
    return pp_url_text(a, &u);
}

enum pp_code pp_proxy_find(struct pp_arena *a, const struct pp_url *url, pp_str *ret_proxy, struct pp_err *err)
{
    *ret_proxy = PP_STR("");
    bool https = pp_str_has_prefix(url->scheme, PP_STR("https"));
    pp_str proxy = https ? env_any("HTTPS_PROXY", "https_proxy") : env_any("HTTP_PROXY", "http_proxy");
    if (!proxy.n || url->socket.n) return PP_OK;
    if (!https && pp_str_c(getenv("REQUEST_METHOD")).n)
        return pp_fail(err, PP_E_USAGE,
                       "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy");
    pp_str host = lower(a, pp_url_hostname(url)), port = pp_url_port(url);
    if (!port.n) port = https ? PP_STR("443") : PP_STR("80");
    if (!pp_proxy_excludes(a, env_any("NO_PROXY", "no_proxy"), host, port)) *ret_proxy = proxy_url(a, proxy);
    return PP_OK;
}
