// SPDX-License-Identifier: Apache-2.0
#include "unwind/object.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/fmt.h"
#include "base/pages.h"
#include "base/syscall.h"
#include "elf/image.h"
#include "unwind/compile.h"
#include "unwind/sigsafe/peek.h"

#define HEADER_BYTES 4096
#define NOTES_BYTES 4096
#define SCRATCH_USUAL ((size_t)4 << 20) /* address space, not memory: enough for 800 KB of .eh_frame */
#define FRAMES_MAX ((uint64_t)512 << 20)

void pp_memory_release(struct pp_memory *m)
{
    if (m->mem_fd >= 0) pp_sys(SYS_close, m->mem_fd);
    m->mem_fd = -1;
    pp_arena_release(&m->scratch);
}

static bool open_mem(struct pp_memory *m)
{
    char path[40];
    if (m->mem_fd >= 0) return false;
    if (m->pid)
        pp_fmt(path, sizeof path, "/proc/%d/mem", m->pid);
    else
        pp_fmt(path, sizeof path, "/proc/self/mem");
    long fd = pp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (pp_sys_failed(fd)) return false;
    m->mem_fd = (int)fd;
    return true;
}

bool pp_memory_read(struct pp_memory *m, uintptr_t address, void *ret_bytes, size_t n)
{
    for (size_t got = 0; got < n;) {
        size_t r = pp_peek_copy(m->pid, m->mem_fd, address + got, (char *)ret_bytes + got, n - got);
        got += r;
        if (r == 0 && !open_mem(m)) return false;
    }
    return true;
}

/* Where .eh_frame lies (ELF addresses) and how much of it is worth copying. */
struct frames_place {
    uint64_t vaddr, size;
    size_t n_fdes; /* 0: not known */
};

static bool read_vaddr(struct pp_memory *m, const struct pp_object *o, uint64_t vaddr, void *ret, size_t n)
{
    return pp_memory_read(m, o->bias + vaddr, ret, n);
}

static uint64_t segment_end(const struct pp_image *im, uint64_t vaddr)
{
    Elf64_Phdr ph;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++)
        if (ph.p_type == PT_LOAD && vaddr >= ph.p_vaddr && vaddr - ph.p_vaddr < ph.p_filesz)
            return ph.p_vaddr + ph.p_filesz;
    return 0;
}

/* The search table of .eh_frame_hdr ends with its last FDE's address somewhere: the end of that FDE ends the
 * section. Without it the copy would go up to the segment's end and the reader past the last FDE where no
 * terminator stands. */
static bool narrow_by_table(struct pp_memory *m, const struct pp_object *o, const Elf64_Phdr *hdr,
                            struct frames_place *p)
{
    enum { UDATA4 = 0x03, DATAREL_SDATA4 = 0x3b };
    uint8_t head[12];
    uint32_t count, length;
    if (hdr->p_memsz < sizeof head || !read_vaddr(m, o, hdr->p_vaddr, head, sizeof head)) return false;
    if (head[2] != UDATA4 || head[3] != DATAREL_SDATA4) return true;
    memcpy(&count, head + 8, 4);
    if (count == 0 || count > (hdr->p_memsz - sizeof head) / 8) return true;
    int32_t *table = pp_alloc_n(&m->scratch, count, 8, 4);
    if (!table) return false;
    bool fine = read_vaddr(m, o, hdr->p_vaddr + sizeof head, table, (size_t)count * 8);
    uint64_t last = 0, end = p->vaddr + p->size;
    for (uint32_t i = 0; i < count && fine; i++) {
        uint64_t fde = hdr->p_vaddr + (uint64_t)(int64_t)table[2 * i + 1];
        if (fde > last && fde < end) last = fde;
    }
    if (!fine || last < p->vaddr || !read_vaddr(m, o, last, &length, 4)) return fine;
    uint64_t size = last - p->vaddr + 4 + length;
    if (size <= p->size && length < UINT32_MAX - 16) {
        p->size = size;
        p->n_fdes = count;
    }
    return true;
}

static bool find_frames(struct pp_memory *m, const struct pp_image *im, const struct pp_object *o,
                        const Elf64_Phdr *hdr, struct frames_place *ret)
{
    uint8_t head[16];
    struct frames_place p = {0};
    if (hdr->p_memsz < 8 || !read_vaddr(m, o, hdr->p_vaddr, head, 8)) return false;
    if (!pp_image_eh_frame_ptr((pp_str){(char *)head, 8}, hdr->p_vaddr, &p.vaddr)) return false;
    uint64_t end = segment_end(im, p.vaddr);
    if (end <= p.vaddr) return false;
    p.size = end - p.vaddr;
    if (!narrow_by_table(m, o, hdr, &p) || p.size > FRAMES_MAX) return false;
    *ret = p;
    return true;
}

static enum pp_code read_table(struct pp_memory *m, const struct pp_image *im, const Elf64_Phdr *hdr,
                               struct pp_object *o, struct pp_err *err)
{
    struct frames_place p;
    uint64_t lo, hi;
    if (!find_frames(m, im, o, hdr, &p) || !pp_image_text_range(im, &lo, &hi)) return PP_OK;
    char *copy = pp_alloc(&m->scratch, (size_t)p.size, 8);
    if (!copy)
        return pp_fail(err, PP_E_NOMEM, "no memory for a copy of %llu bytes of .eh_frame", (unsigned long long)p.size);
    enum pp_code c = PP_OK;
    if (read_vaddr(m, o, p.vaddr, copy, p.size)) {
        struct pp_frame_section s = {.bytes = {copy, p.size},
                                     .vaddr = p.vaddr,
                                     .text_vaddr = lo,
                                     .text_end = hi,
                                     .max_fdes = p.n_fdes,
                                     .data_vaddr = hdr->p_vaddr};
        c = pp_table_compile_with(&m->scratch, &s, &o->table, err);
    }
    return c == PP_E_NOTFOUND ? PP_OK : c;
}

static void read_build_id(struct pp_memory *m, const struct pp_image *im, struct pp_object *o, char *scratch)
{
    Elf64_Phdr ph;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++) {
        if (ph.p_type != PT_NOTE) continue;
        size_t n = ph.p_filesz < NOTES_BYTES ? (size_t)ph.p_filesz : NOTES_BYTES;
        if (!read_vaddr(m, o, ph.p_vaddr, scratch, n)) continue;
        pp_str id = pp_image_note((pp_str){scratch, n}, ph.p_align, "GNU", NT_GNU_BUILD_ID);
        if (id.n == 0) continue;
        o->build_id_n = id.n < sizeof o->build_id ? (uint8_t)id.n : (uint8_t)sizeof o->build_id;
        memcpy(o->build_id, id.p, o->build_id_n);
        o->build_id_at = o->bias + ph.p_vaddr + (uintptr_t)(id.p - scratch);
        return;
    }
}

/* The file of an object, opened to look for sections. */
struct object_file {
    int fd;
    struct pp_arena arena;
    struct pp_image im; /* the header page in memory; the section table is read from the file */
    pp_str sections, names;
};

static bool read_file(const struct object_file *f, uint64_t offset, void *ret_bytes, size_t n)
{
    for (size_t got = 0; got < n;) {
        long r = pp_sys(SYS_pread64, f->fd, (char *)ret_bytes + got, n - got, offset + got);
        if (pp_sys_failed(r) || r == 0) return false;
        got += (size_t)r;
    }
    return true;
}

/* n bytes of the file in the arena; empty: not there, or memory refused. */
static pp_str take_file(struct object_file *f, uint64_t offset, uint64_t n)
{
    char *p = n && n <= FRAMES_MAX && offset <= INT64_MAX - n ? pp_alloc(&f->arena, (size_t)n, 8) : NULL;
    return p && read_file(f, offset, p, (size_t)n) ? (pp_str){p, (size_t)n} : (pp_str){0};
}

/* By way of the process's root, so that other mount namespaces and chroots don't matter. */
static bool open_file(struct object_file *f, int pid, pp_str path)
{
    char root[32];
    if (pid)
        pp_fmt(root, sizeof root, "/proc/%d/root", pid);
    else
        pp_fmt(root, sizeof root, "/proc/self/root");
    pp_str whole = pp_arena_join(&f->arena, pp_str_c(root), path);
    long fd = whole.n ? pp_sys(SYS_openat, AT_FDCWD, whole.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0) : -1;
    f->fd = pp_sys_failed(fd) ? -1 : (int)fd;
    return f->fd >= 0;
}

static bool read_section_table(struct object_file *f)
{
    Elf64_Ehdr h;
    Elf64_Shdr sh;
    memcpy(&h, f->im.bytes.p, sizeof h);
    size_t n_head = (size_t)(f->im.phoff + (uint64_t)f->im.n_phdr * sizeof(Elf64_Phdr));
    pp_str head = take_file(f, 0, n_head);
    if (head.n != n_head || memcmp(head.p, f->im.bytes.p, n_head) != 0 || h.e_shentsize != sizeof sh) return false;
    f->sections = take_file(f, h.e_shoff, (uint64_t)h.e_shnum * sizeof sh);
    if (h.e_shstrndx >= f->sections.n / sizeof sh) return false;
    memcpy(&sh, f->sections.p + h.e_shstrndx * sizeof sh, sizeof sh);
    f->names = take_file(f, sh.sh_offset, sh.sh_size);
    return f->names.n != 0;
}

static bool find_section(const struct object_file *f, const char *name, Elf64_Shdr *ret_shdr)
{
    size_t n = strlen(name) + 1;
    for (size_t at = 0; at + sizeof *ret_shdr <= f->sections.n; at += sizeof *ret_shdr) {
        Elf64_Shdr sh;
        memcpy(&sh, f->sections.p + at, sizeof sh);
        bool usable = sh.sh_type != SHT_NOBITS && !(sh.sh_flags & SHF_COMPRESSED) && sh.sh_name < f->names.n;
        if (!usable || f->names.n - sh.sh_name < n || memcmp(f->names.p + sh.sh_name, name, n) != 0) continue;
        *ret_shdr = sh;
        return true;
    }
    return false;
}

static enum pp_code compile_section(struct object_file *f, struct pp_object *o, struct pp_err *err)
{
    Elf64_Shdr sh;
    struct pp_frame_section s = {0};
    if (!read_section_table(f) || !pp_image_text_range(&f->im, &s.text_vaddr, &s.text_end)) return PP_OK;
    if (!find_section(f, ".eh_frame", &sh)) {
        if (!find_section(f, ".debug_frame", &sh)) return PP_OK;
        s.is_debug_frame = true;
    }
    s.bytes = take_file(f, sh.sh_offset, sh.sh_size);
    s.vaddr = sh.sh_addr;
    if (f->arena.failed)
        return pp_fail(err, PP_E_NOMEM, "no memory for %llu bytes of unwind information",
                       (unsigned long long)sh.sh_size);
    enum pp_code c = s.bytes.n ? pp_table_compile(&s, &o->table, err) : PP_OK;
    return c == PP_E_NOTFOUND ? PP_OK : c;
}

static enum pp_code read_table_from_file(const struct pp_memory *m, const struct pp_image *im, pp_str path,
                                         struct pp_object *o, struct pp_err *err)
{
    struct object_file f = {.im = *im};
    pp_arena_init(&f.arena, 2 * FRAMES_MAX, NULL);
    enum pp_code c = PP_OK;
    if (open_file(&f, m->pid, path)) {
        c = compile_section(&f, o, err);
        pp_sys(SYS_close, f.fd);
    }
    pp_arena_release(&f.arena);
    return c;
}

/* Some linkers let the code's segment share the file's first page, so that a mapping of offset 0 need not be the
 * object's first: is the code where the program headers put it, seen from this header? */
static bool fits(const struct pp_image *im, const struct pp_object_place *place, uintptr_t bias)
{
    Elf64_Phdr ph;
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++) {
        if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X)) continue;
        uintptr_t start = (bias + ph.p_vaddr) & ~(uintptr_t)4095, end = bias + ph.p_vaddr + ph.p_memsz;
        if (place->code < start || place->code >= end) continue;
        return place->code_offset - place->header_offset == (ph.p_offset & ~(uint64_t)4095) + (place->code - start);
    }
    return place->any_code;
}

static enum pp_code read_object(struct pp_memory *m, const struct pp_object_place *place, char *scratch,
                                struct pp_object *ret_object, struct pp_err *err)
{
    uintptr_t header = place->header;
    struct pp_image im;
    struct pp_object o = {0};
    uint64_t base;
    if (!pp_memory_read(m, header, scratch, HEADER_BYTES))
        return pp_fail(err, PP_E_IO, "0x%zx: unreadable", (size_t)header);
    enum pp_code c = pp_image_parse((pp_str){scratch, HEADER_BYTES}, &im, err);
    if (c) return c;
    if (!pp_image_base_vaddr(&im, &base)) return pp_fail(err, PP_E_FORMAT, "0x%zx: no PT_LOAD", (size_t)header);
    o.bias = header - base;
    if (!fits(&im, place, o.bias))
        return pp_fail(err, PP_E_FORMAT, "0x%zx: the code is not mapped as its program headers say", (size_t)header);
    o.entry = im.entry ? im.entry + o.bias : 0;
    read_build_id(m, &im, &o, scratch + HEADER_BYTES);
    Elf64_Phdr ph;
    for (uint32_t i = 0; pp_image_phdr(&im, i, &ph); i++) {
        if (ph.p_type != PT_GNU_EH_FRAME) continue;
        o.eh_frame_hdr = o.bias + ph.p_vaddr;
        o.eh_frame_hdr_offset = ph.p_offset;
        if (im.machine == EM_X86_64) c = read_table(m, &im, &ph, &o, err);
        break;
    }
    if (!o.eh_frame_hdr && place->path.n && im.machine == EM_X86_64)
        c = read_table_from_file(m, &im, place->path, &o, err);
    *ret_object = o;
    return c;
}

enum pp_code pp_object_read(struct pp_memory *m, const struct pp_object_place *place, struct pp_object *ret_object,
                            struct pp_err *err)
{
    pp_arena_reset(&m->scratch);
    pp_arena_reserve(&m->scratch, SCRATCH_USUAL);
    char *head = pp_alloc(&m->scratch, HEADER_BYTES + NOTES_BYTES, 8);
    if (!head) return pp_fail(err, PP_E_NOMEM, "no memory for an ELF header");
    return read_object(m, place, head, ret_object, err);
}
