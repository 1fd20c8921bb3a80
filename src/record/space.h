/* record/space.h - who lives where: processes with their mappings and threads with their names, as the records tell it.
 *
 * One kernel space for all, one space for each process. A new mapping replaces what it covers of older ones. fork copies the
 * parent's mappings, exec forgets them. Process and thread numbers may be used again.
 * Limits: PP_SPACE_MAPS_MAX mappings in one space (the kernel allows 65530), PP_SPACE_COPIES_MAX copied by forks; what is beyond is left out
 * (n_dropped).
 */
#ifndef PP_RECORD_SPACE_H
#define PP_RECORD_SPACE_H

#include "base/hash.h"
#include "base/vec.h"

#define PP_SPACE_MAPS_MAX 65536
#define PP_SPACE_COPIES_MAX 4000000

struct pp_space_map {
    uint64_t start, end; /* end > start */
    uint64_t offset;     /* of start, in the file */
    uint32_t object;     /* index that the caller gave */
};

struct pp_space {
    PP_VEC(struct pp_space_map) maps; /* by start; they don't overlap */
    uint32_t version;                 /* changes with the mappings */
    int32_t pid;                      /* -1: the kernel's */
    uint32_t first_object;            /* for the caller: what was mapped first since the exec; UINT32_MAX: nothing */
    uint64_t weight;                  /* for the caller */
    void *unwind;                     /* the same: what it knows about this version */
};

struct pp_thread_name {
    int32_t tid;
    uint32_t comm; /* what the caller gave; 0: not known */
};

struct pp_spaces {
    struct pp_arena *arena;
    PP_VEC(struct pp_space *) list;
    PP_VEC(struct pp_thread_name) threads;
    struct pp_hash space_index, thread_index;
    struct pp_space kernel;
    uint32_t n_dropped, n_copied;
    uint32_t last_version;
};

void pp_spaces_init(struct pp_spaces *s, struct pp_arena *a);

struct pp_space *pp_spaces_of(struct pp_spaces *s, int32_t pid); /* made if it is new */
void pp_spaces_map(struct pp_spaces *s, struct pp_space *space, const struct pp_space_map *map);
void pp_spaces_fork(struct pp_spaces *s, int32_t pid, int32_t parent, int32_t tid, int32_t parent_tid);
void pp_spaces_exec(struct pp_spaces *s, int32_t pid);

void pp_spaces_set_comm(struct pp_spaces *s, int32_t tid, uint32_t comm);
uint32_t pp_spaces_comm(const struct pp_spaces *s, int32_t tid); /* 0: not known */

const struct pp_space_map *pp_space_find(const struct pp_space *space, uint64_t address); /* NULL: none */

#endif
