/* base/fmt.h - printf into a given buffer, without libc: no locale, no TLS, no allocation.
 *
 * Knows %d %i %u %x %X %o %c %s %p %% with the flags - 0 + space #, width and precision (also *), and the lengths
 * hh h l ll z t j.  Unlike printf's, "%.*s" takes exactly that many bytes, NULs included: it prints slices (PP_FMT).
 * No floating point (Go's float texts: base/gonum.h).  Anything else prints the directive itself.
 * May run: everywhere, signal handlers included.
 */
#ifndef PP_BASE_FMT_H
#define PP_BASE_FMT_H

#include <stdarg.h>
#include <stddef.h>

/* Returns the length that the whole text has; writes at most cap-1 bytes of it and a NUL (nothing if cap is 0). */
size_t pp_fmt(char *buf, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t pp_vfmt(char *buf, size_t cap, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

/* The same, handed piecewise to emit(ctx, bytes, n). Returns the length. */
size_t pp_vfmt_to(void (*emit)(void *ctx, const char *p, size_t n), void *ctx, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

#endif
