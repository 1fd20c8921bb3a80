// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

/* Expressions: nearly every operand stands in parentheses, as in the GNU style. */

static bool is_operator(const struct dm_node *n, const char *text)
{
    return n->kind == DM_OPERATOR && pp_str_eq_c(dm_text(n), text);
}

static void print_parenthesized(struct dm_printer *ps, struct dm_node *n)
{
    dm_open(ps, '(');
    pp_dm_print(ps, n);
    dm_close(ps, ')');
}

static void print_operand(struct dm_printer *ps, struct dm_node *n)
{
    bool plain = n->kind == DM_NAME || n->kind == DM_INIT_LIST || n->kind == DM_FUNC_PARAM ||
                 (n->kind == DM_QUALIFIED && !n->num);
    if (plain) {
        pp_dm_print(ps, n);
    } else {
        print_parenthesized(ps, n);
    }
}

static void print_unary(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_node *op = n->kid[0], *expr = n->kid[1];
    /* The address of a function: without its parameters. */
    if (is_operator(op, "&") && expr->kind == DM_TYPED && expr->kid[1]->kind == DM_FUNCTION) expr = expr->kid[0];
    if (n->num & DM_UNARY_SUFFIX) print_operand(ps, expr);
    if (op->kind == DM_OPERATOR) {
        dm_write_str(ps, dm_text(op));
    } else if (op->kind == DM_CAST) {
        print_parenthesized(ps, op->kid[0]);
    } else {
        pp_dm_print(ps, op);
    }
    if (n->num & DM_UNARY_SUFFIX) return;
    if (is_operator(op, "::")) {
        pp_dm_print(ps, expr);
    } else if ((n->num & DM_UNARY_SIZEOF_TYPE) || is_operator(op, "__alignof__")) {
        print_parenthesized(ps, expr);
    } else {
        print_operand(ps, expr);
    }
}

/* .field=value, [index]=value, [from ... to]=value */
static bool is_designated(const struct dm_node *n)
{
    if (n->kind == DM_BINARY)
        return is_operator(n->kid[0], "]=") || (is_operator(n->kid[0], "=") && n->kid[1]->kind != DM_LITERAL);
    return n->kind == DM_TRINARY && is_operator(n->kid[0], "[...]=");
}

static void print_designated_value(struct dm_printer *ps, struct dm_node *value)
{
    if (is_designated(value)) { /* .a.b=1 */
        pp_dm_print(ps, value);
        return;
    }
    dm_write_byte(ps, '=');
    print_operand(ps, value);
}

static void print_designated(struct dm_printer *ps, struct dm_node *n)
{
    bool index = is_operator(n->kid[0], "]=");
    dm_write_byte(ps, index ? '[' : '.');
    pp_dm_print(ps, n->kid[1]);
    if (index) dm_write_byte(ps, ']');
    print_designated_value(ps, n->kid[2]);
}

static void print_cast(struct dm_printer *ps, struct dm_node *n)
{
    dm_write_str(ps, dm_text(n->kid[0]));
    int scopes = ps->scopes;
    ps->scopes = 0;
    dm_write_byte(ps, '<');
    pp_dm_print(ps, n->kid[1]);
    dm_write_byte(ps, '>');
    ps->scopes = scopes;
    print_parenthesized(ps, n->kid[2]);
}

/* What is called: without its parameters, unless it has a return type (then it is shown whole). */
static void print_called(struct dm_printer *ps, struct dm_node *n)
{
    if (n->kind == DM_TYPED) {
        const struct dm_node *type = n->kid[1];
        if (type->kind == DM_FUNCTION && type->kid[0]) {
            pp_dm_print(ps, n);
            return;
        }
        n = n->kid[0];
    }
    print_operand(ps, n);
}

static void print_binary(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_node *op = n->kid[0], *left = n->kid[1], *right = n->kid[2];
    if (op->kind == DM_OPERATOR && pp_str_contains(dm_text(op), PP_STR("cast"))) {
        print_cast(ps, n);
        return;
    }
    if (is_designated(n)) {
        print_designated(ps, n);
        return;
    }
    bool outer = is_operator(op, ">") || is_operator(op, ">>"); /* not to be taken for the end of the arguments */
    bool call = is_operator(op, "()");
    if (outer) dm_open(ps, '(');
    if (call) {
        print_called(ps, left);
    } else {
        print_operand(ps, left);
    }
    if (is_operator(op, "[]")) {
        dm_write_byte(ps, '[');
        pp_dm_print(ps, right);
        dm_write_byte(ps, ']');
        return;
    }
    if (op->kind != DM_OPERATOR) {
        pp_dm_print(ps, op);
    } else if (!call) {
        dm_write_str(ps, dm_text(op));
    }
    print_operand(ps, right);
    if (outer) dm_close(ps, ')');
}

static void print_trinary(struct dm_printer *ps, struct dm_node *n)
{
    if (is_designated(n)) {
        dm_write_byte(ps, '[');
        pp_dm_print(ps, n->kid[1]);
        DM_WRITE(ps, " ... ");
        pp_dm_print(ps, n->kid[2]);
        dm_write_byte(ps, ']');
        print_designated_value(ps, n->kid[3]);
        return;
    }
    print_operand(ps, n->kid[1]);
    dm_write_byte(ps, '?');
    print_operand(ps, n->kid[2]);
    DM_WRITE(ps, " : ");
    print_operand(ps, n->kid[3]);
}

static void print_fold_op(struct dm_printer *ps, struct dm_node *op)
{
    if (op->kind == DM_OPERATOR) {
        dm_write_str(ps, dm_text(op));
    } else {
        pp_dm_print(ps, op);
    }
}

/* (...+x), (x+...), (x+...+y) */
static void print_fold(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_node *op = n->kid[0], *second = n->kid[2];
    dm_open(ps, '(');
    if (second || !n->num) {
        print_operand(ps, n->kid[1]);
        print_fold_op(ps, op);
    }
    DM_WRITE(ps, "...");
    if (second || n->num) {
        print_fold_op(ps, op);
        print_operand(ps, second ? second : n->kid[1]);
    }
    dm_close(ps, ')');
}

static void print_new(struct dm_printer *ps, struct dm_node *n)
{
    DM_WRITE(ps, "new ");
    if (n->kid[1]) {
        print_operand(ps, n->kid[1]);
        dm_write_byte(ps, ' ');
    }
    pp_dm_print(ps, n->kid[2]);
    if (n->kid[3]) print_operand(ps, n->kid[3]);
}

static void print_plain_value(struct dm_printer *ps, const struct dm_node *n)
{
    if (n->num) dm_write_byte(ps, '-');
    dm_write_str(ps, dm_text(n));
}

/* 3ul, true, (char)97, (float)[3f800000] */
static void print_literal(struct dm_printer *ps, struct dm_node *n)
{
    static const pp_str suffixes[] = {
        [DM_B_INT] = {"", 0},     [DM_B_UINT] = {"u", 1},   [DM_B_LONG] = {"l", 1},
        [DM_B_ULONG] = {"ul", 2}, [DM_B_LLONG] = {"ll", 2}, [DM_B_ULLONG] = {"ull", 3},
    };
    int kind = n->kid[0]->kind == DM_BUILTIN ? n->kid[0]->num : DM_B_OTHER;
    pp_str value = dm_text(n);
    switch (kind) {
    case DM_B_INT:
    case DM_B_UINT:
    case DM_B_LONG:
    case DM_B_ULONG:
    case DM_B_LLONG:
    case DM_B_ULLONG:
        print_plain_value(ps, n);
        dm_write_str(ps, suffixes[kind]);
        return;
    case DM_B_BOOL:
        if (n->num || value.n != 1 || (value.p[0] != '0' && value.p[0] != '1')) break;
        dm_write_str(ps, value.p[0] == '1' ? PP_STR("true") : PP_STR("false"));
        return;
    case DM_B_NULLPTR:
        if (value.n && !pp_str_eq(value, PP_STR("0"))) break;
        pp_dm_print(ps, n->kid[0]);
        return;
    default: break;
    }
    print_parenthesized(ps, n->kid[0]);
    if (kind == DM_B_FLOAT) dm_write_byte(ps, '[');
    print_plain_value(ps, n);
    if (kind == DM_B_FLOAT) dm_write_byte(ps, ']');
}

static void print_sizeof_args(struct dm_printer *ps, const struct dm_node *n)
{
    int64_t count = 0;
    for (uint32_t i = 0; i < n->n_kids; i++) {
        const struct dm_node *k = n->kid[i];
        count += k->kind == DM_ARG_PACK || k->kind == DM_EXPR_LIST ? k->n_kids : 1;
    }
    pp_dm_write_number(ps, count);
}

static void print_subobject(struct dm_printer *ps, struct dm_node *n)
{
    pp_dm_print(ps, n->kid[1]);
    DM_WRITE(ps, ".<");
    pp_dm_print(ps, n->kid[0]);
    DM_WRITE(ps, " at offset ");
    pp_dm_write_number(ps, n->num);
    dm_write_byte(ps, '>');
}

static void print_ptrmem_cast(struct dm_printer *ps, struct dm_node *n)
{
    dm_open(ps, '(');
    pp_dm_print(ps, n->kid[0]);
    DM_WRITE(ps, ")(");
    pp_dm_print(ps, n->kid[1]);
    dm_close(ps, ')');
}

static void print_pack_expansion(struct dm_printer *ps, struct dm_node *n)
{
    if (n->ref) {
        pp_dm_print(ps, n->kid[0]);
        return;
    }
    print_operand(ps, n->kid[0]);
    DM_WRITE(ps, "...");
}

static void print_requires(struct dm_printer *ps, struct dm_node *n)
{
    DM_WRITE(ps, "requires");
    if (n->kid[0]) {
        dm_write_byte(ps, ' ');
        dm_open(ps, '(');
        pp_dm_print_list(ps, n->kid[0]->kid, n->kid[0]->n_kids, false);
        dm_close(ps, ')');
    }
    dm_write_byte(ps, ' ');
    dm_open(ps, '{');
    for (uint32_t i = 1; i < n->n_kids && !ps->failed; i++)
        pp_dm_print(ps, n->kid[i]);
    dm_write_byte(ps, ' ');
    dm_close(ps, '}');
}

static void print_expr_requirement(struct dm_printer *ps, struct dm_node *n)
{
    bool braces = n->num || n->kid[1];
    dm_write_byte(ps, ' ');
    if (braces) dm_open(ps, '{');
    pp_dm_print(ps, n->kid[0]);
    if (braces) dm_close(ps, '}');
    if (n->num) DM_WRITE(ps, " noexcept");
    if (n->kid[1]) {
        DM_WRITE(ps, " -> ");
        pp_dm_print(ps, n->kid[1]);
    }
    dm_write_byte(ps, ';');
}

static void print_requirement(struct dm_printer *ps, pp_str before, struct dm_node *n)
{
    dm_write_str(ps, before);
    pp_dm_print(ps, n->kid[0]);
    dm_write_byte(ps, ';');
}

static void print_function_param(struct dm_printer *ps, const struct dm_node *n)
{
    if (!n->num) {
        DM_WRITE(ps, "this");
        return;
    }
    char last = ps->last; /* Go: this text does not count as written last */
    DM_WRITE(ps, "{parm#");
    pp_dm_write_number(ps, n->num);
    dm_write_byte(ps, '}');
    ps->last = last;
}

bool pp_dm_print_expr(struct dm_printer *ps, struct dm_node *n)
{
    switch (n->kind) {
    case DM_FUNC_PARAM: print_function_param(ps, n); return true;
    case DM_PACK_EXPAND: print_pack_expansion(ps, n); return true;
    case DM_SIZEOF_PACK: pp_dm_write_number(ps, n->ref->n_kids); return true;
    case DM_SIZEOF_ARGS: print_sizeof_args(ps, n); return true;
    case DM_NULLARY: print_fold_op(ps, n->kid[0]); return true;
    case DM_UNARY: print_unary(ps, n); return true;
    case DM_BINARY: print_binary(ps, n); return true;
    case DM_TRINARY: print_trinary(ps, n); return true;
    case DM_FOLD: print_fold(ps, n); return true;
    case DM_SUBOBJECT: print_subobject(ps, n); return true;
    case DM_PTRMEM_CAST: print_ptrmem_cast(ps, n); return true;
    case DM_NEW: print_new(ps, n); return true;
    case DM_LITERAL: print_literal(ps, n); return true;
    case DM_STRING:
        DM_WRITE(ps, "\"<");
        pp_dm_print_root(ps, n->kid[0]);
        DM_WRITE(ps, ">\"");
        return true;
    case DM_LAMBDA_EXPR:
        DM_WRITE(ps, "[]");
        if (n->kid[0]->kind == DM_CLOSURE) pp_dm_print_closure_types(ps, n->kid[0]);
        DM_WRITE(ps, "{...}");
        return true;
    case DM_EXPR_LIST: pp_dm_print_list(ps, n->kid, n->n_kids, false); return true;
    case DM_INIT_LIST:
        if (n->kid[0]) pp_dm_print(ps, n->kid[0]);
        dm_write_byte(ps, '{');
        pp_dm_print(ps, n->kid[1]);
        dm_write_byte(ps, '}');
        return true;
    case DM_REQUIRES: print_requires(ps, n); return true;
    case DM_EXPR_REQ: print_expr_requirement(ps, n); return true;
    case DM_TYPE_REQ: print_requirement(ps, PP_STR(" typename "), n); return true;
    case DM_NESTED_REQ: print_requirement(ps, PP_STR(" requires "), n); return true;
    default: return false;
    }
}
