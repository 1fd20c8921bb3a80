// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include <string.h>

#define POOL_BLOCK ((size_t)64 << 10)

/* NULL when memory is refused. */
void *pp_dm_pool_more(struct dm_pool *pool, size_t size)
{
    size_t block = size > POOL_BLOCK / 4 ? size : POOL_BLOCK;
    char *p = pp_alloc(&pool->arena, block, 8);
    if (!p || block == size) return p;
    pool->p = p + size;
    pool->end = p + block;
    return p;
}

bool pp_dm_grow(struct dm_pool *pool, void **p, uint32_t *cap, size_t elem_size)
{
    size_t n = *cap ? (size_t)*cap * 2 : 32;
    if (n > UINT32_MAX) return false;
    void *q = dm_alloc(pool, n * elem_size);
    if (!q) return false;
    if (*cap) memcpy(q, *p, *cap * elem_size);
    *p = q;
    *cap = (uint32_t)n;
    return true;
}

void pp_dm_init(struct dm_state *st, pp_str text, struct dm_pool *pool)
{
    *pool->dummy = (struct dm_node){.kind = DM_NAME, .text = ""};
    *st = (struct dm_state){.p = text.p, .end = text.p + text.n, .pool = pool, .dummy = pool->dummy};
}

/* Whether dm_simplify would replace the node for what its kids are now. */
static bool is_simple_pattern(enum dm_kind kind, struct dm_node *const *kids)
{
    enum dm_kind below;
    switch (kind) {
    case DM_METHOD_QUAL: below = kids[0]->kind; return below == DM_METHOD_QUAL || below == DM_TYPE_QUAL;
    case DM_TYPE_QUAL:
        below = kids[0]->kind;
        return below == DM_FUNCTION || below == DM_TYPE_QUAL || below == DM_METHOD_QUAL;
    case DM_REF:
    case DM_RREF: below = kids[0]->kind; return below == DM_REF || below == DM_RREF;
    case DM_ARRAY: return kids[1]->kind == DM_TYPE_QUAL;
    default: return false;
    }
}

static uint8_t flags_of(enum dm_kind kind, struct dm_node *const *kids, uint32_t n)
{
    unsigned flags = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (kids[i]) flags |= kids[i]->flags;
    }
    flags &= DM_INHERITED;
    if (kind == DM_ARG_PACK) flags |= DM_HAS_PACK;
    if (n && is_simple_pattern(kind, kids)) flags |= DM_HAS_SIMPLE;
    return (uint8_t)flags;
}

static struct dm_node *new_node(struct dm_state *st, enum dm_kind kind, uint32_t n_kids)
{
    struct dm_node *node = dm_alloc(st->pool, sizeof *node + n_kids * sizeof node->kid[0]);
    if (!node) return NULL;
    *node = (struct dm_node){.kind = (uint8_t)kind, .n_kids = n_kids, .text = ""};
    return node;
}

struct dm_node *pp_dm_node(struct dm_state *st, enum dm_kind kind, struct dm_node *const *kids, uint32_t n)
{
    struct dm_node *node = new_node(st, kind, n);
    if (!node) return dm_fail(st);
    node->flags = flags_of(kind, kids, n);
    for (uint32_t i = 0; i < n; i++)
        node->kid[i] = kids[i];
    return node;
}

struct dm_node *pp_dm_text(struct dm_state *st, enum dm_kind kind, const char *text, size_t n)
{
    struct dm_node *node = new_node(st, kind, 0);
    if (!node) return dm_fail(st);
    node->text = text;
    node->n_text = (uint32_t)n;
    return node;
}

struct dm_node *pp_dm_number(struct dm_state *st, enum dm_kind kind, int32_t num)
{
    struct dm_node *node = new_node(st, kind, 0);
    if (!node) return dm_fail(st);
    node->num = num;
    if (kind == DM_TPARAM) {
        node->ref = NULL;
        node->flags = DM_HAS_PARAM | DM_HAS_SIMPLE;
    } else if (kind == DM_LAMBDA_AUTO) {
        node->flags = DM_HAS_PARAM;
    } else if (kind == DM_SIZEOF_PACK) {
        node->flags = DM_HAS_SIZEOF;
    }
    return node;
}

void pp_dm_push(struct dm_state *st, struct dm_list *list, struct dm_node *node)
{
    if (list->n == list->cap && !pp_dm_grow(st->pool, (void **)&list->p, &list->cap, sizeof list->p[0])) {
        dm_fail(st);
        return;
    }
    list->p[list->n++] = node;
}

struct dm_node *pp_dm_pop_node(struct dm_state *st, enum dm_kind kind, uint32_t from)
{
    if (st->stack.n < from) return dm_fail(st); /* only after running out of memory */
    uint32_t n = st->stack.n - from;
    st->stack.n = from;
    return pp_dm_node(st, kind, n ? st->stack.p + from : NULL, n);
}

void pp_dm_push_scope(struct dm_state *st, struct dm_scope scope)
{
    if (st->scopes.n == st->scopes.cap &&
        !pp_dm_grow(st->pool, (void **)&st->scopes.p, &st->scopes.cap, sizeof scope)) {
        dm_fail(st);
        return;
    }
    st->scopes.p[st->scopes.n++] = scope;
}
