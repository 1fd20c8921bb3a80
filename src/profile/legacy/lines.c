// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/lines.h"

#include "base/utf8.h"

static bool take_line(struct pp_lines *l, size_t n, size_t with_end)
{
    l->line = pp_str_sub(l->rest, 0, n);
    l->rest = pp_str_from(l->rest, with_end);
    if (l->line.n && l->line.p[l->line.n - 1] == '\r') l->line.n--;
    return true;
}

bool pp_lines_next(struct pp_lines *l)
{
    pp_str window = pp_str_sub(l->rest, 0, PP_LINES_MAX);
    l->line = (pp_str){0};
    if (!window.n) return false;
    size_t n = pp_str_find_byte(window, '\n');
    if (n != PP_NOT_FOUND) return take_line(l, n, n + 1);
    if (window.n == PP_LINES_MAX && !l->too_long) {
        l->too_long = true;
        l->rest = window;
        return false;
    }
    return take_line(l, window.n, window.n);
}

enum pp_code pp_lines_fail(struct pp_err *err) { return pp_fail(err, PP_E_FORMAT, "bufio.Scanner: token too long"); }

bool pp_line_is_empty(pp_str line)
{
    pp_str s = pp_utf8_trim(line);
    return !s.n || s.p[0] == '#';
}

bool pp_line_starts_maps(pp_str line)
{
    return pp_str_contains(line, PP_STR("--- Memory map: ---")) || pp_str_contains(line, PP_STR("MAPPED_LIBRARIES:"));
}

bool pp_line_is_dashed(pp_str line) { return pp_str_has_prefix(line, PP_STR("---")); }
