// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

#include "base/fmt.h"

static void err_end(struct pp_err *err, size_t wanted)
{
    err->n = wanted < sizeof err->text ? wanted : sizeof err->text - 1;
    if (wanted > err->n) memcpy(err->text + err->n - 3, "...", 3);
    err->text[err->n] = 0;
}

enum pp_code pp_fail(struct pp_err *err, enum pp_code code, const char *fmt, ...)
{
    if (!err) return code;
    va_list ap;
    va_start(ap, fmt);
    size_t wanted = pp_vfmt(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    err->code = code;
    err_end(err, wanted);
    return code;
}

enum pp_code pp_within(struct pp_err *err, const char *where_fmt, ...)
{
    char old[PP_ERR_MAX];
    size_t old_n = err->n;
    memcpy(old, err->text, old_n);
    va_list ap;
    va_start(ap, where_fmt);
    size_t n = pp_vfmt(err->text, sizeof err->text, where_fmt, ap);
    va_end(ap);
    if (n > sizeof err->text - 1) n = sizeof err->text - 1;
    size_t wanted = n + pp_fmt(err->text + n, sizeof err->text - n, ": %.*s", (int)old_n, old);
    err_end(err, wanted);
    return err->code;
}
