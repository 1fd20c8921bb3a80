// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/libedit.h"

#include <dlfcn.h>

static const char *const library_names[] = {"libedit.so.2", "libedit.so.0", "libedit.so"};

static bool find(void *library, const char *name, void *ret_function)
{
    void *f = dlsym(library, name);
    if (!f) return false;
    *(void **)ret_function = f;
    return true;
}

static bool find_all(void *library, struct pp_libedit *lib)
{
    return find(library, "el_init", &lib->init) && find(library, "el_end", &lib->end) &&
           find(library, "el_gets", &lib->gets) && find(library, "el_set", &lib->set) &&
           find(library, "el_get", &lib->get) && find(library, "el_source", &lib->source) &&
           find(library, "el_line", &lib->line) && find(library, "el_insertstr", &lib->insertstr) &&
           find(library, "el_deletestr", &lib->deletestr) && find(library, "history_init", &lib->history_init) &&
           find(library, "history_end", &lib->history_end) && find(library, "history", &lib->history);
}

bool pp_libedit_load(struct pp_libedit *ret_lib)
{
    void *library = NULL;
    for (size_t i = 0; i < sizeof library_names / sizeof *library_names && !library; i++)
        library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
    return library && find_all(library, ret_lib);
}
