// SPDX-License-Identifier: Apache-2.0
#include "runtime/tables/modules.h"

#include <string.h>

#include "ledger/sigsafe/book.h"
#include "runtime/os/on_stack.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"
#include "unwind/modules.h"

#define IDLE_FACTOR 20
#define IDLE_MIN_NS 1000000
#define REFRESH_STACK ((size_t)64 << 10)

/* All guarded by `busy`. */
static _Atomic uint32_t busy;
static int64_t last_end_ns, last_cost_ns;
static uint32_t seen_generation; /* the ledger knows the map of this generation */

static struct pp_ledger_module *ledger_entry(const struct pp_module *m, uint32_t n)
{
    for (uint32_t i = n; i > 0; i--) {
        struct pp_ledger_module *l = &pp_guest.ledger.modules[i - 1];
        if (l->last_gen == UINT32_MAX && l->first_gen <= m->born && l->start == m->start && l->end == m->end &&
            pp_ledger_process_of(l->first_gen) == pp_guest.ledger.process) return l;
    }
    return NULL;
}

/* Debian's redis-server is a link to redis-check-rdb: people know a program by the name they called it by. The name of the
 * exec call counts when it leads to the same file as the mapping; /proc/self/exe would lead each reader to another file. */
static pp_str name_of(const struct pp_module *m)
{
    pp_str called = pp_guest.exec_name;
    uint64_t device, inode;
    if (!called.n || called.p[0] != '/' || pp_str_has_prefix(called, PP_STR("/proc/")) || m->deleted || pp_str_eq(called, m->path)) return m->path;
    if (!pp_os_file_identity(called.p, &device, &inode) || inode != m->inode || device != pp_os_device(m->dev_major, m->dev_minor)) return m->path;
    return called;
}

static void ledger_add(const struct pp_module *m)
{
    struct pp_ledger_module l = {.start = m->start, .end = m->end, .offset = m->offset, .first_gen = m->born, .last_gen = UINT32_MAX};
    l.n_build_id = m->build_id_n <= sizeof l.build_id ? m->build_id_n : sizeof l.build_id;
    memcpy(l.build_id, m->build_id, l.n_build_id);
    if (!pp_ledger_add_module(&pp_guest.ledger, &l, m->is_file ? name_of(m) : m->path)) pp_book_drop(&pp_guest.ledger, PP_DROP_MODULES_FULL);
}

/* A stack is stamped with the generation it was walked in, so entries are closed at the generation before `died`. */
static void ledger_sync(const struct pp_module_map *map)
{
    uint32_t n = pp_ledger_n_modules(&pp_guest.ledger);
    for (uint32_t i = 0; i < map->n_past; i++) {
        const struct pp_module *m = &map->past[i];
        if (m->died <= seen_generation) continue;
        struct pp_ledger_module *l = ledger_entry(m, n);
        if (l) l->last_gen = m->died - 1;
    }
    for (uint32_t i = 0; i < map->n; i++) /* after the closing: a module that came back gets its old entry */
        if (map->modules[i].born > seen_generation) ledger_add(&map->modules[i]);
    seen_generation = map->generation;
    atomic_store(&pp_guest_process()->module_generation, map->generation);
}

static bool refresh(void)
{
    bool changed = false;
    int64_t start = pp_os_monotonic_ns();
    atomic_store(&pp_guest.modules_stale, 0);
    struct pp_err err;
    if (pp_modules_refresh(&pp_guest.modules, &changed, &err) == PP_OK && changed) {
        struct pp_modules_reader reader;
        const struct pp_module_map *map = pp_modules_enter(&pp_guest.modules, &reader);
        if (map) ledger_sync(map);
        pp_modules_leave(&pp_guest.modules, &reader);
    }
    last_end_ns = pp_os_monotonic_ns();
    last_cost_ns = last_end_ns - start;
    return changed;
}

static void refresh_here(void *ret_changed)
{
    *(bool *)ret_changed = refresh();
}

/* Hooks come on coroutine stacks of a few KiB; reading ELF headers and compiling tables takes more. The lock makes one stack
 * enough. */
static bool refresh_now(void)
{
    static void *stack;
    bool changed = false;
    if (!stack) stack = pp_os_map_reserve(REFRESH_STACK);
    if (stack) pp_os_on_stack((char *)stack + REFRESH_STACK, refresh_here, &changed);
    return changed;
}

bool pp_runtime_modules_refresh(bool force)
{
    uint32_t idle = 0;
    if (!pp_guest_on() || !atomic_compare_exchange_strong(&busy, &idle, 1)) return false;
    int64_t pause = last_cost_ns * IDLE_FACTOR > IDLE_MIN_NS ? last_cost_ns * IDLE_FACTOR : IDLE_MIN_NS;
    bool changed = false;
    if (force || last_end_ns == 0 || pp_os_monotonic_ns() - last_end_ns > pause) changed = refresh_now();
    atomic_store(&busy, 0);
    return changed;
}
