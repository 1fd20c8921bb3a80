/* base/utf8.h - runes as Go sees them: a byte that begins no valid sequence is U+FFFD and one byte wide.
 *
 * Valid: shortest form, no surrogates, at most U+10FFFF.   May run: everywhere.
 */
#ifndef PP_BASE_UTF8_H
#define PP_BASE_UTF8_H

#include "base/str.h"

#define PP_RUNE_ERROR 0xFFFDu
#define PP_RUNE_MAX 0x10FFFFu
#define PP_UTF8_MAX 4

/* The first rune of s and its width (0 for an empty s). An invalid byte: PP_RUNE_ERROR and width 1. */
uint32_t pp_utf8_decode(pp_str s, size_t *ret_width);
size_t pp_utf8_encode(char buf[PP_UTF8_MAX], uint32_t rune); /* surrogates and too large ones give U+FFFD */
bool pp_utf8_valid(pp_str s);
size_t pp_utf8_count(pp_str s);           /* runes; Go: utf8.RuneCountInString */
pp_str pp_utf8_first(pp_str s, size_t n); /* the first n runes of s */
bool pp_rune_is_space(uint32_t r);        /* Go: unicode.IsSpace */
pp_str pp_utf8_trim(pp_str s);            /* without white space on both sides; Go: strings.TrimSpace */

#endif
