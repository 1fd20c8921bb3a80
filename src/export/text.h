/* export/text.h - the texts of debug=1 and debug=2, laid out as Go's runtime/pprof does, so that Go's parsers read them.
 *
 * debug=1: record lines hold raw return addresses and unscaled counts (the reader scales: heap/<2*rate>); frame lines go
 * through a tabwriter (minimum cell 1, tab 8, padding 1).   debug=2: the grammar of an unrecovered panic,
 *
 *     goroutine 7 [sync.Mutex.Lock, 2 minutes]:
 *     worker(...)
 *     	/src/server.c:120 +0x4f
 *     created by main in goroutine 1
 *     	/src/server.c:88 +0x1c
 *
 * A frame without file is "??:0"; without name it is "object.so+0x1234". More than 100 frames: the middle is elided as Go does.
 * Output is streamed to the pp_out; memory per record comes from `a`, which should have nothing else in it that must stay small.
 * May run: as export/profile.h.
 */
#ifndef PP_EXPORT_TEXT_H
#define PP_EXPORT_TEXT_H

#include "export/profile.h"

/* What the program's owner knows besides our samples; 0: unknown, the line is left out. */
struct pp_memstats {
    uint64_t sys_bytes;     /* address space obtained: VmSize */
    uint64_t max_rss_bytes; /* VmHWM */
};

/* HEAP and ALLOCS: the same text. */
enum pp_code pp_export_heap_text(struct pp_arena *a, const struct pp_export_request *rq, const struct pp_memstats *ms,
                                 struct pp_out *o, struct pp_err *err);

/* debug=1 of BLOCK and MUTEX. One cycle is one ns. Values are scaled already, so the sampling period that readers multiply with is 1
 * (Go prints its fraction there, and readers scale twice). */
enum pp_code pp_export_waits_text(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o, struct pp_err *err);

/* debug=1 of goroutine. */
enum pp_code pp_export_threads_text(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o,
                                    struct pp_err *err);

/* debug=2 of goroutine. */
enum pp_code pp_export_threads_dump(struct pp_arena *a, const struct pp_export_request *rq, struct pp_out *o,
                                    struct pp_err *err);

#endif
