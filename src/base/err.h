/* base/err.h - errors: a small code for the caller's decision, a text for the person.
 *
 * The lowest level says what is wrong (pp_fail), each level above adds where (pp_within), main prints once:
 *     heap.pb.gz: sample 3: unknown location id 17
 * Text that google/pprof prints, too, is kept in its words.  Nothing here allocates.   May run: cold code.
 */
#ifndef PP_BASE_ERR_H
#define PP_BASE_ERR_H

#include "base/str.h"

#define PP_MUST_USE __attribute__((warn_unused_result))
#define PP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* After any code but PP_OK the outputs (ret_*) are untouched. */
enum pp_code {
    PP_OK = 0,
    PP_E_FORMAT,   /* foreign bytes (a profile, an ELF file, a request) break their format */
    PP_E_EMPTY,    /* the input has no bytes or no profile */
    PP_E_IO,       /* the system refused: open, read, write, connect */
    PP_E_NOTFOUND, /* what was named does not exist */
    PP_E_USAGE,    /* the caller's words (flags, options, query) are wrong */
    PP_E_LIMIT,    /* a maximum would be passed: size, depth, count */
    PP_E_NOMEM,    /* memory refused; the state is as before the call */
    PP_E_STATE,    /* not now: already running, not started, gone */
    PP_E_UNSUPPORTED,
};

#define PP_ERR_MAX 1024

struct pp_err {
    enum pp_code code;
    size_t n;
    char text[PP_ERR_MAX]; /* n bytes and a NUL; a longer text is cut with "..." */
};

/* Sets the text and gives the code back, so that `return pp_fail(...)` reads well. err may be NULL. */
enum pp_code pp_fail(struct pp_err *err, enum pp_code code, const char *fmt, ...) PP_PRINTF(3, 4);

/* Puts "where: " before the text; gives err's code back. */
enum pp_code pp_within(struct pp_err *err, const char *where_fmt, ...) PP_PRINTF(2, 3);

#endif
