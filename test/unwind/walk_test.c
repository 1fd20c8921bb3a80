// SPDX-License-Identifier: Apache-2.0
/* The walk on stacks made by hand, and through generated code. async_test compares it with libgcc on real ones. */
#include "unwind/sigsafe/walk.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "unwind/modules.h"
#include "unwind/sigsafe/code_x86_64.h"
#include "unwind/sigsafe/expr.h"

/* A table with one rule for each 512 bytes of a text at 0x10000. */
enum { TEXT = 0x10000, STRETCH = 1 << PP_TABLE_SHIFT, N_RULES = 8, STACK = 0x7000 };

static struct {
    struct pp_table t;
    uint32_t bucket[N_RULES + 1], rows[N_RULES];
    uint64_t rules[N_RULES];
    struct pp_module m;
    struct pp_module_map map;
    uint64_t stack[32];
} f;

#define CFA(words) ((uint64_t)(words) << PP_RULE_CFA_AT)
#define RBP_AT(words) ((uint64_t)(words) << PP_RULE_RBP_AT)
#define IN(rule) (TEXT + (rule)*STRETCH + 100 + (rule)*8) /* different places of the cache */

static void set_rules(const uint64_t *rules, size_t n)
{
    memset(&f, 0, sizeof f);
    for (size_t i = 0; i < n; i++) {
        f.rules[i] = rules[i];
        f.rows[i] = (uint32_t)i << PP_TABLE_SHIFT;
        f.bucket[i + 1] = (uint32_t)i + 1;
    }
    f.t.text_vaddr = TEXT;
    f.t.text_size = n * STRETCH;
    f.t.n_buckets = f.t.n_rows = f.t.n_rules = (uint32_t)n;
    f.t.rows_at = f.rows;
    f.t.rules_at = f.rules;
    f.m = (struct pp_module){.start = TEXT, .end = TEXT + n * STRETCH, .table = &f.t};
    f.map = (struct pp_module_map){.generation = 1, .n = 1, .starts = &f.m.start, .modules = &f.m};
}

static size_t walk(uintptr_t pc, unsigned sp_word, uint64_t bp, struct pp_pc_cache *cache, uintptr_t *pcs, size_t max,
                   struct pp_walk_result *ret)
{
    struct pp_walk_regs regs = {.pc = pc, .known = 1u << PP_X86_RSP | 1u << PP_X86_RBP, .pc_is_exact = true};
    struct pp_walk_options o = {.cache = cache};
    struct pp_peek mem;
    regs.r[PP_X86_RSP] = STACK + sp_word * 8;
    regs.r[PP_X86_RBP] = bp;
    pp_peek_init_remote(&mem, 0x3ffffff, STACK, (const uint8_t *)f.stack, sizeof f.stack, NULL, 0);
    return pp_walk(&f.map, &regs, &mem, &o, pcs, max, ret);
}

static struct pp_pc_cache cache;

/* The bucket array is a flexible member; the fixture has it right behind. */
_Static_assert(offsetof(struct pp_table, bucket) == sizeof(struct pp_table), "bucket[] follows the header");

static void plain_rules(void **state)
{
    (void)state;
    const uint64_t rules[] = {PP_RULE_SP | CFA(3), PP_RULE_BP | CFA(2) | RBP_AT(2), PP_RULE_SP | CFA(4) | RBP_AT(3),
                              PP_RULE_END};
    set_rules(rules, 4);
    f.stack[2] = IN(1);      /* of frame 0: sp + 24 is its CFA */
    f.stack[8] = STACK + 99; /* frame 1, rbp points here: saved rbp, return address */
    f.stack[9] = IN(2);
    f.stack[11] = 0x1234; /* frame 2: CFA is word 14, rbp at CFA - 24 */
    f.stack[13] = IN(3);
    uintptr_t pcs[8];
    struct pp_walk_result r;
    memset(&cache, 0, sizeof cache);
    for (int round = 0; round < 4; round++) { /* without cache, filling it, twice with it */
        memset(pcs, 0, sizeof pcs);
        assert_int_equal(walk(IN(0), 0, STACK + 64, round ? &cache : NULL, pcs, 8, &r), 4);
        assert_int_equal(r.end, PP_WALK_ROOT);
        assert_int_equal(pcs[0], IN(0) + 1); /* exact, so one more */
        assert_int_equal(pcs[1], IN(1));
        assert_int_equal(pcs[2], IN(2));
        assert_int_equal(pcs[3], IN(3));
        assert_int_equal(r.last_sp, STACK + 14 * 8);
        assert_false(r.unknown_module);
    }
    assert_int_equal(cache.n_misses, 4);
    assert_int_equal(cache.n_hits, 8);
    for (size_t max = 1; max < 4; max++) {
        assert_int_equal(walk(IN(0), 0, STACK + 64, &cache, pcs, max, &r), max);
        assert_int_equal(r.end, PP_WALK_CUT_MAX);
    }
    assert_int_equal(walk(IN(0), 0, STACK + 64, NULL, pcs, 4, &r), 4); /* just enough room: complete */
    assert_int_equal(r.end, PP_WALK_ROOT);
    assert_int_equal(walk(IN(0), 0, STACK + 64, NULL, pcs, 0, &r), 0);
}

static void ways_to_end(void **state)
{
    (void)state;
    const uint64_t rules[] = {PP_RULE_SP | CFA(1), PP_RULE_BP | CFA(2) | RBP_AT(2), PP_RULE_SP | CFA(1000),
                              PP_RULE_NONE};
    set_rules(rules, 4);
    uintptr_t pcs[8];
    struct pp_walk_result r;
    f.stack[0] = 0; /* return address 0 */
    assert_int_equal(walk(IN(0), 0, 0, NULL, pcs, 8, &r), 1);
    assert_int_equal(r.end, PP_WALK_ROOT);
    assert_int_equal(walk(IN(1), 5, STACK, NULL, pcs, 8, &r), 1); /* rbp below sp */
    assert_int_equal(r.end, PP_WALK_CUT_SP);
    assert_int_equal(walk(IN(1), 0, STACK + 3, NULL, pcs, 8, &r), 1); /* not aligned */
    assert_int_equal(r.end, PP_WALK_CUT_SP);
    assert_int_equal(walk(IN(2), 0, 0, NULL, pcs, 8, &r), 1); /* outside of the readable stack */
    assert_int_equal(r.end, PP_WALK_CUT_UNREADABLE);
    assert_int_equal(walk(IN(3), 0, 1, NULL, pcs, 8, &r), 1); /* no rule, a frame pointer that is none */
    assert_int_equal(r.end, PP_WALK_CUT_NO_RULE);
    assert_false(r.unknown_module);
    assert_int_equal(walk(IN(3), 0, 0, NULL, pcs, 8, &r), 1); /* no rule, rbp 0: as a thread starts */
    assert_int_equal(r.end, PP_WALK_ROOT);
    assert_int_equal(walk(0x999, 0, 1, NULL, pcs, 8, &r), 1); /* a pc in no module */
    assert_true(r.unknown_module);
    f.stack[0] = 0x424242; /* a return address in no module and not behind a call: dropped */
    assert_int_equal(walk(IN(0), 0, 0, NULL, pcs, 8, &r), 1);
    assert_int_equal(r.end, PP_WALK_CUT_NO_RULE);
    assert_true(r.unknown_module);
    struct pp_walk_regs regs = {.pc = IN(1), .known = 1u << PP_X86_RSP, .pc_is_exact = true}; /* rbp not known */
    regs.r[PP_X86_RSP] = STACK;
    struct pp_peek mem;
    pp_peek_init_remote(&mem, 0x3ffffff, STACK, (const uint8_t *)f.stack, sizeof f.stack, NULL, 0);
    assert_int_equal(pp_walk(&f.map, &regs, &mem, NULL, pcs, 8, &r), 1);
    assert_int_equal(r.end, PP_WALK_CUT_REGISTER);
    assert_int_equal(pp_walk(NULL, &regs, &mem, NULL, pcs, 8, &r), 1); /* no map yet */
}

static void never_loops(void **state)
{
    (void)state;
    const uint64_t rules[] = {PP_RULE_BP | CFA(2) | RBP_AT(2)};
    set_rules(rules, 1);
    for (int i = 0; i < 32; i += 2) {
        f.stack[i] = STACK; /* every saved rbp leads back to the start */
        f.stack[i + 1] = IN(0);
    }
    uintptr_t pcs[64];
    struct pp_walk_result r;
    memset(&cache, 0, sizeof cache);
    for (int round = 0; round < 3; round++) {
        size_t n = walk(IN(0), 0, STACK + 16, round ? &cache : NULL, pcs, 64, &r);
        assert_int_equal(r.end, PP_WALK_CUT_SP);
        assert_int_equal(n, 2);
    }
}

static void plt_rule_depends_on_pc(void **state)
{
    (void)state;
    const uint64_t rules[] = {PP_RULE_PLT | CFA(1) | (uint64_t)11 << PP_RULE_R15_AT, PP_RULE_END};
    set_rules(rules, 2);
    f.stack[0] = IN(1);
    f.stack[1] = IN(1) + 8;
    uintptr_t pcs[8];
    struct pp_walk_result r;
    for (unsigned k = 0; k < 16; k++) {
        assert_int_equal(walk(TEXT + 0x100 + k, 0, 0, NULL, pcs, 8, &r), 2);
        assert_int_equal(pcs[1], k >= 11 ? IN(1) + 8 : IN(1));
    }
}

static void a_new_generation_empties_the_cache(void **state)
{
    (void)state;
    const uint64_t rules[] = {PP_RULE_SP | CFA(1), PP_RULE_END};
    set_rules(rules, 2);
    f.stack[0] = f.stack[1] = IN(1);
    uintptr_t pcs[8];
    struct pp_walk_result r;
    memset(&cache, 0, sizeof cache);
    walk(IN(0), 0, 0, &cache, pcs, 8, &r);
    assert_int_equal(r.last_sp, STACK + 8);
    f.rules[0] = PP_RULE_SP | CFA(2); /* other code at the same address */
    walk(IN(0), 0, 0, &cache, pcs, 8, &r);
    assert_int_equal(r.last_sp, STACK + 8);
    f.map.generation = 2;
    walk(IN(0), 0, 0, &cache, pcs, 8, &r);
    assert_int_equal(r.last_sp, STACK + 16);
    atomic_store(&cache.claimed, 1); /* somebody else has it: right all the same */
    f.rules[0] = PP_RULE_SP | CFA(1);
    walk(IN(0), 0, 0, &cache, pcs, 8, &r);
    assert_int_equal(r.last_sp, STACK + 8);
    assert_int_equal(atomic_load(&cache.claimed), 1);
}

static uintptr_t asked_pc, asked_hdr;
static bool answer;

static bool still_there(uintptr_t pc, uintptr_t eh_frame_hdr)
{
    asked_pc = pc;
    asked_hdr = eh_frame_hdr;
    return answer;
}

static void an_object_may_have_been_replaced(void **state)
{
    (void)state;
    const uint64_t rules[] = {PP_RULE_END};
    set_rules(rules, 1);
    f.m.eh_frame_hdr = 0x777;
    struct pp_walk_regs regs = {.pc = IN(0), .known = 1u << PP_X86_RSP | 1u << PP_X86_RBP, .pc_is_exact = true};
    struct pp_walk_options o = {.cache = &cache, .still_there = still_there};
    struct pp_walk_result r;
    struct pp_peek mem;
    uintptr_t pcs[4];
    memset(&cache, 0, sizeof cache);
    regs.r[PP_X86_RSP] = STACK;
    regs.r[PP_X86_RBP] = 1;
    pp_peek_init_remote(&mem, 0x3ffffff, STACK, (const uint8_t *)f.stack, sizeof f.stack, NULL, 0);
    answer = false;
    assert_int_equal(pp_walk(&f.map, &regs, &mem, &o, pcs, 4, &r), 1);
    assert_true(r.unknown_module && r.end == PP_WALK_CUT_NO_RULE);
    assert_int_equal(asked_pc, IN(0));
    assert_int_equal(asked_hdr, 0x777);
    answer = true;
    assert_int_equal(pp_walk(&f.map, &regs, &mem, &o, pcs, 4, &r), 1);
    assert_true(!r.unknown_module && r.end == PP_WALK_ROOT);
    /* Readable code of an unknown object: what was guessed about it must not stay in the cache. */
    static const uint8_t nops[64] = {[0 ... 63] = 0x90};
    f.m.start = (uintptr_t)nops;
    f.m.end = f.m.start + sizeof nops;
    regs.pc = f.m.start + 8;
    mem.pid = 0;
    answer = false;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pp_walk(&f.map, &regs, &mem, &o, pcs, 4, &r), 1);
        assert_true(r.unknown_module);
    }
    f.m.start = TEXT;
    f.m.end = TEXT + STRETCH;
    regs.pc = IN(0);
    answer = false; /* what is in the cache is not asked again before the next generation */
    assert_int_equal(pp_walk(&f.map, &regs, &mem, &o, pcs, 4, &r), 1);
    assert_true(!r.unknown_module && r.end == PP_WALK_ROOT);
}

static struct {
    struct pp_modules modules;
    uintptr_t pcs[64];
    size_t n;
    struct pp_walk_result r;
} live;

__attribute__((noinline)) static void look(void)
{
    static uint8_t window[PP_PEEK_WINDOW];
    struct pp_modules_reader rd;
    struct pp_walk_regs regs;
    struct pp_peek mem;
    const struct pp_module_map *map = pp_modules_enter(&live.modules, &rd);
    PP_WALK_REGS_CALLER(&regs);
    pp_peek_init_own(&mem, 0, 0, window, sizeof window);
    live.n = pp_walk(map, &regs, &mem, NULL, live.pcs, 64, &live.r);
    pp_modules_leave(&live.modules, &rd);
}

typedef void (*call_through)(void (*)(void));

/* push rbp; mov rbp, rsp; call *rdi; pop rbp; ret; the same without a frame pointer (sub; call; add; ret). */
static const uint8_t with_fp[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
static const uint8_t without_fp[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3};

static call_through generate(const uint8_t *code, size_t n, void **ret_page)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    memcpy(p, code, n);
    *ret_page = p;
    call_through f_;
    memcpy(&f_, &p, sizeof f_);
    return f_;
}

static bool has_frame_in(const void *start, size_t n)
{
    for (size_t i = 0; i < live.n; i++)
        if (live.pcs[i] > (uintptr_t)start && live.pcs[i] <= (uintptr_t)start + n) return true;
    return false;
}

static void generated_code(void **state)
{
    (void)state;
    void *page, *page2;
    call_through fp = generate(with_fp, sizeof with_fp, &page), no_fp = generate(without_fp, sizeof without_fp, &page2);
    memset(&live.modules, 0, sizeof live.modules);
    assert_int_equal(pp_modules_init(&live.modules, NULL, NULL), PP_OK);
    assert_int_equal(pp_modules_refresh(&live.modules, NULL, NULL), PP_OK);
    look();
    size_t depth = live.n;
    assert_int_equal(live.r.end, PP_WALK_ROOT);
    fp(look);
    assert_int_equal(live.r.end, PP_WALK_ROOT);
    assert_int_equal(live.n, depth + 1);
    assert_int_equal(live.r.n_chain, 1);
    assert_true(has_frame_in(page, sizeof with_fp));
    no_fp(look); /* rbp is ours: the chain skips our frame's return but stays believable, or is cut; never invented */
    assert_true(has_frame_in(page2, sizeof without_fp));
    for (size_t i = 0; i < live.n; i++)
        assert_non_null(pp_module_find(atomic_load(&live.modules.current), live.pcs[i] - 1));
    pp_modules_release(&live.modules);
    munmap(page, 4096);
    munmap(page2, 4096);
}

static void calls_in_code(void **state)
{
    (void)state;
    static const struct {
        uint8_t before[PP_CALL_BYTES];
        enum pp_call is;
        uint64_t target;
    } cases[] = {
        {{0x90, 0x90, 0xe8, 0x10, 0, 0, 0}, PP_CALL_DIRECT, 0x1010},
        {{0x90, 0x90, 0xe8, 0xf0, 0xff, 0xff, 0xff}, PP_CALL_DIRECT, 0xff0},
        {{0x90, 0xff, 0x15, 0x20, 0, 0, 0}, PP_CALL_SLOT, 0x1020},
        {{0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0}, PP_CALL_INDIRECT, 0}, /* call *rax */
        {{0x90, 0x90, 0x90, 0x90, 0x41, 0xff, 0xd4}, PP_CALL_INDIRECT, 0}, /* call *r12 */
        {{0x90, 0x90, 0x90, 0x90, 0xff, 0x50, 0x18}, PP_CALL_INDIRECT, 0}, /* call *24(rax) */
        {{0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 0x08}, PP_CALL_INDIRECT, 0}, /* call *8(rsp) */
        {{0x90, 0x90, 0x90, 0x90, 0xff, 0x14, 0xc1}, PP_CALL_INDIRECT, 0}, /* call *(rcx, rax, 8) */
        {{0x90, 0xff, 0x90, 0, 1, 0, 0}, PP_CALL_INDIRECT, 0},             /* call *256(rax) */
        {{0xff, 0x94, 0x24, 0, 1, 0, 0}, PP_CALL_INDIRECT, 0},             /* call *256(rsp) */
        {{0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0}, PP_CALL_NONE, 0},     /* jmp *rax */
        {{0x90, 0x90, 0xe9, 0x10, 0, 0, 0}, PP_CALL_NONE, 0},              /* jmp */
        {{0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3}, PP_CALL_NONE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t target = 0;
        assert_int_equal(pp_code_call(cases[i].before, 0x1000, &target), cases[i].is);
        assert_int_equal(target, cases[i].target);
    }
    static const uint8_t endbr_plt[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0x10, 0, 0, 0},
                         plain_plt[] = {0xff, 0x25, 0xf0, 0xff, 0xff, 0xff};
    uint64_t slot;
    assert_true(pp_code_plt_slot(endbr_plt, sizeof endbr_plt, 0x1000, &slot) && slot == 0x101b);
    assert_true(pp_code_plt_slot(plain_plt, sizeof plain_plt, 0x1000, &slot) && slot == 0xff6);
    assert_false(pp_code_plt_slot(plain_plt, 5, 0x1000, &slot));
}

static void expressions(void **state)
{
    (void)state;
    uint64_t stack[2] = {42, STACK + 8}, reg[16] = {[6] = STACK + 16, [7] = STACK};
    static const struct {
        uint8_t n, p[12];
        enum pp_expr_answer answer;
        uint64_t value;
    } cases[] = {
        {3, {0x77, 8, 0x06}, PP_EXPR_OK, STACK + 8}, /* *(rsp + 8) */
        {2, {0x76, 0x70}, PP_EXPR_OK, STACK},        /* rbp - 16 */
        {11,
         {0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22},
         PP_EXPR_OK,
         STACK + 8 + 8},                                    /* the PLT's, pc & 15 = 12 */
        {4, {0x31, 0x32, 0x16, 0x1c}, PP_EXPR_OK, 1},       /* 1 2 swap minus */
        {6, {0x31, 0x28, 1, 0, 0x39, 0x35}, PP_EXPR_OK, 5}, /* bra over lit9 */
        {3, {0x2f, 0xfd, 0xff}, PP_EXPR_BROKEN, 0},         /* skips to itself for ever */
        {1, {0x06}, PP_EXPR_BROKEN, 0},                     /* nothing on the stack */
        {2, {0x31, 0x03}, PP_EXPR_BROKEN, 0},               /* an absolute address */
        {3, {0x31, 0x30, 0x1b}, PP_EXPR_BROKEN, 0},         /* division by 0 */
        {2, {0x73, 0}, PP_EXPR_REGISTER, 0},                /* rbx is not known */
        {2, {0x31, 0x06}, PP_EXPR_UNREADABLE, 0},
        {2, {0x08}, PP_EXPR_OK, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pp_expr e = {.p = cases[i].p,
                            .n = cases[i].n,
                            .reg = reg,
                            .known = 1u << 6 | 1u << 7,
                            .n_reg = 16,
                            .pc = 0x1c,
                            .pc_reg = 16};
        struct pp_peek mem;
        uint64_t v = 0;
        pp_peek_init_remote(&mem, 0, STACK, (const uint8_t *)stack, sizeof stack, NULL, 0);
        assert_int_equal(pp_expr_eval(&e, &mem, &v), cases[i].answer);
        assert_int_equal(v, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_rules),
        cmocka_unit_test(ways_to_end),
        cmocka_unit_test(never_loops),
        cmocka_unit_test(plt_rule_depends_on_pc),
        cmocka_unit_test(generated_code),
        cmocka_unit_test(a_new_generation_empties_the_cache),
        cmocka_unit_test(an_object_may_have_been_replaced),
        cmocka_unit_test(calls_in_code),
        cmocka_unit_test(expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
