/* profile/model.h - a profile in memory, as columns.
 *
 * Everything is dense after decode: strings, functions, locations and mappings are indices into their arrays; no object per
 * sample. Sample i has the locations locs[loc_off[i] .. loc_off[i+1]), leaf first, the values values[t][i] for each sample
 * type t, and (only when the profile has any label at all) the labels labels[label_off[i] .. label_off[i+1]).
 *
 * Lifetime: all arrays live in `arena`; string bytes live in the arena or in `input`, which the profile keeps alive.
 * Invariants (pp_profile_valid checks them all):
 *   loc_off[0] == 0, loc_off is ascending, loc_off[n_samples] == n_locs_used;   every locs[k] < n_locations
 *   every line's function < n_functions; every mapping index < n_mappings or PP_NONE
 *   strings are interned: two indices are equal exactly when their bytes are;   string 0 is ""
 *   labels of one sample: string labels first, sorted by key text, values of one key in input order; then number labels likewise
 * Source of the format: google/pprof, proto/profile.proto.
 */
#ifndef PP_PROFILE_MODEL_H
#define PP_PROFILE_MODEL_H

#include "base/arena.h"
#include "base/hash.h"

#define PP_NONE UINT32_MAX

typedef uint32_t pp_string_id; /* index into strings */

struct pp_value_type {
    pp_string_id type, unit;
};

struct pp_mapping {
    uint64_t id; /* as in the file, unique, not 0 */
    uint64_t start, limit, offset;
    pp_string_id file, build_id;
    bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
    pp_string_id kernel_relocation_symbol; /* X of a file "[kernel.kallsyms]X"; 0: none */
};

struct pp_function {
    uint64_t id;
    pp_string_id name, system_name, filename;
    int64_t start_line;
};

struct pp_line {
    uint32_t function; /* index, or PP_NONE: a line without function */
    int64_t line, column;
};

struct pp_location {
    uint64_t id;
    uint64_t address;
    uint32_t mapping;             /* index or PP_NONE */
    uint32_t first_line, n_lines; /* in lines[]: innermost inlined frame first */
    bool is_folded;
};

struct pp_label {
    pp_string_id key;
    pp_string_id str;  /* value of a string label */
    int64_t num;       /* value of a number label */
    pp_string_id unit; /* of a number label; 0: none */
    bool is_num;
};

struct pp_profile {
    struct pp_arena *arena;
    pp_str input; /* inflated bytes that strings may point into */

    pp_str *strings;
    uint32_t n_strings;
    size_t cap_strings;
    struct pp_hash string_index;

    struct pp_value_type *types;
    uint32_t n_types;
    pp_string_id default_type; /* 0: none */

    uint32_t n_samples;
    uint64_t *loc_off;   /* n_samples + 1 */
    uint32_t *locs;      /* indices into locations */
    int64_t **values;    /* values[type][sample]; NULL without types */
    uint64_t *label_off; /* n_samples + 1, NULL when no sample has labels */
    struct pp_label *labels;
    bool
        samples_shared; /* the sample columns above belong to another profile, too: replace them, don't write into them */

    struct pp_location *locations;
    uint32_t n_locations;
    struct pp_line *lines;
    uint64_t n_lines;
    struct pp_function *functions;
    uint32_t n_functions;
    struct pp_mapping *mappings;
    uint32_t n_mappings;

    pp_string_id *comments;
    uint32_t n_comments;
    pp_string_id drop_frames, keep_frames, doc_url;
    int64_t time_nanos, duration_nanos, period;
    bool has_period_type;
    struct pp_value_type period_type;
};

/* The text of a string id. */
static inline pp_str pp_profile_str(const struct pp_profile *p, pp_string_id id) { return p->strings[id]; }

/* The arena must have an oom callback (or the caller lives with the process's end). Nothing here is for the runtime. */
struct pp_profile *pp_profile_new(struct pp_arena *a); /* empty, string 0 in place, an empty period type */

/* The id of a text; adds it if it is new. Ids of texts never change. The bytes must outlive the profile (pp_profile_intern_copy copies them). */
pp_string_id pp_profile_intern(struct pp_profile *p, pp_str s);
pp_string_id pp_profile_intern_copy(struct pp_profile *p, pp_str s);

/* The id of a text that may be absent: PP_NONE. */
pp_string_id pp_profile_find_string(const struct pp_profile *p, pp_str s);

/* A copy to work on: tables (strings, functions, locations, lines, mappings) are its own, so costs about 100 bytes a location; the
 * sample columns and all text are shared (samples_shared), whoever changes samples then makes new columns of what is left.
 * `p` must outlive the copy and stay as it is. Reports that filter or aggregate work on copies when p is needed again (shell, web);
 * a command line with one report needs none. */
struct pp_profile *pp_profile_copy(struct pp_arena *a, const struct pp_profile *p);

/* Makes the sample columns p's own (copies them if they are shared). */
void pp_profile_own_samples(struct pp_profile *p);

/* The labels of sample i as a slice; *ret_n 0 without labels. */
static inline const struct pp_label *pp_profile_labels(const struct pp_profile *p, uint32_t i, size_t *ret_n)
{
    *ret_n = p->label_off ? p->label_off[i + 1] - p->label_off[i] : 0;
    return p->label_off ? p->labels + p->label_off[i] : NULL;
}

/* All invariants of the head; the text says which broke. For tests and assertions. */
bool pp_profile_valid(const struct pp_profile *p, struct pp_err *err);

#endif
