/* base/vec.h - a growing array inside an arena.
 *
 *     PP_VEC(struct pp_line) lines = {0};
 *     *PP_PUSH(arena, &lines) = (struct pp_line){.line = 3};
 *     for (size_t i = 0; i < lines.n; i++) use(lines.p[i]);
 *
 * Growth doubles; the old block stays in the arena until that is released, unless it was the newest and could grow in place.
 * Elements are zero when new.
 */
#ifndef PP_BASE_VEC_H
#define PP_BASE_VEC_H

#include "base/arena.h"

#define PP_VEC(type)                                                                                                   \
    struct {                                                                                                           \
        type *p;                                                                                                       \
        size_t n, cap;                                                                                                 \
    }

/* A new last element; the arena must have an oom callback (the process ends when memory is refused). */
#define PP_PUSH(a, v)                                                                                                  \
    ((v)->n < (v)->cap ? (void)0 : pp_vec_must_grow((a), (void **)&(v)->p, &(v)->cap, PP_VEC_ELEMENT(v)),              \
     &(v)->p[(v)->n++])

/* The same where memory may be refused: NULL then. */
#define PP_TRY_PUSH(a, v)                                                                                              \
    ((v)->n < (v)->cap || pp_vec_reserve((a), (void **)&(v)->p, &(v)->cap, (v)->n + 1, PP_VEC_ELEMENT(v))              \
         ? &(v)->p[(v)->n++]                                                                                           \
         : NULL)

#define PP_VEC_ELEMENT(v) sizeof *(v)->p, _Alignof(__typeof__(*(v)->p))

/* Makes room for at least `want` elements; false when memory is refused. */
bool pp_vec_reserve(struct pp_arena *a, void **p, size_t *cap, size_t want, size_t size, size_t align);
void pp_vec_must_grow(struct pp_arena *a, void **p, size_t *cap, size_t size, size_t align);

#endif
