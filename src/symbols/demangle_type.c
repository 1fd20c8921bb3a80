// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

#include "base/fmt.h"

/* Types. */

struct builtin {
    const char *name;
    uint8_t n;
    uint8_t num;
};
#define B(lit, num)               \
    {                             \
        lit, sizeof(lit) - 1, num \
    }

static const struct builtin one_letter[26] = {
    ['a' - 'a'] = B("signed char", DM_B_OTHER), ['b' - 'a'] = B("bool", DM_B_BOOL),
    ['c' - 'a'] = B("char", DM_B_OTHER),        ['d' - 'a'] = B("double", DM_B_FLOAT),
    ['e' - 'a'] = B("long double", DM_B_FLOAT), ['f' - 'a'] = B("float", DM_B_FLOAT),
    ['g' - 'a'] = B("__float128", DM_B_FLOAT),  ['h' - 'a'] = B("unsigned char", DM_B_OTHER),
    ['i' - 'a'] = B("int", DM_B_INT),           ['j' - 'a'] = B("unsigned int", DM_B_UINT),
    ['l' - 'a'] = B("long", DM_B_LONG),         ['m' - 'a'] = B("unsigned long", DM_B_ULONG),
    ['n' - 'a'] = B("__int128", DM_B_OTHER),    ['o' - 'a'] = B("unsigned __int128", DM_B_OTHER),
    ['s' - 'a'] = B("short", DM_B_OTHER),       ['t' - 'a'] = B("unsigned short", DM_B_OTHER),
    ['v' - 'a'] = B("void", DM_B_VOID),         ['w' - 'a'] = B("wchar_t", DM_B_OTHER),
    ['x' - 'a'] = B("long long", DM_B_LLONG),   ['y' - 'a'] = B("unsigned long long", DM_B_ULLONG),
    ['z' - 'a'] = B("...", DM_B_OTHER),
};

static const struct builtin after_d[26] = {
    ['d' - 'a'] = B("decimal64", DM_B_OTHER), ['e' - 'a'] = B("decimal128", DM_B_OTHER),
    ['f' - 'a'] = B("decimal32", DM_B_OTHER), ['h' - 'a'] = B("half", DM_B_FLOAT),
    ['i' - 'a'] = B("char32_t", DM_B_OTHER),  ['n' - 'a'] = B("decltype(nullptr)", DM_B_NULLPTR),
    ['s' - 'a'] = B("char16_t", DM_B_OTHER),  ['u' - 'a'] = B("char8_t", DM_B_OTHER),
};
#undef B

/* NULL when the letter is none. */
static struct dm_node *builtin(struct dm_state *st, const struct builtin table[26], int c)
{
    if (!dm_is_lower(c) || !table[c - 'a'].name) return NULL;
    const struct builtin *b = &table[c - 'a'];
    struct dm_node *n = pp_dm_text(st, DM_BUILTIN, b->name, b->n);
    n->num = b->num;
    return n;
}

/* --- qualifiers */

/* One qualifier, or NULL at anything else. */
static struct dm_node *read_qualifier(struct dm_state *st)
{
    uint32_t from = st->stack.n;
    struct dm_node *n;
    switch (dm_peek(st)) {
    case 'r': st->p++; return DM_TEXT(st, DM_QUALIFIER, "restrict");
    case 'V': st->p++; return DM_TEXT(st, DM_QUALIFIER, "volatile");
    case 'K': st->p++; return DM_TEXT(st, DM_QUALIFIER, "const");
    case 'D': break;
    default: return NULL;
    }
    switch (dm_peek2(st)) {
    case 'x': st->p += 2; return DM_TEXT(st, DM_QUALIFIER, "transaction_safe");
    case 'o': st->p += 2; return DM_TEXT(st, DM_QUALIFIER, "noexcept");
    case 'O': /* noexcept(<expr>) */
        st->p += 2;
        n = pp_dm_read_expr(st);
        dm_expect(st, 'E');
        n = DM_NODE(st, DM_QUALIFIER, n);
        n->text = "noexcept";
        n->n_text = 8;
        return n;
    case 'w': /* throw(<type>...) */
        st->p += 2;
        pp_dm_read_params(st, false);
        dm_expect(st, 'E');
        n = pp_dm_pop_node(st, DM_QUALIFIER, from);
        n->text = "throw";
        n->n_text = 5;
        return n;
    default: return NULL;
    }
}

/* Written in the reverse of their order: "VK" is "const volatile". */
struct dm_node *pp_dm_read_qualifiers(struct dm_state *st)
{
    uint32_t from = st->stack.n;
    for (struct dm_node *q; !st->failed && (q = read_qualifier(st)) != NULL;)
        pp_dm_push(st, &st->stack, q);
    if (st->stack.n <= from || st->failed) return NULL;
    for (uint32_t i = from, j = st->stack.n - 1; i < j; i++, j--) {
        struct dm_node *t = st->stack.p[i];
        st->stack.p[i] = st->stack.p[j];
        st->stack.p[j] = t;
    }
    return DM_NODE(st, DM_QUALIFIERS, pp_dm_pop_node(st, DM_LIST, from));
}

int32_t pp_dm_read_ref_qualifier(struct dm_state *st) { return dm_accept(st, 'R') ? 1 : dm_accept(st, 'O') ? 2 : 0; }

/* --- functions */

static bool at_params_end(const struct dm_state *st)
{
    int c = dm_peek(st);
    if (st->p == st->end || c == 'E' || c == '.' || c == 'Q') return true;
    return (c == 'R' || c == 'O') && dm_peek2(st) == 'E'; /* a ref-qualifier */
}

/* <type>+; a single void is no parameter. */
void pp_dm_read_params(struct dm_state *st, bool this_param)
{
    uint32_t from = st->stack.n;
    while (!at_params_end(st)) {
        struct dm_node *type = pp_dm_read_type(st, false);
        if (this_param && st->stack.n == from) type = DM_NODE(st, DM_THIS_PARAM, type);
        pp_dm_push(st, &st->stack, type);
    }
    if (st->failed || st->stack.n == from) {
        dm_fail(st);
        return;
    }
    const struct dm_node *first = st->stack.p[from];
    if (st->stack.n == from + 1 && first->kind == DM_BUILTIN && first->num == DM_B_VOID) st->stack.n = from;
}

/* [J] [<return type>] <type>+ */
struct dm_node *pp_dm_read_bare_function(struct dm_state *st, bool has_return, bool this_param)
{
    if (dm_accept(st, 'J')) has_return = true;
    uint32_t from = st->stack.n;
    struct dm_node *ret = has_return ? pp_dm_read_type(st, false) : NULL;
    pp_dm_push(st, &st->stack, ret);
    pp_dm_read_params(st, this_param);
    if (st->failed) return st->dummy;
    return pp_dm_pop_node(st, DM_FUNCTION, from);
}

/* F [Y] <bare-function-type> [<ref-qualifier>] E; Y is C linkage, not shown */
static struct dm_node *read_function_type(struct dm_state *st)
{
    st->p++;
    dm_accept(st, 'Y');
    struct dm_node *n = pp_dm_read_bare_function(st, true, false);
    int32_t ref = pp_dm_read_ref_qualifier(st);
    if (ref) {
        n = DM_NODE(st, DM_METHOD_QUAL, n, NULL);
        n->num = ref;
    }
    dm_expect(st, 'E');
    return n;
}

/* --- compound types */

/* A [<number> | <expr>] _ <type>; qualifiers of the element are the array's. */
static struct dm_node *read_array(struct dm_state *st, bool is_cast)
{
    st->p++;
    struct dm_node *dim;
    if (dm_peek(st) == '_' || dm_is_digit(dm_peek(st))) {
        const char *from = st->p;
        while (dm_is_digit(dm_peek(st)))
            st->p++;
        dim = pp_dm_text(st, DM_NAME, from, (size_t)(st->p - from));
    } else {
        dim = pp_dm_read_expr(st);
    }
    dm_expect(st, '_');
    struct dm_node *t = pp_dm_read_type(st, is_cast);
    if (t->kind != DM_TYPE_QUAL) return DM_NODE(st, DM_ARRAY, dim, t);
    struct dm_node *plain = DM_NODE(st, DM_ARRAY, dim, t->kid[0]);
    return DM_NODE(st, DM_TYPE_QUAL, plain, t->kid[1]);
}

static struct dm_node *number_name(struct dm_state *st, int32_t v)
{
    char *text = dm_alloc(st->pool, 16);
    if (!text) return dm_fail(st);
    return pp_dm_text(st, DM_NAME, text, pp_fmt(text, 16, "%d", v));
}

/* Dv <number> _ <type> | Dv _ <expr> _ <type> */
static struct dm_node *read_vector(struct dm_state *st, bool is_cast)
{
    struct dm_node *dim = dm_accept(st, '_') ? pp_dm_read_expr(st) : number_name(st, pp_dm_read_number(st));
    dm_expect(st, '_');
    struct dm_node *t = pp_dm_read_type(st, is_cast);
    return DM_NODE(st, DM_VECTOR, dim, t);
}

/* M <class type> <member type> */
static struct dm_node *read_ptrmem(struct dm_state *st, bool is_cast)
{
    st->p++;
    struct dm_node *owner = pp_dm_read_type(st, false);
    struct dm_node *member = pp_dm_read_type(st, is_cast);
    return DM_NODE(st, DM_PTRMEM, owner, member);
}

/* DF <bits> _ (a _Float<bits>) | DF [<digits>] <type> [<digits>] (n | s) (fixed point) */
static struct dm_node *read_fixed(struct dm_state *st, bool is_cast)
{
    bool accum = dm_is_digit(dm_peek(st));
    int32_t bits = accum ? pp_dm_read_number(st) : 0;
    if (dm_peek(st) == '_') {
        if (!bits) return dm_fail(st);
        st->p++;
        return pp_dm_number(st, DM_BINARY_FP, bits);
    }
    struct dm_node *n = pp_dm_read_type(st, is_cast);
    if (dm_is_digit(dm_peek(st))) pp_dm_read_number(st);
    bool sat = dm_peek(st) == 's';
    if (st->p < st->end) st->p++;
    n = DM_NODE(st, DM_FIXED, n);
    n->num = (accum ? DM_FIXED_ACCUM : 0) | (sat ? DM_FIXED_SAT : 0);
    return n;
}

/* DB | DU, (<number> | <expr>) _ */
static struct dm_node *read_bitint(struct dm_state *st, bool is_signed)
{
    struct dm_node *size = dm_is_digit(dm_peek(st)) ? number_name(st, pp_dm_read_number(st)) : pp_dm_read_expr(st);
    dm_expect(st, '_');
    struct dm_node *n = DM_NODE(st, DM_BITINT, size);
    n->num = is_signed;
    return n;
}

static struct dm_node *suffixed(struct dm_state *st, pp_str suffix)
{
    struct dm_node *n = DM_NODE(st, DM_SUFFIX, pp_dm_read_name(st).node);
    n->text = suffix.p;
    n->n_text = (uint32_t)suffix.n;
    return n;
}

static struct dm_node *read_d_type(struct dm_state *st, bool is_cast, bool *add)
{
    st->p++;
    int c = dm_peek(st);
    if (!c) return dm_fail(st);
    st->p++;
    struct dm_node *n = builtin(st, after_d, c);
    *add = false;
    if (n) return n;
    switch (c) {
    case 'T':
    case 't':
        *add = true;
        n = pp_dm_read_expr(st);
        dm_expect(st, 'E');
        return DM_NODE(st, DM_DECLTYPE, n);
    case 'p': *add = true; return pp_dm_pack_expansion(st, pp_dm_read_type(st, is_cast));
    case 'v': *add = true; return read_vector(st, is_cast);
    case 'a': return DM_TEXT(st, DM_NAME, "auto");
    case 'c': return DM_TEXT(st, DM_NAME, "decltype(auto)");
    case 'F': return read_fixed(st, is_cast);
    case 'B':
    case 'U': return read_bitint(st, c == 'B');
    case 'k': return suffixed(st, PP_STR("auto"));
    case 'K': return suffixed(st, PP_STR("decltype(auto)"));
    default: return dm_fail(st);
    }
}

/* u <source-name> [I <type> E] */
static struct dm_node *read_vendor_builtin(struct dm_state *st)
{
    st->p++;
    struct dm_node *name = pp_dm_read_source_name(st);
    if (!dm_accept(st, 'I')) return name;
    struct dm_node *base = pp_dm_read_type(st, false);
    dm_expect(st, 'E');
    struct dm_node *n = DM_NODE(st, DM_TRANSFORMED, base);
    n->text = name->text;
    n->n_text = name->n_text;
    return n;
}

/* U <source-name> [<template-args>] <type> */
static struct dm_node *read_vendor_qualified(struct dm_state *st, bool is_cast)
{
    st->p++;
    struct dm_node *q = pp_dm_read_source_name(st);
    if (dm_peek(st) == 'I') q = pp_dm_read_template(st, q);
    struct dm_node *t = pp_dm_read_type(st, is_cast);
    return DM_NODE(st, DM_VENDOR_QUAL, q, t);
}

/* After a template parameter in the type of a conversion operator, I...E may be arguments of that parameter (a template
 * template parameter) or of the operator itself. They are the parameter's only if other arguments follow at once. So
 * read them on trial, and go back if they weren't. */
static struct dm_node *read_cast_args(struct dm_state *st, struct dm_node *param, bool add)
{
    struct dm_state before = *st;
    struct dm_node *n = pp_dm_read_template(st, param);
    if (!st->failed && dm_peek(st) == 'I') {
        if (add) pp_dm_push(st, &st->subs, param);
        return n;
    }
    size_t steps = st->steps;
    uint32_t ops = st->ops;
    if (steps > DM_STEPS_MAX) return dm_fail(st);
    *st = before;
    st->steps = steps;
    st->ops = ops;
    return param;
}

/* Ts Tu Te <name>: elaborated; else a template parameter, perhaps with arguments */
static struct dm_node *read_t_type(struct dm_state *st, bool is_cast)
{
    int c = dm_peek2(st);
    if (c == 's' || c == 'u' || c == 'e') {
        st->p += 2;
        struct dm_node *n = DM_NODE(st, DM_ELABORATED, pp_dm_read_name(st).node);
        n->text = c == 's' ? "struct" : c == 'u' ? "union" : "enum";
        n->n_text = c == 's' ? 6 : c == 'u' ? 5 : 4;
        return n;
    }
    struct dm_node *param = pp_dm_read_template_param(st);
    if (dm_peek(st) != 'I') return param;
    if (is_cast) return read_cast_args(st, param, true);
    pp_dm_push(st, &st->subs, param);
    return pp_dm_read_template(st, param);
}

static struct dm_node *read_s_type(struct dm_state *st, bool is_cast, bool *add)
{
    int c = dm_peek2(st);
    if (!dm_is_digit(c) && c != '_' && !dm_is_upper(c)) {
        struct dm_node *n = pp_dm_read_name(st).node;
        *add = !(n->flags & DM_IS_STANDARD);
        return n;
    }
    struct dm_node *n = pp_dm_read_substitution(st, false);
    if (n->kind == DM_MODULE_NAME) {
        n = pp_dm_read_unqualified(st, n).node;
        pp_dm_push(st, &st->subs, n);
    }
    if (dm_peek(st) != 'I') {
        *add = false;
        return n;
    }
    if (n->kind != DM_TPARAM || !is_cast) return pp_dm_read_template(st, n);
    struct dm_node *with_args = read_cast_args(st, n, false);
    *add = with_args != n;
    return with_args;
}

static struct dm_node *read_one_below(struct dm_state *st, enum dm_kind kind, bool is_cast)
{
    st->p++;
    struct dm_node *t = pp_dm_read_type(st, is_cast);
    return DM_NODE(st, kind, t);
}

/* A type without its qualifiers; *add: it is a candidate for substitutions. */
static struct dm_node *read_plain_type(struct dm_state *st, bool is_cast, bool *add)
{
    switch (dm_peek(st)) {
    case 'P': return read_one_below(st, DM_POINTER, is_cast);
    case 'R': return read_one_below(st, DM_REF, is_cast);
    case 'O': return read_one_below(st, DM_RREF, is_cast);
    case 'C': return read_one_below(st, DM_COMPLEX, is_cast);
    case 'G': return read_one_below(st, DM_IMAGINARY, is_cast);
    case 'S': return read_s_type(st, is_cast, add);
    case 'T': return read_t_type(st, is_cast);
    case 'D': return read_d_type(st, is_cast, add);
    case 'F': return read_function_type(st);
    case 'A': return read_array(st, is_cast);
    case 'M': return read_ptrmem(st, is_cast);
    case 'u': return read_vendor_builtin(st);
    case 'U':
        *add = false;
        if (dm_peek2(st) == 'l') return pp_dm_read_closure(st);
        if (dm_peek2(st) == 't') return pp_dm_read_unnamed(st);
        *add = true;
        return read_vendor_qualified(st, is_cast);
    case 'N':
    case 'W':
    case 'Z': return pp_dm_read_name(st).node;
    default: return dm_is_digit(dm_peek(st)) ? pp_dm_read_name(st).node : dm_fail(st);
    }
}

static struct dm_node *qualify(struct dm_state *st, struct dm_node *n, struct dm_node *q)
{
    if (n->kind == DM_FUNCTION) return DM_NODE(st, DM_METHOD_QUAL, n, q);
    if (n->kind == DM_METHOD_QUAL) { /* a function type with a ref-qualifier */
        n->kid[1] = pp_dm_merge_qualifiers(st, q, n->kid[1]);
        n->flags |= n->kid[1]->flags & DM_INHERITED;
        return n;
    }
    if (n->kind == DM_TYPE_QUAL) { /* arrays of arrays */
        q = pp_dm_merge_qualifiers(st, q, n->kid[1]);
        n = n->kid[0];
    }
    return DM_NODE(st, DM_TYPE_QUAL, n, q);
}

/* <type>; is_cast: of a conversion operator */
struct dm_node *pp_dm_read_type(struct dm_state *st, bool is_cast)
{
    if (!dm_enter(st)) return dm_leave(st, dm_fail(st));
    struct dm_node *q = pp_dm_read_qualifiers(st);
    struct dm_node *n = builtin(st, one_letter, dm_peek(st));
    if (n) {
        st->p++;
        if (q) {
            n = DM_NODE(st, DM_TYPE_QUAL, n, q);
            pp_dm_push(st, &st->subs, n);
        }
        return dm_leave(st, n);
    }
    /* The qualifiers of a function type are those of `this`: the type without them is no candidate. */
    bool add = true, method = q && dm_peek(st) == 'F';
    n = read_plain_type(st, is_cast, &add);
    if (st->failed) return dm_leave(st, st->dummy);
    if (add && !method) pp_dm_push(st, &st->subs, n);
    if (q) {
        n = qualify(st, n, q);
        pp_dm_push(st, &st->subs, n);
    }
    return dm_leave(st, n);
}
