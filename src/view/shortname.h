/* view/shortname.h - function names as boxes of a picture show them: without package path, namespaces and arguments.
 *
 * google/pprof's ShortenFunctionName, whose five expressions are matched by hand here:
 *     "(anonymous namespace)::" in front and a Go module version "/v2" go; then the first of these that fits
 *     Go    (path/)+pkg.rest            pkg.rest
 *     Java  (pkg.)*Class.method(...)    Class.method
 *     C++   (ns::)+Class::method<...>   Class::method<...>
 */
#ifndef PP_VIEW_SHORTNAME_H
#define PP_VIEW_SHORTNAME_H

#include "base/arena.h"

pp_str pp_short_name(struct pp_arena *a, pp_str name); /* borrows from name where it can */

#endif
