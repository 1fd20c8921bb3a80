/* symbols/locate.h - which file on this machine is the binary of a mapping: PPROF_BINARY_PATH in google/pprof's order. */
#ifndef PP_SYMBOLS_LOCATE_H
#define PP_SYMBOLS_LOCATE_H

#include "base/vec.h"
#include "symbols/object.h"

typedef PP_VEC(pp_str) pp_locate_paths;

/* All file names that would be tried for a mapping with this file and build id, in order, for each directory of the colon list
 * `search_path`: build id directories (also what is in them), perf's layout, llvm's, plain names, gdb's. */
void pp_locate_candidates(struct pp_arena *a, pp_str search_path, pp_str file, pp_str build_id,
                          pp_locate_paths *ret_paths);

/* $PPROF_BINARY_PATH, else $HOME/pprof/binaries. */
pp_str pp_locate_search_path(struct pp_arena *a);

/* The first candidate that opens, fits the mapping, and has the build id (if the mapping has one); false: none.
 * Files with another build id are reported through say() in google/pprof's words, without a newline. */
bool pp_locate_binary(struct pp_arena *a, pp_str search_path, pp_str file, pp_str build_id,
                      const struct pp_object_mapping *m, void (*say)(void *ctx, pp_str text), void *ctx,
                      pp_str *ret_path);

#endif
