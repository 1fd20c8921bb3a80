// SPDX-License-Identifier: Apache-2.0
#include "tool/symbolize.h"

#include "base/vec.h"
#include "symbols/demangle.h"
#include "symbols/nm_list.h"
#include "symbols/symfile.h"
#include "tool/annotate.h"
#include "tool/debuginfod.h"
#include "tool/objfile.h"
#include "tool/symbolz.h"
#include "tool/ui.h"

struct mode {
    bool none, local, remote, fast, force;
    enum pp_demangle_mode demangle;
};

/* One word of the mode; false: unknown. Later words win, but force stays. */
static bool apply_word(struct mode *m, pp_str word)
{
    if (!word.n || pp_str_eq_c(word, "demangle=default") || pp_str_eq_c(word, "default")) return true;
    if (pp_str_has_prefix(word, PP_STR("demangle=")))
        word = pp_str_from(word, sizeof "demangle=" - 1);
    else if (pp_str_eq_c(word, "local") || pp_str_eq_c(word, "fastlocal") || pp_str_eq_c(word, "remote")) {
        m->remote = pp_str_eq_c(word, "remote");
        m->local = !m->remote;
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
    struct mode m = {.local = true, .remote = true, .demangle = PP_DEMANGLE_DEFAULT};
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

/* Which locations belong to a mapping. */
struct by_mapping {
    uint32_t *locations; /* mapping i has [first[i], first[i + 1]) of them, in the profile's order */
    uint32_t *first;
};

static struct by_mapping group_locations(struct pp_arena *a, const struct pp_profile *p)
{
    struct by_mapping g = {PP_NEW_N(a, uint32_t, p->n_locations), PP_NEW_N(a, uint32_t, p->n_mappings + 2)};
    for (uint32_t i = 0; i < p->n_locations; i++)
        if (p->locations[i].mapping != PP_NONE) g.first[p->locations[i].mapping + 2]++;
    for (uint32_t i = 2; i <= p->n_mappings; i++)
        g.first[i] += g.first[i - 1];
    for (uint32_t i = 0; i < p->n_locations; i++)
        if (p->locations[i].mapping != PP_NONE) g.locations[g.first[p->locations[i].mapping + 1]++] = i;
    return g;
}

/* The work on a profile's local binaries. */
struct local {
    struct pp_annotator out;
    struct by_mapping by_mapping;
    const struct mode *mode;
};

static pp_str find_debug(void *ctx, struct pp_arena *a, pp_str build_id)
{
    (void)ctx;
    return pp_debuginfod_find(a, build_id, "debuginfo");
}

/* Where the names of one mapping come from: one of the two is there. */
struct names {
    struct pp_symfile *file;
    struct pp_object object; /* fastlocal */
    struct pp_nm_list list;
};

static enum pp_code open_names(struct pp_arena *a, const struct mode *mode, pp_str file, struct names *ret_names,
                               struct pp_err *err)
{
    struct pp_symfile_options how = {.alias = PP_ALIAS_LLVM, .find_debug = find_debug, .oom = a->oom};
    *ret_names = (struct names){0};
    if (!mode->fast) return pp_symfile_open(file, &how, &ret_names->file, err);
    enum pp_code c = pp_object_open(a, file, &ret_names->object, err);
    if (!c && pp_nm_list_read(a, &ret_names->object, &ret_names->list, NULL))
        ret_names->list.n = 0; /* what nm can't read has no names */
    return c;
}

static void close_names(struct names *n)
{
    pp_symfile_free(n->file);
    pp_object_release(&n->object);
}

/* An address that nothing is known of gets one frame without any text (llvm-symbolizer, which google/pprof asks, answers so);
 * the list of nm gives none. */
static void find_names(const struct names *n, struct pp_arena *a, uint64_t base, uint64_t addr, pp_frames *frames)
{
    frames->n = 0;
    if (n->file) {
        pp_symfile_find(n->file, addr - base, a, frames);
        if (!frames->n) *PP_PUSH(a, frames) = (struct pp_frame){0};
        return;
    }
    pp_str name = pp_nm_list_find(&n->list, base, addr);
    if (name.n) *PP_PUSH(a, frames) = (struct pp_frame){.name = name};
}

/* The first address inside the mapping decides about the base of all, as in google/pprof. */
static void symbolize_mapping(struct local *w, uint32_t mapping, const struct names *names)
{
    struct pp_profile *p = w->out.p;
    struct pp_mapping *m = &p->mappings[mapping];
    struct pp_object_mapping range = {m->start, m->limit, m->offset, pp_profile_str(p, m->kernel_relocation_symbol)};
    const struct pp_object *o = names->file ? pp_symfile_object(names->file) : &names->object;
    uint64_t base = 0;
    bool has_base = false, is_data; /* is_data is not asked: google/pprof looks for code everywhere */
    pp_frames frames = {0};
    for (uint32_t k = w->by_mapping.first[mapping]; k < w->by_mapping.first[mapping + 1]; k++) {
        struct pp_location *l = &p->locations[w->by_mapping.locations[k]];
        if (m->start < m->limit && (l->address < m->start || l->address >= m->limit)) continue;
        if (!has_base && pp_object_base(o, &range, l->address, &base, &is_data, NULL)) return;
        has_base = true;
        find_names(names, w->out.scratch, base, l->address, &frames);
        if (frames.n) pp_annotate(&w->out, m, l, &frames);
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
    return pp_url_parse(a, file, &u) && (pp_str_contains(u.scheme, PP_STR("http")) || pp_str_eq_c(u.scheme, "unix"));
}

/* The binary of a build id that is nowhere here; its debug file has the names and lines, too. */
static pp_str find_elsewhere(struct pp_arena *a, pp_str build_id)
{
    pp_str path = pp_debuginfod_find(a, build_id, "debuginfo");
    return path.n ? path : pp_debuginfod_find(a, build_id, "executable");
}

/* False: the binary is not there. */
static bool open_mapping(struct local *w, uint32_t mapping)
{
    struct pp_arena *a = w->out.scratch;
    struct pp_profile *p = w->out.p;
    const struct pp_mapping *m = &p->mappings[mapping];
    pp_str file = pp_profile_str(p, m->file), build_id = pp_profile_str(p, m->build_id), found_id;
    struct pp_object_mapping range = {m->start, m->limit, m->offset, pp_profile_str(p, m->kernel_relocation_symbol)};
    pp_str base = pp_str_base(file);
    pp_str name = build_id.n ? pp_arena_fmt(a, "%.*s (build ID %.*s)", PP_FMT(base), PP_FMT(build_id)) : base;
    struct names names;
    struct pp_err why;
    enum pp_code c = pp_objfile_check(a, file, &range, &found_id, &why);
    pp_str elsewhere = c && build_id.n ? find_elsewhere(a, build_id) : PP_STR("");
    if (elsewhere.n) {
        file = elsewhere;
        c = pp_objfile_check(a, file, &range, &found_id, &why);
    }
    if (!c && build_id.n && found_id.n && !pp_str_eq(build_id, found_id)) {
        pp_ui_warn("Local symbolization failed for %.*s: build ID mismatch", PP_FMT(name));
        return true;
    }
    if (!c) c = open_names(a, w->mode, file, &names, &why);
    if (c) {
        pp_ui_warn("Local symbolization failed for %.*s: %s", PP_FMT(name), why.text);
        return false;
    }
    symbolize_mapping(w, mapping, &names);
    close_names(&names);
    return true;
}

static void symbolize_local(struct pp_arena *a, struct pp_profile *p, const struct mode *mode)
{
    struct local w = {.by_mapping = group_locations(a, p), .mode = mode};
    pp_annotator_init(&w.out, a, p);
    bool missing = false;
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        const struct pp_mapping *m = &p->mappings[i];
        pp_str file = pp_profile_str(p, m->file);
        bool used = w.by_mapping.first[i] < w.by_mapping.first[i + 1];
        if (!used || (!mode->force && (m->has_functions || m->has_filenames || m->has_line_numbers))) continue;
        if (!file.n && i == 0)
            pp_ui_warn("Main binary filename not available.");
        else if (!file.n)
            missing = true;
        else if (!is_system(file) && (m->build_id || !is_http(a, file)))
            missing |= !open_mapping(&w, i);
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

enum pp_code pp_symbolize(const struct pp_fetched *f, const struct pp_source_flags *flags, struct pp_err *err)
{
    struct pp_arena a;
    struct pp_profile *p = f->profile;
    pp_arena_init(&a, 0, p->arena->oom);
    struct mode mode = parse_mode(&a, flags->symbolize);
    enum pp_code c = PP_OK;
    if (!mode.none && mode.local) symbolize_local(&a, p, &mode);
    if (!mode.none && mode.remote) {
        struct pp_http_options o = {0, 0, flags->tls_cert, flags->tls_key, flags->tls_ca};
        size_t max = flags->max_size > 0 ? (size_t)flags->max_size : 0;
        c = pp_symbolz(p, &f->mapping_sources, mode.force, &o, max, err);
    }
    if (!mode.none && !c) demangle(&a, p, &mode);
    pp_arena_release(&a);
    return c;
}
