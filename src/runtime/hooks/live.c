// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/live.h"

#include "base/hash.h"
#include "base/pages.h"
#include "runtime/os/os.h"

#define FIRST_BITS 12 /* 4096 slots, 96 KiB */
#define TABLES 14     /* the last one has 2^25 slots */
#define PP_LIVE_PROBES 24

enum { EMPTY = 0, GONE = 1, BUSY = 2 };

struct slot {
    _Atomic uintptr_t address;
    uint64_t size;
    uint32_t bucket;
};

_Alignas(4096) _Atomic uint8_t pp_live_filter[1 << PP_LIVE_FILTER_BITS];
static struct slot *_Atomic tables[TABLES];

static void filter_add(const void *p)
{
    _Atomic uint8_t *f = &pp_live_filter[pp_live_filter_index(p)];
    uint8_t old = atomic_load_explicit(f, memory_order_relaxed);
    while (old != 255 && !atomic_compare_exchange_weak_explicit(f, &old, (uint8_t)(old + 1), memory_order_relaxed, memory_order_relaxed)) {}
}

static void filter_remove(const void *p)
{
    _Atomic uint8_t *f = &pp_live_filter[pp_live_filter_index(p)];
    uint8_t old = atomic_load_explicit(f, memory_order_relaxed);
    while (old != 255 && old != 0 &&
           !atomic_compare_exchange_weak_explicit(f, &old, (uint8_t)(old - 1), memory_order_relaxed, memory_order_relaxed)) {}
}

static size_t table_slots(int t)
{
    return (size_t)1 << (FIRST_BITS + t);
}

/* Two threads may both map a table; the loser gives its memory back. */
static struct slot *table_make(int t)
{
    size_t bytes = table_slots(t) * sizeof(struct slot);
    struct slot *made = pp_os_map_reserve(bytes), *seen = NULL;
    if (!made) return NULL;
    if (atomic_compare_exchange_strong(&tables[t], &seen, made)) return made;
    pp_pages_unmap(made, bytes);
    return seen;
}

static struct slot *slot_at(struct slot *table, int t, uint64_t hash, size_t probe)
{
    return &table[(hash + probe) & (table_slots(t) - 1)];
}

static bool claim(struct slot *s)
{
    uintptr_t seen = atomic_load_explicit(&s->address, memory_order_relaxed);
    return (seen == EMPTY || seen == GONE) &&
           atomic_compare_exchange_strong_explicit(&s->address, &seen, BUSY, memory_order_acquire, memory_order_relaxed);
}

bool pp_live_add(const void *p, struct pp_live_object o)
{
    uint64_t hash = pp_hash_u64((uintptr_t)p);
    for (int t = 0; t < TABLES; t++) {
        struct slot *table = atomic_load(&tables[t]);
        if (!table && !(table = table_make(t))) return false;
        for (size_t i = 0; i < PP_LIVE_PROBES; i++) {
            struct slot *s = slot_at(table, t, hash, i);
            if (!claim(s)) continue;
            s->size = o.size;
            s->bucket = o.bucket;
            filter_add(p);
            atomic_store_explicit(&s->address, (uintptr_t)p, memory_order_release);
            return true;
        }
    }
    return false;
}

bool pp_live_remove(const void *p, struct pp_live_object *ret)
{
    if ((uintptr_t)p <= BUSY) return false; /* free(NULL), with an object alive on its byte of the filter: not "an empty slot was found" */
    uint64_t hash = pp_hash_u64((uintptr_t)p);
    for (int t = 0; t < TABLES; t++) {
        struct slot *table = atomic_load(&tables[t]);
        if (!table) return false;
        for (size_t i = 0; i < PP_LIVE_PROBES; i++) {
            struct slot *s = slot_at(table, t, hash, i);
            if (atomic_load_explicit(&s->address, memory_order_acquire) != (uintptr_t)p) continue;
            struct pp_live_object found = {s->bucket, s->size};
            uintptr_t mine = (uintptr_t)p;
            if (!atomic_compare_exchange_strong(&s->address, &mine, GONE)) continue;
            *ret = found;
            filter_remove(p);
            return true;
        }
    }
    return false;
}
