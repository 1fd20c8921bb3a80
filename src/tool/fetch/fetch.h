/* tool/fetch/fetch.h - from the sources and bases of a command line to one profile.
 *
 * A source is a file if one of that name exists, else a URL. All are read at once (128 at a time), decoded on all cores, and
 * combined in the order of the command line; those that fail are reported and left out as long as one remains:
 *     nofile: stat nofile: no such file or directory
 *     Fetched 1 source profiles out of 2
 * "-" is standard input (./- a file of that name).
 * Each source's mappings get the binaries that are found for them (PPROF_BINARY_PATH, the binary of the command line).
 * Memory of sources that is not used again lives until the end of the process.   May run: cold code; starts threads, which end before it returns.
 */
#ifndef PP_TOOL_FETCH_FETCH_H
#define PP_TOOL_FETCH_FETCH_H

#include "tool/fetch/source.h"

struct pp_fetched {
    struct pp_profile *profile;
    bool remote; /* at least one came from a URL */
    pp_mapping_sources mapping_sources;
};

enum pp_code pp_fetch(struct pp_arena *a, const struct pp_cmdline *c, struct pp_fetched *ret_fetched,
                      struct pp_err *err) PP_MUST_USE;

/* A mapping without file and build id is named after its URL while symbols are looked for; this takes the name away again. */
void pp_fetch_unname_mappings(struct pp_profile *p);

#endif
