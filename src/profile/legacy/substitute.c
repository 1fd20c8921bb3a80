// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/substitute.h"

#define GROWTH 64
#define SPARE ((uint64_t)1 << 20)

void pp_substitute_init(struct pp_substitute *s, struct pp_arena *a, size_t input_bytes)
{
    *s = (struct pp_substitute){.limit = GROWTH * (uint64_t)input_bytes + SPARE};
    s->budget = s->limit;
    pp_arena_init(&s->arena, 0, a->oom);
    pp_out_to_memory(&s->out, &s->arena);
    *PP_PUSH(&s->arena, &s->nodes) = (struct pp_substitute_node){0};
}

void pp_substitute_release(struct pp_substitute *s) { pp_arena_release(&s->arena); }

static uint64_t child_hash(uint32_t parent, unsigned char byte) { return pp_hash_u64((uint64_t)parent << 8 | byte); }

/* 0: none. */
static uint32_t child(const struct pp_substitute *s, uint32_t parent, unsigned char byte)
{
    uint32_t i;
    for (struct pp_probe pr = pp_hash_probe(&s->children, child_hash(parent, byte)); pp_hash_next(&pr, &i);)
        if (s->nodes.p[i].parent == parent && s->nodes.p[i].byte == byte) return i;
    return 0;
}

void pp_substitute_add(struct pp_substitute *s, pp_str name, pp_str value)
{
    uint32_t node = 0;
    for (size_t k = 0; k < name.n; k++) {
        unsigned char byte = (unsigned char)name.p[k];
        uint32_t next = child(s, node, byte);
        if (!next) {
            next = (uint32_t)s->nodes.n;
            *PP_PUSH(&s->arena, &s->nodes) = (struct pp_substitute_node){.parent = node, .byte = byte};
            pp_hash_add(&s->arena, &s->children, child_hash(node, byte), next);
        }
        node = next;
    }
    if (s->nodes.p[node].name) return;
    *PP_PUSH(&s->arena, &s->values) = pp_arena_dup(&s->arena, value);
    s->nodes.p[node].name = (uint32_t)s->values.n;
}

/* The first given of all names that `text` begins with: its number + 1 and its length. 0: none. */
static uint32_t find_name(const struct pp_substitute *s, pp_str text, size_t *ret_n, size_t *ret_steps)
{
    uint32_t node = 0, best = s->nodes.p[0].name;
    size_t k = 0;
    *ret_n = 0;
    while (k < text.n && (node = child(s, node, (unsigned char)text.p[k])) != 0) {
        k++;
        uint32_t name = s->nodes.p[node].name;
        if (!name || (best && best < name)) continue;
        best = name;
        *ret_n = k;
    }
    *ret_steps = k + 1;
    return best;
}

enum pp_code pp_substitute_apply(struct pp_substitute *s, pp_str text, pp_str *ret_text, struct pp_err *err)
{
    bool changed = false;
    s->out.n = 0;
    for (size_t from = 0, at; s->values.n; text = pp_str_from(text, from)) {
        size_t n, cost = 0;
        if ((at = pp_str_find_byte(text, '$')) == PP_NOT_FOUND) break;
        uint32_t name = find_name(s, pp_str_from(text, at + 1), &n, &cost);
        pp_str value = name ? s->values.p[name - 1] : PP_STR("$");
        cost += at + value.n;
        if (cost > s->budget)
            return pp_fail(err, PP_E_LIMIT, "$name substitution makes more than %llu bytes",
                           (unsigned long long)s->limit);
        s->budget -= cost;
        pp_out_str(&s->out, pp_str_sub(text, 0, at));
        pp_out_str(&s->out, value);
        changed = true;
        from = at + 1 + n;
    }
    if (changed) {
        pp_out_str(&s->out, text);
        text = pp_out_bytes(&s->out);
    }
    *ret_text = text;
    return PP_OK;
}
