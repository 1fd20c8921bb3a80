/* fuzz/harness.h - what every target has: its entry, an arena's callback and a check that end it. */
#ifndef PP_FUZZ_HARNESS_H
#define PP_FUZZ_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of pp_arena_init with a limit: more memory than the input may cost. */
static inline void no_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

static inline void check(bool holds)
{
    if (!holds) abort();
}

#endif
