/* profile/ids.h - from the ids of a file (any numbers) to indices of a table.
 *
 * Ids that are just 1, 2, 3, ... cost nothing; those up to n are looked up in an array; others in a hash table.
 */
#ifndef PP_PROFILE_IDS_H
#define PP_PROFILE_IDS_H

#include "profile/model.h"

struct pp_ids {
    const char *first; /* the uint64_t id of item 0; the next one is `stride` bytes further */
    size_t stride;
    uint32_t n;
    bool identity;   /* item i has id i+1 */
    uint32_t *dense; /* [id] for id <= n: index or PP_NONE */
    struct pp_hash sparse;
    uint32_t duplicate; /* first item whose id an earlier one has; PP_NONE */
};

void pp_ids_build(struct pp_arena *a, struct pp_ids *ids, const uint64_t *first_id, size_t stride, uint32_t n);

uint32_t pp_ids_find_slow(const struct pp_ids *ids, uint64_t id);

/* The index, or PP_NONE. Of equal ids the first. */
static inline uint32_t pp_ids_find(const struct pp_ids *ids, uint64_t id)
{
    if (id <= ids->n) {
        if (!ids->identity) return ids->dense[id];
        return id ? (uint32_t)id - 1 : PP_NONE;
    }
    return pp_ids_find_slow(ids, id);
}

#endif
