/* profile/legacy/lines.h - the lines of a text, as Go's bufio.Scanner gives them.
 *
 *     struct pp_lines l = {.rest = text};
 *     while (pp_lines_next(&l)) use(l.line);
 *     if (l.too_long) ...
 * A line ends with "\n" or "\r\n"; the last one may lack it. 65536 bytes without a line end are too long: the reading ends there,
 * and who reads on all the same gets these bytes as a last line.
 */
#ifndef PP_PROFILE_LEGACY_LINES_H
#define PP_PROFILE_LEGACY_LINES_H

#include "base/err.h"

#define PP_LINES_MAX 65536

struct pp_lines {
    pp_str rest;   /* what follows the line */
    pp_str line;   /* the current one; "" before the first and after the last */
    bool too_long; /* stays set */
};

bool pp_lines_next(struct pp_lines *l);

/* "bufio.Scanner: token too long" */
enum pp_code pp_lines_fail(struct pp_err *err);

bool pp_line_is_empty(pp_str line);    /* white space or a comment that begins with '#' */
bool pp_line_starts_maps(pp_str line); /* the line before the memory map */
bool pp_line_is_dashed(pp_str line);   /* begins with "---" */

#endif
