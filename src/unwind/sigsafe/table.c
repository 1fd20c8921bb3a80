// SPDX-License-Identifier: Apache-2.0
#include "unwind/sigsafe/table.h"

#define LOW ((1u << PP_TABLE_SHIFT) - 1)
#define FUNCTION_BUCKETS_MAX ((64u << 10) >> PP_TABLE_SHIFT)

/* Index of the last row of [lo, hi) that is not above low; hi when there is none. */
static uint32_t last_row(const uint32_t *rows, uint32_t lo, uint32_t hi, uint32_t low)
{
    uint32_t end = hi, at = lo;
    while (hi - at > 8) {
        uint32_t mid = at + (hi - at) / 2;
        if ((rows[mid] & LOW) <= low)
            at = mid;
        else
            hi = mid;
    }
    while (at < hi && (rows[at] & LOW) <= low)
        at++;
    return at == lo ? end : at - 1;
}

uint64_t pp_table_rule(const struct pp_table *t, uint64_t vaddr)
{
    uint64_t offset = vaddr - t->text_vaddr;
    if (offset >= t->text_size) return PP_RULE_NONE;
    uint64_t b = offset >> PP_TABLE_SHIFT;
    uint32_t lo = t->bucket[b], hi = t->bucket[b + 1];
    uint32_t row = last_row(t->rows_at, lo, hi, (uint32_t)offset & LOW);
    return row == hi ? (uint64_t)PP_RULE_NONE : t->rules_at[t->rows_at[row] >> PP_TABLE_SHIFT];
}

uint64_t pp_table_function(const struct pp_table *t, uint64_t vaddr)
{
    uint64_t offset = vaddr - t->text_vaddr;
    if (offset >= t->text_size) return 0;
    uint64_t b = offset >> PP_TABLE_SHIFT;
    uint32_t row = last_row(t->rows_at, t->bucket[b], t->bucket[b + 1], (uint32_t)offset & LOW);
    if (row == t->bucket[b + 1]) return 0;
    for (uint32_t searched = 0; searched < FUNCTION_BUCKETS_MAX; searched++) {
        for (;; row--) {
            uint64_t rule = t->rules_at[t->rows_at[row] >> PP_TABLE_SHIFT];
            if (pp_rule_kind(rule) == PP_RULE_NONE) return 0;
            if (rule & PP_RULE_START) return t->text_vaddr + (b << PP_TABLE_SHIFT) + (t->rows_at[row] & LOW);
            if (row == t->bucket[b]) break;
        }
        if (b-- == 0 || t->bucket[b] == t->bucket[b + 1]) return 0;
        row = t->bucket[b + 1] - 1;
    }
    return 0;
}
