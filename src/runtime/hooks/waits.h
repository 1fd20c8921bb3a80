/* runtime/hooks/waits.h - waits that the kernel does not start again after a signal, whatever SA_RESTART says (signal(7)).
 *
 * CPU timers fire only while a thread runs, so they don't end waits; the signal that wakes our agent can. Where it alone
 * ended a wait (runtime/sigsafe/tick.c decides that), the wrapper waits on for what is left of the time.
 * May run: hooks.
 */
#ifndef PP_RUNTIME_HOOKS_WAITS_H
#define PP_RUNTIME_HOOKS_WAITS_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#include "runtime/hooks/block.h"
#include "runtime/sigsafe/self.h"

/* result = call, again and again while our signal alone made it fail with EINTR; all of it is one wait of the block profile. */
#define PP_RESTARTED(wait, result, call)                                                                               \
    do {                                                                                                               \
        uint32_t woken_;                                                                                               \
        int64_t start_ = pp_block_on() ? pp_block_now() : 0;                                                           \
        do {                                                                                                           \
            woken_ = pp_self.woken;                                                                                    \
            (result) = (call);                                                                                         \
        } while ((result) == -1 && errno == EINTR && pp_self.woken != woken_);                                         \
        if (__builtin_expect(start_ != 0, 0)) pp_block_ended((wait), start_);                                          \
    } while (0)

/* A relative time that shrinks from try to try. Costs one reading of the coarse clock in the vdso (6 ns; a system call took 165) at the start of a
 * timed wait; the clock lags by up to two ticks, which are added, so that a wait that was started again may end late by as
 * much, not early. Costs nothing while we are off: nobody wakes us then. */
struct pp_deadline {
    const struct timespec *given; /* NULL: no limit */
    int64_t end_ns;
    struct timespec left;
    bool tried;
};
void pp_deadline_in(struct pp_deadline *d, const struct timespec *timeout);
const struct timespec *pp_deadline_left(struct pp_deadline *d);

/* set, or its copy in room without our signal. NULL stays NULL. */
const sigset_t *pp_signals_without_ours(const sigset_t *set, sigset_t *room);

#endif
