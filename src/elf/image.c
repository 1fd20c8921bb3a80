// SPDX-License-Identifier: Apache-2.0
#include "elf/image.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/syscall.h"

/* [at, at + n) of s, or empty when it doesn't lie inside. */
static pp_str slice(pp_str s, uint64_t at, uint64_t n)
{
    if (at > s.n || n > s.n - at) return (pp_str){0};
    return (pp_str){s.p + at, (size_t)n};
}

static bool copy_at(pp_str s, uint64_t at, void *ret, size_t n)
{
    pp_str b = slice(s, at, n);
    if (b.n != n) return false;
    memcpy(ret, b.p, n);
    return true;
}

static enum pp_code check_ident(const unsigned char *ident, struct pp_err *err)
{
    if (memcmp(ident, ELFMAG, SELFMAG) != 0) return pp_fail(err, PP_E_FORMAT, "not an ELF file");
    if (ident[EI_CLASS] != ELFCLASS64)
        return pp_fail(err, PP_E_UNSUPPORTED, "ELF class %u: only 64 bit is read", ident[EI_CLASS]);
    if (ident[EI_DATA] != ELFDATA2LSB)
        return pp_fail(err, PP_E_UNSUPPORTED, "ELF data encoding %u: only little endian is read", ident[EI_DATA]);
    return PP_OK;
}

/* Counts above 0xff00 live in section 0. */
static void set_tables(struct pp_image *im, const Elf64_Ehdr *h)
{
    Elf64_Shdr zero = {0};
    bool have_zero = h->e_shoff && h->e_shentsize == sizeof zero && copy_at(im->bytes, h->e_shoff, &zero, sizeof zero);
    uint64_t n_shdr = h->e_shnum || !have_zero ? h->e_shnum : zero.sh_size;
    uint32_t n_phdr = h->e_phnum == PN_XNUM && have_zero ? zero.sh_info : h->e_phnum;
    im->shstrndx = h->e_shstrndx == SHN_XINDEX && have_zero ? zero.sh_link : h->e_shstrndx;
    if (have_zero && n_shdr <= (im->bytes.n - h->e_shoff) / sizeof zero) {
        im->shoff = h->e_shoff;
        im->n_shdr = (uint32_t)n_shdr;
    }
    if (h->e_phentsize == sizeof(Elf64_Phdr) && h->e_phoff <= im->bytes.n &&
        n_phdr <= (im->bytes.n - h->e_phoff) / sizeof(Elf64_Phdr)) {
        im->phoff = h->e_phoff;
        im->n_phdr = n_phdr;
    }
}

enum pp_code pp_image_parse(pp_str bytes, struct pp_image *ret_image, struct pp_err *err)
{
    Elf64_Ehdr h;
    if (bytes.n < EI_NIDENT) return pp_fail(err, PP_E_FORMAT, "not an ELF file: %zu bytes", bytes.n);
    enum pp_code c = check_ident((const unsigned char *)bytes.p, err);
    if (c) return c;
    if (!copy_at(bytes, 0, &h, sizeof h)) return pp_fail(err, PP_E_FORMAT, "ELF header cut at byte %zu", bytes.n);
    struct pp_image im = {.bytes = bytes, .machine = h.e_machine, .type = h.e_type, .entry = h.e_entry};
    set_tables(&im, &h);
    if (h.e_phnum && !im.n_phdr && !im.n_shdr)
        return pp_fail(err, PP_E_FORMAT, "ELF program headers at %llu lie outside of %zu bytes",
                       (unsigned long long)h.e_phoff, bytes.n);
    *ret_image = im;
    return PP_OK;
}

enum pp_code pp_image_open(const char *path, struct pp_image *ret_image, struct pp_err *err)
{
    long fd = pp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (pp_sys_failed(fd)) return pp_fail(err, fd == -2 ? PP_E_NOTFOUND : PP_E_IO, "%s: open: errno %ld", path, -fd);
    struct stat st;
    long r = pp_sys(SYS_fstat, fd, &st);
    if (pp_sys_failed(r) || !S_ISREG(st.st_mode) || st.st_size <= 0) {
        pp_sys(SYS_close, fd);
        return pp_fail(err, PP_E_FORMAT, "%s: not an ELF file: empty or not a regular file", path);
    }
    size_t n = (size_t)st.st_size;
    r = pp_sys(SYS_mmap, 0, n, PROT_READ, MAP_PRIVATE, fd, 0);
    pp_sys(SYS_close, fd);
    if (pp_sys_failed(r)) return pp_fail(err, PP_E_NOMEM, "%s: mmap: errno %ld", path, -r);
    struct pp_image im;
    enum pp_code c = pp_image_parse((pp_str){(const char *)r, n}, &im, err);
    if (c) {
        pp_sys(SYS_munmap, r, n);
        return err ? pp_within(err, "%s", path) : c;
    }
    im.mapped = true;
    *ret_image = im;
    return PP_OK;
}

void pp_image_release(struct pp_image *im)
{
    if (im->mapped) pp_sys(SYS_munmap, im->bytes.p, im->bytes.n);
    *im = (struct pp_image){0};
}

bool pp_image_phdr(const struct pp_image *im, uint32_t i, Elf64_Phdr *ret_phdr)
{
    return i < im->n_phdr && copy_at(im->bytes, im->phoff + (uint64_t)i * sizeof *ret_phdr, ret_phdr, sizeof *ret_phdr);
}

bool pp_image_shdr(const struct pp_image *im, uint32_t i, Elf64_Shdr *ret_shdr)
{
    return i < im->n_shdr && copy_at(im->bytes, im->shoff + (uint64_t)i * sizeof *ret_shdr, ret_shdr, sizeof *ret_shdr);
}

/* The NUL-terminated string at `at`; empty when it doesn't end inside. */
static pp_str string_at(pp_str strings, uint64_t at)
{
    if (at >= strings.n) return (pp_str){0};
    const char *end = memchr(strings.p + at, 0, strings.n - (size_t)at);
    return end ? (pp_str){strings.p + at, (size_t)(end - (strings.p + at))} : (pp_str){0};
}

static pp_str section_bytes(const struct pp_image *im, const Elf64_Shdr *sh)
{
    if (sh->sh_type == SHT_NOBITS || sh->sh_flags & SHF_COMPRESSED) return (pp_str){0};
    return slice(im->bytes, sh->sh_offset, sh->sh_size);
}

pp_str pp_image_section_name(const struct pp_image *im, const Elf64_Shdr *sh)
{
    Elf64_Shdr names;
    if (!pp_image_shdr(im, im->shstrndx, &names)) return (pp_str){0};
    return string_at(section_bytes(im, &names), sh->sh_name);
}

bool pp_image_section(const struct pp_image *im, const char *name, Elf64_Shdr *ret_shdr, pp_str *ret_bytes)
{
    Elf64_Shdr sh;
    for (uint32_t i = 1; pp_image_shdr(im, i, &sh); i++) {
        if (!pp_str_eq_c(pp_image_section_name(im, &sh), name)) continue;
        *ret_shdr = sh;
        *ret_bytes = section_bytes(im, &sh);
        return true;
    }
    return false;
}

pp_str pp_image_at_vaddr(const struct pp_image *im, uint64_t vaddr)
{
    Elf64_Phdr ph;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++) {
        if (ph.p_type != PT_LOAD || vaddr < ph.p_vaddr || vaddr - ph.p_vaddr >= ph.p_filesz) continue;
        pp_str segment = slice(im->bytes, ph.p_offset, ph.p_filesz);
        return segment.n ? pp_str_from(segment, (size_t)(vaddr - ph.p_vaddr)) : segment;
    }
    return (pp_str){0};
}

bool pp_image_base_vaddr(const struct pp_image *im, uint64_t *ret_vaddr)
{
    Elf64_Phdr ph;
    uint64_t low = UINT64_MAX;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++)
        if (ph.p_type == PT_LOAD && ph.p_vaddr < low) low = ph.p_vaddr;
    if (low == UINT64_MAX) return false;
    *ret_vaddr = low & ~(uint64_t)4095;
    return true;
}

bool pp_image_text_range(const struct pp_image *im, uint64_t *ret_lo, uint64_t *ret_hi)
{
    Elf64_Phdr ph;
    uint64_t lo = UINT64_MAX, hi = 0;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++) {
        if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X) || ph.p_memsz > UINT64_MAX - ph.p_vaddr) continue;
        if (ph.p_vaddr < lo) lo = ph.p_vaddr;
        if (ph.p_vaddr + ph.p_memsz > hi) hi = ph.p_vaddr + ph.p_memsz;
    }
    if (lo >= hi) return false;
    *ret_lo = lo;
    *ret_hi = hi;
    return true;
}

pp_str pp_image_note(pp_str notes, uint64_t align, const char *owner, uint32_t type)
{
    Elf64_Nhdr nh;
    uint64_t pad = align == 8 ? 7 : 3, at = 0;
    size_t owner_n = strlen(owner) + 1;
    while (copy_at(notes, at, &nh, sizeof nh)) {
        uint64_t name_at = at + sizeof nh;
        uint64_t desc_at = (name_at + nh.n_namesz + pad) & ~pad;
        pp_str name = slice(notes, name_at, nh.n_namesz), desc = slice(notes, desc_at, nh.n_descsz);
        if (name.n != nh.n_namesz || desc.n != nh.n_descsz) break;
        if (nh.n_type == type && name.n == owner_n && memcmp(name.p, owner, owner_n) == 0) return desc;
        at = (desc_at + nh.n_descsz + pad) & ~pad;
    }
    return (pp_str){0};
}

pp_str pp_image_build_id(const struct pp_image *im)
{
    Elf64_Phdr ph;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++) {
        if (ph.p_type != PT_NOTE) continue;
        pp_str id = pp_image_note(slice(im->bytes, ph.p_offset, ph.p_filesz), ph.p_align, "GNU", NT_GNU_BUILD_ID);
        if (id.n) return id;
    }
    Elf64_Shdr sh;
    pp_str notes;
    if (!pp_image_section(im, ".note.gnu.build-id", &sh, &notes)) return (pp_str){0};
    return pp_image_note(notes, sh.sh_addralign, "GNU", NT_GNU_BUILD_ID);
}

bool pp_image_eh_frame_ptr(pp_str hdr, uint64_t hdr_vaddr, uint64_t *ret_vaddr)
{
    /* version 1, encodings of: pointer, count, table.  The pointer is pc-relative sdata4 with every linker of today. */
    enum { VERSION = 1, PCREL_SDATA4 = 0x1b, PCREL_UDATA4 = 0x13, ABSOLUTE_UDATA8 = 0x04 };
    if (hdr.n < 8 || hdr.p[0] != VERSION) return false;
    int32_t delta;
    memcpy(&delta, hdr.p + 4, sizeof delta);
    switch ((unsigned char)hdr.p[1]) {
    case PCREL_SDATA4: *ret_vaddr = hdr_vaddr + 4 + (uint64_t)(int64_t)delta; return true;
    case PCREL_UDATA4: *ret_vaddr = hdr_vaddr + 4 + (uint32_t)delta; return true;
    case ABSOLUTE_UDATA8: return copy_at(hdr, 4, ret_vaddr, sizeof *ret_vaddr);
    default: return false;
    }
}

bool pp_image_eh_frame(const struct pp_image *im, pp_str *ret_bytes, uint64_t *ret_vaddr)
{
    Elf64_Shdr sh;
    pp_str bytes;
    if (pp_image_section(im, ".eh_frame", &sh, &bytes) && bytes.n) {
        *ret_bytes = bytes;
        *ret_vaddr = sh.sh_addr;
        return true;
    }
    Elf64_Phdr ph;
    uint64_t vaddr;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++) {
        if (ph.p_type != PT_GNU_EH_FRAME) continue;
        if (!pp_image_eh_frame_ptr(pp_image_at_vaddr(im, ph.p_vaddr), ph.p_vaddr, &vaddr)) return false;
        bytes = pp_image_at_vaddr(im, vaddr);
        if (!bytes.n) return false;
        *ret_bytes = bytes;
        *ret_vaddr = vaddr;
        return true;
    }
    return false;
}

bool pp_image_symbols(const struct pp_image *im, bool dynamic, struct pp_image_symbols *ret_symbols)
{
    Elf64_Shdr sh, strings;
    for (uint32_t i = 1; pp_image_shdr(im, i, &sh); i++) {
        if (sh.sh_type != (dynamic ? SHT_DYNSYM : SHT_SYMTAB) || !pp_image_shdr(im, sh.sh_link, &strings)) continue;
        pp_str table = section_bytes(im, &sh);
        *ret_symbols = (struct pp_image_symbols){table, section_bytes(im, &strings), table.n / sizeof(Elf64_Sym), 0};
        return true;
    }
    return false;
}

bool pp_image_symbol_next(struct pp_image_symbols *s, Elf64_Sym *ret_sym, pp_str *ret_name)
{
    if (!copy_at(s->table, (uint64_t)s->i * sizeof *ret_sym, ret_sym, sizeof *ret_sym)) return false;
    *ret_name = string_at(s->strings, ret_sym->st_name);
    s->i++;
    return true;
}
