/* profile/sample_columns.h - samples, from their messages straight into the columns of a profile.
 *
 * One pass, before the file's tables are known (they come behind the samples): locations are kept as numbers that stand for
 * their ids, strings of labels as the file's numbers. pp_samples_finish turns both into indices; where the ids are 1, 2, 3, ...
 * and no text is there twice, as Go and we write them, nothing is left to do for the locations.
 * Stacks share their callers with the stack before (two thirds of them in a large CPU profile): equal bytes are not decoded again.
 */
#ifndef PP_PROFILE_SAMPLE_COLUMNS_H
#define PP_PROFILE_SAMPLE_COLUMNS_H

#include "base/vec.h"
#include "profile/ids.h"
#include "profile/proto_reader.h"

struct pp_samples {
    struct pp_arena *a;
    uint64_t n_bytes, n_done; /* of the whole text, and how many of them are read: the columns' size is guessed by it */

    uint32_t n; /* samples in the columns: those before the first one with another number of values */
    uint64_t n_all;
    uint64_t n_values;     /* of the first sample: so many columns */
    uint64_t other_values; /* of the first one that has another number */
    bool has_other;

    uint64_t *loc_off, *label_off;
    uint32_t *locs;
    int64_t **values;
    struct pp_label *labels;
    uint64_t n_locs, n_labels;
    size_t cap_samples, cap_locs, cap_labels, cap_values;
    PP_VEC(int64_t) first; /* values of the first sample */

    uint32_t loc_max; /* highest number in locs */
    struct {
        uint64_t *ids; /* that don't fit: number WIDE | i stands for ids[i] */
        uint32_t n;
        size_t cap;
        struct pp_hash index;
    } wide;
    uint64_t string_max;  /* highest string number used */
    struct pp_bytes last; /* ids of the sample before, while its bytes are there */
};

void pp_samples_begin(struct pp_samples *s, struct pp_arena *a, uint64_t n_bytes);

/* The next sample. False: broken. */
bool pp_samples_add(struct pp_samples *s, struct pp_bytes message);

/* The bytes read so far are about to go. */
static inline void pp_samples_forget_bytes(struct pp_samples *s) { s->last = (struct pp_bytes){0}; }

/* Empty columns, of a text without samples. */
void pp_samples_none(struct pp_samples *s, uint64_t n_values);

/* Gives the columns to the profile, whose strings and locations are complete. strings: ids of the file's numbers; NULL: the same.
 * False: a sample has an unknown location. */
bool pp_samples_finish(struct pp_samples *s, struct pp_profile *p, const struct pp_ids *locations,
                       const pp_string_id *strings);

#endif
