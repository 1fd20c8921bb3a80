// SPDX-License-Identifier: Apache-2.0
/* The rows of top as a profile: one sample, location and line per row. */
#include "profile/encode.h"
#include "profile/units.h"
#include "view/report_parts.h"

struct rows {
    struct pp_report *r;
    struct pp_profile *p; /* the new one */
    struct pp_hash index; /* of its functions */
};

static int64_t scaled(const struct pp_report *r, int64_t value)
{
    return pp_units_int(pp_units_scale(value, r->o.sample_unit, r->o.output_unit, NULL));
}

/* The function of a place; its id is its place in the table plus 1. */
static uint32_t function_of(struct rows *rows, uint32_t place)
{
    struct pp_profile *p = rows->p;
    const struct pp_places *t = rows->r->g->places;
    const struct pp_function key = {.id = (uint64_t)p->n_functions + 1,
                                    .name = pp_profile_intern(p, pp_place_name(t, place)),
                                    .filename = pp_profile_intern(p, pp_place_file(t, place)),
                                    .start_line = t->places[place].start_line};
    uint64_t h = pp_hash_u64(pp_hash_u64((uint64_t)key.name << 32 | key.filename) ^ (uint64_t)key.start_line);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&rows->index, h); pp_hash_next(&pr, &i);) {
        const struct pp_function *f = &p->functions[i];
        if (f->name == key.name && f->filename == key.filename && f->start_line == key.start_line) return i;
    }
    pp_hash_add(p->arena, &rows->index, h, p->n_functions);
    p->functions[p->n_functions] = key;
    return p->n_functions++;
}

static void add_row(struct rows *rows, uint32_t i)
{
    struct pp_report *r = rows->r;
    struct pp_profile *p = rows->p;
    const struct pp_node *n = &r->g->nodes[r->g->order[i]];
    const struct pp_place *place = &r->g->places->places[n->place];
    p->lines[i] = (struct pp_line){function_of(rows, n->place), place->line, place->column};
    p->locations[i] = (struct pp_location){
        .id = (uint64_t)i + 1, .address = place->address, .mapping = PP_NONE, .first_line = i, .n_lines = 1};
    p->locs[i] = i;
    p->loc_off[i + 1] = (uint64_t)i + 1;
    p->values[0][i] = scaled(r, pp_node_cum(n));
    p->values[1][i] = scaled(r, pp_node_flat(n));
}

static struct pp_value_type type_of(struct pp_profile *p, pp_str type, pp_str unit)
{
    return (struct pp_value_type){pp_profile_intern(p, type), pp_profile_intern(p, unit)};
}

static struct pp_profile *new_profile(struct pp_report *r)
{
    struct pp_arena *a = &r->arena;
    const struct pp_profile *old = r->p;
    struct pp_profile *p = pp_profile_new(a);
    uint32_t n = r->g->n_order;
    p->n_types = 2;
    p->types = PP_NEW_N(a, struct pp_value_type, 2);
    p->types[0] = type_of(p, PP_STR("cum"), r->o.output_unit);
    p->types[1] = type_of(p, PP_STR("flat"), r->o.output_unit);
    p->time_nanos = old->time_nanos;
    p->duration_nanos = old->duration_nanos;
    p->period = old->period;
    p->has_period_type = old->has_period_type;
    p->period_type = type_of(p, pp_profile_str(old, old->period_type.type), pp_profile_str(old, old->period_type.unit));
    p->n_samples = p->n_locations = n;
    p->n_lines = n;
    p->loc_off = PP_NEW_N(a, uint64_t, (size_t)n + 1);
    p->locs = PP_NEW_N(a, uint32_t, n);
    p->values = PP_NEW_N(a, int64_t *, 2);
    p->values[0] = PP_NEW_N(a, int64_t, n);
    p->values[1] = PP_NEW_N(a, int64_t, n);
    p->locations = PP_NEW_N(a, struct pp_location, n);
    p->lines = PP_NEW_N(a, struct pp_line, n);
    p->functions = PP_NEW_N(a, struct pp_function, n);
    return p;
}

enum pp_code pp_report_topproto(struct pp_report *r, struct pp_err *err)
{
    pp_report_graph(r);
    struct rows rows = {.r = r, .p = new_profile(r)};
    for (uint32_t i = 0; i < r->g->n_order; i++)
        add_row(&rows, i);
    pp_str bytes;
    enum pp_code c = pp_profile_encode_gzip(&r->arena, rows.p, r->o.gzip_level, &bytes, err);
    if (!c) pp_out_str(r->out, bytes);
    return c;
}
