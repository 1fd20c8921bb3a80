/* tool/run/guest.h - the running guest as a struct pp_target: the ledger, the mailboxes, and /proc from outside.
 *
 * With -children it is a family: every profiled process has an entry in the ledger and is asked like the guest itself.
 *
 * Threads: requests come on many threads. A question to the family is one at a time (a lock), and so is the symbolizer (the
 * endpoints hold `names_lock` through pp_guest_target's callbacks).
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
    struct pp_symbolizer symbols;
    struct pp_target target;
    struct pp_run_names *names;
    pthread_mutex_t window_lock; /* who opens or closes the CPU window */
    pthread_mutex_t family_lock; /* who looks for ended processes */
    pthread_mutex_t ask_lock;    /* guards the next two */
    struct pp_run_asked {
        uint32_t process, number; /* what `answered` of its mailbox is to become */
    } asked[PP_PROCESSES_MAX];
    uint32_t n_asked;
    _Atomic uint64_t members[PP_PROCESSES_MAX]; /* family.c: what was proven of the entries' pids */
    pthread_mutex_t dump_lock;                   /* guards the fields below */
    struct pp_modules *modules[PP_PROCESSES_MAX]; /* by process, for unwinding its blocked threads from here; NULL: not yet */
    uint32_t n_dumps;
};

void pp_run_guest_init(struct pp_run_guest *g, const struct pp_ledger *ledger, pid_t pid, pp_str argv, void (*oom)(size_t wanted));

/* tool/run/family.c: does process i of the ledger still run? A zombie does not. ret_stopped (may be NULL): by a signal. */
bool pp_run_family_lives(struct pp_run_guest *g, uint32_t process, bool *ret_stopped);

/* Its pid; 0: never seen alive. Not what the ledger says now: the guest can write there. */
pid_t pp_run_family_pid(struct pp_run_guest *g, uint32_t process);

/* Closes the books of children that have ended: what they had in use counts as freed. True: some child still runs. */
bool pp_run_family_look(struct pp_run_guest *g);

/* tool/run/names.c: names by libdw, through /proc/PID/root and the memory of the module's process while it lives. */
struct pp_run_names *pp_run_names_new(struct pp_run_guest *g, void (*oom)(size_t wanted));
size_t pp_run_names_frames(void *ctx, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path, uint64_t pc,
                           struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry);

#endif
