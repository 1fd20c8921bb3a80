// SPDX-License-Identifier: Apache-2.0
#include "profile/encode.h"

#include "base/vec.h"
#include "wire/gzip.h"
#include "wire/profile_enc.h"
#include "wire/varint.h"

#define INT_MAX_BYTES (1 + PP_VARINT_MAX) /* a number with its tag */
#define HEAD_MAX (1 + PP_VARINT_MAX)      /* tag and length of a message */

struct encode {
    struct pp_arena *a;
    const struct pp_profile *p;
    struct pp_out *o;
    uint32_t *number_of; /* of string ids; 0: not numbered yet ("" is 0 anyway) */
    pp_string_id *order; /* the numbered strings */
    uint32_t n_order;
};

static uint32_t number(struct encode *e, pp_string_id id)
{
    if (id == 0 || e->number_of[id]) return e->number_of[id];
    e->order[e->n_order] = id;
    return e->number_of[id] = e->n_order++;
}

/* Numbers all strings in google/pprof's order. Those of messages written later are looked up then. */
static void number_all(struct encode *e)
{
    const struct pp_profile *p = e->p;
    for (uint32_t i = 0; i < p->n_types; i++) {
        number(e, p->types[i].type);
        number(e, p->types[i].unit);
    }
    uint64_t n_labels = p->label_off ? p->label_off[p->n_samples] : 0;
    for (uint64_t i = 0; i < n_labels; i++) {
        number(e, p->labels[i].key);
        number(e, p->labels[i].is_num ? p->labels[i].unit : p->labels[i].str);
    }
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        number(e, p->mappings[i].file);
        number(e, p->mappings[i].build_id);
    }
    for (uint32_t i = 0; i < p->n_functions; i++) {
        number(e, p->functions[i].name);
        number(e, p->functions[i].system_name);
        number(e, p->functions[i].filename);
    }
    number(e, p->drop_frames);
    number(e, p->keep_frames);
    if (p->has_period_type) {
        number(e, p->period_type.type);
        number(e, p->period_type.unit);
    }
    for (uint32_t i = 0; i < p->n_comments; i++)
        number(e, p->comments[i]);
    number(e, p->default_type);
    number(e, p->doc_url);
}

/* Room for the longest sample, used again for each. */
struct sample_room {
    uint64_t *ids;
    int64_t *values;
    struct pp_enc_label *labels;
};

static struct sample_room make_room(struct encode *e)
{
    const struct pp_profile *p = e->p;
    uint64_t depth = 0, n_labels = 0;
    for (uint32_t i = 0; i < p->n_samples; i++) {
        if (p->loc_off[i + 1] - p->loc_off[i] > depth) depth = p->loc_off[i + 1] - p->loc_off[i];
        size_t n;
        pp_profile_labels(p, i, &n);
        if (n > n_labels) n_labels = n;
    }
    return (struct sample_room){PP_NEW_N(e->a, uint64_t, depth), PP_NEW_N(e->a, int64_t, p->n_types),
                                PP_NEW_N(e->a, struct pp_enc_label, n_labels)};
}

static void write_sample(struct encode *e, const struct sample_room *room, uint32_t i)
{
    const struct pp_profile *p = e->p;
    size_t n_ids = 0, n_labels;
    for (uint64_t k = p->loc_off[i]; k < p->loc_off[i + 1]; k++)
        room->ids[n_ids++] = p->locations[p->locs[k]].id;
    for (uint32_t t = 0; t < p->n_types; t++)
        room->values[t] = p->values[t][i];
    const struct pp_label *l = pp_profile_labels(p, i, &n_labels);
    for (size_t k = 0; k < n_labels; k++)
        room->labels[k] = (struct pp_enc_label){.key = e->number_of[l[k].key],
                                                .str = l[k].is_num ? 0 : e->number_of[l[k].str],
                                                .num = l[k].is_num ? l[k].num : 0,
                                                .unit = l[k].is_num ? e->number_of[l[k].unit] : 0};
    pp_enc_sample(e->o, &(struct pp_enc_sample){.location_ids = room->ids,
                                                .n_location_ids = n_ids,
                                                .values = room->values,
                                                .n_values = p->n_types,
                                                .labels = room->labels,
                                                .n_labels = n_labels});
}

static void write_mapping(struct encode *e, const struct pp_mapping *m)
{
    pp_enc_mapping(e->o, &(struct pp_enc_mapping){.id = m->id,
                                                  .start = m->start,
                                                  .limit = m->limit,
                                                  .offset = m->offset,
                                                  .file = e->number_of[m->file],
                                                  .build_id = e->number_of[m->build_id],
                                                  .has_functions = m->has_functions,
                                                  .has_filenames = m->has_filenames,
                                                  .has_line_numbers = m->has_line_numbers,
                                                  .has_inline_frames = m->has_inline_frames});
}

static void write_locations(struct encode *e)
{
    const struct pp_profile *p = e->p;
    PP_VEC(struct pp_enc_line) lines = {0};
    for (uint32_t i = 0; i < p->n_locations; i++) {
        const struct pp_location *l = &p->locations[i];
        lines.n = 0;
        for (uint32_t k = 0; k < l->n_lines; k++) {
            const struct pp_line *from = &p->lines[l->first_line + k];
            *PP_PUSH(e->a, &lines) =
                (struct pp_enc_line){.function_id = from->function == PP_NONE ? 0 : p->functions[from->function].id,
                                     .line = from->line,
                                     .column = from->column};
        }
        pp_enc_location(e->o,
                        &(struct pp_enc_location){.id = l->id,
                                                  .mapping_id = l->mapping == PP_NONE ? 0 : p->mappings[l->mapping].id,
                                                  .address = l->address,
                                                  .lines = lines.p,
                                                  .n_lines = lines.n,
                                                  .is_folded = l->is_folded});
    }
}

static void write_function(struct encode *e, const struct pp_function *f)
{
    pp_enc_function(e->o, &(struct pp_enc_function){.id = f->id,
                                                    .name = e->number_of[f->name],
                                                    .system_name = e->number_of[f->system_name],
                                                    .filename = e->number_of[f->filename],
                                                    .start_line = f->start_line});
}

/* What comes behind the string table. */
static void write_tail(struct encode *e)
{
    const struct pp_profile *p = e->p;
    pp_enc_int(e->o, PP_PB_PROFILE_DROP_FRAMES, e->number_of[p->drop_frames]);
    pp_enc_int(e->o, PP_PB_PROFILE_KEEP_FRAMES, e->number_of[p->keep_frames]);
    pp_enc_int(e->o, PP_PB_PROFILE_TIME_NANOS, p->time_nanos);
    pp_enc_int(e->o, PP_PB_PROFILE_DURATION_NANOS, p->duration_nanos);
    if (p->has_period_type && (p->period_type.type || p->period_type.unit))
        pp_enc_value_type(e->o, PP_PB_PROFILE_PERIOD_TYPE, e->number_of[p->period_type.type],
                          e->number_of[p->period_type.unit]);
    pp_enc_int(e->o, PP_PB_PROFILE_PERIOD, p->period);
    int64_t *comments = PP_NEW_N(e->a, int64_t, p->n_comments);
    for (uint32_t i = 0; i < p->n_comments; i++)
        comments[i] = e->number_of[p->comments[i]];
    pp_enc_ints(e->o, PP_PB_PROFILE_COMMENT, comments, p->n_comments);
    pp_enc_int_always(e->o, PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE, e->number_of[p->default_type]);
    pp_enc_int(e->o, PP_PB_PROFILE_DOC_URL, e->number_of[p->doc_url]);
}

/* Room in memory for the whole at once: growing would copy it again and again. An upper bound, but what stays unused is never
 * touched. */
static void reserve(const struct encode *e)
{
    const struct pp_profile *p = e->p;
    uint64_t id_max = 1, bytes = 4096;
    if (e->o->sink) return;
    for (uint32_t i = 0; i < p->n_locations; i++)
        id_max |= p->locations[i].id;
    bytes += p->loc_off[p->n_samples] * (pp_varint_size(id_max) + 1);
    bytes += p->n_samples * (2 * HEAD_MAX + p->n_types * (uint64_t)INT_MAX_BYTES);
    if (p->label_off) bytes += p->label_off[p->n_samples] * (HEAD_MAX + 4 * INT_MAX_BYTES);
    bytes += p->n_locations * (HEAD_MAX + 4ull * INT_MAX_BYTES) + p->n_lines * (HEAD_MAX + 3ull * INT_MAX_BYTES);
    bytes += p->n_functions * (HEAD_MAX + 5ull * INT_MAX_BYTES) + p->n_mappings * (HEAD_MAX + 10ull * INT_MAX_BYTES);
    for (uint32_t i = 0; i < e->n_order; i++)
        bytes += HEAD_MAX + p->strings[e->order[i]].n;
    pp_vec_reserve(e->o->arena, (void **)&e->o->p, &e->o->cap, e->o->n + bytes, 1, 1);
}

void pp_profile_encode(struct pp_arena *scratch, const struct pp_profile *p, struct pp_out *out)
{
    struct encode e = {.a = scratch, .p = p, .o = out, .n_order = 1};
    e.number_of = PP_NEW_N(scratch, uint32_t, p->n_strings);
    e.order = PP_NEW_N(scratch, pp_string_id, p->n_strings);
    number_all(&e);
    reserve(&e);
    for (uint32_t i = 0; i < p->n_types; i++)
        pp_enc_value_type(out, PP_PB_PROFILE_SAMPLE_TYPE, e.number_of[p->types[i].type], e.number_of[p->types[i].unit]);
    struct sample_room room = make_room(&e);
    for (uint32_t i = 0; i < p->n_samples; i++)
        write_sample(&e, &room, i);
    for (uint32_t i = 0; i < p->n_mappings; i++)
        write_mapping(&e, &p->mappings[i]);
    write_locations(&e);
    for (uint32_t i = 0; i < p->n_functions; i++)
        write_function(&e, &p->functions[i]);
    for (uint32_t i = 0; i < e.n_order; i++)
        pp_enc_string(out, p->strings[e.order[i]]);
    write_tail(&e);
}

enum pp_code pp_profile_encode_gzip(struct pp_arena *a, const struct pp_profile *p, int level, pp_str *ret_bytes,
                                    struct pp_err *err)
{
    struct pp_arena scratch;
    struct pp_out plain;
    pp_arena_init(&scratch, 0, a->oom);
    pp_out_to_memory(&plain, &scratch);
    pp_profile_encode(&scratch, p, &plain);
    enum pp_code c = pp_out_flush(&plain, err);
    if (!c) c = pp_gzip_compress(a, pp_out_bytes(&plain), level, ret_bytes, err);
    pp_arena_release(&scratch);
    return c;
}
