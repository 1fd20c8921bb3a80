/* endpoint/target.h - the profiled program as the endpoints see it.
 *
 * Implemented twice: by the parent (`pprof run`: over the shared ledger and the mailbox) and by the guest's own agent (plain
 * LD_PRELOAD: in place). The endpoints know neither signals nor /proc. Callbacks may block; they are called from the thread that
 * serves the request.
 */
#ifndef PP_ENDPOINT_TARGET_H
#define PP_ENDPOINT_TARGET_H

#include "base/arena.h"
#include "export/symbolizer.h"
#include "export/text.h"
#include "export/threads.h"
#include "ledger/ledger.h"

struct pp_target {
    struct pp_ledger ledger;
    const struct pp_symbolizer *symbols;
    void *ctx;

    /* PP_E_STATE with the text "cpu profiling already in use" when a window is open; PP_E_STATE with "guest is frozen: ..." etc. */
    enum pp_code (*cpu_start)(void *ctx, int hz, struct pp_err *err);
    enum pp_code (*cpu_stop)(void *ctx,
                             struct pp_err *err); /* after it the CPU buckets do not change until the next start */

    /* All threads now. Everything lives in `a`. */
    enum pp_code (*threads)(void *ctx, struct pp_arena *a, struct pp_thread_dump *ret, struct pp_err *err);

    /* Makes the ledger's module list current (cheap when it is). Never fails: what is known stays. */
    void (*refresh)(void *ctx);

    /* argv joined by NUL, no trailing NUL. */
    pp_str (*cmdline)(void *ctx, struct pp_arena *a);

    /* Sleeps until `ns` are over; false when `fd` (the client's connection, -1: none) was closed by its peer before. */
    bool (*sleep)(void *ctx, int64_t ns, int fd);

    int64_t (*realtime_ns)(void *ctx);
    int64_t (*monotonic_ns)(void *ctx);

    /* Figures for the tail of heap?debug=1; NULL or false: none. */
    bool (*memstats)(void *ctx, struct pp_memstats *ret);

    /* Not empty: there is no heap profile, heap and allocs answer 501 with this text (the program brings its own malloc, ...). */
    pp_str no_heap;

    pp_str note; /* for the profiles' comments: e.g. "served by the program itself"; may be empty */
};

#endif
