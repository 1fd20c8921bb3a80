/* symbols/demangle_ast.h - the syntax tree of a mangled C++ name, and the state of reading one (internal to demangle*.c).
 *
 * A node is a kind, a number, a text and its kids. Which kid is what stands beside each kind below; "?" may be NULL,
 * "..." is any number, {..} is a DM_LIST. Substitutions (S_, S0_, ...) share nodes, so the tree is a directed graph
 * without cycles through kids.
 *
 * Copying follows Go's rules, because they show in the result: an operation visits each node once (later
 * occurrences stay as they are), changed kids make a new parent, and identical nodes are known by their address.
 * `flags` tell what a subtree contains, so that operations skip subtrees they can't change (nearly all of them).
 *
 * Errors stick: after dm_fail() the input is at its end, every reader returns a dummy node and loops stop. So readers
 * need not check what they got from each other, only not loop on input alone.
 */
#ifndef PP_SYMBOLS_DEMANGLE_AST_H
#define PP_SYMBOLS_DEMANGLE_AST_H

#include "symbols/demangle.h"

enum dm_kind {
    DM_NAME,          /* text */
    DM_BUILTIN,       /* text; num = enum dm_builtin */
    DM_TYPED,         /* name, type */
    DM_QUALIFIED,     /* scope, name; num = it is a <local-name> */
    DM_TEMPLATE,      /* name, args... */
    DM_TPARAM,        /* num = index; ref = the argument, NULL while unknown (cast operators) */
    DM_LAMBDA_AUTO,   /* num = index */
    DM_DECLARED_ARG,  /* template parameter declaration, argument */
    DM_QUALIFIERS,    /* {qualifier...}: a list of its own, so that merging can replace it in place */
    DM_QUALIFIER,     /* exprs...; text */
    DM_LIST,          /* kids... */
    DM_TYPE_QUAL,     /* type, qualifiers */
    DM_METHOD_QUAL,   /* method, qualifiers?; num = 0, 1 (&) or 2 (&&) */
    DM_POINTER,       /* type */
    DM_REF,           /* type */
    DM_RREF,          /* type */
    DM_COMPLEX,       /* type */
    DM_IMAGINARY,     /* type */
    DM_SUFFIX,        /* type; text */
    DM_TRANSFORMED,   /* type; text */
    DM_VENDOR_QUAL,   /* qualifier, type */
    DM_ARRAY,         /* dimension, element */
    DM_FUNCTION,      /* return?, args...; num = of the function that a local name lies in */
    DM_FUNC_PARAM,    /* num */
    DM_PTRMEM,        /* class, member */
    DM_FIXED,         /* type; num = DM_FIXED_ACCUM | DM_FIXED_SAT */
    DM_BINARY_FP,     /* num = bits */
    DM_BITINT,        /* size; num = signed */
    DM_VECTOR,        /* dimension, type */
    DM_ELABORATED,    /* type; text */
    DM_DECLTYPE,      /* expr */
    DM_OPERATOR,      /* text */
    DM_CTOR,          /* name, base? (never shown) */
    DM_DTOR,          /* name */
    DM_TAGGED,        /* name, tag */
    DM_PACK_EXPAND,   /* base; ref = the pack or NULL */
    DM_ARG_PACK,      /* args... */
    DM_SIZEOF_PACK,   /* ref = the pack */
    DM_SIZEOF_ARGS,   /* args... */
    DM_TP_NAME,       /* text, num */
    DM_TP_TYPE,       /* name */
    DM_TP_VALUE,      /* name, type */
    DM_TP_TEMPLATE,   /* name, {params...}, constraint? */
    DM_TP_CONCEPT,    /* name, constraint */
    DM_TP_PACK,       /* param */
    DM_CAST,          /* type */
    DM_NULLARY,       /* op */
    DM_UNARY,         /* op, expr; num = DM_UNARY_* */
    DM_BINARY,        /* op, left, right */
    DM_TRINARY,       /* op, first, second, third */
    DM_FOLD,          /* op, arg, arg?; num = left */
    DM_SUBOBJECT,     /* type, expr; num = offset */
    DM_PTRMEM_CAST,   /* type, expr */
    DM_NEW,           /* op, place?, type, init? */
    DM_LITERAL,       /* type; text; num = negative */
    DM_STRING,        /* type */
    DM_LAMBDA_EXPR,   /* closure */
    DM_EXPR_LIST,     /* exprs... */
    DM_INIT_LIST,     /* type?, list */
    DM_DEFAULT_ARG,   /* name; num */
    DM_CLOSURE,       /* {template params}?, constraint?, {types}?, constraint?; num */
    DM_BINDINGS,      /* names... */
    DM_UNNAMED,       /* num */
    DM_CLONE,         /* name; text */
    DM_SPECIAL,       /* value; text = what stands before it */
    DM_CONSTRUCTION,  /* base, derived: a construction vtable */
    DM_ENABLE_IF,     /* name, args... */
    DM_MODULE_NAME,   /* parent?, name; num = partition */
    DM_MODULE_ENTITY, /* module, name */
    DM_FRIEND,        /* name */
    DM_CONSTRAINT,    /* name, expr */
    DM_REQUIRES,      /* {params}?, requirements... */
    DM_EXPR_REQ,      /* expr, type?; num = noexcept */
    DM_TYPE_REQ,      /* type */
    DM_NESTED_REQ,    /* expr */
    DM_THIS_PARAM,    /* type */
};

enum { DM_FIXED_ACCUM = 1, DM_FIXED_SAT = 2 };
enum { DM_UNARY_SUFFIX = 1, DM_UNARY_SIZEOF_TYPE = 2 };

/* What the printer must tell apart; any other builtin type is DM_B_OTHER. */
enum dm_builtin {
    DM_B_OTHER,
    DM_B_VOID,
    DM_B_BOOL,
    DM_B_INT,
    DM_B_UINT,
    DM_B_LONG,
    DM_B_ULONG,
    DM_B_LLONG,
    DM_B_ULLONG,
    DM_B_FLOAT, /* all that print their literals in brackets */
    DM_B_NULLPTR,
};

enum {
    DM_HAS_PARAM = 1,    /* a DM_TPARAM or DM_LAMBDA_AUTO */
    DM_HAS_PACK = 2,     /* a DM_ARG_PACK */
    DM_HAS_SIMPLE = 4,   /* something that dm_simplify may replace */
    DM_HAS_SIZEOF = 8,   /* a DM_SIZEOF_PACK, which every copy renews */
    DM_IS_STANDARD = 16, /* itself one of Sa, Ss, ...: no substitution candidate. Not inherited. */
    DM_INHERITED = DM_HAS_PARAM | DM_HAS_PACK | DM_HAS_SIMPLE | DM_HAS_SIZEOF,
};

struct dm_node {
    uint8_t kind, flags, printing; /* printing: times it is being printed right now */
    uint32_t mark;                 /* the last operation that visited it */
    uint32_t n_kids;
    uint32_t n_text;
    union {
        const char *text;
        struct dm_node *ref;
    };
    int32_t num;
    struct dm_node *kid[];
};

/* The arguments that T_, T0_, ... mean at one level. */
struct dm_scope {
    struct dm_node *const *args;
    uint32_t n;
    bool open; /* a cast operator's: the arguments follow later */
};

struct dm_list {
    struct dm_node **p;
    uint32_t n, cap;
};

/* Bump memory: first a block on the caller's stack, then an arena. */
struct dm_pool {
    char *p, *end;
    struct dm_node *dummy; /* what readers return after an error; kept here so that it needs no memory then */
    struct pp_arena arena;
};

struct dm_mark {
    struct dm_node *node;
    uint32_t old;
};

struct dm_state {
    const char *p, *end; /* what is still to be read */
    bool failed;
    bool constraint; /* inside a constraint: T_ stays text */
    unsigned depth;
    size_t steps;
    uint32_t lambda_level; /* scopes when the current lambda began, plus 1; 0: in none */
    int32_t n_tp_types, n_tp_values, n_tp_templates;
    struct dm_list subs;
    struct dm_list stack; /* kids read so far of the nodes being read */
    struct {
        struct dm_scope *p;
        uint32_t n, cap;
    } scopes;
    uint32_t ops, ops_running; /* numbers of copy and search operations; how many are nested */
    struct {
        struct dm_mark *p;
        uint32_t n, cap;
    } marks; /* marks that a nested operation has overwritten */
    struct dm_pool *pool;
    struct dm_node *dummy;
};

#define DM_DEPTH_MAX 1024      /* of readers */
#define DM_TREE_DEPTH_MAX 2048 /* of walks over the tree: substitutions make it deeper than the text */
#define DM_STEPS_MAX ((size_t)1 << 20)
#define DM_SIZE_MAX ((size_t)1 << 20)

/* --- memory and nodes (demangle_ast.c) */
void *pp_dm_pool_more(struct dm_pool *pool, size_t size);
static inline void *dm_alloc(struct dm_pool *pool, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (size > (size_t)(pool->end - pool->p)) return pp_dm_pool_more(pool, size);
    void *p = pool->p;
    pool->p += size;
    return p;
}
bool pp_dm_grow(struct dm_pool *pool, void **p, uint32_t *cap, size_t elem_size); /* doubles; false: out of memory */

void pp_dm_init(struct dm_state *st, pp_str text, struct dm_pool *pool);
struct dm_node *pp_dm_node(struct dm_state *st, enum dm_kind kind, struct dm_node *const *kids, uint32_t n);
struct dm_node *pp_dm_text(struct dm_state *st, enum dm_kind kind, const char *text, size_t n);
struct dm_node *pp_dm_number(struct dm_state *st, enum dm_kind kind, int32_t num);

#define DM_NODE(st, kind, ...)                                       \
    pp_dm_node((st), (kind), (struct dm_node *const[]){__VA_ARGS__}, \
               sizeof((struct dm_node *const[]){__VA_ARGS__}) / sizeof(struct dm_node *))
#define DM_TEXT(st, kind, lit) pp_dm_text((st), (kind), (lit), sizeof(lit) - 1)

void pp_dm_push(struct dm_state *st, struct dm_list *list, struct dm_node *node);
struct dm_node *pp_dm_pop_node(struct dm_state *st, enum dm_kind kind, uint32_t from); /* of stack[from..] */
void pp_dm_push_scope(struct dm_state *st, struct dm_scope scope);
static inline struct dm_scope dm_scope_of(const struct dm_node *tmpl)
{
    return (struct dm_scope){.args = tmpl->kid + 1, .n = tmpl->n_kids - 1};
}

static inline pp_str dm_text(const struct dm_node *n) { return (pp_str){n->text, n->n_text}; }

/* --- operations on trees (demangle_copy.c) */
struct dm_node *pp_dm_simplify(struct dm_state *st, struct dm_node *n);
struct dm_node *pp_dm_retarget(struct dm_state *st, struct dm_node *n); /* parameters of a substitution -> this scope */
void pp_dm_set_template(struct dm_state *st, struct dm_node *n,
                        const struct dm_node *tmpl);                             /* NULL: must have none open */
struct dm_node *pp_dm_pack_expansion(struct dm_state *st, struct dm_node *base); /* Dp <type>, sp <expr> */
struct dm_node *pp_dm_find_pack(struct dm_state *st, struct dm_node *n);         /* or NULL */
struct dm_node *pp_dm_merge_qualifiers(struct dm_state *st, struct dm_node *q, struct dm_node *more);

/* --- reading: each function reads the rule of the grammar that it is named after */
static inline int dm_peek(const struct dm_state *st) { return st->p < st->end ? (unsigned char)*st->p : 0; }
static inline int dm_peek2(const struct dm_state *st) { return st->end - st->p > 1 ? (unsigned char)st->p[1] : 0; }
static inline bool dm_at(const struct dm_state *st, char a, char b)
{
    return st->end - st->p > 1 && st->p[0] == a && st->p[1] == b;
}
static inline struct dm_node *dm_fail(struct dm_state *st)
{
    st->failed = true;
    st->p = st->end;
    return st->dummy;
}
static inline bool dm_accept(struct dm_state *st, char c)
{
    if (dm_peek(st) != c || st->p == st->end) return false;
    st->p++;
    return true;
}
static inline void dm_expect(struct dm_state *st, char c)
{
    if (!dm_accept(st, c)) dm_fail(st);
}
/* One unit of work; false (and failed) when the budget is spent. */
static inline bool dm_step(struct dm_state *st)
{
    if (++st->steps > DM_STEPS_MAX) dm_fail(st);
    return !st->failed;
}
/* Around each recursion of the readers. */
static inline bool dm_enter(struct dm_state *st)
{
    if (++st->depth > DM_DEPTH_MAX) dm_fail(st);
    return dm_step(st);
}
static inline struct dm_node *dm_leave(struct dm_state *st, struct dm_node *n)
{
    st->depth--;
    return n;
}

static inline bool dm_is_digit(int c) { return c >= '0' && c <= '9'; }
static inline bool dm_is_upper(int c) { return c >= 'A' && c <= 'Z'; }
static inline bool dm_is_lower(int c) { return c >= 'a' && c <= 'z'; }

struct dm_name {
    struct dm_node *node;
    bool is_cast;    /* a conversion operator, possibly with tags or a module around it */
    bool this_param; /* C++23: the first parameter is the object */
};

int32_t pp_dm_read_number(struct dm_state *st);
int32_t pp_dm_read_index(struct dm_state *st); /* "_" is 0, "<n>_" is n + 1 */
uint32_t pp_dm_read_seq_id(struct dm_state *st, bool at_end);
struct dm_node *pp_dm_read_encoding(struct dm_state *st, bool params, bool for_local);
struct dm_name pp_dm_read_name(struct dm_state *st);
struct dm_name pp_dm_read_unqualified(struct dm_state *st, struct dm_node *module);
struct dm_node *pp_dm_read_source_name(struct dm_state *st);
struct dm_node *pp_dm_read_discriminator(struct dm_state *st, struct dm_node *n);
struct dm_node *pp_dm_read_tags(struct dm_state *st, struct dm_node *n);
struct dm_node *pp_dm_read_module(struct dm_state *st, struct dm_node *parent); /* parent if there is none */
struct dm_node *pp_dm_read_substitution(struct dm_state *st, bool in_prefix);
struct dm_node *pp_dm_read_closure(struct dm_state *st);
struct dm_node *pp_dm_read_unnamed(struct dm_state *st);
struct dm_node *pp_dm_read_operator(struct dm_state *st, bool in_expr, int *ret_args);
struct dm_node *pp_dm_read_special(struct dm_state *st);
struct dm_node *pp_dm_special(struct dm_state *st, pp_str prefix, struct dm_node *value);

struct dm_node *pp_dm_read_type(struct dm_state *st, bool is_cast);
struct dm_node *pp_dm_read_qualifiers(struct dm_state *st); /* NULL: none */
int32_t pp_dm_read_ref_qualifier(struct dm_state *st);
void pp_dm_read_params(struct dm_state *st, bool this_param); /* pushes them */
struct dm_node *pp_dm_read_bare_function(struct dm_state *st, bool has_return, bool this_param);
struct dm_node *pp_dm_read_template_param(struct dm_state *st);
void pp_dm_read_template_args(struct dm_state *st);                             /* I <arg>... E, pushes them */
struct dm_node *pp_dm_read_template(struct dm_state *st, struct dm_node *name); /* name<args> */
struct dm_node *pp_dm_read_template_arg(struct dm_state *st,
                                        uint32_t n_prev); /* the last n_prev on the stack: earlier ones */
struct dm_node *pp_dm_read_param_decl(struct dm_state *st, struct dm_node **ret_value); /* NULL: there is none */

struct dm_node *pp_dm_read_expr(struct dm_state *st);
struct dm_node *pp_dm_read_constraint(struct dm_state *st); /* Q <expr> */
struct dm_node *pp_dm_read_literal(struct dm_state *st);    /* L ... E */

/* --- writing */
struct dm_inner {
    struct dm_node **p;
    uint32_t base, n, cap; /* base: outer ones are hidden from here */
};

struct dm_printer {
    char *buf;
    size_t n, cap;
    char last; /* byte written last; some numbers are not counted, as in Go */
    bool template_args, enclosing_params, failed;
    int scopes; /* open parentheses since the last '<': 0 means that '>' needs some */
    unsigned depth;
    size_t steps;
    struct dm_inner inner; /* declarators waiting for their place: C++ types are written inside out */
    struct dm_pool *pool;
};

void pp_dm_write(struct dm_printer *ps, const char *s, size_t n);
void pp_dm_write_number(struct dm_printer *ps, int64_t v); /* leaves `last` alone */
static inline void dm_write_byte(struct dm_printer *ps, char c)
{
    if (ps->n < ps->cap) {
        ps->buf[ps->n++] = c;
        ps->last = c;
    } else {
        pp_dm_write(ps, &c, 1);
    }
}
static inline void dm_write_str(struct dm_printer *ps, pp_str s) { pp_dm_write(ps, s.p, s.n); }
#define DM_WRITE(ps, lit) pp_dm_write((ps), (lit), sizeof(lit) - 1)
static inline void dm_open(struct dm_printer *ps, char c)
{
    ps->scopes++;
    dm_write_byte(ps, c);
}
static inline void dm_close(struct dm_printer *ps, char c)
{
    ps->scopes--;
    dm_write_byte(ps, c);
}

void pp_dm_print_root(struct dm_printer *ps, struct dm_node *n);
void pp_dm_print(struct dm_printer *ps, struct dm_node *n);
void pp_dm_print_list(struct dm_printer *ps, struct dm_node *const *p, uint32_t n, bool skip_empty);
void pp_dm_print_closure_types(struct dm_printer *ps, const struct dm_node *n);
void pp_dm_print_numbered(struct dm_printer *ps, pp_str before, int32_t num, pp_str after);
void pp_dm_print_typed(struct dm_printer *ps, struct dm_node *n);
void pp_dm_print_all_inner(struct dm_printer *ps);
void pp_dm_print_named_param(struct dm_printer *ps, struct dm_node *n);
void pp_dm_print_param_pack(struct dm_printer *ps, struct dm_node *n);
bool pp_dm_print_type(struct dm_printer *ps, struct dm_node *n); /* false: not a kind of type */
bool pp_dm_print_expr(struct dm_printer *ps, struct dm_node *n); /* false: not a kind of expression */

/* --- Rust; results lie in the pool */
bool pp_dm_punycode(struct dm_pool *pool, pp_str id, pp_str *ret);
bool pp_dm_rust_v0(struct dm_pool *pool, pp_str mangled, bool generic_args, pp_str *ret);
bool pp_dm_rust_legacy(struct dm_pool *pool, pp_str mangled, pp_str *ret);

#endif
