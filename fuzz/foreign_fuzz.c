// SPDX-License-Identifier: Apache-2.0
// fuzz: src/profile/*.c src/profile/*/*.c src/wire/*.c src/regex/*.c src/regex/regex.cc src/base/*.c -- -ldeflate -lre2 -lstdc++ -lm
// The formats that google/pprof can't read: any bytes are "not mine", an error, or a valid profile that survives encoding. The sum of
// folded stacks is what adding up the last words gives; the goroutines are as many as there are headers at most.

#include "fuzz/harness.h"
#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/foreign/foreign.h"

static uint64_t sum_of(const struct pp_profile *p, uint32_t type)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < p->n_samples; i++)
        sum += (uint64_t)p->values[type][i];
    return sum;
}

static void check_folded(const struct pp_profile *p, pp_str text)
{
    uint64_t sum = 0, v;
    pp_str line;
    while (pp_str_next(&text, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        if (!line.n) continue;
        check(pp_str_to_u64(pp_str_from(line, pp_str_rfind_byte(line, ' ') + 1), 10, &v));
        sum += v;
    }
    check(sum == sum_of(p, p->n_types - 1));
}

static void check_goroutines(const struct pp_profile *p, pp_str text)
{
    uint64_t headers = 0;
    pp_str line;
    while (pp_str_next(&text, '\n', &line))
        headers += pp_str_has_prefix(line, PP_STR("goroutine "));
    check(p->n_types == 1 && sum_of(p, 0) <= headers);
}

static void check_round_trip(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_out o;
    struct pp_err err;
    struct pp_profile *again;
    check(pp_profile_valid(p, &err));
    pp_out_to_memory(&o, a);
    pp_profile_encode(a, p, &o);
    check(pp_profile_parse(a, pp_out_bytes(&o), NULL, &again, &err) == PP_OK);
    check(again->n_samples == p->n_samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_str text = {(const char *)data, size};
    pp_format_parse *const parsers[] = {pp_foreign_folded, pp_foreign_goroutines, pp_foreign_jemalloc};
    for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
        struct pp_arena a;
        struct pp_err err = {0};
        struct pp_profile *p = NULL;
        pp_arena_init(&a, 0, no_memory);
        enum pp_format_answer answer = parsers[i](&a, text, NULL, &p, &err);
        check((answer == PP_FORMAT_READ) == (p != NULL));
        check((answer == PP_FORMAT_BROKEN) == (err.n != 0));
        if (p) check_round_trip(&a, p);
        if (p && i == 0) check_folded(p, text);
        if (p && i == 1) check_goroutines(p, text);
        pp_arena_release(&a);
    }
    const struct pp_decode_options o = {.max_bytes = 1 << 22};
    struct pp_arena a;
    struct pp_err err;
    struct pp_profile *p;
    pp_arena_init(&a, 0, no_memory);
    if (pp_profile_parse(&a, text, &o, &p, &err) == PP_OK) check(pp_profile_valid(p, &err));
    pp_arena_release(&a);
    return 0;
}
