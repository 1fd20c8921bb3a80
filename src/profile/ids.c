// SPDX-License-Identifier: Apache-2.0
#include "profile/ids.h"

#include <string.h>

static uint64_t id_of(const struct pp_ids *ids, uint32_t i)
{
    uint64_t id;
    memcpy(&id, ids->first + i * ids->stride, sizeof id);
    return id;
}

uint32_t pp_ids_find_slow(const struct pp_ids *ids, uint64_t id)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&ids->sparse, pp_hash_u64(id)); pp_hash_next(&pr, &i);)
        if (id_of(ids, i) == id) return i;
    return PP_NONE;
}

void pp_ids_build(struct pp_arena *a, struct pp_ids *ids, const uint64_t *first_id, size_t stride, uint32_t n)
{
    *ids = (struct pp_ids){
        .first = (const char *)first_id, .stride = stride, .n = n, .identity = true, .duplicate = PP_NONE};
    for (uint32_t i = 0; i < n && ids->identity; i++)
        ids->identity = id_of(ids, i) == i + 1ull;
    if (ids->identity) return;
    ids->dense = PP_NEW_N(a, uint32_t, n + 1ull);
    memset(ids->dense, 0xff, (n + 1ull) * sizeof *ids->dense);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t id = id_of(ids, i);
        if (pp_ids_find(ids, id) != PP_NONE) {
            if (ids->duplicate == PP_NONE) ids->duplicate = i;
        } else if (id <= n) {
            ids->dense[id] = i;
        } else {
            pp_hash_add(a, &ids->sparse, pp_hash_u64(id), i);
        }
    }
}
