// SPDX-License-Identifier: Apache-2.0
// fuzz: src/symbols/disasm.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/pages.c src/base/str.c src/base/vec.c
// The bytes are what objdump printed, and what nm printed: text is borrowed from them, groups are in order.
#include <stdlib.h>

#include "fuzz/harness.h"
#include "symbols/disasm.h"

static void check_inside(pp_str text, pp_str all)
{
    if (text.n && (text.p < all.p || text.p + text.n > all.p + all.n)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_str all = {(const char *)data, size};
    struct pp_arena a;
    pp_insts insts;
    pp_arena_init(&a, 0, no_memory);
    pp_disasm_parse(&a, all, &insts);
    for (size_t i = 0; i < insts.n; i++) {
        check_inside(insts.p[i].text, all);
        check_inside(insts.p[i].function, all);
        check_inside(insts.p[i].file, all);
    }
    struct pp_nm_reader r = {.rest = all};
    struct pp_nm_group g;
    size_t n_names = 0;
    while (pp_nm_next(&a, &r, &g)) {
        for (size_t i = 0; i < g.n_names; i++)
            check_inside(g.names[i], all);
        n_names += g.n_names;
    }
    if (n_names > size) abort();
    pp_arena_release(&a);
    return 0;
}
