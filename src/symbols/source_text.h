/* symbols/source_text.h - source files that a profile names, line by line, wherever they are on this machine.
 *
 * First google/pprof's rules: the name is trimmed (pp_source_trim); what is still absolute must exist, the rest is looked for below
 * each directory of the search path and below all their parents. Then, for Go programs: $GOROOT/src, the module cache
 * ($GOMODCACHE, $GOPATH/pkg/mod, $HOME/go/pkg/mod; names of -trimpath builds, too) and ./vendor.
 * Files are read once, whole, regular ones only; lines of 64 KiB and more end a file (as in Go's bufio.Scanner).
 * Lives in its arena.   Threads: one at a time.   May run: the tool only.
 */
#ifndef PP_SYMBOLS_SOURCE_TEXT_H
#define PP_SYMBOLS_SOURCE_TEXT_H

#include "base/arena.h"

struct pp_source_options {
    pp_str search_path;                      /* list with ':'; google/pprof's -source_path, by default the current directory */
    pp_str trim_path;                        /* list with ':'; -trim_path */
    void (*say)(void *ctx, pp_str sentence); /* once, of the first file found nowhere: where else it was looked for; NULL: silent */
    void *say_ctx;
};

struct pp_source_text;

struct pp_source_text *pp_source_text_new(struct pp_arena *a, const struct pp_source_options *o);

/* Line number `line` (from 1) of a file, without its end of line. False: no such line or file. */
bool pp_source_text_line(struct pp_source_text *t, pp_str path, int64_t line, pp_str *ret_text);

/* Why a file that was asked for couldn't be opened, in Go's words; empty: it could. */
pp_str pp_source_text_error(struct pp_source_text *t, pp_str path);

/* A name without what comes before the program's own directories: behind "/x/" where x is the last element of a directory of
 * search_path (only without trim_path), else without a prefix of trim_path, /proc/self/cwd/./ or /proc/self/cwd/. */
pp_str pp_source_trim(pp_str path, pp_str trim_path, pp_str search_path);

#endif
