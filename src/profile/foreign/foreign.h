/* profile/foreign/foreign.h - formats that google/pprof can't read, one parser each (struct pp_format in profile/formats.h).
 *
 *   pp_foreign_jemalloc   heap_v2 of jemalloc (prof.dump): "t*:" lines are a stack's totals, "t3:" lines are one thread's part of them
 *                         -> inuse_objects, inuse_space (and alloc_* where there are any), unsampled as jeprof does; label thread
 *   pp_foreign_goroutines Go's text of all stacks: goroutine?debug=2, and what a crash prints
 *                         -> goroutine/count; labels state, wait (minutes), locked, created_by, and the goroutine's own
 *   pp_foreign_folded     folded stacks: "main;f;g 12"; a second number of all lines is the other side of a comparison
 *                         -> samples/count, or before/count and after/count
 * Text may point into the input. Each answers "not mine" as long as there is any doubt. Time and memory are linear in the input.
 */
#ifndef PP_PROFILE_FOREIGN_FOREIGN_H
#define PP_PROFILE_FOREIGN_FOREIGN_H

#include "profile/formats.h"

pp_format_parse pp_foreign_jemalloc, pp_foreign_goroutines, pp_foreign_folded;

#endif
