/* symbols/mini_debug.h - .gnu_debugdata: the symbol table that Fedora and others leave in stripped files, an ELF file packed by xz. */
#ifndef PP_SYMBOLS_MINI_DEBUG_H
#define PP_SYMBOLS_MINI_DEBUG_H

#include "symbols/object.h"

#define PP_MINI_DEBUG_MAX ((size_t)256 << 20) /* unpacked bytes */

/* PP_E_NOTFOUND: the object has none. liblzma is loaded on first use; without it PP_E_UNSUPPORTED. */
enum pp_code pp_mini_debug_open(const struct pp_object *o, struct pp_object *ret_mini, struct pp_err *err);

#endif
