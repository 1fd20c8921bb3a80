// SPDX-License-Identifier: Apache-2.0
#include "export/samples.h"

#include <string.h>

#include "base/fmt.h"
#include "base/gomath.h"

enum pp_kind pp_export_buckets_of(enum pp_export_kind kind)
{
    switch (kind) {
    case PP_EXPORT_CPU: return PP_KIND_CPU;
    case PP_EXPORT_HEAP:
    case PP_EXPORT_ALLOCS: return PP_KIND_HEAP;
    case PP_EXPORT_BLOCK: return PP_KIND_BLOCK;
    case PP_EXPORT_MUTEX: return PP_KIND_MUTEX;
    case PP_EXPORT_THREADS: break;
    }
    return PP_KIND_NONE;
}

static enum pp_code no_memory(struct pp_err *err) { return pp_fail(err, PP_E_NOMEM, "out of memory for the profile"); }

/* Go's runtime/pprof: scaleHeapSample. */
void pp_export_scale_heap(int64_t count, int64_t bytes, uint64_t rate, int64_t *ret_count, int64_t *ret_bytes)
{
    double scale = 1;
    if (count == 0 || bytes == 0)
        count = bytes = 0;
    else if (rate > 1)
        scale = 1 / (1 - pp_go_exp(-((double)bytes / (double)count) / (double)rate));
    *ret_count = rate > 1 ? (int64_t)((double)count * scale) : count;
    *ret_bytes = rate > 1 ? (int64_t)((double)bytes * scale) : bytes;
}

/* The stack's locations behind the last sample's. False: memory refused. */
static bool push_locations(struct pp_export_samples *s, struct pp_stack_view stack)
{
    for (uint32_t i = 0; i < stack.n; i++) {
        uint32_t location = pp_export_locations_find(&s->locs, stack.pcs[i], stack.generation);
        uint32_t *id = location == PP_EXPORT_LOCATION_NONE ? NULL : PP_TRY_PUSH(s->locs.arena, &s->ids);
        if (!id) return false;
        *id = location;
    }
    /* An unknown stack has the marker alone: its values still belong to the total. */
    if (stack.n && !(stack.flags & PP_STACK_CUT)) return true;
    uint32_t cut = pp_export_locations_cut(&s->locs);
    uint32_t *id = cut == PP_EXPORT_LOCATION_NONE ? NULL : PP_TRY_PUSH(s->locs.arena, &s->ids);
    if (id) *id = cut;
    return id;
}

static bool add_sample(struct pp_export_samples *s, struct pp_stack_view stack, uint32_t process, uint64_t aux,
                       const int64_t v[PP_EXPORT_VALUES_MAX])
{
    size_t first = s->ids.n;
    if (!push_locations(s, stack)) return false;
    const uint32_t *ids = s->ids.p + first;
    size_t n = s->ids.n - first;
    uint64_t h = pp_hash_bytes(ids, n * sizeof *ids, aux ^ (uint64_t)process << 48);
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&s->seen, h); pp_hash_next(&pr, &i);) {
        struct pp_export_sample *old = &s->v.p[i];
        if (old->n != n || old->aux != aux || old->process != process) continue;
        if (memcmp(s->ids.p + old->first, ids, n * sizeof *ids) != 0) continue;
        for (int k = 0; k < PP_EXPORT_VALUES_MAX; k++)
            old->v[k] += v[k];
        s->ids.n = first;
        return true;
    }
    struct pp_export_sample *new = PP_TRY_PUSH(s->locs.arena, &s->v);
    if (!new) return false;
    *new = (struct pp_export_sample){
        .pcs = stack.pcs, .n_pcs = stack.n, .first = (uint32_t)first, .n = (uint32_t)n, .aux = aux, .process = process};
    memcpy(new->v, v, sizeof new->v);
    return pp_hash_add(s->locs.arena, &s->seen, h, (uint32_t)(s->v.n - 1));
}

/* A bucket's counters as a sample's values. */
static void values_of(enum pp_export_kind kind, const uint64_t c[4], uint64_t rate, bool scaled,
                      int64_t ret[PP_EXPORT_VALUES_MAX])
{
    memset(ret, 0, PP_EXPORT_VALUES_MAX * sizeof *ret);
    if (kind == PP_EXPORT_CPU) {
        ret[0] = (int64_t)c[PP_CPU_SAMPLES];
        ret[1] = (int64_t)c[PP_CPU_NS];
        return;
    }
    if (kind == PP_EXPORT_BLOCK || kind == PP_EXPORT_MUTEX) {
        ret[0] = (int64_t)(c[PP_DELAY_COUNT] >> PP_DELAY_COUNT_SHIFT);
        ret[1] = (int64_t)c[PP_DELAY_NS];
        return;
    }
    /* A hook may be between two counters: what seems freed before it was counted is none. */
    int64_t allocs = (int64_t)c[PP_HEAP_ALLOCS], bytes = (int64_t)c[PP_HEAP_ALLOC_BYTES];
    int64_t live = allocs - (int64_t)c[PP_HEAP_FREES], live_bytes = bytes - (int64_t)c[PP_HEAP_FREE_BYTES];
    if (live < 0 || live_bytes < 0) live = live_bytes = 0;
    if (!scaled) rate = 0;
    pp_export_scale_heap(allocs, bytes, rate, &ret[0], &ret[1]);
    pp_export_scale_heap(live, live_bytes, rate, &ret[2], &ret[3]);
}

static void read_counters(const struct pp_bucket *b, uint64_t ret[4])
{
    for (int k = 0; k < 4; k++)
        ret[k] = atomic_load_explicit(&b->v[k], memory_order_relaxed);
}

static bool all_zero(const int64_t v[PP_EXPORT_VALUES_MAX]) { return !(v[0] | v[1] | v[2] | v[3]); }

/* Growing by doubling would leave as much again behind in the arena: sizes are known, so ask once. */
static bool reserve(struct pp_export_samples *s, size_t n_samples, size_t n_ids)
{
    struct pp_arena *a = s->locs.arena;
    return pp_vec_reserve(a, (void **)&s->ids.p, &s->ids.cap, n_ids, PP_VEC_ELEMENT(&s->ids)) &&
           pp_vec_reserve(a, (void **)&s->v.p, &s->v.cap, n_samples, PP_VEC_ELEMENT(&s->v)) &&
           pp_hash_reserve(a, &s->seen, n_samples);
}

static bool reserve_for_buckets(struct pp_export_samples *s, const struct pp_ledger *l, uint32_t kind, uint32_t n)
{
    size_t n_samples = 0, n_ids = PP_STACK_DEPTH_MAX + 1; /* what is looked up lies behind the last one */
    for (uint32_t i = 0; i < n; i++) {
        if (l->buckets[i].kind != kind) continue;
        n_samples++;
        n_ids += pp_ledger_stack(l, l->buckets[i].stack).n + 1;
    }
    return reserve(s, n_samples, n_ids);
}

static bool add_buckets(struct pp_export_samples *s, const struct pp_export_request *rq, bool scaled)
{
    const struct pp_ledger *l = &rq->ledger;
    const struct pp_export_snapshot *since = rq->since;
    uint32_t kind = pp_export_buckets_of(rq->kind), n = pp_ledger_n_buckets(l);
    uint64_t rate = atomic_load(&l->head->heap_rate), counters[4];
    if (!reserve_for_buckets(s, l, kind, n)) return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_bucket *b = &l->buckets[i];
        int64_t v[PP_EXPORT_VALUES_MAX], old[PP_EXPORT_VALUES_MAX];
        if (b->kind != kind) continue;
        read_counters(b, counters);
        values_of(rq->kind, counters, rate, scaled, v);
        if (since && i < since->n_buckets) {
            values_of(rq->kind, since->counters[i], since->heap_rate, scaled, old);
            for (int k = 0; k < PP_EXPORT_VALUES_MAX; k++)
                v[k] -= old[k];
        }
        if (!all_zero(v) && !add_sample(s, pp_ledger_stack(l, b->stack), b->process, b->aux, v)) return false;
    }
    return true;
}

static bool add_threads(struct pp_export_samples *s, const struct pp_thread_dump *dump, int64_t count)
{
    int64_t v[PP_EXPORT_VALUES_MAX] = {count};
    for (uint32_t i = 0; i < dump->n; i++) {
        const struct pp_thread_info *t = &dump->threads[i];
        struct pp_stack_view stack = {t->pcs, t->n_pcs, t->cut ? PP_STACK_CUT : 0, t->generation};
        if (!add_sample(s, stack, t->process, 0, v)) return false;
    }
    return true;
}

static void drop_zeros(struct pp_export_samples *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->v.n; i++)
        if (!all_zero(s->v.p[i].v)) s->v.p[n++] = s->v.p[i];
    s->v.n = n;
}

enum pp_code pp_export_samples_gather(struct pp_arena *a, const struct pp_export_request *rq, bool scaled,
                                      struct pp_export_samples *ret, struct pp_err *err)
{
    *ret = (struct pp_export_samples){0};
    if (!pp_export_locations_init(&ret->locs, a, &rq->ledger, rq->symbols)) return no_memory(err);
    bool ok;
    if (rq->kind != PP_EXPORT_THREADS)
        ok = add_buckets(ret, rq, scaled);
    else
        ok = add_threads(ret, rq->threads, 1) && (!rq->since || add_threads(ret, &rq->since->threads, -1));
    if (!ok) return no_memory(err);
    if (rq->since) drop_zeros(ret);
    return PP_OK;
}

static bool waits_before(const struct pp_export_sample *x, const struct pp_export_sample *y)
{
    return x->v[1] > y->v[1];
}

static bool heap_before(const struct pp_export_sample *x, const struct pp_export_sample *y)
{
    return x->v[3] < y->v[3];
}

/* As Go compares "@ 0x1f 0x2b": hexadecimal texts, and a blank or the end sorts before every digit. */
static bool threads_before(const struct pp_export_sample *x, const struct pp_export_sample *y)
{
    if (x->v[0] != y->v[0]) return x->v[0] > y->v[0];
    for (uint32_t i = 0; i < x->n_pcs && i < y->n_pcs; i++) {
        char a[24], b[24];
        if (x->pcs[i] == y->pcs[i]) continue;
        size_t n = pp_fmt(a, sizeof a, "%llx", (unsigned long long)x->pcs[i]);
        size_t m = pp_fmt(b, sizeof b, "%llx", (unsigned long long)y->pcs[i]);
        return pp_str_cmp((pp_str){a, n}, (pp_str){b, m}) < 0;
    }
    return x->n_pcs < y->n_pcs;
}

/* Merges [at, middle) and [middle, end) of `from` into `to`; stable. */
static void merge_runs(const struct pp_export_sample *from, struct pp_export_sample *to, size_t at, size_t middle,
                       size_t end, bool (*before)(const struct pp_export_sample *, const struct pp_export_sample *))
{
    size_t left = at, right = middle;
    for (size_t k = at; k < end; k++) {
        bool take_right = left == middle || (right < end && before(&from[right], &from[left]));
        to[k] = take_right ? from[right++] : from[left++];
    }
}

/* Not qsort: libc's may take memory from malloc. */
static enum pp_code sort(struct pp_export_samples *s,
                         bool (*before)(const struct pp_export_sample *, const struct pp_export_sample *),
                         struct pp_err *err)
{
    size_t n = s->v.n;
    struct pp_export_sample *from = s->v.p, *to = PP_NEW_N(s->locs.arena, struct pp_export_sample, n);
    if (!to) return no_memory(err);
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t at = 0; at < n; at += 2 * run) {
            size_t middle = at + run < n ? at + run : n, end = at + 2 * run < n ? at + 2 * run : n;
            merge_runs(from, to, at, middle, end, before);
        }
        struct pp_export_sample *other = from;
        from = to;
        to = other;
    }
    s->v.p = from;
    s->v.cap = n;
    return PP_OK;
}

enum pp_code pp_export_samples_sort_heap(struct pp_export_samples *s, struct pp_err *err)
{
    return sort(s, heap_before, err);
}

enum pp_code pp_export_samples_sort_threads(struct pp_export_samples *s, struct pp_err *err)
{
    return sort(s, threads_before, err);
}

enum pp_code pp_export_samples_sort_waits(struct pp_export_samples *s, struct pp_err *err)
{
    return sort(s, waits_before, err);
}
