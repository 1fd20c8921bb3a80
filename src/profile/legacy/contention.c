// SPDX-License-Identifier: Apache-2.0
/* --- contentionz 1 ---            (Go: "--- mutex:", "--- contention:")
 * cycles/second = 3201000000
 * sampling period = 100
 * ms since reset = 16502830
 * discarded samples = 0
 *   19490304       27 @ 0xbccc97 0xc61202       delay in cycles, contentions
 */
#include "profile/legacy/legacy.h"

#include "base/gonum.h"
#include "base/utf8.h"
#include "profile/legacy/rows.h"
#include "profile/units.h"

struct contention {
    struct pp_gather g;
    struct pp_addresses frames; /* of one sample */
    int64_t cycles_per_second;
};

static bool is_header(pp_str line)
{
    return pp_str_has_prefix(line, PP_STR("--- contentionz ")) || pp_str_has_prefix(line, PP_STR("--- mutex:")) ||
           pp_str_has_prefix(line, PP_STR("--- contention:"));
}

/* False: not one of ours (Java has "format" and "resolution"). */
static bool read_attribute(struct contention *c, pp_str name, pp_str value)
{
    int64_t ms;
    if (pp_str_eq_c(name, "discarded samples")) return true;
    if (pp_str_eq_c(name, "cycles/second")) return !pp_go_parse_int(value, 0, 64, &c->cycles_per_second);
    if (pp_str_eq_c(name, "sampling period")) return !pp_go_parse_int(value, 0, 64, &c->g.p->period);
    if (!pp_str_eq_c(name, "ms since reset") || pp_go_parse_int(value, 0, 64, &ms)) return false;
    c->g.p->duration_nanos = pp_legacy_mul(ms, 1000 * 1000);
    return true;
}

/* Leaves the first line that is no attribute as the current one. */
static bool read_attributes(struct contention *c, struct pp_lines *l)
{
    while (pp_lines_next(l)) {
        pp_str line = pp_utf8_trim(l->line), name, value;
        if (!line.n || line.p[0] == '#') continue;
        if (pp_line_is_dashed(line) || !pp_str_cut(line, '=', &name, &value)) break;
        if (!read_attribute(c, pp_utf8_trim(name), pp_utf8_trim(value))) return false;
    }
    return true;
}

static enum pp_format_answer read_sample(struct contention *c, pp_str line, struct pp_err *err)
{
    struct pp_row_sample row;
    int64_t delay, count, period = c->g.p->period;
    if (!pp_row_contention(line, &row)) return PP_FORMAT_NOT_MINE;
    if (pp_legacy_int(row.value[0], 10, &delay, err) || pp_legacy_int(row.value[1], 10, &count, err))
        return pp_legacy_bad_sample(line, err);
    if (period > 0) {
        if (c->cycles_per_second > 0)
            delay = pp_units_int((double)delay * (double)period / ((double)c->cycles_per_second / 1e9));
        count = pp_legacy_mul(count, period);
    }
    c->frames.n = 0;
    if (pp_legacy_addresses(c->g.p->arena, row.frames, &c->frames, err)) return pp_legacy_bad_sample(line, err);
    pp_legacy_add_calls(&c->g, c->frames.p, c->frames.n);
    pp_gather_sample(&c->g, (int64_t[]){count, delay});
    return PP_FORMAT_READ;
}

static enum pp_format_answer too_long(struct pp_err *err)
{
    pp_lines_fail(err);
    return PP_FORMAT_BROKEN;
}

enum pp_format_answer pp_legacy_contention(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                           struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct contention c = {0};
    struct pp_lines l = {.rest = bytes};
    if (!pp_lines_next(&l) && l.too_long) return too_long(err);
    if (!is_header(l.line)) return PP_FORMAT_NOT_MINE;
    pp_gather_init(&c.g, a, 2);
    pp_gather_types(
        &c.g, 2,
        (const pp_str[][2]){{PP_STR("contentions"), PP_STR("count")}, {PP_STR("delay"), PP_STR("nanoseconds")}});
    pp_gather_period(&c.g, PP_STR("contentions"), PP_STR("count"), 1);
    if (!read_attributes(&c, &l)) return PP_FORMAT_NOT_MINE;
    if (l.too_long) return too_long(err);
    do {
        pp_str line = pp_utf8_trim(l.line);
        if (pp_line_is_dashed(line)) break;
        if (!line.n || line.p[0] == '#') continue;
        enum pp_format_answer answer = read_sample(&c, line, err);
        if (answer != PP_FORMAT_READ) return answer;
    } while (pp_lines_next(&l));
    return pp_legacy_finish(&c.g, &l, ret_profile, err);
}
