/* base/out.h - where text and bytes go: a buffer in front of a sink, or a growing buffer in an arena.
 *
 * With a sink, full buffers are handed to it; without one everything stays in memory (pp_out_bytes).
 * The first failure (sink or memory) sticks in `failed`; later writes do nothing; check once at the end.
 * Threads: one at a time.   May run: cold code (a sink-less one also where its arena may).
 */
#ifndef PP_BASE_OUT_H
#define PP_BASE_OUT_H

#include <stdarg.h>

#include "base/arena.h"

/* Takes all n bytes or fails; err says why. */
typedef enum pp_code (*pp_sink)(void *ctx, const char *p, size_t n, struct pp_err *err);

struct pp_out {
    char *p;
    size_t n, cap;
    size_t flushed_bytes; /* already given to the sink */
    pp_sink sink;
    void *ctx;
    struct pp_arena *arena; /* memory of p */
    bool failed;
    struct pp_err err; /* set when failed */
};

void pp_out_to_memory(struct pp_out *o, struct pp_arena *a);
void pp_out_to_sink(struct pp_out *o, struct pp_arena *a, pp_sink sink, void *ctx); /* buffers 64 KiB */

void pp_out_write(struct pp_out *o, const void *p, size_t n);
void pp_out_str(struct pp_out *o, pp_str s);
void pp_out_c(struct pp_out *o, const char *s);
void pp_out_char(struct pp_out *o, char c);
void pp_out_repeat(struct pp_out *o, char c, size_t n);
void pp_out_fmt(struct pp_out *o, const char *fmt, ...) PP_PRINTF(2, 3); /* as base/fmt.h: no floats */
void pp_out_vfmt(struct pp_out *o, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

pp_str pp_out_bytes(const struct pp_out *o); /* what is in memory now; borrowed, moves with the next write */
enum pp_code pp_out_flush(struct pp_out *o, struct pp_err *err); /* also reports an earlier failure */

#endif
