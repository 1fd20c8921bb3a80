/* profile/tag_filter.h - one -tagfocus or -tagignore expression: which samples have such labels.
 *
 *     [key=]RANGE     number labels: "32kb" equal, "32kb:" at least, ":32kb" at most, "1kb:2mb" between (both included)
 *     key=RE,RE       a string label of that key matches one of them
 *     RE,RE           each of them matches some "key:value" of the sample
 */
#ifndef PP_PROFILE_TAG_FILTER_H
#define PP_PROFILE_TAG_FILTER_H

#include "profile/labels.h"

struct pp_tag_filter;

/* option: "tagfocus", for the texts. *ret_filter is NULL for an empty expression. Lives in `a` and needs p and units as they are
 * now; release it with pp_tag_filter_free. Says "tagfocus:Interpreted 'V' as range, not regexp". */
PP_MUST_USE enum pp_code pp_tag_filter_new(struct pp_arena *a, const struct pp_profile *p,
                                           const struct pp_label_units *units, const char *option, pp_str expression,
                                           pp_say say, void *ctx, struct pp_tag_filter **ret_filter,
                                           struct pp_err *err);
void pp_tag_filter_free(struct pp_tag_filter *f);

/* Whether labels l[0..n) (of one sample) pass. */
bool pp_tag_filter_match(struct pp_tag_filter *f, const struct pp_label *l, size_t n);

#endif
