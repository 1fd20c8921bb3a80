/* profile/units.h - units of values: families (bytes, time, GCU), conversion, and the texts of scaled values.
 *
 * A unit is a text. It belongs to a family when, in lower case and without a plural s (from 3 letters on), it is one of the family's
 * names: "kB", "kilobytes", "KByte" are one unit. Other units are never converted.
 * Targets: a unit's name; "minimum" and "auto": the largest unit of the family in which the value is at least 1 (else the default:
 * B, s, GCU). An unknown target gives the default, too.
 *
 *     pp_units_scale(2048, "bytes", "kB")    2, "kB"          pp_units_scale(3, "count", "auto")    3, ""
 *     pp_units_label(1536, "bytes", "auto")  "1.50kB"         pp_units_label(0, "ns", "ms")         "0"
 * Source of figures and rules: google/pprof, internal/measurement.
 */
#ifndef PP_PROFILE_UNITS_H
#define PP_PROFILE_UNITS_H

#include "base/arena.h"

/* Converts; *ret_unit (may be NULL) is the unit to print, "" when it says nothing (count, sample, unit, minimum, auto). */
double pp_units_scale(int64_t value, pp_str from, pp_str to, pp_str *ret_unit);

#define PP_UNITS_LABEL_MAX 400 /* longest number text (%.2f of the largest double) and its NUL; the unit comes on top */

/* The number with at most two decimals ("1.50", "12", "0"), without unit. Returns the length; buf gets a NUL. */
size_t pp_units_number(char buf[PP_UNITS_LABEL_MAX], double value);

/* Number and unit; "0" stands alone. */
pp_str pp_units_label(struct pp_arena *a, int64_t value, pp_str from, pp_str to);

/* Percent of value in total, 6 wide or more: "  100%", "12.34%", " 0.5%"; Go's %5.2f%% and %5.2g%%. Returns the length. */
#define PP_UNITS_PERCENT_MAX 400
size_t pp_units_percent(char buf[PP_UNITS_PERCENT_MAX], int64_t value, int64_t total);

/* Whether both are of one family. */
bool pp_units_same_family(pp_str a, pp_str b);

/* Whether values of both kinds may be added after conversion: same type (but for a final s) and same unit or family. */
bool pp_units_compatible(pp_str type_a, pp_str unit_a, pp_str type_b, pp_str unit_b);

/* Go's int64(f) on amd64: truncates; what doesn't fit gives INT64_MIN. */
int64_t pp_units_int(double f);

#endif
