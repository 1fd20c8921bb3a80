/* tool/fetch/proxy.h - which proxy a request goes through: Go's ProxyFromEnvironment.
 *
 *     HTTP_PROXY, http_proxy     for http:     "proxy:3128", "http://user:pw@proxy:3128", "socks5://proxy"
 *     HTTPS_PROXY, https_proxy   for https:
 *     NO_PROXY, no_proxy         never for these: "*", "10.0.0.0/8", "[::1]:80", "example.com:443" (and its subdomains),
 *                                ".example.com" (its subdomains only); separated by ','
 * Never for localhost and loopback addresses.   May run: cold code; not while another thread changes the environment.
 */
#ifndef PP_TOOL_FETCH_PROXY_H
#define PP_TOOL_FETCH_PROXY_H

#include "base/err.h"
#include "tool/fetch/url.h"

/* *ret_proxy: the proxy's URL, with its port; "" for none. PP_E_USAGE: http_proxy may not be used by CGI programs. */
enum pp_code pp_proxy_find(struct pp_arena *a, const struct pp_url *url, pp_str *ret_proxy,
                           struct pp_err *err) PP_MUST_USE;

/* Does the list keep host:port from being proxied? `host` without brackets, in lower case. */
bool pp_proxy_excludes(struct pp_arena *a, pp_str no_proxy, pp_str host, pp_str port);

#endif
