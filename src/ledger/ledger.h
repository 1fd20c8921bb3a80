/* ledger/ledger.h - the book that libpprof keeps about its guest: one block of memory, readable from another process.
 *
 * Under `pprof run` the block is a memfd that the parent maps, too: the profiles survive any death of the guest. Therefore it
 * holds no pointers: sections lie at offsets that stand in the head, everything else is an index. With plain LD_PRELOAD
 * it is private memory. Sections are sized for the worst case and sparse: a page costs memory when it is first written.
 *
 *   head | stack slots | stack words | bucket slots | buckets | modules | threads | text
 *
 * stack  = one word  n | flags << 16 | module generation << 32, then n program counters, leaf first. Every counter
 *          is kept as a RETURN address: of an interrupted frame (leaf of a CPU sample) pc + 1. An id is the word's index.
 * bucket = counters of one (kind, stack, aux). Found or made lock-free; never moves, never dies; aux is the object size of
 *          a heap bucket, else 0.
 *
 * Who writes: the guest's signal handlers and hooks (ledger/sigsafe/book.h), its cold code (modules, threads, text: under the
 * owner's lock). Who reads: export, in either process. Counters are read without a lock: a snapshot may be torn between
 * two counters, never within one. Limits are the caps below; what does not fit is counted in drops[] by reason.
 */
#ifndef PP_LEDGER_LEDGER_H
#define PP_LEDGER_LEDGER_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/str.h"

#define PP_LEDGER_MAGIC 0x3172656764656c70u /* "pledger1" */
#define PP_INERT_MAX 32
#define PP_STACK_DEPTH_MAX 512              /* program counters in one stack */

enum pp_kind { PP_KIND_NONE, PP_KIND_CPU, PP_KIND_HEAP, PP_KIND_COUNT };

/* Counters of a bucket by kind. */
enum { PP_CPU_SAMPLES = 0, PP_CPU_NS = 1 };
enum { PP_HEAP_ALLOCS = 0, PP_HEAP_ALLOC_BYTES = 1, PP_HEAP_FREES = 2, PP_HEAP_FREE_BYTES = 3 }; /* sampled, not scaled */

/* Why a sample or a frame was lost; names in pp_drop_names[]. */
enum pp_drop {
    PP_DROP_STACKS_FULL,
    PP_DROP_BUCKETS_FULL,
    PP_DROP_NO_SCRATCH,     /* all scratch buffers of the handler or the hooks were in use */
    PP_DROP_FOREIGN_TID,    /* the signal ran on a thread other than the one its timer counts */
    PP_DROP_NO_TIMER,       /* a thread got no timer: RLIMIT_SIGPENDING or the kernel refused */
    PP_DROP_LIVE_FULL,      /* the table of live sampled objects was full */
    PP_DROP_REENTERED,      /* a hook or the handler was entered while it ran on the same thread */
    PP_DROP_STACK_CUT,      /* the sample counts, its stack ends in a marker frame */
    PP_DROP_COUNT
};
extern const char *const pp_drop_names[PP_DROP_COUNT];

/* Flags of a stack. */
enum { PP_STACK_CUT = 1 };

struct pp_bucket {
    uint32_t kind; /* enum pp_kind; NONE: lost a race, skip it */
    uint32_t stack;
    uint64_t aux;
    _Atomic uint64_t v[4];
};

/* A mapping of code, as it was while generations [first_gen, last_gen] were current. */
struct pp_ledger_module {
    uint64_t start, end, offset; /* as in /proc/PID/maps */
    uint64_t text_path;          /* offset in text */
    uint32_t n_path, n_build_id;
    uint32_t first_gen, last_gen; /* last_gen UINT32_MAX: still there */
    uint8_t build_id[32];         /* raw bytes, n_build_id of them */
};

struct pp_ledger_thread {
    _Atomic uint32_t tid; /* 0: free slot */
    uint32_t serial;      /* 1 is the main thread; never used twice: the "goroutine" number */
    uint32_t creator_serial;
    uint32_t creator_stack; /* stack id of pthread_create's caller; 0: unknown */
    uint64_t start_ns;      /* CLOCK_MONOTONIC */
    uint64_t start_routine; /* address; 0: unknown */
    /* Of dumps. asked: the number of the question (PP_VERB_ASK_RUNNING) that `stack` answers. */
    _Atomic uint32_t asked, stack;
    /* The wait that the last dump saw: the thread has been in it since then while its switches stay the same. */
    uint64_t wait_switches, wait_since_ns;
};

/* si_value of the signal that wakes the guest (sent with SI_QUEUE). */
#define PP_WAKE ((uint64_t)0x77616b65 << 32)

/* One request at a time from the parent (`pprof run`) to the guest: the parent fills verb and arg, raises `asked`, wakes the
 * guest by a signal and waits on `answered` (a futex word shared between the processes) to become equal to it. */
enum pp_verb {
    PP_VERB_CPU_START = 1, /* arg: Hz; answer: 0 or errno */
    PP_VERB_CPU_STOP,
    PP_VERB_REFRESH_MODULES,
    PP_VERB_ASK_RUNNING, /* arg: a new number; threads that run note their stacks in their registry entries */
};
struct pp_mailbox {
    _Atomic uint32_t asked, answered;
    uint32_t verb;
    int32_t result;
    int64_t arg;
};

enum pp_guest_state { PP_GUEST_STARTING, PP_GUEST_ON, PP_GUEST_OFF, PP_GUEST_FROZEN };

struct pp_ledger_section {
    uint64_t offset, cap; /* bytes from the start; elements */
};

struct pp_ledger_head {
    uint64_t magic;
    uint64_t total_bytes;
    struct pp_ledger_section stack_slots, stack_words, bucket_slots, buckets, modules, threads, text;

    _Atomic uint64_t n_stack_words, n_buckets, n_text; /* claimed; may pass the cap: clamp */
    _Atomic uint32_t n_modules, n_threads;             /* valid entries; threads: slots ever used */
    _Atomic uint32_t module_generation;

    _Atomic uint32_t state; /* enum pp_guest_state */
    _Atomic uint32_t guest_pid;
    _Atomic uint32_t signal; /* the private signal number that wakes the guest; 0: not yet */
    _Atomic uint32_t agent_tid; /* our thread in the guest while it exists, else 0 */
    uint64_t start_realtime_ns;

    uint32_t cpu_hz_at_start;    /* set by the parent: open a CPU window at once; 0: don't */
    _Atomic uint64_t heap_rate;  /* mean bytes between samples; 0 off, 1 every allocation */
    _Atomic uint32_t cpu_hz;     /* of the running window; 0: none */
    _Atomic uint64_t cpu_start_monotonic_ns;

    _Atomic uint64_t drops[PP_DROP_COUNT];
    _Atomic uint64_t live_samples;   /* sampled objects alive */
    _Atomic uint64_t handler_runs, handler_ns; /* our own cost (ns only when self-timing is on) */

    struct pp_mailbox mailbox;
    /* Programs that the guest started and that are not profiled: a ring of the latest. */
    _Atomic uint32_t n_inert;
    struct pp_inert {
        uint32_t pid;
        char name[16];
    } inert[PP_INERT_MAX];
    char frozen_why[64]; /* state FROZEN: "seccomp", ... */
};

/* A view: base address and head. Cheap to copy. */
struct pp_ledger {
    struct pp_ledger_head *head;
    uint64_t *stack_slots; /* 0 free, else high 32 bits of the hash << 32 | stack id */
    uint64_t *stack_words;
    uint32_t *bucket_slots; /* 0 free, else index + 1 */
    struct pp_bucket *buckets;
    struct pp_ledger_module *modules;
    struct pp_ledger_thread *threads;
    char *text;
    /* Elements; ours, not what the head says: the other process may write anything there at any time. */
    struct pp_ledger_caps {
        uint64_t stack_slots, stack_words, bucket_slots, buckets, modules, threads, text;
    } cap;
};

/* Worst-case size of a new ledger; sparse. */
size_t pp_ledger_size(void);

/* Lays the sections out in zeroed memory of pp_ledger_size() bytes (a mapping of the memfd, or pages). */
void pp_ledger_create(void *memory, struct pp_ledger *ret);

/* A view on memory that another process laid out: checks magic, sizes and offsets against `size`. */
enum pp_code pp_ledger_open(void *memory, size_t size, struct pp_ledger *ret, struct pp_err *err);

/* Reading. Ids come from foreign memory: everything is clamped to the sections. */
struct pp_stack_view {
    const uint64_t *pcs; /* n return addresses, leaf first */
    uint32_t n, flags, generation;
};
struct pp_stack_view pp_ledger_stack(const struct pp_ledger *l, uint32_t stack); /* n == 0: unknown id */
uint32_t pp_ledger_n_buckets(const struct pp_ledger *l);
static inline uint32_t pp_ledger_n_modules(const struct pp_ledger *l)
{
    uint32_t n = atomic_load(&l->head->n_modules);
    return n < l->cap.modules ? n : (uint32_t)l->cap.modules;
}
static inline uint32_t pp_ledger_n_threads(const struct pp_ledger *l) /* slots ever used */
{
    uint32_t n = atomic_load(&l->head->n_threads);
    return n < l->cap.threads ? n : (uint32_t)l->cap.threads;
}
pp_str pp_ledger_module_path(const struct pp_ledger *l, const struct pp_ledger_module *m);

/* The module that held pc in that generation; NULL: none known. */
const struct pp_ledger_module *pp_ledger_module_at(const struct pp_ledger *l, uint64_t pc, uint32_t generation);

/* Cold writers, one at a time (the guest's module lock). False: the section is full. */
bool pp_ledger_add_module(const struct pp_ledger *l, const struct pp_ledger_module *m, pp_str path);

#endif
