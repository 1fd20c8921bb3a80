// SPDX-License-Identifier: Apache-2.0
#include "symbols/symtab_walk.h"

#include <errno.h>

static const struct pp_section *table_of_type(const struct pp_object *o, uint32_t type)
{
    for (uint32_t i = 1; i < o->n_sections; i++)
        if (o->sections[i].type == type) return &o->sections[i];
    return NULL;
}

static Elf_Data *extended_sections(const struct pp_object *o, uint32_t table)
{
    for (uint32_t i = 1; i < o->n_sections; i++)
        if (o->sections[i].type == SHT_SYMTAB_SHNDX && o->sections[i].link == table)
            return elf_getdata(elf_getscn(o->elf, i), NULL);
    return NULL;
}

enum pp_code pp_symtab_walk_init(struct pp_symtab_walk *ret_walk, const struct pp_object *o, uint32_t type,
                                 struct pp_err *err)
{
    struct pp_symtab_walk w = {.o = o};
    const struct pp_section *s = table_of_type(o, type);
    if (s && s->size) {
        errno = 0;
        w.data = elf_getdata(elf_getscn(o->elf, s->index), NULL);
        if (!w.data && errno == ENOMEM && o->arena->oom) o->arena->oom(s->size);
        if (!w.data)
            return pp_fail(err, PP_E_FORMAT, "%.*s: section %.*s: %s", PP_FMT(o->path), PP_FMT(s->name),
                           elf_errmsg(-1));
        size_t n = w.data->d_size / (o->address_size == 8 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
        w.n = n < INT32_MAX ? (uint32_t)n : INT32_MAX;
        w.wide = extended_sections(o, s->index);
        w.names = s->link;
    }
    *ret_walk = w;
    return PP_OK;
}

bool pp_symtab_walk_next(struct pp_symtab_walk *w)
{
    Elf32_Word wide = 0;
    if (w->i + 1 >= w->n || !gelf_getsymshndx(w->data, w->wide, (int)(w->i + 1), &w->sym, &wide)) return false;
    w->i++;
    uint32_t section = w->sym.st_shndx;
    w->section = section == SHN_XINDEX ? wide : section >= SHN_LORESERVE ? 0 : section;
    const char *name = elf_strptr(w->o->elf, w->names, w->sym.st_name);
    w->name = name ? pp_str_c(name) : PP_STR("");
    return true;
}

bool pp_symtab_walk_is_mapping_symbol(const struct pp_symtab_walk *w)
{
    bool arm = w->o->machine == EM_AARCH64 || w->o->machine == EM_ARM;
    if (!arm || w->name.n < 2 || w->name.p[0] != '$') return false;
    char c = w->name.p[1];
    return c == 'x' || c == 'd' || c == 'a' || c == 't';
}
