/* profile/legacy/gather.h - samples of the older formats: values and plain addresses.
 *
 *     pp_gather_frame(&g, leaf); pp_gather_frame(&g, caller);
 *     pp_gather_sample(&g, (int64_t[]){1, 10});
 * Equal addresses are one location, in the order of their first use; equal samples stay apart. The arena must have an oom callback.
 */
#ifndef PP_PROFILE_LEGACY_GATHER_H
#define PP_PROFILE_LEGACY_GATHER_H

#include "base/vec.h"
#include "profile/model.h"

#define PP_GATHER_TYPES 4

struct pp_gather {
    struct pp_profile *p;     /* header fields are the caller's */
    unsigned n_values;        /* of each sample */
    PP_VEC(uint64_t) address; /* of each location */
    struct pp_hash by_address;
    PP_VEC(uint32_t) locs;
    PP_VEC(uint64_t) loc_off;
    PP_VEC(int64_t) values[PP_GATHER_TYPES];
    PP_VEC(int64_t) block; /* number label "bytes" of each sample; empty: none has one */
};

void pp_gather_init(struct pp_gather *g, struct pp_arena *a, unsigned n_values);
void pp_gather_types(struct pp_gather *g, unsigned n,
                     const pp_str (*types)[2]); /* type and unit of each; replaces earlier ones */
void pp_gather_period(struct pp_gather *g, pp_str type, pp_str unit, int64_t period);

uint32_t pp_gather_find(const struct pp_gather *g, uint64_t address); /* the location's index or PP_NONE */
void pp_gather_frame(struct pp_gather *g, uint64_t address);          /* the next one towards the root */
void pp_gather_sample(struct pp_gather *g, const int64_t *values);    /* the frames since the last one */
void pp_gather_block(struct pp_gather *g, int64_t bytes);             /* with every sample or with none */

/* Numbers the locations by their first use, drops unused ones. Only needed when frames were taken out again. */
void pp_gather_renumber(struct pp_gather *g);

/* Everything into the profile; no location has a mapping or a line yet. */
void pp_gather_finish(struct pp_gather *g);

#endif
