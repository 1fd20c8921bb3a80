// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

/* Expressions: of decltype, noexcept, array bounds, template arguments and constraints. */

/* Code, text, number of operands; sorted by code. Texts with a space at the end are written so before an operand. */
// clang-format off
static const struct op_code {
    char code[3];
    uint8_t n_args, n;
    const char *text;
} operators[] = {
#define O(code, n_args, lit) {code, n_args, sizeof(lit) - 1, lit}
    O("aN", 2, "&="),
    O("aS", 2, "="),
    O("aa", 2, "&&"),
    O("ad", 1, "&"),
    O("an", 2, "&"),
    O("at", 1, "alignof "),
    O("aw", 1, "co_await "),
    O("az", 1, "alignof "),
    O("cc", 2, "const_cast"),
    O("cl", 2, "()"),
    O("cm", 2, ","),
    O("co", 1, "~"),
    O("cp", 2, "()"), /* clang: a call in parentheses, without argument-dependent lookup */
    O("dV", 2, "/="),
    O("dX", 3, "[...]="),
    O("da", 1, "delete[] "),
    O("dc", 2, "dynamic_cast"),
    O("de", 1, "*"),
    O("di", 2, "="),
    O("dl", 1, "delete "),
    O("ds", 2, ".*"),
    O("dt", 2, "."),
    O("dv", 2, "/"),
    O("dx", 2, "]="),
    O("eO", 2, "^="),
    O("eo", 2, "^"),
    O("eq", 2, "=="),
    O("fL", 3, "..."),
    O("fR", 3, "..."),
    O("fl", 2, "..."),
    O("fr", 2, "..."),
    O("ge", 2, ">="),
    O("gs", 1, "::"),
    O("gt", 2, ">"),
    O("ix", 2, "[]"),
    O("lS", 2, "<<="),
    O("le", 2, "<="),
    O("li", 1, "operator\"\" "),
    O("ls", 2, "<<"),
    O("lt", 2, "<"),
    O("mI", 2, "-="),
    O("mL", 2, "*="),
    O("mi", 2, "-"),
    O("ml", 2, "*"),
    O("mm", 1, "--"),
    O("na", 3, "new[]"),
    O("ne", 2, "!="),
    O("ng", 1, "-"),
    O("nt", 1, "!"),
    O("nw", 3, "new"),
    O("nx", 1, "noexcept"),
    O("oR", 2, "|="),
    O("oo", 2, "||"),
    O("or", 2, "|"),
    O("pL", 2, "+="),
    O("pl", 2, "+"),
    O("pm", 2, "->*"),
    O("pp", 1, "++"),
    O("ps", 1, "+"),
    O("pt", 2, "->"),
    O("qu", 3, "?"),
    O("rM", 2, "%="),
    O("rS", 2, ">>="),
    O("rc", 2, "reinterpret_cast"),
    O("rm", 2, "%"),
    O("rs", 2, ">>"),
    O("sP", 1, "sizeof..."),
    O("sZ", 1, "sizeof..."),
    O("sc", 2, "static_cast"),
    O("ss", 2, "<=>"),
    O("st", 1, "sizeof "),
    O("sz", 1, "sizeof "),
    O("te", 1, "typeid "),
    O("ti", 1, "typeid "),
    O("tr", 0, "throw"),
    O("tw", 1, "throw "),
#undef O
};
// clang-format on

static const struct op_code *find_operator(char a, char b)
{
    size_t low = 0, high = sizeof operators / sizeof operators[0];
    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct op_code *o = &operators[mid];
        int d = o->code[0] != a ? o->code[0] - a : o->code[1] - b;
        if (!d) return o;
        if (d < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

/* <operator-name>: a code, cv <type>, or v <digit> <source-name> (a vendor's). *ret_args: how many operands it has. */
struct dm_node *pp_dm_read_operator(struct dm_state *st, bool in_expr, int *ret_args)
{
    *ret_args = 0;
    if (st->end - st->p < 2) return dm_fail(st);
    char a = st->p[0], b = st->p[1];
    st->p += 2;
    if (a == 'v' && dm_is_digit(b)) {
        *ret_args = b - '0';
        struct dm_node *name = pp_dm_read_source_name(st);
        return pp_dm_text(st, DM_OPERATOR, name->text, name->n_text);
    }
    if (a == 'c' && b == 'v') {
        /* Outside expressions the arguments of its template parameters are still to come. */
        uint32_t scopes = st->scopes.n;
        if (!in_expr) pp_dm_push_scope(st, (struct dm_scope){.open = true});
        struct dm_node *type = pp_dm_read_type(st, !in_expr);
        st->scopes.n = scopes;
        *ret_args = 1;
        return DM_NODE(st, DM_CAST, type);
    }
    const struct op_code *o = find_operator(a, b);
    if (!o) return dm_fail(st);
    *ret_args = o->n_args;
    return pp_dm_text(st, DM_OPERATOR, o->text, o->n);
}

/* <expr>... up to `stop` */
static struct dm_node *read_list(struct dm_state *st, char stop)
{
    uint32_t from = st->stack.n;
    while (!st->failed && !dm_accept(st, stop))
        pp_dm_push(st, &st->stack, pp_dm_read_expr(st));
    return st->failed ? st->dummy : pp_dm_pop_node(st, DM_EXPR_LIST, from);
}

/* <template-arg>... E */
static struct dm_node *read_args(struct dm_state *st, enum dm_kind kind)
{
    uint32_t from = st->stack.n;
    while (!st->failed && !dm_accept(st, 'E'))
        pp_dm_push(st, &st->stack, pp_dm_read_template_arg(st, 0));
    return st->failed ? st->dummy : pp_dm_pop_node(st, kind, from);
}

static struct dm_node *maybe_template(struct dm_state *st, struct dm_node *n)
{
    return dm_peek(st) == 'I' ? pp_dm_read_template(st, n) : n;
}

/* --- names in expressions */

/* <simple-id> | [on] <operator-name> [<template-args>] | dn <destructor-name>; gcc leaves out "on" */
static struct dm_node *read_base_unresolved(struct dm_state *st)
{
    struct dm_node *n;
    int n_args;
    if (dm_at(st, 'd', 'n')) {
        st->p += 2;
        n = dm_is_digit(dm_peek(st)) ? pp_dm_read_source_name(st) : pp_dm_read_type(st, false);
        n = DM_NODE(st, DM_DTOR, n);
    } else if (dm_is_digit(dm_peek(st))) {
        n = pp_dm_read_source_name(st);
    } else {
        if (dm_at(st, 'o', 'n')) st->p += 2;
        n = pp_dm_read_operator(st, true, &n_args);
    }
    return maybe_template(st, n);
}

/* sr N <type> <level>... E <base>; gcc can leave out the E together with all levels: then the type is the whole name. */
static struct dm_node *read_scoped_levels(struct dm_state *st)
{
    struct dm_node *scope = dm_accept(st, 'N') ? pp_dm_read_type(st, false) : NULL;
    while (!st->failed && dm_peek(st) != 'E') {
        if (scope && scope->kind == DM_QUALIFIED && st->p != st->end && !dm_is_digit(dm_peek(st))) {
            struct dm_node *outer = scope->kid[0];
            if (outer->kind == DM_TEMPLATE) pp_dm_push(st, &st->subs, outer->kid[0]);
            pp_dm_push(st, &st->subs, outer);
            return scope;
        }
        struct dm_node *n = pp_dm_read_source_name(st);
        if (dm_peek(st) == 'I') {
            pp_dm_push(st, &st->subs, n);
            n = pp_dm_read_template(st, n);
        }
        scope = scope ? DM_NODE(st, DM_QUALIFIED, scope, n) : n;
    }
    if (!scope || st->failed) return dm_fail(st);
    st->p++;
    struct dm_node *base = read_base_unresolved(st);
    return DM_NODE(st, DM_QUALIFIED, scope, base);
}

/* <unresolved-name> */
static struct dm_node *read_unresolved(struct dm_state *st)
{
    if (dm_at(st, 'g', 's')) {
        if (!dm_enter(st)) return dm_leave(st, dm_fail(st));
        st->p += 2;
        struct dm_node *op = DM_TEXT(st, DM_OPERATOR, "::");
        struct dm_node *n = read_unresolved(st);
        return dm_leave(st, DM_NODE(st, DM_UNARY, op, n));
    }
    if (!dm_at(st, 's', 'r')) return read_base_unresolved(st);
    st->p += 2;
    int c = dm_peek(st);
    if (!c) return dm_fail(st);
    if (c != 'T' && c != 'D' && c != 'S') return read_scoped_levels(st);
    struct dm_node *scope = pp_dm_read_type(st, false);
    struct dm_node *n = read_base_unresolved(st);
    n = DM_NODE(st, DM_QUALIFIED, scope, n);
    if (dm_peek(st) == 'I') {
        n = pp_dm_read_template(st, n);
        pp_dm_push(st, &st->subs, n);
    }
    return n;
}

/* --- literals: L <type> <value> E | L _Z <encoding> E (old gcc: without the '_') */

static bool is_array(const struct dm_node *n)
{
    if (n->kind == DM_TYPE_QUAL) n = n->kid[0];
    return n->kind == DM_ARRAY;
}

static struct dm_node *read_value(struct dm_state *st)
{
    struct dm_node *type = pp_dm_read_type(st, false);
    bool negative = dm_accept(st, 'n');
    if (dm_peek(st) == 'E') { /* no value: fine for some types */
        bool is_nullptr = type->kind == DM_BUILTIN && type->num == DM_B_NULLPTR;
        if (!is_nullptr && type->kind == DM_CLOSURE) return DM_NODE(st, DM_LAMBDA_EXPR, type);
        if (!is_nullptr && is_array(type)) return DM_NODE(st, DM_STRING, type);
        if (!is_nullptr) return dm_fail(st);
    }
    const char *from = st->p;
    while (st->p < st->end && *st->p != 'E')
        st->p++;
    struct dm_node *n = DM_NODE(st, DM_LITERAL, type);
    n->text = from;
    n->n_text = (uint32_t)(st->p - from);
    n->num = negative;
    return n;
}

struct dm_node *pp_dm_read_literal(struct dm_state *st)
{
    st->p++;
    struct dm_node *n;
    if (dm_peek(st) == '_' || dm_peek(st) == 'Z') {
        dm_accept(st, '_');
        dm_expect(st, 'Z');
        n = pp_dm_read_encoding(st, true, false);
    } else {
        n = read_value(st);
    }
    dm_expect(st, 'E');
    return n;
}

/* --- special forms */

static struct dm_node *read_offset(struct dm_state *st, struct dm_node *n)
{
    if (dm_peek(st) == 'n' || dm_is_digit(dm_peek(st))) n->num = pp_dm_read_number(st);
    return n;
}

/* so <type> <expr> [<offset>] {_ [<number>]} [p] E */
static struct dm_node *read_subobject(struct dm_state *st)
{
    st->p += 2;
    struct dm_node *type = pp_dm_read_type(st, false), *expr = pp_dm_read_expr(st);
    struct dm_node *n = read_offset(st, DM_NODE(st, DM_SUBOBJECT, type, expr));
    while (dm_accept(st, '_')) {
        if (dm_peek(st) == 'n' || dm_is_digit(dm_peek(st))) pp_dm_read_number(st);
    }
    dm_accept(st, 'p');
    dm_expect(st, 'E');
    return n;
}

/* mc <type> <expr> [<offset>] E */
static struct dm_node *read_ptrmem_cast(struct dm_state *st)
{
    st->p += 2;
    struct dm_node *type = pp_dm_read_type(st, false), *expr = pp_dm_read_expr(st);
    struct dm_node *n = read_offset(st, DM_NODE(st, DM_PTRMEM_CAST, type, expr));
    dm_expect(st, 'E');
    return n;
}

/* fp ... and fL <level> p ...: {parm#1}; fpT: this */
static struct dm_node *read_function_param(struct dm_state *st)
{
    bool outer = dm_peek2(st) == 'L';
    st->p += 2;
    if (outer) {
        pp_dm_read_number(st);
        dm_expect(st, 'p');
    } else if (dm_accept(st, 'T')) {
        return pp_dm_number(st, DM_FUNC_PARAM, 0);
    }
    pp_dm_read_qualifiers(st); /* not shown */
    return pp_dm_number(st, DM_FUNC_PARAM, pp_dm_read_index(st) + 1);
}

/* sZ <param> */
static struct dm_node *read_sizeof_pack(struct dm_state *st)
{
    st->p += 2;
    struct dm_node *pack = pp_dm_find_pack(st, pp_dm_read_expr(st));
    if (!pack) return dm_fail(st);
    struct dm_node *n = pp_dm_number(st, DM_SIZEOF_PACK, 0);
    n->ref = pack;
    return n;
}

/* [on] <name> [<template-args>] */
static struct dm_node *read_plain_name(struct dm_state *st)
{
    if (dm_peek(st) == 'o') st->p += 2;
    return maybe_template(st, pp_dm_read_unqualified(st, NULL).node);
}

/* il <expr>... E | tl <type> <expr>... E */
static struct dm_node *read_init_list(struct dm_state *st)
{
    bool typed = dm_peek(st) == 't';
    st->p += 2;
    struct dm_node *type = typed ? pp_dm_read_type(st, false) : NULL;
    struct dm_node *list = read_list(st, 'E');
    return DM_NODE(st, DM_INIT_LIST, type, list);
}

/* u <source-name> <template-arg>... E: a vendor's function; __uuidof also takes "t <type>" and "z <expr>" */
static struct dm_node *read_vendor_call(struct dm_state *st)
{
    st->p++;
    struct dm_node *name = pp_dm_read_source_name(st), *op = DM_TEXT(st, DM_OPERATOR, "()"), *args;
    int c = dm_peek(st);
    if ((c == 't' || c == 'z') && pp_str_eq(dm_text(name), PP_STR("__uuidof"))) {
        st->p++;
        args = c == 't' ? pp_dm_read_type(st, false) : pp_dm_read_expr(st);
        args = DM_NODE(st, DM_EXPR_LIST, args);
    } else {
        args = read_args(st, DM_EXPR_LIST);
    }
    return DM_NODE(st, DM_BINARY, op, name, args);
}

/* --- requires: rq <requirement>+ E | rQ <type>... _ <requirement>+ E */

/* X <expr> [N] [R <type-constraint>] | T <type> | Q <expr> */
static struct dm_node *read_requirement(struct dm_state *st)
{
    struct dm_node *n, *type = NULL;
    switch (dm_peek(st)) {
    case 'X': {
        st->p++;
        n = pp_dm_read_expr(st);
        bool is_noexcept = dm_accept(st, 'N');
        if (dm_accept(st, 'R')) type = pp_dm_read_name(st).node;
        n = DM_NODE(st, DM_EXPR_REQ, n, type);
        n->num = is_noexcept;
        return n;
    }
    case 'T': st->p++; return DM_NODE(st, DM_TYPE_REQ, pp_dm_read_type(st, false));
    case 'Q': st->p++; return DM_NODE(st, DM_NESTED_REQ, pp_dm_read_expr(st));
    default: return dm_fail(st);
    }
}

static struct dm_node *read_requires(struct dm_state *st)
{
    bool with_params = dm_peek2(st) == 'Q';
    st->p += 2;
    uint32_t from = st->stack.n;
    struct dm_node *params = NULL;
    if (with_params) {
        while (!st->failed && !dm_accept(st, '_'))
            pp_dm_push(st, &st->stack, pp_dm_read_type(st, false));
        if (!st->failed && st->stack.n > from) params = pp_dm_pop_node(st, DM_LIST, from);
    }
    pp_dm_push(st, &st->stack, params);
    while (!st->failed && !dm_accept(st, 'E'))
        pp_dm_push(st, &st->stack, read_requirement(st));
    return st->failed ? st->dummy : pp_dm_pop_node(st, DM_REQUIRES, from);
}

/* --- operators */

static struct dm_node *read_unary(struct dm_state *st, const char *code, struct dm_node *op)
{
    bool step = (code[0] == 'p' && code[1] == 'p') || (code[0] == 'm' && code[1] == 'm');
    bool suffix = step && !dm_accept(st, '_'); /* "pp_" is ++x, "pp" is x++ */
    struct dm_node *operand;
    if (op->kind == DM_CAST && dm_accept(st, '_')) {
        operand = read_list(st, 'E');
    } else {
        operand = pp_dm_read_expr(st);
    }
    struct dm_node *n = DM_NODE(st, DM_UNARY, op, operand);
    n->num = suffix ? DM_UNARY_SUFFIX : 0;
    return n;
}

/* The part behind "." or "->". */
static struct dm_node *read_member(struct dm_state *st)
{
    if (dm_peek(st) == 'L') return pp_dm_read_literal(st);
    return maybe_template(st, read_unresolved(st));
}

static struct dm_node *read_fold(struct dm_state *st, bool left, bool with_init)
{
    int n_args;
    struct dm_node *op = pp_dm_read_operator(st, true, &n_args), *arg = pp_dm_read_expr(st);
    struct dm_node *init = with_init ? pp_dm_read_expr(st) : NULL;
    struct dm_node *n = DM_NODE(st, DM_FOLD, op, arg, init);
    n->num = left;
    return n;
}

static struct dm_node *read_binary(struct dm_state *st, const char *code, struct dm_node *op)
{
    char a = code[0], b = code[1];
    struct dm_node *left, *right;
    if (a == 'f') return read_fold(st, b == 'l', false);
    if (b == 'c' && (a == 's' || a == 'd' || a == 'c' || a == 'r')) {
        left = pp_dm_read_type(st, false);
    } else if (a == 'd' && b == 'i') {
        left = pp_dm_read_unqualified(st, NULL).node;
    } else {
        left = pp_dm_read_expr(st);
    }
    if (a == 'c' && (b == 'l' || b == 'p')) {
        right = read_list(st, 'E');
    } else if (b == 't' && (a == 'd' || a == 'p')) {
        right = read_member(st);
    } else {
        right = pp_dm_read_expr(st);
    }
    return DM_NODE(st, DM_BINARY, op, left, right);
}

/* <place>... _ <type> (E | pi <expr>... E | <init list>) */
static struct dm_node *read_new(struct dm_state *st, struct dm_node *op)
{
    struct dm_node *place = read_list(st, '_'), *init = NULL;
    if (!place->n_kids) place = NULL;
    struct dm_node *type = pp_dm_read_type(st, false);
    if (dm_at(st, 'p', 'i')) {
        st->p += 2;
        init = read_list(st, 'E');
    } else if (dm_at(st, 'i', 'l')) {
        init = pp_dm_read_expr(st);
    } else {
        dm_expect(st, 'E');
    }
    return DM_NODE(st, DM_NEW, op, place, type, init);
}

static struct dm_node *read_operation(struct dm_state *st)
{
    if (st->end - st->p < 2) return dm_fail(st);
    const char *code = st->p;
    int n_args;
    struct dm_node *op = pp_dm_read_operator(st, true, &n_args), *a, *b, *c;
    if (st->failed) return st->dummy;
    switch (n_args) {
    case 0: return DM_NODE(st, DM_NULLARY, op);
    case 1: return read_unary(st, code, op);
    case 2: return read_binary(st, code, op);
    case 3:
        if (code[0] == 'n') return read_new(st, op);
        if (code[0] == 'f') return read_fold(st, code[1] == 'L', true);
        a = pp_dm_read_expr(st);
        b = pp_dm_read_expr(st);
        c = pp_dm_read_expr(st);
        return DM_NODE(st, DM_TRINARY, op, a, b, c);
    default: return dm_fail(st);
    }
}

/* sizeof (<type>) */
static struct dm_node *read_sizeof_type(struct dm_state *st)
{
    st->p += 2;
    struct dm_node *op = DM_TEXT(st, DM_OPERATOR, "sizeof "), *type = pp_dm_read_type(st, false);
    struct dm_node *n = DM_NODE(st, DM_UNARY, op, type);
    n->num = DM_UNARY_SIZEOF_TYPE;
    return n;
}

static struct dm_node *read_s_expr(struct dm_state *st)
{
    switch (dm_peek2(st)) {
    case 'o': return read_subobject(st);
    case 'r': return read_unresolved(st);
    case 'p': st->p += 2; return pp_dm_pack_expansion(st, pp_dm_read_expr(st));
    case 'Z': return read_sizeof_pack(st);
    case 'P': st->p += 2; return read_args(st, DM_SIZEOF_ARGS);
    case 't': return read_sizeof_type(st);
    default: return read_operation(st);
    }
}

static struct dm_node *read_any_expr(struct dm_state *st)
{
    int c = dm_peek(st), d = dm_peek2(st);
    switch (c) {
    case 'L': return pp_dm_read_literal(st);
    case 'T': return pp_dm_read_template_param(st);
    case 's': return read_s_expr(st);
    case 'f':
        if (d == 'p' || (d == 'L' && st->end - st->p > 2 && dm_is_digit(st->p[2]))) return read_function_param(st);
        break;
    case 'm':
        if (d == 'c') return read_ptrmem_cast(st);
        break;
    case 'o':
        if (d == 'n') return read_plain_name(st);
        break;
    case 'i':
    case 't':
        if (d == 'l') return read_init_list(st);
        break;
    case 'u': return read_vendor_call(st);
    case 'r':
        if (d == 'q' || d == 'Q') return read_requires(st);
        break;
    default:
        if (dm_is_digit(c)) return read_plain_name(st);
    }
    return read_operation(st);
}

struct dm_node *pp_dm_read_expr(struct dm_state *st)
{
    if (!dm_enter(st)) return dm_leave(st, dm_fail(st));
    return dm_leave(st, read_any_expr(st));
}

struct dm_node *pp_dm_read_constraint(struct dm_state *st)
{
    bool outer = st->constraint;
    st->constraint = true;
    st->p++;
    struct dm_node *n = pp_dm_read_expr(st);
    st->constraint = outer;
    return n;
}
