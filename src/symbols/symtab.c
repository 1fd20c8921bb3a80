// SPDX-License-Identifier: Apache-2.0
#include "symbols/symtab.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "symbols/symtab_walk.h"

struct candidate {
    uint64_t addr, size;
    pp_str name, file;
    uint32_t section, order; /* order: position in the table */
    uint8_t binding, type;
};

typedef PP_VEC(struct candidate) candidates;

/* Defined in a section that is in memory at run time, and not a section or file symbol. */
static bool is_candidate(const struct pp_object *o, const GElf_Sym *sym, uint32_t section)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);
    if (type != STT_NOTYPE && type != STT_FUNC && type != STT_OBJECT && type != STT_GNU_IFUNC) return false;
    return section && section < o->n_sections && o->sections[section].flags & SHF_ALLOC;
}

static enum pp_code read_table(struct pp_arena *a, const struct pp_object *o, uint32_t type, candidates *ret_list,
                               struct pp_err *err)
{
    struct pp_symtab_walk w;
    enum pp_code c = pp_symtab_walk_init(&w, o, type, err);
    if (c) return c;
    pp_str file = {0};
    pp_vec_reserve(a, (void **)&ret_list->p, &ret_list->cap, w.n, PP_VEC_ELEMENT(ret_list));
    while (pp_symtab_walk_next(&w)) {
        if (GELF_ST_TYPE(w.sym.st_info) == STT_FILE) file = w.name;
        if (!is_candidate(o, &w.sym, w.section)) continue;
        if (!w.name.n || pp_symtab_walk_is_mapping_symbol(&w)) continue;
        bool is_local = GELF_ST_BIND(w.sym.st_info) == STB_LOCAL;
        *PP_PUSH(a, ret_list) = (struct candidate){.addr = w.sym.st_value,
                                                   .size = w.sym.st_size,
                                                   .name = w.name,
                                                   .file = is_local ? file : (pp_str){0},
                                                   .section = w.section,
                                                   .order = w.i,
                                                   .binding = GELF_ST_BIND(w.sym.st_info),
                                                   .type = GELF_ST_TYPE(w.sym.st_info)};
    }
    return PP_OK;
}

static int by_order(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;
    if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static unsigned underscores(pp_str name)
{
    unsigned n = 0;
    while (n < name.n && name.p[n] == '_')
        n++;
    bool mangled = n == 1 && name.n > 2 && (name.p[1] == 'Z' || name.p[1] == 'R');
    return mangled ? 0 : n;
}

static bool has_suffix_mark(pp_str name)
{
    return pp_str_find_byte(name, '@') != PP_NOT_FOUND || pp_str_find_byte(name, '.') != PP_NOT_FOUND;
}

/* Better ones later, so that both rules take the last of an address. */
static int by_beauty(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;
    if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
    if (a->size != b->size) return a->size < b->size ? -1 : 1;
    const int64_t keys[][2] = {
        {b->type == STT_NOTYPE, a->type == STT_NOTYPE},       {b->binding == STB_LOCAL, a->binding == STB_LOCAL},
        {underscores(b->name), underscores(a->name)},         {b->binding == STB_WEAK, a->binding == STB_WEAK},
        {has_suffix_mark(b->name), has_suffix_mark(a->name)}, {(int64_t)b->name.n, (int64_t)a->name.n},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1]) return keys[i][0] < keys[i][1] ? -1 : 1;
    return pp_str_cmp(b->name, a->name);
}

static size_t keep_last_of_address(struct candidate *c, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || c[i + 1].addr != c[i].addr) c[kept++] = c[i];
    return kept;
}

static uint64_t end_of(const struct pp_object *o, const struct candidate *c, uint64_t next)
{
    if (c->size) return c->addr > UINT64_MAX - c->size ? UINT64_MAX : c->addr + c->size;
    const struct pp_section *s = &o->sections[c->section];
    uint64_t end = c->addr + PP_SYMTAB_UNSIZED_MAX;
    uint64_t section_end = o->type == ET_REL ? s->size : s->addr + s->size;
    if (section_end < end) end = section_end;
    if (next < end) end = next;
    return end < c->addr ? c->addr : end;
}

typedef PP_VEC(struct pp_symtab_item) pieces;

/* Closes or goes back to enclosing symbols up to `addr`. */
static void emit_until(struct pp_arena *a, pieces *out, const struct pp_symtab_item *open, size_t *depth, uint64_t *at,
                       uint64_t addr)
{
    while (*depth) {
        const struct pp_symtab_item *top = &open[*depth - 1];
        uint64_t end = top->end < addr ? top->end : addr;
        if (end > *at) {
            *PP_PUSH(a, out) = (struct pp_symtab_item){*at, end, top->name, top->file};
            *at = end;
        }
        if (top->end > addr) return;
        --*depth;
    }
}

/* Nested symbols become pieces: behind an inner one the outer one goes on. Labels without size inside a sized symbol give way. */
static void cut_nested(struct pp_arena *a, const struct pp_object *o, const struct candidate *c, size_t n, pieces *out)
{
    struct pp_symtab_item *open = PP_NEW_N(a, struct pp_symtab_item, n);
    size_t depth = 0;
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        emit_until(a, out, open, &depth, &at, c[i].addr);
        if (depth && !c[i].size) continue;
        uint64_t end = end_of(o, &c[i], i + 1 < n ? c[i + 1].addr : UINT64_MAX);
        if (end <= c[i].addr) continue;
        while (depth && open[depth - 1].end <= end)
            depth--; /* reaches beyond what it started in */
        open[depth++] = (struct pp_symtab_item){c[i].addr, end, c[i].name, c[i].file};
        if (at < c[i].addr) at = c[i].addr;
    }
    emit_until(a, out, open, &depth, &at, UINT64_MAX);
}

/* llvm-symbolizer looks at the last symbol before an address only; without a size it reaches to the next, in whatever section. */
static void cut_at_next(struct pp_arena *a, const struct pp_object *o, const struct candidate *c, size_t n, pieces *out)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t next = i + 1 < n ? c[i + 1].addr : UINT64_MAX, end = end_of(o, &c[i], next);
        if (end > next || !c[i].size) end = next;
        if (end > c[i].addr) *PP_PUSH(a, out) = (struct pp_symtab_item){c[i].addr, end, c[i].name, c[i].file};
    }
}

/* The list in `scratch` becomes pieces there, which are copied to `a`. */
static void make_table(struct pp_arena *a, struct pp_arena *scratch, const struct pp_object *o, enum pp_alias alias,
                       candidates *list, struct pp_symtab *ret_symtab)
{
    pieces out = {0};
    if (list->n) qsort(list->p, list->n, sizeof *list->p, alias == PP_ALIAS_LLVM ? by_order : by_beauty);
    size_t n = keep_last_of_address(list->p, list->n);
    if (alias == PP_ALIAS_LLVM)
        cut_at_next(scratch, o, list->p, n, &out);
    else
        cut_nested(scratch, o, list->p, n, &out);
    struct pp_symtab_item *copy = PP_NEW_N(a, struct pp_symtab_item, out.n);
    if (out.n) memcpy(copy, out.p, out.n * sizeof *copy);
    *ret_symtab = (struct pp_symtab){copy, out.n};
}

enum pp_code pp_symtab_read(struct pp_arena *a, const struct pp_object *o, enum pp_alias alias,
                            struct pp_symtab *ret_symtab, struct pp_err *err)
{
    candidates list = {0};
    struct pp_arena scratch;
    pp_arena_init(&scratch, a->max_bytes, a->oom);
    enum pp_code c = read_table(&scratch, o, SHT_SYMTAB, &list, err);
    if (!c && !list.n) c = read_table(&scratch, o, SHT_DYNSYM, &list, err);
    if (!c) make_table(a, &scratch, o, alias, &list, ret_symtab);
    pp_arena_release(&scratch);
    return c;
}

const struct pp_symtab_item *pp_symtab_find(const struct pp_symtab *t, uint64_t addr)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->items[mid].addr <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low && addr < t->items[low - 1].end ? &t->items[low - 1] : NULL;
}
