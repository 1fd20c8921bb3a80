// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle_ast.h"

/* Whole encodings: functions, data and special names. The grammar rules are those of the Itanium C++ ABI. */

/* [n] <decimal> */
int32_t pp_dm_read_number(struct dm_state *st)
{
    bool negative = dm_accept(st, 'n');
    if (!dm_is_digit(dm_peek(st))) {
        dm_fail(st);
        return 0;
    }
    int32_t v = 0;
    while (dm_is_digit(dm_peek(st))) {
        if (v >= INT32_MAX / 10 - 10) {
            dm_fail(st);
            return 0;
        }
        v = v * 10 + (*st->p++ - '0');
    }
    return negative ? -v : v;
}

int32_t pp_dm_read_index(struct dm_state *st)
{
    if (dm_accept(st, '_')) return 0;
    if (dm_peek(st) == 'n') dm_fail(st);
    int32_t v = pp_dm_read_number(st);
    dm_expect(st, '_');
    return v + 1;
}

/* <seq-id>: base 36 with a '_' behind it; "_" is 0, "0_" is 1. At the end of the text the '_' may be missing if at_end. */
uint32_t pp_dm_read_seq_id(struct dm_state *st, bool at_end)
{
    if (dm_accept(st, '_')) return 0;
    uint32_t id = 0;
    for (;;) {
        if (st->p == st->end) {
            if (!at_end) dm_fail(st);
            return id + 1;
        }
        int c = dm_peek(st);
        if (id >= 0x80000000u / 36 - 36 || (c != '_' && !dm_is_digit(c) && !dm_is_upper(c))) {
            dm_fail(st);
            return 0;
        }
        st->p++;
        if (c == '_') return id + 1;
        id = id * 36 + (uint32_t)(dm_is_digit(c) ? c - '0' : c - 'A' + 10);
    }
}

static struct dm_node *find_template(struct dm_node *n)
{
    for (;;) {
        switch (n->kind) {
        case DM_TEMPLATE: return n;
        case DM_QUALIFIED:
            if (!n->num && n->kid[1]->kind != DM_CTOR) return NULL;
            n = n->kid[1];
            break;
        case DM_METHOD_QUAL: n = n->kid[0]; break;
        case DM_CTOR:
            if (!n->kid[1]) return NULL;
            n = n->kid[1];
            break;
        default: return NULL;
        }
    }
}

static bool is_ctor_like(const struct dm_node *n)
{
    while (n->kind == DM_QUALIFIED)
        n = n->kid[1];
    return n->kind == DM_CTOR || n->kind == DM_DTOR || n->kind == DM_CAST;
}

/* Template functions have their return type in the mangled name; others haven't. */
static bool has_return_type(const struct dm_node *n)
{
    for (;;) {
        switch (n->kind) {
        case DM_QUALIFIED:
            if (!n->num) return false;
            n = n->kid[1];
            break;
        case DM_TEMPLATE: return !is_ctor_like(n->kid[0]);
        case DM_TYPE_QUAL:
        case DM_METHOD_QUAL: n = n->kid[0]; break;
        default: return false;
        }
    }
}

/* Where a local name keeps the cv-qualifiers that belong to the function around it; NULL: nowhere. */
static struct dm_node **local_method(struct dm_node *n)
{
    if (n->kind != DM_QUALIFIED || !n->num) return NULL;
    struct dm_node **at = &n->kid[1];
    if ((*at)->kind == DM_DEFAULT_ARG) at = &(*at)->kid[0];
    return (*at)->kind == DM_METHOD_QUAL ? at : NULL;
}

/* A name without its parameters also loses the qualifiers of `this`. */
static struct dm_node *without_params(struct dm_node *n)
{
    if (n->kind == DM_METHOD_QUAL) return n->kid[0];
    struct dm_node **at = local_method(n);
    if (at) *at = (*at)->kid[0];
    return n;
}

/* Moves the qualifiers of the method at *at onto its type. */
static struct dm_node *qualify_type(struct dm_node **at, struct dm_node *type)
{
    struct dm_node *m = *at;
    *at = m->kid[0];
    m->kid[0] = type;
    m->flags |= type->flags & DM_INHERITED;
    return m;
}

static bool read_enable_if(struct dm_state *st)
{
    static const char prefix[] = "Ua9enable_ifI"; /* all that clang emits */
    size_t n = sizeof prefix - 1;
    if ((size_t)(st->end - st->p) < n || __builtin_memcmp(st->p, prefix, n) != 0) return false;
    st->p += n - 1;
    pp_dm_read_template_args(st);
    return true;
}

static struct dm_node *read_function(struct dm_state *st, struct dm_node *name, bool for_local, bool this_param)
{
    struct dm_node *tmpl = find_template(name);
    uint32_t level = st->lambda_level, scopes = st->scopes.n, from = st->stack.n;
    if (tmpl) {
        pp_dm_push_scope(st, dm_scope_of(tmpl));
        st->lambda_level = 0;
    }
    pp_dm_push(st, &st->stack, NULL); /* what enable_if is about */
    bool enable_if = read_enable_if(st);
    struct dm_node *type = pp_dm_read_bare_function(st, has_return_type(name), this_param);
    struct dm_node *constraint = dm_peek(st) == 'Q' ? pp_dm_read_constraint(st) : NULL;
    if (tmpl) st->lambda_level = level;
    st->scopes.n = scopes;
    if (st->failed) return st->dummy;

    type = pp_dm_simplify(st, type);
    if (for_local && type->kind == DM_FUNCTION) type->num = 1;
    if (name->kind == DM_METHOD_QUAL) type = qualify_type(&name, type);
    struct dm_node **at = local_method(name);
    if (at) type = qualify_type(at, type);
    struct dm_node *r = DM_NODE(st, DM_TYPED, name, type);
    if (st->failed) return r;
    if (enable_if && st->stack.n > from + 1) {
        st->stack.p[from] = r;
        r = pp_dm_pop_node(st, DM_ENABLE_IF, from);
    }
    st->stack.n = from;
    return constraint ? DM_NODE(st, DM_CONSTRAINT, r, constraint) : r;
}

/* <encoding> ::= <function name> <bare-function-type> | <data name> | <special-name> */
struct dm_node *pp_dm_read_encoding(struct dm_state *st, bool params, bool for_local)
{
    if (!dm_enter(st)) return dm_leave(st, dm_fail(st));
    int c = dm_peek(st);
    if (c == 'G' || c == 'T') return dm_leave(st, pp_dm_read_special(st));
    struct dm_name name = pp_dm_read_name(st);
    if (st->failed) return dm_leave(st, st->dummy);
    struct dm_node *n = pp_dm_simplify(st, name.node);
    if (!params) {
        n = without_params(n);
    } else if (st->p != st->end && dm_peek(st) != 'E') {
        n = read_function(st, n, for_local, name.this_param);
    }
    return dm_leave(st, n);
}

/* --- <special-name> */

struct dm_node *pp_dm_special(struct dm_state *st, pp_str prefix, struct dm_node *value)
{
    struct dm_node *n = DM_NODE(st, DM_SPECIAL, value);
    n->text = prefix.p;
    n->n_text = (uint32_t)prefix.n;
    return n;
}
#define SPECIAL(st, prefix, value) pp_dm_special((st), PP_STR(prefix), (value))

/* h <number> _ | v <number> _ <number> _; `kind` when that letter has been read already. */
static void read_call_offset(struct dm_state *st, int kind)
{
    if (!kind) {
        kind = dm_peek(st);
        if (kind != 'h' && kind != 'v') {
            dm_fail(st);
            return;
        }
        st->p++;
    }
    pp_dm_read_number(st);
    if (kind == 'v') {
        dm_expect(st, '_');
        pp_dm_read_number(st);
    }
    dm_expect(st, '_');
}

/* TC <derived type> <number> _ <base type> */
static struct dm_node *read_construction(struct dm_state *st)
{
    struct dm_node *derived = pp_dm_read_type(st, false);
    if (pp_dm_read_number(st) < 0) dm_fail(st);
    dm_expect(st, '_');
    struct dm_node *base = pp_dm_read_type(st, false);
    return DM_NODE(st, DM_CONSTRUCTION, base, derived);
}

static struct dm_node *read_special_t(struct dm_state *st, int c)
{
    switch (c) {
    case 'V': return SPECIAL(st, "vtable for ", pp_dm_read_type(st, false));
    case 'T': return SPECIAL(st, "VTT for ", pp_dm_read_type(st, false));
    case 'I': return SPECIAL(st, "typeinfo for ", pp_dm_read_type(st, false));
    case 'S': return SPECIAL(st, "typeinfo name for ", pp_dm_read_type(st, false));
    case 'A': return SPECIAL(st, "template parameter object for ", pp_dm_read_template_arg(st, 0));
    case 'h':
        read_call_offset(st, 'h');
        return SPECIAL(st, "non-virtual thunk to ", pp_dm_read_encoding(st, true, false));
    case 'v': read_call_offset(st, 'v'); return SPECIAL(st, "virtual thunk to ", pp_dm_read_encoding(st, true, false));
    case 'c':
        read_call_offset(st, 0);
        read_call_offset(st, 0);
        return SPECIAL(st, "covariant return thunk to ", pp_dm_read_encoding(st, true, false));
    case 'C': return read_construction(st);
    case 'F': return SPECIAL(st, "typeinfo fn for ", pp_dm_read_type(st, false));
    case 'J': return SPECIAL(st, "java Class for ", pp_dm_read_type(st, false));
    case 'H': return SPECIAL(st, "TLS init function for ", pp_dm_read_name(st).node);
    case 'W': return SPECIAL(st, "TLS wrapper function for ", pp_dm_read_name(st).node);
    default: return dm_fail(st);
    }
}

/* Gr <number> _ <text>, where $S is '/', $_ is '.' and $$ is '$' (gcj) */
static struct dm_node *read_java_resource(struct dm_state *st)
{
    int32_t n = pp_dm_read_number(st);
    if (n <= 1) return dm_fail(st);
    dm_expect(st, '_');
    if (--n > st->end - st->p) return dm_fail(st);
    char *text = dm_alloc(st->pool, (size_t)n);
    if (!text) return dm_fail(st);
    size_t len = 0;
    for (const char *p = st->p, *end = p + n; p < end; p++) {
        char c = *p;
        if (c == '$') {
            if (++p == end) return dm_fail(st);
            c = *p == 'S' ? '/' : *p == '_' ? '.' : *p == '$' ? '$' : 0;
            if (!c) return dm_fail(st);
        }
        text[len++] = c;
    }
    st->p += n;
    return SPECIAL(st, "java resource ", pp_dm_text(st, DM_NAME, text, len));
}

static struct dm_node *read_transaction_clone(struct dm_state *st)
{
    if (st->p == st->end) return dm_fail(st);
    bool none = *st->p++ == 'n'; /* other letters: kinds of clones, all shown alike */
    return pp_dm_special(st, none ? PP_STR("non-transaction clone for ") : PP_STR("transaction clone for "),
                         pp_dm_read_encoding(st, true, false));
}

static struct dm_node *read_special_g(struct dm_state *st, int c)
{
    struct dm_node *n;
    switch (c) {
    case 'V': return SPECIAL(st, "guard variable for ", pp_dm_read_name(st).node);
    case 'R':
        n = pp_dm_read_name(st).node;
        pp_dm_read_seq_id(st, true);
        return SPECIAL(st, "reference temporary for ", n);
    case 'A': return SPECIAL(st, "hidden alias for ", pp_dm_read_encoding(st, true, false));
    case 'T': return read_transaction_clone(st);
    case 'r': return read_java_resource(st);
    case 'I': n = pp_dm_read_module(st, NULL); return n ? SPECIAL(st, "initializer for module ", n) : dm_fail(st);
    default: return dm_fail(st);
    }
}

struct dm_node *pp_dm_read_special(struct dm_state *st)
{
    bool is_t = *st->p++ == 'T';
    if (st->p == st->end) return dm_fail(st);
    int c = (unsigned char)*st->p++;
    return is_t ? read_special_t(st, c) : read_special_g(st, c);
}
