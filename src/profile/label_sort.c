// SPDX-License-Identifier: Apache-2.0
#include "profile/label_sort.h"

#include <string.h>

#define FEW 16

/* Whether y belongs strictly before x. */
static bool before(const struct pp_profile *p, const struct pp_label *y, const struct pp_label *x)
{
    if (y->is_num != x->is_num) return x->is_num;
    return y->key != x->key && pp_str_cmp(p->strings[y->key], p->strings[x->key]) < 0;
}

static void sort_few(const struct pp_profile *p, struct pp_label *l, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (!before(p, &l[i], &l[i - 1])) continue;
        struct pp_label moved = l[i];
        size_t k = i;
        for (; k > 0 && before(p, &moved, &l[k - 1]); k--)
            l[k] = l[k - 1];
        l[k] = moved;
    }
}

static void sort_many(const struct pp_profile *p, struct pp_label *l, size_t n, struct pp_label *scratch)
{
    if (n <= FEW) {
        sort_few(p, l, n);
        return;
    }
    size_t half = n / 2, i = 0, k = half, at = 0;
    sort_many(p, l, half, scratch);
    sort_many(p, l + half, n - half, scratch);
    memcpy(scratch, l, half * sizeof *l);
    while (i < half && k < n)
        l[at++] = before(p, &l[k], &scratch[i]) ? l[k++] : scratch[i++];
    memcpy(l + at, scratch + i, (half - i) * sizeof *l);
}

void pp_labels_sort(const struct pp_profile *p, struct pp_label *labels, size_t n)
{
    if (n <= FEW) {
        sort_few(p, labels, n);
        return;
    }
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, p->arena->oom);
    sort_many(p, labels, n, PP_NEW_N(&scratch, struct pp_label, n / 2));
    pp_arena_release(&scratch);
}
