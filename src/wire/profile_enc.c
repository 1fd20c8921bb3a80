// SPDX-License-Identifier: Apache-2.0
#include "wire/profile_enc.h"

#include "wire/varint.h"

/* A sample's location ids go through a buffer of this size, so that a stack costs a few writes. */
#define RUN 512

/* Every field number here is below 16, so a tag is one byte. */
static uint8_t tag_of(enum pp_pb_field field, enum pp_pb_wire wire)
{
    return (uint8_t)((unsigned)field << 3 | (unsigned)wire);
}

static size_t int_size(uint64_t v) { return v ? 1 + pp_varint_size(v) : 0; }

static uint8_t *put_int(uint8_t *p, enum pp_pb_field field, uint64_t v)
{
    if (!v) return p;
    *p++ = tag_of(field, PP_PB_WIRE_VARINT);
    return pp_varint_put(p, v);
}

static uint8_t *put_head(uint8_t *p, enum pp_pb_field field, size_t size)
{
    *p++ = tag_of(field, PP_PB_WIRE_BYTES);
    return pp_varint_put(p, size);
}

#define INT_ROOM (1 + PP_VARINT_MAX)
#define HEAD_ROOM (1 + PP_VARINT_MAX)

static void write_to(struct pp_out *o, const uint8_t *buf, const uint8_t *end)
{
    pp_out_write(o, buf, (size_t)(end - buf));
}

static size_t packed_size(const uint64_t *v, size_t n)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += pp_varint_size(v[i]);
    return size;
}

/* What write_ints will write; *ret_packed: the bytes behind the head, when packed. */
static size_t ints_size(const uint64_t *v, size_t n, size_t *ret_packed)
{
    size_t size = packed_size(v, n);
    *ret_packed = size;
    if (n <= 2) return n + size;
    return 1 + pp_varint_size(size) + size;
}

static void write_ints(struct pp_out *o, enum pp_pb_field field, const uint64_t *v, size_t n, size_t packed)
{
    uint8_t buf[RUN + 2 * PP_VARINT_MAX + 2], *p = buf;
    if (n > 2) p = put_head(p, field, packed);
    for (size_t i = 0; i < n; i++) {
        if (n <= 2) *p++ = tag_of(field, PP_PB_WIRE_VARINT);
        p = pp_varint_put(p, v[i]);
        if (p - buf < RUN) continue;
        write_to(o, buf, p);
        p = buf;
    }
    write_to(o, buf, p);
}

void pp_enc_value_type(struct pp_out *o, enum pp_pb_field field, uint64_t type, uint64_t unit)
{
    uint8_t buf[HEAD_ROOM + 2 * INT_ROOM];
    uint8_t *p = put_head(buf, field, int_size(type) + int_size(unit));
    p = put_int(p, PP_PB_VALUE_TYPE_TYPE, type);
    p = put_int(p, PP_PB_VALUE_TYPE_UNIT, unit);
    write_to(o, buf, p);
}

static size_t label_size(const struct pp_enc_label *l)
{
    return int_size(l->key) + int_size(l->str) + int_size((uint64_t)l->num) + int_size(l->unit);
}

static void write_label(struct pp_out *o, const struct pp_enc_label *l)
{
    uint8_t buf[HEAD_ROOM + 4 * INT_ROOM];
    uint8_t *p = put_head(buf, PP_PB_SAMPLE_LABEL, label_size(l));
    p = put_int(p, PP_PB_LABEL_KEY, l->key);
    p = put_int(p, PP_PB_LABEL_STR, l->str);
    p = put_int(p, PP_PB_LABEL_NUM, (uint64_t)l->num);
    p = put_int(p, PP_PB_LABEL_NUM_UNIT, l->unit);
    write_to(o, buf, p);
}

void pp_enc_sample(struct pp_out *o, const struct pp_enc_sample *s)
{
    size_t packed_ids, packed_values;
    size_t size = ints_size(s->location_ids, s->n_location_ids, &packed_ids);
    size += ints_size((const uint64_t *)s->values, s->n_values, &packed_values);
    for (size_t i = 0; i < s->n_labels; i++) {
        size_t l = label_size(&s->labels[i]);
        size += 1 + pp_varint_size(l) + l;
    }
    uint8_t buf[HEAD_ROOM];
    write_to(o, buf, put_head(buf, PP_PB_PROFILE_SAMPLE, size));
    write_ints(o, PP_PB_SAMPLE_LOCATION_ID, s->location_ids, s->n_location_ids, packed_ids);
    write_ints(o, PP_PB_SAMPLE_VALUE, (const uint64_t *)s->values, s->n_values, packed_values);
    for (size_t i = 0; i < s->n_labels; i++)
        write_label(o, &s->labels[i]);
}

void pp_enc_mapping(struct pp_out *o, const struct pp_enc_mapping *m)
{
    uint8_t body[10 * INT_ROOM], head[HEAD_ROOM];
    uint8_t *p = put_int(body, PP_PB_MAPPING_ID, m->id);
    p = put_int(p, PP_PB_MAPPING_MEMORY_START, m->start);
    p = put_int(p, PP_PB_MAPPING_MEMORY_LIMIT, m->limit);
    p = put_int(p, PP_PB_MAPPING_FILE_OFFSET, m->offset);
    p = put_int(p, PP_PB_MAPPING_FILENAME, m->file);
    p = put_int(p, PP_PB_MAPPING_BUILD_ID, m->build_id);
    p = put_int(p, PP_PB_MAPPING_HAS_FUNCTIONS, m->has_functions);
    p = put_int(p, PP_PB_MAPPING_HAS_FILENAMES, m->has_filenames);
    p = put_int(p, PP_PB_MAPPING_HAS_LINE_NUMBERS, m->has_line_numbers);
    p = put_int(p, PP_PB_MAPPING_HAS_INLINE_FRAMES, m->has_inline_frames);
    write_to(o, head, put_head(head, PP_PB_PROFILE_MAPPING, (size_t)(p - body)));
    write_to(o, body, p);
}

static size_t line_size(const struct pp_enc_line *l)
{
    return int_size(l->function_id) + int_size((uint64_t)l->line) + int_size((uint64_t)l->column);
}

static void write_line(struct pp_out *o, const struct pp_enc_line *l)
{
    uint8_t buf[HEAD_ROOM + 3 * INT_ROOM];
    uint8_t *p = put_head(buf, PP_PB_LOCATION_LINE, line_size(l));
    p = put_int(p, PP_PB_LINE_FUNCTION_ID, l->function_id);
    p = put_int(p, PP_PB_LINE_LINE, (uint64_t)l->line);
    p = put_int(p, PP_PB_LINE_COLUMN, (uint64_t)l->column);
    write_to(o, buf, p);
}

void pp_enc_location(struct pp_out *o, const struct pp_enc_location *l)
{
    size_t size = int_size(l->id) + int_size(l->mapping_id) + int_size(l->address) + int_size(l->is_folded);
    for (size_t i = 0; i < l->n_lines; i++) {
        size_t s = line_size(&l->lines[i]);
        size += 1 + pp_varint_size(s) + s;
    }
    uint8_t buf[HEAD_ROOM + 3 * INT_ROOM];
    uint8_t *p = put_head(buf, PP_PB_PROFILE_LOCATION, size);
    p = put_int(p, PP_PB_LOCATION_ID, l->id);
    p = put_int(p, PP_PB_LOCATION_MAPPING_ID, l->mapping_id);
    p = put_int(p, PP_PB_LOCATION_ADDRESS, l->address);
    write_to(o, buf, p);
    for (size_t i = 0; i < l->n_lines; i++)
        write_line(o, &l->lines[i]);
    write_to(o, buf, put_int(buf, PP_PB_LOCATION_IS_FOLDED, l->is_folded));
}

void pp_enc_function(struct pp_out *o, const struct pp_enc_function *f)
{
    uint8_t body[5 * INT_ROOM], head[HEAD_ROOM];
    uint8_t *p = put_int(body, PP_PB_FUNCTION_ID, f->id);
    p = put_int(p, PP_PB_FUNCTION_NAME, f->name);
    p = put_int(p, PP_PB_FUNCTION_SYSTEM_NAME, f->system_name);
    p = put_int(p, PP_PB_FUNCTION_FILENAME, f->filename);
    p = put_int(p, PP_PB_FUNCTION_START_LINE, (uint64_t)f->start_line);
    write_to(o, head, put_head(head, PP_PB_PROFILE_FUNCTION, (size_t)(p - body)));
    write_to(o, body, p);
}

void pp_enc_string(struct pp_out *o, pp_str s)
{
    uint8_t buf[HEAD_ROOM];
    write_to(o, buf, put_head(buf, PP_PB_PROFILE_STRING_TABLE, s.n));
    pp_out_str(o, s);
}

void pp_enc_int(struct pp_out *o, enum pp_pb_field field, int64_t v)
{
    if (v) pp_enc_int_always(o, field, v);
}

void pp_enc_int_always(struct pp_out *o, enum pp_pb_field field, int64_t v)
{
    uint8_t buf[INT_ROOM];
    buf[0] = tag_of(field, PP_PB_WIRE_VARINT);
    write_to(o, buf, pp_varint_put(buf + 1, (uint64_t)v));
}

void pp_enc_ints(struct pp_out *o, enum pp_pb_field field, const int64_t *v, size_t n)
{
    size_t packed;
    ints_size((const uint64_t *)v, n, &packed);
    write_ints(o, field, (const uint64_t *)v, n, packed);
}
