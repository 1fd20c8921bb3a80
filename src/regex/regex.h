/* regex/regex.h - Go's regular expressions (package regexp), matched by RE2.
 *
 * A pattern is first read by Go's grammar: what Go refuses is refused here in Go's words, and what RE2 reads otherwise
 * is rewritten (named groups, \p tables of Go's Unicode version, ...). Bytes of a subject that are no UTF-8 match as
 * U+FFFD, one each, as in Go.
 * Threads: a compiled expression may be used by several at once.   May run: cold code (allocates by malloc).
 */
#ifndef PP_REGEX_REGEX_H
#define PP_REGEX_REGEX_H

#include "base/arena.h"

struct pp_regex;

/* RE2 can only throw when memory is refused, and nothing above catches. The tool gives a function once that does not return; it is
 * called wherever C++ code of the process gets no memory. */
void pp_regex_on_out_of_memory(void (*oom)(size_t wanted));

struct pp_span {
    size_t from, to; /* both PP_NOT_FOUND: the group took no part in the match */
};

/* The handle lives in the arena, RE2's memory until pp_regex_free. PP_E_USAGE with the text of Go's error:
 * "error parsing regexp: missing closing ): `(a`". */
enum pp_code pp_regex_compile(struct pp_arena *a, pp_str pattern, struct pp_regex **ret_regex,
                              struct pp_err *err) PP_MUST_USE;
void pp_regex_free(struct pp_regex *r); /* NULL is fine */

bool pp_regex_match(const struct pp_regex *r, pp_str subject); /* anywhere in it; Go: MatchString */

/* The leftmost match in subject[at:] (what lies before `at` is still seen by ^ and \b); Go: FindStringSubmatchIndex.
 * Fills n_groups spans: [0] is the whole match, [1] the first group; those beyond the last group are PP_NOT_FOUND.
 * For all matches: pp_regex_next. */
bool pp_regex_find(const struct pp_regex *r, pp_str subject, size_t at, struct pp_span *ret_groups, size_t n_groups);

/* The leftmost match of the whole subject, as offsets. */
bool pp_regex_find_span(const struct pp_regex *r, pp_str subject, size_t *ret_start, size_t *ret_end);

size_t pp_regex_groups(const struct pp_regex *r);  /* number of groups, without the whole match */
pp_str pp_regex_pattern(const struct pp_regex *r); /* as given; Go: String() */

/* Walks all matches as Go's FindAll does (empty matches next to a match are left out). Start with a zeroed walk. */
struct pp_regex_walk {
    size_t at;
    size_t last_end_plus1; /* 0: no match yet */
    bool done;
};
bool pp_regex_next(const struct pp_regex *r, pp_str subject, struct pp_regex_walk *w, struct pp_span *ret_groups,
                   size_t n_groups);

/* Every match replaced by `replacement`, in which $1, ${1} and $$ are expanded; Go: ReplaceAllString. */
pp_str pp_regex_replace_all(struct pp_arena *a, const struct pp_regex *r, pp_str subject, pp_str replacement);

#endif
