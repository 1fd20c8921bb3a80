// SPDX-License-Identifier: Apache-2.0
/* PLT slots: each jumps through a GOT entry, and the relocation of that entry names the function. */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "symbols/symtab.h"

struct got_entry {
    uint64_t addr;
    pp_str name;
};

struct plt {
    struct pp_arena *a;
    const struct pp_object *o;
    PP_VEC(struct got_entry) got; /* by addr */
    PP_VEC(pp_str) lazy;          /* by index in .rela.plt: what a lazy slot pushes */
    PP_VEC(struct pp_symtab_item) out;
};

static void read_relocations(struct plt *p, const struct pp_section *s)
{
    if (s->type != SHT_RELA || !(s->flags & SHF_ALLOC) || s->link >= p->o->n_sections) return;
    const struct pp_section *symbols = &p->o->sections[s->link];
    if (symbols->type != SHT_DYNSYM) return;
    Elf_Data *data = elf_getdata(elf_getscn(p->o->elf, s->index), NULL);
    Elf_Data *table = elf_getdata(elf_getscn(p->o->elf, symbols->index), NULL);
    bool lazy = pp_str_eq_c(s->name, ".rela.plt");
    GElf_Rela r;
    for (int i = 0; data && table && gelf_getrela(data, i, &r); i++) {
        GElf_Sym sym;
        size_t index = GELF_R_SYM(r.r_info);
        const char *name = NULL;
        if (index && index < INT32_MAX && gelf_getsym(table, (int)index, &sym))
            name = elf_strptr(p->o->elf, symbols->link, sym.st_name);
        if (lazy) *PP_PUSH(p->a, &p->lazy) = pp_str_c(name);
        if (name && *name) *PP_PUSH(p->a, &p->got) = (struct got_entry){r.r_offset, pp_str_c(name)};
    }
}

static int by_addr(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y; /* the first member of both kinds */
    return (a > b) - (a < b);
}

static pp_str got_name(const struct plt *p, uint64_t addr)
{
    struct got_entry key = {.addr = addr};
    const struct got_entry *e = p->got.n ? bsearch(&key, p->got.p, p->got.n, sizeof key, by_addr) : NULL;
    return e ? e->name : (pp_str){0};
}

static void add_slot(struct plt *p, uint64_t addr, uint64_t bytes, pp_str name)
{
    if (!name.n) return;
    *PP_PUSH(p->a, &p->out) =
        (struct pp_symtab_item){addr, addr + bytes, pp_arena_join(p->a, name, PP_STR("@plt")), {0}};
}

/* A slot of x86-64: [endbr64] [bnd] jmp *disp(%rip), or (lazy, with IBT) [endbr64] push index. */
static pp_str x86_slot_name(const struct plt *p, const unsigned char *code, size_t n, uint64_t addr)
{
    static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
    size_t at = n >= 4 && !memcmp(code, endbr64, 4) ? 4 : 0;
    uint32_t operand;
    if (at + 5 <= n && code[at] == 0x68) {
        memcpy(&operand, code + at + 1, 4);
        return operand < p->lazy.n ? p->lazy.p[operand] : (pp_str){0};
    }
    if (at < n && code[at] == 0xf2) at++;
    if (at + 6 > n || code[at] != 0xff || code[at + 1] != 0x25) return (pp_str){0};
    memcpy(&operand, code + at + 2, 4);
    return got_name(p, addr + at + 6 + (uint64_t)(int64_t)(int32_t)operand);
}

static void read_x86_plt(struct plt *p, const struct pp_section *s, pp_str code)
{
    size_t bytes = s->entry_size == 8 ? 8 : 16;
    for (size_t at = 0; at < code.n; at += bytes) {
        size_t n = code.n - at < bytes ? code.n - at : bytes;
        pp_str name = x86_slot_name(p, (const unsigned char *)code.p + at, n, s->addr + at);
        add_slot(p, s->addr + at, n, name);
    }
}

/* A slot of aarch64: [bti c] adrp x16, page; ldr x17, [x16, #offset]; add; br (16 bytes, or 24 with bti and padding). */
static void read_arm_plt(struct plt *p, const struct pp_section *s, pp_str code)
{
    for (size_t at = 0; at + 8 <= code.n; at += 4) {
        uint32_t adrp, ldr, before = 0;
        memcpy(&adrp, code.p + at, 4);
        memcpy(&ldr, code.p + at + 4, 4);
        if (at) memcpy(&before, code.p + at - 4, 4);
        if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211) continue;
        int64_t pages = (int64_t)(adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
        if (pages >> 20) pages -= (int64_t)1 << 21;
        uint64_t pc = s->addr + at, got = (pc & ~(uint64_t)4095) + (uint64_t)pages * 4096 + (ldr >> 10 & 0xfff) * 8;
        bool bti = before == 0xd503245f;
        add_slot(p, bti ? pc - 4 : pc, bti ? 24 : 16, got_name(p, got));
    }
}

enum pp_code pp_symtab_read_plt(struct pp_arena *a, const struct pp_object *o, struct pp_symtab *ret_symtab,
                                struct pp_err *err)
{
    static const char *const names[] = {".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt"};
    struct plt p = {.a = a, .o = o};
    bool x86 = o->machine == EM_X86_64, arm = o->machine == EM_AARCH64 && !o->big_endian;
    for (uint32_t i = 1; (x86 || arm) && i < o->n_sections; i++)
        read_relocations(&p, &o->sections[i]);
    if (p.got.n) qsort(p.got.p, p.got.n, sizeof *p.got.p, by_addr);
    for (size_t i = 0; p.got.n && i < sizeof names / sizeof *names; i++) {
        const struct pp_section *s = pp_object_section(o, names[i]);
        pp_str code = {0};
        enum pp_code c = pp_object_bytes(o, s, &code, err);
        if (c) return c;
        if (x86 && code.n) read_x86_plt(&p, s, code);
        if (arm && code.n) read_arm_plt(&p, s, code);
    }
    if (p.out.n) qsort(p.out.p, p.out.n, sizeof *p.out.p, by_addr);
    *ret_symtab = (struct pp_symtab){p.out.p, p.out.n};
    return PP_OK;
}
