// SPDX-License-Identifier: Apache-2.0
/* Only in libpprof.so: where its text is. In a program that links libpprof.a our frames can't be told from its own. */
#include <stdint.h>

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

void pp_own_bounds(uintptr_t *ret_start, uintptr_t *ret_end);
void pp_own_bounds(uintptr_t *ret_start, uintptr_t *ret_end)
{
    *ret_start = (uintptr_t)__ehdr_start;
    *ret_end = (uintptr_t)etext;
}
