// SPDX-License-Identifier: Apache-2.0
#include "runtime/sigsafe/take.h"

#include "ledger/sigsafe/book.h"

#define CLAIM_TRIES 16
#define RED_ZONE 128

struct pp_scratch *pp_scratch_claim(struct pp_scratch_pool *pool, uint32_t hint)
{
    for (uint32_t i = 0; i < CLAIM_TRIES && i < pool->n; i++) {
        struct pp_scratch *s = &pool->p[(hint + i) % pool->n];
        uint32_t free = 0;
        if (atomic_compare_exchange_strong_explicit(&s->claimed, &free, 1, memory_order_acquire, memory_order_relaxed)) return s;
    }
    return NULL;
}

static void peek_own(struct pp_peek *mem, struct pp_self *self, uintptr_t sp, struct pp_scratch *s)
{
    bool known = pp_self_covers(self, sp - RED_ZONE);
    pp_peek_init_own(mem, known ? self->stack_lo : 0, known ? self->stack_hi : 0, s->window, sizeof s->window);
}

/* Wrappers at the leaf, the trampoline near the root: nobody wants to see them. */
static size_t drop_own_frames(uint64_t *pcs, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (pcs[i] - 1 - pp_guest.own_start >= pp_guest.own_end - pp_guest.own_start) pcs[kept++] = pcs[i];
    return kept;
}

/* The generation in which the youngest module of the stack was new: all of them were there then. So a stack has one id, however
 * often other libraries come and go (each generation of the map would bring all stacks anew, until the table is full). */
static uint32_t stamp_of(const struct pp_module_map *map, const uint64_t *pcs, size_t n)
{
    const struct pp_module *m = NULL;
    uint32_t stamp = 0;
    for (size_t i = 0; map && i < n; i++) {
        uint64_t pc = pcs[i] - 1;
        if (m && pc >= m->start && pc < m->end) continue;
        const struct pp_module *at = pp_module_find(map, pc);
        if (!at) continue;
        m = at;
        if (m->born > stamp) stamp = m->born;
    }
    if (!map) return pp_ledger_first_generation(pp_guest.ledger.process);
    return stamp ? stamp : map->generation;
}

/* glibc's struct dl_find_object (since 2.35), as far as we read it; the rest is room for what later versions add. */
struct found_object {
    uint64_t flags;
    uintptr_t map_start, map_end;
    void *link_map;
    uintptr_t eh_frame; /* address of PT_GNU_EH_FRAME: .eh_frame_hdr */
    uint64_t room[19];
};

/* Does the loader still have at pc the object whose table we are about to use? It may have unmapped that one and mapped another
 * since our map was read. Lock-free and made for signal handlers (GNU C Library manual, "Dynamic Linker Introspection"). */
static bool still_there(uintptr_t pc, uintptr_t eh_frame_hdr)
{
    struct found_object o;
    return pp_guest.find_object((void *)pc, &o) == 0 && o.eh_frame == eh_frame_hdr;
}

uint32_t pp_take_stack(struct pp_scratch_pool *pool, struct pp_self *self, const struct pp_walk_regs *regs, bool *ret_cut)
{
    *ret_cut = false;
    struct pp_scratch *s = pp_scratch_claim(pool, self->tid * 4);
    if (!s) {
        pp_book_drop(&pp_guest.ledger, PP_DROP_NO_SCRATCH);
        return 0;
    }
    struct pp_peek mem;
    peek_own(&mem, self, PP_WALK_SP(regs), s);
    struct pp_modules_reader reader;
    const struct pp_module_map *map = pp_modules_enter(&pp_guest.modules, &reader);
    struct pp_walk_options options = {.cache = &s->cache, .still_there = pp_guest.find_object ? still_there : NULL};
    struct pp_walk_result end;
    size_t n = pp_walk(map, regs, &mem, &options, s->pcs, PP_STACK_DEPTH_MAX, &end);
    n = drop_own_frames(s->pcs, n);
    uint32_t stamp = stamp_of(map, s->pcs, n);
    pp_modules_leave(&pp_guest.modules, &reader);

    if (end.unknown_module) atomic_store_explicit(&pp_guest.modules_stale, 1, memory_order_relaxed);
    bool cut = *ret_cut = end.end != PP_WALK_ROOT;
    uint32_t id = pp_book_stack(&pp_guest.ledger, s->pcs, (uint32_t)n, cut ? PP_STACK_CUT : 0, stamp);
    pp_scratch_unclaim(s);
    return id;
}

uint32_t pp_take_counted(struct pp_scratch_pool *pool, struct pp_self *self, const struct pp_walk_regs *regs)
{
    bool cut;
    uint32_t id = pp_take_stack(pool, self, regs, &cut);
    if (cut) pp_book_drop(&pp_guest.ledger, PP_DROP_STACK_CUT);
    return id;
}
