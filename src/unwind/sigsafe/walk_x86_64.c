// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/walk.h"

#include <string.h>
#include <ucontext.h>

#include "unwind/sigsafe/code_x86_64.h"
#include "unwind/sigsafe/expr.h"

enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, RA = 16, N_REGS = 16 };

#define SIGNAL_FRAMES_MAX 32
#define ENTRY_BYTES 64 /* _start is shorter */
#define FRAMELESS_BYTES 4096
#define AT_ENTRY (PP_RULE_SP | (uint64_t)1 << PP_RULE_CFA_AT) /* as at a function's first instruction */

/* A step found the caller's registers and the walk goes on; every other answer is an enum pp_walk_end. */
enum { GO_ON = -1 };

struct walk {
    const struct pp_module_map *map;
    const struct pp_module *module; /* the one found last */
    struct pp_peek *mem;
    const struct pp_walk_options *o;
    struct pp_pc_cache *cache; /* claimed by us, or NULL */
    struct pp_walk_regs regs;  /* of the frame in work */
    bool pc_is_known;          /* the map describes what is at the pc now; else nothing about it is cached */
    bool drop_last;            /* the pc stored last turned out to be no code */
    bool track_all;            /* restore rbx, r12-r15, ...: only when a rule turned out to need them */
    uint32_t n_hits, n_misses;
    struct pp_walk_result res;
};

static uintptr_t stored_pc(const struct pp_walk_regs *r) { return r->pc + r->pc_is_exact; }

static bool known(const struct pp_walk_regs *r, unsigned reg) { return r->known >> reg & 1; }

static const struct pp_module *module_at(struct walk *w, uintptr_t address)
{
    const struct pp_module *m = w->module;
    if (m && address >= m->start && address < m->end) return m;
    m = w->map ? pp_module_find(w->map, address) : NULL;
    if (m) w->module = m;
    return m;
}

static void remember(struct walk *w, uintptr_t stored, uint64_t rule)
{
    if (!w->cache || pp_rule_kind(rule) == PP_RULE_FULL) return;
    struct pp_pc_cache_entry *e = pp_pc_cache_slot(w->cache, stored);
    e->pc = stored;
    e->rule = rule | (w->regs.pc_is_exact ? 0 : PP_RULE_RETURN);
}

/* The rule of the frame in work. For a PP_RULE_FULL, w->module is its module. */
static uint64_t find_rule(struct walk *w)
{
    uintptr_t stored = stored_pc(&w->regs);
    if (w->cache) {
        const struct pp_pc_cache_entry *e = pp_pc_cache_slot(w->cache, stored);
        if (e->pc == stored) {
            w->n_hits++;
            w->pc_is_known = true;
            return e->rule;
        }
    }
    w->n_misses++;
    const struct pp_module *m = module_at(w, stored - 1);
    if (m && m->half_mapped) m = NULL;
    if (m && m->eh_frame_hdr && w->o->still_there && !w->o->still_there(stored - 1, m->eh_frame_hdr)) m = NULL;
    w->pc_is_known = m != NULL;
    if (!m) {
        w->res.unknown_module = true;
        return PP_RULE_NONE;
    }
    uint64_t rule = m->table ? pp_table_rule(m->table, stored - 1 - m->bias) : (uint64_t)PP_RULE_NONE;
    if (pp_rule_kind(rule) != PP_RULE_NONE) remember(w, stored, rule);
    return rule;
}

static size_t read_code(struct walk *w, uintptr_t address, uint8_t *ret_code, size_t n)
{
    if (w->mem->n_reads >= (w->mem->max_reads ? w->mem->max_reads : 64)) return 0;
    w->mem->n_reads++;
    return pp_peek_copy(w->mem->pid, w->mem->mem_fd, address, ret_code, n);
}

static bool follows_call(struct walk *w, uint64_t ra)
{
    uint8_t before[PP_CALL_BYTES];
    uint64_t target;
    return ra > sizeof before && read_code(w, ra - sizeof before, before, sizeof before) == sizeof before &&
           pp_code_call(before, ra, &target) != PP_CALL_NONE;
}

/* Is ra in executable memory and behind a call? */
static bool returns_here(struct walk *w, uint64_t ra)
{
    if (!module_at(w, ra - 1)) return false;
    if (w->cache) {
        const struct pp_pc_cache_entry *e = pp_pc_cache_slot(w->cache, ra);
        if (e->pc == ra && e->rule & PP_RULE_RETURN) return true;
    }
    return follows_call(w, ra);
}

static bool restore_saved(struct walk *w, uint64_t cfa, uint64_t rule)
{
    static const struct {
        uint8_t reg, at;
    } saved[] = {{RBX, PP_RULE_RBX_AT},
                 {R12, PP_RULE_R12_AT},
                 {R12 + 1, PP_RULE_R12_AT + 6},
                 {R12 + 2, PP_RULE_R12_AT + 12},
                 {R12 + 3, PP_RULE_R12_AT + 18}};
    for (unsigned i = 0; i < sizeof saved / sizeof saved[0]; i++) {
        uint64_t below = pp_rule_saved_bytes(rule, saved[i].at);
        if (!below) continue;
        if (!pp_peek_u64(w->mem, cfa - below, &w->regs.r[saved[i].reg])) return false;
        w->regs.known |= 1u << saved[i].reg;
    }
    return true;
}

/* To the caller, whose sp is cfa, by a rule of kind SP, BP or PLT. */
static int step_to(struct walk *w, uint64_t cfa, uint64_t rule)
{
    struct pp_walk_regs *r = &w->regs;
    bool plain = pp_rule_kind(rule) != PP_RULE_PLT; /* a PLT entry saves nothing; its fields mean something else */
    uint64_t below = plain ? pp_rule_rbp_bytes(rule) : 0, ra;
    if (cfa <= r->r[RSP] || cfa % 8 != 0) return PP_WALK_CUT_SP;
    if (!pp_peek_u64(w->mem, cfa - 8, &ra)) return PP_WALK_CUT_UNREADABLE;
    if (below) {
        if (!pp_peek_u64(w->mem, cfa - below, &r->r[RBP])) return PP_WALK_CUT_UNREADABLE;
        r->known |= 1u << RBP;
    }
    if (w->track_all && plain && !restore_saved(w, cfa, rule)) return PP_WALK_CUT_UNREADABLE;
    r->r[RSP] = cfa;
    r->pc = ra;
    r->pc_is_exact = false;
    return ra ? GO_ON : PP_WALK_ROOT;
}

static int step_bp(struct walk *w, uint64_t rule)
{
    if (!known(&w->regs, RBP)) return PP_WALK_CUT_REGISTER;
    return step_to(w, w->regs.r[RBP] + (uint64_t)pp_rule_cfa_bytes(rule), rule);
}

static int step_plt(struct walk *w, uint64_t rule)
{
    uint64_t pushed = (w->regs.pc & 15) >= rule >> PP_RULE_R15_AT ? 8 : 0;
    return step_to(w, w->regs.r[RSP] + (uint64_t)pp_rule_cfa_bytes(rule) + pushed, rule);
}

/* Counts the signal frame; the registers that were interrupted are in w->regs now. */
static int enter_interrupted(struct walk *w)
{
    w->regs.pc_is_exact = true;
    return w->res.n_signal++ < SIGNAL_FRAMES_MAX ? GO_ON : PP_WALK_CUT_SP;
}

/* sp points to the ucontext that the kernel wrote. */
static int step_signal(struct walk *w)
{
    static const uint8_t greg_of[N_REGS] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
                                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    struct pp_walk_regs *r = &w->regs;
    uint64_t gregs = r->r[RSP] + offsetof(ucontext_t, uc_mcontext.gregs);
    uint32_t wanted = w->track_all ? (1u << N_REGS) - 1 : 1u << RBP | 1u << RSP;
    bool fine = pp_peek_u64(w->mem, gregs + REG_RIP * 8, &r->pc);
    for (unsigned i = 0; i < N_REGS && fine; i++)
        if (wanted >> i & 1) fine = pp_peek_u64(w->mem, gregs + greg_of[i] * 8u, &r->r[i]);
    r->known = wanted;
    return fine ? enter_interrupted(w) : PP_WALK_CUT_UNREADABLE;
}

static int answer_end(enum pp_expr_answer answer)
{
    switch (answer) {
    case PP_EXPR_REGISTER: return PP_WALK_CUT_REGISTER;
    case PP_EXPR_UNREADABLE: return PP_WALK_CUT_UNREADABLE;
    default: return PP_WALK_CUT_NO_RULE;
    }
}

/* The value that a register rule gives, from the registers `old` of the frame in work. */
static int restore_by_rule(struct walk *w, const struct pp_reg_rule *rule, const uint8_t *expr,
                           const struct pp_walk_regs *old, uint64_t cfa, bool push_cfa, uint64_t *ret_value)
{
    uint64_t v = 0;
    struct pp_expr e = {.p = expr + rule->value,
                        .n = rule->expr_n,
                        .reg = old->r,
                        .known = old->known,
                        .n_reg = N_REGS,
                        .pc = old->pc,
                        .pc_reg = RA,
                        .push = push_cfa,
                        .pushed = cfa};
    enum pp_expr_answer answer;
    switch (rule->how) {
    case PP_REG_VAL_CFA: *ret_value = cfa + (uint64_t)(int64_t)rule->value; return GO_ON;
    case PP_REG_AT_CFA: v = cfa + (uint64_t)(int64_t)rule->value; break;
    case PP_REG_COPY:
        if (!known(old, (unsigned)rule->value)) return PP_WALK_CUT_REGISTER;
        *ret_value = old->r[rule->value];
        return GO_ON;
    case PP_REG_AT_EXPR:
    case PP_REG_VAL_EXPR:
        answer = pp_expr_eval(&e, w->mem, &v);
        if (answer != PP_EXPR_OK) return answer_end(answer);
        if (rule->how == PP_REG_VAL_EXPR) {
            *ret_value = v;
            return GO_ON;
        }
        break;
    default: return PP_WALK_CUT_NO_RULE;
    }
    return pp_peek_u64(w->mem, v, ret_value) ? GO_ON : PP_WALK_CUT_UNREADABLE;
}

static int full_cfa(struct walk *w, const struct pp_rule_full *f, const uint8_t *expr, const struct pp_walk_regs *old,
                    uint64_t *ret_cfa)
{
    if (f->cfa.how == PP_REG_VAL_EXPR) return restore_by_rule(w, &f->cfa, expr, old, 0, false, ret_cfa);
    if (!known(old, f->cfa_reg)) return PP_WALK_CUT_REGISTER;
    *ret_cfa = old->r[f->cfa_reg] + (uint64_t)(int64_t)f->cfa.value;
    return GO_ON;
}

static int step_full(struct walk *w, uint64_t rule)
{
    const struct pp_table *t = w->module->table;
    const struct pp_rule_full *f = &t->full_at[pp_rule_full_index(rule)];
    const struct pp_walk_regs old = w->regs;
    struct pp_walk_regs *r = &w->regs;
    uint64_t cfa;
    int end = full_cfa(w, f, t->expr_at, &old, &cfa);
    if (end != GO_ON) return end;
    for (unsigned i = 0; i < N_REGS; i++) {
        if (f->reg[i].how == PP_REG_SAME || (!w->track_all && i != RBP && i != RSP)) continue;
        r->known &= ~(1u << i);
        if (f->reg[i].how == PP_REG_UNDEFINED) continue;
        end = restore_by_rule(w, &f->reg[i], t->expr_at, &old, cfa, true, &r->r[i]);
        if (end == GO_ON)
            r->known |= 1u << i;
        else if (i == RBP || i == RSP)
            return end;
    }
    if (f->reg[RSP].how == PP_REG_SAME) r->r[RSP] = cfa;
    if ((end = restore_by_rule(w, &f->reg[RA], t->expr_at, &old, cfa, true, &r->pc)) != GO_ON) return end;
    if (f->is_signal) return enter_interrupted(w);
    r->pc_is_exact = false;
    /* An interrupted instruction may have taken the return address off the stack already (eh_return). */
    if (r->r[RSP] < old.r[RSP] + !old.pc_is_exact || r->r[RSP] % 8 != 0) return PP_WALK_CUT_SP;
    return r->pc ? GO_ON : PP_WALK_ROOT;
}

/* The word that a rule of kind SP takes for the return address must be one. */
static bool leads_back(struct walk *w, uint64_t rule)
{
    uint64_t ra;
    return pp_peek_u64(w->mem, w->regs.r[RSP] + (uint64_t)pp_rule_cfa_bytes(rule) - 8, &ra) && returns_here(w, ra);
}

/* Is the top of the stack the return address of a direct call to a place shortly before pc? Then this function has
 * no frame (yet). */
static bool is_frameless(struct walk *w)
{
    uint8_t before[PP_CALL_BYTES];
    uint64_t ra, target;
    return pp_peek_u64(w->mem, w->regs.r[RSP], &ra) && ra > sizeof before && module_at(w, ra - 1) &&
           read_code(w, ra - sizeof before, before, sizeof before) == sizeof before &&
           pp_code_call(before, ra, &target) == PP_CALL_DIRECT && w->regs.pc - target < FRAMELESS_BYTES;
}

/* By frame pointer: [rbp] is the caller's rbp, [rbp + 8] the return address. */
static int step_chain(struct walk *w)
{
    struct pp_walk_regs *r = &w->regs;
    uint64_t bp = r->r[RBP], saved, ra;
    if (!known(r, RBP)) return PP_WALK_CUT_REGISTER;
    if (bp == 0) return PP_WALK_ROOT;
    if (bp < r->r[RSP] || bp % 8 != 0) return PP_WALK_CUT_NO_RULE;
    if (!pp_peek_u64(w->mem, bp, &saved) || !pp_peek_u64(w->mem, bp + 8, &ra)) return PP_WALK_CUT_NO_RULE;
    if (ra == 0) return PP_WALK_ROOT;
    if (!returns_here(w, ra)) return PP_WALK_CUT_NO_RULE;
    r->r[RBP] = saved;
    r->r[RSP] = bp + 16;
    r->pc = ra;
    r->pc_is_exact = false;
    w->res.n_chain++;
    return GO_ON;
}

/* The chain, else what an interrupted function without frame leaves on top of the stack (rbp is any value there). */
static int step_guessing(struct walk *w)
{
    bool exact = w->regs.pc_is_exact;
    int end = step_chain(w);
    if (!exact || end != PP_WALK_CUT_NO_RULE || !leads_back(w, AT_ENTRY)) return end;
    w->res.n_chain++;
    return step_to(w, w->regs.r[RSP] + 8, AT_ENTRY);
}

/* No unwind information: what do the instructions say? */
static uint64_t guess_rule(struct walk *w)
{
    uint8_t code[PP_CODE_BYTES];
    uintptr_t stored = stored_pc(&w->regs);
    bool exact = w->regs.pc_is_exact;
    size_t n = read_code(w, w->regs.pc, code, sizeof code);
    uint64_t rule = pp_code_rule(code, n, exact);
    if (n == 0 && exact) rule = AT_ENTRY; /* a jump into nowhere: the call left its address */
    if (pp_rule_kind(rule) == PP_RULE_SP && !leads_back(w, rule)) rule = PP_RULE_CHAIN;
    if (pp_rule_kind(rule) == PP_RULE_CHAIN && exact && is_frameless(w)) rule = AT_ENTRY;
    if (n && w->pc_is_known) remember(w, stored, rule);
    return rule;
}

static bool at_entry_point(struct walk *w)
{
    uintptr_t look = stored_pc(&w->regs) - 1;
    const struct pp_module *m = module_at(w, look);
    return m && m->entry && look - m->entry < ENTRY_BYTES;
}

static int step(struct walk *w)
{
    uint64_t rule = find_rule(w);
    if (pp_rule_kind(rule) == PP_RULE_NONE) {
        if (at_entry_point(w)) return PP_WALK_ROOT;
        /* A return address in no module: code that is newer than the map, or a wrong turn before. */
        w->drop_last = !w->regs.pc_is_exact && !module_at(w, w->regs.pc - 1) && !follows_call(w, w->regs.pc);
        if (w->drop_last) return PP_WALK_CUT_NO_RULE;
        rule = guess_rule(w);
    }
    switch (pp_rule_kind(rule)) {
    case PP_RULE_SP: return step_to(w, w->regs.r[RSP] + (uint64_t)pp_rule_cfa_bytes(rule), rule);
    case PP_RULE_BP: return step_bp(w, rule);
    case PP_RULE_PLT: return step_plt(w, rule);
    case PP_RULE_END: return PP_WALK_ROOT;
    case PP_RULE_SIGNAL: return step_signal(w);
    case PP_RULE_FULL: return step_full(w, rule);
    default: return step_guessing(w);
    }
}

/* The common case without a call: cached rules of kind SP and BP inside the known stack. Stops at everything else. */
static size_t run_cached(struct walk *w, uintptr_t *pcs, size_t n, size_t max)
{
    struct pp_pc_cache *cache = w->cache;
    const uintptr_t lo = w->mem->lo, hi = w->mem->hi;
    const uint8_t *at = w->mem->at;
    uintptr_t stored = pcs[n - 1], sp = w->regs.r[RSP], bp = w->regs.r[RBP];
    size_t first = n;
    if (!cache || w->track_all || !known(&w->regs, RBP) || sp < lo) return n;
    while (n < max) {
        const struct pp_pc_cache_entry *e = pp_pc_cache_slot(cache, stored);
        uint64_t rule = e->rule, kind = rule & 15;
        if (e->pc != stored || (kind != PP_RULE_SP && kind != PP_RULE_BP)) break;
        uintptr_t cfa = (kind == PP_RULE_SP ? sp : bp) + (uintptr_t)pp_rule_cfa_bytes(rule), ra;
        if (cfa <= sp || cfa > hi || cfa % 8 != 0) break;
        uintptr_t below = pp_rule_rbp_bytes(rule);
        if (cfa - lo < below || cfa - lo < 8) break;
        memcpy(&ra, at + (cfa - 8 - lo), 8);
        if (ra == 0) break;
        if (below) memcpy(&bp, at + (cfa - below - lo), 8);
        sp = cfa;
        pcs[n++] = stored = ra;
    }
    if (n > first) {
        w->n_hits += (uint32_t)(n - first);
        w->regs.r[RSP] = sp;
        w->regs.r[RBP] = bp;
        w->regs.pc = stored;
        w->regs.pc_is_exact = false;
    }
    return n;
}

static size_t run(struct walk *w, uintptr_t *pcs, size_t max)
{
    size_t n = 0;
    int end = GO_ON;
    while (end == GO_ON) {
        pcs[n++] = stored_pc(&w->regs);
        n = run_cached(w, pcs, n, max);
        if (n < max)
            end = step(w);
        else
            end = pp_rule_kind(find_rule(w)) == PP_RULE_END ? PP_WALK_ROOT : PP_WALK_CUT_MAX;
    }
    w->res.end = (enum pp_walk_end)end;
    w->res.last_sp = w->regs.r[RSP];
    return n - (w->drop_last && n > 1);
}

static size_t run_from(struct walk *w, const struct pp_walk_regs *regs, uintptr_t *pcs, size_t max, bool track_all)
{
    w->regs = *regs;
    w->track_all = track_all;
    w->drop_last = false;
    if (!track_all) w->regs.known &= 1u << RBP | 1u << RSP;
    w->res = (struct pp_walk_result){.generation = w->map ? w->map->generation : 0};
    return run(w, pcs, max);
}

size_t pp_walk(const struct pp_module_map *map, const struct pp_walk_regs *regs, struct pp_peek *mem,
               const struct pp_walk_options *o, uintptr_t *ret_pcs, size_t max, struct pp_walk_result *ret)
{
    static const struct pp_walk_options none;
    struct walk w = {.map = map, .mem = mem, .o = o ? o : &none};
    struct pp_pc_cache *cache = w.o->cache;
    if (max == 0) return 0;
    if (cache && map && pp_pc_cache_claim(cache, map->generation)) w.cache = cache;
    size_t n = run_from(&w, regs, ret_pcs, max, false);
    bool more_known = regs->known & ~(1u << RBP | 1u << RSP);
    if (w.res.end == PP_WALK_CUT_REGISTER && more_known) n = run_from(&w, regs, ret_pcs, max, true);
    if (w.cache) {
        cache->n_hits += w.n_hits;
        cache->n_misses += w.n_misses;
        pp_pc_cache_unclaim(cache);
    }
    *ret = w.res;
    return n;
}

void pp_walk_regs_from_ucontext(const void *ucontext, struct pp_walk_regs *ret)
{
    const greg_t *g = ((const ucontext_t *)ucontext)->uc_mcontext.gregs;
    *ret = (struct pp_walk_regs){
        .pc = (uint64_t)g[REG_RIP],
        .r = {(uint64_t)g[REG_RAX], (uint64_t)g[REG_RDX], (uint64_t)g[REG_RCX], (uint64_t)g[REG_RBX],
              (uint64_t)g[REG_RSI], (uint64_t)g[REG_RDI], (uint64_t)g[REG_RBP], (uint64_t)g[REG_RSP],
              (uint64_t)g[REG_R8], (uint64_t)g[REG_R9], (uint64_t)g[REG_R10], (uint64_t)g[REG_R11],
              (uint64_t)g[REG_R12], (uint64_t)g[REG_R13], (uint64_t)g[REG_R14], (uint64_t)g[REG_R15]},
        .known = (1u << N_REGS) - 1,
        .pc_is_exact = true,
    };
}
