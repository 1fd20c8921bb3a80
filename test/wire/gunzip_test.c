// SPDX-License-Identifier: Apache-2.0
#include "wire/gunzip.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLAIN_MAX ((size_t)3 << 20)

static struct pp_arena arena;
static uint8_t *buffers[2], *plain, *inflated;
static char *packed;

static int start(void **state)
{
    (void)state;
    pp_arena_init(&arena, 0, NULL);
    plain = PP_NEW_N(&arena, uint8_t, PLAIN_MAX);
    inflated = PP_NEW_N(&arena, uint8_t, 2 * PLAIN_MAX);
    packed = PP_NEW_N(&arena, char, 2 * PLAIN_MAX);
    for (int i = 0; i < 2; i++)
        buffers[i] = PP_NEW_N(&arena, uint8_t, PP_GUNZIP_ROOM);
    srand(5);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pp_arena_release(&arena);
    return 0;
}

static pp_str pack(size_t n, int level)
{
    struct libdeflate_compressor *z = libdeflate_alloc_compressor(level);
    size_t n_packed = libdeflate_gzip_compress(z, plain, n, packed, 2 * PLAIN_MAX);
    libdeflate_free_compressor(z);
    assert_true(n_packed > 0);
    return (pp_str){packed, n_packed};
}

/* The size of the text; SIZE_MAX: refused. */
static size_t inflate(pp_str in)
{
    size_t all = 0, n;
    struct pp_gunzip *g = pp_gunzip_new(&arena, in);
    for (unsigned i = 0; g; i++) {
        uint8_t *b = buffers[i % 2];
        if (!pp_gunzip_next(g, b, &n) || n > PP_GUNZIP_PIECE + PP_GUNZIP_OVER) return SIZE_MAX;
        if (n == 0) return all;
        size_t back = all < PP_GUNZIP_BACK ? all : PP_GUNZIP_BACK;
        assert_memory_equal(b + PP_GUNZIP_BACK - back, inflated + all - back, back);
        assert_true(all + n <= 2 * PLAIN_MAX);
        memcpy(inflated + all, b + PP_GUNZIP_BACK, n);
        all += n;
    }
    return SIZE_MAX;
}

/* Texts of all sorts: what repeats near and far, runs of one byte, noise. */
static void fill(int kind)
{
    for (size_t i = 0; i < PLAIN_MAX; i++) {
        unsigned r = (unsigned)rand();
        switch (kind) {
        case 0: plain[i] = (uint8_t)r; break;
        case 1: plain[i] = 'x'; break;
        case 2: plain[i] = i > 20 && r % 8 ? plain[i - 1 - r / 8 % 20] : (uint8_t)r; break;
        case 3: plain[i] = i > 40000 && r % 64 ? plain[i - 32768] : (uint8_t)("etaoin\n"[r % 7]); break;
        case 4: plain[i] = (uint8_t)__builtin_ctz(r | 1 << 20); break; /* codes of up to 15 bits */
        default: plain[i] = i > 300 && i % 300 ? plain[i - 7] : (uint8_t)r; break;
        }
    }
}

static void equals_at_all_levels(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 300, 70000, PP_GUNZIP_PIECE, PP_GUNZIP_PIECE + 1, PLAIN_MAX};
    for (int kind = 0; kind < 6; kind++) {
        fill(kind);
        for (int level = 0; level <= 12; level += 3)
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                if (inflate(pack(sizes[i], level)) != sizes[i])
                    fail_msg("kind %d level %d size %zu", kind, level, sizes[i]);
                assert_memory_equal(inflated, plain, sizes[i]);
            }
    }
}

static void notices_broken_bytes(void **state)
{
    (void)state;
    fill(2);
    pp_str in = pack(5000, 6);
    size_t n_harmless = 0; /* the time; bits that fill up the last byte; another distance to the same bytes */
    for (size_t i = 0; i < in.n; i++) {
        packed[i] ^= (char)(1 << i % 8);
        size_t n = inflate(in);
        packed[i] ^= (char)(1 << i % 8);
        if (n == SIZE_MAX) continue;
        n_harmless++;
        assert_int_equal(n, 5000);
        assert_memory_equal(inflated, plain, n);
    }
    assert_in_range(n_harmless, 6, 20);
}

static void refuses_every_cut(void **state)
{
    (void)state;
    fill(4);
    pp_str in = pack(5000, 9);
    for (size_t n = 0; n < in.n; n++)
        assert_true(inflate((pp_str){packed, n}) == SIZE_MAX);
    packed[in.n] = 0;
    assert_true(inflate((pp_str){packed, in.n + 1}) == SIZE_MAX); /* something behind it */
}

/* Whatever the bytes: an end, nothing written outside. */
static void survives_noise(void **state)
{
    (void)state;
    fill(2);
    pp_str in = pack(100000, 6);
    for (int round = 0; round < 2000; round++) {
        size_t at = 10 + (size_t)rand() % (in.n - 10);
        char was = packed[at];
        packed[at] = (char)rand();
        (void)inflate(in);
        if (round % 8) packed[at] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equals_at_all_levels, start, stop),
        cmocka_unit_test_setup_teardown(notices_broken_bytes, start, stop),
        cmocka_unit_test_setup_teardown(refuses_every_cut, start, stop),
        cmocka_unit_test_setup_teardown(survives_noise, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
