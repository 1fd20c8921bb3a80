/* profile/name_match.h - a regular expression over the profile's texts, each tried once.
 */
#ifndef PP_PROFILE_NAME_MATCH_H
#define PP_PROFILE_NAME_MATCH_H

#include "profile/model.h"
#include "regex/regex.h"

struct pp_name_match {
    const struct pp_profile *p;
    const struct pp_regex *re;       /* NULL: nothing matches */
    pp_str (*simplify)(pp_str text); /* applied first; NULL: no */
    uint8_t *known;                  /* by string id: 0 not tried, else 1 + result; for the strings of now */
};

void pp_name_match_init(struct pp_name_match *m, struct pp_arena *a, const struct pp_profile *p,
                        const struct pp_regex *re, pp_str (*simplify)(pp_str));
bool pp_name_match_try(struct pp_name_match *m, pp_string_id id);

static inline bool pp_name_match(struct pp_name_match *m, pp_string_id id)
{
    if (!m->re) return false;
    return m->known[id] ? m->known[id] - 1 : pp_name_match_try(m, id);
}

/* A function: its name or its file. */
bool pp_name_match_function(struct pp_name_match *m, uint32_t function);

/* A location's mapping: its file. */
bool pp_name_match_mapping(struct pp_name_match *m, const struct pp_location *l);

/* A location: any of its functions, or its mapping. */
bool pp_name_match_location(struct pp_name_match *m, const struct pp_location *l);

#endif
