// SPDX-License-Identifier: Apache-2.0
#include "export/locations.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/syscall.h"
#include "export/profile.h"

/* 0 free, 1 held, 2 held and somebody waits (Drepper's futex mutex). Serializes symbolizing over all exports of the process. */
static _Atomic uint32_t symbols_lock;

static void lock_symbols(void)
{
    uint32_t seen = 0;
    if (atomic_compare_exchange_strong(&symbols_lock, &seen, 1)) return;
    while (atomic_exchange(&symbols_lock, 2) != 0)
        pp_sys(SYS_futex, &symbols_lock, FUTEX_WAIT_PRIVATE, 2, NULL);
}

static void unlock_symbols(void)
{
    if (atomic_exchange(&symbols_lock, 0) == 2) pp_sys(SYS_futex, &symbols_lock, FUTEX_WAKE_PRIVATE, 1);
}

void pp_export_after_fork(void) { atomic_store(&symbols_lock, 0); }

size_t pp_export_symbolize(const struct pp_symbolizer *symbols, struct pp_arena *a, const struct pp_ledger *l,
                           const struct pp_ledger_module *m, uint64_t address, struct pp_frame_name *ret, size_t cap,
                           uint64_t *ret_entry)
{
    *ret_entry = 0;
    if (!symbols || !m) return 0;
    lock_symbols();
    size_t n = symbols->frames(symbols->ctx, a, m, pp_ledger_module_path(l, m), address, ret, cap, ret_entry);
    unlock_symbols();
    return n < cap ? n : cap;
}

static bool same_module(const struct pp_ledger *l, const struct pp_ledger_module *a, const struct pp_ledger_module *b)
{
    return a->start == b->start && a->end == b->end && a->offset == b->offset && a->n_build_id == b->n_build_id &&
           memcmp(a->build_id, b->build_id, sizeof a->build_id) == 0 &&
           pp_str_eq(pp_ledger_module_path(l, a), pp_ledger_module_path(l, b));
}

/* same_module[i] = i for the first of each set of equal modules. */
static bool index_modules(struct pp_export_locations *ls)
{
    struct pp_hash seen = {0};
    ls->n_modules = pp_ledger_n_modules(&ls->ledger);
    ls->same_module = PP_NEW_N(ls->arena, uint32_t, ls->n_modules);
    if (!ls->same_module) return false;
    for (uint32_t i = 0, j; i < ls->n_modules; i++) {
        const struct pp_ledger_module *m = &ls->ledger.modules[i];
        uint64_t h = pp_hash_u64(m->start ^ m->end << 20);
        ls->same_module[i] = i;
        for (struct pp_probe pr = pp_hash_probe(&seen, h); ls->same_module[i] == i && pp_hash_next(&pr, &j);)
            if (same_module(&ls->ledger, m, &ls->ledger.modules[j])) ls->same_module[i] = j;
        if (ls->same_module[i] == i && !pp_hash_add(ls->arena, &seen, h, i)) return false;
    }
    return true;
}

bool pp_export_locations_init(struct pp_export_locations *ls, struct pp_arena *a, const struct pp_ledger *l,
                              const struct pp_symbolizer *symbols)
{
    *ls = (struct pp_export_locations){.arena = a, .ledger = *l, .symbols = symbols};
    return index_modules(ls);
}

static bool name_location(struct pp_export_locations *ls, struct pp_export_location *loc,
                          const struct pp_ledger_module *m)
{
    struct pp_frame_name frames[PP_EXPORT_INLINE_MAX];
    size_t n = pp_export_symbolize(ls->symbols, ls->arena, &ls->ledger, m, loc->address, frames, PP_EXPORT_INLINE_MAX,
                                   &loc->entry);
    loc->frames = PP_NEW_N(ls->arena, struct pp_frame_name, n);
    if (!loc->frames) return false;
    if (n) memcpy(loc->frames, frames, n * sizeof *frames);
    loc->n_frames = (uint32_t)n;
    return true;
}

/* The location at (address, module), made when it is new. */
static uint32_t find_by_address(struct pp_export_locations *ls, uint64_t address, uint32_t generation)
{
    const struct pp_ledger_module *m = pp_ledger_module_at(&ls->ledger, address, generation);
    uint32_t index = m ? (uint32_t)(m - ls->ledger.modules) : 0, i;
    uint32_t module = m && index < ls->n_modules ? ls->same_module[index] + 1 : 0;
    uint64_t h = pp_hash_u64(address + ((uint64_t)module << 48));
    for (struct pp_probe pr = pp_hash_probe(&ls->by_address, h); pp_hash_next(&pr, &i);)
        if (ls->v.p[i].address == address && ls->v.p[i].module == module) return i;
    struct pp_export_location loc = {.address = address, .module = module};
    if (!name_location(ls, &loc, m)) return PP_EXPORT_LOCATION_NONE;
    struct pp_export_location *new = PP_TRY_PUSH(ls->arena, &ls->v);
    if (!new) return PP_EXPORT_LOCATION_NONE;
    *new = loc;
    i = (uint32_t)(ls->v.n - 1);
    return pp_hash_add(ls->arena, &ls->by_address, h, i) ? i : PP_EXPORT_LOCATION_NONE;
}

/* A location without address and module that has just a name; its index + 1, 0: memory refused. */
static uint32_t push_marker(struct pp_export_locations *ls, const char *text)
{
    struct pp_frame_name *name = PP_NEW(ls->arena, struct pp_frame_name);
    struct pp_export_location *loc = name ? PP_TRY_PUSH(ls->arena, &ls->v) : NULL;
    if (!loc) return 0;
    name->name = pp_str_c(text);
    *loc = (struct pp_export_location){.frames = name, .n_frames = 1};
    return (uint32_t)ls->v.n;
}

static uint32_t find_pseudo(struct pp_export_locations *ls, uint64_t pc)
{
    if (!ls->pseudo[pc]) ls->pseudo[pc] = push_marker(ls, pp_ledger_pseudo_name(pc));
    return ls->pseudo[pc] ? ls->pseudo[pc] - 1 : PP_EXPORT_LOCATION_NONE;
}

uint32_t pp_export_locations_find(struct pp_export_locations *ls, uint64_t pc, uint32_t generation)
{
    if (pc < PP_PC_PSEUDO_END && pp_ledger_pseudo_name(pc)) return find_pseudo(ls, pc);
    uint64_t h = pp_hash_u64(pc + generation * 0x9e3779b97f4a7c15u);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&ls->by_key, h); pp_hash_next(&pr, &i);)
        if (ls->keys.p[i].pc == pc && ls->keys.p[i].generation == generation) return ls->keys.p[i].location;
    uint32_t location = find_by_address(ls, pc ? pc - 1 : 0, generation);
    struct pp_export_location_key *key = location == PP_EXPORT_LOCATION_NONE ? NULL : PP_TRY_PUSH(ls->arena, &ls->keys);
    if (!key) return PP_EXPORT_LOCATION_NONE;
    *key = (struct pp_export_location_key){pc, generation, location};
    return pp_hash_add(ls->arena, &ls->by_key, h, (uint32_t)(ls->keys.n - 1)) ? location : PP_EXPORT_LOCATION_NONE;
}

uint32_t pp_export_locations_cut(struct pp_export_locations *ls)
{
    if (!ls->cut) ls->cut = push_marker(ls, PP_EXPORT_CUT_NAME);
    return ls->cut ? ls->cut - 1 : PP_EXPORT_LOCATION_NONE;
}
