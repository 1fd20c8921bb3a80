/* base/gopath.h - path names as Go's package path/filepath treats them on Unix.
 *
 * May run: everywhere (with an arena: where that may).
 */
#ifndef PP_BASE_GOPATH_H
#define PP_BASE_GOPATH_H

#include "base/arena.h"

/* The last element without trailing slashes: "." for an empty path, "/" for slashes only. Borrowed from path. */
pp_str pp_go_path_base(pp_str path);

/* The shortest equal path: no "//", no ".", no "x/..": "." for an empty one. Borrows from path when that is clean already. */
pp_str pp_go_path_clean(struct pp_arena *a, pp_str path);

#endif
