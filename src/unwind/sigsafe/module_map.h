/* unwind/sigsafe/module_map.h - what is loaded where: the readers' side of unwind/modules.
 *
 * A map is one immutable block of pages, published whole by one atomic pointer. A reader takes it inside a read
 * section and drops it at the end; nothing of the map may be kept beyond it (ids, generations and pcs may).
 *
 *     struct pp_modules_reader rd;
 *     const struct pp_module_map *map = pp_modules_enter(modules, &rd);
 *     ... pp_walk(map, ...) ...
 *     pp_modules_leave(modules, &rd);
 *
 * Why this is safe without locks: enter adds 1 to one of 16 x 2 counters (stripe by stack address, side by `side`)
 * *before* it loads the pointer, leave subtracts it. The publisher stores the new pointer, then watches the counters:
 * an old map is freed only after each of the 32 counters was seen 0 at least once since. A reader that holds the old
 * map had its counter up before that pointer was replaced, so its counter can't have been seen 0 before it left; one
 * that counts up later loads the new pointer (all sequentially consistent). `side` flips while maps wait, so that
 * every counter drains even when readers never pause. Nested sections (a handler in a handler) just count. A read
 * section costs two uncontended atomic adds (about 10 ns). After fork() in the child: pp_modules_after_fork.
 */
#ifndef PP_UNWIND_SIGSAFE_MODULE_MAP_H
#define PP_UNWIND_SIGSAFE_MODULE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/str.h"
#include "base/zone.h"
#include "unwind/sigsafe/table.h"

/* One executable mapping. Records are sorted by start and do not overlap. */
struct pp_module {
    uintptr_t start, end;
    uintptr_t bias;  /* run-time address = ELF address + bias */
    uint64_t offset; /* of start, in the file */
    uint64_t inode;
    uint32_t dev_major, dev_minor;
    const struct pp_table *table; /* NULL: none (JIT, anonymous, no .eh_frame): frame pointers only */
    uintptr_t eh_frame_hdr;       /* run-time address, 0: none; identifies the object for _dl_find_object */
    uintptr_t build_id_at;        /* run-time address of the build id's bytes, 0: none */
    uintptr_t entry;              /* run-time address of the ELF entry point, 0: none */
    uint32_t id;                  /* small; the same mapping keeps it over refreshes, never used again for another */
    uint32_t born, died;          /* generations: visible in maps of born <= generation < died; died 0: still there */
    bool is_file, is_vdso, deleted;
    bool half_mapped; /* seen while the loader was mapping or unmapping it: read again by the next refreshes */
    uint8_t n_tries;
    uint8_t build_id_n;
    uint8_t build_id[32];
    pp_str path; /* as in /proc/PID/maps; "" anonymous */
};

#define PP_MODULES_PAST_MAX 256 /* unloaded ones that are remembered; the oldest is forgotten */

struct pp_module_map {
    uint32_t generation; /* 1, 2, ...: one more whenever the executable mappings changed */
    uint32_t n, n_past;
    size_t size_bytes;
    const uintptr_t *starts;         /* n; the search works on these only */
    const struct pp_module *modules; /* n live ones */
    const struct pp_module *past;    /* n_past unloaded ones, latest last */
};

struct pp_modules_stripe {
    _Alignas(64) _Atomic uint32_t in[2];
};

#define PP_MODULES_STRIPES 16

/* Readers use the first part; the rest belongs to unwind/modules.c. All zero is a valid empty one. */
struct pp_modules {
    _Atomic(const struct pp_module_map *) current; /* NULL before the first refresh */
    _Atomic uint32_t side;
    struct pp_modules_stripe stripe[PP_MODULES_STRIPES];
    struct pp_modules_writer *writer;
};

struct pp_modules_reader {
    _Atomic uint32_t *counter;
};

/* NULL before the first refresh; leave must be called all the same. */
static inline const struct pp_module_map *pp_modules_enter(struct pp_modules *m,
                                                           struct pp_modules_reader *rd) PP_SIGSAFE
{
    uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    uint32_t stripe = (uint32_t)((sp >> 14 ^ sp >> 21) * 0x9E3779B9u) >> 28;
    rd->counter = &m->stripe[stripe].in[atomic_load_explicit(&m->side, memory_order_relaxed) & 1];
    atomic_fetch_add(rd->counter, 1);
    return atomic_load(&m->current);
}

static inline void pp_modules_leave(struct pp_modules *m, struct pp_modules_reader *rd) PP_SIGSAFE
{
    (void)m;
    atomic_fetch_sub(rd->counter, 1);
}

/* The live module around address; NULL: none. map NULL (nothing published yet) counts as an empty map, here and below. */
const struct pp_module *pp_module_find(const struct pp_module_map *map, uintptr_t address) PP_SIGSAFE;

/* The module that was around address in that generation: live or remembered; NULL: none, or forgotten.
 * For naming stacks that were stamped with a generation when they were taken. */
const struct pp_module *pp_module_find_at(const struct pp_module_map *map, uintptr_t address,
                                          uint32_t generation) PP_SIGSAFE;

#endif
