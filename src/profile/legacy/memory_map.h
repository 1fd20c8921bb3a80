/* profile/legacy/memory_map.h - the memory map of the older formats: lines of /proc/PID/maps or shorter ones.
 *
 *     400000-500000 r-xp 00000000 fd:00 12345  /bin/x       (executable parts only)
 *     400000-500000 /bin/x (@1000) build-id                 (the last two may lack)
 *     build=/opt/app        $build is that text in all following lines
 * A log prefix ("file.cc:12] ") is cut off; any other line is ignored.   Limit: $name may make 64 times the text that is read.
 */
#ifndef PP_PROFILE_LEGACY_MEMORY_MAP_H
#define PP_PROFILE_LEGACY_MEMORY_MAP_H

#include "profile/legacy/lines.h"
#include "profile/model.h"

/* Reads all following lines into p's mappings: adjacent parts of one file are joined, the program itself comes first. */
PP_MUST_USE enum pp_code pp_memory_map_read(struct pp_profile *p, struct pp_lines *l, struct pp_err *err);

/* Gives every location with an address its mapping; those outside of all get a new one without file.
 * Starts are corrected where a first part of a file was left out. */
void pp_memory_map_assign(struct pp_profile *p);

#endif
