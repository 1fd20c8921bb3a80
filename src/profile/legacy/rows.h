/* profile/legacy/rows.h - what the lines of the older text formats look like.
 *
 * Each function answers what a regular expression of google/pprof answers (the comment gives it; the leftmost match), without one:
 * a test compares the two. All results are slices of the line. Linear in the length of the line.
 */
#ifndef PP_PROFILE_LEGACY_ROWS_H
#define PP_PROFILE_LEGACY_ROWS_H

#include "base/str.h"

struct pp_row_heap_header {
    pp_str in_use[2], alloc[2]; /* objects, bytes */
    pp_str kind, rate;
};

struct pp_row_sample {
    pp_str value[4];
    pp_str frames; /* for pp_row_next_address */
};

/* heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *@ *(heap[_a-z0-9]*)/?(\d*) */
bool pp_row_heap_header(pp_str line, struct pp_row_heap_header *ret_header);

/* heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] @ KIND */
bool pp_row_other_heap_header(pp_str line, pp_str kind);

/* (-?\d+): *(-?\d+) *\[ *(\d+): *(\d+) *] @([ x0-9a-f]*) */
bool pp_row_heap(pp_str line, struct pp_row_sample *ret_sample);

/* (\d+) *(\d+) @([ x0-9a-f]*) */
bool pp_row_contention(pp_str line, struct pp_row_sample *ret_sample);

/* SP*(\d+) +(\d+) +@ +([ x0-9a-f]*) */
bool pp_row_java(pp_str line, struct pp_row_sample *ret_sample);

/* \A(\S+) profile: total \d+\z */
bool pp_row_count_header(pp_str line, pp_str *ret_type);

/* \A(\d+) @(( 0x[0-9a-f]+)+)\z */
bool pp_row_count(pp_str line, struct pp_row_sample *ret_sample);

bool pp_row_threadz(pp_str line); /* --- threadz \d+ --- */
bool pp_row_thread(pp_str line);  /* --- Thread ([[:xdigit:]]+) \(name: (.*)/(\d+)\) stack: --- */

/* The next match of 0x[0-9a-f]+ in *rest, which is moved behind it. */
bool pp_row_next_address(pp_str *rest, pp_str *ret_address);

/* What follows a log prefix ^[^\[\]]+:[0-9]+]\s ; the line itself without one. */
pp_str pp_row_cut_log_prefix(pp_str line);

/* ([\w ]+)=([\w ]+) */
bool pp_row_attribute(pp_str line, pp_str *ret_name, pp_str *ret_value);

/* ^\s*0x([[:xdigit:]]+)\s+(.*)\s*$   on a line without white space at its ends */
bool pp_row_java_location(pp_str line, pp_str *ret_address, pp_str *ret_text);

/* ^(.*)\s+\((.+):(-?[[:digit:]]+)\)$ */
bool pp_row_java_file_line(pp_str text, pp_str *ret_function, pp_str *ret_file, pp_str *ret_line);

/* ^(.*)\s+\((.*)\)$ */
bool pp_row_java_path(pp_str text, pp_str *ret_function, pp_str *ret_path);

#endif
