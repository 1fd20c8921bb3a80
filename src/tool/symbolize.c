// SPDX-License-Identifier: Apache-2.0
#include "tool/symbolize.h"

#include "base/vec.h"
#include "symbols/demangle.h"
#include "symbols/symfile.h"
#include "tool/fetch/url.h"
#include "tool/objfile.h"
#include "tool/ui.h"

struct mode {
    bool none, local, fast, force;
    enum pp_demangle_mode demangle;
};

/* One word of the mode; false: unknown. Later words win, but force stays. */
static bool apply_word(struct mode *m, pp_str word)
{
    if (!word.n || pp_str_eq_c(word, "demangle=default") || pp_str_eq_c(word, "default")) return true;
    if (pp_str_has_prefix(word, PP_STR("demangle=")))
        word = pp_str_from(word, sizeof "demangle=" - 1);
    else if (pp_str_eq_c(word, "local") || pp_str_eq_c(word, "fastlocal") || pp_str_eq_c(word, "remote")) {
        m->local = !pp_str_eq_c(word, "remote");
        m->fast |= pp_str_eq_c(word, "fastlocal");
        return true;
    } else if (pp_str_eq_c(word, "force")) {
        m->force = true;
        return true;
    }
    if (pp_str_eq_c(word, "full"))
        m->demangle = PP_DEMANGLE_FULL;
    else if (pp_str_eq_c(word, "none"))
        m->demangle = PP_DEMANGLE_NONE;
    else if (pp_str_eq_c(word, "templates"))
        m->demangle = PP_DEMANGLE_TEMPLATES;
    else
        return false;
    m->force = true;
    return true;
}

static struct mode parse_mode(struct pp_arena *a, pp_str text)
{
    struct mode m = {.local = true, .demangle = PP_DEMANGLE_DEFAULT};
    char *lower = pp_alloc(a, text.n + 1, 1);
    for (size_t i = 0; i < text.n; i++)
        lower[i] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] | 32) : text.p[i];
    pp_str rest = {lower, text.n}, word;
    while (pp_str_next(&rest, ':', &word)) {
        m.none = pp_str_eq_c(word, "none") || pp_str_eq_c(word, "no");
        if (m.none) break;
        if (apply_word(&m, word)) continue;
        pp_ui_warn("ignoring unrecognized symbolization option: %.*s", PP_FMT(text));
        pp_ui_warn(
            "expecting -symbolize=[local|fastlocal|remote|none][:force][:demangle=[none|full|templates|default]");
    }
    return m;
}

/* A profile that functions and lines are added to. */
struct target {
    struct pp_arena *scratch;
    struct pp_profile *p;
    struct pp_hash made; /* the functions from first_made on */
    uint32_t first_made;
    size_t cap_functions, cap_lines;
};

static uint32_t add_function(struct target *t, const struct pp_frame *frame)
{
    struct pp_profile *p = t->p;
    struct pp_function f = {.name = pp_profile_intern_copy(p, frame->name),
                            .filename = pp_profile_intern_copy(p, frame->file),
                            .start_line = frame->start_line};
    f.system_name = f.name;
    uint64_t hash = pp_hash_u64((uint64_t)f.name << 32 | f.filename) ^ pp_hash_u64((uint64_t)f.start_line);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->made, hash); pp_hash_next(&pr, &i);) {
        const struct pp_function *g = &p->functions[i];
        if (g->name == f.name && g->filename == f.filename && g->start_line == f.start_line) return i;
    }
    if (p->n_functions == t->cap_functions)
        pp_vec_must_grow(p->arena, (void **)&p->functions, &t->cap_functions, sizeof f, _Alignof(struct pp_function));
    f.id = p->n_functions + 1;
    p->functions[p->n_functions] = f;
    pp_hash_add(t->scratch, &t->made, hash, p->n_functions);
    return p->n_functions++;
}

static void add_line(struct target *t, struct pp_line line)
{
    struct pp_profile *p = t->p;
    if (p->n_lines == t->cap_lines)
        pp_vec_must_grow(p->arena, (void **)&p->lines, &t->cap_lines, sizeof line, _Alignof(struct pp_line));
    p->lines[p->n_lines++] = line;
}

static void set_frames(struct target *t, struct pp_mapping *m, struct pp_location *l, const pp_frames *frames)
{
    l->first_line = (uint32_t)t->p->n_lines;
    l->n_lines = (uint32_t)frames->n;
    l->is_folded = false;
    for (size_t i = 0; i < frames->n; i++) {
        const struct pp_frame *f = &frames->p[i];
        m->has_functions |= f->name.n > 0;
        m->has_filenames |= f->file.n > 0;
        m->has_line_numbers |= f->line != 0;
        add_line(t, (struct pp_line){.function = add_function(t, f), .line = f->line, .column = f->column});
    }
    m->has_inline_frames = true;
}

/* An address that nothing is known of gets one frame without any text (llvm-symbolizer, which google/pprof asks, answers so);
 * a symbol table alone gives none. */
static void symbolize_mapping(struct target *t, uint32_t mapping, struct pp_symfile *s, bool fast)
{
    struct pp_profile *p = t->p;
    struct pp_mapping *m = &p->mappings[mapping];
    struct pp_object_mapping range = {m->start, m->limit, m->offset, pp_profile_str(p, m->kernel_relocation_symbol)};
    for (uint32_t i = 0; i < p->n_locations; i++) {
        struct pp_location *l = &p->locations[i];
        uint64_t base;
        bool is_data; /* not asked: google/pprof looks for code everywhere (its own flag for data is never read) */
        pp_frames frames = {0};
        if (l->mapping != mapping) continue;
        if (pp_object_base(pp_symfile_object(s), &range, l->address, &base, &is_data, NULL)) continue;
        pp_symfile_find(s, l->address - base, t->scratch, &frames);
        if (!frames.n && !fast) *PP_PUSH(t->scratch, &frames) = (struct pp_frame){0};
        if (frames.n) set_frames(t, m, l, &frames);
    }
}

/* Mappings of no file: [vdso], //anon, device memory. */
static bool is_system(pp_str file)
{
    pp_str base = pp_str_base(file);
    return pp_str_has_prefix(base, PP_STR("[")) || pp_str_has_prefix(base, PP_STR("linux-vdso")) ||
           pp_str_has_prefix(file, PP_STR("/dev/dri/")) || pp_str_eq_c(file, "//anon") ||
           pp_str_has_prefix(file, PP_STR("/memfd:"));
}

static bool is_http(struct pp_arena *a, pp_str file)
{
    struct pp_url u;
    return pp_url_parse(a, file, &u) && pp_str_contains(u.scheme, PP_STR("http"));
}

/* False: the binary is not there. */
static bool open_mapping(struct target *t, uint32_t mapping, const struct mode *mode)
{
    struct pp_profile *p = t->p;
    const struct pp_mapping *m = &p->mappings[mapping];
    pp_str file = pp_profile_str(p, m->file), build_id = pp_profile_str(p, m->build_id), found_id;
    struct pp_object_mapping range = {m->start, m->limit, m->offset, pp_profile_str(p, m->kernel_relocation_symbol)};
    pp_str base = pp_str_base(file);
    pp_str name = build_id.n ? pp_arena_fmt(t->scratch, "%.*s (build ID %.*s)", PP_FMT(base), PP_FMT(build_id)) : base;
    struct pp_symfile_options how = {.alias = PP_ALIAS_LLVM, .symbols_only = mode->fast, .oom = p->arena->oom};
    struct pp_symfile *s = NULL;
    struct pp_err why;
    enum pp_code c = pp_objfile_check(t->scratch, file, &range, &found_id, &why);
    if (!c && build_id.n && found_id.n && !pp_str_eq(build_id, found_id)) {
        pp_ui_warn("Local symbolization failed for %.*s: build ID mismatch", PP_FMT(name));
        return true;
    }
    if (!c) c = pp_symfile_open(file, &how, &s, &why);
    if (c) {
        pp_ui_warn("Local symbolization failed for %.*s: %s", PP_FMT(name), why.text);
        return false;
    }
    symbolize_mapping(t, mapping, s, mode->fast);
    pp_symfile_free(s);
    return true;
}

static void symbolize_local(struct pp_arena *a, struct pp_profile *p, const struct mode *mode)
{
    struct target t = {
        .scratch = a, .p = p, .first_made = p->n_functions, .cap_functions = p->n_functions, .cap_lines = p->n_lines};
    bool *used = PP_NEW_N(a, bool, p->n_mappings);
    bool missing = false;
    for (uint32_t i = 0; i < p->n_locations; i++)
        if (p->locations[i].mapping != PP_NONE) used[p->locations[i].mapping] = true;
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        const struct pp_mapping *m = &p->mappings[i];
        pp_str file = pp_profile_str(p, m->file);
        if (!used[i] || (!mode->force && (m->has_functions || m->has_filenames || m->has_line_numbers))) continue;
        if (!file.n && i == 0)
            pp_ui_warn("Main binary filename not available.");
        else if (!file.n)
            missing = true;
        else if (!is_system(file) && (m->build_id || !is_http(a, file)))
            missing |= !open_mapping(&t, i, mode);
    }
    if (missing)
        pp_ui_warn("Some binary filenames not available. Symbolization may be incomplete.\n"
                   "Try setting PPROF_BINARY_PATH to the search path for local binaries.");
}

static void demangle(struct pp_arena *a, struct pp_profile *p, const struct mode *mode)
{
    for (uint32_t i = 0; i < p->n_functions; i++) {
        struct pp_function *f = &p->functions[i];
        if (mode->force && f->name && f->system_name) f->name = f->system_name;
        if (mode->demangle == PP_DEMANGLE_NONE || (f->name && f->name != f->system_name)) continue;
        pp_str system_name = pp_profile_str(p, f->system_name);
        pp_str name = pp_demangle_function(a, system_name, mode->demangle);
        f->name = pp_str_eq(name, system_name) ? f->system_name : pp_profile_intern_copy(p, name);
    }
}

void pp_symbolize(struct pp_profile *p, pp_str mode_text)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, p->arena->oom);
    struct mode mode = parse_mode(&a, mode_text);
    if (!mode.none) {
        if (mode.local) symbolize_local(&a, p, &mode);
        demangle(&a, p, &mode);
    }
    pp_arena_release(&a);
}
