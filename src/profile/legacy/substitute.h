/* profile/legacy/substitute.h - $name in text, as Go's strings.Replacer does it.
 *
 * At each place the name that was given first wins, also over a longer one; what was put in is not looked at again.
 * Limit: all texts made and all steps of comparison together are at most 64 times the input and a megabyte.
 */
#ifndef PP_PROFILE_LEGACY_SUBSTITUTE_H
#define PP_PROFILE_LEGACY_SUBSTITUTE_H

#include "base/hash.h"
#include "base/out.h"
#include "base/vec.h"

struct pp_substitute_node {
    uint32_t parent;
    uint32_t name; /* number of the name that ends here + 1; 0: none */
    unsigned char byte;
};

/* The names as a tree of bytes. */
struct pp_substitute {
    struct pp_arena arena;                   /* nodes and values */
    PP_VEC(struct pp_substitute_node) nodes; /* [0]: the root, after '$' */
    PP_VEC(pp_str) values;                   /* by number of the name */
    struct pp_hash children;                 /* of parent and byte */
    struct pp_out out;
    uint64_t budget, limit;
};

void pp_substitute_init(struct pp_substitute *s, struct pp_arena *a, size_t input_bytes);
void pp_substitute_release(struct pp_substitute *s);

/* $name becomes value; a name that is there already stays. */
void pp_substitute_add(struct pp_substitute *s, pp_str name, pp_str value);

/* The result is borrowed from `text` or valid until the next call. PP_E_LIMIT. */
PP_MUST_USE enum pp_code pp_substitute_apply(struct pp_substitute *s, pp_str text, pp_str *ret_text,
                                             struct pp_err *err);

#endif
