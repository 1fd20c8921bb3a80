/* profile/prune.h - frames that the profile itself calls uninteresting (drop_frames, keep_frames).
 *
 * A frame whose simplified name matches drop and not keep is cut off together with all it called; frames before the first
 * interesting one (from the root) stay. Runs once, after symbolization.
 */
#ifndef PP_PROFILE_PRUNE_H
#define PP_PROFILE_PRUNE_H

#include "profile/model.h"

/* PP_E_USAGE: one of the two isn't a regular expression (google/pprof ignores that; nothing was changed). */
enum pp_code pp_prune_uninteresting(struct pp_arena *scratch, struct pp_profile *p, struct pp_err *err);

/* The name that drop, keep and prune_from are tried on: without a leading '.', and cut before the first '(' that doesn't start
 * "(anonymous namespace)" or end "operator()". */
pp_str pp_prune_simplify(pp_str function_name);

#endif
