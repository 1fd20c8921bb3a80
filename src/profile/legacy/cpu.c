// SPDX-License-Identifier: Apache-2.0
/* Words, all of one size and byte order:
 *     0  3  0 (Java: 1)  period in microseconds  0
 *     count  depth  address ...     again and again, leaf first
 *     0  1  0                       the end; then a memory map as text (Java: a table of names)
 */
#include "profile/legacy/legacy.h"

#include <string.h>

struct words {
    const uint8_t *p, *end;
    unsigned bytes;
    bool big, spent; /* spent: one was asked for that isn't there (whole) */
};

static uint64_t next_word(struct words *w)
{
    if ((size_t)(w->end - w->p) < w->bytes) {
        w->p = w->end;
        w->spent = true;
        return 0;
    }
    uint64_t v = 0;
    for (unsigned k = 0; k < w->bytes; k++)
        v |= (uint64_t)w->p[k] << 8 * (w->big ? w->bytes - 1 - k : k);
    w->p += w->bytes;
    return v;
}

struct header {
    uint64_t period;
    bool is_java;
};

/* Leaves the words behind the header. */
static bool read_header(pp_str bytes, unsigned size, bool big, struct words *w, struct header *h)
{
    uint64_t v[5];
    *w = (struct words){(const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, size, big, false};
    for (int k = 0; k < 5; k++)
        v[k] = next_word(w);
    if (w->spent || v[0] != 0 || v[1] != 3 || v[2] > 1 || v[3] == 0 || v[4] != 0) return false;
    *h = (struct header){v[3], v[2] == 1};
    return true;
}

/* A depth beyond the last word reads as zeros there, once. Return addresses are moved into their calls unless it's Java. */
static bool read_samples(struct pp_gather *g, struct words *w, bool is_java)
{
    while (w->p < w->end) {
        uint64_t count = next_word(w), depth = next_word(w);
        if (w->spent || depth > (size_t)(w->end - w->p) / 4) return false;
        uint64_t first = depth ? next_word(w) : 0;
        if (count == 0 && depth == 1 && first == 0) return true;
        for (uint64_t k = 0; k < depth; k++)
            pp_gather_frame(g, k == 0 ? first : next_word(w) - !is_java);
        pp_gather_sample(g, (int64_t[]){(int64_t)count, pp_legacy_mul((int64_t)count, g->p->period)});
    }
    return true;
}

/* ---- the frame of the signal handler ---- */

/* The caller of the leaf in all samples but one in 32: its location, or PP_NONE. */
static uint32_t common_caller(struct pp_arena *scratch, const struct pp_gather *g)
{
    size_t n = g->loc_off.n - 1;
    uint32_t *count = PP_NEW_N(scratch, uint32_t, g->address.n);
    for (size_t i = 0; i < n; i++) {
        uint64_t from = g->loc_off.p[i];
        if (g->loc_off.p[i + 1] - from > 1 && ++count[g->locs.p[from + 1]] >= n - n / 32) return g->locs.p[from + 1];
    }
    return PP_NONE;
}

static void remove_caller(struct pp_gather *g, uint32_t caller)
{
    uint64_t from = 0, to = 0;
    for (size_t i = 0; i + 1 < g->loc_off.n; i++) {
        uint64_t end = g->loc_off.p[i + 1];
        for (uint64_t k = from; k < end; k++)
            if (k != from + 1 || g->locs.p[k] != caller) g->locs.p[to++] = g->locs.p[k];
        g->loc_off.p[i + 1] = to;
        from = end;
    }
    g->locs.n = to;
}

/* It lies between the leaf, which the signal's context gives, and the stack; there may be two. */
static void remove_handler(struct pp_gather *g)
{
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, g->p->arena->oom);
    bool changed = false;
    for (int round = 0; round < 2; round++) {
        uint32_t caller = common_caller(&scratch, g);
        if (caller == PP_NONE) break;
        remove_caller(g, caller);
        changed = true;
    }
    if (changed) pp_gather_renumber(g);
    pp_arena_release(&scratch);
}

enum pp_format_answer pp_legacy_cpu(struct pp_arena *a, pp_str bytes, const struct pp_decode_options *opt,
                                    struct pp_profile **ret_profile, struct pp_err *err)
{
    (void)opt;
    struct words w;
    struct header h;
    struct pp_gather g;
    if (!read_header(bytes, 4, false, &w, &h) && !read_header(bytes, 4, true, &w, &h) &&
        !read_header(bytes, 8, false, &w, &h) && !read_header(bytes, 8, true, &w, &h))
        return PP_FORMAT_NOT_MINE;
    pp_gather_init(&g, a, 2);
    pp_gather_types(&g, 2,
                    (const pp_str[][2]){{PP_STR("samples"), PP_STR("count")}, {PP_STR("cpu"), PP_STR("nanoseconds")}});
    pp_gather_period(&g, PP_STR("cpu"), PP_STR("nanoseconds"), pp_legacy_mul((int64_t)h.period, 1000));
    if (!read_samples(&g, &w, h.is_java)) return PP_FORMAT_NOT_MINE;
    pp_str rest = {(const char *)w.p, (size_t)(w.end - w.p)};
    if (h.is_java) return pp_legacy_finish_java(&g, rest, ret_profile, err);
    remove_handler(&g);
    struct pp_lines maps = {.rest = rest, .line = PP_STR("MAPPED_LIBRARIES:")};
    enum pp_format_answer answer = pp_legacy_finish(&g, &maps, ret_profile, err);
    if (answer == PP_FORMAT_READ) pp_legacy_merge_leaves(*ret_profile);
    return answer;
}
