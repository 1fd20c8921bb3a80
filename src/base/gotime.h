/* base/gotime.h - points in time and durations as Go's package time prints them.
 *
 * The local zone follows $TZ by Go's rules: unset is /etc/localtime, empty is UTC, else a file (below the zoneinfo
 * directory or absolute, a leading ':' dropped); a name without a file is UTC - POSIX rules in TZ are not read.
 * May run: cold code.
 */
#ifndef PP_BASE_GOTIME_H
#define PP_BASE_GOTIME_H

#include "base/str.h"

#define PP_GO_TIME_MAX 128 /* room for the longest text of each and the NUL */

size_t pp_go_duration(char buf[PP_GO_TIME_MAX], int64_t ns); /* "1m0s", "1.5µs", "0s"; Duration.String() */

/* Of nanoseconds since 1970 in the local zone: layout "2006-01-02 15:04:05.999999999 -0700 MST" (Time.String()) ... */
size_t pp_go_time_full(char buf[PP_GO_TIME_MAX], int64_t unix_ns);

/* ... and "2006-01-02 15:04:05 MST" (the legend of reports). */
size_t pp_go_time_short(char buf[PP_GO_TIME_MAX], int64_t unix_ns);

#endif
