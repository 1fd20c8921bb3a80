// SPDX-License-Identifier: Apache-2.0
// fuzz: src/symbols/demangle*.c src/base/str.c src/base/arena.c src/base/vec.c src/base/fmt.c src/base/pages.c src/base/err.c
#include <stdlib.h>

#include "symbols/demangle.h"

/* Any bytes as a linker name. A mode that reads more of the name must not succeed where one that reads less fails: the
 * default mode reads what "templates" reads and prints less; "full" reads parameters in addition (for _GLOBAL_ names all
 * modes read them, and the others also want the end of the text to be understood). */

static void out_of_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

static void check(bool ok)
{
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pp_arena a = {.oom = out_of_memory};
    pp_str name = {(const char *)data, size}, text, again;
    bool ok[4] = {false};
    for (enum pp_demangle_mode mode = PP_DEMANGLE_DEFAULT; mode <= PP_DEMANGLE_FULL; mode++) {
        ok[mode] = pp_demangle(&a, name, mode, &text);
        if (ok[mode]) check(pp_demangle(&a, name, mode, &again) && pp_str_eq(text, again) && text.n <= (size_t)1 << 20);
        pp_str shown = pp_demangle_function(&a, name, mode);
        check(!ok[mode] || pp_str_eq(shown, text));
    }
    check(!ok[PP_DEMANGLE_TEMPLATES] || ok[PP_DEMANGLE_DEFAULT]);
    check(!ok[PP_DEMANGLE_FULL] || ok[PP_DEMANGLE_DEFAULT] || pp_str_has_prefix(name, PP_STR("_GLOBAL_")));
    pp_arena_reset(&a);
    return 0;
}
