// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/gather.h"

#include <string.h>

void pp_gather_init(struct pp_gather *g, struct pp_arena *a, unsigned n_values)
{
    *g = (struct pp_gather){.p = pp_profile_new(a), .n_values = n_values};
    *PP_PUSH(a, &g->loc_off) = 0;
}

void pp_gather_types(struct pp_gather *g, unsigned n, const pp_str (*types)[2])
{
    struct pp_profile *p = g->p;
    if (!p->types) p->types = PP_NEW_N(p->arena, struct pp_value_type, PP_GATHER_TYPES);
    for (unsigned i = 0; i < n; i++)
        p->types[i] = (struct pp_value_type){pp_profile_intern(p, types[i][0]), pp_profile_intern(p, types[i][1])};
    p->n_types = n;
}

void pp_gather_period(struct pp_gather *g, pp_str type, pp_str unit, int64_t period)
{
    g->p->period = period;
    g->p->period_type = (struct pp_value_type){pp_profile_intern(g->p, type), pp_profile_intern(g->p, unit)};
}

uint32_t pp_gather_find(const struct pp_gather *g, uint64_t address)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&g->by_address, pp_hash_u64(address)); pp_hash_next(&pr, &i);)
        if (g->address.p[i] == address) return i;
    return PP_NONE;
}

void pp_gather_frame(struct pp_gather *g, uint64_t address)
{
    struct pp_arena *a = g->p->arena;
    uint32_t i = pp_gather_find(g, address);
    if (i == PP_NONE) {
        i = (uint32_t)g->address.n;
        *PP_PUSH(a, &g->address) = address;
        pp_hash_add(a, &g->by_address, pp_hash_u64(address), i);
    }
    *PP_PUSH(a, &g->locs) = i;
}

void pp_gather_sample(struct pp_gather *g, const int64_t *values)
{
    struct pp_arena *a = g->p->arena;
    for (unsigned t = 0; t < g->n_values; t++)
        *PP_PUSH(a, &g->values[t]) = values[t];
    *PP_PUSH(a, &g->loc_off) = g->locs.n;
}

void pp_gather_block(struct pp_gather *g, int64_t bytes) { *PP_PUSH(g->p->arena, &g->block) = bytes; }

void pp_gather_renumber(struct pp_gather *g)
{
    struct pp_arena *a = g->p->arena;
    uint32_t *number = PP_NEW_N(a, uint32_t, g->address.n), n = 0;
    uint64_t *address = PP_NEW_N(a, uint64_t, g->address.n);
    memset(number, 0xff, g->address.n * sizeof *number);
    for (size_t k = 0; k < g->locs.n; k++) {
        uint32_t *i = &number[g->locs.p[k]];
        if (*i == PP_NONE) {
            address[n] = g->address.p[g->locs.p[k]];
            *i = n++;
        }
        g->locs.p[k] = *i;
    }
    g->address.p = address;
    g->address.n = n;
    pp_hash_reset(&g->by_address);
    for (uint32_t i = 0; i < n; i++)
        pp_hash_add(a, &g->by_address, pp_hash_u64(address[i]), i);
}

static void finish_labels(struct pp_gather *g)
{
    struct pp_profile *p = g->p;
    pp_string_id key = pp_profile_intern(p, PP_STR("bytes"));
    p->label_off = PP_NEW_N(p->arena, uint64_t, p->n_samples + 1ull);
    p->labels = PP_NEW_N(p->arena, struct pp_label, p->n_samples);
    for (uint32_t i = 0; i < p->n_samples; i++) {
        p->labels[i] = (struct pp_label){.key = key, .num = g->block.p[i], .is_num = true};
        p->label_off[i + 1] = i + 1ull;
    }
}

void pp_gather_finish(struct pp_gather *g)
{
    struct pp_profile *p = g->p;
    p->n_samples = (uint32_t)g->loc_off.n - 1;
    p->loc_off = g->loc_off.p;
    p->locs = g->locs.n ? g->locs.p : PP_NEW_N(p->arena, uint32_t, 0); /* never NULL: pointers into it are made */
    p->values = PP_NEW_N(p->arena, int64_t *, p->n_types);
    for (uint32_t t = 0; t < p->n_types; t++)
        p->values[t] = g->values[t].p;
    if (g->block.n) finish_labels(g);
    p->n_locations = (uint32_t)g->address.n;
    p->locations = PP_NEW_N(p->arena, struct pp_location, p->n_locations);
    for (uint32_t i = 0; i < p->n_locations; i++)
        p->locations[i] = (struct pp_location){.id = i + 1ull, .address = g->address.p[i], .mapping = PP_NONE};
}
