// SPDX-License-Identifier: Apache-2.0
#include "record/stack.h"

#include "elf/image.h"
#include "unwind/compile.h"
#include "unwind/sigsafe/walk.h"

enum { PERF_REG_SP = 7, PERF_REG_IP = 8, PERF_REGS = 24, ABI_64 = 2 };
#define READS_MAX 1024

struct object {
    bool is_tried, is_image;
    struct pp_image image;
    struct pp_table *table;
};

/* What a space looks like to the walker, for one version of its mappings. */
struct known_space {
    uint32_t version;
    struct pp_module_map map;
    PP_VEC(struct pp_module) modules;
    PP_VEC(uintptr_t) starts;
    struct pp_pc_cache cache;
};

struct pp_stacks {
    struct pp_arena *arena;
    pp_stacks_open open;
    void *ctx;
    PP_VEC(struct object) objects;
    struct pp_arena scratch;
};

struct pp_stacks *pp_stacks_new(struct pp_arena *a, pp_stacks_open open, void *ctx)
{
    struct pp_stacks *s = PP_NEW(a, struct pp_stacks);
    s->arena = a;
    s->open = open;
    s->ctx = ctx;
    pp_arena_init(&s->scratch, 0, a->oom);
    return s;
}

void pp_stacks_release(struct pp_stacks *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->objects.n; i++)
        pp_table_free(s->objects.p[i].table);
    pp_arena_release(&s->scratch);
}

static void compile(struct pp_stacks *s, struct object *o, bool is_debug_frame)
{
    struct pp_frame_section section = {.is_debug_frame = is_debug_frame};
    Elf64_Shdr header;
    pp_image_text_range(&o->image, &section.text_vaddr, &section.text_end);
    if (is_debug_frame ? !pp_image_section(&o->image, ".debug_frame", &header, &section.bytes)
                       : !pp_image_eh_frame(&o->image, &section.bytes, &section.vaddr))
        return;
    pp_arena_reset(&s->scratch);
    enum pp_code c = pp_table_compile_with(&s->scratch, &section, &o->table, NULL);
    if (c == PP_E_NOMEM && s->arena->oom) s->arena->oom(section.bytes.n);
    if (c) o->table = NULL;
}

static const struct object *object_of(struct pp_stacks *s, uint32_t i)
{
    while (s->objects.n <= i)
        (void)PP_PUSH(s->arena, &s->objects);
    struct object *o = &s->objects.p[i];
    pp_str bytes;
    struct pp_err ignored;
    if (o->is_tried) return o;
    o->is_tried = true;
    o->is_image = s->open(s->ctx, i, &bytes) && !pp_image_parse(bytes, &o->image, &ignored);
    if (!o->is_image) return o;
    compile(s, o, false);
    if (!o->table) compile(s, o, true);
    return o;
}

/* Where the file's addresses lie: run-time address = ELF address + bias. */
static bool find_bias(const struct pp_image *image, const struct pp_space_map *m, uintptr_t *ret_bias)
{
    Elf64_Phdr ph;
    for (uint32_t i = 0; i < image->n_phdr && pp_image_phdr(image, i, &ph); i++) {
        if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X)) continue;
        if (m->offset >= ph.p_offset + ph.p_filesz || m->offset + (m->end - m->start) <= ph.p_offset) continue;
        *ret_bias = m->start - m->offset + ph.p_offset - ph.p_vaddr;
        return true;
    }
    return false;
}

static void add_module(struct pp_stacks *s, struct known_space *k, const struct pp_space_map *m)
{
    const struct object *o = object_of(s, m->object);
    struct pp_module mod = {.start = m->start, .end = m->end, .offset = m->offset, .id = (uint32_t)k->modules.n + 1};
    if (o->is_image && find_bias(&o->image, m, &mod.bias)) {
        mod.table = o->table;
        mod.entry = o->image.entry ? mod.bias + o->image.entry : 0;
        mod.is_file = true;
    }
    *PP_PUSH(s->arena, &k->modules) = mod;
    *PP_PUSH(s->arena, &k->starts) = mod.start;
}

static struct known_space *know(struct pp_stacks *s, struct pp_space *space)
{
    struct known_space *k = space->unwind;
    if (!k) {
        k = PP_NEW(s->arena, struct known_space);
        space->unwind = k;
    }
    if (k->version == space->version) return k;
    k->version = space->version;
    k->modules.n = k->starts.n = 0;
    for (size_t i = 0; i < space->maps.n; i++)
        add_module(s, k, &space->maps.p[i]);
    k->map = (struct pp_module_map){
        .generation = k->version, .n = (uint32_t)k->modules.n, .starts = k->starts.p, .modules = k->modules.p};
    return k;
}

/* perf's register numbers are not DWARF's. */
static bool read_registers(const struct pp_perf_event *event, struct pp_perf_reader r, struct pp_walk_regs *ret_regs)
{
    static const int8_t dwarf[PERF_REGS] = {0,  3,  2,  1,  4, 5, 6,  7,  -1, -1, -1, -1,
                                            -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15};
    struct pp_walk_regs regs = {.pc_is_exact = true};
    for (unsigned i = 0; i < PERF_REGS; i++) {
        if (!(event->regs_user >> i & 1)) continue;
        uint64_t v = pp_perf_u64(&r);
        if (i == PERF_REG_IP) regs.pc = v;
        if (dwarf[i] < 0) continue;
        regs.r[dwarf[i]] = v;
        regs.known |= 1u << dwarf[i];
    }
    *ret_regs = regs;
    const uint64_t needed = 1u << PERF_REG_SP | 1u << PERF_REG_IP;
    return !r.failed && (event->regs_user & needed) == needed;
}

size_t pp_stacks_walk(struct pp_stacks *s, struct pp_space *space, const struct pp_perf_event *event,
                      const struct pp_perf_sample *sample, uintptr_t *ret_pcs, size_t max)
{
    struct pp_walk_regs regs;
    if (sample->regs_abi != ABI_64 || !sample->stack.n || !read_registers(event, sample->regs, &regs)) return 0;
    struct known_space *k = know(s, space);
    uintptr_t sp = PP_WALK_SP(&regs);
    if (sp + sample->stack.n < sp) return 0;
    /* No process -1 exists: what is not in the copy is unreadable. */
    struct pp_peek mem = {.lo = sp,
                          .hi = sp + sample->stack.n,
                          .at = (const uint8_t *)sample->stack.p,
                          .pid = -1,
                          .mem_fd = -1,
                          .max_reads = READS_MAX};
    struct pp_walk_options o = {.cache = &k->cache};
    struct pp_walk_result result;
    return pp_walk(&k->map, &regs, &mem, &o, ret_pcs, max, &result);
}
