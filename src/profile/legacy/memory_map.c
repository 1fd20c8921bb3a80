// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/memory_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "profile/legacy/rows.h"
#include "profile/legacy/substitute.h"
#include "regex/regex.h"

/* ---- lines ---- */

#define HEX_RANGE "\\s*(?:0x)?([[:xdigit:]]+)[\\s-]?\\s*(?:0x)?([[:xdigit:]]+):?"
#define PERMISSIONS "(?:\\s+([-rwxp]+))?"
#define FILE_NAME "(?:\\s+(\\S+))?"
#define NUMBER "(?:\\s+([[:xdigit:]]+))?"

static const char *const shapes[] = {
    "^" HEX_RANGE PERMISSIONS NUMBER "\\s+[[:xdigit:]]+:[[:xdigit:]]+\\s+[[:digit:]]+" FILE_NAME,
    "^" HEX_RANGE PERMISSIONS FILE_NAME "(?:\\s+\\(@([[:xdigit:]]+)\\))?" NUMBER,
};

enum { START = 1, LIMIT, PERM, OFFSET_OR_FILE, FILE_OR_OFFSET, BUILD_ID, GROUPS };

struct maps {
    struct pp_profile *p;
    struct pp_regex *full, *brief; /* RE2 matches them: they are ambiguous in more ways than one likes to write down */
    struct pp_substitute names;
    PP_VEC(struct pp_mapping) found;
};

static pp_str group(pp_str line, const struct pp_span *g)
{
    return g->from == PP_NOT_FOUND ? (pp_str){0} : pp_str_sub(line, g->from, g->to);
}

/* False: no such line. *ret_mapping then is untouched; *ret_skip: a part that holds no code. */
static bool read_mapping(struct maps *m, pp_str line, struct pp_mapping *ret_mapping, bool *ret_skip)
{
    struct pp_span g[GROUPS] = {0};
    pp_str offset, file, build_id = {0};
    uint64_t start, limit, at = 0;
    if (pp_regex_find(m->full, line, 0, g, BUILD_ID)) {
        offset = group(line, &g[OFFSET_OR_FILE]);
        file = group(line, &g[FILE_OR_OFFSET]);
    } else if (pp_regex_find(m->brief, line, 0, g, GROUPS)) {
        file = group(line, &g[OFFSET_OR_FILE]);
        offset = group(line, &g[FILE_OR_OFFSET]);
        build_id = group(line, &g[BUILD_ID]);
    } else {
        return false;
    }
    pp_str perm = group(line, &g[PERM]);
    *ret_skip = perm.n && pp_str_find_byte(perm, 'x') == PP_NOT_FOUND;
    if (*ret_skip) return true;
    if (!pp_str_to_u64(group(line, &g[START]), 16, &start) || !pp_str_to_u64(group(line, &g[LIMIT]), 16, &limit))
        return false;
    if (offset.n && !pp_str_to_u64(offset, 16, &at)) return false;
    *ret_mapping = (struct pp_mapping){.start = start,
                                       .limit = limit,
                                       .offset = at,
                                       .file = pp_profile_intern_copy(m->p, file),
                                       .build_id = pp_profile_intern_copy(m->p, build_id)};
    return true;
}

static enum pp_code read_line(struct maps *m, pp_str line, struct pp_err *err)
{
    struct pp_mapping mapping;
    bool skip;
    pp_str name, value;
    enum pp_code c = pp_substitute_apply(&m->names, pp_row_cut_log_prefix(line), &line, err);
    if (c) return pp_within(err, "memory map");
    if (read_mapping(m, line, &mapping, &skip)) {
        if (!skip) *PP_PUSH(m->p->arena, &m->found) = mapping;
    } else if (pp_str_cut(line, '=', &name, &value)) {
        pp_substitute_add(&m->names, pp_utf8_trim(name), pp_utf8_trim(value));
    }
    return PP_OK;
}

/* ---- order ---- */

/* Whether b goes on where a ends, in the same file. */
static bool is_adjacent(const struct pp_mapping *a, const struct pp_mapping *b)
{
    if (a->file && b->file && a->file != b->file) return false;
    if (a->build_id && b->build_id && a->build_id != b->build_id) return false;
    if (a->limit != b->start) return false;
    return !a->offset || !b->offset || a->offset + (a->limit - a->start) == b->offset;
}

static void join_adjacent(struct maps *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->found.n; i++) {
        const struct pp_mapping *next = &m->found.p[i];
        struct pp_mapping *last = n ? &m->found.p[n - 1] : NULL;
        if (!last || !is_adjacent(last, next)) {
            m->found.p[n++] = *next;
            continue;
        }
        last->limit = next->limit;
        if (next->file) last->file = next->file;
        if (next->build_id) last->build_id = next->build_id;
    }
    m->found.n = n;
}

/* [.]so$|[.]so[._][0-9]+ */
static bool is_library(pp_str file)
{
    const pp_str so = PP_STR(".so");
    for (size_t at; (at = pp_str_find(file, so)) != PP_NOT_FOUND; file = pp_str_from(file, at + so.n)) {
        pp_str rest = pp_str_from(file, at + so.n);
        if (!rest.n) return true;
        if (rest.n > 1 && (rest.p[0] == '.' || rest.p[0] == '_') && rest.p[1] >= '0' && rest.p[1] <= '9') return true;
    }
    return false;
}

static pp_str without_deleted(struct pp_arena *a, pp_str file)
{
    const pp_str deleted = PP_STR("(deleted)");
    size_t at = pp_str_find(file, deleted);
    if (at == PP_NOT_FOUND) return pp_utf8_trim(file);
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (; at != PP_NOT_FOUND; at = pp_str_find(file, deleted)) {
        pp_out_str(&o, pp_str_sub(file, 0, at));
        file = pp_str_from(file, at + deleted.n);
    }
    pp_out_str(&o, file);
    return pp_utf8_trim(pp_out_bytes(&o));
}

/* What looks like the program itself is swapped with the first one. */
static void put_program_first(struct maps *m)
{
    for (size_t i = 0; i < m->found.n; i++) {
        pp_str file = without_deleted(m->p->arena, pp_profile_str(m->p, m->found.p[i].file));
        if (!file.n || file.p[0] == '[' || is_library(file)) continue;
        struct pp_mapping program = m->found.p[i];
        m->found.p[i] = m->found.p[0];
        m->found.p[0] = program;
        return;
    }
}

/* Before locations are looked up: a first part on huge pages is left out, the start of a program at its usual address is put right. */
static void correct_first(struct pp_profile *p)
{
    const uint64_t usual_start = 0x400000;
    if (p->n_mappings > 1 && pp_str_has_prefix(pp_profile_str(p, p->mappings[0].file), PP_STR("/anon_hugepage")) &&
        p->mappings[0].limit == p->mappings[1].start) {
        p->mappings++;
        p->n_mappings--;
    }
    if (!p->n_mappings || p->mappings[0].start - p->mappings[0].offset != usual_start) return;
    p->mappings[0].start = usual_start;
    p->mappings[0].offset = 0;
}

enum pp_code pp_memory_map_read(struct pp_profile *p, struct pp_lines *l, struct pp_err *err)
{
    struct maps m = {.p = p};
    enum pp_code c = PP_OK;
    if (!l->rest.n) return PP_OK;
    if (pp_regex_compile(p->arena, pp_str_c(shapes[0]), &m.full, err)) return err->code;
    if (!(c = pp_regex_compile(p->arena, pp_str_c(shapes[1]), &m.brief, err))) {
        pp_substitute_init(&m.names, p->arena, l->rest.n);
        while (!c && pp_lines_next(l))
            c = read_line(&m, l->line, err);
        pp_substitute_release(&m.names);
    }
    pp_regex_free(m.brief);
    pp_regex_free(m.full);
    if (c) return c;
    if (l->too_long) return pp_lines_fail(err);
    join_adjacent(&m);
    put_program_first(&m);
    p->mappings = m.found.p;
    p->n_mappings = (uint32_t)m.found.n;
    return PP_OK;
}

/* ---- locations ---- */

struct place {
    uint64_t address;
    uint32_t location;
};

/* Intervals of addresses, each with a number. A tree over the sorted addresses of the locations: an interval is kept at the few nodes
 * that make it up, each address finds its intervals on the way from its leaf to the root. So many maps and many locations cost the
 * sum of both times a logarithm, not their product. */
struct cover {
    const struct place *at;
    uint32_t n;
    uint32_t *
        first; /* of 2n nodes: entry number + 1; the addresses are the leaves n..2n-1, node k has the children 2k and 2k+1 */
    PP_VEC(struct cover_entry) entries;
};

struct cover_entry {
    uint32_t mapping, next;
};

static int by_address(const void *x, const void *y)
{
    uint64_t a = ((const struct place *)x)->address, b = ((const struct place *)y)->address;
    return (a > b) - (a < b);
}

static uint32_t lower_bound(const struct cover *c, uint64_t address)
{
    uint32_t from = 0, to = c->n;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        if (c->at[mid].address < address)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Puts the mapping before all others there that have a higher number. */
static void cover_node(struct pp_arena *scratch, struct cover *c, size_t node, uint32_t mapping)
{
    uint32_t *to = &c->first[node];
    if (*to && c->entries.p[*to - 1].mapping < mapping) return;
    *PP_PUSH(scratch, &c->entries) = (struct cover_entry){mapping, *to};
    *to = (uint32_t)c->entries.n;
}

static void cover_add(struct pp_arena *scratch, struct cover *c, uint64_t start, uint64_t limit, uint32_t mapping)
{
    if (start >= limit) return;
    size_t l = (size_t)lower_bound(c, start) + c->n, r = (size_t)lower_bound(c, limit) + c->n;
    for (; l < r; l >>= 1, r >>= 1) {
        if (l & 1) cover_node(scratch, c, l++, mapping);
        if (r & 1) cover_node(scratch, c, --r, mapping);
    }
}

static struct cover cover_new(struct pp_arena *scratch, const struct place *at, uint32_t n)
{
    return (struct cover){.at = at, .n = n, .first = PP_NEW_N(scratch, uint32_t, 2ull * n + 1)};
}

struct assign {
    struct pp_arena *scratch;
    struct pp_profile *p;
    struct cover within; /* mappings: at each node the first one is enough */
    struct cover before; /* what would lie between a mapping's start and its file's, for those that have an offset */
    uint32_t rest;       /* mapping for all other addresses, or PP_NONE */
};

static uint32_t first_within(const struct cover *c, uint32_t rank)
{
    uint32_t found = PP_NONE;
    for (size_t k = (size_t)rank + c->n; k; k >>= 1)
        if (c->first[k] && c->entries.p[c->first[k] - 1].mapping < found) found = c->entries.p[c->first[k] - 1].mapping;
    return found;
}

/* Forgets on its way those whose offset was taken off. */
static uint32_t first_before(struct assign *s, uint32_t rank)
{
    struct cover *c = &s->before;
    uint32_t found = PP_NONE;
    for (size_t k = (size_t)rank + c->n; k; k >>= 1) {
        while (c->first[k] && !s->p->mappings[c->entries.p[c->first[k] - 1].mapping].offset)
            c->first[k] = c->entries.p[c->first[k] - 1].next;
        if (c->first[k] && c->entries.p[c->first[k] - 1].mapping < found) found = c->entries.p[c->first[k] - 1].mapping;
    }
    return found;
}

static uint32_t add_rest(struct assign *s)
{
    struct pp_profile *p = s->p;
    struct pp_mapping *all = PP_NEW_N(p->arena, struct pp_mapping, p->n_mappings + 1ull);
    if (p->n_mappings) memcpy(all, p->mappings, p->n_mappings * sizeof *all);
    all[p->n_mappings] = (struct pp_mapping){.limit = UINT64_MAX};
    p->mappings = all;
    return p->n_mappings++;
}

static uint32_t mapping_of(struct assign *s, uint32_t rank)
{
    uint32_t i = first_within(&s->within, rank);
    if (i != PP_NONE) return i;
    if (s->rest == PP_NONE && (i = first_before(s, rank)) != PP_NONE) {
        struct pp_mapping *m = &s->p->mappings[i];
        m->start -= m->offset;
        m->offset = 0;
        cover_add(s->scratch, &s->within, m->start, m->limit, i);
        return i;
    }
    if (s->rest == PP_NONE) s->rest = add_rest(s);
    return s->rest;
}

/* In the order of the locations: each may move the start of a mapping for the following ones. */
static void assign(struct pp_arena *scratch, struct pp_profile *p)
{
    struct assign s = {.scratch = scratch, .p = p, .rest = PP_NONE};
    struct place *places = PP_NEW_N(scratch, struct place, p->n_locations);
    uint32_t *rank = PP_NEW_N(scratch, uint32_t, p->n_locations), n = 0;
    for (uint32_t i = 0; i < p->n_locations; i++)
        if (p->locations[i].address) places[n++] = (struct place){p->locations[i].address, i};
    qsort(places, n, sizeof *places, by_address);
    for (uint32_t k = 0; k < n; k++)
        rank[places[k].location] = k;
    s.within = cover_new(scratch, places, n);
    s.before = cover_new(scratch, places, n);
    for (uint32_t i = p->n_mappings; i-- > 0;) { /* so that each node's list ascends */
        const struct pp_mapping *m = &p->mappings[i];
        cover_add(scratch, &s.within, m->start, m->limit, i);
        if (m->offset) cover_add(scratch, &s.before, m->start - m->offset, m->start, i);
    }
    for (uint32_t i = 0; i < p->n_locations; i++)
        if (p->locations[i].address) p->locations[i].mapping = mapping_of(&s, rank[i]);
}

void pp_memory_map_assign(struct pp_profile *p)
{
    struct pp_arena scratch;
    correct_first(p);
    pp_arena_init(&scratch, 0, p->arena->oom);
    assign(&scratch, p);
    pp_arena_release(&scratch);
    for (uint32_t i = 0; i < p->n_mappings; i++)
        p->mappings[i].id = i + 1ull;
}
