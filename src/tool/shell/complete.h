/* tool/shell/complete.h - what the word before the cursor may become when TAB is pressed.
 *
 * First word: commands, variables, choices, sample types; behind "sort=" and the like the choices, behind sample_index= the types,
 * behind the = of a bool true and false; behind help commands and variables; behind a command and behind focus= and its like
 * functions whose names contain the word. Those are inserted as regular expressions: "(*T).f" as \(\*T\)\.f, a space as a dot.
 * Pure.   May run: cold code.
 */
#ifndef PP_TOOL_SHELL_COMPLETE_H
#define PP_TOOL_SHELL_COMPLETE_H

#include "profile/model.h"

struct pp_shell_completion {
    size_t from;        /* text[from..] is what may be replaced */
    pp_str replacement; /* by what all candidates have in common; text[from..] itself when that is no more */
    const pp_str *list; /* the candidates, sorted, without doubles */
    size_t n_list;
    bool is_whole; /* one candidate, and a space may follow it */
};

/* text: the line up to the cursor. */
struct pp_shell_completion pp_shell_complete(struct pp_arena *a, const struct pp_profile *p, pp_str text);

#endif
