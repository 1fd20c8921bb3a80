// SPDX-License-Identifier: Apache-2.0
/* The answer of a symbol server. */
#include "tool/annotate.h"
#include "tool/symbolz.h"

bool pp_symbolz_move(uint64_t addr, int64_t offset, uint64_t *ret_addr)
{
    uint64_t moved = addr + (uint64_t)offset;
    if (offset < 0 ? moved >= addr : moved < addr) return false;
    *ret_addr = moved;
    return true;
}

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }

/* The first `0xADDR white-space NAME` of a line that ends in a newline. White space may run into that newline: then NAME is empty. */
static bool split_line(pp_str line, pp_str *ret_addr, pp_str *ret_name)
{
    for (size_t i = 0; i + 3 < line.n; i++) {
        if (line.p[i] != '0' || line.p[i + 1] != 'x') continue;
        size_t end = i + 2;
        while (end < line.n && is_hex(line.p[end]))
            end++;
        if (end == i + 2 || end == line.n || !is_space(line.p[end])) continue;
        *ret_addr = pp_str_sub(line, i, end);
        while (end < line.n && is_space(line.p[end]))
            end++;
        pp_str rest;
        pp_str_cut(pp_str_from(line, end), '\n', ret_name, &rest);
        return true;
    }
    return false;
}

struct answer {
    struct pp_arena *a;
    struct pp_hash by_addr;
    PP_VEC(struct named {
        uint64_t addr;
        uint32_t function;
    })
    named; /* of equal addresses the newest counts */
};

static struct named *find_named(struct answer *w, uint64_t addr)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&w->by_addr, pp_hash_u64(addr)); pp_hash_next(&pr, &i);)
        if (w->named.p[i].addr == addr) return &w->named.p[i];
    return NULL;
}

static enum pp_code read_line(struct answer *w, struct pp_annotator *t, int64_t offset, pp_str line, struct pp_err *err)
{
    pp_str digits, name;
    uint64_t asked, addr;
    if (!split_line(line, &digits, &name)) return PP_OK;
    if (!pp_str_to_u64(pp_str_from(digits, 2), 16, &asked))
        return pp_fail(err, PP_E_FORMAT,
                       "unexpected parse failure %.*s: strconv.ParseUint: parsing \"%.*s\": value out of range",
                       PP_FMT(digits), PP_FMT(digits));
    if (!pp_symbolz_move(asked, (int64_t) - (uint64_t)offset, &addr))
        return pp_fail(err, PP_E_FORMAT, "cannot adjust symbolz address %llu by %lld, it would overflow",
                       (unsigned long long)asked, (long long)-(uint64_t)offset);
    struct pp_frame frame = {.name = name};
    uint32_t function = pp_annotator_function(t, &frame);
    struct named *known = find_named(w, addr);
    if (known) {
        known->function = function;
        return PP_OK;
    }
    pp_hash_add(w->a, &w->by_addr, pp_hash_u64(addr), (uint32_t)w->named.n);
    *PP_PUSH(w->a, &w->named) = (struct named){addr, function};
    return PP_OK;
}

enum pp_code pp_symbolz_apply(struct pp_profile *p, uint32_t mapping, int64_t offset, pp_str answer, struct pp_err *err)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, p->arena->oom);
    struct answer w = {.a = &a};
    struct pp_annotator t;
    pp_annotator_init(&t, &a, p);
    enum pp_code c = PP_OK;
    while (answer.n && !c) {
        size_t end = pp_str_find_byte(answer, '\n');
        if (end == PP_NOT_FOUND) break; /* Go reads whole lines only */
        c = read_line(&w, &t, offset, pp_str_sub(answer, 0, end + 1), err);
        answer = pp_str_from(answer, end + 1);
    }
    for (uint32_t i = 0; i < p->n_locations && !c; i++) {
        struct pp_location *l = &p->locations[i];
        const struct named *n = l->mapping == mapping ? find_named(&w, l->address) : NULL;
        if (n) pp_annotate_function(&t, l, n->function);
    }
    pp_arena_release(&a);
    return c;
}
