// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/curl.h"

#include <dlfcn.h>
#include <pthread.h>

static const char *const library_names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct pp_curl curl;
static bool loaded;
static struct pp_err load_err;

static bool find(void *library, const char *name, void *ret_function)
{
    void *f = dlsym(library, name);
    if (!f) return false;
    *(void **)ret_function = f;
    return true;
}

static bool find_all(void *library)
{
    return find(library, "curl_global_init", &curl.global_init) && find(library, "curl_easy_init", &curl.easy_init) &&
           find(library, "curl_easy_setopt", &curl.easy_setopt) &&
           find(library, "curl_easy_perform", &curl.easy_perform) &&
           find(library, "curl_easy_getinfo", &curl.easy_getinfo) &&
           find(library, "curl_easy_cleanup", &curl.easy_cleanup) &&
           find(library, "curl_easy_strerror", &curl.easy_strerror) &&
           find(library, "curl_slist_append", &curl.slist_append) &&
           find(library, "curl_slist_free_all", &curl.slist_free_all);
}

static void load(void)
{
    void *library = NULL;
    for (size_t i = 0; i < sizeof library_names / sizeof *library_names && !library; i++)
        library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library || !find_all(library)) {
        pp_fail(&load_err, PP_E_UNSUPPORTED, "URLs need libcurl, which can't be loaded: %s", dlerror());
        return;
    }
    loaded = curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!loaded) pp_fail(&load_err, PP_E_STATE, "libcurl can't be initialized");
}

enum pp_code pp_curl_load(const struct pp_curl **ret_curl, struct pp_err *err)
{
    pthread_once(&once, load);
    if (!loaded) {
        if (err) *err = load_err;
        return load_err.code;
    }
    *ret_curl = &curl;
    return PP_OK;
}
