// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

/* Template parameters, their declarations and template arguments. */

/* T [L <level>] <index> */
struct dm_node *pp_dm_read_template_param(struct dm_state *st)
{
    const char *from = st->p++;
    uint32_t level = dm_accept(st, 'L') ? (uint32_t)pp_dm_read_index(st) : 0;
    int32_t index = pp_dm_read_index(st);
    if (st->failed) return st->dummy;
    if (st->constraint) return pp_dm_text(st, DM_NAME, from, (size_t)(st->p - 1 - from));
    bool in_lambda = st->lambda_level && level == st->lambda_level - 1;
    if (level < st->scopes.n) {
        struct dm_scope scope = st->scopes.p[level];
        if (scope.open || (uint32_t)index < scope.n) {
            struct dm_node *n = pp_dm_number(st, DM_TPARAM, index);
            n->ref = scope.open ? NULL : scope.args[index];
            return n;
        }
    }
    return in_lambda ? pp_dm_number(st, DM_LAMBDA_AUTO, index) : dm_fail(st); /* an `auto` parameter */
}

/* I <template-arg>... [Q <constraint>] E; the constraint is not shown */
void pp_dm_read_template_args(struct dm_state *st)
{
    st->p++;
    uint32_t from = st->stack.n;
    while (!st->failed && !dm_accept(st, 'E')) {
        pp_dm_push(st, &st->stack, pp_dm_read_template_arg(st, st->stack.n - from));
        if (dm_peek(st) == 'Q') {
            pp_dm_read_constraint(st);
            if (dm_peek(st) != 'E') dm_fail(st);
        }
    }
}

struct dm_node *pp_dm_read_template(struct dm_state *st, struct dm_node *name)
{
    uint32_t from = st->stack.n;
    pp_dm_push(st, &st->stack, name);
    if (dm_peek(st) == 'I') {
        pp_dm_read_template_args(st);
    } else { /* an I that clang left out before a pack */
        while (!st->failed && !dm_accept(st, 'E'))
            pp_dm_push(st, &st->stack, pp_dm_read_template_arg(st, 0));
    }
    if (st->failed) return st->dummy;
    return pp_dm_pop_node(st, DM_TEMPLATE, from);
}

/* An argument with the declaration of its parameter, which may refer to the arguments before it. */
static struct dm_node *read_declared_arg(struct dm_state *st, uint32_t n_prev)
{
    struct dm_node **prev = dm_alloc(st->pool, (n_prev + 1) * sizeof prev[0]);
    if (!prev) return dm_fail(st);
    for (uint32_t i = 0; i < n_prev; i++)
        prev[i] = st->stack.p[st->stack.n - n_prev + i];
    st->steps += n_prev;
    pp_dm_push_scope(st, (struct dm_scope){.args = prev, .n = n_prev});
    if (st->failed) return st->dummy;
    struct dm_node *value, *decl = pp_dm_read_param_decl(st, &value);
    if (!decl || st->failed) return dm_fail(st);
    st->scopes.n--;
    struct dm_node *arg = pp_dm_read_template_arg(st, 0);
    return DM_NODE(st, DM_DECLARED_ARG, decl, arg);
}

struct dm_node *pp_dm_read_template_arg(struct dm_state *st, uint32_t n_prev)
{
    struct dm_node *n;
    uint32_t from = st->stack.n;
    if (!dm_enter(st)) return dm_leave(st, dm_fail(st));
    switch (dm_peek(st)) {
    case 'X':
        st->p++;
        n = pp_dm_read_expr(st);
        dm_expect(st, 'E');
        break;
    case 'L': n = pp_dm_read_literal(st); break;
    case 'I':
    case 'J':
        pp_dm_read_template_args(st);
        n = st->failed ? st->dummy : pp_dm_pop_node(st, DM_ARG_PACK, from);
        break;
    case 'T':
        switch (dm_peek2(st)) {
        case 'y':
        case 'n':
        case 't':
        case 'p':
        case 'k': return dm_leave(st, read_declared_arg(st, n_prev));
        default: break;
        }
        __attribute__((fallthrough));
    default: n = pp_dm_read_type(st, false);
    }
    return dm_leave(st, n);
}

static struct dm_node *param_name(struct dm_state *st, pp_str prefix, int32_t *count)
{
    struct dm_node *n = pp_dm_text(st, DM_TP_NAME, prefix.p, prefix.n);
    n->num = (*count)++;
    return n;
}

/* Tt <template-param-decl>... [Q <constraint>] E */
static struct dm_node *read_template_template(struct dm_state *st, struct dm_node *name)
{
    uint32_t from = st->stack.n, scopes = st->scopes.n;
    struct dm_list args = {0};
    struct dm_node *constraint = NULL;
    while (!st->failed && !dm_accept(st, 'E')) {
        struct dm_node *value, *param = pp_dm_read_param_decl(st, &value);
        if (!param || st->failed) return dm_fail(st);
        pp_dm_push(st, &st->stack, param);
        pp_dm_push(st, &args, value);
        st->scopes.n = scopes;
        pp_dm_push_scope(st, (struct dm_scope){.args = args.p, .n = args.n});
        if (dm_peek(st) == 'Q') {
            constraint = pp_dm_read_constraint(st);
            if (dm_peek(st) != 'E') dm_fail(st);
        }
    }
    st->scopes.n = scopes;
    if (st->failed) return st->dummy;
    struct dm_node *params = pp_dm_pop_node(st, DM_LIST, from);
    return DM_NODE(st, DM_TP_TEMPLATE, name, params, constraint);
}

/* Tk <name>: a type with a constraint, in which parameters stay text */
static struct dm_node *read_concept_param(struct dm_state *st, struct dm_node **ret_value)
{
    bool outer = st->constraint;
    st->constraint = true;
    struct dm_node *constraint = pp_dm_read_name(st).node;
    st->constraint = outer;
    *ret_value = param_name(st, PP_STR("$T"), &st->n_tp_types);
    return DM_NODE(st, DM_TP_CONCEPT, *ret_value, constraint);
}

/* <template-param-decl>; *ret_value is what a reference to the parameter shows */
struct dm_node *pp_dm_read_param_decl(struct dm_state *st, struct dm_node **ret_value)
{
    struct dm_node *n;
    int c = dm_peek2(st);
    if (dm_peek(st) != 'T' || (c != 'y' && c != 'k' && c != 'n' && c != 't' && c != 'p')) return NULL;
    *ret_value = st->dummy;
    if (!dm_enter(st)) return dm_leave(st, st->dummy);
    st->p += 2;
    switch (c) {
    case 'y':
        *ret_value = param_name(st, PP_STR("$T"), &st->n_tp_types);
        n = DM_NODE(st, DM_TP_TYPE, *ret_value);
        break;
    case 'k': n = read_concept_param(st, ret_value); break;
    case 'n':
        *ret_value = param_name(st, PP_STR("$N"), &st->n_tp_values);
        n = pp_dm_read_type(st, false);
        n = DM_NODE(st, DM_TP_VALUE, *ret_value, n);
        break;
    case 't':
        *ret_value = param_name(st, PP_STR("$TT"), &st->n_tp_templates);
        n = read_template_template(st, *ret_value);
        break;
    default: n = pp_dm_read_param_decl(st, ret_value); n = n ? DM_NODE(st, DM_TP_PACK, n) : dm_fail(st);
    }
    return dm_leave(st, n);
}
