/* runtime/sources/cpu_deal.h - which threads of a CPU window have a timer, and the CPU time of those that our signal can't reach.
 *
 * The rules and their arithmetic stand in sources/cpu.h.   For sources/cpu.c; the keeper's thread unless said otherwise.
 */
#ifndef PP_RUNTIME_SOURCES_CPU_DEAL_H
#define PP_RUNTIME_SOURCES_CPU_DEAL_H

#include "runtime/sources/cpu_slots.h"

/* A window is about to open: everybody has a timer until there are too many. */
void pp_cpu_deal_start(void);

/* The window is closed. */
void pp_cpu_deal_end(void);

/* One turn: `slots` are the live ones. */
void pp_cpu_deal(const uint16_t *slots, uint32_t n, struct pp_self *random);

/* A thread got no timer since the last turn: there should be one now. */
bool pp_cpu_deal_is_due(void);

/* The state to put a slot in that was just claimed. Any thread. */
enum pp_cpu_state pp_cpu_deal_newcomer(struct pp_cpu_slot *s, struct pp_self *random);

/* Books what the clock of a thread with a pseudo-frame shows; looks whether our signal is free again. */
void pp_cpu_read_clock(struct pp_cpu_slot *s, struct pp_self *random);

/* Finds out that our signal no longer reaches a thread. */
void pp_cpu_check(struct pp_cpu_slot *s);

/* Before a taken slot is freed: books what is due. cpu_ns: the thread's CPU clock, negative: it is gone. Any thread. */
void pp_cpu_settle(struct pp_cpu_slot *s, enum pp_cpu_state was, int64_t cpu_ns);

#endif
