// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <string.h>

const char *const pp_drop_names[PP_DROP_COUNT] = {
    [PP_DROP_STACKS_FULL] = "stack table full",
    [PP_DROP_BUCKETS_FULL] = "bucket table full",
    [PP_DROP_NO_SCRATCH] = "no scratch buffer",
    [PP_DROP_FOREIGN_TID] = "signal on a foreign thread",
    [PP_DROP_NO_TIMER] = "thread without timer",
    [PP_DROP_LIVE_FULL] = "live object table full",
    [PP_DROP_FREE_UNSEEN] = "free not seen",
    [PP_DROP_REENTERED] = "re-entered",
    [PP_DROP_ENDED_UNSEEN] = "thread ended between two looks",
    [PP_DROP_LOCKS_FULL] = "table of contended locks full",
    [PP_DROP_STACK_CUT] = "stack cut",
    [PP_DROP_MODULES_FULL] = "module table full",
};

const char *pp_ledger_pseudo_name(uint64_t pc)
{
    static const char *const names[PP_PC_PSEUDO_END] = {
        [PP_PC_IO_URING] = "[io_uring worker]",
        [PP_PC_KERNEL_WORKER] = "[kernel worker]",
        [PP_PC_BLOCKED] = "[signals blocked]",
    };
    return pc < PP_PC_PSEUDO_END ? names[pc] : NULL;
}

const char *const pp_wait_names[PP_WAIT_COUNT] = {
    [PP_WAIT_NONE] = "",         [PP_WAIT_LOCK] = "lock", [PP_WAIT_COND] = "cond",   [PP_WAIT_SEM] = "sem", [PP_WAIT_BARRIER] = "barrier",
    [PP_WAIT_JOIN] = "join",     [PP_WAIT_FUTEX] = "futex", [PP_WAIT_IO] = "io", [PP_WAIT_POLL] = "poll", [PP_WAIT_SLEEP] = "sleep",
};

/* 1 Mi distinct stacks of 32 frames on average, 1 Mi buckets, 64 Ki threads at a time, 16 modules a process. */
#define CAP_STACK_SLOTS ((uint64_t)1 << 21)
#define CAP_STACK_WORDS ((uint64_t)1 << 25)
#define CAP_BUCKET_SLOTS ((uint64_t)1 << 21)
#define CAP_BUCKETS ((uint64_t)1 << 20)
#define CAP_MODULES ((uint64_t)1 << 16)
#define CAP_THREADS ((uint64_t)1 << 16)
#define CAP_TEXT ((uint64_t)8 << 20)

#define N_SECTIONS 8

static uint64_t place(struct pp_ledger_section *s, uint64_t at, uint64_t cap, uint64_t size)
{
    *s = (struct pp_ledger_section){at, cap};
    return (at + cap * size + 4095) & ~(uint64_t)4095;
}

static uint64_t lay_out(struct pp_ledger_head *h)
{
    uint64_t at = (sizeof *h + 4095) & ~(uint64_t)4095;
    at = place(&h->stack_slots, at, CAP_STACK_SLOTS, sizeof(uint64_t));
    at = place(&h->stack_words, at, CAP_STACK_WORDS, sizeof(uint64_t));
    at = place(&h->bucket_slots, at, CAP_BUCKET_SLOTS, sizeof(uint32_t));
    at = place(&h->buckets, at, CAP_BUCKETS, sizeof(struct pp_bucket));
    at = place(&h->modules, at, CAP_MODULES, sizeof(struct pp_ledger_module));
    at = place(&h->threads, at, CAP_THREADS, sizeof(struct pp_ledger_thread));
    at = place(&h->processes, at, PP_PROCESSES_MAX, sizeof(struct pp_ledger_process));
    return place(&h->text, at, CAP_TEXT, 1);
}

size_t pp_ledger_size(void)
{
    struct pp_ledger_head h;
    return lay_out(&h);
}

/* `h` is a layout of ours, checked equal to the head's. */
static void view(void *memory, const struct pp_ledger_head *h, struct pp_ledger *ret)
{
    char *base = memory;
    *ret = (struct pp_ledger){
        .head = memory,
        .stack_slots = (void *)(base + h->stack_slots.offset),
        .stack_words = (void *)(base + h->stack_words.offset),
        .bucket_slots = (void *)(base + h->bucket_slots.offset),
        .buckets = (void *)(base + h->buckets.offset),
        .modules = (void *)(base + h->modules.offset),
        .threads = (void *)(base + h->threads.offset),
        .processes = (void *)(base + h->processes.offset),
        .text = base + h->text.offset,
        .cap = {CAP_STACK_SLOTS, CAP_STACK_WORDS, CAP_BUCKET_SLOTS, CAP_BUCKETS, CAP_MODULES, CAP_THREADS, PP_PROCESSES_MAX, CAP_TEXT},
    };
}

void pp_ledger_create(void *memory, struct pp_ledger *ret)
{
    struct pp_ledger_head *h = memory;
    h->total_bytes = lay_out(h);
    atomic_store(&h->n_stack_words, 1); /* id 0 is "no stack" */
    atomic_store(&h->n_processes, 1);   /* the guest's */
    atomic_store(&h->next_serial, 1);   /* the guest's main thread takes it */
    h->magic = PP_LEDGER_MAGIC;
    view(memory, h, ret);
}

/* A foreign head must have exactly our layout: the caps are compile-time constants of both sides. */
enum pp_code pp_ledger_open(void *memory, size_t size, struct pp_ledger *ret, struct pp_err *err)
{
    struct pp_ledger_head *h = memory, want;
    if (size < sizeof *h || h->magic != PP_LEDGER_MAGIC) return pp_fail(err, PP_E_FORMAT, "not a ledger");
    uint64_t total = lay_out(&want);
    const struct pp_ledger_section *a = &h->stack_slots, *b = &want.stack_slots;
    bool same = h->total_bytes == total && size >= total;
    for (int i = 0; i < N_SECTIONS; i++) same = same && a[i].offset == b[i].offset && a[i].cap == b[i].cap;
    if (!same) return pp_fail(err, PP_E_FORMAT, "ledger of another version of libpprof");
    view(memory, &want, ret);
    return PP_OK;
}

struct pp_stack_view pp_ledger_stack(const struct pp_ledger *l, uint32_t stack)
{
    uint64_t cap = l->cap.stack_words;
    if (stack == 0 || stack >= cap) return (struct pp_stack_view){0};
    uint64_t word = l->stack_words[stack];
    uint32_t n = word & 0xffff;
    if (n > PP_STACK_DEPTH_MAX || stack + n >= cap) return (struct pp_stack_view){0};
    return (struct pp_stack_view){&l->stack_words[stack + 1], n, (uint32_t)(word >> 16) & 0xffff, (uint32_t)(word >> 32)};
}

uint32_t pp_ledger_n_buckets(const struct pp_ledger *l)
{
    uint64_t n = atomic_load(&l->head->n_buckets);
    return (uint32_t)(n < l->cap.buckets ? n : l->cap.buckets);
}

pp_str pp_ledger_module_path(const struct pp_ledger *l, const struct pp_ledger_module *m)
{
    uint64_t cap = l->cap.text, at = *(const volatile uint64_t *)&m->text_path; /* read once: a guest may be changing it */
    uint32_t n = *(const volatile uint32_t *)&m->n_path;
    if (at >= cap || n > cap - at) return PP_STR("");
    return (pp_str){l->text + at, n};
}

const struct pp_ledger_module *pp_ledger_module_at(const struct pp_ledger *l, uint64_t pc, uint32_t generation)
{
    uint32_t process = pp_ledger_process_of(generation);
    const struct pp_ledger_module *best = NULL;
    for (uint32_t i = 0, n = pp_ledger_n_modules(l); i < n; i++) {
        const struct pp_ledger_module *m = &l->modules[i];
        if (pc < m->start || pc >= m->end || pp_ledger_process_of(m->first_gen) != process) continue;
        if (generation >= m->first_gen && generation <= m->last_gen) return m;
        best = m; /* the table was published a moment after the library was mapped */
    }
    return best;
}

static bool is_same_module(const struct pp_ledger *l, const struct pp_ledger_module *a, const struct pp_ledger_module *b, pp_str path)
{
    return a->start == b->start && a->end == b->end && a->offset == b->offset && a->n_build_id == b->n_build_id &&
           a->n_build_id <= sizeof a->build_id && memcmp(a->build_id, b->build_id, a->n_build_id) == 0 &&
           pp_str_eq(pp_ledger_module_path(l, a), path);
}

/* The entry of a module that was there before, and whose addresses no other module has had since. */
static struct pp_ledger_module *entry_to_reopen(const struct pp_ledger *l, const struct pp_ledger_module *m, pp_str path)
{
    for (uint32_t i = pp_ledger_n_modules(l); i > 0; i--) {
        struct pp_ledger_module *old = &l->modules[i - 1];
        if (m->start >= old->end || m->end <= old->start || pp_ledger_process_of(old->first_gen) != pp_ledger_process_of(m->first_gen)) continue;
        return old->last_gen < m->first_gen && is_same_module(l, old, m, path) ? old : NULL;
    }
    return NULL;
}

/* Space is claimed by atomic adds; an entry is found once its `end` is there. */
bool pp_ledger_add_module(const struct pp_ledger *l, const struct pp_ledger_module *m, pp_str path)
{
    struct pp_ledger_head *h = l->head;
    struct pp_ledger_module *old = entry_to_reopen(l, m, path);
    if (old) {
        __atomic_store_n(&old->last_gen, m->last_gen, __ATOMIC_RELEASE);
        return true;
    }
    if (atomic_load(&h->n_modules) >= l->cap.modules || path.n > l->cap.text || atomic_load(&h->n_text) > l->cap.text - path.n) return false;
    uint64_t at = atomic_fetch_add(&h->n_text, path.n);
    if (at > l->cap.text - path.n) return false;
    uint32_t n = atomic_fetch_add(&h->n_modules, 1);
    if (n >= l->cap.modules) return false;
    memcpy(l->text + at, path.p, path.n);
    struct pp_ledger_module *to = &l->modules[n], filled = *m;
    filled.text_path = at;
    filled.n_path = (uint32_t)path.n;
    filled.end = 0;
    *to = filled;
    __atomic_store_n(&to->end, m->end, __ATOMIC_RELEASE);
    return true;
}

bool pp_ledger_claim_process(const struct pp_ledger *l, uint32_t pid, uint64_t start_ticks, uint32_t *ret_process, bool *ret_known)
{
    struct pp_ledger_head *h = l->head;
    *ret_known = true;
    for (uint32_t i = 1, n = pp_ledger_n_processes(l); i < n; i++) {
        *ret_process = i;
        if (atomic_load(&l->processes[i].pid) == pid && l->processes[i].start_ticks == start_ticks) return true;
    }
    *ret_known = false;
    if (atomic_load(&h->n_processes) >= l->cap.processes) return false;
    *ret_process = atomic_fetch_add(&h->n_processes, 1);
    if (*ret_process >= l->cap.processes) return false;
    l->processes[*ret_process].start_ticks = start_ticks;
    atomic_store(&l->processes[*ret_process].pid, pid);
    return true;
}

static void close_heap_bucket(struct pp_bucket *b)
{
    atomic_store(&b->v[PP_HEAP_FREES], atomic_load(&b->v[PP_HEAP_ALLOCS]));
    atomic_store(&b->v[PP_HEAP_FREE_BYTES], atomic_load(&b->v[PP_HEAP_ALLOC_BYTES]));
}

void pp_ledger_close_images(const struct pp_ledger *l, const bool *gone)
{
    for (uint32_t i = 0, n = pp_ledger_n_buckets(l); i < n; i++) {
        struct pp_bucket *b = &l->buckets[i];
        uint16_t process = *(const volatile uint16_t *)&b->process; /* read once, as above */
        if (b->kind == PP_KIND_HEAP && process < PP_PROCESSES_MAX && gone[process]) close_heap_bucket(b);
    }
    for (uint32_t i = 0, n = pp_ledger_n_threads(l); i < n; i++) {
        struct pp_ledger_thread *t = &l->threads[i];
        uint32_t process = *(const volatile uint32_t *)&t->process;
        if (process < PP_PROCESSES_MAX && gone[process]) atomic_store(&t->tid, 0);
    }
    for (uint32_t i = 0, n = pp_ledger_n_modules(l); i < n; i++) {
        struct pp_ledger_module *m = &l->modules[i];
        uint32_t process = pp_ledger_process_of(m->first_gen);
        if (gone[process] && m->last_gen == UINT32_MAX) m->last_gen = atomic_load(&l->processes[process].module_generation);
    }
}

void pp_ledger_open_window(const struct pp_ledger *l, uint32_t hz, int64_t monotonic_ns)
{
    for (uint32_t i = 0, n = pp_ledger_n_buckets(l); i < n; i++) {
        if (l->buckets[i].kind != PP_KIND_CPU) continue;
        for (int v = 0; v < 4; v++) atomic_store_explicit(&l->buckets[i].v[v], 0, memory_order_relaxed);
    }
    atomic_store(&l->head->cpu_start_monotonic_ns, (uint64_t)monotonic_ns);
    atomic_store(&l->head->cpu_hz, hz);
}

static atomic_flag windows_lock = ATOMIC_FLAG_INIT; /* held for a few instructions; of this process, not of the ledger: a guest could hold it */

static bool records_more(uint64_t rate, uint64_t than)
{
    return than == 0 || rate < than;
}

void pp_ledger_open_waits(const struct pp_ledger *l, enum pp_kind kind, uint64_t rate)
{
    struct pp_ledger_head *h = l->head;
    while (atomic_flag_test_and_set(&windows_lock)) {
    }
    if (kind == PP_KIND_BLOCK) {
        if (h->n_block_windows++ == 0) h->block_rate_before = atomic_load(&h->block_rate);
        if (records_more(rate, atomic_load(&h->block_rate))) atomic_store(&h->block_rate, rate);
    } else {
        if (h->n_mutex_windows++ == 0) h->mutex_fraction_before = atomic_load(&h->mutex_fraction);
        if (records_more(rate, atomic_load(&h->mutex_fraction))) atomic_store(&h->mutex_fraction, (uint32_t)rate);
    }
    atomic_flag_clear(&windows_lock);
}

void pp_ledger_close_waits(const struct pp_ledger *l, enum pp_kind kind)
{
    struct pp_ledger_head *h = l->head;
    while (atomic_flag_test_and_set(&windows_lock)) {
    }
    if (kind == PP_KIND_BLOCK) {
        if (--h->n_block_windows == 0) atomic_store(&h->block_rate, h->block_rate_before);
    } else {
        if (--h->n_mutex_windows == 0) atomic_store(&h->mutex_fraction, h->mutex_fraction_before);
    }
    atomic_flag_clear(&windows_lock);
}
