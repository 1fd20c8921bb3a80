/* test/profile/text_profile.h - profiles as text, so that tests can be read.
 *
 * One line a sample:   a b+c lib!d@x.c | 1 10 | key=value key=other bytes:64:kB n:5
 *     frames from the leaf to the root; '+' joins inlined functions of one location (innermost first); lib! is the file of the mapping;
 *     @x.c the file of the function; then a value for each type; then labels: strings with '=', numbers with ':' and perhaps a unit.
 * Addresses and line numbers are the lengths of the texts, so that equal texts are equal locations.
 * Types as "samples/count cpu/nanoseconds".  text_of gives the same form back ("-" for a location without lines).
 */
#ifndef TEST_PROFILE_TEXT_PROFILE_H
#define TEST_PROFILE_TEXT_PROFILE_H

#include "profile/model.h"

struct pp_profile *profile_of(struct pp_arena *a, const char *types, const char *samples);
const char *text_of(struct pp_arena *a, const struct pp_profile *p);
void no_memory(size_t wanted); /* an arena's oom: fails the test program */

#endif
