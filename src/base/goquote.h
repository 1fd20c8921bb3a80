/* base/goquote.h - double-quoted Go strings, as strconv.Quote and fmt's %q write them.
 *
 * Printable is what Go's strconv.IsPrint says (Unicode 15): letters, marks, numbers, punctuation, symbols, ASCII space.
 * May run: cold code.
 */
#ifndef PP_BASE_GOQUOTE_H
#define PP_BASE_GOQUOTE_H

#include "base/arena.h"
#include "base/out.h"

bool pp_go_is_print(uint32_t rune);
void pp_go_quote(struct pp_out *o, pp_str s);      /* with the quotes around it */
pp_str pp_go_quoted(struct pp_arena *a, pp_str s); /* the same in the arena, NUL behind it */

#endif
