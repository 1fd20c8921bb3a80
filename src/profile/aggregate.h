/* profile/aggregate.h - granularity: forgets what a report doesn't tell apart, in place, in the tables only (samples untouched).
 *
 * google/pprof's Profile.Aggregate. With "addresses" and inlines nothing is changed.
 */
#ifndef PP_PROFILE_AGGREGATE_H
#define PP_PROFILE_AGGREGATE_H

#include "profile/model.h"

/* What stays. */
struct pp_aggregate {
    bool inline_frames, function, filename, line, column, address;
};

void pp_aggregate(struct pp_profile *p, const struct pp_aggregate *keep);

/* By the option's value: "" functions filefunctions files lines addresses; else PP_E_USAGE "unexpected granularity". */
PP_MUST_USE enum pp_code pp_aggregate_by_name(struct pp_profile *p, pp_str granularity, bool noinlines,
                                              bool showcolumns, struct pp_err *err);

#endif
