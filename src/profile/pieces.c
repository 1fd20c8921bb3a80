// SPDX-License-Identifier: Apache-2.0
#include "profile/pieces.h"

static void inflate_into(struct pp_pieces *p, unsigned slot)
{
    p->failed[slot] = !pp_gunzip_next(p->gunzip, p->buffers[slot], &p->sizes[slot]);
    p->ends[slot] = pp_gunzip_at(p->gunzip);
}

static void *inflate_ahead(void *ctx)
{
    struct pp_pieces *p = ctx;
    for (unsigned slot = 0;; slot = (slot + 1) % PP_PIECES) {
        while (sem_wait(&p->free)) {
        } /* interrupted */
        if (__atomic_load_n(&p->stops, __ATOMIC_ACQUIRE)) return NULL;
        inflate_into(p, slot);
        bool is_last = p->failed[slot] || !p->sizes[slot];
        sem_post(&p->full);
        if (is_last) return NULL;
    }
}

bool pp_pieces_begin(struct pp_pieces *p, pp_str gzipped, bool may_thread)
{
    *p = (struct pp_pieces){0};
    bool ready = (p->gunzip = pp_gunzip_new(&p->arena, gzipped)) != NULL;
    for (unsigned i = 0; i < PP_PIECES && ready; i++)
        ready = (p->buffers[i] = PP_NEW_N(&p->arena, uint8_t, PP_GUNZIP_ROOM)) != NULL;
    if (!ready) {
        pp_arena_release(&p->arena);
        return false;
    }
    sem_init(&p->free, 0, PP_PIECES - 1); /* one is the caller's */
    sem_init(&p->full, 0, 0);
    p->has_thread = may_thread && !pthread_create(&p->thread, NULL, inflate_ahead, p);
    return true;
}

bool pp_pieces_next(struct pp_pieces *p, struct pp_bytes *ret_piece)
{
    unsigned slot = p->next % PP_PIECES;
    if (p->has_thread) {
        if (p->next) sem_post(&p->free);
        while (sem_wait(&p->full)) {
        }
    } else {
        inflate_into(p, slot);
    }
    p->next++;
    const uint8_t *start = p->buffers[slot] + PP_GUNZIP_BACK;
    *ret_piece = (struct pp_bytes){start, start + p->sizes[slot]};
    return !p->failed[slot];
}

void pp_pieces_end(struct pp_pieces *p)
{
    if (p->has_thread) {
        __atomic_store_n(&p->stops, true, __ATOMIC_RELEASE);
        sem_post(&p->free);
        pthread_join(p->thread, NULL);
    }
    sem_destroy(&p->free);
    sem_destroy(&p->full);
    pp_arena_release(&p->arena);
}
