/* tool/fetch/bytes.h - the bytes of one source: whole pages of our own that grow as data arrives, up to a limit.
 *
 * Files are copied, not mapped: a file that shrinks while we read it must not kill us.   May run: cold code.
 */
#ifndef PP_TOOL_FETCH_BYTES_H
#define PP_TOOL_FETCH_BYTES_H

#include "base/err.h"

struct pp_bytes {
    char *p;
    size_t n, cap;
    size_t max; /* PP_E_LIMIT beyond it */
};

enum pp_code pp_bytes_reserve(struct pp_bytes *b, size_t more, struct pp_err *err) PP_MUST_USE; /* room behind n */
enum pp_code pp_bytes_add(struct pp_bytes *b, const void *p, size_t n, struct pp_err *err) PP_MUST_USE;
/* Of a descriptor, up to its end; path is for messages. It stays open. */
enum pp_code pp_bytes_read_fd(struct pp_bytes *b, int fd, const char *path, struct pp_err *err) PP_MUST_USE;
enum pp_code pp_bytes_read_file(struct pp_bytes *b, const char *path, struct pp_err *err) PP_MUST_USE;
void pp_bytes_release(struct pp_bytes *b);

#endif
