// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/turns.h"

#define SPARE_BYTES_MAX ((size_t)64 << 20) /* of one; clearing more than is needed costs more than new pages */

void pp_turns_init(struct pp_turns *t, sem_t *cores, size_t n_cores, void (*oom)(size_t wanted))
{
    *t = (struct pp_turns){.cores = cores, .ahead = n_cores + 1, .oom = oom};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->moved, NULL);
}

void pp_turns_stop(struct pp_turns *t)
{
    while (t->n_spare)
        pp_arena_release(&t->spare[--t->n_spare]);
    pthread_cond_destroy(&t->moved);
    pthread_mutex_destroy(&t->lock);
}

static void take_memory(struct pp_turns *t, struct pp_arena *ret_arena)
{
    pthread_mutex_lock(&t->lock);
    if (t->n_spare)
        *ret_arena = t->spare[--t->n_spare];
    else
        pp_arena_init(ret_arena, 0, t->oom);
    pthread_mutex_unlock(&t->lock);
    pp_arena_reset(ret_arena);
}

void pp_turns_begin(struct pp_turns *t, size_t index, struct pp_arena *ret_arena)
{
    pthread_mutex_lock(&t->lock);
    while (index >= t->n_done + t->ahead)
        pthread_cond_wait(&t->moved, &t->lock);
    pthread_mutex_unlock(&t->lock);
    while (sem_wait(t->cores)) {
    } /* interrupted */
    take_memory(t, ret_arena);
}

void pp_turns_end(struct pp_turns *t) { sem_post(t->cores); }

void pp_turns_first(struct pp_turns *t) { t->n_done = 0; }

void pp_turns_next(struct pp_turns *t)
{
    pthread_mutex_lock(&t->lock);
    t->n_done++;
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
}

void pp_turns_give_back(struct pp_turns *t, struct pp_arena *a)
{
    bool is_kept = false;
    pthread_mutex_lock(&t->lock);
    if (t->n_spare < PP_TURNS_SPARE && a->total_bytes <= SPARE_BYTES_MAX) {
        t->spare[t->n_spare++] = *a;
        is_kept = true;
    }
    pthread_mutex_unlock(&t->lock);
    if (is_kept)
        pp_arena_init(a, 0, t->oom);
    else
        pp_arena_release(a);
}
