// SPDX-License-Identifier: Apache-2.0
#include "record/space.h"

#include <string.h>

void pp_spaces_init(struct pp_spaces *s, struct pp_arena *a)
{
    *s = (struct pp_spaces){.arena = a, .kernel = {.pid = -1, .first_object = UINT32_MAX}};
}

static uint64_t hash_of(int32_t id) { return pp_hash_u64((uint32_t)id + 1u); }

struct pp_space *pp_spaces_of(struct pp_spaces *s, int32_t pid)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&s->space_index, hash_of(pid)); pp_hash_next(&pr, &i);)
        if (s->list.p[i]->pid == pid) return s->list.p[i];
    struct pp_space *space = PP_NEW(s->arena, struct pp_space);
    space->pid = pid;
    space->first_object = UINT32_MAX;
    pp_hash_add(s->arena, &s->space_index, hash_of(pid), (uint32_t)s->list.n);
    *PP_PUSH(s->arena, &s->list) = space;
    return space;
}

/* Index of the first mapping that ends behind `address`. */
static size_t lower_bound(const struct pp_space *space, uint64_t address)
{
    size_t lo = 0, hi = space->maps.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (space->maps.p[mid].end <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct pp_space_map *pp_space_find(const struct pp_space *space, uint64_t address)
{
    size_t i = lower_bound(space, address);
    return i < space->maps.n && space->maps.p[i].start <= address ? &space->maps.p[i] : NULL;
}

/* What of the old mapping lies behind the new one. */
static struct pp_space_map behind(const struct pp_space_map *old, const struct pp_space_map *now)
{
    struct pp_space_map m = *old;
    m.offset += now->end - old->start;
    m.start = now->end;
    return m;
}

void pp_spaces_map(struct pp_spaces *s, struct pp_space *space, const struct pp_space_map *map)
{
    size_t from = lower_bound(space, map->start), to = from;
    struct pp_space_map rest[3];
    size_t n = 0;
    if (map->end <= map->start) return;
    if (space->maps.n >= PP_SPACE_MAPS_MAX) {
        s->n_dropped++;
        return;
    }
    while (to < space->maps.n && space->maps.p[to].start < map->end)
        to++;
    if (to > from && space->maps.p[from].start < map->start) {
        rest[n] = space->maps.p[from];
        rest[n++].end = map->start;
    }
    rest[n++] = *map;
    if (to > from && space->maps.p[to - 1].end > map->end) rest[n++] = behind(&space->maps.p[to - 1], map);
    size_t removed = to - from, tail = space->maps.n - to;
    for (size_t i = removed; i < n; i++)
        (void)PP_PUSH(s->arena, &space->maps);
    struct pp_space_map *at = space->maps.p + from;
    memmove(at + n, at + removed, tail * sizeof *at);
    memcpy(at, rest, n * sizeof *at);
    space->maps.n = from + n + tail;
    space->version = ++s->last_version;
}

void pp_spaces_fork(struct pp_spaces *s, int32_t pid, int32_t parent, int32_t tid, int32_t parent_tid)
{
    pp_spaces_set_comm(s, tid, pp_spaces_comm(s, parent_tid));
    if (pid == parent) return;
    struct pp_space *child = pp_spaces_of(s, pid), *from = pp_spaces_of(s, parent);
    size_t n = from->maps.n, room = PP_SPACE_COPIES_MAX - s->n_copied;
    if (n > room) s->n_dropped += (uint32_t)(n - room), n = room;
    s->n_copied += (uint32_t)n;
    child->maps.n = 0;
    for (size_t i = 0; i < n; i++)
        *PP_PUSH(s->arena, &child->maps) = from->maps.p[i];
    child->first_object = from->first_object;
    child->version = ++s->last_version;
}

void pp_spaces_exec(struct pp_spaces *s, int32_t pid)
{
    struct pp_space *space = pp_spaces_of(s, pid);
    space->maps.n = 0;
    space->first_object = UINT32_MAX;
    space->version = ++s->last_version;
}

static struct pp_thread_name *thread_of(const struct pp_spaces *s, int32_t tid)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&s->thread_index, hash_of(tid)); pp_hash_next(&pr, &i);)
        if (s->threads.p[i].tid == tid) return &s->threads.p[i];
    return NULL;
}

void pp_spaces_set_comm(struct pp_spaces *s, int32_t tid, uint32_t comm)
{
    struct pp_thread_name *t = thread_of(s, tid);
    if (!t) {
        pp_hash_add(s->arena, &s->thread_index, hash_of(tid), (uint32_t)s->threads.n);
        t = PP_PUSH(s->arena, &s->threads);
        t->tid = tid;
    }
    t->comm = comm;
}

uint32_t pp_spaces_comm(const struct pp_spaces *s, int32_t tid)
{
    const struct pp_thread_name *t = thread_of(s, tid);
    return t ? t->comm : 0;
}
