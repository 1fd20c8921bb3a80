// SPDX-License-Identifier: Apache-2.0
#include "wire/gzip.h"

#include <libdeflate.h>
#include <string.h>

#include "base/pages.h"
#include "wire/inflate.h"

#define RATIO_MAX 1032 /* deflate's best: 258 bytes from 2 bits */
#define HEADER 10
#define TRAILER 8
#define NAME_MAX_GO 512 /* Go: gzip.Reader.buf */

enum { FLAG_HEADER_CRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16 };

struct reader {
    struct pp_arena *a;
    const uint8_t *in;
    size_t n, at;
    struct pp_inflate_out out;
    struct libdeflate_decompressor *fast;
    struct pp_err *err;
};

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool pp_gzip_is(pp_str bytes) { return bytes.n >= 2 && (uint8_t)bytes.p[0] == 0x1f && (uint8_t)bytes.p[1] == 0x8b; }

static enum pp_code cut_off(struct reader *r) { return pp_fail(r->err, PP_E_FORMAT, "unexpected EOF"); }

static enum pp_code bad_header(struct reader *r) { return pp_fail(r->err, PP_E_FORMAT, "gzip: invalid header"); }

static enum pp_code skip_text(struct reader *r)
{
    for (size_t i = 0; i < NAME_MAX_GO; i++) {
        if (r->at == r->n) return cut_off(r);
        if (r->in[r->at++] == 0) return PP_OK;
    }
    return bad_header(r);
}

static enum pp_code skip_extra(struct reader *r)
{
    if (r->n - r->at < 2) return cut_off(r);
    size_t len = r->in[r->at] | (size_t)r->in[r->at + 1] << 8;
    r->at += 2;
    if (r->n - r->at < len) return cut_off(r);
    r->at += len;
    return PP_OK;
}

static enum pp_code read_header(struct reader *r)
{
    size_t start = r->at;
    enum pp_code c;
    if (r->n - r->at < HEADER) return cut_off(r);
    const uint8_t *h = r->in + r->at;
    if (h[0] != 0x1f || h[1] != 0x8b || h[2] != 8) return bad_header(r);
    r->at += HEADER;
    if ((h[3] & FLAG_EXTRA) && (c = skip_extra(r))) return c;
    if ((h[3] & FLAG_NAME) && (c = skip_text(r))) return c;
    if ((h[3] & FLAG_COMMENT) && (c = skip_text(r))) return c;
    if (h[3] & FLAG_HEADER_CRC) {
        uint32_t crc = libdeflate_crc32(0, h, r->at - start);
        if (r->n - r->at < 2) return cut_off(r);
        if ((r->in[r->at] | (uint32_t)r->in[r->at + 1] << 8) != (crc & 0xffff)) return bad_header(r);
        r->at += 2;
    }
    return PP_OK;
}

/* More room, at least twice; what is already complete moves along. PP_E_LIMIT when there can't be more. */
static enum pp_code grow(struct reader *r)
{
    struct pp_inflate_out *o = &r->out;
    if (o->cap == o->max_bytes) return pp_fail(r->err, PP_E_LIMIT, "more than %zu bytes", o->max_bytes);
    size_t cap = o->cap > o->max_bytes / 2 ? o->max_bytes : 2 * o->cap;
    uint8_t *p = pp_alloc(r->a, cap, 1);
    if (!p) return pp_fail(r->err, PP_E_NOMEM, "out of memory");
    if (o->n) memcpy(p, o->p, o->n);
    pp_pages_discard(o->p, o->cap);
    o->p = p;
    o->cap = cap;
    return PP_OK;
}

/* The deflate stream at r->at, put behind the complete members: *ret_used bytes of input, *ret_made of output. */
static enum pp_code inflate_fast(struct reader *r, size_t *ret_used, size_t *ret_made)
{
    struct pp_inflate_out *o = &r->out;
    for (;;) {
        enum libdeflate_result res = libdeflate_deflate_decompress_ex(r->fast, r->in + r->at, r->n - r->at, o->p + o->n,
                                                                      o->cap - o->n, ret_used, ret_made);
        if (res == LIBDEFLATE_SUCCESS) return PP_OK;
        if (res != LIBDEFLATE_INSUFFICIENT_SPACE) return PP_E_FORMAT;
        enum pp_code c = grow(r);
        if (c) return c;
    }
}

static enum pp_code inflate_slowly(struct reader *r, size_t *ret_used, size_t *ret_made)
{
    size_t before = r->out.n;
    enum pp_code c = pp_inflate(r->a, r->in + r->at, r->n - r->at, &r->out, ret_used, r->err);
    if (!c) *ret_made = r->out.n - before;
    r->out.n = before;
    return c;
}

static enum pp_code check_trailer(struct reader *r, size_t used, size_t made)
{
    size_t at = r->at + used;
    if (r->n - at < TRAILER) return cut_off(r);
    const uint8_t *t = r->in + at;
    if (le32(t) != libdeflate_crc32(0, r->out.p + r->out.n, made) || le32(t + 4) != (uint32_t)made)
        return pp_fail(r->err, PP_E_FORMAT, "gzip: invalid checksum");
    r->at = at + TRAILER;
    r->out.n += made;
    return PP_OK;
}

/* libdeflate accepts a few streams that Go refuses (and the other way round): whatever fails is done again as Go does it. */
static enum pp_code read_data(struct reader *r)
{
    size_t used = 0, made = 0;
    enum pp_code c = inflate_fast(r, &used, &made);
    if (!c) c = check_trailer(r, used, made);
    if (c != PP_E_FORMAT && c != PP_E_LIMIT) return c; /* behind a cut-off end it may see zeros without end */
    c = inflate_slowly(r, &used, &made);
    return c ? c : check_trailer(r, used, made);
}

size_t pp_gzip_size_hint(pp_str bytes)
{
    size_t limit = bytes.n > SIZE_MAX / RATIO_MAX ? SIZE_MAX / 4 : bytes.n * RATIO_MAX;
    size_t size = bytes.n < HEADER + TRAILER ? 64 : le32((const uint8_t *)bytes.p + bytes.n - 4);
    if (size < bytes.n) size = 4 * bytes.n; /* more members, or over 4 GB */
    return size < limit ? size : limit;
}

/* The size that the last member claims, within what is possible; pages that stay unused cost nothing. */
static enum pp_code first_room(struct reader *r, size_t max_bytes)
{
    size_t limit = 0, cap = pp_gzip_size_hint((pp_str){(const char *)r->in, r->n});
    if (__builtin_mul_overflow(r->n, (size_t)RATIO_MAX, &limit)) limit = SIZE_MAX / 4;
    if (max_bytes && max_bytes < limit) limit = max_bytes;
    if (cap > limit) cap = limit;
    r->out = (struct pp_inflate_out){.p = pp_alloc(r->a, cap, 1), .cap = cap, .max_bytes = limit};
    if (!r->out.p) return pp_fail(r->err, PP_E_NOMEM, "out of memory");
    return PP_OK;
}

static enum pp_code read_members(struct reader *r)
{
    do {
        enum pp_code c = read_header(r);
        if (c || (c = read_data(r))) return c;
    } while (r->at < r->n);
    return PP_OK;
}

enum pp_code pp_gzip_decompress(struct pp_arena *a, pp_str in, size_t max_bytes, pp_str *ret_bytes, struct pp_err *err)
{
    struct reader r = {.a = a, .in = (const uint8_t *)in.p, .n = in.n, .err = err};
    enum pp_code c = first_room(&r, max_bytes);
    if (c) return c;
    r.fast = libdeflate_alloc_decompressor();
    if (!r.fast) return pp_fail(err, PP_E_NOMEM, "out of memory");
    c = read_members(&r);
    libdeflate_free_decompressor(r.fast);
    if (!c) *ret_bytes = (pp_str){(const char *)r.out.p, r.out.n};
    return c;
}

enum pp_code pp_gzip_compress(struct pp_arena *a, pp_str in, int level, pp_str *ret_bytes, struct pp_err *err)
{
    struct libdeflate_compressor *z = libdeflate_alloc_compressor(level);
    if (!z) return pp_fail(err, PP_E_NOMEM, "out of memory");
    size_t room = libdeflate_gzip_compress_bound(z, in.n);
    char *p = pp_alloc(a, room, 1);
    size_t n = p ? libdeflate_gzip_compress(z, in.n ? in.p : "", in.n, p, room) : 0;
    libdeflate_free_compressor(z);
    if (!n) return pp_fail(err, PP_E_NOMEM, "out of memory");
    *ret_bytes = (pp_str){p, n};
    return PP_OK;
}

/* libdeflate frees without a size: it is kept in front. */
#define SIZE_ROOM 64

static void *pages_malloc(size_t size)
{
    size_t *p = size > SIZE_MAX - SIZE_ROOM ? NULL : pp_pages_map(size + SIZE_ROOM);
    if (!p) return NULL;
    *p = size + SIZE_ROOM;
    return (char *)p + SIZE_ROOM;
}

static void pages_free(void *p)
{
    if (!p) return;
    size_t *start = (size_t *)(void *)((char *)p - SIZE_ROOM);
    pp_pages_unmap(start, *start);
}

void pp_gzip_use_pages(void) { libdeflate_set_memory_allocator(pages_malloc, pages_free); }
