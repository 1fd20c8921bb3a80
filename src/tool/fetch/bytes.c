// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pages.h"
#include "tool/ui.h"

#define FIRST_BYTES ((size_t)64 << 10)

enum pp_code pp_bytes_reserve(struct pp_bytes *b, size_t more, struct pp_err *err)
{
    if (more <= b->cap - b->n) return PP_OK;
    if (more > b->max || b->n > b->max - more)
        return pp_fail(err, PP_E_LIMIT, "profile is larger than -max_size=%zu bytes", b->max);
    size_t cap = b->cap ? b->cap * 2 : FIRST_BYTES;
    if (cap < b->n + more) cap = b->n + more;
    cap = (cap + PP_PAGE - 1) / PP_PAGE * PP_PAGE;
    char *p = b->p ? pp_pages_grow(b->p, b->cap, cap) : pp_pages_map(cap);
    if (!p) return pp_fail(err, PP_E_NOMEM, "out of memory for %zu bytes", cap);
    b->p = p;
    b->cap = cap;
    return PP_OK;
}

enum pp_code pp_bytes_add(struct pp_bytes *b, const void *p, size_t n, struct pp_err *err)
{
    enum pp_code c = pp_bytes_reserve(b, n, err);
    if (c) return c;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    return PP_OK;
}

enum pp_code pp_bytes_read_fd(struct pp_bytes *b, int fd, const char *path, struct pp_err *err)
{
    struct stat st;
    enum pp_code c;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        (c = pp_bytes_reserve(b, (size_t)st.st_size, err)))
        return c;
    for (;;) {
        if (b->n == b->cap) { /* probably the end: don't grow for it */
            char one;
            ssize_t n = read(fd, &one, 1);
            if (n == 0) return PP_OK;
            if (n > 0 && (c = pp_bytes_add(b, &one, 1, err))) return c;
            if (n > 0 || errno == EINTR) continue;
            return pp_fail(err, PP_E_IO, "read %s: %s", path, pp_errno_text(errno));
        }
        ssize_t n = read(fd, b->p + b->n, b->cap - b->n);
        if (n == 0) return PP_OK;
        if (n < 0 && errno != EINTR) return pp_fail(err, PP_E_IO, "read %s: %s", path, pp_errno_text(errno));
        if (n > 0) b->n += (size_t)n;
    }
}

enum pp_code pp_bytes_read_file(struct pp_bytes *b, const char *path, struct pp_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return pp_fail(err, PP_E_IO, "open %s: %s", path, pp_errno_text(errno));
    enum pp_code c = pp_bytes_read_fd(b, fd, path, err);
    close(fd);
    return c;
}

void pp_bytes_release(struct pp_bytes *b)
{
    pp_pages_unmap(b->p, b->cap);
    *b = (struct pp_bytes){.max = b->max};
}
