// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/walk.h"

#include "unwind/sigsafe/code_x86_64.h"

enum { RBP = 6, RSP = 7 };

#define NEAR_START 4096 /* how far behind its start a function without unwind information may be */

/* The search for the frame pointer of the frame at which the walk got stuck. */
struct search {
    const struct pp_module_map *map;
    struct pp_peek *mem;
    uintptr_t stuck;          /* an address inside the stuck frame's function */
    uintptr_t start;          /* of that function, 0: not known */
    struct pp_walk_regs regs; /* of the stuck frame; rbp is the candidate */
};

static uintptr_t function_start(const struct pp_module_map *map, uintptr_t address)
{
    const struct pp_module *m = pp_module_find(map, address);
    uint64_t start = m && m->table ? pp_table_function(m->table, address - m->bias) : 0;
    return start ? start + m->bias : 0;
}

static bool read_word(const struct search *s, uintptr_t address, uint64_t *ret_value)
{
    return pp_peek_copy(s->mem->pid, s->mem->mem_fd, address, ret_value, 8) == 8;
}

static bool is_function(const struct search *s, uintptr_t target)
{
    return s->start ? target == s->start : target <= s->stuck && s->stuck - target < NEAR_START;
}

/* Does the call before ra lead to the stuck function, directly or through a PLT entry or GOT slot?
 * *ret_any: it is a call at all (an indirect one could lead anywhere). */
static bool calls_function(const struct search *s, uintptr_t ra, bool *ret_any)
{
    uint8_t before[PP_CALL_BYTES], stub[PP_CODE_BYTES];
    uint64_t target, slot;
    *ret_any = false;
    if (!pp_module_find(s->map, ra - 1)) return false;
    if (pp_peek_copy(s->mem->pid, s->mem->mem_fd, ra - sizeof before, before, sizeof before) != sizeof before)
        return false;
    enum pp_call call = pp_code_call(before, ra, &target);
    *ret_any = call != PP_CALL_NONE;
    if (call == PP_CALL_SLOT) return read_word(s, target, &target) && is_function(s, target);
    if (call != PP_CALL_DIRECT) return false;
    if (is_function(s, target)) return true;
    if (!pp_module_find(s->map, target)) return false;
    size_t n = pp_peek_copy(s->mem->pid, s->mem->mem_fd, target, stub, sizeof stub);
    return pp_code_plt_slot(stub, n, target, &slot) && read_word(s, slot, &target) && is_function(s, target);
}

/* The lowest frame pointer from which the stuck frame returns behind a call (to this function, if `strict`) and
 * the whole walk from `regs` reaches the root. False: none. */
static bool search_fp(struct search *s, struct pp_walk_regs *regs, bool strict, uintptr_t *ret_pcs, size_t max,
                      size_t *ret_n, struct pp_walk_result *ret)
{
    uintptr_t first = (s->regs.r[RSP] + 7) & ~(uintptr_t)7, two[2];
    struct pp_walk_result result;
    for (uintptr_t x = first; x >= s->mem->lo && x < s->mem->hi && s->mem->hi - x >= 16; x += 8) {
        s->regs.r[RBP] = regs->r[RBP] = x;
        s->mem->n_reads = 0;
        if (pp_walk(s->map, &s->regs, s->mem, NULL, two, 2, &result) != 2) continue;
        bool any, leads = calls_function(s, two[1], &any);
        if (strict ? !leads : !any) continue;
        s->mem->n_reads = 0;
        *ret_n = pp_walk(s->map, regs, s->mem, NULL, ret_pcs, max, ret);
        if (ret->end == PP_WALK_ROOT || ret->end == PP_WALK_CUT_MAX) return true;
    }
    return false;
}

size_t pp_walk_blocked(const struct pp_module_map *map, uintptr_t pc, uintptr_t sp, struct pp_peek *mem,
                       uintptr_t *ret_pcs, size_t max, struct pp_walk_result *ret)
{
    struct pp_walk_regs regs = {.pc = pc, .known = 1u << RSP, .pc_is_exact = true};
    regs.r[RSP] = sp;
    size_t n = pp_walk(map, &regs, mem, NULL, ret_pcs, max, ret), found;
    if (n == 0 || !map || ret->end != PP_WALK_CUT_REGISTER) return n;
    struct pp_walk_result stuck = *ret;
    struct search s = {.map = map, .mem = mem, .stuck = ret_pcs[n - 1] - 1, .regs = regs};
    s.start = function_start(map, s.stuck);
    /* As a return address in both cases: pcs are stored like one. */
    s.regs.pc = ret_pcs[n - 1];
    s.regs.pc_is_exact = false;
    s.regs.r[RSP] = stuck.last_sp;
    s.regs.known |= 1u << RBP;
    regs.known |= 1u << RBP;
    if (search_fp(&s, &regs, true, ret_pcs, max, &found, ret) ||
        search_fp(&s, &regs, false, ret_pcs, max, &found, ret)) {
        ret->n_guessed = 1;
        return found;
    }
    mem->n_reads = 0;
    regs.known = 1u << RSP;
    return pp_walk(map, &regs, mem, NULL, ret_pcs, max, ret);
}
