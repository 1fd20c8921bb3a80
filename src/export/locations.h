/* export/locations.h - the distinct places that stacks go through, each with its names: looked up once.
 *
 * A location is (address, module); the same library seen in several module generations is one module. Found by one hash of
 * (pc, generation) per frame.   For this room's files only.
 */
#ifndef PP_EXPORT_LOCATIONS_H
#define PP_EXPORT_LOCATIONS_H

#include "base/hash.h"
#include "base/vec.h"
#include "export/symbolizer.h"

#define PP_EXPORT_LOCATION_NONE UINT32_MAX /* memory was refused */
#define PP_EXPORT_INLINE_MAX 32            /* frames of one location; deeper inlining is cut */

struct pp_export_location {
    uint64_t address;             /* return address less 1; 0: a marker: cut stack, pseudo-frame */
    uint64_t entry;               /* of the outermost function; 0: unknown */
    struct pp_frame_name *frames; /* n_frames, innermost first */
    uint32_t n_frames;            /* 0: no name known */
    uint32_t module;              /* index in the ledger's modules + 1; 0: none */
};

struct pp_export_location_key {
    uint64_t pc;
    uint32_t generation, location;
};

struct pp_export_locations {
    struct pp_arena *arena;
    struct pp_ledger ledger;
    const struct pp_symbolizer *symbols;
    PP_VEC(struct pp_export_location) v;
    PP_VEC(struct pp_export_location_key) keys;
    struct pp_hash by_key, by_address;
    uint32_t n_modules;
    uint32_t *same_module; /* index of the first equal module */
    uint32_t cut;          /* location of the marker + 1; 0: none yet */
    uint32_t pseudo[PP_PC_PSEUDO_END]; /* the same, of the pseudo-frames */
};

/* False: memory refused. */
bool pp_export_locations_init(struct pp_export_locations *ls, struct pp_arena *a, const struct pp_ledger *l,
                              const struct pp_symbolizer *symbols);
uint32_t pp_export_locations_find(struct pp_export_locations *ls, uint64_t pc, uint32_t generation);
uint32_t pp_export_locations_cut(struct pp_export_locations *ls);

/* symbols->frames under the process-wide lock. */
size_t pp_export_symbolize(const struct pp_symbolizer *symbols, struct pp_arena *a, const struct pp_ledger *l,
                           const struct pp_ledger_module *m, uint64_t address, struct pp_frame_name *ret, size_t cap,
                           uint64_t *ret_entry);

#endif
