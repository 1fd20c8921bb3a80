/* endpoint/endpoint.h - the addresses of Go's net/http/pprof over a struct pp_target: same paths, headers, texts and statuses.
 *
 *   /debug/pprof/            index (HTML)
 *   /debug/pprof/cmdline     argv joined by NUL
 *   /debug/pprof/profile     ?seconds=30        CPU profile of a window at 100 Hz
 *   /debug/pprof/symbol      ?0x1234+0x5678     names; also POST (Go's default mux answers 405 there)
 *   /debug/pprof/heap        ?debug= ?seconds= ?gc= (accepted, there is nothing to collect)
 *   /debug/pprof/allocs      ?debug= ?seconds=
 *   /debug/pprof/block       ?debug= ?seconds= ?rate=       with seconds: waits are recorded in that window at this rate (ns; default 1: all),
 *                            or as they are already, if that is more
 *   /debug/pprof/mutex       ?debug= ?seconds= ?fraction=   the same for 1 of n releases of contended locks
 *   /debug/pprof/goroutine   ?debug= ?seconds=  threads; `threads` is an alias, not listed
 *
 * Not listed in the index: the alias. Where there is no heap profile (target's no_heap) heap and allocs answer 501.
 * Errors carry X-Go-Pprof: 1, which makes `go tool pprof` show their text. HEAD runs everything but sends no body. A client that
 * goes away ends a CPU window early.
 * Threads: any number of requests at once; a second CPU window is refused by the target.   May run: cold code.
 */
#ifndef PP_ENDPOINT_ENDPOINT_H
#define PP_ENDPOINT_ENDPOINT_H

#include "endpoint/target.h"
#include "http1/request.h"
#include "http1/response.h"

#define PP_ENDPOINT_CPU_HZ 100

void pp_endpoint_handle(const struct pp_target *t, const struct pp_http_request *rq, struct pp_http_response *rs);

/* The same as a pp_http_handler: ctx is the const struct pp_target. */
void pp_endpoint_handler(void *ctx, const struct pp_http_request *rq, struct pp_http_response *rs);

/* For files (-cpuprofile, -memprofile) and the API: what GET /debug/pprof/<name>?debug=N would send, without HTTP.
 * name "profile" (or "cpu"): the window that the caller ran and stopped is described by *window; debug is ignored.
 * Others: window NULL. PP_E_NOTFOUND: unknown profile. */
struct pp_endpoint_window {
    int64_t start_ns, duration_ns; /* realtime; length */
    int64_t hz;
};
enum pp_code pp_endpoint_write_profile(const struct pp_target *t, struct pp_arena *a, pp_str name, int debug,
                                       const struct pp_endpoint_window *window, struct pp_out *o, struct pp_err *err);

#endif
