/* record/kallsyms.h - the kernel's function names: the text of /proc/kallsyms, sorted.
 *
 * "ffffffff81000000 T _stext", modules with "\t[name]" behind. Only text symbols (T, t, W, w) count. A symbol reaches to the next one. Where
 * the kernel hides addresses all are 0, and there are no symbols.
 */
#ifndef PP_RECORD_KALLSYMS_H
#define PP_RECORD_KALLSYMS_H

#include "base/vec.h"

struct pp_kallsym {
    uint64_t start;
    pp_str name; /* points into the text */
};

struct pp_kallsyms {
    PP_VEC(struct pp_kallsym) symbols; /* by start, one for each address */
};

void pp_kallsyms_read(struct pp_arena *a, pp_str text, struct pp_kallsyms *ret_symbols);

const struct pp_kallsym *pp_kallsyms_find(const struct pp_kallsyms *k, uint64_t address); /* NULL: none */
bool pp_kallsyms_is_at(const struct pp_kallsyms *k, pp_str name,
                       uint64_t address); /* the text symbol of that name is there */

#endif
