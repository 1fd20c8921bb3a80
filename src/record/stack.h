/* record/stack.h - unwinds a stack that was copied into perf.data (perf record --call-graph dwarf).
 *
 * Registers and up to 64 KiB of stack came with the sample; the rules come from the binaries on this machine (open_object), whose
 * build ids the caller has compared. x86_64 recordings on x86_64 only. A frame whose binary is missing ends the stack, unless its frame
 * pointer leads on. One unwind table for each object, made on first use.
 * Threads: one at a time.   Memory: tables are pages of their own, freed by pp_stacks_release.
 */
#ifndef PP_RECORD_STACK_H
#define PP_RECORD_STACK_H

#include "record/event.h"
#include "record/space.h"

/* The bytes of an object's file for its unwind rules; false: not here. They stay valid until the end of the reading. */
typedef bool (*pp_stacks_open)(void *ctx, uint32_t object, pp_str *ret_bytes);

struct pp_stacks;
struct pp_stacks *pp_stacks_new(struct pp_arena *a, pp_stacks_open open, void *ctx);
void pp_stacks_release(struct pp_stacks *s); /* NULL is fine */

/* Program counters, innermost first: all as return addresses (1 more than an address inside the instruction). 0: nothing to unwind. */
size_t pp_stacks_walk(struct pp_stacks *s, struct pp_space *space, const struct pp_perf_event *event,
                      const struct pp_perf_sample *sample, uintptr_t *ret_pcs, size_t max);

#endif
