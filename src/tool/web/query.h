/* tool/web/query.h - the target of a request: its path, and its parameters as Go's net/url reads them.
 *
 * `+` is a blank; pairs with a bad escape or a `;` are dropped; of a name given twice the first one counts.   May run: cold code.
 */
#ifndef PP_TOOL_WEB_QUERY_H
#define PP_TOOL_WEB_QUERY_H

#include "base/vec.h"
#include "tool/options.h"

struct pp_query_pair {
    pp_str name, value;
};

struct pp_query {
    pp_str raw; /* behind the '?' */
    PP_VEC(struct pp_query_pair) pairs;
};

/* The parts of "/ui/top?f=x"; false when the path has a bad escape. Results live in the arena or in `target`. */
bool pp_target_parse(struct pp_arena *a, pp_str target, pp_str *ret_path, struct pp_query *ret_query);

pp_str pp_query_get(const struct pp_query *q, const char *name); /* "" when it is not there */

/* path.Clean as Go's ServeMux does it: rooted, no "//", "." or "..", a final '/' stays. */
pp_str pp_target_clean(struct pp_arena *a, pp_str path);

/* A text inside a query, as url.QueryEscape writes it. */
pp_str pp_query_escape(struct pp_arena *a, pp_str s);

/* Sets the variables that have parameters: `error setting config field nodecount: strconv.Atoi: ...`. */
enum pp_code pp_query_configure(struct pp_arena *a, const struct pp_query *q, struct pp_config *cfg,
                                struct pp_err *err) PP_MUST_USE;

/* The query with all saved variables set as in cfg: "?f=main&n=10", names in order; "?" and what was there when nothing changes.
 * *ret_changed: whether a parameter did. */
pp_str pp_query_of_config(struct pp_arena *a, const struct pp_query *q, const struct pp_config *cfg, bool *ret_changed);

#endif
