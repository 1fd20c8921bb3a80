/* runtime/names.h - names for addresses inside a guest that serves itself: symbol tables of the files, nothing else.
 *
 * Files are read into memory of ours, not mapped: one that is overwritten meanwhile must not raise SIGBUS in the guest.
 * Threads: any; one at a time goes in.   May run: cold code, the agent's threads.
 */
#ifndef PP_RUNTIME_NAMES_H
#define PP_RUNTIME_NAMES_H

#include "export/symbolizer.h"

const struct pp_symbolizer *pp_runtime_names(void);
void pp_runtime_names_forget(void); /* gives the memory back; nobody may be inside */

#endif
