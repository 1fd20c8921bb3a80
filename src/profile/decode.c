// SPDX-License-Identifier: Apache-2.0
#include "profile/decode.h"

#include "base/pages.h"
#include "profile/formats.h"
#include "profile/ids.h"
#include "profile/label_sort.h"
#include "profile/proto_reader.h"
#include "profile/validate.h"
#include "profile/zstd.h"
#include "wire/gzip.h"

#define NO_SAMPLE UINT64_MAX
#define DISCARD_STEP ((size_t)4 << 20)

enum outcome {
    DECODED = 0,
    EMPTY,
    CONCATENATED,
    NOT_PROTO, /* some other format, perhaps */
    MALFORMED, /* err says how */
};

/* What the first pass counts, and the profile's own numbers. */
struct counts {
    uint64_t types, samples, locs, labels, mappings, locations, lines, functions, strings, comments;
    uint64_t string_max;   /* highest string number used */
    uint64_t first_values; /* number of values of sample 0 */
    uint64_t other_sample; /* first sample with another number of values, and that number */
    uint64_t other_values;
    uint64_t top[PP_PB_PROFILE_DOC_URL + 1]; /* numbers by field */
    uint64_t period_type[3];
};

struct decode {
    struct pp_profile *p;
    struct pp_bytes in;
    bool may_discard, may_reuse; /* the input's pages: give them back; or, better, make the locs column from them */
    struct counts n;
    const uint8_t *samples, *samples_end; /* the first run of samples, for skipping */
    pp_string_id *strings;                /* ids of the file's string numbers; NULL: the same */
    struct pp_ids mappings, functions, locations;
    struct pp_err *err;
};

/* ---- first pass: check and count ---- */

static void note_string(struct counts *n, uint64_t number)
{
    if (number > n->string_max) n->string_max = number;
}

static bool scan_ints(struct counts *n, struct pp_bytes b, uint64_t *to, unsigned n_fields, uint64_t string_fields)
{
    if (!pp_fields_read_ints(b, to, n_fields)) return false;
    for (unsigned i = 1; i < n_fields; i++)
        if (string_fields >> i & 1) note_string(n, to[i]);
    return true;
}

#define STRINGS_OF_TYPE (1 << PP_PB_VALUE_TYPE_TYPE | 1 << PP_PB_VALUE_TYPE_UNIT)
#define STRINGS_OF_MAPPING (1 << PP_PB_MAPPING_FILENAME | 1 << PP_PB_MAPPING_BUILD_ID)
#define STRINGS_OF_FUNCTION (1 << PP_PB_FUNCTION_NAME | 1 << PP_PB_FUNCTION_SYSTEM_NAME | 1 << PP_PB_FUNCTION_FILENAME)
#define N_TYPE (PP_PB_VALUE_TYPE_UNIT + 1)
#define N_LABEL (PP_PB_LABEL_NUM_UNIT + 1)
#define N_MAPPING (PP_PB_MAPPING_HAS_INLINE_FRAMES + 1)
#define N_LINE (PP_PB_LINE_COLUMN + 1)
#define N_FUNCTION (PP_PB_FUNCTION_START_LINE + 1)

static bool scan_label(struct counts *n, struct pp_bytes b)
{
    uint64_t l[N_LABEL] = {0};
    if (!pp_fields_read_ints(b, l, N_LABEL)) return false;
    note_string(n, l[PP_PB_LABEL_KEY]);
    if (l[PP_PB_LABEL_STR])
        note_string(n, l[PP_PB_LABEL_STR]);
    else if (l[PP_PB_LABEL_NUM_UNIT])
        note_string(n, l[PP_PB_LABEL_NUM_UNIT]);
    n->labels += l[PP_PB_LABEL_STR] || l[PP_PB_LABEL_NUM] || l[PP_PB_LABEL_NUM_UNIT];
    return true;
}

/* One field of repeated numbers. */
static bool scan_ints_field(const struct pp_field *f, uint64_t *count)
{
    uint64_t more = 1;
    if (f->wire == PP_PB_WIRE_BYTES ? !pp_packed_count(f->body, &more) : f->wire != PP_PB_WIRE_VARINT) return false;
    *count += more;
    return true;
}

static bool scan_sample(struct counts *n, struct pp_bytes b)
{
    uint64_t values = 0;
    struct pp_field f;
    while (b.p < b.end) {
        if (!pp_field_next(&b, &f)) return false;
        switch (f.number) {
        case PP_PB_SAMPLE_LOCATION_ID:
            if (!scan_ints_field(&f, &n->locs)) return false;
            break;
        case PP_PB_SAMPLE_VALUE:
            if (!scan_ints_field(&f, &values)) return false;
            break;
        case PP_PB_SAMPLE_LABEL:
            if (f.wire != PP_PB_WIRE_BYTES || !scan_label(n, f.body)) return false;
            break;
        default: break;
        }
    }
    if (n->samples == 0) n->first_values = values;
    if (values != n->first_values && n->other_sample == NO_SAMPLE) {
        n->other_sample = n->samples;
        n->other_values = values;
    }
    n->samples++;
    return true;
}

static bool scan_location(struct counts *n, struct pp_bytes b)
{
    struct pp_field f;
    while (b.p < b.end) {
        if (!pp_field_next(&b, &f)) return false;
        if (f.number == 0 || f.number > PP_PB_LOCATION_IS_FOLDED) continue;
        if (f.number != PP_PB_LOCATION_LINE) {
            if (f.wire != PP_PB_WIRE_VARINT) return false;
            continue;
        }
        uint64_t line[N_LINE];
        if (f.wire != PP_PB_WIRE_BYTES || !pp_fields_read_ints(f.body, line, N_LINE)) return false;
        n->lines++;
    }
    n->locations++;
    return true;
}

static bool scan_comment(struct counts *n, const struct pp_field *f)
{
    if (!scan_ints_field(f, &n->comments)) return false;
    if (f->wire == PP_PB_WIRE_VARINT)
        note_string(n, f->value);
    else
        for (const uint8_t *p = f->body.p; p < f->body.end;)
            note_string(n, pp_packed_next(&p));
    return true;
}

/* Messages and texts of the profile; the numbers are scan_number's. */
static bool scan_message(struct counts *n, struct pp_bytes b, uint64_t number)
{
    uint64_t ints[N_MAPPING] = {0};
    switch (number) {
    case PP_PB_PROFILE_SAMPLE_TYPE: n->types++; return scan_ints(n, b, ints, N_TYPE, STRINGS_OF_TYPE);
    case PP_PB_PROFILE_SAMPLE: return scan_sample(n, b);
    case PP_PB_PROFILE_MAPPING: n->mappings++; return scan_ints(n, b, ints, N_MAPPING, STRINGS_OF_MAPPING);
    case PP_PB_PROFILE_LOCATION: return scan_location(n, b);
    case PP_PB_PROFILE_FUNCTION: n->functions++; return scan_ints(n, b, ints, N_FUNCTION, STRINGS_OF_FUNCTION);
    case PP_PB_PROFILE_STRING_TABLE: return n->strings++ > 0 || b.p == b.end;
    default: /* PERIOD_TYPE */
        n->period_type[PP_PB_VALUE_TYPE_TYPE] = n->period_type[PP_PB_VALUE_TYPE_UNIT] = 0;
        return pp_fields_read_ints(b, n->period_type, N_TYPE);
    }
}

static bool is_message(uint64_t number)
{
    return number <= PP_PB_PROFILE_STRING_TABLE || number == PP_PB_PROFILE_PERIOD_TYPE;
}

/* Marks where the first uninterrupted run of samples is. */
static void note_run(struct decode *d, uint64_t number, const uint8_t *start, const uint8_t *end)
{
    if (number != PP_PB_PROFILE_SAMPLE) return;
    if (!d->samples) d->samples = d->samples_end = start;
    if (d->samples_end == start) d->samples_end = end;
}

static enum outcome scan(struct decode *d)
{
    struct counts *n = &d->n;
    struct pp_field f;
    n->other_sample = NO_SAMPLE;
    for (struct pp_bytes b = d->in; b.p < b.end;) {
        const uint8_t *start = b.p;
        if (!pp_field_next(&b, &f)) return NOT_PROTO;
        if (f.number == 0 || f.number > PP_PB_PROFILE_DOC_URL) continue;
        if (f.number == PP_PB_PROFILE_TIME_NANOS && n->top[PP_PB_PROFILE_TIME_NANOS]) return CONCATENATED;
        if (f.number == PP_PB_PROFILE_COMMENT) {
            if (!scan_comment(n, &f)) return NOT_PROTO;
        } else if (is_message(f.number)) {
            if (f.wire != PP_PB_WIRE_BYTES || !scan_message(n, f.body, f.number)) return NOT_PROTO;
            note_run(d, f.number, start, b.p);
        } else {
            if (f.wire != PP_PB_WIRE_VARINT) return NOT_PROTO;
            n->top[f.number] = f.value;
        }
    }
    note_string(n, n->period_type[PP_PB_VALUE_TYPE_TYPE]);
    note_string(n, n->period_type[PP_PB_VALUE_TYPE_UNIT]);
    note_string(n, n->top[PP_PB_PROFILE_DROP_FRAMES]);
    note_string(n, n->top[PP_PB_PROFILE_KEEP_FRAMES]);
    note_string(n, n->top[PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE]);
    note_string(n, n->top[PP_PB_PROFILE_DOC_URL]);
    return n->string_max >= n->strings ? NOT_PROTO : DECODED;
}

/* ---- second pass: tables ---- */

/* The next field of the profile, without stepping through the first run of samples. */
static bool next_beside_samples(const struct decode *d, struct pp_bytes *b, struct pp_field *ret_field)
{
    if (b->p == d->samples) b->p = d->samples_end;
    return b->p < b->end && pp_field_next(b, ret_field);
}

static pp_string_id string_of(const struct decode *d, uint64_t number)
{
    return d->strings ? d->strings[number] : (pp_string_id)number;
}

/* Number k gets the id of its text: k itself, until the first text that was there before. */
static void add_string(struct decode *d, uint64_t k, struct pp_bytes b)
{
    struct pp_profile *p = d->p;
    uint32_t before = p->n_strings;
    pp_string_id id = pp_profile_intern(p, (pp_str){(const char *)b.p, (size_t)(b.end - b.p)});
    if (!d->strings && id != k) {
        d->strings = PP_NEW_N(p->arena, pp_string_id, d->n.strings);
        for (uint32_t i = 0; i < before; i++)
            d->strings[i] = i;
    }
    if (d->strings) d->strings[k] = id;
}

static void build_strings(struct decode *d)
{
    uint64_t k = 0;
    struct pp_field f;
    struct pp_profile *p = d->p;
    p->cap_strings = d->n.strings;
    p->strings = PP_NEW_N(p->arena, pp_str, p->cap_strings);
    pp_hash_reserve(p->arena, &p->string_index, d->n.strings);
    for (struct pp_bytes b = d->in; next_beside_samples(d, &b, &f);)
        if (f.number == PP_PB_PROFILE_STRING_TABLE) add_string(d, k++, f.body);
}

static struct pp_value_type type_of(const struct decode *d, const uint64_t *ints)
{
    return (struct pp_value_type){string_of(d, ints[PP_PB_VALUE_TYPE_TYPE]), string_of(d, ints[PP_PB_VALUE_TYPE_UNIT])};
}

static void add_mapping(struct decode *d, struct pp_bytes b)
{
    struct pp_profile *p = d->p;
    uint64_t m[N_MAPPING] = {0};
    pp_fields_read_ints(b, m, N_MAPPING);
    struct pp_mapping *to = &p->mappings[p->n_mappings++];
    *to = (struct pp_mapping){
        .id = m[PP_PB_MAPPING_ID],
        .start = m[PP_PB_MAPPING_MEMORY_START],
        .limit = m[PP_PB_MAPPING_MEMORY_LIMIT],
        .offset = m[PP_PB_MAPPING_FILE_OFFSET],
        .file = string_of(d, m[PP_PB_MAPPING_FILENAME]),
        .build_id = string_of(d, m[PP_PB_MAPPING_BUILD_ID]),
        .has_functions = m[PP_PB_MAPPING_HAS_FUNCTIONS] != 0,
        .has_filenames = m[PP_PB_MAPPING_HAS_FILENAMES] != 0,
        .has_line_numbers = m[PP_PB_MAPPING_HAS_LINE_NUMBERS] != 0,
        .has_inline_frames = m[PP_PB_MAPPING_HAS_INLINE_FRAMES] != 0,
    };
    const pp_str kernel = PP_STR("[kernel.kallsyms]");
    pp_str file = p->strings[to->file];
    if (pp_str_has_prefix(file, kernel))
        to->kernel_relocation_symbol = pp_profile_intern(p, pp_str_from(file, kernel.n));
}

static void add_function(struct decode *d, struct pp_bytes b)
{
    uint64_t f[N_FUNCTION] = {0};
    pp_fields_read_ints(b, f, N_FUNCTION);
    d->p->functions[d->p->n_functions++] = (struct pp_function){
        .id = f[PP_PB_FUNCTION_ID],
        .name = string_of(d, f[PP_PB_FUNCTION_NAME]),
        .system_name = string_of(d, f[PP_PB_FUNCTION_SYSTEM_NAME]),
        .filename = string_of(d, f[PP_PB_FUNCTION_FILENAME]),
        .start_line = (int64_t)f[PP_PB_FUNCTION_START_LINE],
    };
}

static void add_comment(struct decode *d, const struct pp_field *f)
{
    struct pp_profile *p = d->p;
    if (f->wire == PP_PB_WIRE_VARINT)
        p->comments[p->n_comments++] = string_of(d, f->value);
    else
        for (const uint8_t *q = f->body.p; q < f->body.end;)
            p->comments[p->n_comments++] = string_of(d, pp_packed_next(&q));
}

/* Locations come last: they refer to mappings and functions. */
static void add_location(struct decode *d, struct pp_bytes b)
{
    struct pp_profile *p = d->p;
    struct pp_location *l = &p->locations[p->n_locations++];
    uint64_t ints[PP_PB_LOCATION_IS_FOLDED + 1] = {0};
    struct pp_field f;
    l->first_line = (uint32_t)p->n_lines;
    while (b.p < b.end && pp_field_next(&b, &f)) {
        if (f.number > PP_PB_LOCATION_IS_FOLDED) continue;
        if (f.number != PP_PB_LOCATION_LINE) {
            ints[f.number] = f.value;
            continue;
        }
        uint64_t line[N_LINE] = {0};
        pp_fields_read_ints(f.body, line, N_LINE);
        p->lines[p->n_lines++] = (struct pp_line){
            .function =
                line[PP_PB_LINE_FUNCTION_ID] ? pp_ids_find(&d->functions, line[PP_PB_LINE_FUNCTION_ID]) : PP_NONE,
            .line = (int64_t)line[PP_PB_LINE_LINE],
            .column = (int64_t)line[PP_PB_LINE_COLUMN],
        };
    }
    l->n_lines = (uint32_t)p->n_lines - l->first_line;
    l->id = ints[PP_PB_LOCATION_ID];
    l->address = ints[PP_PB_LOCATION_ADDRESS];
    l->mapping = pp_ids_find(&d->mappings, ints[PP_PB_LOCATION_MAPPING_ID]);
    l->is_folded = ints[PP_PB_LOCATION_IS_FOLDED] != 0;
}

static void build_table(struct decode *d, const struct pp_field *f)
{
    uint64_t ints[N_TYPE] = {0};
    switch (f->number) {
    case PP_PB_PROFILE_SAMPLE_TYPE:
        pp_fields_read_ints(f->body, ints, N_TYPE);
        d->p->types[d->p->n_types++] = type_of(d, ints);
        break;
    case PP_PB_PROFILE_MAPPING: add_mapping(d, f->body); break;
    case PP_PB_PROFILE_FUNCTION: add_function(d, f->body); break;
    case PP_PB_PROFILE_COMMENT: add_comment(d, f); break;
    default: break;
    }
}

static void build_tables(struct decode *d)
{
    struct pp_profile *p = d->p;
    struct pp_arena *a = p->arena;
    struct pp_field f;
    p->types = PP_NEW_N(a, struct pp_value_type, d->n.types);
    p->mappings = PP_NEW_N(a, struct pp_mapping, d->n.mappings);
    p->functions = PP_NEW_N(a, struct pp_function, d->n.functions);
    p->comments = PP_NEW_N(a, pp_string_id, d->n.comments);
    p->locations = PP_NEW_N(a, struct pp_location, d->n.locations);
    p->lines = PP_NEW_N(a, struct pp_line, d->n.lines);
    for (struct pp_bytes b = d->in; next_beside_samples(d, &b, &f);)
        build_table(d, &f);
    pp_ids_build(a, &d->mappings, &p->mappings->id, sizeof *p->mappings, p->n_mappings);
    pp_ids_build(a, &d->functions, &p->functions->id, sizeof *p->functions, p->n_functions);
    for (struct pp_bytes b = d->in; next_beside_samples(d, &b, &f);)
        if (f.number == PP_PB_PROFILE_LOCATION) add_location(d, f.body);
    pp_ids_build(a, &d->locations, &p->locations->id, sizeof *p->locations, p->n_locations);
}

static void build_head(struct decode *d)
{
    struct pp_profile *p = d->p;
    const uint64_t *top = d->n.top;
    p->drop_frames = string_of(d, top[PP_PB_PROFILE_DROP_FRAMES]);
    p->keep_frames = string_of(d, top[PP_PB_PROFILE_KEEP_FRAMES]);
    p->time_nanos = (int64_t)top[PP_PB_PROFILE_TIME_NANOS];
    p->duration_nanos = (int64_t)top[PP_PB_PROFILE_DURATION_NANOS];
    p->period = (int64_t)top[PP_PB_PROFILE_PERIOD];
    p->default_type = string_of(d, top[PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE]);
    p->doc_url = string_of(d, top[PP_PB_PROFILE_DOC_URL]);
    p->has_period_type = true;
    p->period_type = type_of(d, d->n.period_type);
}

/* ---- second pass: samples ---- */

/* Appends the indices of packed location ids; the bytes are checked. Two numbers of up to four bytes each are cut out of one
 * 8-byte load: their lengths are found without a branch, so that mixed lengths cost no mispredictions. */
static uint32_t *add_packed_locs(const struct pp_ids *ids, struct pp_bytes b, const uint8_t *in_end, uint32_t *to)
{
    const uint8_t *p = b.p;
    const uint32_t n = ids->n;
    while (p < b.end) {
        uint64_t v;
        if (in_end - p < 8 || !ids->identity) {
            *to++ = pp_ids_find(ids, pp_packed_next(&p));
            continue;
        }
        memcpy(&v, p, 8);
        uint64_t ends = ~v & 0x8080808080808080u;
        unsigned first = (unsigned)__builtin_ctzll(ends | 1ull << 63) + 1;
        ends &= ends - 1;
        unsigned both = (unsigned)__builtin_ctzll(ends | 1ull << 63) + 1;
        if (first > 32 || both - first > 32 || !ends || p + both / 8 > b.end) {
            *to++ = pp_ids_find(ids, pp_packed_next(&p));
            continue;
        }
        uint64_t x = v & (~0ull >> (64 - first)), y = v >> first & (~0ull >> (64 - (both - first)));
        x = (x & 0x7f) | (x >> 1 & 0x3f80) | (x >> 2 & 0x1fc000) | (x >> 3 & 0xfe00000);
        y = (y & 0x7f) | (y >> 1 & 0x3f80) | (y >> 2 & 0x1fc000) | (y >> 3 & 0xfe00000);
        to[0] = x - 1 < n ? (uint32_t)x - 1 : PP_NONE;
        to[1] = y - 1 < n ? (uint32_t)y - 1 : PP_NONE;
        to += 2;
        p += both / 8;
    }
    return to;
}

struct build {
    struct decode *d;
    uint32_t *loc;          /* next free place */
    struct pp_label *label; /* the same */
    uint32_t sample;
    uint32_t value;      /* next type */
    const uint8_t *done; /* pages of the input before this are given back */
    uint8_t *fresh;      /* pages of the column from here on were never touched */
};

static void add_label(struct build *w, struct pp_bytes b)
{
    uint64_t l[N_LABEL] = {0};
    pp_fields_read_ints(b, l, N_LABEL);
    bool is_num = l[PP_PB_LABEL_STR] == 0;
    if (is_num && !l[PP_PB_LABEL_NUM] && !l[PP_PB_LABEL_NUM_UNIT]) return;
    *w->label++ = (struct pp_label){
        .key = string_of(w->d, l[PP_PB_LABEL_KEY]),
        .str = string_of(w->d, l[PP_PB_LABEL_STR]),
        .num = is_num ? (int64_t)l[PP_PB_LABEL_NUM] : 0,
        .unit = is_num ? string_of(w->d, l[PP_PB_LABEL_NUM_UNIT]) : 0,
        .is_num = is_num,
    };
}

static void add_values(struct build *w, const struct pp_field *f)
{
    struct pp_profile *p = w->d->p;
    if (f->wire == PP_PB_WIRE_VARINT)
        p->values[w->value++][w->sample] = (int64_t)f->value;
    else
        for (const uint8_t *q = f->body.p; q < f->body.end;)
            p->values[w->value++][w->sample] = (int64_t)pp_packed_next(&q);
}

/* A sample with the right number of values. False: it has an unknown location. */
static bool add_sample(struct build *w, struct pp_bytes b)
{
    struct decode *d = w->d;
    struct pp_profile *p = d->p;
    struct pp_field f;
    uint32_t *first = w->loc;
    struct pp_label *first_label = w->label;
    w->value = 0;
    while (b.p < b.end && pp_field_next(&b, &f)) {
        if (f.number == PP_PB_SAMPLE_LOCATION_ID) {
            if (f.wire == PP_PB_WIRE_VARINT)
                *w->loc++ = pp_ids_find(&d->locations, f.value);
            else
                w->loc = add_packed_locs(&d->locations, f.body, d->in.end, w->loc);
        } else if (f.number == PP_PB_SAMPLE_VALUE) {
            add_values(w, &f);
        } else if (f.number == PP_PB_SAMPLE_LABEL) {
            add_label(w, f.body);
        }
    }
    bool known = true;
    for (const uint32_t *l = first; l < w->loc; l++)
        known &= *l != PP_NONE;
    p->loc_off[++w->sample] = (uint64_t)(w->loc - p->locs);
    if (p->label_off) {
        pp_labels_sort(p, first_label, (size_t)(w->label - first_label));
        p->label_off[w->sample] = (uint64_t)(w->label - p->labels);
    }
    return known;
}

/* How many samples come before the first one with a wrong number of values; *ret_values is that number. */
static uint64_t good_samples(const struct counts *n, uint64_t *ret_values)
{
    *ret_values = n->first_values != n->types ? n->first_values : n->other_values;
    if (n->first_values != n->types) return 0;
    return n->other_sample == NO_SAMPLE ? n->samples : n->other_sample;
}

static void build_columns(struct decode *d, uint64_t samples)
{
    struct pp_profile *p = d->p;
    p->loc_off = PP_NEW_N(p->arena, uint64_t, samples + 1);
    p->locs = PP_NEW_N(p->arena, uint32_t, d->n.locs);
    p->values = PP_NEW_N(p->arena, int64_t *, d->n.types);
    for (uint64_t t = 0; t < d->n.types; t++)
        p->values[t] = PP_NEW_N(p->arena, int64_t, samples);
    if (!d->n.labels) return;
    p->label_off = PP_NEW_N(p->arena, uint64_t, samples + 1);
    p->labels = PP_NEW_N(p->arena, struct pp_label, d->n.labels);
}

static uint8_t *huge_up(const void *p) { return (uint8_t *)(((uintptr_t)p + PP_PAGES_HUGE - 1) & -PP_PAGES_HUGE); }

static uint8_t *huge_down(const void *p) { return (uint8_t *)((uintptr_t)p & -PP_PAGES_HUGE); }

/* The input up to `now` is decoded. Its pages go to where the column of locations will grow next: clearing fresh ones would
 * take the kernel as long as decoding a third of the samples takes us. */
static void give_back(struct build *w, const uint8_t *now)
{
    struct decode *d = w->d;
    uint8_t *from = huge_up(w->done), *to = huge_down(now), *end = huge_down(d->p->locs + d->n.locs);
    if (w->fresh < huge_up(w->loc)) w->fresh = huge_up(w->loc);
    if (d->may_reuse && from < to && w->fresh < end) {
        size_t n = (size_t)(to - from), room = (size_t)(end - w->fresh);
        if (n > room) n = room;
        if (pp_pages_move(w->fresh, from, n)) w->fresh += n;
    }
    pp_pages_discard(w->done, (size_t)(now - w->done));
    w->done = now;
}

static enum outcome build_samples(struct decode *d)
{
    uint64_t wrong, good = good_samples(&d->n, &wrong);
    struct pp_field f;
    struct pp_profile *p = d->p;
    build_columns(d, good);
    struct build w = {.d = d, .loc = p->locs, .label = p->labels, .done = d->samples};
    for (struct pp_bytes b = {d->samples, d->in.end}; d->samples && b.p < b.end;) {
        const uint8_t *start = b.p;
        if (!pp_field_next(&b, &f)) break;
        if (f.number != PP_PB_PROFILE_SAMPLE) { /* perhaps text: stays */
            if (d->may_discard) give_back(&w, start);
            w.done = b.p;
            continue;
        }
        if (w.sample == good) {
            pp_fail(d->err, PP_E_FORMAT, "mismatch: sample has %llu values vs. %llu types", (unsigned long long)wrong,
                    (unsigned long long)d->n.types);
            return MALFORMED;
        }
        if (!add_sample(&w, f.body)) {
            pp_fail(d->err, PP_E_FORMAT, "sample has nil location");
            return MALFORMED;
        }
        if (!d->may_discard || (size_t)(b.p - w.done) < DISCARD_STEP) continue;
        give_back(&w, d->may_reuse ? huge_down(b.p) : b.p);
    }
    p->n_samples = w.sample;
    return DECODED;
}

static enum outcome decode(struct decode *d)
{
    if (d->in.p == d->in.end) return EMPTY;
    enum outcome o = scan(d);
    if (o) return o;
    const struct counts *n = &d->n;
    uint64_t most =
        n->types | n->samples | n->mappings | n->locations | n->lines | n->functions | n->strings | n->comments;
    if (most >= PP_NONE >> 1) {
        pp_fail(d->err, PP_E_LIMIT, "too many entries for one profile");
        return MALFORMED;
    }
    build_strings(d);
    build_tables(d);
    build_head(d);
    if (n->types == 0 && n->samples) {
        pp_fail(d->err, PP_E_FORMAT, "missing sample type information");
        return MALFORMED;
    }
    if ((o = build_samples(d))) return o;
    return pp_profile_check_tables(d->p, d->err) ? MALFORMED : DECODED;
}

static enum pp_code fail_as(enum outcome o, struct pp_err *err)
{
    switch (o) {
    case EMPTY: return pp_fail(err, PP_E_EMPTY, "parsing profile: empty input file");
    case CONCATENATED: return pp_fail(err, PP_E_FORMAT, "parsing profile: concatenated profiles detected");
    default: return pp_within(err, "malformed profile");
    }
}

enum pp_code pp_profile_parse(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                              struct pp_profile **ret_profile, struct pp_err *err)
{
    struct pp_err local;
    bool may_discard = opt && opt->may_discard, may_reuse = false;
    if (!err) err = &local;
    if (pp_gzip_is(bytes)) {
        pp_str inflated;
        if (pp_gzip_decompress(a, bytes, opt ? opt->max_bytes : 0, &inflated, err))
            return pp_within(err, "decompressing profile");
        if (may_discard) pp_pages_discard(bytes.p, bytes.n);
        bytes = inflated;
        may_discard = may_reuse = true; /* these are ours */
    } else if (pp_zstd_is(bytes)) {
        pp_str unpacked;
        if (pp_zstd_decompress(a, bytes, opt ? opt->max_bytes : 0, &unpacked, err))
            return pp_within(err, "decompressing profile");
        bytes = unpacked;
        may_discard = false;
    }
    if (opt && opt->is_callers && opt->is_callers(bytes))
        return opt->read_callers(a, bytes, opt->max_bytes, ret_profile, err);
    struct decode d = {.may_discard = may_discard, .may_reuse = may_reuse, .err = err};
    d.in = (struct pp_bytes){(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n};
    d.p = PP_NEW(a, struct pp_profile);
    d.p->arena = a;
    d.p->input = bytes;
    enum outcome o = decode(&d);
    if (o == NOT_PROTO) return pp_formats_parse(a, bytes, opt, ret_profile, err);
    if (o) return fail_as(o, err);
    *ret_profile = d.p;
    return PP_OK;
}
