// SPDX-License-Identifier: Apache-2.0
#include "profile/validate.h"

#include "profile/ids.h"

/* Says what is wrong with item i, if anything: reserved or repeated id. */
static enum pp_code check_id(const struct pp_ids *ids, uint32_t i, uint64_t id, const char *one, const char *many,
                             const char *zero, struct pp_err *err)
{
    if (id == 0) return pp_fail(err, PP_E_FORMAT, "found %s with reserved %s=0", one, zero);
    if (i == ids->duplicate)
        return pp_fail(err, PP_E_FORMAT, "multiple %s with same id: %llu", many, (unsigned long long)id);
    return PP_OK;
}

static enum pp_code check_location(const struct pp_profile *p, const struct pp_ids *ids, uint32_t i, struct pp_err *err)
{
    const struct pp_location *l = &p->locations[i];
    enum pp_code c = check_id(ids, i, l->id, "location", "locations", "id", err);
    if (c) return c;
    for (uint32_t k = 0; k < l->n_lines; k++)
        if (p->lines[l->first_line + k].function == PP_NONE)
            return pp_fail(err, PP_E_FORMAT, "location id: %llu has a line with nil function",
                           (unsigned long long)l->id);
    return PP_OK;
}

#define BUILD(a, ids, items, n) pp_ids_build((a), (ids), (n) ? &(items)->id : NULL, sizeof *(items), (n))

static enum pp_code check_tables(struct pp_arena *scratch, const struct pp_profile *p, struct pp_err *err)
{
    struct pp_ids ids;
    enum pp_code c = PP_OK;
    BUILD(scratch, &ids, p->mappings, p->n_mappings);
    for (uint32_t i = 0; i < p->n_mappings; i++)
        if ((c = check_id(&ids, i, p->mappings[i].id, "mapping", "mappings", "ID", err))) return c;
    BUILD(scratch, &ids, p->functions, p->n_functions);
    for (uint32_t i = 0; i < p->n_functions; i++)
        if ((c = check_id(&ids, i, p->functions[i].id, "function", "functions", "ID", err))) return c;
    BUILD(scratch, &ids, p->locations, p->n_locations);
    for (uint32_t i = 0; i < p->n_locations; i++)
        if ((c = check_location(p, &ids, i, err))) return c;
    return PP_OK;
}

enum pp_code pp_profile_check_tables(const struct pp_profile *p, struct pp_err *err)
{
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, p->arena->oom);
    enum pp_code c = check_tables(&scratch, p, err);
    pp_arena_release(&scratch);
    return c;
}
