/* test/view/make.h - profiles from text, for the tests of src/view.
 *
 *     "10 main work leaf\n"       a sample of value 10, root first; each word is a location with that function
 *     "3  main leaf<work\n"       leaf inlined into work: one location with two lines
 *     "4  main @ k=v bytes#16\n"  labels: text, and numbers (unit "bytes")
 * Functions lie in "/src/<name>.c"; the only type is cpu in nanoseconds unless the test changes it.
 */
#ifndef PP_TEST_VIEW_MAKE_H
#define PP_TEST_VIEW_MAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/vec.h"
#include "profile/model.h"

struct make {
    struct pp_arena *a;
    struct pp_profile *p;
    size_t cap_functions, cap_locations, cap_lines, cap_locs, cap_labels, cap_off, cap_label_off, cap_values;
    uint64_t n_locs, n_labels;
    pp_string_id *location_name; /* per location: its word */
    size_t cap_names;
};

#define MAKE_GROW(m, v, cap, n) \
    pp_vec_reserve((m)->a, (void **)&(v), &(cap), (size_t)(n) + 1, sizeof *(v), _Alignof(__typeof__(*(v))))

static inline void make_oom(size_t n)
{
    fprintf(stderr, "out of memory: %zu\n", n);
    abort();
}

static inline uint32_t make_function(struct make *m, pp_str name)
{
    struct pp_profile *p = m->p;
    pp_string_id id = pp_profile_intern_copy(p, name);
    for (uint32_t f = 0; f < p->n_functions; f++)
        if (p->functions[f].name == id) return f;
    MAKE_GROW(m, p->functions, m->cap_functions, p->n_functions);
    pp_str file = pp_arena_fmt(m->a, "/src/%.*s.c", PP_FMT(name));
    p->functions[p->n_functions] = (struct pp_function){
        .id = p->n_functions + 1, .name = id, .system_name = id, .filename = pp_profile_intern(p, file)};
    return p->n_functions++;
}

static inline uint32_t make_location(struct make *m, pp_str word)
{
    struct pp_profile *p = m->p;
    pp_string_id id = pp_profile_intern_copy(p, word);
    for (uint32_t l = 0; l < p->n_locations; l++)
        if (m->location_name[l] == id) return l;
    MAKE_GROW(m, p->locations, m->cap_locations, p->n_locations);
    MAKE_GROW(m, m->location_name, m->cap_names, p->n_locations);
    struct pp_location *l = &p->locations[p->n_locations];
    *l = (struct pp_location){.id = p->n_locations + 1, .mapping = PP_NONE, .first_line = (uint32_t)p->n_lines};
    m->location_name[p->n_locations] = id;
    pp_str rest = word, name;
    while (pp_str_next(&rest, '<', &name)) {
        uint32_t f = make_function(m, name);
        MAKE_GROW(m, p->lines, m->cap_lines, p->n_lines);
        p->lines[p->n_lines++] = (struct pp_line){.function = f};
        p->locations[p->n_locations].n_lines++;
    }
    return p->n_locations++;
}

static inline void make_label(struct make *m, pp_str word)
{
    struct pp_profile *p = m->p;
    struct pp_label label = {0};
    pp_str key, value;
    if (pp_str_cut(word, '=', &key, &value)) {
        label.str = pp_profile_intern_copy(p, value);
    } else {
        pp_str_cut(word, '#', &key, &value);
        label.is_num = true;
        label.num = atoll(pp_arena_c(m->a, value));
        label.unit = pp_profile_intern(p, PP_STR("bytes"));
    }
    label.key = pp_profile_intern_copy(p, key);
    MAKE_GROW(m, p->labels, m->cap_labels, m->n_labels);
    p->labels[m->n_labels++] = label;
}

static inline void make_sample(struct make *m, pp_str line)
{
    struct pp_profile *p = m->p;
    pp_str rest = line, word, first;
    pp_str_next(&rest, ' ', &first);
    uint64_t from = m->n_locs;
    bool labels = false;
    while (pp_str_next(&rest, ' ', &word)) {
        if (!word.n) continue;
        if (pp_str_eq_c(word, "@")) {
            labels = true;
        } else if (labels) {
            make_label(m, word);
        } else {
            uint32_t l = make_location(m, word);
            MAKE_GROW(m, p->locs, m->cap_locs, m->n_locs);
            p->locs[m->n_locs++] = l;
        }
    }
    for (uint64_t i = from, k = m->n_locs; i + 1 < k; i++) { /* leaf first */
        uint32_t l = p->locs[--k];
        p->locs[k] = p->locs[i];
        p->locs[i] = l;
    }
    MAKE_GROW(m, p->values[0], m->cap_values, p->n_samples);
    p->values[0][p->n_samples++] = atoll(pp_arena_c(m->a, first));
    MAKE_GROW(m, p->loc_off, m->cap_off, p->n_samples);
    p->loc_off[p->n_samples] = m->n_locs;
    MAKE_GROW(m, p->label_off, m->cap_label_off, p->n_samples);
    p->label_off[p->n_samples] = m->n_labels;
}

static inline struct pp_profile *make_profile(struct pp_arena *a, pp_str text)
{
    struct make m = {.a = a, .p = pp_profile_new(a)};
    struct pp_profile *p = m.p;
    p->n_types = 1;
    p->types = PP_NEW(a, struct pp_value_type);
    p->types->type = pp_profile_intern(p, PP_STR("cpu"));
    p->types->unit = pp_profile_intern(p, PP_STR("nanoseconds"));
    p->values = PP_NEW(a, int64_t *);
    MAKE_GROW(&m, p->loc_off, m.cap_off, 0);
    MAKE_GROW(&m, p->label_off, m.cap_label_off, 0);
    p->loc_off[0] = p->label_off[0] = 0;
    pp_str line;
    while (pp_str_next(&text, '\n', &line))
        if (line.n) make_sample(&m, line);
    if (!m.n_labels) p->label_off = NULL;
    return p;
}

#endif
