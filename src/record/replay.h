/* record/replay.h - the second pass of record/record: records in the order of time become samples.
 */
#ifndef PP_RECORD_REPLAY_H
#define PP_RECORD_REPLAY_H

#include "profile/builder.h"
#include "record/event.h"
#include "record/kallsyms.h"
#include "record/record.h"
#include "record/space.h"
#include "record/stack.h"

/* A file that is mapped somewhere, or one function of the kernel's own making. */
struct pp_replay_object {
    pp_str file, build_id;
    bool is_kernel;   /* its functions may be in kallsyms */
    bool is_function; /* `file` is the name of the function, not of a file */
};

/* A part of an object and the mapping of the profile that stands for it. */
struct pp_replay_place {
    uint32_t object, mapping;
    uint64_t offset, size, start; /* start: in the profile */
};

struct pp_replay {
    struct pp_arena *scratch;
    const struct pp_record_options *o;
    const struct pp_perf_file *file;
    struct pp_perf_layout layout;
    struct pp_spaces spaces;
    struct pp_stacks *stacks;
    struct pp_builder b;
    PP_VEC(struct pp_replay_object) objects;
    PP_VEC(struct pp_replay_place) places;
    struct pp_hash object_index, place_index, build_id_index;
    struct pp_kallsyms kallsyms;
    bool has_kallsyms;
    uint32_t *type_of_event; /* its first sample type; PP_NONE: no samples */
    uint64_t n_lost, n_unreadable, n_unknown_event, n_stacks, n_unwound;
    uint64_t first_time, last_time;
    PP_VEC(uint32_t) locs;
    int64_t *values;
    pp_string_id comm_key, pid_key, tid_key;
};

/* used: for each event, whether it has samples. The arena of `file` is the scratch memory. */
void pp_replay_init(struct pp_replay *r, struct pp_arena *a, const struct pp_perf_file *file, const bool *used,
                    const struct pp_record_options *o);
void pp_replay_record(struct pp_replay *r, const struct pp_perf_record *record);
struct pp_profile *pp_replay_finish(struct pp_replay *r);

#endif
