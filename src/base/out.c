// SPDX-License-Identifier: Apache-2.0
#include "base/out.h"

#include <string.h>

#include "base/fmt.h"
#include "base/vec.h"

#define SINK_BUFFER ((size_t)64 << 10)

void pp_out_to_memory(struct pp_out *o, struct pp_arena *a)
{
    *o = (struct pp_out){.arena = a};
}

void pp_out_to_sink(struct pp_out *o, struct pp_arena *a, pp_sink sink, void *ctx)
{
    *o = (struct pp_out){.arena = a, .sink = sink, .ctx = ctx};
}

static void out_give(struct pp_out *o, const char *p, size_t n)
{
    if (o->failed || !n) return;
    if (o->sink(o->ctx, p, n, &o->err)) o->failed = true;
    else o->flushed_bytes += n;
}

static void out_drain(struct pp_out *o)
{
    out_give(o, o->p, o->n);
    o->n = 0;
}

static bool out_reserve(struct pp_out *o, size_t n)
{
    if (n <= o->cap) return true;
    if (pp_vec_reserve(o->arena, (void **)&o->p, &o->cap, n, 1, 1)) return true;
    o->failed = true;
    pp_fail(&o->err, PP_E_NOMEM, "out of memory for %zu bytes of output", n);
    return false;
}

void pp_out_write(struct pp_out *o, const void *p, size_t n)
{
    if (o->failed || n == 0) return;
    if (o->sink) {
        if (!out_reserve(o, SINK_BUFFER)) return;
        if (o->n + n > SINK_BUFFER) out_drain(o);
        if (n > SINK_BUFFER) {
            out_give(o, p, n);
            return;
        }
    } else if (!out_reserve(o, o->n + n)) {
        return;
    }
    memcpy(o->p + o->n, p, n);
    o->n += n;
}

void pp_out_str(struct pp_out *o, pp_str s)
{
    pp_out_write(o, s.p, s.n);
}

void pp_out_c(struct pp_out *o, const char *s)
{
    pp_out_write(o, s, strlen(s));
}

void pp_out_char(struct pp_out *o, char c)
{
    pp_out_write(o, &c, 1);
}

void pp_out_repeat(struct pp_out *o, char c, size_t n)
{
    char run[64];
    memset(run, c, sizeof run);
    for (; n > sizeof run; n -= sizeof run) pp_out_write(o, run, sizeof run);
    pp_out_write(o, run, n);
}

static void out_emit(void *ctx, const char *p, size_t n)
{
    pp_out_write(ctx, p, n);
}

void pp_out_vfmt(struct pp_out *o, const char *fmt, va_list ap)
{
    pp_vfmt_to(out_emit, o, fmt, ap);
}

void pp_out_fmt(struct pp_out *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    pp_out_vfmt(o, fmt, ap);
    va_end(ap);
}

pp_str pp_out_bytes(const struct pp_out *o)
{
    return (pp_str){o->p ? o->p : "", o->n};
}

enum pp_code pp_out_flush(struct pp_out *o, struct pp_err *err)
{
    if (o->sink && !o->failed) out_drain(o);
    if (!o->failed) return PP_OK;
    return pp_fail(err, o->err.code, "%.*s", (int)o->err.n, o->err.text);
}
