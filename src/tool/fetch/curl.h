/* tool/fetch/curl.h - libcurl, loaded on first use: linking it would cost every start of the tool 2 ms.
 *
 * Only the functions that http.c calls, by the names of curl/curl.h without "curl_".   Threads: any, once loaded.
 */
#ifndef PP_TOOL_FETCH_CURL_H
#define PP_TOOL_FETCH_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/err.h"

#ifdef curl_easy_setopt
#undef curl_easy_setopt
#undef curl_easy_getinfo
#endif

struct pp_curl {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_easy_perform) easy_perform;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
};

/* Loads it the first time; the same answer afterwards. */
enum pp_code pp_curl_load(const struct pp_curl **ret_curl, struct pp_err *err) PP_MUST_USE;

#endif
