/* export/fixture.h - a small program that never ran: a ledger with modules of several generations, and names for its addresses.
 *
 *   /app/server      0x400000  main (entry 0x401000), handle (0x402000, with parse inlined at 0x402050..), free_all (0x403000)
 *   /lib/libc.so.6   0x7f0000000000  malloc_user (0x7f0000001000): names only, no files; loaded in generations 1-3 and, equal, from 4
 *   /lib/old.so      0x7f1000000000  in generations 1-3, then /lib/new.so at the same place; no names
 */
#ifndef PP_TEST_EXPORT_FIXTURE_H
#define PP_TEST_EXPORT_FIXTURE_H

#include "base/pages.h"
#include "export/profile.h"
#include "export/text.h"
#include "ledger/sigsafe/book.h"

#define MAIN 0x401010u
#define HANDLE 0x402020u
#define PARSE 0x402060u /* inlined into handle */
#define FREE_ALL 0x403040u
#define MALLOC_USER 0x7f0000001008u
#define PLUGIN 0x7f1000000500u
#define NOWHERE 0x10u

static const struct {
    uint64_t start, end;
    const char *name, *system_name, *file;
    int64_t start_line;
} fixture_functions[] = {
    {0x401000, 0x402000, "main", "", "/src/main.c", 10},
    {0x402000, 0x403000, "app::handle(int)", "_ZN3app6handleEi", "/src/handle.cc", 20},
    {0x403000, 0x404000, "free_all", "", "/src/free.c", 5},
    {0x7f0000001000, 0x7f0000002000, "malloc_user", "", "", 0},
};

/* Line = bytes from the start of the function. */
static inline size_t fixture_frames(void *ctx, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path,
                                    uint64_t pc, struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry)
{
    size_t n = 0;
    (void)a, (void)m, (void)path;
    ++*(unsigned *)ctx;
    for (size_t i = 0; i < sizeof fixture_functions / sizeof *fixture_functions; i++) {
        if (pc < fixture_functions[i].start || pc >= fixture_functions[i].end) continue;
        *ret_entry = fixture_functions[i].start;
        if (pc >= 0x402050 && pc < 0x402100 && n < cap)
            ret[n++] = (struct pp_frame_name){PP_STR("parse"), {0}, PP_STR("/src/parse.h"), 77, 3, 70};
        int64_t line = fixture_functions[i].file[0] ? (int64_t)(pc - fixture_functions[i].start) : 0;
        if (n < cap)
            ret[n++] = (struct pp_frame_name){pp_str_c(fixture_functions[i].name),
                                              pp_str_c(fixture_functions[i].system_name),
                                              pp_str_c(fixture_functions[i].file),
                                              line,
                                              0,
                                              fixture_functions[i].start_line};
    }
    return n;
}

struct fixture {
    struct pp_arena arena;
    void *memory;
    struct pp_ledger ledger;
    unsigned n_lookups;
    struct pp_symbolizer symbols;
};

static inline void fixture_module(struct fixture *f, uint64_t start, const char *path, uint32_t first_gen,
                                  uint32_t last_gen, uint8_t id)
{
    struct pp_ledger_module m = {.start = start, .end = start + 0x10000, .first_gen = first_gen, .last_gen = last_gen};
    m.offset = 0x1000;
    m.n_build_id = 4;
    m.build_id[0] = 0xab;
    m.build_id[3] = id;
    pp_ledger_add_module(&f->ledger, &m, pp_str_c(path));
}

static inline void fixture_init(struct fixture *f)
{
    *f = (struct fixture){0};
    f->memory = pp_pages_map(pp_ledger_size());
    pp_ledger_create(f->memory, &f->ledger);
    f->symbols = (struct pp_symbolizer){.ctx = &f->n_lookups, .frames = fixture_frames};
    fixture_module(f, 0x400000, "/app/server", 1, UINT32_MAX, 1);
    fixture_module(f, 0x7f0000000000, "/lib/libc.so.6", 1, 3, 2);
    fixture_module(f, 0x7f1000000000, "/lib/old.so", 1, 3, 3);
    fixture_module(f, 0x7f0000000000, "/lib/libc.so.6", 4, UINT32_MAX, 2);
    fixture_module(f, 0x7f1000000000, "/lib/new.so", 4, UINT32_MAX, 4);
    fixture_module(f, 0x7f2000000000, "/lib/gone.so", 1, 2, 5);
    atomic_store(&f->ledger.processes[0].module_generation, 4);
    atomic_store(&f->ledger.head->heap_rate, 524288);
}

static inline void fixture_release(struct fixture *f)
{
    pp_arena_release(&f->arena);
    pp_pages_unmap(f->memory, pp_ledger_size());
}

static inline uint32_t fixture_stack(struct fixture *f, const uint64_t *pcs, uint32_t n, uint32_t flags,
                                     uint32_t generation)
{
    return pp_book_stack(&f->ledger, pcs, n, flags, generation);
}

#define STACK(f, flags, generation, ...)                                                                               \
    fixture_stack((f), (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (flags), \
                  (generation))

static inline void fixture_cpu(struct fixture *f, uint32_t stack, uint64_t samples)
{
    struct pp_bucket *b = pp_book_bucket(&f->ledger, PP_KIND_CPU, stack, 0);
    pp_book_add(b, PP_CPU_SAMPLES, samples);
    pp_book_add(b, PP_CPU_NS, samples * 10000000);
}

static inline void fixture_heap(struct fixture *f, uint32_t stack, uint64_t size, uint64_t allocs, uint64_t frees)
{
    struct pp_bucket *b = pp_book_bucket(&f->ledger, PP_KIND_HEAP, stack, size);
    pp_book_add(b, PP_HEAP_ALLOCS, allocs);
    pp_book_add(b, PP_HEAP_ALLOC_BYTES, allocs * size);
    pp_book_add(b, PP_HEAP_FREES, frees);
    pp_book_add(b, PP_HEAP_FREE_BYTES, frees * size);
}

/* count in waits and fractions of 2^-PP_DELAY_COUNT_SHIFT */
static inline void fixture_wait(struct fixture *f, enum pp_kind kind, enum pp_wait wait, uint32_t stack, double count, uint64_t ns)
{
    struct pp_bucket *b = pp_book_bucket(&f->ledger, kind, stack, wait);
    pp_book_add(b, PP_DELAY_COUNT, (uint64_t)(count * (1 << PP_DELAY_COUNT_SHIFT)));
    pp_book_add(b, PP_DELAY_NS, ns);
}

static inline struct pp_export_request fixture_request(struct fixture *f, enum pp_export_kind kind)
{
    return (struct pp_export_request){.ledger = f->ledger,
                                      .symbols = &f->symbols,
                                      .kind = kind,
                                      .time_ns = 1795484127000000000,
                                      .note = PP_STR("made by a test")};
}

#endif
