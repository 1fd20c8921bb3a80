// SPDX-License-Identifier: Apache-2.0
#include "profile/text_profile.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/out.h"
#include "base/vec.h"
#include "profile/label_sort.h"

void no_memory(size_t wanted)
{
    fprintf(stderr, "out of memory: %zu bytes\n", wanted);
    abort();
}

struct builder {
    struct pp_arena *a;
    struct pp_profile *p;
    PP_VEC(struct pp_location) locations;
    PP_VEC(struct pp_line) lines;
    PP_VEC(struct pp_function) functions;
    PP_VEC(struct pp_mapping) mappings;
    PP_VEC(uint32_t) locs;
    PP_VEC(uint64_t) loc_off;
    PP_VEC(struct pp_label) labels;
    PP_VEC(uint64_t) label_off;
    PP_VEC(int64_t) values; /* of all types, sample after sample */
    PP_VEC(pp_str) location_texts;
};

static uint32_t function_of(struct builder *b, pp_str text)
{
    pp_str name, file;
    pp_str_cut(text, '@', &name, &file);
    pp_string_id n = pp_profile_intern(b->p, name), f = pp_profile_intern(b->p, file);
    for (uint32_t i = 0; i < b->functions.n; i++)
        if (b->functions.p[i].name == n && b->functions.p[i].filename == f) return i;
    *PP_PUSH(b->a, &b->functions) =
        (struct pp_function){.id = b->functions.n + 1, .name = n, .system_name = n, .filename = f};
    return (uint32_t)b->functions.n - 1;
}

static uint32_t mapping_of(struct builder *b, pp_str file)
{
    pp_string_id f = pp_profile_intern(b->p, file);
    for (uint32_t i = 0; i < b->mappings.n; i++)
        if (b->mappings.p[i].file == f) return i;
    uint64_t start = 0x10000 * (b->mappings.n + 1);
    *PP_PUSH(b->a, &b->mappings) =
        (struct pp_mapping){.id = b->mappings.n + 1, .start = start, .limit = start + 0x8000, .file = f};
    return (uint32_t)b->mappings.n - 1;
}

static uint32_t location_of(struct builder *b, pp_str text)
{
    for (uint32_t i = 0; i < b->location_texts.n; i++)
        if (pp_str_eq(b->location_texts.p[i], text)) return i;
    pp_str file, functions, one;
    uint32_t mapping = PP_NONE;
    if (pp_str_cut(text, '!', &file, &functions))
        mapping = mapping_of(b, file);
    else
        functions = text;
    struct pp_location l = {.id = b->locations.n + 1, .mapping = mapping, .first_line = (uint32_t)b->lines.n};
    l.address = (mapping == PP_NONE ? 0 : b->mappings.p[mapping].start) + functions.n;
    while (pp_str_next(&functions, '+', &one)) {
        uint32_t f = function_of(b, one);
        *PP_PUSH(b->a, &b->lines) = (struct pp_line){.function = f, .line = (int64_t)one.n};
        l.n_lines++;
    }
    *PP_PUSH(b->a, &b->locations) = l;
    *PP_PUSH(b->a, &b->location_texts) = text;
    return (uint32_t)b->locations.n - 1;
}

static int64_t number_of(pp_str s)
{
    char buf[32];
    snprintf(buf, sizeof buf, "%.*s", PP_FMT(s));
    return strtoll(buf, NULL, 10);
}

static void add_label(struct builder *b, pp_str text)
{
    pp_str key, value, number, unit;
    if (pp_str_cut(text, '=', &key, &value)) {
        *PP_PUSH(b->a, &b->labels) =
            (struct pp_label){.key = pp_profile_intern(b->p, key), .str = pp_profile_intern(b->p, value)};
        return;
    }
    pp_str_cut(text, ':', &key, &value);
    pp_str_cut(value, ':', &number, &unit);
    *PP_PUSH(b->a, &b->labels) = (struct pp_label){.key = pp_profile_intern(b->p, key),
                                                   .num = number_of(number),
                                                   .unit = pp_profile_intern(b->p, unit),
                                                   .is_num = true};
}

static void add_sample(struct builder *b, pp_str line)
{
    pp_str frames, values, labels, one;
    pp_str_cut(line, '|', &frames, &line);
    pp_str_cut(line, '|', &values, &labels);
    frames = pp_str_trim(frames), values = pp_str_trim(values), labels = pp_str_trim(labels);
    while (pp_str_next(&frames, ' ', &one))
        if (one.n) {
            uint32_t l = location_of(b, one);
            *PP_PUSH(b->a, &b->locs) = l;
        }
    *PP_PUSH(b->a, &b->loc_off) = b->locs.n;
    while (pp_str_next(&values, ' ', &one))
        *PP_PUSH(b->a, &b->values) = number_of(one);
    uint64_t first = b->labels.n;
    while (pp_str_next(&labels, ' ', &one))
        if (one.n) add_label(b, one);
    pp_labels_sort(b->p, b->labels.p + first, b->labels.n - first);
    *PP_PUSH(b->a, &b->label_off) = b->labels.n;
}

static void add_types(struct builder *b, pp_str types)
{
    struct pp_profile *p = b->p;
    PP_VEC(struct pp_value_type) list = {0};
    pp_str one, type, unit;
    while (pp_str_next(&types, ' ', &one)) {
        pp_str_cut(one, '/', &type, &unit);
        *PP_PUSH(b->a, &list) = (struct pp_value_type){pp_profile_intern(p, type), pp_profile_intern(p, unit)};
    }
    p->types = list.p;
    p->n_types = (uint32_t)list.n;
}

static void finish(struct builder *b)
{
    struct pp_profile *p = b->p;
    p->n_samples = (uint32_t)b->loc_off.n - 1;
    p->loc_off = b->loc_off.p;
    p->locs = b->locs.p;
    p->values = PP_NEW_N(b->a, int64_t *, p->n_types);
    for (uint32_t t = 0; t < p->n_types; t++) {
        p->values[t] = PP_NEW_N(b->a, int64_t, p->n_samples);
        for (uint32_t i = 0; i < p->n_samples; i++)
            p->values[t][i] = b->values.p[i * p->n_types + t];
    }
    if (b->labels.n) {
        p->labels = b->labels.p;
        p->label_off = b->label_off.p;
    }
    p->locations = b->locations.p, p->n_locations = (uint32_t)b->locations.n;
    p->lines = b->lines.p, p->n_lines = b->lines.n;
    p->functions = b->functions.p, p->n_functions = (uint32_t)b->functions.n;
    p->mappings = b->mappings.p, p->n_mappings = (uint32_t)b->mappings.n;
}

struct pp_profile *profile_of(struct pp_arena *a, const char *types, const char *samples)
{
    struct builder b = {.a = a, .p = pp_profile_new(a)};
    pp_str lines = pp_str_c(samples), line;
    add_types(&b, pp_str_c(types));
    *PP_PUSH(a, &b.loc_off) = 0;
    *PP_PUSH(a, &b.label_off) = 0;
    while (pp_str_next(&lines, '\n', &line))
        if (line.n) add_sample(&b, line);
    finish(&b);
    return b.p;
}

static void put_location(struct pp_out *o, const struct pp_profile *p, const struct pp_location *l)
{
    if (l->mapping != PP_NONE) pp_out_fmt(o, "%.*s!", PP_FMT(pp_profile_str(p, p->mappings[l->mapping].file)));
    if (!l->n_lines) pp_out_char(o, '-');
    for (uint32_t k = 0; k < l->n_lines; k++) {
        const struct pp_function *f = &p->functions[p->lines[l->first_line + k].function];
        pp_out_fmt(o, "%s%.*s", k ? "+" : "", PP_FMT(pp_profile_str(p, f->name)));
        if (f->filename) pp_out_fmt(o, "@%.*s", PP_FMT(pp_profile_str(p, f->filename)));
    }
    pp_out_char(o, ' ');
}

static void put_label(struct pp_out *o, const struct pp_profile *p, const struct pp_label *l)
{
    pp_out_fmt(o, " %.*s", PP_FMT(pp_profile_str(p, l->key)));
    if (!l->is_num)
        pp_out_fmt(o, "=%.*s", PP_FMT(pp_profile_str(p, l->str)));
    else
        pp_out_fmt(o, ":%lld", (long long)l->num);
    if (l->is_num && l->unit) pp_out_fmt(o, ":%.*s", PP_FMT(pp_profile_str(p, l->unit)));
}

const char *text_of(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (uint32_t i = 0; i < p->n_samples; i++) {
        size_t n;
        for (uint64_t k = p->loc_off[i]; k < p->loc_off[i + 1]; k++)
            put_location(&o, p, &p->locations[p->locs[k]]);
        pp_out_char(&o, '|');
        for (uint32_t t = 0; t < p->n_types; t++)
            pp_out_fmt(&o, " %lld", (long long)p->values[t][i]);
        const struct pp_label *l = pp_profile_labels(p, i, &n);
        if (n) pp_out_c(&o, " |");
        for (size_t k = 0; k < n; k++)
            put_label(&o, p, &l[k]);
        pp_out_char(&o, '\n');
    }
    return pp_arena_c(a, pp_out_bytes(&o));
}
