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
    [PP_DROP_REENTERED] = "re-entered",
    [PP_DROP_STACK_CUT] = "stack cut",
};

/* 1 Mi distinct stacks of 32 frames on average, 1 Mi buckets, 64 Ki threads at a time. */
#define CAP_STACK_SLOTS ((uint64_t)1 << 21)
#define CAP_STACK_WORDS ((uint64_t)1 << 25)
#define CAP_BUCKET_SLOTS ((uint64_t)1 << 21)
#define CAP_BUCKETS ((uint64_t)1 << 20)
#define CAP_MODULES ((uint64_t)1 << 14)
#define CAP_THREADS ((uint64_t)1 << 16)
#define CAP_TEXT ((uint64_t)4 << 20)

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
        .text = base + h->text.offset,
        .cap = {CAP_STACK_SLOTS, CAP_STACK_WORDS, CAP_BUCKET_SLOTS, CAP_BUCKETS, CAP_MODULES, CAP_THREADS, CAP_TEXT},
    };
}

void pp_ledger_create(void *memory, struct pp_ledger *ret)
{
    struct pp_ledger_head *h = memory;
    h->total_bytes = lay_out(h);
    atomic_store(&h->n_stack_words, 1); /* id 0 is "no stack" */
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
    for (int i = 0; i < 7; i++) same = same && a[i].offset == b[i].offset && a[i].cap == b[i].cap;
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
    uint32_t n = pp_ledger_n_modules(l);
    const struct pp_ledger_module *best = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_ledger_module *m = &l->modules[i];
        if (pc < m->start || pc >= m->end) continue;
        if (generation >= m->first_gen && generation <= m->last_gen) return m;
        best = m; /* the table was published a moment after the library was mapped */
    }
    return best;
}

bool pp_ledger_add_module(const struct pp_ledger *l, const struct pp_ledger_module *m, pp_str path)
{
    struct pp_ledger_head *h = l->head;
    uint32_t n = atomic_load(&h->n_modules);
    uint64_t at = atomic_load(&h->n_text);
    if (n >= l->cap.modules || at > l->cap.text || path.n > l->cap.text - at) return false;
    memcpy(l->text + at, path.p, path.n);
    l->modules[n] = *m;
    l->modules[n].text_path = at;
    l->modules[n].n_path = (uint32_t)path.n;
    atomic_store(&h->n_text, at + path.n);
    atomic_store(&h->n_modules, n + 1);
    return true;
}
