/* unwind/sigsafe/walk.h - the call stack of a thread: from registers to return addresses.
 *
 * pp_walk stores the innermost frame first. EVERY stored value is like a return address: one more than an address
 * inside the instruction that counts. Return addresses are stored as they are; exact pcs (the interrupted instruction
 * at the start, and the one below each signal handler's frame) are stored + 1. Who names or lists them always
 * subtracts 1. Whether regs->pc is exact is said by regs->pc_is_exact (pp_walk_regs_from_ucontext and
 * PP_WALK_REGS_HERE set it).
 *
 * One frame: its rule comes from the pc cache, else from the module's table. No rule (JIT, hand-written assembly,
 * stripped unwind info): the frame-pointer chain, but only if the return address follows a call instruction in
 * executable text. The stack pointer must grow with each frame (it may jump once per signal frame: alternate stacks).
 * Never blocks, never faults: all foreign memory is read by unwind/sigsafe/peek.h. Bounded by max frames and by mem's
 * max_reads. May run: sigsafe. Stack need: under 1 KiB.
 */
#ifndef PP_UNWIND_SIGSAFE_WALK_H
#define PP_UNWIND_SIGSAFE_WALK_H

#include "unwind/sigsafe/module_map.h"
#include "unwind/sigsafe/pc_cache.h"
#include "unwind/sigsafe/peek.h"

enum pp_walk_end {
    PP_WALK_ROOT,        /* complete: CFI says so, or the frame pointer / return address is 0 as at a thread's start */
    PP_WALK_CUT_MAX,     /* `max` frames are stored and there are more */
    PP_WALK_CUT_NO_RULE, /* no unwind rule and the frame pointer leads nowhere believable */
    PP_WALK_CUT_UNREADABLE, /* a saved register or return address could not be read */
    PP_WALK_CUT_SP,         /* the next frame would not be above this one: corrupt or switched stack */
    PP_WALK_CUT_REGISTER,   /* the rule needs a register whose value is not known */
};

#if defined(__x86_64__)
/* Registers by DWARF number. known: bit per number. */
enum { PP_X86_RBX = 3, PP_X86_RBP = 6, PP_X86_RSP = 7, PP_X86_R10 = 10, PP_X86_R12 = 12, PP_X86_R15 = 15 };
struct pp_walk_regs {
    uint64_t pc;
    uint64_t r[16];
    uint32_t known;
    bool pc_is_exact; /* false: pc is a return address */
};
#define PP_WALK_SP(regs) ((regs)->r[PP_X86_RSP])
#define PP_WALK_FP(regs) ((regs)->r[PP_X86_RBP])
#else
#error "unwind/sigsafe/walk.h: this architecture has no unwinder yet; see walk_x86_64.c for what one provides"
#endif

struct pp_walk_result {
    enum pp_walk_end end;
    uint32_t generation; /* of the map used */
    uint32_t n_chain;    /* frames found by frame pointer only */
    uint32_t n_signal;   /* signal frames crossed */
    uint32_t n_guessed;  /* pp_walk_blocked: frames whose frame pointer was searched for */
    bool unknown_module; /* a pc lay in no module of the map: a refresh is due */
    uintptr_t last_sp;   /* where it ended, for the marker's detail */
};

struct pp_walk_options {
    struct pp_pc_cache *cache; /* NULL: none */
    /* Checks before an entry enters the pc cache that the object at pc is still the one the map describes:
     * e.g. a look at _dl_find_object(). NULL: not checked. false: treated as an unknown module. */
    bool (*still_there)(uintptr_t pc, uintptr_t eh_frame_hdr);
};

/* The number of pcs stored, at least 1 (the pc itself); max 0: 0, ret untouched. map NULL counts as an empty map. */
size_t pp_walk(const struct pp_module_map *map, const struct pp_walk_regs *regs, struct pp_peek *mem,
               const struct pp_walk_options *o, uintptr_t *ret_pcs, size_t max, struct pp_walk_result *ret) PP_SIGSAFE;

/* As pp_walk for a thread that is blocked in a system call, of which only pc and sp are known
 * (/proc/PID/task/TID/syscall). When a frame needs the frame pointer, the stack is searched for it: a word pair
 * (saved rbp, return address) whose call leads to this function and from which the walk reaches the stack's root.
 * For use outside handlers (up to some 100 us), same memory rules. */
size_t pp_walk_blocked(const struct pp_module_map *map, uintptr_t pc, uintptr_t sp, struct pp_peek *mem,
                       uintptr_t *ret_pcs, size_t max, struct pp_walk_result *ret) PP_SIGSAFE;

/* From the third argument of a signal handler. */
void pp_walk_regs_from_ucontext(const void *ucontext, struct pp_walk_regs *ret) PP_SIGSAFE;

#if defined(__x86_64__)
/* Registers of the function this stands in; the first frame is this very place. */
#define PP_WALK_REGS_HERE(regs)                                                                                        \
    do {                                                                                                               \
        __asm__ volatile("leaq 0(%%rip), %%rax\n\tmovq %%rax, 0(%0)\n\tmovq %%rbx, 32(%0)\n\tmovq %%rbp, 56(%0)\n\t"   \
                         "movq %%rsp, 64(%0)\n\tmovq %%r12, 104(%0)\n\tmovq %%r13, 112(%0)\n\tmovq %%r14, 120(%0)\n\t" \
                         "movq %%r15, 128(%0)"                                                                         \
                         :                                                                                             \
                         : "r"(regs)                                                                                   \
                         : "rax", "memory");                                                                           \
        (regs)->known = 1u << 3 | 1u << 6 | 1u << 7 | 0xFu << 12;                                                      \
        (regs)->pc_is_exact = true;                                                                                    \
    } while (0)

/* Registers of the caller of the function this stands in, which must have a frame pointer
 * (-fno-omit-frame-pointer): the first frame is the return address, our own frames don't appear. Cheapest for
 * hooks. rbx and r12-r15 are unknown then, which only matters to the rare callers with a realigned stack kept in
 * such a register. */
#define PP_WALK_REGS_CALLER(regs)                                     \
    do {                                                              \
        uint64_t *pp_frame_ = (uint64_t *)__builtin_frame_address(0); \
        (regs)->pc = pp_frame_[1];                                    \
        (regs)->r[PP_X86_RBP] = pp_frame_[0];                         \
        (regs)->r[PP_X86_RSP] = (uint64_t)(pp_frame_ + 2);            \
        (regs)->known = 1u << PP_X86_RBP | 1u << PP_X86_RSP;          \
        (regs)->pc_is_exact = false;                                  \
    } while (0)
#endif

#endif
