// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include <string.h>

#include "base/fmt.h"

static bool out_of_room(struct dm_printer *ps, size_t n)
{
    size_t cap = ps->cap ? ps->cap * 2 : 512;
    if (cap < ps->n + n) cap = ps->n + n;
    char *p = NULL;
    if (!ps->failed && ps->n + n <= DM_SIZE_MAX) p = dm_alloc(ps->pool, cap);
    if (!p) {
        ps->failed = true;
        return true;
    }
    if (ps->n) memcpy(p, ps->buf, ps->n);
    ps->buf = p;
    ps->cap = cap;
    return false;
}

void pp_dm_write(struct dm_printer *ps, const char *s, size_t n)
{
    if (!n || (n > ps->cap - ps->n && out_of_room(ps, n))) return;
    memcpy(ps->buf + ps->n, s, n);
    ps->n += n;
    ps->last = s[n - 1];
}

void pp_dm_write_number(struct dm_printer *ps, int64_t v)
{
    char text[24];
    pp_dm_write(ps, text, pp_fmt(text, sizeof text, "%lld", (long long)v));
}

static bool is_empty(struct dm_printer *ps, const struct dm_node *n)
{
    switch (n->kind) {
    case DM_ARG_PACK:
        if (++ps->steps > DM_STEPS_MAX || ++ps->depth > DM_TREE_DEPTH_MAX) ps->failed = true;
        bool empty = true;
        for (uint32_t i = 0; i < n->n_kids && empty && !ps->failed; i++)
            empty = is_empty(ps, n->kid[i]);
        ps->depth--;
        return empty;
    case DM_EXPR_LIST: return n->n_kids == 0;
    case DM_PACK_EXPAND: return n->ref && is_empty(ps, n->kid[0]);
    default: return false;
    }
}

void pp_dm_print_list(struct dm_printer *ps, struct dm_node *const *p, uint32_t n, bool skip_empty)
{
    bool first = true;
    for (uint32_t i = 0; i < n && !ps->failed; i++) {
        if (skip_empty && is_empty(ps, p[i])) continue;
        if (!first) DM_WRITE(ps, ", ");
        pp_dm_print(ps, p[i]);
        first = false;
    }
}

static void print_template(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_inner outer = ps->inner;
    ps->inner.base = outer.n;
    pp_dm_print(ps, n->kid[0]);
    if (ps->template_args) {
        if (ps->last == '<') dm_write_byte(ps, ' '); /* operator< <int> */
        int scopes = ps->scopes;
        ps->scopes = 0;
        dm_write_byte(ps, '<');
        pp_dm_print_list(ps, n->kid + 1, n->n_kids - 1, true);
        if (ps->last == '>') dm_write_byte(ps, ' '); /* not ">>", for old compilers */
        dm_write_byte(ps, '>');
        ps->scopes = scopes;
    }
    ps->inner.base = outer.base;
    ps->inner.n = outer.n;
}

static void print_operator(struct dm_printer *ps, const struct dm_node *n)
{
    pp_str name = dm_text(n);
    DM_WRITE(ps, "operator");
    if (name.n && dm_is_lower(name.p[0])) dm_write_byte(ps, ' ');
    if (name.n && name.p[name.n - 1] == ' ') name.n--;
    dm_write_str(ps, name);
}

/* Text with a number, after which `last` is still what it was before. */
void pp_dm_print_numbered(struct dm_printer *ps, pp_str before, int32_t num, pp_str after)
{
    char last = ps->last;
    dm_write_str(ps, before);
    pp_dm_write_number(ps, num);
    dm_write_str(ps, after);
    ps->last = last;
}

void pp_dm_print_closure_types(struct dm_printer *ps, const struct dm_node *n)
{
    if (n->kid[0]) {
        int scopes = ps->scopes;
        ps->scopes = 0;
        dm_write_byte(ps, '<');
        pp_dm_print_list(ps, n->kid[0]->kid, n->kid[0]->n_kids, false);
        dm_write_byte(ps, '>');
        ps->scopes = scopes;
    }
    if (n->kid[1]) {
        DM_WRITE(ps, " requires ");
        pp_dm_print(ps, n->kid[1]);
        dm_write_byte(ps, ' ');
    }
    dm_open(ps, '(');
    if (n->kid[2]) pp_dm_print_list(ps, n->kid[2]->kid, n->kid[2]->n_kids, false);
    dm_close(ps, ')');
    if (n->kid[3]) {
        DM_WRITE(ps, " requires ");
        pp_dm_print(ps, n->kid[3]);
    }
}

static void print_closure(struct dm_printer *ps, const struct dm_node *n)
{
    DM_WRITE(ps, "{lambda");
    pp_dm_print_closure_types(ps, n);
    dm_write_byte(ps, '#');
    pp_dm_write_number(ps, (int64_t)n->num + 1);
    dm_write_byte(ps, '}');
}

static void print_template_template(struct dm_printer *ps, const struct dm_node *n)
{
    int scopes = ps->scopes;
    ps->scopes = 0;
    DM_WRITE(ps, "template<");
    pp_dm_print_list(ps, n->kid[1]->kid, n->kid[1]->n_kids, false);
    DM_WRITE(ps, "> typename ");
    ps->scopes = scopes;
    pp_dm_print(ps, n->kid[0]);
    if (n->kid[2]) {
        DM_WRITE(ps, " requires ");
        pp_dm_print(ps, n->kid[2]);
    }
}

static void print_module_name(struct dm_printer *ps, const struct dm_node *n)
{
    if (n->kid[0]) pp_dm_print(ps, n->kid[0]);
    if (n->num) {
        dm_write_byte(ps, ':');
    } else if (n->kid[0]) {
        dm_write_byte(ps, '.');
    }
    pp_dm_print(ps, n->kid[1]);
}

static void print_parameter_name(struct dm_printer *ps, const struct dm_node *n)
{
    dm_write_str(ps, dm_text(n));
    if (n->num > 0) pp_dm_write_number(ps, n->num - 1);
}

static void print_unnamed(struct dm_printer *ps, const struct dm_node *n)
{
    DM_WRITE(ps, "{unnamed type#");
    pp_dm_write_number(ps, (int64_t)n->num + 1);
    dm_write_byte(ps, '}');
}

static void print_between(struct dm_printer *ps, struct dm_node *a, pp_str middle, struct dm_node *b)
{
    pp_dm_print(ps, a);
    dm_write_str(ps, middle);
    pp_dm_print(ps, b);
}

/* Template parameters and what lambdas are made of; false when it is none. */
static bool print_parameter(struct dm_printer *ps, struct dm_node *n)
{
    switch (n->kind) {
    case DM_TPARAM:
        if (n->ref) pp_dm_print(ps, n->ref);
        return true;
    case DM_LAMBDA_AUTO: pp_dm_print_numbered(ps, PP_STR("auto:"), n->num + 1, PP_STR("")); return true;
    case DM_DECLARED_ARG: pp_dm_print(ps, n->kid[1]); return true;
    case DM_ARG_PACK: pp_dm_print_list(ps, n->kid, n->n_kids, false); return true;
    case DM_CLOSURE: print_closure(ps, n); return true;
    case DM_TP_NAME: print_parameter_name(ps, n); return true;
    case DM_TP_TYPE:
        DM_WRITE(ps, "typename ");
        pp_dm_print_all_inner(ps);
        pp_dm_print(ps, n->kid[0]);
        return true;
    case DM_TP_VALUE:
    case DM_TP_CONCEPT: pp_dm_print_named_param(ps, n); return true;
    case DM_TP_TEMPLATE: print_template_template(ps, n); return true;
    case DM_TP_PACK: pp_dm_print_param_pack(ps, n); return true;
    default: return false;
    }
}

/* Names and whole declarations; false when it is none. */
static bool print_name(struct dm_printer *ps, struct dm_node *n)
{
    switch (n->kind) {
    case DM_NAME:
    case DM_BUILTIN: dm_write_str(ps, dm_text(n)); return true;
    case DM_TYPED: pp_dm_print_typed(ps, n); return true;
    case DM_QUALIFIED: print_between(ps, n->kid[0], PP_STR("::"), n->kid[1]); return true;
    case DM_TEMPLATE: print_template(ps, n); return true;
    case DM_OPERATOR: print_operator(ps, n); return true;
    case DM_CAST:
        DM_WRITE(ps, "operator ");
        pp_dm_print(ps, n->kid[0]);
        return true;
    case DM_DTOR:
        dm_write_byte(ps, '~');
        pp_dm_print(ps, n->kid[0]);
        return true;
    case DM_CTOR: pp_dm_print(ps, n->kid[0]); return true;
    case DM_FRIEND:
        DM_WRITE(ps, "friend ");
        pp_dm_print(ps, n->kid[0]);
        return true;
    case DM_TAGGED:
        print_between(ps, n->kid[0], PP_STR("[abi:"), n->kid[1]);
        dm_write_byte(ps, ']');
        return true;
    case DM_BINDINGS:
        dm_write_byte(ps, '[');
        pp_dm_print_list(ps, n->kid, n->n_kids, false);
        dm_write_byte(ps, ']');
        return true;
    case DM_UNNAMED: print_unnamed(ps, n); return true;
    case DM_DEFAULT_ARG:
        pp_dm_print_numbered(ps, PP_STR("{default arg#"), n->num + 1, PP_STR("}::"));
        pp_dm_print(ps, n->kid[0]);
        return true;
    case DM_MODULE_NAME: print_module_name(ps, n); return true;
    case DM_MODULE_ENTITY: print_between(ps, n->kid[1], PP_STR("@"), n->kid[0]); return true;
    default: return false;
    }
}

static void print_whole(struct dm_printer *ps, struct dm_node *n)
{
    switch (n->kind) {
    case DM_SPECIAL:
        dm_write_str(ps, dm_text(n));
        pp_dm_print(ps, n->kid[0]);
        break;
    case DM_CONSTRUCTION:
        DM_WRITE(ps, "construction vtable for ");
        print_between(ps, n->kid[0], PP_STR("-in-"), n->kid[1]);
        break;
    case DM_ENABLE_IF:
        pp_dm_print(ps, n->kid[0]);
        DM_WRITE(ps, " [enable_if:");
        pp_dm_print_list(ps, n->kid + 1, n->n_kids - 1, false);
        dm_write_byte(ps, ']');
        break;
    case DM_CONSTRAINT: print_between(ps, n->kid[0], PP_STR(" requires "), n->kid[1]); break;
    case DM_CLONE:
        pp_dm_print(ps, n->kid[0]);
        DM_WRITE(ps, " [clone ");
        dm_write_str(ps, dm_text(n));
        dm_write_byte(ps, ']');
        break;
    default: break;
    }
}

/* Without the check for a node that is being printed already. */
void pp_dm_print_root(struct dm_printer *ps, struct dm_node *n)
{
    if (ps->failed) return;
    if (++ps->steps > DM_STEPS_MAX || ++ps->depth > DM_TREE_DEPTH_MAX) {
        ps->failed = true;
        return;
    }
    if (!print_name(ps, n) && !pp_dm_print_type(ps, n) && !print_parameter(ps, n) && !pp_dm_print_expr(ps, n))
        print_whole(ps, n);
    ps->depth--;
}

/* A substitution can make a type contain itself (the name in _Z6outer2IsEPFilES1_): the third time it prints nothing. */
void pp_dm_print(struct dm_printer *ps, struct dm_node *n)
{
    if (n->printing > 1) return;
    n->printing++;
    pp_dm_print_root(ps, n);
    n->printing--;
}
