/* runtime/hooks/heap_sample.h - the Poisson sampling of allocations, behind the wrappers of every allocator function.
 *
 * Sample points lie on the stream of allocated bytes of each thread with exponential distances of mean `rate`. An object is sampled when
 * a point falls into it: probability 1 - exp(-size/rate), which the export divides by. The distance after a sample is drawn
 * anew (the exponential distribution has no memory). rate 1: everything; 0: nothing.
 *
 * Fast path of a wrapper: subtract the size from the thread's countdown; negative: pp_heap_due says what to do.
 * May run: hooks. No mark stays on the thread while the next allocator runs (it may throw), and our own work runs with all signals
 * blocked: a handler of the guest that leaves by longjmp, or a cancellation, can't leave a scratch buffer or a module map claimed.
 */
#ifndef PP_RUNTIME_HOOKS_HEAP_SAMPLE_H
#define PP_RUNTIME_HOOKS_HEAP_SAMPLE_H

#include "runtime/hooks/live.h"
#include "runtime/sigsafe/self.h"
#include "unwind/sigsafe/walk.h"

/* Counts n bytes; true: a sample point was passed and the slow path is due. */
static inline bool pp_heap_count(size_t n)
{
    struct pp_self *s = &pp_self;
    s->countdown -= (int64_t)n;
    return __builtin_expect(s->countdown < 0, 0);
}

/* After pp_heap_count said so: draws the next distance. True: the object of n bytes is to be recorded. */
bool pp_heap_due(size_t n);

/* Records object p (NULL: the allocation failed) with the stack of `regs`. */
void pp_heap_took(const void *p, size_t n, const struct pp_walk_regs *regs);

/* Charges a free of a sampled object; before the real free, since afterwards another thread may get the address. */
void pp_heap_free(const void *p);

/* realloc: takes the object out, to be put back (when realloc failed) or charged as freed (when it succeeded). */
bool pp_heap_take_out(const void *p, struct pp_live_object *ret);
void pp_heap_put_back(const void *p, struct pp_live_object o);
void pp_heap_charge_free(struct pp_live_object o);

#endif
