// SPDX-License-Identifier: Apache-2.0
#include "profile/aggregate.h"

static void forget_functions(struct pp_profile *p, const struct pp_aggregate *keep)
{
    if (keep->function && keep->filename) return;
    for (uint32_t i = 0; i < p->n_functions; i++) {
        if (!keep->function) p->functions[i].name = p->functions[i].system_name = 0;
        if (!keep->filename) p->functions[i].filename = 0;
    }
}

static void forget_lines(struct pp_profile *p, const struct pp_aggregate *keep)
{
    if (keep->line && keep->column) return;
    for (uint64_t i = 0; i < p->n_lines; i++) {
        if (!keep->line) p->lines[i].line = 0;
        p->lines[i].column = 0;
    }
}

static void forget_locations(struct pp_profile *p, const struct pp_aggregate *keep)
{
    if (keep->inline_frames && keep->address) return;
    for (uint32_t i = 0; i < p->n_locations; i++) {
        struct pp_location *l = &p->locations[i];
        if (!keep->inline_frames && l->n_lines > 1) {
            l->first_line += l->n_lines - 1;
            l->n_lines = 1;
        }
        if (!keep->address) l->address = 0;
    }
}

void pp_aggregate(struct pp_profile *p, const struct pp_aggregate *keep)
{
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        struct pp_mapping *m = &p->mappings[i];
        m->has_inline_frames = m->has_inline_frames && keep->inline_frames;
        m->has_functions = m->has_functions && keep->function;
        m->has_filenames = m->has_filenames && keep->filename;
        m->has_line_numbers = m->has_line_numbers && keep->line;
    }
    forget_functions(p, keep);
    forget_lines(p, keep);
    forget_locations(p, keep);
}

enum pp_code pp_aggregate_by_name(struct pp_profile *p, pp_str granularity, bool noinlines, bool showcolumns,
                                  struct pp_err *err)
{
    static const struct {
        const char *name;
        struct pp_aggregate keep;
    } choices[] = {
        {"", {.function = true}},
        {"functions", {.function = true}},
        {"filefunctions", {.function = true, .filename = true}},
        {"files", {.filename = true}},
        {"lines", {.function = true, .filename = true, .line = true}},
        {"addresses", {.function = true, .filename = true, .line = true, .address = true}},
    };
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (!pp_str_eq_c(granularity, choices[i].name)) continue;
        struct pp_aggregate keep = choices[i].keep;
        if (keep.address && !noinlines) return PP_OK;
        keep.inline_frames = !noinlines;
        keep.column = showcolumns;
        pp_aggregate(p, &keep);
        return PP_OK;
    }
    return pp_fail(err, PP_E_USAGE, "unexpected granularity");
}
