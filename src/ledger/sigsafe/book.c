// SPDX-License-Identifier: Apache-2.0
#include "ledger/sigsafe/book.h"

#include <string.h>

#include "base/hash.h"

static uint64_t hash_stack(const uint64_t *pcs, uint32_t n, uint32_t head_bits)
{
    uint64_t h = pp_hash_u64(head_bits + (uint64_t)n * 0x9e3779b97f4a7c15u);
    for (uint32_t i = 0; i < n; i++) h = (h ^ pcs[i]) * 0x9fb21c651e98df25u, h ^= h >> 29;
    return pp_hash_u64(h);
}

static bool same_stack(const struct pp_ledger *l, uint32_t id, uint64_t word, const uint64_t *pcs, uint32_t n)
{
    return l->stack_words[id] == word && memcmp(&l->stack_words[id + 1], pcs, n * sizeof *pcs) == 0;
}

/* Space and contents of a new stack; 0 when the words are used up. */
static uint32_t store_stack(const struct pp_ledger *l, uint64_t word, const uint64_t *pcs, uint32_t n)
{
    struct pp_ledger_head *h = l->head;
    if (atomic_load_explicit(&h->n_stack_words, memory_order_relaxed) + n + 1 > l->cap.stack_words) return 0;
    uint64_t id = atomic_fetch_add_explicit(&h->n_stack_words, n + 1, memory_order_relaxed);
    if (id + n + 1 > l->cap.stack_words) return 0;
    memcpy(&l->stack_words[id + 1], pcs, n * sizeof *pcs);
    l->stack_words[id] = word;
    return (uint32_t)id;
}

uint32_t pp_book_stack(const struct pp_ledger *l, const uint64_t *pcs, uint32_t n, uint32_t flags, uint32_t generation)
{
    uint64_t word = n | (uint64_t)flags << 16 | (uint64_t)generation << 32;
    uint64_t hash = hash_stack(pcs, n, flags ^ (generation << 8 | generation >> 24));
    uint64_t mask = l->cap.stack_slots - 1, tag = hash >> 32 << 32;
    uint32_t made = 0;
    for (uint64_t i = 0; i < PP_PROBE_MAX; i++) {
        uint64_t *slot = &l->stack_slots[(hash + i) & mask];
        uint64_t seen = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (seen == 0) {
            if (!made && !(made = store_stack(l, word, pcs, n))) break;
            if (__atomic_compare_exchange_n(slot, &seen, tag | made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
        }
        if (seen >> 32 == hash >> 32 && same_stack(l, (uint32_t)seen, word, pcs, n)) return (uint32_t)seen;
    }
    pp_book_drop(l, PP_DROP_STACKS_FULL);
    return 0;
}

static struct pp_bucket *claim_bucket(const struct pp_ledger *l, enum pp_kind kind, uint32_t stack, uint64_t aux, uint32_t *ret)
{
    struct pp_ledger_head *h = l->head;
    if (atomic_load_explicit(&h->n_buckets, memory_order_relaxed) >= l->cap.buckets) return NULL;
    uint64_t i = atomic_fetch_add_explicit(&h->n_buckets, 1, memory_order_relaxed);
    if (i >= l->cap.buckets) return NULL;
    struct pp_bucket *b = &l->buckets[i];
    b->stack = stack;
    b->aux = aux;
    b->process = (uint16_t)l->process;
    __atomic_store_n(&b->kind, (uint16_t)kind, __ATOMIC_RELEASE);
    *ret = (uint32_t)i;
    return b;
}

struct pp_bucket *pp_book_bucket(const struct pp_ledger *l, enum pp_kind kind, uint32_t stack, uint64_t aux)
{
    uint64_t hash = pp_hash_u64(((uint64_t)kind << 56) ^ ((uint64_t)l->process << 32) ^ stack ^ pp_hash_u64(aux + 1));
    uint64_t mask = l->cap.bucket_slots - 1;
    struct pp_bucket *made = NULL;
    uint32_t made_index = 0;
    for (uint64_t i = 0; i < PP_PROBE_MAX; i++) {
        uint32_t *slot = &l->bucket_slots[(hash + i) & mask];
        uint32_t seen = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (seen == 0) {
            if (!made && !(made = claim_bucket(l, kind, stack, aux, &made_index))) break;
            if (__atomic_compare_exchange_n(slot, &seen, made_index + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
        }
        struct pp_bucket *b = &l->buckets[seen - 1];
        if (b->stack == stack && b->aux == aux && b->kind == kind && b->process == l->process) {
            if (made) __atomic_store_n(&made->kind, (uint16_t)PP_KIND_NONE, __ATOMIC_RELEASE);
            return b;
        }
    }
    if (made) __atomic_store_n(&made->kind, (uint16_t)PP_KIND_NONE, __ATOMIC_RELEASE);
    pp_book_drop(l, PP_DROP_BUCKETS_FULL);
    return NULL;
}
