// SPDX-License-Identifier: Apache-2.0
#include "record/kallsyms.h"

#include <stdlib.h>
#include <string.h>

static bool is_text(pp_str type) { return type.n == 1 && memchr("TtWw", type.p[0], 4) != NULL; }

/* By address, then as they stand in the text. */
static int compare(const void *x, const void *y)
{
    const struct pp_kallsym *a = x, *b = y;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    return a->name.p < b->name.p ? -1 : a->name.p > b->name.p;
}

void pp_kallsyms_read(struct pp_arena *a, pp_str text, struct pp_kallsyms *ret_symbols)
{
    struct pp_kallsyms k = {0};
    pp_str line, number, rest, type, name, module;
    while (pp_str_next(&text, '\n', &line)) {
        uint64_t start;
        pp_str_cut(line, ' ', &number, &rest);
        pp_str_cut(rest, ' ', &type, &rest);
        pp_str_cut(rest, '\t', &name, &module);
        if (!is_text(type) || !name.n || !pp_str_to_u64(number, 16, &start) || !start) continue;
        *PP_PUSH(a, &k.symbols) = (struct pp_kallsym){start, name};
    }
    if (k.symbols.n) qsort(k.symbols.p, k.symbols.n, sizeof *k.symbols.p, compare);
    *ret_symbols = k;
}

const struct pp_kallsym *pp_kallsyms_find(const struct pp_kallsyms *k, uint64_t address)
{
    size_t lo = 0, hi = k->symbols.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (k->symbols.p[mid].start <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? &k->symbols.p[lo - 1] : NULL;
}

bool pp_kallsyms_is_at(const struct pp_kallsyms *k, pp_str name, uint64_t address)
{
    for (size_t i = k->symbols.n; i-- > 0;)
        if (pp_str_eq(k->symbols.p[i].name, name)) return k->symbols.p[i].start == address;
    return false;
}
