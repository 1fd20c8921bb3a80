/* unwind/sigsafe/pc_cache.h - which unwind rule belongs to this pc: a direct-mapped cache in the caller's memory (16
 * KiB).
 *
 * Zeroed memory is a valid empty cache. It carries the generation of the module map its entries come from; a walk with
 * another generation empties it first. A walk claims it with one atomic exchange; who finds it claimed (a handler that
 * interrupted a walk, another thread when caches are shared per CPU) works without: always right, only slower.
 * After fork() in the child: pp_pc_cache_reset, the claiming thread may be gone.
 */
#ifndef PP_UNWIND_SIGSAFE_PC_CACHE_H
#define PP_UNWIND_SIGSAFE_PC_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/zone.h"

#define PP_PC_CACHE_ENTRIES 1024

struct pp_pc_cache_entry {
    uintptr_t pc;
    uint64_t rule; /* PP_RULE_FULL rules are not cached */
};

struct pp_pc_cache {
    _Atomic uint32_t claimed;
    uint32_t generation;
    uint32_t n_hits, n_misses; /* statistics, of finished walks */
    struct pp_pc_cache_entry e[PP_PC_CACHE_ENTRIES];
};

static inline void pp_pc_cache_reset(struct pp_pc_cache *c) PP_SIGSAFE { memset(c, 0, sizeof *c); }

/* False: somebody has it. */
static inline bool pp_pc_cache_claim(struct pp_pc_cache *c, uint32_t generation) PP_SIGSAFE
{
    if (atomic_exchange_explicit(&c->claimed, 1, memory_order_acquire)) return false;
    if (c->generation != generation) {
        memset(c->e, 0, sizeof c->e);
        c->generation = generation;
    }
    return true;
}

static inline void pp_pc_cache_unclaim(struct pp_pc_cache *c) PP_SIGSAFE
{
    atomic_store_explicit(&c->claimed, 0, memory_order_release);
}

static inline struct pp_pc_cache_entry *pp_pc_cache_slot(struct pp_pc_cache *c, uintptr_t pc) PP_SIGSAFE
{
    return &c->e[(pc ^ pc >> 10) & (PP_PC_CACHE_ENTRIES - 1)];
}

#endif
