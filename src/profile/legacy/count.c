// SPDX-License-Identifier: Apache-2.0
/* goroutine profile: total 5
 * 3 @ 0x43a1f6 0x44b712
 * #	0x43a1f5	main.work+0x15	/src/main.go:12        comments
 */
#include "profile/legacy/legacy.h"

#include "base/gonum.h"
#include "profile/legacy/rows.h"

static enum pp_format_answer malformed(struct pp_err *err)
{
    pp_fail(err, PP_E_FORMAT, "malformed profile format");
    return PP_FORMAT_BROKEN;
}

static bool read_sample(struct pp_gather *g, struct pp_addresses *frames, pp_str line)
{
    struct pp_row_sample row;
    struct pp_err err;
    int64_t n;
    frames->n = 0;
    if (!pp_row_count(line, &row) || pp_go_parse_int(row.value[0], 0, 64, &n) ||
        pp_legacy_addresses(g->p->arena, row.frames, frames, &err))
        return false;
    pp_legacy_add_calls(g, frames->p, frames->n);
    pp_gather_sample(g, &n);
    return true;
}

enum pp_format_answer pp_legacy_count(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                      struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct pp_lines l = {.rest = bytes};
    struct pp_gather g;
    struct pp_addresses frames = {0};
    pp_str type;
    while (pp_lines_next(&l) && pp_line_is_empty(l.line))
        ;
    if (l.too_long) {
        pp_lines_fail(err);
        return PP_FORMAT_BROKEN;
    }
    if (!pp_row_count_header(l.line, &type)) return PP_FORMAT_NOT_MINE;
    pp_gather_init(&g, a, 1);
    pp_gather_types(&g, 1, (const pp_str[][2]){{type, PP_STR("count")}});
    pp_gather_period(&g, type, PP_STR("count"), 1);
    while (pp_lines_next(&l)) {
        if (pp_line_is_empty(l.line)) continue;
        if (pp_line_is_dashed(l.line)) break;
        if (!read_sample(&g, &frames, l.line)) return malformed(err);
    }
    return pp_legacy_finish(&g, &l, ret_profile, err);
}
