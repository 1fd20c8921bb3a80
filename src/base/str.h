/* base/str.h - text as a slice: pointer and length, never owned, never NUL-terminated by promise.
 *
 * A pp_str borrows its bytes; whoever made the bytes (an arena, an input file, a literal) says how long they live.
 * Invariant: n == 0, or p points to n readable bytes.   May run: everywhere.
 */
#ifndef PP_BASE_STR_H
#define PP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *p;
    size_t n;
} pp_str;

#define PP_STR(lit) ((pp_str){"" lit, sizeof(lit) - 1})
#define PP_FMT(s) (int)(s).n, (s).p /* for "%.*s" */

#define PP_NOT_FOUND ((size_t)-1)

pp_str pp_str_c(const char *c); /* of a C string; NULL gives the empty slice */
bool pp_str_eq(pp_str a, pp_str b);
bool pp_str_eq_c(pp_str a, const char *b);
bool pp_str_eq_nocase(pp_str a, pp_str b); /* ASCII only */
int pp_str_cmp(pp_str a, pp_str b);        /* bytes, as strcmp and Go's < */
bool pp_str_has_prefix(pp_str s, pp_str prefix);
bool pp_str_has_suffix(pp_str s, pp_str suffix);
size_t pp_str_find(pp_str s, pp_str sub); /* offset of the first occurrence or PP_NOT_FOUND */
size_t pp_str_find_byte(pp_str s, char c);
size_t pp_str_rfind_byte(pp_str s, char c);
bool pp_str_contains(pp_str s, pp_str sub);
pp_str pp_str_from(pp_str s, size_t from);          /* s[from:], clamped */
pp_str pp_str_sub(pp_str s, size_t from, size_t to); /* s[from:to], clamped */
pp_str pp_str_trim(pp_str s);                        /* ASCII white space on both sides */
pp_str pp_str_base(pp_str path);                     /* after the last '/'; as Go's filepath.Base for clean paths */

/* Splits at the first `sep`: before and after; false (before = s, after empty) when there is none. */
bool pp_str_cut(pp_str s, char sep, pp_str *ret_before, pp_str *ret_after);

/* Takes the next field off *rest up to `sep` or the end; false when *rest is spent. "a,,b" gives a, "", b. */
bool pp_str_next(pp_str *rest, char sep, pp_str *ret_field);

/* Digits of base 10 or 16, the whole slice; false on anything else or overflow. ret untouched then. */
bool pp_str_to_u64(pp_str s, unsigned base, uint64_t *ret_value);

#endif
