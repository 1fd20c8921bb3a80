/* tool/shell/libedit.h - libedit, loaded on first use: only a shell on a terminal needs it.
 *
 * The functions that edit.c calls, by the names of histedit.h without "el_".   Threads: the shell's.
 */
#ifndef PP_TOOL_SHELL_LIBEDIT_H
#define PP_TOOL_SHELL_LIBEDIT_H

#include <histedit.h>
#include <stdbool.h>

struct pp_libedit {
    __typeof__(&el_init) init;
    __typeof__(&el_end) end;
    __typeof__(&el_gets) gets;
    __typeof__(&el_set) set;
    __typeof__(&el_get) get;
    __typeof__(&el_source) source;
    __typeof__(&el_line) line;
    __typeof__(&el_insertstr) insertstr;
    __typeof__(&el_deletestr) deletestr;
    __typeof__(&history_init) history_init;
    __typeof__(&history_end) history_end;
    __typeof__(&history) history;
};

/* False: it is not installed. */
bool pp_libedit_load(struct pp_libedit *ret_lib);

#endif
