// SPDX-License-Identifier: Apache-2.0
#include "tool/web/mhd.h"

#include <dlfcn.h>

static bool find(void *library, const char *name, void *ret_function)
{
    void *f = dlsym(library, name);
    if (!f) return false;
    *(void **)ret_function = f;
    return true;
}

static bool find_all(void *library, struct pp_mhd *m)
{
    return find(library, "MHD_start_daemon", &m->start_daemon) &&
           find(library, "MHD_create_response_from_buffer", &m->create_response_from_buffer) &&
           find(library, "MHD_add_response_header", &m->add_response_header) &&
           find(library, "MHD_queue_response", &m->queue_response) &&
           find(library, "MHD_destroy_response", &m->destroy_response) &&
           find(library, "MHD_lookup_connection_value", &m->lookup_connection_value) &&
           find(library, "MHD_get_connection_info", &m->get_connection_info);
}

enum pp_code pp_mhd_load(const struct pp_mhd **ret_mhd, struct pp_err *err)
{
    static struct pp_mhd mhd;
    static bool loaded;
    if (!loaded) {
        void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
        if (!library || !find_all(library, &mhd))
            return pp_fail(err, PP_E_UNSUPPORTED, "-http needs libmicrohttpd, which can't be loaded: %s", dlerror());
        loaded = true;
    }
    *ret_mhd = &mhd;
    return PP_OK;
}
