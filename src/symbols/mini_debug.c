// SPDX-License-Identifier: Apache-2.0
#include "symbols/mini_debug.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

/* lzma_stream_buffer_decode of liblzma 5. */
typedef int (*decode_fn)(uint64_t *memory_max, uint32_t flags, const void *allocator, const uint8_t *in, size_t *in_at,
                         size_t in_n, uint8_t *out, size_t *out_at, size_t out_n);
enum { LZMA_OK = 0, LZMA_BUF_ERROR = 10 };

static enum pp_code find_decoder(decode_fn *ret_decode, struct pp_err *err)
{
    static decode_fn decode;
    void *lib = decode ? NULL : dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!decode && lib) *(void **)&decode = dlsym(lib, "lzma_stream_buffer_decode");
    if (!decode) return pp_fail(err, PP_E_UNSUPPORTED, ".gnu_debugdata needs liblzma.so.5, which is not installed");
    *ret_decode = decode;
    return PP_OK;
}

/* The unpacked size is not known before: try with more and more room. */
static enum pp_code unpack(struct pp_arena *a, pp_str packed, pp_str *ret_bytes, struct pp_err *err)
{
    decode_fn decode = NULL;
    enum pp_code c = find_decoder(&decode, err);
    if (c) return c;
    for (size_t room = 8 * packed.n + 4096; room <= PP_MINI_DEBUG_MAX; room *= 2) {
        uint64_t memory_max = PP_MINI_DEBUG_MAX;
        size_t in_at = 0, n = 0;
        uint8_t *out = pp_alloc(a, room, 16);
        int r = decode(&memory_max, 0, NULL, (const uint8_t *)packed.p, &in_at, packed.n, out, &n, room);
        if (r == LZMA_BUF_ERROR && in_at < packed.n) continue;
        if (r != LZMA_OK) return pp_fail(err, PP_E_FORMAT, ".gnu_debugdata: broken xz data (%d)", r);
        *ret_bytes = (pp_str){(char *)out, n};
        return PP_OK;
    }
    return pp_fail(err, PP_E_LIMIT, ".gnu_debugdata: more than %zu bytes unpacked", PP_MINI_DEBUG_MAX);
}

static int as_file(pp_str bytes)
{
    int fd = memfd_create("debugdata", MFD_CLOEXEC);
    for (ssize_t n; fd >= 0 && bytes.n; bytes = pp_str_from(bytes, (size_t)n)) {
        if ((n = write(fd, bytes.p, bytes.n)) > 0) continue;
        close(fd);
        return -1;
    }
    return fd;
}

enum pp_code pp_mini_debug_open(const struct pp_object *o, struct pp_object *ret_mini, struct pp_err *err)
{
    pp_str packed, bytes = {0};
    enum pp_code c = pp_object_bytes(o, pp_object_section(o, ".gnu_debugdata"), &packed, err);
    if (c) return c;
    if (!packed.n) return pp_fail(err, PP_E_NOTFOUND, "no .gnu_debugdata");
    struct pp_arena scratch;
    pp_arena_init(&scratch, o->arena->max_bytes, o->arena->oom);
    c = unpack(&scratch, packed, &bytes, err);
    int fd = c ? -1 : as_file(bytes);
    pp_arena_release(&scratch);
    if (c) return c;
    if (fd < 0) return pp_fail(err, PP_E_IO, ".gnu_debugdata: no room for the unpacked file");
    pp_str path = pp_arena_join(o->arena, o->path, PP_STR(" .gnu_debugdata"));
    return pp_object_open_fd(o->arena, fd, path, ret_mini, err);
}
