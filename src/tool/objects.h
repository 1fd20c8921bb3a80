/* tool/objects.h - the binaries of a profile for the reports of assembly (view/objects.h), by the machine's objdump and nm.
 *
 * tools: the value of -tools, else of $PPROF_TOOLS: directories and name:directory pairs, with commas; "" is $PATH. The first of
 * llvm-objdump and objdump that says a version we know disassembles, the first of llvm-nm and nm lists symbols: one child each
 * time. Lines and inlined frames are read in-process (symbols/symfile.h), as llvm-symbolizer would.   May run: cold code.
 */
#ifndef PP_TOOL_OBJECTS_H
#define PP_TOOL_OBJECTS_H

#include "view/objects.h"

void pp_objects_use_tools(pp_str tools); /* of all that are made later; the text must stay */

/* The result lives in the arena, but for what pp_objects_free frees. */
struct pp_objects *pp_objects_new(struct pp_arena *a);
void pp_objects_free(struct pp_objects *o); /* NULL is fine */

#endif
