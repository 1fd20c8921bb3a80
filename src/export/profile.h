/* export/profile.h - from the ledger to profile.proto: cpu, heap, allocs, block, mutex, goroutine (threads).
 *
 * Sample types, periods, labels and scaling are those of Go's runtime, so that everything that reads Go's profiles reads ours:
 *
 *   cpu        samples/count, cpu/nanoseconds              period cpu/nanoseconds 1e9/hz
 *   heap       alloc_objects/count, alloc_space/bytes, inuse_objects/count, inuse_space/bytes   period space/bytes rate;
 *              number label `bytes`; values scaled by 1/(1-exp(-size/rate))
 *   allocs     the same, default_sample_type alloc_space
 *   block      contentions/count, delay/nanoseconds        period contentions/count 1; label `kind`: lock, cond, sem, barrier, join, futex,
 *              io, poll, sleep (ours: Go has locks and channels only)
 *   mutex      the same without label
 *   goroutine  goroutine/count                             period goroutine/count 1
 *
 * Where children are profiled as well, every sample has the text label `pid`.
 * Location: address = return address - 1, one Line per inlined frame. Mapping: one per executable module that is there or was hit;
 * has_* flags say what all named locations of it really have. A cut stack ends in a location without address whose
 * function is PP_EXPORT_CUT_NAME; so is CPU time without a stack ("[signals blocked]": ledger.h). Equal stacks merge over module generations. Comments: version, note, what was lost and why.
 * Cost: one hash per frame (pc, generation), symbolizing once per distinct location, one hash per sample.
 * Memory: everything in the given arena; refused memory gives PP_E_NOMEM. Symbolizing is serialized over all exports of the
 * process by one futex lock.   May run: cold code, threads that libc doesn't know included.
 */
#ifndef PP_EXPORT_PROFILE_H
#define PP_EXPORT_PROFILE_H

#include "base/out.h"
#include "export/symbolizer.h"
#include "export/threads.h"

#define PP_EXPORT_CUT_NAME "[truncated stack]" /* root-most frame of a stack that was cut */
#define PP_EXPORT_GZIP_LEVEL 1                 /* Go: BestSpeed */

enum pp_export_kind { PP_EXPORT_CPU, PP_EXPORT_HEAP, PP_EXPORT_ALLOCS, PP_EXPORT_THREADS, PP_EXPORT_BLOCK, PP_EXPORT_MUTEX };

/* Counters at one moment, to subtract from later ones. */
struct pp_export_snapshot {
    uint64_t (*counters)[4]; /* by bucket index, n_buckets of them (not CPU, THREADS) */
    uint32_t n_buckets;
    uint64_t drops[PP_DROP_COUNT];
    uint64_t heap_rate;
    struct pp_thread_dump threads; /* THREADS */
};

struct pp_export_request {
    struct pp_ledger ledger;
    const struct pp_symbolizer *symbols; /* NULL: addresses only */
    enum pp_export_kind kind;
    const struct pp_export_snapshot *since; /* not NULL: later minus this, samples of zeros dropped */
    const struct pp_thread_dump *threads;   /* THREADS: the dump */
    int64_t time_ns;                        /* time_nanos */
    int64_t duration_ns;                    /* 0: left out */
    int64_t cpu_hz;                         /* CPU: 0 counts as 100 */
    pp_str note;                            /* a comment; may be empty */
};

/* Where the samples of a kind lie in the ledger; NONE for THREADS. */
enum pp_kind pp_export_buckets_of(enum pp_export_kind kind);

/* Copies the counters of HEAP, ALLOCS, BLOCK and MUTEX (THREADS: keeps *threads, which must live as long; CPU: its buckets start at zero with
 * each window) and what was lost so far. */
enum pp_code pp_export_snapshot(struct pp_arena *a, const struct pp_ledger *l, enum pp_export_kind kind,
                                const struct pp_thread_dump *threads, struct pp_export_snapshot *ret,
                                struct pp_err *err);

/* The gzip'ed message. */
enum pp_code pp_export_profile(struct pp_arena *a, const struct pp_export_request *rq, pp_str *ret_bytes,
                               struct pp_err *err);

/* Before gzip: for tests and who packs himself. */
enum pp_code pp_export_proto(struct pp_arena *a, const struct pp_export_request *rq, pp_str *ret_bytes,
                             struct pp_err *err);

/* Rows that the index shows. */
uint32_t pp_export_count(const struct pp_ledger *l, enum pp_export_kind kind);

/* The name of the function at `pc` (a lookup address, as a return address less 1) in the current modules of the guest, or of the
 * first child that has some there; for /symbol.
 * False: unknown. */
bool pp_export_symbol(struct pp_arena *a, const struct pp_ledger *l, const struct pp_symbolizer *symbols, uint64_t pc,
                      pp_str *ret_name);

/* In the child after fork, before its first export: the lock may have been held by a thread that is not there any more. */
void pp_export_after_fork(void);

/* What one sampled count stands for: count * 1/(1 - exp(-size/rate)) as Go's scaleHeapSample computes it. */
void pp_export_scale_heap(int64_t count, int64_t bytes, uint64_t rate, int64_t *ret_count, int64_t *ret_bytes);

#endif
