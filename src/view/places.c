// SPDX-License-Identifier: Apache-2.0
#include "view/places.h"

#include <string.h>

#include "base/gopath.h"
#include "base/vec.h"
#include "symbols/source_text.h"

static uint32_t file_id(struct pp_places *t, pp_str file)
{
    if (!file.n) return 0;
    pp_str clean = pp_go_path_clean(t->arena, file);
    uint64_t h = pp_hash_str(clean);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->file_index, h); pp_hash_next(&pr, &i);)
        if (pp_str_eq(t->files[i], clean)) return i;
    if (t->n_files == t->cap_files)
        pp_vec_must_grow(t->arena, (void **)&t->files, &t->cap_files, sizeof *t->files, _Alignof(pp_str));
    t->files[t->n_files] = clean;
    pp_hash_add(t->arena, &t->file_index, h, t->n_files);
    return t->n_files++;
}

static bool place_eq(const struct pp_place *a, const struct pp_place *b)
{
    return a->name == b->name && a->file == b->file && a->address == b->address && a->line == b->line &&
           a->column == b->column && a->start_line == b->start_line && a->objfile == b->objfile;
}

static uint64_t place_hash(const struct pp_place *p)
{
    uint64_t h = pp_hash_u64((uint64_t)p->name << 32 | p->file);
    h = pp_hash_u64(h ^ p->address);
    h = pp_hash_u64(h ^ (uint64_t)p->line ^ (uint64_t)p->objfile << 32);
    return pp_hash_u64(h ^ (uint64_t)p->start_line ^ (uint64_t)p->column << 32);
}

static uint32_t place_id(struct pp_places *t, const struct pp_place *key)
{
    uint64_t h = place_hash(key);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&t->index, h); pp_hash_next(&pr, &i);)
        if (place_eq(&t->places[i], key)) return i;
    if (t->n_places == t->cap_places)
        pp_vec_must_grow(t->arena, (void **)&t->places, &t->cap_places, sizeof *key, _Alignof(struct pp_place));
    t->places[t->n_places] = *key;
    pp_hash_add(t->arena, &t->index, h, t->n_places);
    return t->n_places++;
}

static struct pp_place place_of_line(const struct pp_places *t, const struct pp_location *l, const struct pp_line *line)
{
    const struct pp_profile *p = t->profile;
    pp_string_id objfile = l->mapping == PP_NONE ? 0 : p->mappings[l->mapping].file;
    struct pp_place key = {.address = l->address};
    if (!line || line->function == PP_NONE) {
        key.objfile = objfile;
        return key;
    }
    const struct pp_function *f = &p->functions[line->function];
    key.line = line->line;
    key.column = line->column;
    key.name = f->name;
    key.file = t->function_file_id[line->function];
    if (t->options.obj_names || !f->name) {
        key.objfile = objfile;
        key.start_line = f->start_line;
    }
    return key;
}

static void assign_places(struct pp_places *t)
{
    const struct pp_profile *p = t->profile;
    for (uint32_t f = 0; f < p->n_functions; f++)
        t->function_file_id[f] = file_id(t, t->function_file[f]);
    uint32_t n = 0;
    for (uint32_t l = 0; l < p->n_locations; l++) {
        const struct pp_location *loc = &p->locations[l];
        t->first[l] = n;
        for (uint32_t i = 0; i < loc->n_lines; i++) {
            struct pp_place key = place_of_line(t, loc, &p->lines[loc->first_line + i]);
            t->line_place[n++] = place_id(t, &key);
        }
        if (loc->n_lines > 1) t->has_inlines = true;
        if (loc->n_lines) continue;
        struct pp_place key = place_of_line(t, loc, NULL);
        t->line_place[n++] = place_id(t, &key);
    }
    t->first[p->n_locations] = n;
}

static bool trim_files(struct pp_places *t)
{
    bool changed = false;
    for (uint32_t f = 0; f < t->profile->n_functions; f++) {
        pp_str trimmed = pp_source_trim(t->function_file[f], t->options.trim_path, t->options.source_path);
        changed |= trimmed.n != t->function_file[f].n;
        t->function_file[f] = trimmed;
    }
    return changed;
}

struct pp_places *pp_places_new(struct pp_arena *a, const struct pp_profile *p, const struct pp_places_options *o)
{
    struct pp_places *t = PP_NEW(a, struct pp_places);
    *t = (struct pp_places){.arena = a, .profile = p, .options = *o};
    size_t n_lines = 0;
    for (uint32_t l = 0; l < p->n_locations; l++)
        n_lines += p->locations[l].n_lines ? p->locations[l].n_lines : 1;
    t->first = PP_NEW_N(a, uint32_t, (size_t)p->n_locations + 1);
    t->line_place = PP_NEW_N(a, uint32_t, n_lines);
    t->function_file = PP_NEW_N(a, pp_str, p->n_functions);
    t->function_file_id = PP_NEW_N(a, uint32_t, p->n_functions);
    pp_vec_must_grow(a, (void **)&t->files, &t->cap_files, sizeof *t->files, _Alignof(pp_str));
    t->n_files = 1;
    for (uint32_t f = 0; f < p->n_functions; f++)
        t->function_file[f] = pp_profile_str(p, p->functions[f].filename);
    if (o->trim) trim_files(t);
    assign_places(t);
    return t;
}

bool pp_places_trim_again(struct pp_places *t)
{
    if (!t->options.trim || !trim_files(t)) return false;
    assign_places(t);
    return true;
}

pp_str pp_places_text_as(struct pp_arena *a, const struct pp_places *t, uint32_t place, pp_str name, pp_str file,
                         pp_str sep)
{
    const struct pp_place *p = &t->places[place];
    pp_str address = p->address ? pp_arena_fmt(a, "%016llx", (unsigned long long)p->address) : PP_STR("");
    pp_str where = PP_STR("");
    if (p->line && p->column) {
        where = pp_arena_fmt(a, "%.*s:%lld:%lld", PP_FMT(file), (long long)p->line, (long long)p->column);
    } else if (p->line) {
        where = pp_arena_fmt(a, "%.*s:%lld", PP_FMT(file), (long long)p->line);
    } else if (file.n) {
        where = file;
    } else if (name.n) {
        /* named by the function alone */
    } else if (p->objfile) {
        where = pp_arena_fmt(a, "[%.*s]", PP_FMT(pp_go_path_base(pp_place_objfile(t, place))));
    } else {
        where = PP_STR("<unknown>");
    }
    const pp_str parts[] = {address, name, where};
    pp_str text = PP_STR("");
    bool joined = false;
    for (size_t i = 0; i < 3; i++) {
        if (!parts[i].n) continue;
        text = joined ? pp_arena_join(a, pp_arena_join(a, text, sep), parts[i]) : parts[i];
        joined = true;
    }
    return text;
}

pp_str pp_places_text(struct pp_places *t, uint32_t place)
{
    if (place >= t->n_texts) {
        pp_str *texts = PP_NEW_N(t->arena, pp_str, t->n_places);
        if (t->n_texts) memcpy(texts, t->texts, t->n_texts * sizeof *texts);
        t->texts = texts;
        t->n_texts = t->n_places;
    }
    pp_str *text = &t->texts[place];
    if (!text->p)
        *text = pp_places_text_as(t->arena, t, place, pp_place_name(t, place), pp_place_file(t, place), PP_STR(" "));
    return *text;
}

uint32_t pp_places_whole_function(struct pp_places *t, uint32_t place)
{
    struct pp_place key = t->places[place];
    if (!key.address && !key.line) return place;
    key.address = 0;
    key.line = key.column = 0;
    return place_id(t, &key);
}
