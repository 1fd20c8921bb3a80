/* view/weblist.h - source and instructions side by side: which lines -weblist shows, and what stands in them. Not for others.
 *
 *   1. pp_weblist_collect   addresses of the samples: flat and cum of each, and which ones belong to a function that matches
 *   2.                      ranges of addresses around those (25 at most), disassembled; instructions go to the source lines
 *                           of every frame of theirs whose function is of interest
 *   3. pp_weblist_functions runs of lines of one function in a file, with a margin
 * Addresses without a binary have instructions without text, from the lines of their locations.
 * Go: internal/report/source.go.  Differences: where Go walks a map of such addresses, ours are in ascending order.
 */
#ifndef PP_VIEW_WEBLIST_H
#define PP_VIEW_WEBLIST_H

#include "view/report_parts.h"

struct pp_weblist_inst {
    uint64_t addr, own_addr; /* the profile's, the object's */
    uint64_t length;
    pp_str text; /* empty: not known */
    pp_str file; /* of the innermost frame */
    int64_t line, flat, cum;
};

struct pp_weblist_call {
    pp_str file;
    int64_t line;
};

/* An instruction in a source line, and the calls inlined there that led to it, outermost first. */
struct pp_weblist_entry {
    int64_t line;
    uint32_t inst;  /* in insts */
    uint32_t order; /* of arrival */
    pp_str function;
    struct pp_weblist_call *calls;
    size_t n_calls;
};

struct pp_weblist_file {
    pp_str name;
    PP_VEC(struct pp_weblist_entry) entries; /* by line, then in the order of arrival */
};

struct pp_weblist_function {
    pp_str name;
    int64_t begin, end; /* lines, the last one not included */
    int64_t flat, cum;
};

struct pp_weblist {
    struct pp_report *r;
    PP_VEC(struct pp_weblist_inst) insts;
    PP_VEC(struct pp_weblist_file) files; /* by name */
    uint32_t *pretty;                     /* per string id: the name to show for a system name; PP_NONE: itself */
    struct pp_hash inst_index, file_index;
    PP_VEC(pp_str) interest; /* names and system names of functions that match */
    struct pp_hash interest_index;
};

typedef PP_VEC(struct pp_weblist_function) pp_weblist_functions;

/* False: nothing matches. */
bool pp_weblist_collect(struct pp_report *r, struct pp_weblist *ret_list);

pp_weblist_functions pp_weblist_functions_of(struct pp_weblist *l, const struct pp_weblist_file *f);

#endif
