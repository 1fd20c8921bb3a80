// SPDX-License-Identifier: Apache-2.0
// fuzz: src/regex/*.c src/regex/regex.cc src/base/arena.c src/base/err.c src/base/fmt.c src/base/out.c src/base/pages.c src/base/str.c src/base/unicode.c src/base/utf8.c src/base/vec.c -- -lre2 -lstdc++
// Bytes up to the first newline are a pattern, the rest is a subject: every span lies in the subject, walks end.

#include "fuzz/harness.h"
#include "regex/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_str pattern, subject;
    if (size > 4096) return 0;
    pp_str_cut((pp_str){(const char *)data, size}, '\n', &pattern, &subject);
    struct pp_arena a;
    struct pp_err err;
    struct pp_regex *r;
    pp_arena_init(&a, 0, no_memory);
    if (pp_regex_compile(&a, pattern, &r, &err) == PP_OK) {
        struct pp_regex_walk walk = {0};
        struct pp_span spans[4];
        size_t last = 0, n = 0;
        while (pp_regex_next(r, subject, &walk, spans, 4)) {
            for (int i = 0; i < 4; i++) {
                if (spans[i].from == PP_NOT_FOUND) continue;
                check(spans[i].from <= spans[i].to && spans[i].to <= subject.n);
            }
            check(spans[0].from >= last && ++n <= subject.n + 1);
            last = spans[0].to;
        }
        check(pp_regex_match(r, subject) == (n > 0));
        pp_regex_free(r);
    }
    pp_arena_release(&a);
    return 0;
}
