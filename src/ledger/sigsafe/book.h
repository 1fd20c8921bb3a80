/* ledger/sigsafe/book.h - writing into the ledger from signal handlers and malloc hooks.
 *
 * Lock-free, also between processes: a slot is claimed by one compare-and-swap, space by one atomic add. Two threads that bring the same new stack at the
 * same moment may both store it (two ids, the same profile); a bucket whose race was lost becomes PP_KIND_NONE.
 * Bounded: at most PP_PROBE_MAX slots are looked at, then the table counts as full.   May run: sigsafe, hooks, cold.
 */
#ifndef PP_LEDGER_SIGSAFE_BOOK_H
#define PP_LEDGER_SIGSAFE_BOOK_H

#include "ledger/ledger.h"

#define PP_PROBE_MAX 64

/* The id of the stack pcs[0..n), n <= PP_STACK_DEPTH_MAX; 0 when the table is full (counted). */
uint32_t pp_book_stack(const struct pp_ledger *l, const uint64_t *pcs, uint32_t n, uint32_t flags, uint32_t generation);

/* The bucket of (kind, l->process, stack, aux); NULL when the table is full (counted). */
struct pp_bucket *pp_book_bucket(const struct pp_ledger *l, enum pp_kind kind, uint32_t stack, uint64_t aux);

static inline void pp_book_add(struct pp_bucket *b, int counter, uint64_t amount)
{
    atomic_fetch_add_explicit(&b->v[counter], amount, memory_order_relaxed);
}

static inline void pp_book_drop(const struct pp_ledger *l, enum pp_drop reason)
{
    atomic_fetch_add_explicit(&l->head->drops[reason], 1, memory_order_relaxed);
}

#endif
