// SPDX-License-Identifier: Apache-2.0
#include "base/goquote.h"

#include "base/unicode.h"
#include "base/utf8.h"

bool pp_go_is_print(uint32_t rune)
{
    if (rune < 0x7f) return rune >= ' ';
    const uint32_t printable = PP_UNICODE_L | PP_UNICODE_M | PP_UNICODE_N | PP_UNICODE_P | PP_UNICODE_S;
    return (1u << pp_unicode_category(rune) & printable) != 0;
}

static void put_escaped(struct pp_out *o, uint32_t rune)
{
    static const char names[] = "abtnvfr"; /* 7 to 13 */
    if (rune >= 7 && rune <= 13) {
        pp_out_char(o, '\\');
        pp_out_char(o, names[rune - 7]);
    } else if (rune < 0x80) {
        pp_out_fmt(o, "\\x%02x", rune);
    } else if (rune < 0x10000) {
        pp_out_fmt(o, "\\u%04x", rune);
    } else {
        pp_out_fmt(o, "\\U%08x", rune);
    }
}

void pp_go_quote(struct pp_out *o, pp_str s)
{
    pp_out_char(o, '"');
    size_t width;
    for (; s.n > 0; s = pp_str_from(s, width)) {
        uint32_t rune = pp_utf8_decode(s, &width);
        if (rune == PP_RUNE_ERROR && width == 1) {
            pp_out_fmt(o, "\\x%02x", (unsigned)(unsigned char)s.p[0]);
        } else if (rune == '"' || rune == '\\') {
            pp_out_char(o, '\\');
            pp_out_char(o, (char)rune);
        } else if (pp_go_is_print(rune)) {
            pp_out_write(o, s.p, width);
        } else {
            put_escaped(o, rune);
        }
    }
    pp_out_char(o, '"');
}

pp_str pp_go_quoted(struct pp_arena *a, pp_str s)
{
    struct pp_arena scratch = {.oom = a->oom};
    struct pp_out o;
    pp_out_to_memory(&o, &scratch);
    pp_go_quote(&o, s);
    pp_str text = pp_arena_dup(a, pp_out_bytes(&o));
    pp_arena_release(&scratch);
    return text;
}
