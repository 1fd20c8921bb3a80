/* ledger/ledger.h - the book that libpprof keeps about its guest: one block of memory, readable from another process.
 *
 * Under `pprof run` the block is a memfd that the parent maps, too: the profiles survive any death of the guest. Therefore it
 * holds no pointers: sections lie at offsets that stand in the head, everything else is an index. With plain LD_PRELOAD
 * it is private memory. Sections are sized for the worst case and sparse: a page costs memory when it is first written.
 *
 *   head | stack slots | stack words | bucket slots | buckets | modules | threads | processes | text
 *
 * process = one program image of the guest's family: entry 0 is the guest itself (or plain LD_PRELOAD's only process), the others
 *          are its exec'ed children, where they are profiled. An entry is never used again for another pid; exec in place keeps it.
 * stack  = one word  n | flags << 16 | module generation << 32, then n program counters, leaf first. Every counter
 *          is kept as a RETURN address: of an interrupted frame (leaf of a CPU sample) pc + 1. An id is the word's index.
 *          Each process has a range of generations of its own, so a generation says whose addresses a stack holds. CPU time
 *          without a stack has one pc that is no address (enum pp_pseudo_pc), generation 0, in any process.
 * bucket = counters of one (kind, process, stack, aux). Found or made lock-free; never moves, never dies; aux is the object size
 *          of a heap bucket, the kind of wait (enum pp_wait) of a block bucket, else 0.
 *
 * Who writes: the signal handlers and hooks of all processes (ledger/sigsafe/book.h), their cold code (modules, threads, text),
 * the parent (windows, mailboxes, what ended processes left). Who reads: export, in any process. Counters are read without a
 * lock: a snapshot may be torn between two counters, never within one. Limits are the caps below; what does not fit is counted in
 * drops[] by reason.
 */
#ifndef PP_LEDGER_LEDGER_H
#define PP_LEDGER_LEDGER_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/str.h"

#define PP_LEDGER_MAGIC 0x3172656764656c70u /* "pledger1" */
#define PP_INERT_MAX 32
#define PP_PROCESSES_MAX 4096               /* images over the whole life of the family; later ones stay inert */
#define PP_STACK_DEPTH_MAX 512              /* program counters in one stack */

enum pp_kind { PP_KIND_NONE, PP_KIND_CPU, PP_KIND_HEAP, PP_KIND_BLOCK, PP_KIND_MUTEX, PP_KIND_COUNT };

/* Counters of a bucket by kind. */
enum { PP_CPU_SAMPLES = 0, PP_CPU_NS = 1 };
enum { PP_HEAP_ALLOCS = 0, PP_HEAP_ALLOC_BYTES = 1, PP_HEAP_FREES = 2, PP_HEAP_FREE_BYTES = 3 }; /* sampled, not scaled */
enum { PP_DELAY_COUNT = 0, PP_DELAY_NS = 1 }; /* BLOCK, MUTEX: scaled when they happen; the count in 1/2^PP_DELAY_COUNT_SHIFT */
#define PP_DELAY_COUNT_SHIFT 16

/* What a thread waited for: aux of block buckets; names (the label `kind`) in pp_wait_names[]. */
enum pp_wait {
    PP_WAIT_NONE,
    PP_WAIT_LOCK,    /* mutexes and reader/writer locks */
    PP_WAIT_COND,    /* condition variables */
    PP_WAIT_SEM,     /* semaphores, System V's too */
    PP_WAIT_BARRIER,
    PP_WAIT_JOIN,    /* the end of a thread or of a child process */
    PP_WAIT_FUTEX,   /* futex by syscall(): Rust's locks, std::atomic::wait */
    PP_WAIT_IO,      /* read, write and their like on files, pipes, sockets; message queues */
    PP_WAIT_POLL,    /* poll, select, epoll */
    PP_WAIT_SLEEP,
    PP_WAIT_COUNT
};
extern const char *const pp_wait_names[PP_WAIT_COUNT];

/* Why a sample or a frame was lost; names in pp_drop_names[]. */
enum pp_drop {
    PP_DROP_STACKS_FULL,
    PP_DROP_BUCKETS_FULL,
    PP_DROP_NO_SCRATCH,     /* all scratch buffers of the handler or the hooks were in use */
    PP_DROP_FOREIGN_TID,    /* the signal ran on a thread other than the one its timer counts */
    PP_DROP_NO_TIMER,       /* a thread ended before it could have a timer: RLIMIT_SIGPENDING, all slots in use, or the kernel refused */
    PP_DROP_LIVE_FULL,      /* the table of live sampled objects was full */
    PP_DROP_FREE_UNSEEN,    /* malloc gave out an address that was alive in the table: its free did not come by us; settled then */
    PP_DROP_REENTERED,      /* a hook or the handler was entered while it ran on the same thread */
    PP_DROP_ENDED_UNSEEN,   /* a thread that was timed from outside ended between two looks */
    PP_DROP_LOCKS_FULL,     /* more locks were waited for at once than the table of contended locks has room for */
    PP_DROP_STACK_CUT,      /* the sample counts, its stack ends in a marker frame */
    PP_DROP_MODULES_FULL,   /* a module found no room: its frames stay addresses */
    PP_DROP_COUNT
};
extern const char *const pp_drop_names[PP_DROP_COUNT];

/* In place of a pc: who used CPU time that no handler of ours could see (runtime/sources/cpu.h). No code lies in page 0. */
enum pp_pseudo_pc {
    PP_PC_IO_URING = 2,      /* io_uring's threads: they run in the kernel only */
    PP_PC_KERNEL_WORKER = 3, /* other kernel threads that belong to the program: vhost's */
    PP_PC_BLOCKED = 4,       /* a thread that had our signal blocked */
    PP_PC_PSEUDO_END
};
/* "[io_uring worker]", ...; NULL: pc is an address. */
const char *pp_ledger_pseudo_name(uint64_t pc);

/* Flags of a stack. */
enum { PP_STACK_CUT = 1 };

struct pp_bucket {
    uint16_t kind; /* enum pp_kind; NONE: lost a race, skip it */
    uint16_t process;
    uint32_t stack;
    uint64_t aux;
    _Atomic uint64_t v[4];
};

/* A mapping of code, as it was while generations [first_gen, last_gen] of its process were current. */
struct pp_ledger_module {
    uint64_t start, end, offset; /* as in /proc/PID/maps; end 0: not filled in yet */
    uint64_t text_path;          /* offset in text */
    uint32_t n_path, n_build_id;
    uint32_t first_gen, last_gen; /* last_gen UINT32_MAX: still there */
    uint8_t build_id[32];         /* raw bytes, n_build_id of them */
};

struct pp_ledger_thread {
    _Atomic uint32_t tid; /* 0: free slot */
    uint32_t serial;      /* 1 is the guest's main thread; never used twice: the "goroutine" number */
    uint32_t process;
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

/* One request at a time from the parent (`pprof run`) to a process: the parent fills verb and arg, raises `asked`, wakes the
 * process by a signal and waits on `answered` (a futex word shared between the processes) to become equal to it. */
enum pp_verb {
    PP_VERB_CPU = 1, /* the head's cpu_hz has changed: open or close the window as it says; answer: 0 or errno */
    PP_VERB_REFRESH_MODULES,
    PP_VERB_ASK_RUNNING, /* arg: a new number; threads that run note their stacks in their registry entries */
};
struct pp_mailbox {
    _Atomic uint32_t asked, answered;
    uint32_t verb;
    int32_t result;
    int64_t arg;
};

enum pp_guest_state { PP_GUEST_STARTING, PP_GUEST_ON, PP_GUEST_OFF, PP_GUEST_FROZEN, PP_GUEST_ENDED };

struct pp_ledger_process {
    _Atomic uint32_t pid;       /* 0: nobody yet */
    _Atomic uint32_t state;     /* enum pp_guest_state */
    _Atomic uint32_t signal;    /* the private signal number that wakes the process; 0: not yet */
    _Atomic uint32_t agent_tid; /* our thread in the process while it exists, else 0 */
    _Atomic uint32_t module_generation; /* 0: its modules are not known yet */
    _Atomic uint32_t cpu_threads, cpu_timers; /* of the CPU window: how many there are */
    uint64_t start_ticks;       /* when the kernel started it (/proc/PID/stat): tells it from a later process with that pid */
    struct pp_mailbox mailbox;
    char frozen_why[64]; /* state FROZEN: "seccomp", ... */
};

struct pp_ledger_section {
    uint64_t offset, cap; /* bytes from the start; elements */
};

struct pp_ledger_head {
    uint64_t magic;
    uint64_t total_bytes;
    struct pp_ledger_section stack_slots, stack_words, bucket_slots, buckets, modules, threads, processes, text;

    _Atomic uint64_t n_stack_words, n_buckets, n_text;  /* claimed; may pass the cap: clamp */
    _Atomic uint32_t n_modules, n_threads, n_processes; /* the same; slots ever used */
    _Atomic uint32_t next_serial;                       /* of threads */
    uint64_t start_realtime_ns;                         /* of the guest */

    uint32_t with_children;      /* set by the parent: exec'ed children are profiled as well */
    _Atomic uint64_t heap_rate;  /* mean bytes between samples; 0 off, 1 every allocation */
    _Atomic uint64_t block_rate; /* ns: a wait that long is always recorded, a shorter one with probability length/rate; 0 off, 1 all */
    _Atomic uint32_t mutex_fraction; /* one of so many releases of contended locks is recorded; 0 off, 1 all */
    uint32_t n_block_windows, n_mutex_windows; /* open ones (pp_ledger_open_waits); the parent's, as the next two */
    uint64_t block_rate_before;
    uint32_t mutex_fraction_before;
    _Atomic uint32_t cpu_hz;     /* of the running window, which every process joins when it starts; 0: none */
    _Atomic uint64_t cpu_start_monotonic_ns;

    _Atomic uint64_t drops[PP_DROP_COUNT];
    _Atomic uint64_t handler_runs; /* our own cost */

    /* Programs that the guest started and that are not profiled: a ring of the latest. */
    _Atomic uint32_t n_inert;
    struct pp_inert {
        uint32_t pid;
        char name[16];
    } inert[PP_INERT_MAX];
};

/* A view: base address and head. Cheap to copy. */
struct pp_ledger {
    struct pp_ledger_head *head;
    uint32_t process; /* whose writes these are: index in processes */
    uint64_t *stack_slots; /* 0 free, else high 32 bits of the hash << 32 | stack id */
    uint64_t *stack_words;
    uint32_t *bucket_slots; /* 0 free, else index + 1 */
    struct pp_bucket *buckets;
    struct pp_ledger_module *modules;
    struct pp_ledger_thread *threads;
    struct pp_ledger_process *processes;
    char *text;
    /* Elements; ours, not what the head says: the other process may write anything there at any time. */
    struct pp_ledger_caps {
        uint64_t stack_slots, stack_words, bucket_slots, buckets, modules, threads, processes, text;
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
static inline uint32_t pp_ledger_n_processes(const struct pp_ledger *l)
{
    uint32_t n = atomic_load(&l->head->n_processes);
    return n < l->cap.processes ? n : (uint32_t)l->cap.processes;
}
pp_str pp_ledger_module_path(const struct pp_ledger *l, const struct pp_ledger_module *m);

/* The generations of process i: the guest has the lower half of all, its children 2^19 each. */
#define PP_CHILD_GENERATIONS_LOG2 19
#define PP_CHILDREN_FROM (UINT32_C(1) << 31)
_Static_assert(PP_CHILDREN_FROM >> PP_CHILD_GENERATIONS_LOG2 == PP_PROCESSES_MAX, "every process has its range");

static inline uint32_t pp_ledger_first_generation(uint32_t process)
{
    return process ? PP_CHILDREN_FROM | process << PP_CHILD_GENERATIONS_LOG2 : 0;
}

static inline uint32_t pp_ledger_last_generation(uint32_t process)
{
    return process ? pp_ledger_first_generation(process) + ((1u << PP_CHILD_GENERATIONS_LOG2) - 1) : PP_CHILDREN_FROM - 1;
}

static inline uint32_t pp_ledger_process_of(uint32_t generation)
{
    return generation < PP_CHILDREN_FROM ? 0 : (generation - PP_CHILDREN_FROM) >> PP_CHILD_GENERATIONS_LOG2;
}

/* The module that held pc in that generation; NULL: none known. */
const struct pp_ledger_module *pp_ledger_module_at(const struct pp_ledger *l, uint64_t pc, uint32_t generation);

/* Cold writers. */

/* A module that comes back to its old place gets its old entry: a program may reload its libraries for ever. False: the section is
 * full; frames of the module are then addresses without a mapping. Several processes at once; each process one at a time. */
bool pp_ledger_add_module(const struct pp_ledger *l, const struct pp_ledger_module *m, pp_str path);

/* The entry of a child: the one it has already (after exec in place: *ret_known), or a new one. False: all are used. */
bool pp_ledger_claim_process(const struct pp_ledger *l, uint32_t pid, uint64_t start_ticks, uint32_t *ret_process, bool *ret_known);

/* The images of the processes with gone[index] are no more: what they had in use counts as freed, their threads and modules
 * are closed. gone has PP_PROCESSES_MAX elements. They must not write any more. */
void pp_ledger_close_images(const struct pp_ledger *l, const bool *gone);

/* A CPU window begins: empties the CPU buckets, then sets cpu_hz. No window may be open. */
void pp_ledger_open_window(const struct pp_ledger *l, uint32_t hz, int64_t monotonic_ns);

/* For the time of a request: block (mutex) profiling at this rate (fraction), or at what is on already where that records more. The
 * last window to close brings back what was on before the first. Both kinds of values are scaled when they are recorded, so that
 * rates may change at any time. Several threads of one process. */
void pp_ledger_open_waits(const struct pp_ledger *l, enum pp_kind kind, uint64_t rate);
void pp_ledger_close_waits(const struct pp_ledger *l, enum pp_kind kind);

#endif
