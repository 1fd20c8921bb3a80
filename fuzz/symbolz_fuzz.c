// SPDX-License-Identifier: Apache-2.0
// fuzz: src/tool/symbolz_answer.c src/tool/annotate.c src/profile/model.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/hash.c src/base/out.c src/base/pages.c src/base/str.c src/base/utf8.c src/base/unicode.c src/base/vec.c src/base/gonum.c src/base/gomath.c src/base/goquote.c -- -lm
/* Any bytes as a symbol server's answer. A location that has lines afterwards has one, of a function whose name is in the answer; memory
 * is bounded by the answer. */

#include "fuzz/harness.h"
#include "tool/symbolz.h"

#define N_LOCATIONS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pp_arena a;
    pp_arena_init(&a, (size_t)1 << 28, no_memory);
    struct pp_profile *p = pp_profile_new(&a);
    struct pp_mapping mapping = {.id = 1, .start = 0x400000, .limit = 0x500000};
    struct pp_location locations[N_LOCATIONS];
    for (uint32_t i = 0; i < N_LOCATIONS; i++)
        locations[i] = (struct pp_location){.id = i + 1, .address = 0x400000 + 16 * i, .mapping = i == 7 ? PP_NONE : 0};
    p->mappings = &mapping;
    p->n_mappings = 1;
    p->locations = locations;
    p->n_locations = N_LOCATIONS;
    pp_str answer = {(const char *)data, size};
    struct pp_err err = {0};
    enum pp_code c = pp_symbolz_apply(p, 0, size && data[0] & 1 ? 0x10 : 0, answer, &err);
    check(!c == !err.n);
    check(p->n_functions <= size);
    for (uint32_t i = 0; i < N_LOCATIONS; i++) {
        const struct pp_location *l = &locations[i];
        check(l->n_lines <= 1 && (!l->n_lines || !c));
        check(i != 7 || !l->n_lines);
        if (!l->n_lines) continue;
        const struct pp_line *line = &p->lines[l->first_line];
        check(line->function < p->n_functions);
        check(pp_str_contains(answer, pp_profile_str(p, p->functions[line->function].name)));
    }
    pp_arena_release(&a);
    return 0;
}
