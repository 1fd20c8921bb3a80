// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include <string.h>

#include "base/fmt.h"

/* A walk over the tree. Each visits a node once: `id` is left in the node's mark. A walk inside another one (only packs
 * do that) puts back the marks it overwrites. */
struct walk {
    uint32_t id, first_mark;
    unsigned mask;               /* flags a subtree must have to be of interest */
    struct dm_node *root;        /* retarget: what was substituted */
    struct dm_node *pack, *with; /* replace: which pack becomes what */
    struct dm_node *(*replace)(struct dm_state *st, struct walk *w, struct dm_node *n); /* NULL: keep */
    bool is_retarget, is_replace;
};

static void walk_begin(struct dm_state *st, struct walk *w)
{
    w->id = ++st->ops;
    w->first_mark = st->marks.n;
    st->ops_running++;
}

static void walk_end(struct dm_state *st, struct walk *w)
{
    while (st->marks.n > w->first_mark) {
        struct dm_mark m = st->marks.p[--st->marks.n];
        m.node->mark = m.old;
    }
    st->ops_running--;
}

/* True when this walk has been here before. */
static bool seen(struct dm_state *st, const struct walk *w, struct dm_node *n)
{
    if (n->mark == w->id) return true;
    if (st->ops_running > 1 && n->mark) {
        if (st->marks.n == st->marks.cap &&
            !pp_dm_grow(st->pool, (void **)&st->marks.p, &st->marks.cap, sizeof st->marks.p[0])) {
            dm_fail(st);
            return true;
        }
        st->marks.p[st->marks.n++] = (struct dm_mark){n, n->mark};
    }
    n->mark = w->id;
    return false;
}

static bool skips(struct dm_state *st, const struct walk *w, struct dm_node *n)
{
    if (w->is_replace && n->kind == DM_PACK_EXPAND) return true; /* that one has its own pack */
    if (w->is_retarget) {
        switch (n->kind) {
        case DM_TYPED:
        case DM_CLOSURE:
        case DM_TPARAM:
        case DM_LAMBDA_AUTO: return false;
        default: break;
        }
    }
    return seen(st, w, n);
}

/* n with other kids. */
static struct dm_node *duplicate(struct dm_state *st, const struct dm_node *n, struct dm_node *const *kids)
{
    struct dm_node *d = pp_dm_node(st, n->kind, kids, n->n_kids);
    if (st->failed) return d;
    d->num = n->num;
    d->n_text = n->n_text;
    if (n->kind == DM_PACK_EXPAND || n->kind == DM_SIZEOF_PACK) {
        d->ref = n->ref;
        d->flags |= n->kind == DM_SIZEOF_PACK ? DM_HAS_SIZEOF : n->ref ? DM_HAS_SIMPLE : 0;
    } else {
        d->text = n->text;
    }
    if (n->kind == DM_EXPR_REQ) d->num = 0; /* Go: the copy forgets noexcept */
    return d;
}

static struct dm_node *copy(struct dm_state *st, struct walk *w, struct dm_node *n);

/* The node with changed kids, or NULL. */
static struct dm_node *copy_kids(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    uint32_t from = st->stack.n;
    bool changed = n->kind == DM_SIZEOF_PACK;
    for (uint32_t i = 0; i < n->n_kids && !st->failed; i++) {
        struct dm_node *c = n->kid[i] ? copy(st, w, n->kid[i]) : NULL;
        changed |= c != NULL;
        if (n->kind == DM_VENDOR_QUAL && i == 1) c = NULL; /* Go: the copy keeps the old type */
        pp_dm_push(st, &st->stack, c ? c : n->kid[i]);
    }
    struct dm_node *d = changed && !st->failed ? duplicate(st, n, n->n_kids ? st->stack.p + from : NULL) : NULL;
    st->stack.n = from;
    return d;
}

/* As copy_kids; T_ inside a function's or lambda's own types belongs to that one. */
static struct dm_node *copy_in_scope(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    uint32_t level = st->lambda_level, scopes = st->scopes.n;
    if (n->kind == DM_TYPED && n->kid[0]->kind == DM_TEMPLATE) {
        pp_dm_push_scope(st, dm_scope_of(n->kid[0]));
        st->lambda_level = 0;
    } else if (n->kind == DM_CLOSURE) {
        st->lambda_level = st->scopes.n + 1;
    }
    struct dm_node *d = copy_kids(st, w, n);
    st->lambda_level = level;
    st->scopes.n = scopes;
    return d;
}

/* The changed tree, or NULL when it stays as it is. */
static struct dm_node *copy(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    if (!(n->flags & w->mask) || st->failed) return NULL;
    if (skips(st, w, n) || !dm_step(st)) return NULL;
    if (++st->depth > DM_TREE_DEPTH_MAX) {
        dm_fail(st);
        return NULL;
    }
    struct dm_node *d = w->is_retarget ? copy_in_scope(st, w, n) : copy_kids(st, w, n);
    st->depth--;
    if (st->failed) return NULL;
    struct dm_node *r = w->replace(st, w, d ? d : n);
    return r ? r : d;
}

/* --- simplify: put arguments for parameters, merge what C++ merges, expand packs */

static struct dm_node *qualified(struct dm_state *st, enum dm_kind kind, struct dm_node *type, struct dm_node *q,
                                 int32_t ref)
{
    struct dm_node *n = DM_NODE(st, kind, type, q);
    n->num = ref;
    return n;
}

static struct dm_node *simplify_method(struct dm_state *st, struct dm_node *n)
{
    struct dm_node *m = n->kid[0];
    if (m->kind == DM_METHOD_QUAL) {
        int32_t ref = n->num;
        if (!ref) {
            ref = m->num;
        } else if (m->num && (ref == 1 || m->num == 1)) {
            ref = 1;
        }
        return qualified(st, DM_METHOD_QUAL, m->kid[0], pp_dm_merge_qualifiers(st, n->kid[1], m->kid[1]), ref);
    }
    if (m->kind == DM_TYPE_QUAL)
        return qualified(st, DM_METHOD_QUAL, m->kid[0], pp_dm_merge_qualifiers(st, n->kid[1], m->kid[1]), n->num);
    return NULL;
}

static struct dm_node *simplify_type(struct dm_state *st, struct dm_node *n)
{
    struct dm_node *t = n->kid[0];
    switch (t->kind) {
    case DM_FUNCTION: return qualified(st, DM_METHOD_QUAL, t, n->kid[1], 0);
    case DM_TYPE_QUAL:
        return qualified(st, DM_TYPE_QUAL, t->kid[0], pp_dm_merge_qualifiers(st, n->kid[1], t->kid[1]), 0);
    case DM_METHOD_QUAL:
        return qualified(st, DM_METHOD_QUAL, t->kid[0], pp_dm_merge_qualifiers(st, n->kid[1], t->kid[1]), t->num);
    default: return NULL;
    }
}

static struct dm_node *replace_pack(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    (void)st;
    return n == w->pack ? w->with : NULL;
}

/* The base once for each element of the pack. */
static struct dm_node *expand_pack(struct dm_state *st, struct dm_node *n)
{
    struct dm_node *pack = n->ref, *base = n->kid[0];
    if (!pack) return NULL;
    uint32_t from = st->stack.n;
    for (uint32_t i = 0; i < pack->n_kids && !st->failed; i++) {
        struct walk w = {.mask = DM_HAS_PACK | DM_HAS_SIZEOF,
                         .pack = pack,
                         .with = pack->kid[i],
                         .replace = replace_pack,
                         .is_replace = true};
        walk_begin(st, &w);
        struct dm_node *b = copy(st, &w, base);
        walk_end(st, &w);
        pp_dm_push(st, &st->stack, pp_dm_simplify(st, b ? b : base));
        dm_step(st);
    }
    return pp_dm_pop_node(st, DM_EXPR_LIST, from);
}

static struct dm_node *simplify_one(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    (void)w;
    struct dm_node *below;
    switch (n->kind) {
    case DM_TPARAM: return n->ref;
    case DM_METHOD_QUAL: return simplify_method(st, n);
    case DM_TYPE_QUAL: return simplify_type(st, n);
    case DM_REF: /* & wins over && */
        below = n->kid[0];
        if (below->kind == DM_REF) return below;
        return below->kind == DM_RREF ? DM_NODE(st, DM_REF, below->kid[0]) : NULL;
    case DM_RREF: below = n->kid[0]; return below->kind == DM_REF || below->kind == DM_RREF ? below : NULL;
    case DM_ARRAY: /* qualifiers of the elements stand behind the whole */
        below = n->kid[1];
        if (below->kind != DM_TYPE_QUAL) return NULL;
        return qualified(st, DM_TYPE_QUAL, DM_NODE(st, DM_ARRAY, n->kid[0], below->kid[0]), below->kid[1], 0);
    case DM_PACK_EXPAND: return expand_pack(st, n);
    default: return NULL;
    }
}

struct dm_node *pp_dm_simplify(struct dm_state *st, struct dm_node *n)
{
    struct walk w = {.mask = DM_HAS_SIMPLE | DM_HAS_SIZEOF, .replace = simplify_one};
    if (!(n->flags & w.mask)) return n;
    walk_begin(st, &w);
    struct dm_node *r = copy(st, &w, n);
    walk_end(st, &w);
    return r ? r : n;
}

/* --- retarget */

static struct dm_node *retarget_one(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    if (n->kind != DM_TPARAM && n->kind != DM_LAMBDA_AUTO) return NULL;
    if (st->constraint) {
        char *text = dm_alloc(st->pool, 16);
        if (!text) return dm_fail(st);
        return pp_dm_text(st, DM_NAME, text, pp_fmt(text, 16, "T%d", n->num));
    }
    if (st->lambda_level) return n->kind == DM_LAMBDA_AUTO ? NULL : pp_dm_number(st, DM_LAMBDA_AUTO, n->num);
    struct dm_scope scope;
    if (st->scopes.n) {
        scope = st->scopes.p[st->scopes.n - 1];
    } else if (w->root->kind == DM_TEMPLATE) {
        scope = dm_scope_of(w->root);
    } else {
        return dm_fail(st);
    }
    if (!scope.open && (uint32_t)n->num >= scope.n) return dm_fail(st);
    struct dm_node *param = pp_dm_number(st, DM_TPARAM, n->num);
    param->ref = scope.open ? NULL : scope.args[n->num];
    return param;
}

struct dm_node *pp_dm_retarget(struct dm_state *st, struct dm_node *n)
{
    struct walk w = {.mask = DM_HAS_PARAM | DM_HAS_SIZEOF, .root = n, .replace = retarget_one, .is_retarget = true};
    if (!(n->flags & w.mask)) return n;
    walk_begin(st, &w);
    struct dm_node *r = copy(st, &w, n);
    walk_end(st, &w);
    return r ? r : n;
}

/* --- searches: these look neither into qualifiers nor into what a parameter stands for */

static uint32_t n_searched(const struct dm_node *n)
{
    return n->kind == DM_TYPE_QUAL || n->kind == DM_METHOD_QUAL ? 1 : n->n_kids;
}

static bool set_one(struct dm_node *param, const struct dm_node *tmpl)
{
    if (param->ref) return !tmpl;
    if (!tmpl || (uint32_t)param->num + 1 >= tmpl->n_kids) return false;
    param->ref = tmpl->kid[param->num + 1];
    return true;
}

static void set_walk(struct dm_state *st, struct walk *w, struct dm_node *n, const struct dm_node *tmpl)
{
    if (!(n->flags & w->mask) || n->kind == DM_CLOSURE) return; /* lambdas have parameters of their own */
    if (n->kind == DM_TPARAM) {
        if (!set_one(n, tmpl)) dm_fail(st);
        return;
    }
    if (seen(st, w, n) || !dm_step(st)) return;
    if (++st->depth > DM_TREE_DEPTH_MAX) dm_fail(st);
    for (uint32_t i = 0; i < n_searched(n) && !st->failed; i++) {
        if (n->kid[i]) set_walk(st, w, n->kid[i], tmpl);
    }
    st->depth--;
}

void pp_dm_set_template(struct dm_state *st, struct dm_node *n, const struct dm_node *tmpl)
{
    struct walk w = {.mask = DM_HAS_PARAM};
    if (!(n->flags & w.mask) || st->failed) return;
    walk_begin(st, &w);
    set_walk(st, &w, n, tmpl);
    walk_end(st, &w);
}

static struct dm_node *find_walk(struct dm_state *st, struct walk *w, struct dm_node *n)
{
    if (!(n->flags & w->mask) || st->failed) return NULL;
    switch (n->kind) {
    case DM_TPARAM: return n->ref && n->ref->kind == DM_ARG_PACK ? n->ref : NULL;
    case DM_PACK_EXPAND:
    case DM_CLOSURE:
    case DM_TAGGED:
    case DM_FIXED:
    case DM_DEFAULT_ARG: return NULL;
    default: break;
    }
    if (seen(st, w, n) || !dm_step(st)) return NULL;
    if (++st->depth > DM_TREE_DEPTH_MAX) dm_fail(st);
    struct dm_node *r = NULL;
    for (uint32_t i = 0; i < n_searched(n) && !r && !st->failed; i++) {
        if (n->kid[i]) r = find_walk(st, w, n->kid[i]);
    }
    st->depth--;
    return r;
}

struct dm_node *pp_dm_find_pack(struct dm_state *st, struct dm_node *n)
{
    struct walk w = {.mask = DM_HAS_PARAM};
    if (!(n->flags & w.mask)) return NULL;
    walk_begin(st, &w);
    struct dm_node *r = find_walk(st, &w, n);
    walk_end(st, &w);
    return r;
}

struct dm_node *pp_dm_pack_expansion(struct dm_state *st, struct dm_node *base)
{
    struct dm_node *pack = pp_dm_find_pack(st, base);
    struct dm_node *n = DM_NODE(st, DM_PACK_EXPAND, base);
    n->ref = pack;
    if (pack) n->flags |= DM_HAS_SIMPLE;
    return n;
}

/* --- qualifiers */

static bool has_plain(const struct dm_node *list, uint32_t n, const struct dm_node *q)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct dm_node *have = list->kid[i];
        if (!have->n_kids && pp_str_eq(dm_text(have), dm_text(q))) return true;
    }
    return false;
}

/* Adds to q what it lacks; q itself changes (Go does so, too: other users of q see it). */
struct dm_node *pp_dm_merge_qualifiers(struct dm_state *st, struct dm_node *q, struct dm_node *more)
{
    if (!q) return more;
    if (!more || st->failed) return q;
    struct dm_node *have = q->kid[0], *add = more->kid[0];
    uint32_t from = st->stack.n;
    for (uint32_t i = 0; i < have->n_kids; i++)
        pp_dm_push(st, &st->stack, have->kid[i]);
    for (uint32_t i = 0; i < add->n_kids && dm_step(st); i++) {
        struct dm_node *a = add->kid[i];
        st->steps += have->n_kids + i;
        if (a->n_kids || (!has_plain(have, have->n_kids, a) && !has_plain(add, i, a))) pp_dm_push(st, &st->stack, a);
    }
    struct dm_node *list = pp_dm_pop_node(st, DM_LIST, from);
    if (st->failed) return q;
    q->kid[0] = list;
    q->flags |= list->flags & DM_INHERITED;
    return q;
}
