// SPDX-License-Identifier: Apache-2.0
#include "symbols/symfile.h"

#include <stdlib.h>

#include "symbols/mini_debug.h"

struct pp_symfile {
    struct pp_arena arena; /* everything but this struct; the objects refer to it, so the struct never moves */
    struct pp_symfile_options options;
    struct pp_object object, debug, alt, mini; /* all but the first: zero when there are none */
    struct pp_symtab symtab, other_symtab, plt;
    struct pp_dwarf *dwarf; /* NULL: none */
    pp_str problem;
};

static void note_problem(struct pp_symfile *s, const struct pp_err *err)
{
    if (!s->problem.n) s->problem = pp_arena_dup(&s->arena, (pp_str){err->text, err->n});
}

static bool has_debug_info(const struct pp_object *o)
{
    const struct pp_section *s = pp_object_section(o, ".debug_info");
    if (!s) s = pp_object_section(o, ".zdebug_info");
    return s && s->type != SHT_NOBITS;
}

static void open_dwarf(struct pp_symfile *s, const struct pp_object *from)
{
    struct pp_err err = {0};
    enum pp_code c = pp_debug_file_open_alt(from, &s->options.debug, &s->alt, &err);
    if (c && err.n) note_problem(s, &err);
    struct pp_dwarf_options options = {.alt = s->alt.elf ? &s->alt : NULL,
                                       .repeat_relative_dir = s->options.alias == PP_ALIAS_LLVM};
    c = pp_dwarf_open(&s->arena, from, &options, &s->dwarf, &err);
    if (c && c != PP_E_NOTFOUND) note_problem(s, &err);
}

/* A stripped file's own symbols: those of its debug file, else those packed into it. */
static void load_other_symbols(struct pp_symfile *s)
{
    struct pp_err err = {0};
    const struct pp_object *from = s->debug.elf ? &s->debug : NULL;
    if (!from) {
        enum pp_code c = pp_mini_debug_open(&s->object, &s->mini, &err);
        if (c && c != PP_E_NOTFOUND) note_problem(s, &err);
        if (!c) from = &s->mini;
    }
    if (from && pp_symtab_read(&s->arena, from, s->options.alias, &s->other_symtab, &err)) note_problem(s, &err);
}

static void open_debug_file(struct pp_symfile *s)
{
    const struct pp_symfile_options *o = &s->options;
    if (!pp_debug_file_open(&s->object, &o->debug, &s->debug, NULL) || !o->find_debug || !s->object.build_id.n) return;
    pp_str path = o->find_debug(o->find_debug_ctx, &s->arena, s->object.build_id);
    struct pp_object found;
    if (!path.n || pp_object_open(&s->arena, path, &found, NULL)) return;
    if (pp_str_eq(found.build_id, s->object.build_id))
        s->debug = found;
    else
        pp_object_release(&found);
}

/* Names must not fail because something else of the file is broken: each part that can't be read is left out and noted. */
static void load(struct pp_symfile *s)
{
    struct pp_err err = {0};
    enum pp_alias alias = s->options.alias;
    if (pp_symtab_read(&s->arena, &s->object, alias, &s->symtab, &err)) note_problem(s, &err);
    if (alias == PP_ALIAS_PLAIN && pp_symtab_read_plt(&s->arena, &s->object, &s->plt, &err)) note_problem(s, &err);
    bool own = has_debug_info(&s->object), full = pp_object_section(&s->object, ".symtab") != NULL;
    if (!own || !full) open_debug_file(s);
    if (!full && alias == PP_ALIAS_PLAIN) load_other_symbols(s);
    if (own)
        open_dwarf(s, &s->object);
    else if (s->debug.elf && has_debug_info(&s->debug))
        open_dwarf(s, &s->debug);
}

static enum pp_code check_build_id(const struct pp_object *o, pp_str wanted, struct pp_err *err)
{
    if (!wanted.n || !o->build_id.n || pp_str_eq(wanted, o->build_id)) return PP_OK;
    return pp_fail(err, PP_E_STATE, "%.*s: build-id mismatch (%.*s != %.*s)", PP_FMT(o->path), PP_FMT(wanted),
                   PP_FMT(o->build_id));
}

enum pp_code pp_symfile_open_fd(int fd, pp_str path, const struct pp_symfile_options *o,
                                struct pp_symfile **ret_symfile, struct pp_err *err)
{
    struct pp_symfile *s = calloc(1, sizeof *s);
    if (!s) return pp_fail(err, PP_E_NOMEM, "out of memory");
    s->options = *o;
    pp_arena_init(&s->arena, o->max_bytes, o->oom);
    enum pp_code c = fd < 0 ? pp_object_open(&s->arena, path, &s->object, err)
                            : pp_object_open_fd(&s->arena, fd, path, &s->object, err);
    if (!c) c = check_build_id(&s->object, o->build_id, err);
    if (c) {
        pp_symfile_free(s);
        return c;
    }
    load(s);
    *ret_symfile = s;
    return PP_OK;
}

enum pp_code pp_symfile_open(pp_str path, const struct pp_symfile_options *o, struct pp_symfile **ret_symfile,
                             struct pp_err *err)
{
    return pp_symfile_open_fd(-1, path, o, ret_symfile, err);
}

void pp_symfile_free(struct pp_symfile *s)
{
    if (!s) return;
    pp_dwarf_release(s->dwarf);
    pp_object_release(&s->mini);
    pp_object_release(&s->alt);
    pp_object_release(&s->debug);
    pp_object_release(&s->object);
    pp_arena_release(&s->arena);
    free(s);
}

const struct pp_object *pp_symfile_object(const struct pp_symfile *s) { return &s->object; }

void pp_symfile_find(struct pp_symfile *s, uint64_t addr, struct pp_arena *a, pp_frames *ret_frames)
{
    pp_frames frames = {0};
    if (s->dwarf) pp_dwarf_find(s->dwarf, addr, a, &frames);
    const struct pp_symtab_item *sym = pp_symtab_find(&s->symtab, addr);
    bool named = frames.n && frames.p[frames.n - 1].name.n;
    if (!sym && !named) sym = pp_symtab_find(&s->other_symtab, addr);
    if (!sym && !named) sym = pp_symtab_find(&s->plt, addr);
    bool one_at_least = s->options.alias == PP_ALIAS_LLVM;
    if (!frames.n && (sym || one_at_least)) *PP_PUSH(a, &frames) = (struct pp_frame){0};
    if (sym) {
        struct pp_frame *outer = &frames.p[frames.n - 1];
        outer->name = sym->name;
        if (!outer->file.n) outer->file = sym->file;
    }
    *ret_frames = frames;
}

bool pp_symfile_entry(const struct pp_symfile *s, uint64_t addr, uint64_t *ret_start)
{
    const struct pp_symtab *tables[] = {&s->symtab, &s->other_symtab, &s->plt};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct pp_symtab_item *sym = pp_symtab_find(tables[i], addr);
        if (!sym) continue;
        *ret_start = sym->addr;
        return true;
    }
    return false;
}

bool pp_symfile_has_dwarf(const struct pp_symfile *s) { return s->dwarf != NULL; }

pp_str pp_symfile_problem(const struct pp_symfile *s)
{
    if (s->problem.n || !s->dwarf) return s->problem;
    return pp_dwarf_problem(s->dwarf);
}

size_t pp_symfile_bytes(const struct pp_symfile *s) { return s->arena.total_bytes; }
