// SPDX-License-Identifier: Apache-2.0
#include "base/gosort.h"

#include <stdint.h>

#define INSERTION_MAX 12
#define NINTHER_MIN 50 /* from here on the pivot is a median of medians */
#define SHIFT_MIN 50   /* shorter ranges are not repaired by shifting */
#define SHIFTS_MAX 5
#define SWAPS_MAX 12 /* comparisons of choose_pivot that can turn out wrong */

enum hint { UNKNOWN, INCREASING, DECREASING };

static bool less(const struct pp_go_sort *s, size_t i, size_t j) { return s->less(s->ctx, i, j); }
static void swap(const struct pp_go_sort *s, size_t i, size_t j) { s->swap(s->ctx, i, j); }

static void insertion_sort(const struct pp_go_sort *s, size_t a, size_t b)
{
    for (size_t i = a + 1; i < b; i++)
        for (size_t j = i; j > a && less(s, j, j - 1); j--)
            swap(s, j, j - 1);
}

static void sift_down(const struct pp_go_sort *s, size_t root, size_t end, size_t first)
{
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && less(s, first + child, first + child + 1)) child++;
        if (!less(s, first + root, first + child)) return;
        swap(s, first + root, first + child);
    }
}

static void heap_sort(const struct pp_go_sort *s, size_t a, size_t b)
{
    size_t n = b - a;
    for (size_t i = (n - 1) / 2 + 1; i-- > 0;)
        sift_down(s, i, n, a);
    for (size_t i = n; i-- > 0;) {
        swap(s, a, a + i);
        sift_down(s, 0, i, a);
    }
}

/* Mixes three elements in the middle with others, chosen by a generator that the length seeds. */
static void break_patterns(const struct pp_go_sort *s, size_t a, size_t b)
{
    size_t n = b - a, mask = 1;
    if (n < 8) return;
    uint64_t random = n;
    while (mask <= n)
        mask <<= 1; /* Go: 1 << bits.Len(n) */
    mask--;
    size_t middle = a + n / 4 * 2;
    for (size_t at = middle - 1; at <= middle + 1; at++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t other = (size_t)random & mask;
        if (other >= n) other -= n;
        swap(s, at, a + other);
    }
}

static void order(const struct pp_go_sort *s, size_t *x, size_t *y, unsigned *n_swaps)
{
    if (!less(s, *y, *x)) return;
    size_t t = *x;
    *x = *y;
    *y = t;
    ++*n_swaps;
}

static size_t median(const struct pp_go_sort *s, size_t a, size_t b, size_t c, unsigned *n_swaps)
{
    order(s, &a, &b, n_swaps);
    order(s, &b, &c, n_swaps);
    order(s, &a, &b, n_swaps);
    return b;
}

static size_t choose_pivot(const struct pp_go_sort *s, size_t a, size_t b, enum hint *ret_hint)
{
    size_t n = b - a, i = a + n / 4, j = a + n / 4 * 2, k = a + n / 4 * 3;
    unsigned n_swaps = 0;
    if (n >= NINTHER_MIN) {
        i = median(s, i - 1, i, i + 1, &n_swaps);
        j = median(s, j - 1, j, j + 1, &n_swaps);
        k = median(s, k - 1, k, k + 1, &n_swaps);
    }
    j = median(s, i, j, k, &n_swaps);
    *ret_hint = n_swaps == 0 ? INCREASING : n_swaps == SWAPS_MAX ? DECREASING : UNKNOWN;
    return j;
}

/* A few elements out of place are moved there; false when there are more. */
static bool repair(const struct pp_go_sort *s, size_t a, size_t b)
{
    size_t i = a + 1;
    for (int n = 0; n < SHIFTS_MAX; n++) {
        while (i < b && !less(s, i, i - 1))
            i++;
        if (i == b) return true;
        if (b - a < SHIFT_MIN) return false;
        swap(s, i, i - 1);
        for (size_t j = i - 1; i - a >= 2 && j >= 1 && less(s, j, j - 1); j--)
            swap(s, j, j - 1);
        for (size_t j = i + 1; b - i >= 2 && j < b && less(s, j, j - 1); j++)
            swap(s, j, j - 1);
    }
    return false;
}

/* Smaller ones than the pivot to the left, the others to the right; gives the pivot's place. */
static size_t partition(const struct pp_go_sort *s, size_t a, size_t b, size_t pivot, bool *ret_was_done)
{
    swap(s, a, pivot);
    size_t i = a + 1, j = b - 1;
    for (bool first = true;; first = false) {
        while (i <= j && less(s, i, a))
            i++;
        while (i <= j && !less(s, j, a))
            j--;
        if (i > j) {
            *ret_was_done = first;
            break;
        }
        swap(s, i++, j--);
    }
    swap(s, j, a);
    return j;
}

/* Nothing is smaller than the pivot: its equals to the left; gives where the larger ones begin. */
static size_t partition_equal(const struct pp_go_sort *s, size_t a, size_t b, size_t pivot)
{
    swap(s, a, pivot);
    size_t i = a + 1, j = b - 1;
    for (;;) {
        while (i <= j && !less(s, a, i))
            i++;
        while (i <= j && less(s, a, j))
            j--;
        if (i > j) return i;
        swap(s, i++, j--);
    }
}

static void sort(const struct pp_go_sort *s, size_t a, size_t b, int limit)
{
    bool balanced = true, partitioned = true;
    while (b - a > INSERTION_MAX) {
        size_t n = b - a;
        enum hint hint;
        if (limit == 0) {
            heap_sort(s, a, b);
            return;
        }
        if (!balanced) {
            break_patterns(s, a, b);
            limit--;
        }
        size_t pivot = choose_pivot(s, a, b, &hint);
        if (hint == DECREASING) {
            for (size_t i = a, j = b - 1; i < j; i++, j--)
                swap(s, i, j);
            pivot = b - 1 - (pivot - a);
            hint = INCREASING;
        }
        if (balanced && partitioned && hint == INCREASING && repair(s, a, b)) return;
        if (a > 0 && !less(s, a - 1, pivot)) {
            a = partition_equal(s, a, b, pivot);
            continue;
        }
        size_t mid = partition(s, a, b, pivot, &partitioned), left = mid - a, right = b - mid;
        balanced = (left < right ? left : right) >= n / 8;
        if (left < right) {
            sort(s, a, mid, limit);
            a = mid + 1;
        } else {
            sort(s, mid + 1, b, limit);
            b = mid;
        }
    }
    insertion_sort(s, a, b);
}

void pp_go_sort(const struct pp_go_sort *s, size_t n)
{
    int limit = 0;
    for (size_t k = n; k; k >>= 1)
        limit++;
    sort(s, 0, n, limit);
}
