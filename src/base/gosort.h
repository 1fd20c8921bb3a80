/* base/gosort.h - Go's sort.Sort and sort.Slice: the same order among equal elements.
 *
 * Go's sort is not stable, but always the same for the same input; where google/pprof sorts with ties, what it prints
 * depends on it. So: the same comparisons and swaps as Go 1.19 and later (pattern-defeating quicksort).
 * Elements are seen by index only. O(n log n).   May run: cold code.
 */
#ifndef PP_BASE_GOSORT_H
#define PP_BASE_GOSORT_H

#include <stdbool.h>
#include <stddef.h>

struct pp_go_sort {
    bool (*less)(void *ctx, size_t i, size_t j);
    void (*swap)(void *ctx, size_t i, size_t j);
    void *ctx;
};

void pp_go_sort(const struct pp_go_sort *s, size_t n);

#endif
