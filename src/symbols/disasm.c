// SPDX-License-Identifier: Apache-2.0
#include "symbols/disasm.h"

/* What follows is google/pprof's regular expressions, by hand: \s and [[:xdigit:]]. */
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static pp_str skip_spaces(pp_str s)
{
    while (s.n && is_space(s.p[0]))
        s = pp_str_from(s, 1);
    return s;
}

/* The hexadecimal number that s begins with; 0 bytes: none. */
static size_t hex_prefix(pp_str s, uint64_t *ret_value)
{
    size_t n = 0;
    while (n < s.n && is_hex(s.p[n]))
        n++;
    return n && pp_str_to_u64(pp_str_sub(s, 0, n), 16, ret_value) ? n : 0;
}

/* ^\s*([[:xdigit:]]+):\s+(.*) */
static bool parse_inst(pp_str line, struct pp_inst *ret)
{
    size_t n = hex_prefix(line, &ret->addr);
    if (!n || n + 1 >= line.n || line.p[n] != ':' || !is_space(line.p[n + 1])) return false;
    ret->text = skip_spaces(pp_str_from(line, n + 1));
    return true;
}

/* ^;?\s?(.*):([0-9]+): the last colon with a digit behind it. A number beyond 32 bits changes nothing, but is one. */
static bool parse_file_line(pp_str line, pp_str *file, uint32_t *number)
{
    size_t colon = line.n, from = 0, end;
    while (colon > 0 && !(line.p[colon - 1] == ':' && colon < line.n && is_digit(line.p[colon])))
        colon--;
    if (!colon) return false;
    for (end = colon; end < line.n && is_digit(line.p[end]);)
        end++;
    uint64_t value;
    if (!pp_str_to_u64(pp_str_sub(line, colon, end), 10, &value) || value > UINT32_MAX) return true;
    if (line.p[from] == ';') from++;
    if (is_space(line.p[from])) from++;
    *file = pp_str_sub(line, from, colon - 1);
    *number = (uint32_t)value;
    return true;
}

/* ^;?\s?(\S.*)\(\): */
static bool parse_function(pp_str line, pp_str *function)
{
    size_t last = PP_NOT_FOUND;
    for (size_t at = line.n; at-- > 0 && last == PP_NOT_FOUND;)
        if (pp_str_has_prefix(pp_str_from(line, at), PP_STR("():"))) last = at;
    if (last == PP_NOT_FOUND) return false;
    for (int semicolon = line.p[0] == ';'; semicolon >= 0; semicolon--) {
        for (int space = is_space(line.p[semicolon]); space >= 0; space--) {
            size_t from = (size_t)semicolon + (size_t)space;
            if (from >= last || is_space(line.p[from])) continue;
            *function = pp_str_sub(line, from, last);
            return true;
        }
    }
    return false;
}

/* ^([[:xdigit:]]+)?\s?(.*): */
static bool parse_label(pp_str line, pp_str *function)
{
    size_t colon = pp_str_rfind_byte(line, ':'), from = 0;
    if (colon == PP_NOT_FOUND) return false;
    while (is_hex(line.p[from]))
        from++;
    if (is_space(line.p[from])) from++;
    *function = pp_str_sub(line, from, colon);
    return true;
}

void pp_disasm_parse(struct pp_arena *a, pp_str output, pp_insts *ret_insts)
{
    pp_insts insts = {0};
    struct pp_inst now = {0};
    pp_str line;
    while (pp_str_next(&output, '\n', &line)) {
        line = pp_str_trim(line);
        if (parse_inst(line, &now))
            *PP_PUSH(a, &insts) = now;
        else if (!parse_file_line(line, &now.file, &now.line) && !parse_function(line, &now.function) &&
                 !parse_label(line, &now.function))
            now = (struct pp_inst){0};
    }
    *ret_insts = insts;
}

/* ^\s*([[:xdigit:]]+)\s+(.)\s+(.*) */
static bool parse_symbol(pp_str line, uint64_t *ret_addr, pp_str *ret_name)
{
    line = pp_str_trim(line);
    size_t n = hex_prefix(line, ret_addr);
    if (!n || n >= line.n || !is_space(line.p[n])) return false;
    pp_str type = skip_spaces(pp_str_from(line, n));
    if (type.n < 3 || !is_space(type.p[1])) return false;
    *ret_name = skip_spaces(pp_str_from(type, 1));
    return true;
}

static void read_next(struct pp_nm_reader *r)
{
    pp_str line;
    r->has_next = false;
    while (!r->has_next && pp_str_next(&r->rest, '\n', &line))
        r->has_next = parse_symbol(line, &r->next_start, &r->next_name);
}

bool pp_nm_next(struct pp_arena *a, struct pp_nm_reader *r, struct pp_nm_group *ret_group)
{
    if (r->done) return false;
    r->names.n = 0;
    if (r->has_next) {
        *PP_PUSH(a, &r->names) = r->next_name;
        r->start = r->next_start;
    }
    for (read_next(r); r->has_next && r->next_start == r->start; read_next(r))
        *PP_PUSH(a, &r->names) = r->next_name;
    r->done = !r->has_next;
    if (r->done && !r->names.n) return false;
    uint64_t end = r->has_next ? r->next_start - 1 : UINT64_MAX;
    *ret_group = (struct pp_nm_group){r->start, end, r->names.p, r->names.n};
    return true;
}
