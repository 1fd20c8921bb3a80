// SPDX-License-Identifier: Apache-2.0
// fuzz: src/profile/*.c src/profile/*/*.c src/wire/*.c src/regex/*.c src/regex/regex.cc src/base/*.c -- -ldeflate -lre2 -lstdc++ -lm -ldl
// Any bytes as each of the older formats: an error or a valid profile that profile.proto holds; memory in proportion to the input.
// Seeds: the smaller files of test/corpus/cxx and test/corpus/upstream.

#include "fuzz/encoded.h"
#include "fuzz/harness.h"
#include "profile/legacy/legacy.h"

#define BYTES_PER_BYTE 1000
#define SPARE ((size_t)16 << 20)

static void try(pp_format_parse *parse, pp_str bytes)
{
    struct pp_arena a;
    struct pp_err err = {0};
    struct pp_profile *p, *q;
    pp_arena_init(&a, BYTES_PER_BYTE * bytes.n + SPARE, no_memory);
    switch (parse(&a, bytes, NULL, &p, &err)) {
    case PP_FORMAT_READ:
        pp_legacy_set_frames(p);
        check(pp_profile_valid(p, &err));
        check(pp_profile_parse(&a, encoded(&a, p), NULL, &q, &err) == PP_OK && p->n_samples == q->n_samples);
        pp_str second = encoded(&a, q); /* a label of 0 is dropped by the first trip */
        check(pp_profile_parse(&a, second, NULL, &q, &err) == PP_OK && pp_str_eq(second, encoded(&a, q)));
        break;
    case PP_FORMAT_NOT_MINE: break;
    default: check(err.n > 0);
    }
    pp_arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_format_parse *const parsers[] = {pp_legacy_cpu,    pp_legacy_heap,       pp_legacy_count,
                                        pp_legacy_thread, pp_legacy_contention, pp_legacy_java};
    if (size == 0 || size > 1 << 17) return 0;
    for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++)
        try(parsers[i], (pp_str){(const char *)data, size});
    return 0;
}
