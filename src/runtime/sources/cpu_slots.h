/* runtime/sources/cpu_slots.h - the CPU window's table of threads: finding and owning a slot, its timer, its CPU time.
 *
 * sigsafe/tick.h says what a slot holds. pp_cpu_slot_take gives it to the caller alone, pp_cpu_slot_put back; all but find,
 * announce, claim and take want a slot that the caller has taken.   May run: cold, hooks. For sources/cpu*.c.
 */
#ifndef PP_RUNTIME_SOURCES_CPU_SLOTS_H
#define PP_RUNTIME_SOURCES_CPU_SLOTS_H

#include "runtime/sigsafe/self.h"
#include "runtime/sigsafe/tick.h"

extern _Atomic uint32_t pp_cpu_n_armed, pp_cpu_n_slots, pp_cpu_peak; /* peak: most slots at a time since somebody set it */

struct pp_cpu_slot *pp_cpu_slot_find(uint32_t tid);

/* A new slot, taken; NULL: none free, or the thread has one. cpu_ns: the thread's CPU clock now; self: of
 * the caller (announced: the thread itself). */
struct pp_cpu_slot *pp_cpu_slot_claim(uint32_t tid, bool announced, int64_t cpu_ns, struct pp_self *self);

/* From the slot's thread itself: it has our TLS, and a start routine. */
void pp_cpu_slot_announce(struct pp_cpu_slot *s, const struct pp_self *self);

/* The balances of all start routines: of a new window, at its end. */
void pp_cpu_routines_forget(void);
void pp_cpu_routines_close(void);

/* Uniform in one period, never 0. */
int64_t pp_cpu_random_phase(struct pp_self *random);

/* The state it was in: PP_CPU_WAITING or PP_CPU_ARMED; PP_CPU_FREE: somebody else has it. */
enum pp_cpu_state pp_cpu_slot_take(struct pp_cpu_slot *s);
void pp_cpu_slot_put(struct pp_cpu_slot *s, enum pp_cpu_state state);
void pp_cpu_slot_free(struct pp_cpu_slot *s, enum pp_cpu_state was);

/* As take; when somebody else has it, he will free it. */
enum pp_cpu_state pp_cpu_slot_take_to_end(struct pp_cpu_slot *s);

/* Gives it a timer that goes on where the last one stopped. 0, or a negated errno. */
int pp_cpu_slot_arm(struct pp_cpu_slot *s);

/* Takes the timer away; cpu_ns: the thread's CPU clock. */
void pp_cpu_slot_pause(struct pp_cpu_slot *s, int64_t cpu_ns);

#endif
