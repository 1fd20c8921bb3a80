// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

/* C++ declares inside out: in "int (*f)(char)" the name stands in the middle of its type. So whoever prints a declarator
 * (pointer, qualifier, array, function, the declared name) puts itself on `inner` and prints its base; a function or an
 * array somewhere below takes all of `inner` and prints it at the right place. What nobody took is printed behind the
 * base. Template arguments start with an empty `inner`. */

static uint32_t n_inner(const struct dm_printer *ps) { return ps->inner.n - ps->inner.base; }

static void push_inner(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_inner *in = &ps->inner;
    if (in->n == in->cap && !pp_dm_grow(ps->pool, (void **)&in->p, &in->cap, sizeof in->p[0])) {
        ps->failed = true;
        return;
    }
    in->p[in->n++] = n;
}

static void drop_inner(struct dm_printer *ps)
{
    if (n_inner(ps)) ps->inner.n--;
}

static void print_dimension(struct dm_printer *ps, const struct dm_node *n);
static void print_args(struct dm_printer *ps, struct dm_node *n);

static void print_method_qualifiers(struct dm_printer *ps, const struct dm_node *n)
{
    if (n->kid[1]) {
        dm_write_byte(ps, ' ');
        pp_dm_print(ps, n->kid[1]);
    }
    if (n->num) pp_dm_write(ps, n->num == 1 ? " &" : " &&", n->num == 1 ? 2 : 3);
}

/* What the node adds to a declaration. */
static void print_as_inner(struct dm_printer *ps, struct dm_node *n)
{
    switch (n->kind) {
    case DM_TYPED:
    case DM_TP_VALUE:
    case DM_TP_CONCEPT: pp_dm_print(ps, n->kid[0]); break;
    case DM_TYPE_QUAL:
        dm_write_byte(ps, ' ');
        pp_dm_print(ps, n->kid[1]);
        break;
    case DM_METHOD_QUAL: print_method_qualifiers(ps, n); break;
    case DM_POINTER: dm_write_byte(ps, '*'); break;
    case DM_REF: dm_write_byte(ps, '&'); break;
    case DM_RREF: DM_WRITE(ps, "&&"); break;
    case DM_COMPLEX: DM_WRITE(ps, " _Complex"); break;
    case DM_IMAGINARY: DM_WRITE(ps, " _Imaginary"); break;
    case DM_SUFFIX:
        dm_write_byte(ps, ' ');
        dm_write_str(ps, dm_text(n));
        break;
    case DM_VENDOR_QUAL:
        dm_write_byte(ps, ' ');
        pp_dm_print(ps, n->kid[0]);
        break;
    case DM_ARRAY: print_dimension(ps, n); break;
    case DM_FUNCTION: print_args(ps, n); break;
    case DM_PTRMEM:
        if (ps->last != '(') dm_write_byte(ps, ' ');
        pp_dm_print(ps, n->kid[0]);
        DM_WRITE(ps, "::*");
        break;
    case DM_VECTOR:
        DM_WRITE(ps, " __vector(");
        pp_dm_print(ps, n->kid[0]);
        dm_write_byte(ps, ')');
        break;
    case DM_TP_PACK:
        DM_WRITE(ps, "...");
        if (n->kid[0]->kind == DM_TP_VALUE) pp_dm_print(ps, n->kid[0]->kid[0]);
        break;
    default: pp_dm_print(ps, n);
    }
}

static struct dm_node *pop_inner(struct dm_printer *ps) { return ps->inner.p[--ps->inner.n]; }

static void print_one_inner(struct dm_printer *ps)
{
    if (n_inner(ps)) print_as_inner(ps, pop_inner(ps));
}

void pp_dm_print_all_inner(struct dm_printer *ps)
{
    while (n_inner(ps) && !ps->failed)
        print_as_inner(ps, pop_inner(ps));
}

/* As above, but the qualifiers of methods, which follow the parameters, go to *save. */
static void print_inner_prefixes(struct dm_printer *ps, struct dm_list *save)
{
    while (n_inner(ps) && !ps->failed) {
        struct dm_node *n = pop_inner(ps);
        if (n->kind != DM_METHOD_QUAL) {
            print_as_inner(ps, n);
            continue;
        }
        if (save->n == save->cap && !pp_dm_grow(ps->pool, (void **)&save->p, &save->cap, sizeof save->p[0])) {
            ps->failed = true;
            return;
        }
        save->p[save->n++] = n;
    }
}

/* --- declarators */

/* Base, then the node itself if the base has not printed it. */
static void print_around(struct dm_printer *ps, struct dm_node *n, struct dm_node *base)
{
    push_inner(ps, n);
    pp_dm_print(ps, base);
    if (!n_inner(ps)) return;
    print_as_inner(ps, n);
    drop_inner(ps);
}

/* The same for those that take whatever is innermost now. */
static void print_around_top(struct dm_printer *ps, struct dm_node *n, struct dm_node *base)
{
    push_inner(ps, n);
    pp_dm_print(ps, base);
    print_one_inner(ps);
}

/* A declared name: its own node is the innermost part of its type. */
void pp_dm_print_typed(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_inner outer = ps->inner;
    ps->inner.base = outer.n;
    push_inner(ps, n);
    pp_dm_print(ps, n->kid[1]);
    if (n_inner(ps)) {
        dm_write_byte(ps, ' ');
        pp_dm_print(ps, n->kid[0]);
    }
    ps->inner.base = outer.base;
    ps->inner.n = outer.n;
}

static void print_array(struct dm_printer *ps, struct dm_node *n)
{
    push_inner(ps, n);
    pp_dm_print(ps, n->kid[1]);
    if (!n_inner(ps)) return;
    drop_inner(ps);
    print_dimension(ps, n);
}

/* " [3]", around what is inside: " (*) [3]"; arrays of arrays as "[2][3]". */
static void print_dimension(struct dm_printer *ps, const struct dm_node *n)
{
    bool space = true;
    while (n_inner(ps) && !ps->failed) {
        struct dm_node *top = ps->inner.p[ps->inner.n - 1];
        if (top->kind == DM_ARRAY || (top->kind == DM_TYPE_QUAL && top->kid[0]->kind == DM_ARRAY)) {
            if (top->kind == DM_ARRAY) space = false;
            print_one_inner(ps);
        } else {
            dm_write_byte(ps, ' ');
            dm_open(ps, '(');
            pp_dm_print_all_inner(ps);
            dm_close(ps, ')');
        }
    }
    if (space) dm_write_byte(ps, ' ');
    dm_write_byte(ps, '[');
    pp_dm_print(ps, n->kid[0]);
    dm_write_byte(ps, ']');
}

static void print_function(struct dm_printer *ps, struct dm_node *n)
{
    if (n->kid[0] && !n->num) {
        push_inner(ps, n); /* a return type that is a function pointer wants us in its middle */
        pp_dm_print(ps, n->kid[0]);
        if (!n_inner(ps)) return;
        drop_inner(ps);
        dm_write_byte(ps, ' ');
    }
    print_args(ps, n);
}

/* Whether what is inside a function type needs parentheses, and a space before them. */
static bool inner_needs_parens(struct dm_printer *ps, bool *ret_space)
{
    *ret_space = false;
    for (uint32_t i = ps->inner.n; i > ps->inner.base; i--) {
        ps->steps++;
        switch (ps->inner.p[i - 1]->kind) {
        case DM_POINTER:
        case DM_REF:
        case DM_RREF: return true;
        case DM_TYPE_QUAL:
        case DM_COMPLEX:
        case DM_IMAGINARY:
        case DM_PTRMEM: *ret_space = true; return true;
        default: break;
        }
    }
    return false;
}

static void print_args(struct dm_printer *ps, struct dm_node *n)
{
    bool space, paren = inner_needs_parens(ps, &space);
    if (paren) {
        if (ps->last != '(' && ps->last != '*') space = true;
        if (space && ps->last != ' ') dm_write_byte(ps, ' ');
        dm_open(ps, '(');
    }
    struct dm_list save = {0};
    print_inner_prefixes(ps, &save);
    if (paren) dm_close(ps, ')');
    dm_open(ps, '(');
    if (!n->num || ps->enclosing_params) pp_dm_print_list(ps, n->kid + 1, n->n_kids - 1, true);
    dm_close(ps, ')');
    ps->inner.n = ps->inner.base;
    for (uint32_t i = 0; i < save.n; i++)
        push_inner(ps, save.p[i]);
    pp_dm_print_all_inner(ps);
}

static void print_qualifier(struct dm_printer *ps, const struct dm_node *n)
{
    dm_write_str(ps, dm_text(n));
    if (!n->n_kids) return;
    dm_open(ps, '(');
    bool first = true;
    for (uint32_t i = 0; i < n->n_kids && !ps->failed; i++) {
        if (n->kid[i]->kind == DM_EXPR_LIST && !n->kid[i]->n_kids) continue;
        if (!first) DM_WRITE(ps, ", ");
        pp_dm_print(ps, n->kid[i]);
        first = false;
    }
    dm_close(ps, ')');
}

static void print_qualifiers(struct dm_printer *ps, const struct dm_node *n)
{
    const struct dm_node *list = n->kid[0];
    for (uint32_t i = 0; i < list->n_kids && !ps->failed; i++) {
        if (i) dm_write_byte(ps, ' ');
        print_qualifier(ps, list->kid[i]);
    }
}

static void print_fixed(struct dm_printer *ps, const struct dm_node *n)
{
    const struct dm_node *base = n->kid[0];
    if (n->num & DM_FIXED_SAT) DM_WRITE(ps, "_Sat ");
    if (base->kind != DM_BUILTIN || base->num != DM_B_INT) {
        pp_dm_print(ps, n->kid[0]);
        dm_write_byte(ps, ' ');
    }
    dm_write_str(ps, n->num & DM_FIXED_ACCUM ? PP_STR("_Accum") : PP_STR("_Fract"));
}

/* The name of a parameter in front of it, as in "int $N". */
void pp_dm_print_named_param(struct dm_printer *ps, struct dm_node *n)
{
    push_inner(ps, n);
    pp_dm_print(ps, n->kid[1]);
    if (!n_inner(ps)) return;
    dm_write_byte(ps, ' ');
    pp_dm_print(ps, n->kid[0]);
    drop_inner(ps);
}

void pp_dm_print_param_pack(struct dm_printer *ps, struct dm_node *n)
{
    struct dm_inner outer = ps->inner;
    ps->inner.base = outer.n;
    push_inner(ps, n);
    struct dm_node *param = n->kid[0];
    pp_dm_print(ps, param->kind == DM_TP_VALUE ? param->kid[1] : param);
    if (n_inner(ps)) DM_WRITE(ps, "...");
    ps->inner.base = outer.base;
    ps->inner.n = outer.n;
}

static void print_wrapped(struct dm_printer *ps, pp_str before, struct dm_node *n)
{
    dm_write_str(ps, before);
    dm_open(ps, '(');
    pp_dm_print(ps, n);
    dm_close(ps, ')');
}

/* Types; false when it is none. */
bool pp_dm_print_type(struct dm_printer *ps, struct dm_node *n)
{
    switch (n->kind) {
    case DM_POINTER:
    case DM_REF:
    case DM_RREF:
    case DM_COMPLEX:
    case DM_IMAGINARY:
    case DM_SUFFIX:
    case DM_TYPE_QUAL:
    case DM_METHOD_QUAL: print_around(ps, n, n->kid[0]); return true;
    case DM_FUNCTION: print_function(ps, n); return true;
    case DM_ARRAY: print_array(ps, n); return true;
    case DM_PTRMEM:
    case DM_VENDOR_QUAL:
    case DM_VECTOR: print_around_top(ps, n, n->kid[1]); return true;
    case DM_QUALIFIERS: print_qualifiers(ps, n); return true;
    case DM_QUALIFIER: print_qualifier(ps, n); return true;
    case DM_TRANSFORMED: print_wrapped(ps, dm_text(n), n->kid[0]); return true;
    case DM_DECLTYPE: print_wrapped(ps, PP_STR("decltype "), n->kid[0]); return true;
    case DM_BITINT: print_wrapped(ps, n->num ? PP_STR("_BitInt") : PP_STR("unsigned _BitInt"), n->kid[0]); return true;
    case DM_FIXED: print_fixed(ps, n); return true;
    case DM_BINARY_FP: pp_dm_print_numbered(ps, PP_STR("_Float"), n->num, PP_STR("")); return true;
    case DM_ELABORATED:
        dm_write_str(ps, dm_text(n));
        dm_write_byte(ps, ' ');
        pp_dm_print_root(ps, n->kid[0]);
        return true;
    case DM_THIS_PARAM:
        DM_WRITE(ps, "this ");
        pp_dm_print(ps, n->kid[0]);
        return true;
    default: return false;
    }
}
