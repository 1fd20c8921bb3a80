// SPDX-License-Identifier: Apache-2.0
#include "symbols/dwarf.h"

#include "symbols/dwarf_line.h"
#include "symbols/dwarf_split.h"
#include "symbols/dwarf_walk.h"

#define SCRATCH_KEPT ((size_t)1 << 20)

/* A unit after its first use. */
struct unit {
    struct pp_dwarf_unit *dies; /* what was walked: the unit itself, or its split unit */
    struct pp_dwarf_functions functions;
    struct pp_line_table lines;
    PP_VEC(struct pp_dwarf_detail) details;
};

struct pp_dwarf {
    struct pp_arena *arena;
    struct pp_arena scratch; /* emptied after each unit */
    struct pp_dwarf_options options;
    struct pp_dwarf_file main, alt;
    struct pp_dwarf_intervals unit_at; /* -> index into main.units */
    struct unit **units;               /* NULL: not used yet */
    struct pp_dwarf_split *split;
    pp_str problem;
};

static void note_problem(struct pp_dwarf *d, const struct pp_err *err)
{
    if (!d->problem.n) d->problem = pp_arena_dup(d->arena, (pp_str){err->text, err->n});
}

/* Ranges of all units. Later ranges win, so units go in backwards: of two that claim an address, the first one has it. */
static void index_units(struct pp_dwarf *d)
{
    pp_dwarf_ranges ranges = {0};
    struct pp_err err = {0};
    for (size_t i = d->main.units.n; i-- > 0;) {
        struct pp_dwarf_unit *u = d->main.units.p[i];
        if (u->unit_type == DW_UT_type) continue;
        if (pp_dwarf_unit_read(u, &d->scratch, &ranges, (uint32_t)i, &err)) note_problem(d, &err);
    }
    pp_dwarf_intervals_make(d->arena, &d->scratch, ranges.p, ranges.n, &d->unit_at);
    pp_arena_release(&d->scratch);
}

enum pp_code pp_dwarf_open(struct pp_arena *a, const struct pp_object *debug, const struct pp_dwarf_options *options,
                           struct pp_dwarf **ret_dwarf, struct pp_err *err)
{
    struct pp_dwarf *d = PP_NEW(a, struct pp_dwarf);
    struct pp_err fault = {0};
    *d = (struct pp_dwarf){.arena = a, .options = *options};
    if (debug->type == 1 /* ET_REL */)
        return pp_fail(err, PP_E_UNSUPPORTED, "DWARF of relocatable objects is not supported");
    enum pp_code c = pp_dwarf_file_read(a, debug, false, &d->main, err);
    if (c) return c;
    if (!d->main.info.n) return pp_fail(err, PP_E_NOTFOUND, "no .debug_info");
    pp_arena_init(&d->scratch, a->max_bytes, a->oom);
    if (pp_dwarf_file_list_units(&d->main, &fault)) note_problem(d, &fault);
    if (options->alt) {
        if (pp_dwarf_file_read(a, options->alt, false, &d->alt, &fault) || pp_dwarf_file_list_units(&d->alt, &fault))
            note_problem(d, &fault);
        d->main.alt = &d->alt;
    }
    index_units(d);
    d->units = PP_NEW_N(a, struct unit *, d->main.units.n);
    d->split = pp_dwarf_split_new(a, debug);
    *ret_dwarf = d;
    return PP_OK;
}

void pp_dwarf_release(struct pp_dwarf *d)
{
    if (!d) return;
    pp_dwarf_split_release(d->split);
    pp_dwarf_file_release(&d->main);
    pp_dwarf_file_release(&d->alt);
    pp_arena_release(&d->scratch);
}

pp_str pp_dwarf_problem(const struct pp_dwarf *d) { return d->problem; }

/* Big units leave much behind: emptying would write all of it once more. */
static void empty_scratch(struct pp_dwarf *d)
{
    if (d->scratch.total_bytes > SCRATCH_KEPT)
        pp_arena_release(&d->scratch);
    else
        pp_arena_reset(&d->scratch);
}

static struct unit *load_unit(struct pp_dwarf *d, struct pp_dwarf_unit *u)
{
    struct unit *t = PP_NEW(d->arena, struct unit);
    struct pp_err err = {0};
    t->dies = u;
    if (u->dwo_name.n) {
        if (pp_dwarf_split_unit(d->split, u, &t->dies, &err))
            note_problem(d, &err);
        else
            t->dies->file->min_addr = d->main.min_addr;
    }
    if (pp_dwarf_walk(t->dies, d->arena, &d->scratch, &t->functions, &err)) note_problem(d, &err);
    if (u->line_offset != PP_DWARF_NONE) {
        if (pp_line_table_read(u, d->arena, &d->scratch, &t->lines, &err)) note_problem(d, &err);
        t->lines.repeat_relative_dir = d->options.repeat_relative_dir;
    }
    empty_scratch(d);
    return t;
}

static const struct pp_dwarf_detail *detail_of(struct pp_dwarf *d, struct unit *t, struct pp_dwarf_function *f)
{
    if (!f->detail) {
        pp_dwarf_function_detail(t->dies, f->die, PP_PUSH(d->arena, &t->details));
        f->detail = (uint32_t)t->details.n;
    }
    return &t->details.p[f->detail - 1];
}

bool pp_dwarf_find(struct pp_dwarf *d, uint64_t addr, struct pp_arena *a, pp_frames *frames)
{
    uint32_t index = pp_dwarf_intervals_find(&d->unit_at, addr);
    if (index == PP_DWARF_NOBODY) return false;
    struct pp_dwarf_unit *u = d->main.units.p[index];
    if (!d->units[index]) d->units[index] = load_unit(d, u);
    struct unit *t = d->units[index];

    struct pp_frame frame = {0};
    struct pp_line_row row;
    bool has_row = pp_line_find(&t->lines, addr, &row);
    uint32_t at = pp_dwarf_intervals_find(&t->functions.by_addr, addr);
    if (!has_row && at == PP_DWARF_NOBODY) return true;
    if (has_row) {
        frame.file = pp_line_path(&t->lines, row.file, u->comp_dir, d->arena);
        frame.line = row.line;
        frame.column = row.column;
    }
    while (at != PP_DWARF_NOBODY) {
        struct pp_dwarf_function *f = &t->functions.items[at];
        const struct pp_dwarf_detail *detail = detail_of(d, t, f);
        frame.name = detail->name;
        frame.start_line = detail->start_line;
        *PP_PUSH(a, frames) = frame;
        if ((at = f->parent) == PP_DWARF_NOBODY) return true;
        frame = (struct pp_frame){.file = pp_line_path(&t->lines, detail->call_file, u->comp_dir, d->arena),
                                  .line = detail->call_line,
                                  .column = detail->call_column};
    }
    *PP_PUSH(a, frames) = frame;
    return true;
}
