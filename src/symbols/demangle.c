// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle.h"

#include <string.h>

#include "symbols/demangle_ast.h"

#define STACK_POOL ((size_t)16 << 10)

/* What a mode asks of the reader. */
struct wish {
    bool params; /* of the function itself */
    bool clones; /* " [clone .cold]"; then the whole text must be understood, else what follows is ignored */
};

/* .part.0, .constprop.0.isra.0, .cold */
static struct dm_node *read_clone_suffix(struct dm_state *st, struct dm_node *n)
{
    const char *p = st->p + 2, *end = st->end;
    while (p < end && (dm_is_lower(*p) || dm_is_digit(*p) || *p == '_'))
        p++;
    while (end - p > 1 && p[0] == '.' && dm_is_digit(p[1])) {
        for (p += 2; p < end && dm_is_digit(*p);)
            p++;
    }
    pp_str suffix = {st->p, (size_t)(p - st->p)};
    st->p = p;
    n = DM_NODE(st, DM_CLONE, n);
    n->text = suffix.p;
    n->n_text = (uint32_t)suffix.n;
    return n;
}

/* What follows _Z. */
static struct dm_node *read_mangled(struct dm_state *st, struct wish wish)
{
    struct dm_node *n = pp_dm_read_encoding(st, wish.params, false);
    if (!wish.clones) return n;
    while (!st->failed && dm_peek(st) == '.') {
        int c = dm_peek2(st);
        if (!dm_is_lower(c) && !dm_is_digit(c) && c != '_') break;
        n = read_clone_suffix(st, n);
    }
    return st->p == st->end ? n : dm_fail(st);
}

/* ___Z<encoding>_block_invoke[_]<number>: clang's blocks */
static struct dm_node *read_block(struct dm_state *st, pp_str name, struct wish wish, struct dm_pool *pool)
{
    static const pp_str mark = {"_block_invoke", 13};
    size_t at = name.n;
    while (at > 0 && !pp_str_has_prefix(pp_str_from(name, at), mark))
        at--;
    if (at < 4) return dm_fail(st);
    pp_str after = pp_str_from(name, at + mark.n);
    size_t i = after.n && after.p[0] == '_';
    while (i < after.n && dm_is_digit(after.p[i]))
        i++;
    pp_dm_init(st, pp_str_sub(name, 4, at), pool);
    struct dm_node *n = read_mangled(st, wish);
    if (i < after.n && after.p[i] != '.') return dm_fail(st);
    return pp_dm_special(st, PP_STR("invocation function for block in "), n);
}

/* _GLOBAL_, one of "._$", I or D, _, and a name, mangled or not. The parameters are always shown. */
static struct dm_node *read_global(struct dm_state *st, pp_str name, enum pp_demangle_mode mode, struct dm_pool *pool)
{
    name = pp_str_from(name, 8);
    if (name.n < 4 || !memchr("._$", name.p[0], 3) || (name.p[1] != 'I' && name.p[1] != 'D') || name.p[2] != '_')
        return dm_fail(st);
    pp_str prefix = name.p[1] == 'I' ? PP_STR("global constructors keyed to ") : PP_STR("global destructors keyed to ");
    if (!pp_str_has_prefix(pp_str_from(name, 3), PP_STR("_Z")))
        return pp_dm_special(st, prefix, pp_dm_text(st, DM_NAME, name.p, name.n));
    pp_dm_init(st, pp_str_from(name, 5), pool);
    struct wish wish = {.params = true, .clones = mode != PP_DEMANGLE_FULL};
    return pp_dm_special(st, prefix, read_mangled(st, wish));
}

static struct dm_node *read_cxx(struct dm_state *st, pp_str name, enum pp_demangle_mode mode, struct dm_pool *pool)
{
    struct wish wish = {.params = mode == PP_DEMANGLE_FULL};
    pp_dm_init(st, pp_str_from(name, 2), pool);
    if (pp_str_has_prefix(name, PP_STR("_Z"))) return read_mangled(st, wish);
    if (pp_str_has_prefix(name, PP_STR("___Z"))) return read_block(st, name, wish, pool);
    if (pp_str_has_prefix(name, PP_STR("_GLOBAL_"))) return read_global(st, name, mode, pool);
    return dm_fail(st);
}

static bool demangle_cxx(struct dm_pool *pool, pp_str name, enum pp_demangle_mode mode, pp_str *ret)
{
    struct dm_state st;
    struct dm_node *n = read_cxx(&st, name, mode, pool);
    if (st.failed) return false;
    struct dm_printer ps = {.pool = pool,
                            .template_args = mode != PP_DEMANGLE_DEFAULT,
                            .enclosing_params = mode == PP_DEMANGLE_FULL,
                            .scopes = 1};
    pp_dm_print_root(&ps, n);
    *ret = (pp_str){ps.buf, ps.n};
    return !ps.failed;
}

static bool demangle(struct dm_pool *pool, pp_str name, enum pp_demangle_mode mode, pp_str *ret)
{
    if (pp_str_has_prefix(name, PP_STR("_R"))) return pp_dm_rust_v0(pool, name, mode != PP_DEMANGLE_DEFAULT, ret);
    if (pp_str_has_prefix(name, PP_STR("_ZN")) && pp_dm_rust_legacy(pool, name, ret)) return true;
    return demangle_cxx(pool, name, mode, ret);
}

bool pp_demangle(struct pp_arena *a, pp_str mangled, enum pp_demangle_mode mode, pp_str *ret)
{
    if (mode == PP_DEMANGLE_NONE || mangled.n < 3 || mangled.n > DM_SIZE_MAX || mangled.p[0] != '_') return false;
    _Alignas(16) char block[STACK_POOL];
    struct dm_pool pool = {.p = block, .end = block + sizeof block, .arena = {.oom = a->oom}};
    pool.dummy = dm_alloc(&pool, sizeof *pool.dummy);
    pp_str text;
    bool ok = demangle(&pool, mangled, mode, &text) && !pp_str_eq(text, mangled);
    if (ok) *ret = pp_arena_dup(a, text);
    if (pool.arena.chunk) pp_arena_release(&pool.arena);
    return ok;
}

/* --- names that are C++ text already */

static bool looks_like_cxx(pp_str name)
{
    if (pp_str_contains(name, PP_STR(".<"))) return false;  /* Java: Class.<init> */
    if (pp_str_contains(name, PP_STR("])."))) return false; /* Go: pkg.(*T[...]).Method */
    for (size_t i = 0; i < name.n; i++) {
        if (memchr("<>[]", name.p[i], 4)) return true;
    }
    return pp_str_contains(name, PP_STR("::"));
}

/* Without what stands between the outermost pairs. At a closing one too many the rest stays as it is. */
static pp_str without_pairs(struct pp_arena *a, pp_str s, char open, char close)
{
    if (pp_str_find_byte(s, open) == PP_NOT_FOUND) return s;
    char *to = pp_alloc(a, s.n + 1, 1);
    if (!to) return s;
    size_t n = 0, kept = 0, nesting = 0; /* kept: where the text begins that has not been copied yet */
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == open && nesting++ == 0) {
            memcpy(to + n, s.p + kept, i - kept);
            n += i - kept;
            kept = i;
        } else if (s.p[i] == close) {
            if (!nesting) break;
            if (--nesting == 0) kept = i + 1;
        }
    }
    memcpy(to + n, s.p + kept, s.n - kept);
    return (pp_str){to, n + s.n - kept};
}

pp_str pp_demangle_function(struct pp_arena *a, pp_str name, enum pp_demangle_mode mode)
{
    pp_str ret;
    if (mode == PP_DEMANGLE_NONE) return name;
    if (pp_demangle(a, name, mode, &ret)) return ret;
    if (pp_str_has_prefix(name, PP_STR("_")) && pp_demangle(a, pp_str_from(name, 1), mode, &ret)) return ret;
    if (mode == PP_DEMANGLE_FULL || !looks_like_cxx(name)) return name;
    name = without_pairs(a, name, '(', ')');
    return mode == PP_DEMANGLE_DEFAULT ? without_pairs(a, name, '<', '>') : name;
}
