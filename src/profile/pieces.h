/* profile/pieces.h - a gzipped text in pieces, the next ones being inflated meanwhile.
 *
 * A thread of its own inflates ahead into a ring of buffers, while the caller reads the piece it was given; without a thread each
 * piece is inflated when it is asked for. Memory: that of the ring.
 */
#ifndef PP_PROFILE_PIECES_H
#define PP_PROFILE_PIECES_H

#include <pthread.h>
#include <semaphore.h>

#include "profile/proto_reader.h"
#include "wire/gunzip.h"

#define PP_PIECES 4

struct pp_pieces {
    struct pp_arena arena;
    struct pp_gunzip *gunzip;
    uint8_t *buffers[PP_PIECES];
    size_t sizes[PP_PIECES];
    size_t ends[PP_PIECES]; /* of the input that they are made from */
    bool failed[PP_PIECES];
    unsigned next; /* the caller's, modulo PP_PIECES */
    bool has_thread, stops;
    pthread_t thread;
    sem_t free, full;
};

/* False: not one plain gzip member, or no memory. */
bool pp_pieces_begin(struct pp_pieces *p, pp_str gzipped, bool may_thread);

/* The next piece; empty: the end. The last PP_GUNZIP_BACK bytes of what came before stand in front of it. The piece given before is
 * no longer the caller's. False: refused. */
bool pp_pieces_next(struct pp_pieces *p, struct pp_bytes *ret_piece);

/* How far the input is used up. */
static inline size_t pp_pieces_at(const struct pp_pieces *p) { return p->next ? p->ends[(p->next - 1) % PP_PIECES] : 0; }

void pp_pieces_end(struct pp_pieces *p); /* any time after a successful begin */

#endif
