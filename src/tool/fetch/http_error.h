/* tool/fetch/http_error.h - what Go's http.Client says when libcurl could not do an exchange.   May run: cold code. */
#ifndef PP_TOOL_FETCH_HTTP_ERROR_H
#define PP_TOOL_FETCH_HTTP_ERROR_H

#include <sys/socket.h>

#include "base/arena.h"
#include "tool/fetch/curl.h"
#include "tool/fetch/url.h"

struct pp_http_failure {
    CURLcode code;
    CURL *handle;
    const char *text; /* libcurl's own, or "" */
    const struct pp_url *url;
    bool by_proxy;
    struct sockaddr_storage peer; /* the first address tried; family 0: none */
};

/* What stands behind `Get "URL": `. */
pp_str pp_http_error_text(struct pp_arena *a, const struct pp_curl *curl, const struct pp_http_failure *f);

#endif
