// SPDX-License-Identifier: Apache-2.0
#include "profile/sample_columns.h"

#include "profile/label_sort.h"

#define WIDE 0x80000000u
#define FIRST_SAMPLES 1024
#define FEW_VALUES 16
#define MOST (PP_NONE >> 1)
#define GUESS_FROM ((uint64_t)128 << 10) /* bytes that tell how many samples the rest holds */

void pp_samples_begin(struct pp_samples *s, struct pp_arena *a, uint64_t n_bytes)
{
    *s = (struct pp_samples){.a = a, .n_bytes = n_bytes};
}

/* How many of a thing the whole text may hold when there were n in what is read: pages that stay unused cost nothing. */
static size_t guess(const struct pp_samples *s, uint64_t n, uint64_t more)
{
    uint64_t twice = 2 * (n + more);
    if (s->n_done < GUESS_FROM || n < 1024) return twice;
    uint64_t whole = (uint64_t)((double)n * 1.06 * (double)s->n_bytes / (double)s->n_done) + more;
    return whole > n + more + n / 8 ? whole : twice;
}

#define GROW(s, column, cap) (s)->column = pp_arena_grow_pages((s)->a, (s)->column, (cap) * sizeof *(s)->column)

static void reserve_samples(struct pp_samples *s)
{
    if (s->n < s->cap_samples) return;
    s->cap_samples = s->n ? guess(s, s->n, 1) : FIRST_SAMPLES;
    GROW(s, loc_off, s->cap_samples + 1);
    if (s->label_off) GROW(s, label_off, s->cap_samples + 1);
}

/* Many columns get less room: what is taken stays within a few times the text. */
static void reserve_values(struct pp_samples *s)
{
    if (s->n < s->cap_values) return;
    bool is_few = s->n_values <= FEW_VALUES;
    s->cap_values = !is_few ? 2 * (s->n + 1ull) : s->n ? guess(s, s->n, 1) : FIRST_SAMPLES;
    for (uint64_t t = 0; t < s->n_values; t++) {
        if (is_few)
            GROW(s, values[t], s->cap_values);
        else
            s->values[t] = pp_arena_grow(s->a, s->values[t], s->n * sizeof(int64_t), s->cap_values * sizeof(int64_t),
                                         _Alignof(int64_t));
    }
}

static void reserve_locs(struct pp_samples *s, uint64_t more)
{
    if (s->locs && more <= s->cap_locs - s->n_locs) return;
    s->cap_locs = guess(s, s->n_locs, more);
    GROW(s, locs, s->cap_locs);
}

static void reserve_labels(struct pp_samples *s)
{
    if (s->n_labels < s->cap_labels) return;
    s->cap_labels = guess(s, s->n_labels, 1);
    GROW(s, labels, s->cap_labels);
    if (!s->label_off) GROW(s, label_off, s->cap_samples + 1); /* zero so far, as it should be */
}

/* ---- stacks ---- */

static __attribute__((noinline)) uint32_t wide_number(struct pp_samples *s, uint64_t id)
{
    uint64_t h = pp_hash_u64(id);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&s->wide.index, h); pp_hash_next(&pr, &i);)
        if (s->wide.ids[i] == id) return WIDE | i;
    if (s->wide.n == s->wide.cap) {
        s->wide.cap = s->wide.cap ? 2 * s->wide.cap : 64;
        GROW(s, wide.ids, s->wide.cap);
    }
    s->wide.ids[s->wide.n] = id;
    pp_hash_add(s->a, &s->wide.index, h, s->wide.n);
    return WIDE | s->wide.n++;
}

/* What stands for an id until the locations are known: id - 1, where that fits. */
static inline uint32_t number_of(struct pp_samples *s, uint64_t id)
{
    uint32_t number = id - 1 < WIDE ? (uint32_t)(id - 1) : wide_number(s, id);
    if (number > s->loc_max) s->loc_max = number;
    return number;
}

/* Appends the numbers of packed ids; the bytes are checked, those up to `limit` may be read. Two ids of up to four bytes each are cut out of one 8-byte load:
 * their lengths are found without a branch, so that mixed lengths cost no mispredictions. */
static uint32_t *add_packed(struct pp_samples *s, struct pp_bytes b, const uint8_t *limit, uint32_t *to)
{
    const uint8_t *p = b.p;
    uint32_t max = s->loc_max;
    while (p < b.end && limit - p >= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        uint64_t ends = ~v & 0x8080808080808080u;
        unsigned first = (unsigned)__builtin_ctzll(ends | 1ull << 63) + 1;
        ends &= ends - 1;
        unsigned both = (unsigned)__builtin_ctzll(ends | 1ull << 63) + 1;
        uint64_t x = v & (~0ull >> (64 - first)), y = v >> (first & 63) & (~0ull >> ((64 - (both - first)) & 63));
        x = (x & 0x7f) | (x >> 1 & 0x3f80) | (x >> 2 & 0x1fc000) | (x >> 3 & 0xfe00000);
        y = (y & 0x7f) | (y >> 1 & 0x3f80) | (y >> 2 & 0x1fc000) | (y >> 3 & 0xfe00000);
        if (first > 32 || both - first > 32 || !ends || !x || !y || p + both / 8 > b.end) {
            *to++ = number_of(s, pp_packed_next(&p));
            continue;
        }
        uint32_t a = (uint32_t)x - 1, c = (uint32_t)y - 1, more = a > c ? a : c;
        if (more > max) max = more;
        to[0] = a;
        to[1] = c;
        to += 2;
        p += both / 8;
    }
    if (max > s->loc_max) s->loc_max = max;
    while (p < b.end)
        *to++ = number_of(s, pp_packed_next(&p));
    return to;
}

/* How many bytes the ends of both have in common. */
static size_t common_end(struct pp_bytes a, struct pp_bytes b)
{
    size_t n = (size_t)(a.end - a.p), most = (size_t)(b.end - b.p) < n ? (size_t)(b.end - b.p) : n, k = 0;
    for (; k + 8 <= most; k += 8) {
        uint64_t x, y;
        memcpy(&x, a.end - k - 8, 8);
        memcpy(&y, b.end - k - 8, 8);
        if (x != y) return k + (size_t)__builtin_clzll(x ^ y) / 8;
    }
    while (k < most && a.end[-1 - (ptrdiff_t)k] == b.end[-1 - (ptrdiff_t)k])
        k++;
    return k;
}

/* The numbers in the last n bytes: bytes that end one. */
static size_t count_ends(const uint8_t *end, size_t n)
{
    size_t count = 0;
    for (; n >= 8; n -= 8) {
        uint64_t v;
        memcpy(&v, end - n, 8);
        count += ((~v & 0x8080808080808080u) >> 7) * 0x0101010101010101u >> 56;
    }
    for (; n; n--)
        count += end[-(ptrdiff_t)n] < 0x80;
    return count;
}

/* One run of packed ids, the sample's first. What it shares with the sample before is copied from there. */
static bool add_stack(struct pp_samples *s, struct pp_bytes b)
{
    size_t shared = common_end(b, s->last);
    const uint8_t *from = b.end - shared;
    while (from < b.end && *from >= 0x80)
        from++;               /* the first shared byte may be the middle of a number, */
    if (from < b.end) from++; /* and so may the one behind a number that ends there */
    struct pp_bytes own = {b.p, from};
    uint64_t n_own;
    if (!pp_packed_count(own, &n_own)) return false;
    size_t n_shared = count_ends(b.end, (size_t)(b.end - from));
    reserve_locs(s, n_own + n_shared);
    uint32_t *to = add_packed(s, own, b.end, s->locs + s->n_locs);
    if (n_shared) memcpy(to, s->locs + s->n_locs - n_shared, n_shared * sizeof *to);
    s->n_locs += n_own + n_shared;
    s->last = b;
    return true;
}

static bool add_ids(struct pp_samples *s, const struct pp_field *f, bool is_first)
{
    uint64_t n = 1;
    if (f->wire == PP_PB_WIRE_BYTES && is_first) return add_stack(s, f->body);
    pp_samples_forget_bytes(s); /* the stack isn't one run of bytes */
    if (f->wire == PP_PB_WIRE_BYTES ? !pp_packed_count(f->body, &n) : f->wire != PP_PB_WIRE_VARINT) return false;
    reserve_locs(s, n);
    if (f->wire == PP_PB_WIRE_VARINT)
        s->locs[s->n_locs] = number_of(s, f->value);
    else
        add_packed(s, f->body, f->body.end, s->locs + s->n_locs);
    s->n_locs += n;
    return true;
}

/* ---- values and labels ---- */

static void put_value(struct pp_samples *s, uint64_t k, int64_t v)
{
    if (s->n_all == 0)
        *PP_PUSH(s->a, &s->first) = v;
    else if (k < s->n_values)
        s->values[k][s->n] = v;
}

/* The first sample says how many columns there are. */
static void begin_values(struct pp_samples *s)
{
    s->n_values = s->first.n;
    s->values = PP_NEW_N(s->a, int64_t *, s->n_values);
    reserve_values(s);
    for (uint64_t t = 0; t < s->n_values; t++)
        s->values[t][0] = s->first.p[t];
}

static bool add_values(struct pp_samples *s, const struct pp_field *f, uint64_t *n)
{
    uint64_t more;
    if (f->wire == PP_PB_WIRE_VARINT) {
        put_value(s, (*n)++, (int64_t)f->value);
        return true;
    }
    if (f->wire != PP_PB_WIRE_BYTES || !pp_packed_count(f->body, &more)) return false;
    for (const uint8_t *p = f->body.p; p < f->body.end;)
        put_value(s, (*n)++, (int64_t)pp_packed_next(&p));
    return true;
}

static pp_string_id note_string(struct pp_samples *s, uint64_t number)
{
    if (number > s->string_max) s->string_max = number;
    return (pp_string_id)number;
}

static bool add_label(struct pp_samples *s, struct pp_bytes b)
{
    uint64_t l[PP_PB_LABEL_NUM_UNIT + 1] = {0};
    if (!pp_fields_read_ints(b, l, PP_PB_LABEL_NUM_UNIT + 1)) return false;
    note_string(s, l[PP_PB_LABEL_KEY]);
    bool is_num = l[PP_PB_LABEL_STR] == 0;
    if (is_num && !l[PP_PB_LABEL_NUM] && !l[PP_PB_LABEL_NUM_UNIT]) return true;
    reserve_labels(s);
    s->labels[s->n_labels++] = (struct pp_label){
        .key = (pp_string_id)l[PP_PB_LABEL_KEY],
        .str = note_string(s, l[PP_PB_LABEL_STR]),
        .num = is_num ? (int64_t)l[PP_PB_LABEL_NUM] : 0,
        .unit = is_num ? note_string(s, l[PP_PB_LABEL_NUM_UNIT]) : 0,
        .is_num = is_num,
    };
    return true;
}

/* The sample is complete. One with another number of values is the last in the columns' place, and is overwritten. */
static void end_sample(struct pp_samples *s, uint64_t n_values, uint64_t first_label)
{
    if (s->n_all == 0) begin_values(s);
    if (s->n == MOST) s->has_other = true; /* the caller refuses so many */
    if (n_values != s->n_values && !s->has_other) {
        s->has_other = true;
        s->other_values = n_values;
    }
    s->n_all++;
    if (s->has_other) {
        s->n_locs = s->loc_off[s->n];
        s->n_labels = first_label;
        pp_samples_forget_bytes(s);
        return;
    }
    s->n++;
    s->loc_off[s->n] = s->n_locs;
    if (s->label_off) s->label_off[s->n] = s->n_labels;
}

bool pp_samples_add(struct pp_samples *s, struct pp_bytes b)
{
    uint64_t n_values = 0, first_loc = s->n_locs, first_label = s->n_labels;
    struct pp_field f;
    reserve_samples(s);
    if (s->n_all) reserve_values(s);
    bool has_stack = false;
    while (b.p < b.end) {
        if (!pp_field_next(&b, &f)) return false;
        switch (f.number) {
        case PP_PB_SAMPLE_LOCATION_ID:
            if (!add_ids(s, &f, !has_stack)) return false;
            has_stack = true;
            break;
        case PP_PB_SAMPLE_VALUE:
            if (!add_values(s, &f, &n_values)) return false;
            break;
        case PP_PB_SAMPLE_LABEL:
            if (f.wire != PP_PB_WIRE_BYTES || !add_label(s, f.body)) return false;
            break;
        default: break;
        }
    }
    if (s->n_locs == first_loc) pp_samples_forget_bytes(s);
    end_sample(s, n_values, first_label);
    return true;
}

/* ---- the end ---- */

void pp_samples_none(struct pp_samples *s, uint64_t n_values)
{
    int64_t nothing = 0;
    for (uint64_t t = 0; t < n_values; t++)
        *PP_PUSH(s->a, &s->first) = nothing;
    begin_values(s);
}

static bool resolve_locs(struct pp_samples *s, const struct pp_ids *ids)
{
    if (ids->identity && (!s->n_locs || s->loc_max < ids->n)) return true;
    bool known = true;
    for (uint64_t i = 0; i < s->n_locs; i++) {
        uint32_t number = s->locs[i];
        uint64_t id = number & WIDE ? s->wide.ids[number & ~WIDE] : number + 1ull;
        s->locs[i] = pp_ids_find(ids, id);
        known &= s->locs[i] != PP_NONE;
    }
    return known;
}

static void resolve_labels(struct pp_samples *s, const struct pp_profile *p, const pp_string_id *strings)
{
    for (uint64_t i = 0; strings && i < s->n_labels; i++) {
        struct pp_label *l = &s->labels[i];
        l->key = strings[l->key];
        l->str = strings[l->str];
        l->unit = strings[l->unit];
    }
    for (uint32_t i = 0; i < s->n; i++)
        pp_labels_sort(p, s->labels + s->label_off[i], s->label_off[i + 1] - s->label_off[i]);
}

bool pp_samples_finish(struct pp_samples *s, struct pp_profile *p, const struct pp_ids *locations,
                       const pp_string_id *strings)
{
    if (!s->loc_off) GROW(s, loc_off, 1);
    reserve_locs(s, 0);
    if (!resolve_locs(s, locations)) return false;
    if (s->n_labels) resolve_labels(s, p, strings);
    p->n_samples = s->n;
    p->loc_off = s->loc_off;
    p->locs = s->locs;
    p->values = s->values;
    p->label_off = s->n_labels ? s->label_off : NULL;
    p->labels = s->labels;
    return true;
}
