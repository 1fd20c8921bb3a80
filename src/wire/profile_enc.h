/* wire/profile_enc.h - writes the messages of profile.proto, one call a message.
 *
 * Used by the tool's encoder and by the runtime's exporter: it only writes what it is told; who numbers strings and ids is the
 * caller. The bytes are those that google/pprof writes for the same contents: fields in ascending order, numbers that are 0
 * left out, repeated numbers packed only when there are more than two, repeated zeros kept.
 *
 *     struct pp_out o;  pp_out_to_memory(&o, &arena);
 *     pp_enc_value_type(&o, PP_PB_PROFILE_SAMPLE_TYPE, 1, 2);
 *     pp_enc_sample(&o, &(struct pp_enc_sample){.location_ids = ids, .n_location_ids = 3, .values = &n, .n_values = 1});
 *     pp_enc_string(&o, PP_STR("")); ...
 *     pp_enc_int_always(&o, PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE, 0);
 *     if (pp_out_flush(&o, err)) ...        <- refused memory and failed sinks show up here, once
 *
 * No floats, no libc, no memory but the pp_out's.   May run: wherever that pp_out may.
 */
#ifndef PP_WIRE_PROFILE_ENC_H
#define PP_WIRE_PROFILE_ENC_H

#include "base/out.h"
#include "wire/profile_spec.h"

/* A label: str, or num with unit. All but num are string indices of the written table. */
struct pp_enc_label {
    uint64_t key, str, unit;
    int64_t num;
};

struct pp_enc_sample {
    const uint64_t *location_ids; /* leaf first */
    size_t n_location_ids;
    const int64_t *values;
    size_t n_values;
    const struct pp_enc_label
        *labels; /* written in this order; google/pprof: string labels by key, then numbers by key */
    size_t n_labels;
};

struct pp_enc_mapping {
    uint64_t id, start, limit, offset, file, build_id;
    bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct pp_enc_line {
    uint64_t function_id;
    int64_t line, column;
};

struct pp_enc_location {
    uint64_t id, mapping_id, address;
    const struct pp_enc_line *lines; /* innermost inlined call first */
    size_t n_lines;
    bool is_folded;
};

struct pp_enc_function {
    uint64_t id, name, system_name, filename;
    int64_t start_line;
};

/* field: PP_PB_PROFILE_SAMPLE_TYPE or PP_PB_PROFILE_PERIOD_TYPE. */
void pp_enc_value_type(struct pp_out *o, enum pp_pb_field field, uint64_t type, uint64_t unit);
void pp_enc_sample(struct pp_out *o, const struct pp_enc_sample *s);
void pp_enc_mapping(struct pp_out *o, const struct pp_enc_mapping *m);
void pp_enc_location(struct pp_out *o, const struct pp_enc_location *l);
void pp_enc_function(struct pp_out *o, const struct pp_enc_function *f);
void pp_enc_string(struct pp_out *o, pp_str s); /* the next of the string table; the first must be "" */

/* Numbers of the profile itself: drop_frames, time_nanos, ... */
void pp_enc_int(struct pp_out *o, enum pp_pb_field field, int64_t v);                   /* nothing when 0 */
void pp_enc_int_always(struct pp_out *o, enum pp_pb_field field, int64_t v);            /* default_sample_type */
void pp_enc_ints(struct pp_out *o, enum pp_pb_field field, const int64_t *v, size_t n); /* comments */

#endif
