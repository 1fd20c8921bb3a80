/* regex/classes.h - sets of runes: what \p{...} means in Go, and how to write a set for RE2. */
#ifndef PP_REGEX_CLASSES_H
#define PP_REGEX_CLASSES_H

#include "base/out.h"
#include "base/vec.h"

struct pp_rune_range {
    uint32_t from, to;
};

struct pp_rune_set { /* ascending, disjoint */
    struct pp_rune_range *p;
    size_t n, cap;
    bool exact_case; /* not to be folded, even where case is ignored */
};

/* The set named by \p{name}: category, script, their aliases, Any, ASCII, Assigned, by Go's loose comparison. With
 * fold_case the runes that fold to a member belong to it, too. false: Go knows no such name. */
bool pp_regex_named_set(struct pp_arena *a, pp_str name, bool fold_case, struct pp_rune_set *ret_set);

/* Its items for the inside of brackets, `\x{61}-\x{7a}...`, or those of its complement. */
void pp_regex_put_set(struct pp_out *o, const struct pp_rune_set *set, bool complement);

#endif
