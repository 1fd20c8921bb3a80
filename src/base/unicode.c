// SPDX-License-Identifier: Apache-2.0
#include "base/unicode.h"

#include <string.h>

static const uint32_t runs[] = {
#include "base/unicode_runs.inc"
};

#define RUNS (sizeof runs / sizeof *runs)

enum pp_unicode_category pp_unicode_category(uint32_t rune)
{
    if (rune > 0x10ffff) return PP_UNICODE_CN;
    size_t low = 0, high = RUNS; /* runs[low] begins at or before the rune, runs[high] after it */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (runs[middle] >> 8 <= rune)
            low = middle;
        else
            high = middle;
    }
    return (enum pp_unicode_category)(runs[low] & 0xff);
}

uint32_t pp_unicode_category_set(const char *name)
{
    static const char codes[PP_UNICODE_CATEGORIES][3] = {
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
        "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs",
    };
    size_t n = strlen(name);
    if (strcmp(name, "LC") == 0) return PP_UNICODE_RANGE(PP_UNICODE_LU, PP_UNICODE_LT);
    uint32_t set = 0;
    for (size_t i = 0; (n == 1 || n == 2) && i < PP_UNICODE_CATEGORIES; i++) {
        if (strncmp(name, codes[i], n) == 0) set |= 1u << i;
    }
    return set;
}

const uint32_t *pp_unicode_runs(size_t *ret_n)
{
    *ret_n = RUNS;
    return runs;
}
