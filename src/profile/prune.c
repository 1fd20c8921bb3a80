// SPDX-License-Identifier: Apache-2.0
#include "profile/prune.h"

#include "profile/name_match.h"
#include "profile/rewrite.h"

pp_str pp_prune_simplify(pp_str name)
{
    const pp_str anonymous = PP_STR("(anonymous namespace)"), call = PP_STR("operator()");
    if (name.n && name.p[0] == '.') name = pp_str_from(name, 1);
    for (size_t i = 0; i < name.n;) {
        pp_str rest = pp_str_from(name, i);
        if (pp_str_has_prefix(rest, anonymous))
            i += anonymous.n;
        else if (pp_str_has_prefix(rest, call))
            i += call.n;
        else if (name.p[i] == '(')
            return pp_str_sub(name, 0, i);
        else
            i++;
    }
    return name;
}

/* What happens to a stack at a location; CUT_BELOW keeps the location's own (shortened) lines. */
enum cut { CUT_NOT = 0, CUT_BELOW, CUT_HERE };

struct prune {
    struct pp_profile *p;
    struct pp_name_match drop, keep;
};

static bool drops(struct prune *u, uint32_t function)
{
    if (function == PP_NONE || !u->p->functions[function].name) return false;
    pp_string_id name = u->p->functions[function].name;
    return pp_name_match(&u->drop, name) && !pp_name_match(&u->keep, name);
}

static enum cut cut_location(struct prune *u, struct pp_location *l)
{
    for (uint32_t k = l->n_lines; k-- > 0;) {
        if (!drops(u, u->p->lines[l->first_line + k].function)) continue;
        if (k == l->n_lines - 1) return CUT_HERE;
        l->first_line += k + 1;
        l->n_lines -= k + 1;
        return CUT_BELOW;
    }
    return CUT_NOT;
}

/* How many frames at the leaf go, given what each location says. */
static uint64_t pruned_frames(const uint8_t *cut, const uint32_t *stack, uint64_t n)
{
    bool found_user = false;
    for (uint64_t k = n; k-- > 0;) {
        uint8_t c = cut[stack[k]];
        if (c == CUT_NOT)
            found_user = true;
        else if (found_user)
            return c == CUT_HERE ? k + 1 : k;
    }
    return 0;
}

static void prune(struct pp_arena *scratch, struct prune *u)
{
    struct pp_profile *p = u->p;
    uint8_t *cut = PP_NEW_N(scratch, uint8_t, p->n_locations);
    bool any = false;
    for (uint32_t i = 0; i < p->n_locations; i++)
        any |= (cut[i] = (uint8_t)cut_location(u, &p->locations[i])) != CUT_NOT;
    if (!any) return;
    struct pp_rewrite w;
    pp_rewrite_begin(&w, p);
    for (uint32_t i = 0; i < w.n_old; i++) {
        uint64_t n;
        const uint32_t *stack = pp_rewrite_stack(&w, i, &n);
        uint64_t gone = pruned_frames(cut, stack, n);
        pp_rewrite_keep(&w, i, stack + gone, n - gone);
    }
    pp_rewrite_end(&w);
}

static enum pp_code compile(struct pp_arena *scratch, pp_str pattern, struct pp_regex **ret, struct pp_err *err)
{
    struct pp_err why;
    *ret = NULL;
    if (!pattern.n) return PP_OK;
    if (!pp_regex_compile(scratch, pp_arena_fmt(scratch, "^(%.*s)$", PP_FMT(pattern)), ret, &why)) return PP_OK;
    return pp_fail(err, PP_E_USAGE, "failed to compile regexp %.*s: %s", PP_FMT(pattern), why.text);
}

enum pp_code pp_prune_uninteresting(struct pp_arena *scratch, struct pp_profile *p, struct pp_err *err)
{
    struct pp_regex *drop = NULL, *keep = NULL;
    if (!p->drop_frames) return PP_OK;
    enum pp_code c = compile(scratch, pp_profile_str(p, p->drop_frames), &drop, err);
    if (!c) c = compile(scratch, pp_profile_str(p, p->keep_frames), &keep, err);
    if (!c) {
        struct prune u = {.p = p};
        pp_name_match_init(&u.drop, scratch, p, drop, pp_prune_simplify);
        pp_name_match_init(&u.keep, scratch, p, keep, pp_prune_simplify);
        prune(scratch, &u);
    }
    pp_regex_free(drop);
    pp_regex_free(keep);
    return c;
}
