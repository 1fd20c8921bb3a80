/* runtime/hooks/live.h - which sampled objects are alive: from address to the bucket that their free is charged to.
 *
 * free() must be cheap for the many objects that were not sampled: it looks at one byte of a counting filter of 2^20 bytes,
 * indexed by the address; 0 means "surely not sampled". A byte counts the sampled objects of its index; 255 sticks.
 * Behind it a chain of open-addressing tables, each twice as large as the one before: an object goes into the first that has room
 * within PP_LIVE_PROBES slots, so few live samples touch few pages. A slot is claimed by one compare-and-swap:
 *
 *     address 0 or GONE  ->  BUSY (fields being written)  ->  the object's address  ->  GONE
 *
 * No two threads handle the same address at the same time, unless the guest itself has a race or frees twice.
 * The memory is private: a forked child has a copy of its own.   May run: hooks. Lock-free, bounded.
 */
#ifndef PP_RUNTIME_HOOKS_LIVE_H
#define PP_RUNTIME_HOOKS_LIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PP_LIVE_FILTER_BITS 20

struct pp_live_object {
    uint32_t bucket; /* index in the ledger */
    uint64_t size;
};

extern _Atomic uint8_t pp_live_filter[1 << PP_LIVE_FILTER_BITS] __attribute__((visibility("hidden")));

/* The 4096 places of 64 KiB share one page of the filter, those of a KiB one cache line: the frees of a working set of 3 MB touch 45 pages
 * and 180 KB of it, not all of it. The page is hashed, and the order within it: aligned objects use all bytes. */
static inline uint32_t pp_live_filter_index(const void *p)
{
    uint64_t address = (uintptr_t)p;
    return (uint32_t)((address >> 16) * 0x9e3779b97f4a7c15u >> (64 - PP_LIVE_FILTER_BITS)) ^ (address >> 4 & 4095);
}

/* False: p was surely not sampled. */
static inline bool pp_live_maybe(const void *p)
{
    return atomic_load_explicit(&pp_live_filter[pp_live_filter_index(p)], memory_order_relaxed) != 0;
}

bool pp_live_add(const void *p, struct pp_live_object o); /* false: full, or no memory for the next table */
bool pp_live_remove(const void *p, struct pp_live_object *ret); /* p may be NULL or rubbish: false */

#endif
