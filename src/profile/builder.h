/* profile/builder.h - makes a profile from samples that come one by one: for readers of formats that have no tables of their own.
 *
 *     struct pp_builder b;
 *     pp_builder_init(&b, arena);
 *     pp_builder_type(&b, PP_STR("samples"), PP_STR("count"));
 *     locs[0] = pp_builder_location(&b, PP_NONE, 0, pp_builder_function(&b, name, PP_STR("")), 0);
 *     pp_builder_add(&b, locs, 1, (int64_t[]){1}, NULL, 0);
 *     profile = pp_builder_finish(&b);
 *
 * Equal functions and locations are one; samples with equal locations and labels are one, their values added. All types come
 * before the first sample. Texts are borrowed: they outlive the profile, or are interned with a copy before.
 * The arena must have an oom callback.   Limit: 2^31 of anything.
 */
#ifndef PP_PROFILE_BUILDER_H
#define PP_PROFILE_BUILDER_H

#include "base/vec.h"
#include "profile/model.h"

struct pp_builder {
    struct pp_profile *p; /* its texts, comments and header fields may be set by the caller at any time */
    PP_VEC(struct pp_value_type) types;
    PP_VEC(struct pp_mapping) mappings;
    PP_VEC(struct pp_function) functions;
    PP_VEC(struct pp_line) lines;
    PP_VEC(struct pp_location) locations;
    PP_VEC(uint32_t) locs;
    PP_VEC(uint64_t) loc_off;
    PP_VEC(struct pp_label) labels;
    PP_VEC(uint64_t) label_off;
    PP_VEC(int64_t) values; /* of all types, sample after sample */
    PP_VEC(pp_string_id) comments;
    struct pp_hash function_index, location_index, sample_index;
};

void pp_builder_init(struct pp_builder *b, struct pp_arena *a);

void pp_builder_type(struct pp_builder *b, pp_str type, pp_str unit);
void pp_builder_comment(struct pp_builder *b, pp_str text);

/* A new mapping; its id is set here. Gives its index. */
uint32_t pp_builder_mapping(struct pp_builder *b, const struct pp_mapping *m);

/* One for locations whose names are all there is to know, so that nobody looks for symbols. */
uint32_t pp_builder_named_mapping(struct pp_builder *b);

uint32_t pp_builder_function(struct pp_builder *b, pp_str name, pp_str file);

/* function PP_NONE: a location without line. */
uint32_t pp_builder_location(struct pp_builder *b, uint32_t mapping, uint64_t address, uint32_t function, int64_t line);

/* Leaf first. The labels are sorted in place. */
void pp_builder_add(struct pp_builder *b, const uint32_t *locs, size_t n, const int64_t *values,
                    struct pp_label *labels, size_t n_labels);

/* Makes mapping i the first one, which is taken for the program itself. */
void pp_builder_put_first(struct pp_builder *b, uint32_t i);

struct pp_profile *pp_builder_finish(struct pp_builder *b);

#endif
