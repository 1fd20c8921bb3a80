// SPDX-License-Identifier: Apache-2.0
#include "profile/zstd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* Of zstd.h, whose interface is stable. */
struct in_buffer {
    const void *p;
    size_t n, at;
};
struct out_buffer {
    void *p;
    size_t n, at;
};
enum { WINDOW_LOG_MAX_PARAMETER = 100, WINDOW_LOG_MAX = 27 };

static struct {
    void *(*create)(void);
    size_t (*release)(void *dctx);
    size_t (*set_parameter)(void *dctx, int parameter, int value);
    size_t (*decompress)(void *dctx, struct out_buffer *out, struct in_buffer *in);
    unsigned (*is_error)(size_t code);
    const char *(*error_name)(size_t code);
    bool is_loaded;
} zstd;

static void load_zstd(void)
{
    const struct {
        void *to;
        const char *name;
    } functions[] = {{&zstd.create, "ZSTD_createDCtx"},
                     {&zstd.release, "ZSTD_freeDCtx"},
                     {&zstd.set_parameter, "ZSTD_DCtx_setParameter"},
                     {&zstd.decompress, "ZSTD_decompressStream"},
                     {&zstd.is_error, "ZSTD_isError"},
                     {&zstd.error_name, "ZSTD_getErrorName"}};
    void *lib = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!lib) return;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *f = dlsym(lib, functions[i].name);
        if (!f) return;
        memcpy(functions[i].to, &f, sizeof f);
    }
    zstd.is_loaded = true;
}

bool pp_zstd_is(pp_str bytes) { return pp_str_has_prefix(bytes, PP_STR("\x28\xb5\x2f\xfd")); }

enum pp_code pp_zstd_stream_init(struct pp_zstd_stream *z, size_t max_bytes, struct pp_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_zstd);
    if (!zstd.is_loaded) return pp_fail(err, PP_E_UNSUPPORTED, "zstd needs libzstd.so.1, which is not installed");
    void *dctx = zstd.create();
    if (!dctx) return pp_fail(err, PP_E_NOMEM, "zstd: out of memory");
    zstd.set_parameter(dctx, WINDOW_LOG_MAX_PARAMETER, WINDOW_LOG_MAX);
    *z = (struct pp_zstd_stream){.dctx = dctx, .max_bytes = max_bytes ? max_bytes : PP_ZSTD_MAX};
    return PP_OK;
}

void pp_zstd_stream_release(struct pp_zstd_stream *z)
{
    if (z->dctx) zstd.release(z->dctx);
    z->dctx = NULL;
}

enum pp_code pp_zstd_stream_next(struct pp_zstd_stream *z, struct pp_arena *a, pp_str prefix, pp_str piece,
                                 pp_str *ret_bytes, struct pp_err *err)
{
    size_t cap = prefix.n + 4 * piece.n + 4096, n = prefix.n;
    char *to = pp_alloc(a, cap, 16);
    if (prefix.n) memcpy(to, prefix.p, prefix.n);
    struct in_buffer in = {.p = piece.p, .n = piece.n};
    for (bool more = true; more;) {
        if (n == cap) {
            to = pp_arena_grow(a, to, cap, 2 * cap, 16);
            cap *= 2;
        }
        struct out_buffer out = {.p = to + n, .n = cap - n};
        size_t r = zstd.decompress(z->dctx, &out, &in);
        if (zstd.is_error(r)) return pp_fail(err, PP_E_FORMAT, "zstd: %s", zstd.error_name(r));
        z->is_complete = r == 0;
        n += out.at;
        z->n_bytes += out.at;
        if (z->n_bytes > z->max_bytes)
            return pp_fail(err, PP_E_LIMIT, "zstd: more than %zu bytes after decompression", z->max_bytes);
        more = in.at < in.n || out.at == out.n;
    }
    *ret_bytes = (pp_str){to, n};
    return PP_OK;
}

enum pp_code pp_zstd_decompress(struct pp_arena *a, pp_str bytes, size_t max_bytes, pp_str *ret_bytes,
                                struct pp_err *err)
{
    struct pp_zstd_stream z;
    enum pp_code c = pp_zstd_stream_init(&z, max_bytes, err);
    if (c) return c;
    pp_str out;
    c = pp_zstd_stream_next(&z, a, PP_STR(""), bytes, &out, err);
    if (!c && !z.is_complete) c = pp_fail(err, PP_E_FORMAT, "zstd: unexpected end of data");
    pp_zstd_stream_release(&z);
    if (!c) *ret_bytes = out;
    return c;
}
