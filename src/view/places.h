/* view/places.h - what the rows of reports are: places, found once per location line.
 *
 * A place is what the profile's granularity leaves of a line: (name, address, cleaned file, start line, line, column,
 * object file). Equal lines have one place id, so that samples can be summed by integers. Object file and start line
 * only belong to it with `obj_names` and for nameless functions.
 * Invariants: two ids of one table are never equal places; ids stay when the table grows.
 * Limit: one place per location line.   Go: internal/graph NodeInfo.
 */
#ifndef PP_VIEW_PLACES_H
#define PP_VIEW_PLACES_H

#include "profile/model.h"

struct pp_place {
    uint64_t address;
    int64_t start_line, line, column;
    pp_string_id name, objfile; /* in the profile */
    uint32_t file;              /* in the table's files */
};

struct pp_places_options {
    bool obj_names;                /* callgrind, list, disasm, weblist */
    bool trim;                     /* shorten file names, by: */
    pp_str trim_path, source_path; /* lists with ':'; google/pprof's options of these names */
};

struct pp_places {
    struct pp_arena *arena;
    const struct pp_profile *profile;
    struct pp_places_options options;

    struct pp_place *places;
    uint32_t n_places;
    size_t cap_places;
    struct pp_hash index;

    /* Location l's lines are line_place[first[l] .. first[l+1]), innermost first; without lines it has one place. */
    uint32_t *first, *line_place;
    bool has_inlines; /* some location has several lines */

    pp_str *files; /* distinct cleaned names; 0 is "" */
    uint32_t n_files;
    size_t cap_files;
    struct pp_hash file_index;
    pp_str *function_file;      /* trimmed so far */
    uint32_t *function_file_id; /* of its cleaned form */

    pp_str *texts; /* pp_places_text's answers; p == NULL: not asked yet */
    size_t n_texts;
};

struct pp_places *pp_places_new(struct pp_arena *a, const struct pp_profile *p, const struct pp_places_options *o);

/* Trims the file names once more, as google/pprof does before each graph it builds of one report. True when that changed one:
 * lines then have other places (old ids stay valid, but no line may have them). */
bool pp_places_trim_again(struct pp_places *t);

/* "0000000000401000 main.f /src/f.c:3", "[libc.so]", "<unknown>": how rows name it. Lives as long as the table. */
pp_str pp_places_text(struct pp_places *t, uint32_t place);

/* The same with another name and file, joined by `sep`. */
pp_str pp_places_text_as(struct pp_arena *a, const struct pp_places *t, uint32_t place, pp_str name, pp_str file,
                         pp_str sep);

/* The place of the whole function: without address, line and column. May add one. */
uint32_t pp_places_whole_function(struct pp_places *t, uint32_t place);

static inline pp_str pp_place_name(const struct pp_places *t, uint32_t place)
{
    return pp_profile_str(t->profile, t->places[place].name);
}

static inline pp_str pp_place_file(const struct pp_places *t, uint32_t place)
{
    return t->files[t->places[place].file];
}

static inline pp_str pp_place_objfile(const struct pp_places *t, uint32_t place)
{
    return pp_profile_str(t->profile, t->places[place].objfile);
}

#endif
