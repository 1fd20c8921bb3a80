// SPDX-License-Identifier: Apache-2.0
// fuzz: src/record/*.c src/profile/*.c src/profile/*/*.c src/unwind/*.c src/unwind/sigsafe/*.c src/elf/*.c src/wire/*.c src/regex/*.c src/regex/regex.cc src/base/*.c -- -ldeflate -lre2 -lstdc++ -lm
// Any bytes: an error or a valid profile, the same when they are read again, which survives encoding and decoding.
// Unwinding finds this program as the binary of every mapping, so recorded registers and stacks meet real unwind tables.

#include "elf/image.h"
#include "fuzz/encoded.h"
#include "fuzz/harness.h"
#include "profile/decode.h"
#include "record/record.h"

static bool open_object(void *ctx, pp_str file, pp_str build_id, pp_str *ret_bytes)
{
    static struct pp_image own;
    (void)ctx, (void)build_id;
    if (!file.n || file.p[0] != '/') return false;
    if (!own.bytes.n && pp_image_open("/lib/x86_64-linux-gnu/libm.so.6", &own, NULL)) return false;
    *ret_bytes = own.bytes;
    return true;
}

static bool kallsyms(void *ctx, pp_str build_id, pp_str *ret_text)
{
    (void)ctx, (void)build_id;
    *ret_text = PP_STR("ffffffff81000000 T _text\nffffffff81000100 t one\nffffffff81200000 T two\t[mod]\n");
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pp_record_options o = {.max_bytes = 1 << 24, .open_object = open_object, .kallsyms = kallsyms};
    struct pp_arena a, b;
    struct pp_err err;
    struct pp_profile *p, *again;
    pp_arena_init(&a, 0, no_memory);
    pp_arena_init(&b, 0, no_memory);
    pp_str bytes = {(const char *)data, size};
    enum pp_code c = pp_record_read(&a, bytes, &o, &p, &err);
    check(c == pp_record_read(&b, bytes, &o, &again, &err));
    if (c == PP_OK) {
        check(pp_profile_valid(p, &err));
        pp_str first = encoded(&a, p), second = encoded(&b, again);
        check(pp_str_eq(first, second));
        check(pp_profile_parse(&b, first, NULL, &again, &err) == PP_OK);
        check(again->n_samples == p->n_samples && again->n_locations == p->n_locations);
        check(pp_str_eq(first, encoded(&b, again)));
    }
    pp_arena_release(&a);
    pp_arena_release(&b);
    return 0;
}
