/* export/threads.h - a dump of the threads of a program and its profiled children as plain data: who made it (the
 * guest's agent or the parent) does not matter. */
#ifndef PP_EXPORT_THREADS_H
#define PP_EXPORT_THREADS_H

#include "base/str.h"

struct pp_thread_info {
    uint32_t serial; /* the number after "goroutine "; 1 is the guest's main thread */
    uint32_t tid;
    uint32_t process;    /* in the ledger */
    uint32_t generation; /* of the modules that the pcs belong to */
    pp_str name;         /* comm */
    const char *
        state; /* in Go's words where they fit: "running", "runnable", "sleep", "IO wait", "select", "semacquire", "syscall" ... */
    uint64_t waiting_ns; /* in this wait; 0: unknown or running */
    const uint64_t *pcs; /* n_pcs return addresses, leaf first, as in the ledger */
    uint32_t n_pcs;
    bool cut;                /* the stack did not reach its end */
    uint32_t creator_serial; /* 0: unknown */
    uint32_t creator_stack;  /* stack id in the ledger; 0: unknown */
};

struct pp_thread_dump {
    struct pp_thread_info *threads; /* by serial */
    uint32_t n;
};

#endif
