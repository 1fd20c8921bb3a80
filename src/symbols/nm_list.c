// SPDX-License-Identifier: Apache-2.0
#include "symbols/nm_list.h"

#include <stdlib.h>

#include "base/vec.h"
#include "symbols/symtab_walk.h"

/* The letter of a symbol in a section: b, d or r? */
static bool is_in_data(const struct pp_symtab_walk *w)
{
    const struct pp_section *s = w->section < w->o->n_sections ? &w->o->sections[w->section] : NULL;
    unsigned binding = GELF_ST_BIND(w->sym.st_info);
    if (!w->section || !s || (binding != STB_LOCAL && binding != STB_GLOBAL)) return false;
    return !(s->flags & SHF_EXECINSTR) && (s->type == SHT_NOBITS || s->flags & SHF_ALLOC);
}

static bool is_data(const struct pp_symtab_walk *w)
{
    unsigned type = GELF_ST_TYPE(w->sym.st_info);
    bool undefined = w->sym.st_shndx == SHN_UNDEF;
    if (GELF_ST_BIND(w->sym.st_info) == STB_WEAK) return !undefined || type == STT_OBJECT; /* V W v, but not w */
    return !undefined && type != STT_GNU_IFUNC && is_in_data(w);
}

static bool is_listed(const struct pp_symtab_walk *w)
{
    unsigned type = GELF_ST_TYPE(w->sym.st_info);
    if (type == STT_FILE || type == STT_SECTION || !w->name.n) return false;
    return !pp_symtab_walk_is_mapping_symbol(w) && pp_str_find_byte(w->name, ' ') == PP_NOT_FOUND;
}

static int by_address(const void *x, const void *y)
{
    const struct pp_nm_symbol *a = x, *b = y;
    if (a->is_defined != b->is_defined) return a->is_defined ? 1 : -1;
    if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
    int c = pp_str_cmp(a->name, b->name);
    return c ? c : (a->size > b->size) - (a->size < b->size);
}

enum pp_code pp_nm_list_read(struct pp_arena *a, const struct pp_object *o, struct pp_nm_list *ret_list,
                             struct pp_err *err)
{
    PP_VEC(struct pp_nm_symbol) list = {0};
    struct pp_symtab_walk w;
    enum pp_code c = pp_symtab_walk_init(&w, o, SHT_SYMTAB, err);
    if (c) return c;
    while (pp_symtab_walk_next(&w)) {
        if (!is_listed(&w)) continue;
        uint64_t section_addr = o->type == ET_REL && w.section < o->n_sections ? o->sections[w.section].addr : 0;
        *PP_PUSH(a, &list) = (struct pp_nm_symbol){.addr = w.sym.st_value + section_addr,
                                                   .size = w.sym.st_size,
                                                   .name = w.name,
                                                   .is_defined = w.sym.st_shndx != SHN_UNDEF,
                                                   .is_data = is_data(&w)};
    }
    if (list.n) qsort(list.p, list.n, sizeof *list.p, by_address);
    *ret_list = (struct pp_nm_list){list.p, list.n};
    return PP_OK;
}

/* The sums wrap as google/pprof's do: a program that is loaded below its addresses has a base near 2^64. */
pp_str pp_nm_list_find(const struct pp_nm_list *l, uint64_t base, uint64_t addr)
{
    const struct pp_nm_symbol *s = l->items;
    if (!l->n || addr < s[0].addr + base || addr >= s[l->n - 1].addr + base + s[l->n - 1].size) return PP_STR("");
    size_t low = 0, high = l->n;
    while (low + 1 < high) {
        size_t mid = (low + high) / 2;
        uint64_t at = s[mid].addr + base;
        if (addr >= at)
            low = mid;
        else
            high = mid;
        if (addr == at) break;
    }
    bool is_past = addr >= s[low].addr + base + s[low].size;
    return s[low].is_data && is_past ? PP_STR("") : s[low].name;
}
