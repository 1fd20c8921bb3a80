// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

/* Names; which rule of the grammar a reader reads stands above it. */

/* {B <source-name>}: ABI tags */
struct dm_node *pp_dm_read_tags(struct dm_state *st, struct dm_node *n)
{
    while (dm_accept(st, 'B')) {
        struct dm_node *tag = pp_dm_read_source_name(st);
        n = DM_NODE(st, DM_TAGGED, n, tag);
    }
    return n;
}

/* name<args>, and what this means for a conversion operator whose parameters are still open. */
static struct dm_node *read_args_of(struct dm_state *st, struct dm_node *name, struct dm_node **cast)
{
    struct dm_node *tmpl = pp_dm_read_template(st, name);
    if (*cast && !st->failed) {
        pp_dm_set_template(st, *cast, tmpl);
        for (uint32_t i = 1; i < tmpl->n_kids; i++)
            pp_dm_set_template(st, tmpl->kid[i], NULL);
        *cast = NULL;
    }
    return tmpl;
}

/* S... at the start of a <name>; *ret_module is set when it was a module, whose entity follows. */
static struct dm_node *read_substituted_name(struct dm_state *st, struct dm_node **ret_module)
{
    struct dm_node *n, *cast = NULL;
    bool substitution = false;
    if (dm_peek2(st) == 't') {
        st->p += 2;
        struct dm_name un = pp_dm_read_unqualified(st, NULL);
        struct dm_node *std = DM_TEXT(st, DM_NAME, "std");
        n = DM_NODE(st, DM_QUALIFIED, std, un.node);
        if (un.is_cast) cast = n;
    } else {
        n = pp_dm_read_substitution(st, false);
        if (n->kind == DM_MODULE_NAME) {
            *ret_module = n;
            return n;
        }
        substitution = true;
    }
    if (dm_peek(st) == 'I') {
        if (!substitution) pp_dm_push(st, &st->subs, n);
        n = read_args_of(st, n, &cast);
    }
    if (cast) pp_dm_set_template(st, cast, NULL);
    return n;
}

static struct dm_node *read_nested_name(struct dm_state *st, bool *ret_this_param);
static struct dm_node *read_local_name(struct dm_state *st, bool *ret_this_param);

struct dm_name pp_dm_read_name(struct dm_state *st)
{
    struct dm_name r = {st->dummy, false, false};
    struct dm_node *module = NULL;
    if (!dm_enter(st)) {
        dm_leave(st, NULL);
        return r;
    }
    switch (dm_peek(st)) {
    case 'N': r.node = read_nested_name(st, &r.this_param); break;
    case 'Z': r.node = read_local_name(st, &r.this_param); break;
    case 'U':
        r.node = pp_dm_read_unqualified(st, NULL).node;
        if (r.node->kind == DM_CAST) pp_dm_set_template(st, r.node, NULL);
        break;
    case 'S':
        r.node = read_substituted_name(st, &module);
        if (!module) break;
        __attribute__((fallthrough));
    default: {
        struct dm_name un = pp_dm_read_unqualified(st, module);
        struct dm_node *cast = un.is_cast ? un.node : NULL;
        r.node = un.node;
        if (dm_peek(st) == 'I') {
            pp_dm_push(st, &st->subs, un.node);
            r.node = read_args_of(st, un.node, &cast);
        }
        if (cast) pp_dm_set_template(st, cast, NULL);
    }
    }
    dm_leave(st, NULL);
    return r;
}

/* <local-name> ::= Z <encoding> E (s | [d [<number>] _] <entity name>) [<discriminator>] */
static struct dm_node *read_local_name(struct dm_state *st, bool *ret_this_param)
{
    st->p++;
    struct dm_node *function = pp_dm_read_encoding(st, true, true), *n;
    dm_expect(st, 'E');
    if (dm_accept(st, 's')) {
        n = pp_dm_read_discriminator(st, DM_TEXT(st, DM_NAME, "string literal"));
    } else {
        int32_t default_arg = dm_accept(st, 'd') ? pp_dm_read_index(st) : -1;
        struct dm_name name = pp_dm_read_name(st);
        *ret_this_param = name.this_param;
        n = pp_dm_read_discriminator(st, name.node);
        if (default_arg >= 0) {
            n = DM_NODE(st, DM_DEFAULT_ARG, n);
            n->num = default_arg;
        }
    }
    n = DM_NODE(st, DM_QUALIFIED, function, n);
    n->num = 1;
    return n;
}

/* <discriminator> ::= _ <digit> | __ <number> _; clang may leave out the '_' at the end of the name. Never shown. */
struct dm_node *pp_dm_read_discriminator(struct dm_state *st, struct dm_node *n)
{
    if (dm_peek(st) != '_') {
        const char *p = st->p;
        while (p < st->end && dm_is_digit(*p))
            p++;
        if (p == st->end) st->p = p;
        return n;
    }
    st->p++;
    bool two = dm_accept(st, '_');
    int32_t v = pp_dm_read_number(st);
    if (v < 0) return dm_fail(st);
    if (two && v >= 10) dm_expect(st, '_');
    return n;
}

/* --- <nested-name> */

struct prefix {
    struct dm_node *node, *last, *module, *cast;
};

/* The name that a constructor or destructor repeats. */
static struct dm_node *class_name(struct dm_node *n)
{
    for (;;) {
        switch (n->kind) {
        case DM_TEMPLATE:
        case DM_TAGGED: n = n->kid[0]; break;
        case DM_QUALIFIED: n = n->kid[1]; break;
        default: return n;
        }
    }
}

/* C1 C2 C3 CI1 <type> ... */
static struct dm_node *read_ctor(struct dm_state *st, const struct prefix *x)
{
    st->p++;
    bool inheriting = dm_accept(st, 'I');
    if (st->p == st->end || !x->last) return dm_fail(st);
    st->p++;
    struct dm_node *base = inheriting ? pp_dm_read_type(st, false) : NULL;
    return pp_dm_read_tags(st, DM_NODE(st, DM_CTOR, class_name(x->last), base));
}

/* D0 D1 D2, or a decltype */
static struct dm_node *read_dtor(struct dm_state *st, const struct prefix *x)
{
    int kind = dm_peek2(st);
    if (kind == 'T' || kind == 't') return pp_dm_read_type(st, false);
    if (st->end - st->p < 2 || !x->last) return dm_fail(st);
    st->p += 2;
    return pp_dm_read_tags(st, DM_NODE(st, DM_DTOR, class_name(x->last)));
}

static struct dm_node *read_prefix_args(struct dm_state *st, struct prefix *x)
{
    if (!x->node) return dm_fail(st);
    struct dm_node *tmpl = read_args_of(st, x->node, &x->cast);
    x->node = NULL;
    return tmpl;
}

static struct dm_node *read_prefix_name(struct dm_state *st, struct prefix *x)
{
    struct dm_name un = pp_dm_read_unqualified(st, x->module);
    x->module = NULL;
    if (un.is_cast) {
        struct dm_node *n = un.node;
        while (n->kind == DM_TAGGED)
            n = n->kid[0];
        if (n->kind != DM_CAST) return dm_fail(st);
        x->cast = n;
    }
    return un.node;
}

/* One more part of a prefix; NULL when it adds nothing that is shown. */
static struct dm_node *read_prefix_part(struct dm_state *st, struct prefix *x, int c)
{
    if (dm_is_digit(c) || dm_is_lower(c) || c == 'U' || c == 'L' || c == 'F' || c == 'W' || dm_at(st, 'D', 'C'))
        return read_prefix_name(st, x);
    switch (c) {
    case 'C': return read_ctor(st, x);
    case 'D': return read_dtor(st, x);
    case 'T': return pp_dm_read_template_param(st);
    case 'I':
    case 'J': return read_prefix_args(st, x); /* J: clang can leave out the I around a pack */
    case 'S': {
        struct dm_node *n = pp_dm_read_substitution(st, true);
        if (n->kind != DM_MODULE_NAME) return n;
        x->module = n;
        return NULL;
    }
    case 'M': /* initializer of a member whose type is a lambda: the member is the scope */
        if (!x->node) return dm_fail(st);
        st->p++;
        return NULL;
    default: return dm_fail(st);
    }
}

static struct dm_node *read_prefix(struct dm_state *st)
{
    struct prefix x = {0};
    while (!st->failed) {
        int c = dm_peek(st);
        if (c == 'E') break;
        struct dm_node *next = read_prefix_part(st, &x, c);
        if (!next) continue;
        x.last = next;
        x.node = x.node ? DM_NODE(st, DM_QUALIFIED, x.node, next) : next;
        if (c != 'S' && dm_peek(st) != 'E') pp_dm_push(st, &st->subs, x.node);
    }
    if (!x.node || st->failed) return dm_fail(st);
    if (x.cast) pp_dm_set_template(st, x.cast, x.cast->kid[0]->kind == DM_TEMPLATE ? x.cast->kid[0] : NULL);
    return x.node;
}

/* <nested-name> ::= N [H | [<CV-qualifiers>] [<ref-qualifier>]] <prefix> E */
static struct dm_node *read_nested_name(struct dm_state *st, bool *ret_this_param)
{
    st->p++;
    struct dm_node *quals = NULL;
    int32_t ref = 0;
    if (dm_accept(st, 'H')) {
        *ret_this_param = true;
    } else {
        quals = pp_dm_read_qualifiers(st);
        ref = pp_dm_read_ref_qualifier(st);
    }
    struct dm_node *n = read_prefix(st);
    if (quals || ref) {
        n = DM_NODE(st, DM_METHOD_QUAL, n, quals);
        n->num = ref;
    }
    dm_expect(st, 'E');
    return n;
}

/* --- <unqualified-name> */

/* DC <source-name>+ E */
static struct dm_node *read_bindings(struct dm_state *st)
{
    st->p += 2;
    uint32_t from = st->stack.n;
    do {
        pp_dm_push(st, &st->stack, pp_dm_read_source_name(st));
    } while (!st->failed && !dm_accept(st, 'E'));
    return pp_dm_pop_node(st, DM_BINDINGS, from);
}

static struct dm_node *read_operator_name(struct dm_state *st)
{
    int n_args;
    struct dm_node *op = pp_dm_read_operator(st, false, &n_args);
    if (op->kind != DM_OPERATOR || !pp_str_eq(dm_text(op), PP_STR("operator\"\" "))) return op;
    struct dm_node *suffix = pp_dm_read_source_name(st);
    return DM_NODE(st, DM_UNARY, op, suffix);
}

static struct dm_node *read_simple_name(struct dm_state *st)
{
    int c = dm_peek(st);
    if (dm_is_digit(c)) return pp_dm_read_source_name(st);
    if (dm_is_lower(c)) return read_operator_name(st);
    if (dm_at(st, 'D', 'C')) return read_bindings(st);
    if (c == 'L') { /* internal linkage */
        st->p++;
        return pp_dm_read_discriminator(st, pp_dm_read_source_name(st));
    }
    if (dm_at(st, 'U', 'l')) return pp_dm_read_closure(st);
    if (dm_at(st, 'U', 't')) return pp_dm_read_unnamed(st);
    if (dm_at(st, 'U', 'b')) {
        st->p += 2;
        pp_dm_read_index(st);
        return DM_TEXT(st, DM_NAME, "'block-literal'");
    }
    return dm_fail(st);
}

struct dm_name pp_dm_read_unqualified(struct dm_state *st, struct dm_node *module)
{
    module = pp_dm_read_module(st, module);
    bool is_friend = dm_accept(st, 'F');
    struct dm_node *n = read_simple_name(st);
    struct dm_name r = {.is_cast = n->kind == DM_CAST};
    if (module) n = DM_NODE(st, DM_MODULE_ENTITY, module, n);
    n = pp_dm_read_tags(st, n);
    if (is_friend) n = DM_NODE(st, DM_FRIEND, n);
    r.node = n;
    return r;
}

/* <source-name> ::= <length> <identifier>; gcc's anonymous namespaces get a readable name. */
struct dm_node *pp_dm_read_source_name(struct dm_state *st)
{
    int32_t n = pp_dm_read_number(st);
    if (n <= 0 || n > st->end - st->p) return dm_fail(st);
    pp_str id = {st->p, (size_t)n};
    st->p += n;
    if (n > 10 && pp_str_has_prefix(id, PP_STR("_GLOBAL_")) && (id.p[8] == '.' || id.p[8] == '_' || id.p[8] == '$') &&
        id.p[9] == 'N')
        return DM_TEXT(st, DM_NAME, "(anonymous namespace)");
    return pp_dm_text(st, DM_NAME, id.p, id.n);
}

/* {W [P] <source-name>} */
struct dm_node *pp_dm_read_module(struct dm_state *st, struct dm_node *parent)
{
    while (dm_accept(st, 'W')) {
        bool partition = dm_accept(st, 'P');
        struct dm_node *name = pp_dm_read_source_name(st);
        parent = DM_NODE(st, DM_MODULE_NAME, parent, name);
        parent->num = partition;
        pp_dm_push(st, &st->subs, parent);
    }
    return parent;
}

/* --- <substitution> */

static struct dm_node *std_name(struct dm_state *st, const char *name, size_t n)
{
    struct dm_node *scope = DM_TEXT(st, DM_NAME, "std"), *id = pp_dm_text(st, DM_NAME, name, n);
    return DM_NODE(st, DM_QUALIFIED, scope, id);
}
#define STD_NAME(st, lit) std_name((st), (lit), sizeof(lit) - 1)

/* std::<name><char, std::char_traits<char>[, std::allocator<char> ]>: before a constructor the class is spelled out. */
static struct dm_node *long_std_name(struct dm_state *st, struct dm_node *name, bool allocator)
{
    struct dm_node *c = DM_TEXT(st, DM_BUILTIN, "char");
    struct dm_node *traits = STD_NAME(st, "char_traits");
    traits = DM_NODE(st, DM_TEMPLATE, traits, c);
    if (!allocator) return DM_NODE(st, DM_TEMPLATE, name, c, traits);
    struct dm_node *alloc = STD_NAME(st, "allocator");
    alloc = DM_NODE(st, DM_TEMPLATE, alloc, c);
    return DM_NODE(st, DM_TEMPLATE, name, c, traits, alloc);
}

static struct dm_node *standard(struct dm_state *st, int c, bool spelled_out)
{
    switch (c) {
    case 't': return DM_TEXT(st, DM_NAME, "std");
    case 'a': return STD_NAME(st, "allocator");
    case 'b': return STD_NAME(st, "basic_string");
    case 's': return spelled_out ? long_std_name(st, STD_NAME(st, "basic_string"), true) : STD_NAME(st, "string");
    case 'i': return spelled_out ? long_std_name(st, STD_NAME(st, "basic_istream"), false) : STD_NAME(st, "istream");
    case 'o': return spelled_out ? long_std_name(st, STD_NAME(st, "basic_ostream"), false) : STD_NAME(st, "ostream");
    case 'd': return spelled_out ? long_std_name(st, STD_NAME(st, "basic_iostream"), false) : STD_NAME(st, "iostream");
    default: return dm_fail(st);
    }
}

struct dm_node *pp_dm_read_substitution(struct dm_state *st, bool in_prefix)
{
    st->p++;
    int c = dm_peek(st);
    if (c == '_' || dm_is_digit(c) || dm_is_upper(c)) {
        uint32_t id = pp_dm_read_seq_id(st, false);
        if (id >= st->subs.n) return dm_fail(st);
        return pp_dm_retarget(st, st->subs.p[id]);
    }
    if (!c) return dm_fail(st);
    st->p++;
    struct dm_node *n = standard(st, c, in_prefix && (dm_peek(st) == 'C' || dm_peek(st) == 'D'));
    if (dm_peek(st) == 'B') {
        n = pp_dm_read_tags(st, n);
        pp_dm_push(st, &st->subs, n);
    } else if (!st->failed) {
        n->flags |= DM_IS_STANDARD;
    }
    return n;
}

/* --- unnamed things */

static void grow_scope(struct dm_state *st, uint32_t at, struct dm_list *args, struct dm_node *value)
{
    pp_dm_push(st, args, value);
    st->scopes.p[at].args = args->p;
    st->scopes.p[at].n = args->n;
}

/* Ul [<template-param-decl>...] [Q <constraint>] <type>+ [Q <constraint>] E <number> */
struct dm_node *pp_dm_read_closure(struct dm_state *st)
{
    st->p += 2;
    uint32_t level = st->lambda_level, from = st->stack.n, scopes = st->scopes.n;
    st->lambda_level = scopes + 1;
    struct dm_list args = {0};
    struct dm_node *value, *decl, *quad[4] = {0};
    while (dm_peek(st) == 'T' && (decl = pp_dm_read_param_decl(st, &value)) != NULL) {
        pp_dm_push(st, &st->stack, decl);
        if (!args.n) pp_dm_push_scope(st, (struct dm_scope){0});
        if (st->failed) return st->dummy;
        grow_scope(st, scopes, &args, value);
    }
    if (args.n) quad[0] = pp_dm_pop_node(st, DM_LIST, from);
    if (dm_peek(st) == 'Q') quad[1] = pp_dm_read_constraint(st);
    pp_dm_read_params(st, false);
    if (st->stack.n > from) quad[2] = pp_dm_pop_node(st, DM_LIST, from);
    st->lambda_level = level;
    st->scopes.n = scopes;
    if (dm_peek(st) == 'Q') quad[3] = pp_dm_read_constraint(st);
    dm_expect(st, 'E');
    int32_t num = pp_dm_read_index(st);
    struct dm_node *n = pp_dm_node(st, DM_CLOSURE, quad, 4);
    n->num = num;
    return n;
}

/* Ut <number> */
struct dm_node *pp_dm_read_unnamed(struct dm_state *st)
{
    st->p += 2;
    struct dm_node *n = pp_dm_number(st, DM_UNNAMED, pp_dm_read_index(st));
    pp_dm_push(st, &st->subs, n);
    return n;
}
