// SPDX-License-Identifier: Apache-2.0
#include "profile/decode.h"

#include "base/pages.h"
#include "profile/formats.h"
#include "profile/ids.h"
#include "profile/pieces.h"
#include "profile/proto_reader.h"
#include "profile/sample_columns.h"
#include "profile/validate.h"
#include "profile/zstd.h"
#include "wire/gzip.h"

#define DISCARD_STEP ((size_t)4 << 20)
#define PIECES_MIN ((size_t)4 << 20) /* bytes of text: below, inflating and decoding at once gains nothing */
#define KEPT_FIRST ((size_t)256 << 10)

enum outcome {
    DECODED = 0,
    EMPTY,
    CONCATENATED,
    NOT_PROTO, /* some other format, perhaps */
    MALFORMED, /* err says how */
};

/* What the first pass counts, and the profile's own numbers. */
struct counts {
    uint64_t types, mappings, locations, lines, functions, strings, comments;
    uint64_t string_max;                     /* highest string number used */
    uint64_t top[PP_PB_PROFILE_DOC_URL + 1]; /* numbers by field */
    uint64_t period_type[3];
};

struct decode {
    struct pp_profile *p;
    struct pp_bytes in;                   /* all of the text, or what is beside its samples */
    const uint8_t *samples, *samples_end; /* the first run of samples in it, for skipping */
    bool may_discard;                     /* the pages of samples that are decoded */
    bool has_discarded;
    uint8_t *kept; /* of a text in pieces: what is beside its samples */
    struct counts n;
    struct pp_samples s;
    pp_string_id *strings; /* ids of the file's string numbers; NULL: the same */
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

/* One field of repeated numbers. */
static bool scan_ints_field(const struct pp_field *f, uint64_t *count)
{
    uint64_t more = 1;
    if (f->wire == PP_PB_WIRE_BYTES ? !pp_packed_count(f->body, &more) : f->wire != PP_PB_WIRE_VARINT) return false;
    *count += more;
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

/* Over the first run of samples; false at the end. */
static bool skip_samples(const struct decode *d, struct pp_bytes *b)
{
    if (b->p == d->samples) b->p = d->samples_end;
    return b->p < b->end;
}

static enum outcome scan(struct decode *d)
{
    struct counts *n = &d->n;
    struct pp_field f;
    for (struct pp_bytes b = d->in; skip_samples(d, &b);) {
        if (!pp_field_next(&b, &f)) return NOT_PROTO;
        if (f.number == 0 || f.number > PP_PB_PROFILE_DOC_URL || f.number == PP_PB_PROFILE_SAMPLE) continue;
        if (f.number == PP_PB_PROFILE_TIME_NANOS && n->top[PP_PB_PROFILE_TIME_NANOS]) return CONCATENATED;
        if (f.number == PP_PB_PROFILE_COMMENT) {
            if (!scan_comment(n, &f)) return NOT_PROTO;
        } else if (is_message(f.number)) {
            if (f.wire != PP_PB_WIRE_BYTES || !scan_message(n, f.body, f.number)) return NOT_PROTO;
        } else {
            if (f.wire != PP_PB_WIRE_VARINT) return NOT_PROTO;
            n->top[f.number] = f.value;
        }
    }
    note_string(n, d->s.string_max);
    note_string(n, n->period_type[PP_PB_VALUE_TYPE_TYPE]);
    note_string(n, n->period_type[PP_PB_VALUE_TYPE_UNIT]);
    note_string(n, n->top[PP_PB_PROFILE_DROP_FRAMES]);
    note_string(n, n->top[PP_PB_PROFILE_KEEP_FRAMES]);
    note_string(n, n->top[PP_PB_PROFILE_DEFAULT_SAMPLE_TYPE]);
    note_string(n, n->top[PP_PB_PROFILE_DOC_URL]);
    return n->string_max >= n->strings ? NOT_PROTO : DECODED;
}

/* ---- second pass: tables ---- */

static bool next_beside_samples(const struct decode *d, struct pp_bytes *b, struct pp_field *ret_field)
{
    return skip_samples(d, b) && pp_field_next(b, ret_field);
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

/* ---- the whole ---- */

static enum outcome too_many(struct decode *d)
{
    const struct counts *n = &d->n;
    uint64_t most =
        n->types | d->s.n_all | n->mappings | n->locations | n->lines | n->functions | n->strings | n->comments;
    if (most < PP_NONE >> 1) return DECODED;
    pp_fail(d->err, PP_E_LIMIT, "too many entries for one profile");
    return MALFORMED;
}

static enum outcome check_values(struct decode *d, bool locations_known)
{
    const struct pp_samples *s = &d->s;
    bool is_wrong = s->n_all && s->n_values != d->n.types;
    if (!is_wrong && !locations_known) {
        pp_fail(d->err, PP_E_FORMAT, "sample has nil location");
        return MALFORMED;
    }
    if (!is_wrong && !s->has_other) return DECODED;
    pp_fail(d->err, PP_E_FORMAT, "mismatch: sample has %llu values vs. %llu types",
            (unsigned long long)(is_wrong ? s->n_values : s->other_values), (unsigned long long)d->n.types);
    return MALFORMED;
}

/* The samples are in their columns; what is beside them makes the tables. */
static enum outcome decode_tables(struct decode *d)
{
    enum outcome o = scan(d);
    if (o || (o = too_many(d))) return o;
    build_strings(d);
    build_tables(d);
    build_head(d);
    if (!d->s.n_all) pp_samples_none(&d->s, d->n.types);
    if (d->n.types == 0 && d->s.n_all) {
        pp_fail(d->err, PP_E_FORMAT, "missing sample type information");
        return MALFORMED;
    }
    if ((o = check_values(d, pp_samples_finish(&d->s, d->p, &d->locations, d->strings)))) return o;
    return pp_profile_check_tables(d->p, d->err) ? MALFORMED : DECODED;
}

/* ---- a text that is there as a whole ---- */

/* All samples, first. The first error ends the text; whether another one comes before it, the tables tell. */
static bool take_samples(struct decode *d)
{
    struct pp_field f;
    const uint8_t *done = d->in.p;
    for (struct pp_bytes b = d->in; b.p < b.end;) {
        const uint8_t *start = b.p;
        bool is_sound = pp_field_next(&b, &f);
        if (is_sound && f.number != PP_PB_PROFILE_SAMPLE) {
            done = b.p; /* perhaps text: stays */
            continue;
        }
        d->s.n_done = (uint64_t)(b.p - d->in.p);
        if (!is_sound || f.wire != PP_PB_WIRE_BYTES || !pp_samples_add(&d->s, f.body)) {
            d->in.end = start;
            return false;
        }
        if (!d->samples) d->samples = d->samples_end = start;
        if (d->samples_end == start) d->samples_end = b.p;
        if (!d->may_discard || d->samples_end != b.p || (size_t)(start - done) < DISCARD_STEP) continue;
        if (done < d->samples) done = d->samples;
        pp_pages_discard(done, (size_t)(start - done)); /* not the last one: the next is compared with it */
        done = start;
        d->has_discarded = true;
    }
    return true;
}

static enum outcome decode(struct decode *d)
{
    if (d->in.p == d->in.end) return EMPTY;
    pp_samples_begin(&d->s, d->p->arena, (uint64_t)(d->in.end - d->in.p));
    bool is_sound = take_samples(d);
    enum outcome o = is_sound ? DECODED : scan(d);
    if (!is_sound) return o ? o : NOT_PROTO;
    return decode_tables(d);
}

/* ---- a text that comes in pieces ---- */

/* Appends a field to what is beside the samples. */
static void keep_field(struct decode *d, size_t *n, size_t *cap, const uint8_t *from, const uint8_t *to)
{
    size_t more = (size_t)(to - from);
    if (more > *cap - *n) {
        *cap = 2 * (*n + more) + KEPT_FIRST;
        d->kept = pp_arena_grow_pages(d->p->arena, d->kept, *cap);
    }
    memcpy(d->kept + *n, from, more);
    *n += more;
}

/* The whole fields of one piece; *at: the first byte that is left. False: broken. */
static bool take_piece(struct decode *d, struct pp_bytes piece, size_t *n, size_t *cap, const uint8_t **at)
{
    struct pp_field f;
    while (piece.p < piece.end) {
        const uint8_t *start = *at = piece.p;
        if (!pp_field_next(&piece, &f)) return (size_t)(piece.end - start) <= PP_GUNZIP_BACK; /* cut off, perhaps */
        if (f.number != PP_PB_PROFILE_SAMPLE)
            keep_field(d, n, cap, start, piece.p);
        else if (f.wire != PP_PB_WIRE_BYTES || !pp_samples_add(&d->s, f.body))
            return false;
    }
    *at = piece.p;
    return true;
}

/* The pages of the input that are used up. */
static void discard_input(const struct pp_pieces *pieces, pp_str input, size_t *done)
{
    size_t at = pp_pieces_at(pieces);
    if (at < *done + DISCARD_STEP) return;
    pp_pages_discard(input.p + *done, at - *done);
    *done = at & -PP_PAGE;
}

static bool take_pieces(struct decode *d, struct pp_pieces *pieces, pp_str input, size_t max_bytes)
{
    struct pp_bytes piece;
    size_t n_kept = 0, cap = 0, n_left = 0, done = 0;
    for (;;) {
        if (!pp_pieces_next(pieces, &piece)) return false;
        if (piece.p == piece.end) break;
        d->s.n_done += (uint64_t)(piece.end - piece.p);
        if (max_bytes && d->s.n_done > max_bytes) return false;
        const uint8_t *left;
        piece.p -= n_left;
        if (!take_piece(d, piece, &n_kept, &cap, &left)) return false;
        n_left = (size_t)(piece.end - left);
        pp_samples_forget_bytes(&d->s);
        if (d->may_discard) discard_input(pieces, input, &done);
    }
    d->in = (struct pp_bytes){d->kept, d->kept + n_kept};
    d->p->input = (pp_str){(const char *)d->kept, n_kept};
    return n_left == 0;
}

/* The usual case of a large profile: one sound gzip member with a sound profile. False: anything else; then the bytes are as
 * before, perhaps elsewhere. */
static bool parse_pieces(struct pp_arena *a, pp_str *bytes, const struct pp_decode_options *opt,
                         struct pp_profile **ret_profile)
{
    struct pp_pieces pieces;
    struct pp_err ignored;
    size_t n_text = pp_gzip_size_hint(*bytes);
    if (n_text < PIECES_MIN || !pp_pieces_begin(&pieces, *bytes, opt && opt->may_thread)) return false;
    struct decode d = {
        .err = &ignored, .p = PP_NEW(a, struct pp_profile), .may_discard = opt && opt->may_discard && opt->again};
    d.p->arena = a;
    pp_samples_begin(&d.s, a, n_text);
    bool taken = take_pieces(&d, &pieces, *bytes, opt ? opt->max_bytes : 0);
    pp_pieces_end(&pieces);
    *ret_profile = d.p;
    if (taken && !decode_tables(&d)) return true;
    if (d.may_discard && !opt->again(opt->again_ctx, bytes)) *bytes = PP_STR("");
    return false;
}

static enum pp_code fail_as(enum outcome o, struct pp_err *err)
{
    switch (o) {
    case EMPTY: return pp_fail(err, PP_E_EMPTY, "parsing profile: empty input file");
    case CONCATENATED: return pp_fail(err, PP_E_FORMAT, "parsing profile: concatenated profiles detected");
    case NOT_PROTO: return pp_fail(err, PP_E_FORMAT, "parsing profile: unrecognized profile format");
    default: return pp_within(err, "malformed profile");
    }
}

enum pp_code pp_profile_parse(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                              struct pp_profile **ret_profile, struct pp_err *err)
{
    struct pp_err local;
    bool may_discard = opt && opt->may_discard;
    if (!err) err = &local;
    if (pp_gzip_is(bytes) && parse_pieces(a, &bytes, opt, ret_profile)) return PP_OK;
    if (pp_gzip_is(bytes)) {
        pp_str inflated;
        if (pp_gzip_decompress(a, bytes, opt ? opt->max_bytes : 0, &inflated, err))
            return pp_within(err, "decompressing profile");
        if (may_discard) pp_pages_discard(bytes.p, bytes.n);
        bytes = inflated;
        may_discard = true; /* these are ours */
    } else if (pp_zstd_is(bytes)) {
        pp_str unpacked;
        if (pp_zstd_decompress(a, bytes, opt ? opt->max_bytes : 0, &unpacked, err))
            return pp_within(err, "decompressing profile");
        bytes = unpacked;
        may_discard = false;
    }
    if (opt && opt->is_callers && opt->is_callers(bytes))
        return opt->read_callers(a, bytes, opt->max_bytes, ret_profile, err);
    struct decode d = {.may_discard = may_discard, .err = err};
    d.in = (struct pp_bytes){(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n};
    d.p = PP_NEW(a, struct pp_profile);
    d.p->arena = a;
    d.p->input = bytes;
    enum outcome o = decode(&d);
    if (o == NOT_PROTO && !d.has_discarded) return pp_formats_parse(a, bytes, opt, ret_profile, err);
    if (o) return fail_as(o, err);
    *ret_profile = d.p;
    return PP_OK;
}
