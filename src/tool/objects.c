// SPDX-License-Identifier: Apache-2.0
#include "tool/objects.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gonum.h"
#include "base/gopath.h"
#include "symbols/demangle.h"
#include "symbols/symfile.h"
#include "tool/child.h"
#include "tool/objfile.h"
#include "tool/output.h"
#include "tool/ui.h"

#define LLVM_VERSION_MIN 8 /* older ones lack --demangle */

struct tools {
    pp_str config;
    bool found;
    const char *nm, *objdump; /* NULL: none */
    bool is_llvm;
};

struct pp_objfile {
    struct objects *of;
    pp_str path;
    struct pp_object_mapping range;
    struct pp_symfile *symbols; /* opened by the first question about lines */
    struct pp_object object;
    bool is_open, has_base, asked_symbols;
    enum pp_code base_code;
    struct pp_err base_err;
    uint64_t base;
    struct pp_objfile *next;
};

struct objects {
    struct pp_objects face;
    struct pp_arena *arena;
    struct tools tools;
    struct pp_objfile *files;
};

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) && access(path, X_OK) == 0;
}

/* Go: exec.LookPath; "" is not there. */
static pp_str look_path(struct pp_arena *a, pp_str name)
{
    if (pp_str_find_byte(name, '/') != PP_NOT_FOUND) return is_program(pp_arena_c(a, name)) ? name : (pp_str){0};
    pp_str dirs = pp_str_c(getenv("PATH")), dir;
    while (pp_str_next(&dirs, ':', &dir)) {
        pp_str path = pp_arena_fmt(a, "%.*s/%.*s", PP_FMT(dir), PP_FMT(name));
        if (dir.n && dir.p[0] == '/' && is_program(path.p)) return path;
    }
    return (pp_str){0};
}

/* An entry "nm:/dir" is for nm alone. */
static bool entry_is_for(pp_str *entry, const char *tool, bool named)
{
    static const char *const tools[] = {"llvm-symbolizer", "addr2line", "nm", "objdump"};
    pp_str name, dir;
    bool has_name = false;
    if (pp_str_cut(*entry, ':', &name, &dir))
        for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
            has_name |= pp_str_eq_c(name, tools[i]);
    if (has_name != named || (named && !pp_str_eq_c(name, tool))) return false;
    if (named) *entry = dir;
    return true;
}

/* tool: the name in -tools, program: what it is called. Directories named for the tool come first. */
static const char *find_program(struct pp_arena *a, pp_str config, const char *tool, const char *program)
{
    for (int named = 1; named >= 0; named--) {
        pp_str rest = config, entry;
        bool more = pp_str_next(&rest, ',', &entry);
        if (!more) entry = (pp_str){0};
        do {
            pp_str dir = entry;
            if (!entry_is_for(&dir, tool, named)) continue;
            pp_str path = dir.n ? pp_go_path_clean(a, pp_arena_fmt(a, "%.*s/%s", PP_FMT(dir), program)) : pp_str_c(program);
            path = look_path(a, path);
            if (path.n) return pp_arena_c(a, path);
        } while (more && pp_str_next(&rest, ',', &entry));
    }
    return NULL;
}

/* "LLVM version 14.0.6", and the like: new enough? */
static bool is_new_llvm(pp_str version)
{
    size_t at = pp_str_find(version, PP_STR("LLVM version "));
    if (at == PP_NOT_FOUND) return false;
    pp_str line, rest = pp_str_from(version, at + sizeof "LLVM version " - 1), major, minor, patch;
    pp_str_cut(rest, '\n', &line, &rest);
    bool three = pp_str_cut(line, '.', &major, &rest) && pp_str_cut(rest, '.', &minor, &patch);
    uint64_t number, any;
    if (!three || !pp_str_to_u64(major, 10, &number) || !pp_str_to_u64(minor, 10, &any))
        return pp_str_contains(line, PP_STR("trunk"));
    return patch.n && patch.p[0] >= '0' && patch.p[0] <= '9' && number >= LLVM_VERSION_MIN;
}

static void find_tools(struct objects *o)
{
    struct pp_arena *a = o->arena;
    struct tools *t = &o->tools;
    if (t->found) return;
    t->found = true;
    t->nm = find_program(a, t->config, "nm", "llvm-nm");
    if (!t->nm) t->nm = find_program(a, t->config, "nm", "nm");
    static const char *const objdumps[] = {"llvm-objdump", "objdump"};
    for (size_t i = 0; i < 2 && !t->objdump; i++) {
        const char *path = find_program(a, t->config, "objdump", objdumps[i]);
        pp_str version;
        if (!path || pp_child_output(a, (const char *const[]){path, "--version", NULL}, &version, NULL)) continue;
        t->is_llvm = is_new_llvm(version);
        if (t->is_llvm || pp_str_contains(version, PP_STR("GNU objdump"))) t->objdump = path;
    }
}

static struct pp_objfile *open_object(void *ctx, const struct pp_profile *p, uint32_t mapping, struct pp_err *err)
{
    struct objects *o = ctx;
    const struct pp_mapping *m = &p->mappings[mapping];
    pp_str path = pp_profile_str(p, m->file), build_id;
    struct pp_object_mapping range = {m->start, m->limit, m->offset, pp_profile_str(p, m->kernel_relocation_symbol)};
    if (pp_objfile_check(o->arena, path, &range, &build_id, err)) return NULL;
    struct pp_objfile *f = PP_NEW(o->arena, struct pp_objfile);
    *f = (struct pp_objfile){.of = o, .path = path, .range = range, .next = o->files};
    o->files = f;
    return f;
}

/* Decided by the first address inside the mapping. */
static enum pp_code find_base(struct pp_objfile *f, uint64_t addr, struct pp_err *err)
{
    bool is_data, outside = f->range.start < f->range.limit && (addr < f->range.start || addr >= f->range.limit);
    if (!f->is_open) {
        enum pp_code c = pp_object_open(f->of->arena, f->path, &f->object, err);
        if (c) return c;
        f->is_open = true;
    }
    if (outside) return pp_object_base(&f->object, &f->range, addr, &f->base, &is_data, err); /* says so */
    if (!f->has_base) f->base_code = pp_object_base(&f->object, &f->range, addr, &f->base, &is_data, &f->base_err);
    f->has_base = true;
    if (f->base_code && err) *err = f->base_err;
    return f->base_code;
}

static enum pp_code own_address(struct pp_objfile *f, uint64_t addr, uint64_t *ret_addr, struct pp_err *err)
{
    enum pp_code c = find_base(f, addr, err);
    if (!c) *ret_addr = addr - f->base;
    return c;
}

/* A Mach-O or PE file has no frames here: only ELF is read in-process. */
static bool find_frames(struct pp_objfile *f, uint64_t addr, struct pp_arena *a, pp_frames *ret_frames)
{
    if (find_base(f, addr, NULL)) return false;
    if (!f->asked_symbols) {
        struct pp_symfile_options how = {.alias = PP_ALIAS_LLVM, .oom = f->of->arena->oom};
        if (pp_symfile_open(f->path, &how, &f->symbols, NULL)) f->symbols = NULL;
        f->asked_symbols = true;
    }
    if (!f->symbols) return false;
    pp_symfile_find(f->symbols, addr - f->base, a, ret_frames);
    return true;
}

/* Which names of a group are shown: all when the address is in it, else the first that matches, as it matched. */
static bool match_group(const struct pp_nm_group *g, const struct pp_regex *r, uint64_t address, struct pp_arena *scratch,
                        pp_str *ret_name, bool *ret_all)
{
    static const enum pp_demangle_mode modes[] = {PP_DEMANGLE_FULL, PP_DEMANGLE_TEMPLATES, PP_DEMANGLE_DEFAULT};
    *ret_all = address && address >= g->start && address <= g->end;
    if (*ret_all) return true;
    for (size_t i = 0; i < g->n_names; i++) {
        *ret_name = g->names[i];
        if (!r || pp_regex_match(r, *ret_name)) return true;
        for (size_t k = 0; k < sizeof modes / sizeof *modes; k++)
            if (pp_demangle(scratch, g->names[i], modes[k], ret_name) && pp_regex_match(r, *ret_name)) return true;
    }
    return false;
}

static enum pp_code list_symbols(struct pp_objfile *f, const struct pp_regex *r, uint64_t address, struct pp_arena *a,
                                 pp_obj_symbols *ret_symbols, struct pp_err *err)
{
    pp_str output;
    find_tools(f->of);
    if (!f->of->tools.nm) return pp_fail(err, PP_E_NOTFOUND, "exec: no command");
    const char *const argv[] = {f->of->tools.nm, "-n", pp_arena_c(a, f->path), NULL};
    enum pp_code c = pp_child_output(a, argv, &output, err);
    if (c) return c;
    struct pp_nm_reader reader = {.rest = output};
    struct pp_nm_group g;
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, a->oom);
    while (pp_nm_next(a, &reader, &g)) {
        pp_str name;
        bool all;
        if (match_group(&g, r, address, &scratch, &name, &all)) {
            size_t n = all ? g.n_names : 1;
            pp_str *names = PP_NEW_N(a, pp_str, n);
            for (size_t i = 0; i < n; i++)
                names[i] = pp_arena_dup(a, all ? g.names[i] : name);
            *PP_PUSH(a, ret_symbols) = (struct pp_obj_symbol){names, n, g.start, g.end};
        }
        pp_arena_reset(&scratch);
    }
    pp_arena_release(&scratch);
    return PP_OK;
}

static enum pp_code disassemble(struct pp_objfile *f, uint64_t start, uint64_t end, bool intel_syntax, struct pp_arena *a,
                                pp_insts *ret_insts, struct pp_err *err)
{
    typedef unsigned long long ull;
    struct pp_err why;
    pp_str output, words = {0};
    find_tools(f->of);
    const struct tools *t = &f->of->tools;
    if (!t->objdump) return pp_fail(err, PP_E_NOTFOUND, "cannot disasm: no objdump tool available");
    const char *argv[12] = {t->objdump, "--disassemble", "--demangle", "--no-show-raw-insn", "--line-numbers"};
    size_t n = 5;
    argv[n++] = pp_arena_fmt(a, "--start-address=0x%llx", (ull)start).p;
    argv[n++] = pp_arena_fmt(a, "--stop-address=0x%llx", (ull)end).p;
    if (intel_syntax && t->is_llvm) argv[n++] = "--x86-asm-syntax=intel";
    if (intel_syntax && !t->is_llvm) {
        argv[n++] = "-M";
        argv[n++] = "intel";
    }
    argv[n++] = pp_arena_c(a, f->path);
    enum pp_code c = pp_child_output(a, argv, &output, &why);
    if (!c) {
        pp_disasm_parse(a, output, ret_insts);
        return PP_OK;
    }
    for (size_t i = 0; i < n; i++)
        words = pp_arena_fmt(a, "%.*s%s%s", PP_FMT(words), i ? " " : "", argv[i]);
    return pp_fail(err, c, "[%.*s]: %s", PP_FMT(words), why.text);
}

static void print(void *ctx, pp_str line)
{
    (void)ctx;
    (void)pp_output_stdout(NULL, line.p, line.n, NULL);
    (void)pp_output_stdout(NULL, "\n", 1, NULL);
}

static void say(void *ctx, pp_str line)
{
    (void)ctx;
    pp_ui_warn("%.*s", PP_FMT(line));
}

static pp_str tools_option;

void pp_objects_use_tools(pp_str tools) { tools_option = tools; }

struct pp_objects *pp_objects_new(struct pp_arena *a)
{
    pp_str config = tools_option.n ? tools_option : pp_str_c(getenv("PPROF_TOOLS"));
    struct objects *o = PP_NEW(a, struct objects);
    *o = (struct objects){.arena = a, .tools = {.config = config}};
    o->face = (struct pp_objects){.ctx = o,
                                  .open = open_object,
                                  .address = own_address,
                                  .symbols = list_symbols,
                                  .disassemble = disassemble,
                                  .frames = find_frames,
                                  .print = print,
                                  .say = say};
    return &o->face;
}

void pp_objects_free(struct pp_objects *face)
{
    if (!face) return;
    struct objects *o = face->ctx;
    for (struct pp_objfile *f = o->files; f; f = f->next) {
        pp_symfile_free(f->symbols);
        pp_object_release(&f->object);
    }
}
