// SPDX-License-Identifier: Apache-2.0
#include "tool/symbolz.h"

#include "base/out.h"

/* The addresses without lines as "0x1+0x2"; empty: none. */
static enum pp_code query(struct pp_arena *a, const struct pp_profile *p, uint32_t mapping, int64_t offset,
                          pp_str *ret_query, struct pp_err *err)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    bool any = false;
    for (uint32_t i = 0; i < p->n_locations; i++) {
        const struct pp_location *l = &p->locations[i];
        uint64_t addr;
        if (l->mapping != mapping || !l->address || l->n_lines) continue;
        if (!pp_symbolz_move(l->address, offset, &addr))
            return pp_fail(err, PP_E_FORMAT, "cannot adjust address %llu by %lld, it would overflow (mapping %u)",
                           (unsigned long long)l->address, (long long)offset, mapping + 1);
        pp_out_fmt(&o, "%s0x%llx", any ? "+" : "", (unsigned long long)addr);
        any = true;
    }
    *ret_query = any ? pp_out_bytes(&o) : PP_STR("");
    return PP_OK;
}

static enum pp_code ask(struct pp_arena *a, struct pp_profile *p, uint32_t mapping, const struct pp_mapping_source *s,
                        const struct pp_http_options *o, size_t max_answer, struct pp_err *err)
{
    int64_t offset = (int64_t)(s->start - p->mappings[mapping].start);
    struct pp_url url = pp_url_symbolz(a, &s->url);
    struct pp_bytes bytes = {.max = max_answer};
    pp_str addresses;
    enum pp_code c = query(a, p, mapping, offset, &addresses, err);
    if (c || !addresses.n) return c;
    c = pp_http_post(a, &url, addresses, o, &bytes, err);
    if (c) {
        pp_str text = pp_url_text(a, &url);
        pp_within(err, "http post %.*s", PP_FMT(text));
    } else {
        c = pp_symbolz_apply(p, mapping, offset, (pp_str){bytes.p, bytes.n}, err);
    }
    pp_bytes_release(&bytes);
    return c;
}

/* Those by file come before those by build id. */
static const struct pp_mapping_source *find_source(const struct pp_profile *p, const struct pp_mapping *m,
                                                   const pp_mapping_sources *sources)
{
    const pp_string_id keys[] = {m->file, m->build_id};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < sources->n && (k == 0 || keys[k]); i++)
            if (pp_str_eq(sources->p[i].key, pp_profile_str(p, keys[k]))) return &sources->p[i];
    return NULL;
}

enum pp_code pp_symbolz(struct pp_profile *p, const pp_mapping_sources *sources, bool force,
                        const struct pp_http_options *o, size_t max_answer, struct pp_err *err)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, p->arena->oom);
    enum pp_code c = PP_OK;
    for (uint32_t i = 0; i < p->n_mappings && sources->n && !c; i++) {
        struct pp_mapping *m = &p->mappings[i];
        if (!force && m->has_functions) continue;
        const struct pp_mapping_source *s = find_source(p, m, sources);
        if (!s) continue;
        c = ask(&a, p, i, s, o, max_answer, err);
        m->has_functions |= !c;
    }
    pp_arena_release(&a);
    return c;
}
