/* tool/annotate.h - puts functions and lines into a profile that has only addresses.
 *
 * Equal functions (name, file, start line) made by one annotator are one; those that the profile had before are not looked at,
 * as in google/pprof.   Owns nothing: what it adds lives in the profile's arena, its table in scratch.   May run: cold code.
 */
#ifndef PP_TOOL_ANNOTATE_H
#define PP_TOOL_ANNOTATE_H

#include "base/hash.h"
#include "profile/model.h"
#include "symbols/dwarf.h"

struct pp_annotator {
    struct pp_arena *scratch;
    struct pp_profile *p;
    struct pp_hash made; /* indices of functions */
    size_t cap_functions, cap_lines;
};

void pp_annotator_init(struct pp_annotator *t, struct pp_arena *scratch, struct pp_profile *p);

/* Replaces the location's lines. Sets the mapping's has_ flags by what the frames have. */
void pp_annotate(struct pp_annotator *t, struct pp_mapping *m, struct pp_location *l, const pp_frames *frames);

/* The same for one name alone; touches no flag. The function is made even if no location needs it. */
uint32_t pp_annotator_function(struct pp_annotator *t, const struct pp_frame *frame);
void pp_annotate_function(struct pp_annotator *t, struct pp_location *l, uint32_t function);

#endif
