/* tool/run/guest.h - the running guest as a struct pp_target: the ledger, the mailbox, and /proc from outside.
 *
 * Threads: requests come on many threads. The mailbox is one at a time (a lock), and so is the symbolizer (the endpoints hold
 * `names_lock` through pp_guest_target's callbacks).
 */
#ifndef PP_TOOL_RUN_GUEST_H
#define PP_TOOL_RUN_GUEST_H

#include <pthread.h>

#include "endpoint/target.h"
#include "unwind/modules.h"

struct pp_run_guest {
    struct pp_ledger ledger;
    pid_t pid;
    _Atomic bool gone; /* the guest has ended; its ledger stays */
    pp_str argv;       /* joined by NUL */
    _Atomic bool window_unknown; /* a start or stop was not answered in time */
    pthread_mutex_t mailbox_lock;
    struct pp_symbolizer symbols;
    struct pp_target target;
    struct pp_run_names *names;
    pthread_mutex_t dump_lock; /* guards the fields below */
    struct pp_modules modules; /* of the guest, for unwinding its blocked threads from here */
    uint32_t n_dumps;
};

void pp_run_guest_init(struct pp_run_guest *g, const struct pp_ledger *ledger, pid_t pid, pp_str argv, void (*oom)(size_t wanted));

/* Asks the guest's agent. PP_E_STATE: the guest has ended, is frozen, or does not answer. ret_result: 0 or an errno. */
enum pp_code pp_run_guest_ask(struct pp_run_guest *g, enum pp_verb verb, int64_t arg, int *ret_result, struct pp_err *err);

/* tool/run/names.c: names by libdw. pid: whose /proc/PID/root and memory to read while it lives. */
struct pp_run_names *pp_run_names_new(struct pp_run_guest *g, void (*oom)(size_t wanted));
size_t pp_run_names_frames(void *ctx, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path, uint64_t pc,
                           struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry);

#endif
