// SPDX-License-Identifier: Apache-2.0
/* --- threadz 1 ---
 * --- Thread 7f794ab90940 (name: main/14748) stack: ---
 *   PC: 0x00bc8f1c: helper(arg *)          any lines with addresses, leaf first; or: (same as previous thread)
 * --- Memory map: ---                      must come, or: ---- no stack trace for ...
 */
#include "profile/legacy/legacy.h"

#include "base/utf8.h"
#include "profile/legacy/rows.h"

struct threads {
    struct pp_gather g;
    struct pp_lines l;
    struct pp_addresses frames; /* of one thread; none: it repeats the last one */
    pp_str line;                /* what follows the thread */
};

static bool read_start(struct threads *t)
{
    while (pp_lines_next(&t->l) && pp_line_is_empty(t->l.line))
        ;
    t->line = t->l.line;
    if (!pp_row_threadz(t->line)) return pp_row_thread(t->line);
    while (pp_lines_next(&t->l)) {
        t->line = t->l.line;
        if (pp_line_starts_maps(t->line) || pp_str_has_prefix(t->line, PP_STR("-"))) break;
    }
    return true;
}

static enum pp_format_answer read_thread(struct threads *t, struct pp_err *err)
{
    bool repeats = false;
    t->frames.n = 0;
    t->line = (pp_str){0};
    while (pp_lines_next(&t->l)) {
        t->line = pp_utf8_trim(t->l.line);
        if (pp_line_is_dashed(t->line)) break;
        if (pp_str_contains(t->line, PP_STR("same as previous thread")))
            repeats = true;
        else if (pp_legacy_addresses(t->g.p->arena, t->line, &t->frames, err))
            return pp_legacy_bad_sample(t->line, err);
    }
    if (t->l.too_long) {
        pp_lines_fail(err);
        return PP_FORMAT_BROKEN;
    }
    if (repeats) t->frames.n = 0;
    return PP_FORMAT_READ;
}

static void add_thread(struct threads *t)
{
    const struct pp_addresses *f = &t->frames;
    size_t n = t->g.values[0].n;
    if (!f->n) {
        if (n) t->g.values[0].p[n - 1]++;
        return;
    }
    pp_gather_frame(&t->g, f->p[0]);
    pp_legacy_add_calls(&t->g, f->p + 1, f->n - 1);
    pp_gather_sample(&t->g, (int64_t[]){1});
}

enum pp_format_answer pp_legacy_thread(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                       struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct threads t = {.l = {.rest = bytes}};
    if (!read_start(&t)) return PP_FORMAT_NOT_MINE;
    pp_gather_init(&t.g, a, 1);
    pp_gather_types(&t.g, 1, (const pp_str[][2]){{PP_STR("thread"), PP_STR("count")}});
    pp_gather_period(&t.g, PP_STR("thread"), PP_STR("count"), 1);
    while (!pp_line_starts_maps(t.line)) {
        if (pp_str_has_prefix(t.line, PP_STR("---- no stack trace for"))) break;
        if (!pp_row_thread(t.line)) return PP_FORMAT_NOT_MINE;
        enum pp_format_answer answer = read_thread(&t, err);
        if (answer != PP_FORMAT_READ) return answer;
        add_thread(&t);
    }
    enum pp_format_answer answer = pp_legacy_finish(&t.g, &t.l, ret_profile, err);
    if (answer == PP_FORMAT_READ) pp_legacy_merge_leaves(*ret_profile);
    return answer;
}
