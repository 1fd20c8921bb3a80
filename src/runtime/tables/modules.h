/* runtime/tables/modules.h - keeps the unwinder's module map and the ledger's module list current.
 *
 * One refresher at a time (a try-lock: whoever comes second goes on with the old map). May run: hooks, the agent, start-up.
 */
#ifndef PP_RUNTIME_TABLES_MODULES_H
#define PP_RUNTIME_TABLES_MODULES_H

#include <stdbool.h>

/* Reads /proc/self/maps again and compiles tables of new objects. Without `force` only when the last refresh is longer ago than
 * 20 times what it cost, at least 1 ms. True: the map changed. */
bool pp_runtime_modules_refresh(bool force);

#endif
