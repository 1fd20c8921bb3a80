/* tool/fetch/turns.h - which sources may be decoded now, and into which memory.
 *
 * Sources are merged in the order of the command line. As many are decoded at once as there are cores, and none that is far
 * ahead of the merging: so memory of those that are merged serves those that come, its pages being there already.
 * Threads: any, but the memory goes back and the merging moves on in one.   May run: cold code.
 */
#ifndef PP_TOOL_FETCH_TURNS_H
#define PP_TOOL_FETCH_TURNS_H

#include <pthread.h>
#include <semaphore.h>

#include "base/arena.h"

#define PP_TURNS_SPARE 4

struct pp_turns {
    sem_t *cores; /* held while decoding; the other group's, too */
    size_t ahead;
    void (*oom)(size_t wanted);
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    size_t n_done; /* sources in front that wait for nothing any more */
    struct pp_arena spare[PP_TURNS_SPARE];
    size_t n_spare;
};

void pp_turns_init(struct pp_turns *t, sem_t *cores, size_t n_cores, void (*oom)(size_t wanted));
void pp_turns_stop(struct pp_turns *t);

void pp_turns_begin(struct pp_turns *t, size_t index, struct pp_arena *ret_arena); /* waits; a core and empty memory */
void pp_turns_end(struct pp_turns *t);                                             /* the core is free */

void pp_turns_first(struct pp_turns *t);                         /* counts from 0 again; while nobody waits */
void pp_turns_next(struct pp_turns *t);                          /* one more is done */
void pp_turns_give_back(struct pp_turns *t, struct pp_arena *a); /* nothing in it is needed; leaves it empty */

#endif
