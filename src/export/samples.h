/* export/samples.h - the ledger's buckets, or a dump's threads, as distinct samples: stack of locations and values.
 *
 * Equal (locations, aux, process) are one sample, also when the ledger holds them under several ids. With `since` the earlier values are
 * subtracted and samples of zeros vanish.   For this room's files only.
 */
#ifndef PP_EXPORT_SAMPLES_H
#define PP_EXPORT_SAMPLES_H

#include "export/locations.h"
#include "export/profile.h"

#define PP_EXPORT_VALUES_MAX 4

/* Values. CPU: samples, ns. HEAP: alloc objects, alloc bytes, in-use objects, in-use bytes. BLOCK, MUTEX: waits, ns. THREADS: count. */
struct pp_export_sample {
    const uint64_t *pcs; /* return addresses of the first of the merged stacks */
    uint32_t n_pcs;
    uint32_t first, n; /* ids[first .. first+n): location indices, leaf first; the marker of a cut stack last */
    uint64_t aux;
    uint32_t process;
    int64_t v[PP_EXPORT_VALUES_MAX];
};

struct pp_export_samples {
    struct pp_export_locations locs;
    PP_VEC(uint32_t) ids;
    PP_VEC(struct pp_export_sample) v;
    struct pp_hash seen;
};

/* scaled: heap counts stand for all allocations (proto), else as sampled (text). */
enum pp_code pp_export_samples_gather(struct pp_arena *a, const struct pp_export_request *rq, bool scaled,
                                      struct pp_export_samples *ret, struct pp_err *err);

/* Sorts: heap by in-use bytes ascending; waits by delay descending; threads by count descending, then by the text of the addresses, as Go does. */
enum pp_code pp_export_samples_sort_heap(struct pp_export_samples *s, struct pp_err *err);
enum pp_code pp_export_samples_sort_waits(struct pp_export_samples *s, struct pp_err *err);
enum pp_code pp_export_samples_sort_threads(struct pp_export_samples *s, struct pp_err *err);

#endif
