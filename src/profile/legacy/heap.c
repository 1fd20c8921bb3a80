// SPDX-License-Identifier: Apache-2.0
/* heap profile: in-use objects: bytes [ allocated objects: bytes ] @ heap_v2/524288
 *     1: 32 [ 2: 64 ] @ 0x400123 0x400456
 * Kinds: heapprofile (all objects), heap_v2/RATE and heapz_v2/RATE (sampled), heap/RATE (Go: RATE is twice the mean), growth, fragmentation.
 */
#include "profile/legacy/legacy.h"

#include "base/gonum.h"
#include "base/utf8.h"
#include "profile/legacy/rows.h"

struct heap {
    struct pp_gather g;
    struct pp_addresses frames; /* of one sample */
    bool is_sampled, has_alloc;
    int64_t rate;
};

static bool is_alloc(pp_str alloc, pp_str in_use) { return !pp_str_eq(alloc, in_use) && !pp_str_eq_c(alloc, "0"); }

static bool read_sampling_header(struct heap *h, const struct pp_row_heap_header *row)
{
    if (row->rate.n && pp_go_parse_int(row->rate, 10, 64, &h->rate)) return false;
    h->has_alloc = is_alloc(row->alloc[0], row->in_use[0]) || is_alloc(row->alloc[1], row->in_use[1]);
    if (pp_str_eq_c(row->kind, "heapprofile")) {
        h->rate = 1;
        return true;
    }
    h->is_sampled = true;
    if (pp_str_eq_c(row->kind, "heap")) {
        h->rate /= 2;
        return true;
    }
    return pp_str_eq_c(row->kind, "heapz_v2") || pp_str_eq_c(row->kind, "heap_v2");
}

static bool read_header(struct heap *h, pp_str line)
{
    struct pp_row_heap_header row;
    if (pp_row_heap_header(line, &row)) return read_sampling_header(h, &row);
    h->rate = 1;
    return pp_row_other_heap_header(line, PP_STR("growth")) || pp_row_other_heap_header(line, PP_STR("fragmentation"));
}

/* In-use last: it is what reports show without -sample_index. */
static void set_types(struct heap *h)
{
    static const pp_str both[][2] = {{PP_STR("alloc_objects"), PP_STR("count")},
                                     {PP_STR("alloc_space"), PP_STR("bytes")},
                                     {PP_STR("inuse_objects"), PP_STR("count")},
                                     {PP_STR("inuse_space"), PP_STR("bytes")}};
    static const pp_str one[][2] = {{PP_STR("objects"), PP_STR("count")}, {PP_STR("space"), PP_STR("bytes")}};
    pp_gather_types(&h->g, h->has_alloc ? 4 : 2, h->has_alloc ? both : one);
    pp_gather_period(&h->g, PP_STR("space"), PP_STR("bytes"), h->rate);
}

/* Objects and bytes into value[0] and [1]; *block: the size of one, unless there is none. */
static enum pp_format_answer read_pair(const struct heap *h, pp_str line, const pp_str *digits, const char *label,
                                       int64_t *value, int64_t *block, struct pp_err *err)
{
    if (pp_legacy_int(digits[0], 10, &value[0], err) || pp_legacy_int(digits[1], 10, &value[1], err))
        return pp_legacy_bad_sample(line, err);
    if (value[0] == 0 && value[1] != 0) {
        pp_fail(err, PP_E_FORMAT, "%s count was 0 but %s bytes was %lld", label, label, (long long)value[1]);
        return PP_FORMAT_BROKEN;
    }
    if (value[0] == 0) return PP_FORMAT_READ;
    *block = pp_legacy_div(value[1], value[0]);
    if (h->is_sampled) pp_legacy_unsample(&value[0], &value[1], h->rate);
    return PP_FORMAT_READ;
}

static enum pp_format_answer read_sample(struct heap *h, pp_str line, struct pp_err *err)
{
    struct pp_row_sample row;
    int64_t value[4], *in_use = h->has_alloc ? &value[2] : &value[0], block = 0;
    if (!pp_row_heap(line, &row)) {
        pp_fail(err, PP_E_FORMAT, "unexpected number of sample values: got 0, want 6");
        return PP_FORMAT_BROKEN;
    }
    enum pp_format_answer answer = PP_FORMAT_READ;
    if (h->has_alloc) answer = read_pair(h, line, &row.value[2], "allocation", value, &block, err);
    if (answer == PP_FORMAT_READ) answer = read_pair(h, line, &row.value[0], "inuse", in_use, &block, err);
    if (answer != PP_FORMAT_READ) return answer;
    h->frames.n = 0;
    if (pp_legacy_addresses(h->g.p->arena, row.frames, &h->frames, err)) return pp_legacy_bad_sample(line, err);
    pp_legacy_add_calls(&h->g, h->frames.p, h->frames.n);
    pp_gather_sample(&h->g, value);
    pp_gather_block(&h->g, block);
    return PP_FORMAT_READ;
}

enum pp_format_answer pp_legacy_heap(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                     struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct heap h = {0};
    struct pp_lines l = {.rest = bytes};
    if (!pp_lines_next(&l) && l.too_long) {
        pp_lines_fail(err);
        return PP_FORMAT_BROKEN;
    }
    if (!read_header(&h, l.line)) return PP_FORMAT_NOT_MINE;
    pp_gather_init(&h.g, a, h.has_alloc ? 4 : 2);
    set_types(&h);
    while (pp_lines_next(&l)) {
        pp_str line = pp_utf8_trim(l.line);
        if (!line.n || line.p[0] == '#') continue;
        if (pp_line_starts_maps(line)) break;
        enum pp_format_answer answer = read_sample(&h, line, err);
        if (answer != PP_FORMAT_READ) return answer;
    }
    return pp_legacy_finish(&h.g, &l, ret_profile, err);
}
