// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks/next.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>



struct object {
    const struct link_map *map;
    const uint32_t *gnu_hash;
    const ElfW(Sym) *symtab;
    const char *strtab;
    const uint16_t *versym;
};

/* The loader relocates these pointers for every object but the vdso: there `add` is its address. */
static bool object_open(const struct link_map *m, uintptr_t add, struct object *o)
{
    *o = (struct object){.map = m};
    if (!m->l_ld || (uintptr_t)m->l_ld < m->l_addr) return false;
    for (const ElfW(Dyn) *d = m->l_ld; d->d_tag != DT_NULL; d++) {
        const void *p = (const void *)(d->d_un.d_ptr + add);
        if (d->d_tag == DT_GNU_HASH) o->gnu_hash = p;
        if (d->d_tag == DT_SYMTAB) o->symtab = p;
        if (d->d_tag == DT_STRTAB) o->strtab = p;
        if (d->d_tag == DT_VERSYM) o->versym = p;
    }
    return o->gnu_hash && o->symtab && o->strtab && (uintptr_t)o->strtab > m->l_addr && (uintptr_t)o->symtab > m->l_addr;
}

static uint32_t gnu_hash(const char *name)
{
    uint32_t h = 5381;
    for (; *name; name++) h = h * 33 + (unsigned char)*name;
    return h;
}

static void *symbol_address(const struct object *o, const ElfW(Sym) *s)
{
    char *p = (char *)o->map->l_addr + s->st_value;
    if (ELF64_ST_TYPE(s->st_info) != STT_GNU_IFUNC) return p;
    return ((void *(*)(void))(void *)p)();
}

static bool is_default_definition(const struct object *o, uint32_t i)
{
    return o->symtab[i].st_shndx != SHN_UNDEF && !(o->versym && (o->versym[i] & 0x8000));
}

/* GNU hash section: nbuckets, symoffset, bloom size and shift, bloom words, buckets, chain of hashes (bit 0: last). */
static void *object_find(const struct object *o, const char *name, uint32_t hash)
{
    uint32_t n_buckets = o->gnu_hash[0], first = o->gnu_hash[1], n_bloom = o->gnu_hash[2];
    const uint32_t *buckets = o->gnu_hash + 4 + n_bloom * 2, *chain = buckets + n_buckets;
    if (!n_buckets) return NULL;
    uint32_t i = buckets[hash % n_buckets];
    if (i < first) return NULL;
    for (;; i++) {
        uint32_t h = chain[i - first];
        if ((h | 1) == (hash | 1) && is_default_definition(o, i) && strcmp(o->strtab + o->symtab[i].st_name, name) == 0)
            return symbol_address(o, &o->symtab[i]);
        if (h & 1) return NULL;
    }
}

static const struct link_map *last_at_start_up;

void pp_next_note_start_up(void)
{
    const struct link_map *m = _r_debug.r_map;
    while (m && m->l_next) m = m->l_next;
    last_at_start_up = m;
}

static bool is_cxx_library(const struct link_map *m)
{
    return m->l_name && (strstr(m->l_name, "/libstdc++.so") || strstr(m->l_name, "/libc++.so"));
}

/* lasting: behind the last object of start-up only C++ libraries count. */
static void *find(const struct link_map *m, const char *name, const void **ret_object, bool lasting)
{
    uint32_t hash = gnu_hash(name);
    bool late = false;
    for (; m; late = late || m == last_at_start_up, m = m->l_next) {
        struct object o;
        if (m->l_ld == _DYNAMIC || (late && lasting && !is_cxx_library(m)) || !object_open(m, 0, &o)) continue;
        void *p = object_find(&o, name, hash);
        if (!p) continue;
        if (ret_object) *ret_object = m;
        return p;
    }
    return NULL;
}

static const struct link_map *behind_us(void)
{
    const struct link_map *m = _r_debug.r_map;
    while (m && m->l_ld != _DYNAMIC) m = m->l_next;
    return m ? m->l_next : NULL;
}

void *pp_next_find(const char *name, const void **ret_object)
{
    return find(behind_us(), name, ret_object, false);
}

void *pp_next_find_lasting(const char *name, const void **ret_object)
{
    return find(behind_us(), name, ret_object, true);
}

void *pp_next_find_behind_companions(const char *name)
{
    const struct link_map *m = _r_debug.r_map, *behind = NULL;
    for (; m; m = m->l_next) {
        const char *slash = m->l_name ? strrchr(m->l_name, '/') : NULL;
        if (m->l_ld == _DYNAMIC || (slash && strncmp(slash, "/libpprof", 9) == 0)) behind = m->l_next;
    }
    return find(behind, name, NULL, false);
}

void *pp_next_find_in_vdso(const char *name)
{
    const struct link_map *m = _r_debug.r_map;
    while (m && !(m->l_name && strncmp(m->l_name, "linux-vdso", 10) == 0)) m = m->l_next;
    struct object o;
    return m && object_open(m, m->l_addr, &o) ? object_find(&o, name, gnu_hash(name)) : NULL;
}
