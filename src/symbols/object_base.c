// SPDX-License-Identifier: Apache-2.0
/* Where was it loaded? The rules are those of google/pprof (internal/elfexec, internal/binutils), texts included. */
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "symbols/object.h"

#define KERNEL_HALF ((uint64_t)1 << 63)
#define PAGE_SIZE 4096u

static bool is_aligned(uint64_t v) { return v % PAGE_SIZE == 0; }

/* Go: FindTextProgHeader. */
static const struct pp_segment *text_segment(const struct pp_object *o)
{
    for (uint32_t i = 1; i < o->n_sections; i++) {
        const struct pp_section *s = &o->sections[i];
        if (!pp_str_eq_c(s->name, ".text")) continue;
        for (uint32_t k = 0; k < o->n_segments; k++) {
            const struct pp_segment *p = &o->segments[k];
            if (p->type == PT_LOAD && (p->flags & PF_X) && s->addr >= p->vaddr && s->addr < p->vaddr + p->mem_size)
                return p;
        }
    }
    return NULL;
}

/* The value of the kernel's relocation symbol. Scanning all symbols is slow, so only where the mapping looks like a kernel's. */
static bool kernel_symbol(const struct pp_object *o, const struct pp_object_mapping *m, uint64_t *ret_value)
{
    if (!pp_str_contains(o->path, PP_STR("vmlinux")) && is_aligned(m->start) && is_aligned(m->limit) &&
        is_aligned(m->offset))
        return false;
    pp_str wanted = m->kernel_symbol.n ? m->kernel_symbol : PP_STR("_stext");
    for (uint32_t i = 1; i < o->n_sections; i++) {
        if (o->sections[i].type != SHT_SYMTAB) continue;
        Elf_Data *d = elf_getdata(elf_getscn(o->elf, i), NULL);
        GElf_Sym sym;
        for (int k = 1; d && gelf_getsym(d, k, &sym); k++) {
            if (!pp_str_eq(pp_str_c(elf_strptr(o->elf, o->sections[i].link, sym.st_name)), wanted)) continue;
            *ret_value = sym.st_value;
            return true;
        }
        return false;
    }
    return false;
}

/* Go: ProgramHeadersForMapping, for one header. */
static bool fits_mapping(const struct pp_segment *p, uint64_t offset, uint64_t size)
{
    if (p->type != PT_LOAD || !p->file_size) return false;
    uint64_t limit = offset + size, end = p->offset + p->mem_size;
    if (offset >= end || p->offset >= limit) return false;
    uint64_t in_page = p->vaddr & (p->align - 1), aligned = p->offset > in_page ? p->offset - in_page : 0;
    if (offset < aligned) return false;
    /* less than a page of the segment's tail, and more behind it: the mapping is another segment's */
    return !(offset > p->offset && end < offset + PAGE_SIZE && limit >= end + PAGE_SIZE);
}

/* Go: elfMapping.findProgramHeader. NULL without error: the file has no loadable segment, or no .text. */
static enum pp_code find_segment(const struct pp_object *o, const struct pp_object_mapping *m, bool kernel,
                                 uint64_t addr, const struct pp_segment **ret_segment, struct pp_err *err)
{
    if (kernel || m->start >= m->limit || m->limit >= KERNEL_HALF) {
        *ret_segment = text_segment(o);
        return PP_OK;
    }
    uint64_t at = addr - m->start + m->offset, size = m->limit - m->start;
    const struct pp_segment *only = NULL, *hit = NULL;
    size_t n_loads = 0, n_fit = 0, n_hits = 0;
    for (uint32_t i = 0; i < o->n_segments; i++) {
        const struct pp_segment *p = &o->segments[i];
        n_loads += p->type == PT_LOAD;
        if (!fits_mapping(p, m->offset, size)) continue;
        n_fit++;
        only = p;
        if (at < p->offset || at >= p->offset + p->mem_size) continue;
        n_hits++;
        hit = p;
    }
    if (n_loads && !n_fit) return pp_fail(err, PP_E_NOTFOUND, "no program header matches mapping info");
    if (n_fit > 1 && !n_hits)
        return pp_fail(err, PP_E_NOTFOUND, "no program header matches file offset %llx", (unsigned long long)at);
    if (n_fit > 1 && n_hits > 1)
        return pp_fail(
            err, PP_E_FORMAT,
            "found second program header that matches file offset %llx. Is this a stripped binary, or does the "
            "first program segment contain uninitialized data?",
            (unsigned long long)at);
    *ret_segment = n_fit > 1 ? hit : only;
    return PP_OK;
}

/* Go: kernelBase. stext is NULL when unknown. */
static bool kernel_base(const struct pp_segment *p, const uint64_t *stext, const struct pp_object_mapping *m,
                        uint64_t *ret_base)
{
    const uint64_t page_offset_ppc64 = 0xc000000000000000;
    if (p->vaddr == m->start - m->offset) {
        *ret_base = m->offset;
        return true;
    }
    if (m->start == 0 && m->limit != 0 && stext) {
        *ret_base = m->start - *stext;
        return true;
    }
    if (m->start >= KERNEL_HALF && m->limit > m->start &&
        (m->offset == 0 || m->offset == page_offset_ppc64 || m->offset == m->start)) {
        bool from_stext = stext && m->start % PAGE_SIZE == *stext % PAGE_SIZE;
        *ret_base = m->start - (from_stext ? *stext : p->vaddr);
        return true;
    }
    if (!is_aligned(m->start) && stext && *stext % PAGE_SIZE == m->start % PAGE_SIZE) {
        *ret_base = m->start - *stext;
        return true;
    }
    return false;
}

static const char *type_name(uint16_t type, char *buf, size_t cap)
{
    if (type == ET_NONE) return "ET_NONE";
    if (type == ET_CORE) return "ET_CORE";
    snprintf(buf, cap, "%u", type);
    return buf;
}

static enum pp_code fail_exec(const struct pp_segment *p, const struct pp_object_mapping *m, struct pp_err *err)
{
    char flags[32] = "";
    for (int i = 0; i < 3; i++)
        if (p->flags >> i & 1)
            snprintf(flags + strlen(flags), sizeof flags - strlen(flags), "%s%s", *flags ? "+" : "",
                     (const char *[]){"PF_X", "PF_W", "PF_R"}[i]);
    typedef unsigned long long ull;
    return pp_fail(err, PP_E_UNSUPPORTED,
                   "don't know how to handle EXEC segment: {PT_LOAD %s %llu %llu %llu %llu %llu %llu} start=0x%llx "
                   "limit=0x%llx offset=0x%llx",
                   *flags ? flags : "0x0", (ull)p->offset, (ull)p->vaddr, (ull)p->paddr, (ull)p->file_size,
                   (ull)p->mem_size, (ull)p->align, (ull)m->start, (ull)m->limit, (ull)m->offset);
}

enum pp_code pp_object_segment_base(const struct pp_object *o, const struct pp_segment *p, const uint64_t *stext,
                                    const struct pp_object_mapping *m, uint64_t *ret_base, struct pp_err *err)
{
    uint64_t base = 0;
    bool fake = m->start == 0 && m->offset == 0 && (m->limit == UINT64_MAX || m->limit == 0);
    if (fake) {
        *ret_base = 0; /* a mapping of everything: addresses are the file's already */
        return PP_OK;
    }
    uint64_t user_base = p ? m->start - m->offset + p->offset - p->vaddr : m->start - m->offset;
    char buf[8];
    switch (o->type) {
    case ET_EXEC:
        if (!p) break;
        if (!stext && m->start > 0 && m->start < KERNEL_HALF)
            base = user_base;
        else if (kernel_base(p, stext, m, &base))
            break;
        else if (m->start == 0 && m->limit != 0 && !stext)
            base = m->start - p->vaddr;
        else
            return fail_exec(p, m, err);
        break;
    case ET_REL:
        if (m->offset) return pp_fail(err, PP_E_UNSUPPORTED, "don't know how to handle mapping.Offset");
        base = m->start;
        break;
    case ET_DYN:
        if (!p || !kernel_base(p, stext, m, &base)) base = user_base;
        break;
    default:
        return pp_fail(err, PP_E_UNSUPPORTED, "don't know how to handle FileHeader.Type %s",
                       type_name(o->type, buf, sizeof buf));
    }
    *ret_base = base;
    return PP_OK;
}

enum pp_code pp_object_base(const struct pp_object *o, const struct pp_object_mapping *m, uint64_t addr,
                            uint64_t *ret_base, bool *ret_is_data, struct pp_err *err)
{
    typedef unsigned long long ull;
    if (m->start < m->limit && (addr < m->start || addr >= m->limit))
        return pp_fail(err, PP_E_USAGE,
                       "specified address %llx is outside the mapping range [%llx, %llx] for file \"%.*s\"", (ull)addr,
                       (ull)m->start, (ull)m->limit, PP_FMT(o->path));
    uint64_t stext, base;
    bool kernel = kernel_symbol(o, m, &stext);
    const struct pp_segment *p = NULL;
    enum pp_code c = find_segment(o, m, kernel, addr, &p, err);
    if (c && err)
        pp_within(err, "failed to find program header for file \"%.*s\", address %llx", PP_FMT(o->path), (ull)addr);
    if (c) return c;
    if ((c = pp_object_segment_base(o, p, kernel ? &stext : NULL, m, &base, err))) return c;
    *ret_base = base;
    *ret_is_data = p && !(p->flags & PF_X);
    return PP_OK;
}

enum pp_code pp_object_check_mapping(const struct pp_object *o, const struct pp_object_mapping *m, struct pp_err *err)
{
    uint64_t stext, base;
    bool kernel = kernel_symbol(o, m, &stext);
    enum pp_code c = pp_object_segment_base(o, text_segment(o), kernel ? &stext : NULL, m, &base, err);
    if (c && err) pp_within(err, "could not identify base for %.*s", PP_FMT(o->path));
    return c;
}
