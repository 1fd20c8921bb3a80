// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/heap_sample.h"

#include "ledger/sigsafe/book.h"
#include "runtime/hooks/stack.h"
#include "runtime/os/os.h"
#include "runtime/sigsafe/guest.h"

#define NEVER ((int64_t)1 << 60)
#define FROZEN_LOOK ((int64_t)64 << 20) /* a filter that was refused thaws us */

/* ln(x) for x in (0, 1): x = m * 2^e with m in [sqrt(1/2), sqrt(2)), ln m by the series of artanh; error below 1e-13. */
static double natural_log(double x)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
    double m;
    __builtin_memcpy(&m, &bits, sizeof m);
    if (m > 1.4142135623730951) m *= 0.5, e++;
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int k = 19; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
    return 2 * s * sum + e * 0.69314718055994530942;
}

static int64_t draw_distance(struct pp_self *s, uint64_t rate)
{
    if (rate == 0) return NEVER;
    if (rate == 1) return -1;
    double u = ((double)(pp_self_random(s) >> 11) + 0.5) * 0x1p-53;
    return (int64_t)(-natural_log(u) * (double)rate);
}

/* Distinct sizes share a bucket when they differ by less than an eighth, so that a site with every size does not fill the table;
 * the exact bytes are summed in the bucket. */
static uint64_t size_class(uint64_t n)
{
    if (n <= 1024) return n;
    unsigned shift = 60 - (unsigned)__builtin_clzll(n);
    return (n + (((uint64_t)1 << shift) - 1)) >> shift << shift;
}

bool pp_heap_due(size_t n)
{
    struct pp_self *s = &pp_self;
    if (!pp_guest_on()) {
        s->countdown = !pp_guest.decided ? 0 : pp_guest_may_count() ? FROZEN_LOOK : NEVER; /* before start-up: ask again soon */
        return false;
    }
    uint64_t rate = atomic_load_explicit(&pp_guest.ledger.head->heap_rate, memory_order_relaxed);
    if (!s->drawn) { /* first call of this thread: its first distance begins with this object */
        s->drawn = 1;
        s->countdown = draw_distance(s, rate) - (rate > 1 ? (int64_t)n : 0);
        if (s->countdown >= 0) return false;
    }
    s->countdown = draw_distance(s, rate);
    return rate != 0;
}

/* What the allocator gives out can't be alive: the object there was freed behind our back (by a library that binds its own free). */
static void settle(const void *p)
{
    struct pp_live_object o;
    if (!pp_live_maybe(p) || !pp_live_remove(p, &o)) return;
    pp_book_drop(&pp_guest.ledger, PP_DROP_FREE_UNSEEN);
    pp_heap_charge_free(o);
}

static void record(struct pp_self *s, const void *p, size_t n, const struct pp_walk_regs *regs)
{
    settle(p);
    struct pp_bucket *b = pp_book_bucket(&pp_guest.ledger, PP_KIND_HEAP, pp_hook_stack(s, regs), size_class(n));
    if (!b) return;
    pp_book_add(b, PP_HEAP_ALLOCS, 1);
    pp_book_add(b, PP_HEAP_ALLOC_BYTES, n);
    pp_heap_put_back(p, (struct pp_live_object){(uint32_t)(b - pp_guest.ledger.buckets), n});
}

void pp_heap_took(const void *p, size_t n, const struct pp_walk_regs *regs)
{
    if (!p) return;
    uint64_t mask;
    pp_os_block_all_signals(&mask);
    record(&pp_self, p, n, regs);
    pp_os_set_signal_mask(mask);
}

bool pp_heap_take_out(const void *p, struct pp_live_object *ret)
{
    return pp_live_remove(p, ret);
}

/* An object that finds no room counts as freed at once: in-use figures stay true for what is known. */
void pp_heap_put_back(const void *p, struct pp_live_object o)
{
    if (pp_live_add(p, o)) return;
    pp_book_drop(&pp_guest.ledger, PP_DROP_LIVE_FULL);
    pp_heap_charge_free(o);
}

void pp_heap_charge_free(struct pp_live_object o)
{
    if (!pp_guest_may_count()) return;
    struct pp_bucket *b = &pp_guest.ledger.buckets[o.bucket];
    pp_book_add(b, PP_HEAP_FREES, 1);
    pp_book_add(b, PP_HEAP_FREE_BYTES, o.size);
}

void pp_heap_free(const void *p)
{
    struct pp_live_object o;
    if (pp_live_remove(p, &o)) pp_heap_charge_free(o);
}
