// SPDX-License-Identifier: Apache-2.0
// fuzz: src/wire/gunzip.c src/wire/gzip.c src/wire/inflate.c src/base/*.c -- -ldeflate -lm
// A text that is accepted piece by piece is the one that the whole-buffer reader gives. The bytes are a deflate stream, put
// behind a header; checksum and size are made to fit what comes out, so that the search isn't stopped by them.
#include <libdeflate.h>
#include <string.h>

#include "fuzz/harness.h"
#include "wire/gunzip.h"
#include "wire/gzip.h"

#define TEXT_MAX ((size_t)4 << 20)

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    struct pp_arena a;
    struct pp_err err;
    pp_arena_init(&a, 0, NULL);
    uint8_t *in = pp_alloc(&a, size + 18, 1), *text = pp_alloc(&a, TEXT_MAX, 1), *buffers[2];
    memcpy(in, header, 10);
    if (size) memcpy(in + 10, data, size);
    struct libdeflate_decompressor *z = libdeflate_alloc_decompressor();
    size_t used, made = 0;
    bool is_sound = !libdeflate_deflate_decompress_ex(z, data, size, text, TEXT_MAX, &used, &made) && used == size;
    libdeflate_free_decompressor(z);
    put32(in + 10 + size, libdeflate_crc32(0, text, is_sound ? made : 0));
    put32(in + 14 + size, is_sound ? (uint32_t)made : 0);
    pp_str whole = {0}, bytes = {(const char *)in, size + 18};
    for (int i = 0; i < 2; i++)
        buffers[i] = pp_alloc(&a, PP_GUNZIP_ROOM, 1);
    struct pp_gunzip *g = pp_gunzip_new(&a, bytes);
    bool is_accepted = !pp_gzip_decompress(&a, bytes, TEXT_MAX, &whole, &err), ends = false;
    size_t all = 0, n = 1;
    for (unsigned i = 0; g && !ends && all < TEXT_MAX && pp_gunzip_next(g, buffers[i % 2], &n); i++) {
        ends = n == 0;
        if (is_accepted) check(all + n <= whole.n && !memcmp(whole.p + all, buffers[i % 2] + PP_GUNZIP_BACK, n));
        all += n;
    }
    if (ends) check(is_accepted && all == whole.n);
    pp_arena_release(&a);
    return 0;
}
