// SPDX-License-Identifier: Apache-2.0
#include "profile/name_match.h"

void pp_name_match_init(struct pp_name_match *m, struct pp_arena *a, const struct pp_profile *p,
                        const struct pp_regex *re, pp_str (*simplify)(pp_str))
{
    *m = (struct pp_name_match){.p = p, .re = re, .simplify = simplify};
    if (re) m->known = PP_NEW_N(a, uint8_t, p->n_strings);
}

bool pp_name_match_try(struct pp_name_match *m, pp_string_id id)
{
    pp_str text = pp_profile_str(m->p, id);
    bool matches = pp_regex_match(m->re, m->simplify ? m->simplify(text) : text);
    m->known[id] = (uint8_t)(1 + matches);
    return matches;
}

bool pp_name_match_function(struct pp_name_match *m, uint32_t function)
{
    if (function == PP_NONE) return false;
    const struct pp_function *f = &m->p->functions[function];
    return pp_name_match(m, f->name) || pp_name_match(m, f->filename);
}

bool pp_name_match_mapping(struct pp_name_match *m, const struct pp_location *l)
{
    return l->mapping != PP_NONE && pp_name_match(m, m->p->mappings[l->mapping].file);
}

bool pp_name_match_location(struct pp_name_match *m, const struct pp_location *l)
{
    for (uint32_t k = 0; k < l->n_lines; k++)
        if (pp_name_match_function(m, m->p->lines[l->first_line + k].function)) return true;
    return pp_name_match_mapping(m, l);
}
