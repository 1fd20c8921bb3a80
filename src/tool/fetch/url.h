/* tool/fetch/url.h - URLs as Go's net/url reads and writes them, and the rules of pprof tools for a source that is one.
 *
 * Only what a source can be: scheme, user, host, path, query, fragment. Texts are kept escaped, as they are printed.
 * A unix socket instead of a host, as `-http=unix:...` of the runtime names it, with the path behind it:
 *     unix:/run/app.sock/debug/pprof/heap?seconds=5     (the longest prefix that is a socket; also unix:///run/...)
 *     unix:@abstract/debug/pprof/heap                   http+unix://%2Frun%2Fapp.sock/debug/pprof/heap
 * May run: cold code.
 */
#ifndef PP_TOOL_FETCH_URL_H
#define PP_TOOL_FETCH_URL_H

#include "base/arena.h"

struct pp_url {
    pp_str scheme;         /* lower case; "" when none */
    pp_str opaque;         /* of "scheme:opaque"; then all below but the query are empty */
    pp_str user, password; /* escaped */
    bool has_user, has_password;
    pp_str host;    /* with port and brackets */
    bool omit_host; /* "scheme:/path" */
    pp_str path, query, fragment;
    bool force_query; /* ends in a bare '?' */
    pp_str socket;    /* scheme "unix": what is connected to, not escaped; '@' first: an abstract one. Else "" */
};

bool pp_url_parse(struct pp_arena *a, pp_str text, struct pp_url *ret_url); /* false: Go would refuse it */
pp_str pp_url_text(struct pp_arena *a, const struct pp_url *u);

pp_str pp_url_hostname(const struct pp_url *u); /* without port and brackets */
pp_str pp_url_port(const struct pp_url *u);     /* digits or "" */

/* Where `location`, as an answer for `base` names it, leads to. False: it is no URL. Never to a unix socket from elsewhere. */
bool pp_url_resolve(struct pp_arena *a, const struct pp_url *base, pp_str location, struct pp_url *ret_url);

/* The handler that names the addresses of a profile's source: PATH/../symbol for Go's and gperftools' paths, else symbolz. */
struct pp_url pp_url_symbolz(struct pp_arena *a, const struct pp_url *source);

/* A source that is no file: is it a URL ("http://" is put in front if need be)? Without a path it is /debug/pprof/profile
 * (as `go tool pprof` has it). seconds > 0 replaces the query's; without a timeout (<= 0) it is 1.5 times the seconds, or a
 * minute. The query is sorted by key. False: not a URL. */
bool pp_url_adjust(struct pp_arena *a, pp_str source, int64_t seconds, int64_t timeout_seconds, struct pp_url *ret_url,
                   int64_t *ret_timeout_ms);

#endif
