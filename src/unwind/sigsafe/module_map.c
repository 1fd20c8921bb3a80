// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/module_map.h"

const struct pp_module *pp_module_find(const struct pp_module_map *map, uintptr_t address)
{
    if (!map) return NULL;
    uint32_t lo = 0, n = map->n; /* the last start that is not above address, branch-free */
    while (n > 1) {
        uint32_t half = n / 2;
        lo += map->starts[lo + half] <= address ? half : 0;
        n -= half;
    }
    const struct pp_module *m = &map->modules[lo];
    return map->n && address >= m->start && address < m->end ? m : NULL;
}

const struct pp_module *pp_module_find_at(const struct pp_module_map *map, uintptr_t address, uint32_t generation)
{
    const struct pp_module *m = pp_module_find(map, address);
    if (m && m->born <= generation) return m;
    if (!map) return NULL;
    for (uint32_t i = map->n_past; i-- > 0;) {
        m = &map->past[i];
        if (address >= m->start && address < m->end && m->born <= generation && generation < m->died) return m;
    }
    return NULL;
}
