/* dump/dump.h - all threads of one process and their stacks, without disturbing one that waits.
 *
 * Blocked threads are read from outside: /proc/PID/task/TID/syscall tells pc and sp, the stack is copied (process_vm_readv) and
 * unwound here. If the thread moved meanwhile it is tried twice more, then it counts as running. Threads that run were asked before
 * (PP_VERB_ASK_RUNNING) and left their stacks in the ledger.
 *
 * Used by the parent for its child and by the agent for its own process.   Needs /proc and the right to trace (own child, same user).
 */
#ifndef PP_DUMP_DUMP_H
#define PP_DUMP_DUMP_H

#include "base/arena.h"
#include "export/threads.h"
#include "ledger/ledger.h"
#include "unwind/modules.h"

struct pp_dump_options {
    int pid;              /* whose threads */
    uint32_t process;     /* its index in the ledger */
    uint32_t asked;       /* number of the question that running threads were asked with; 0: they weren't */
    struct pp_modules *modules; /* the process's module map, current */
    bool (*is_ours)(int tid);   /* threads to leave out besides the agent; NULL: none */
};

/* Everything lives in `a`. PP_E_IO: /proc is not readable. */
enum pp_code pp_dump_threads(struct pp_arena *a, const struct pp_ledger *l, const struct pp_dump_options *o,
                             struct pp_thread_dump *ret, struct pp_err *err);

#endif
