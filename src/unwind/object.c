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
#define FRAMES_MAX ((uint64_t)512 << 20)

void pp_memory_release(struct pp_memory *m)
{
    if (m->mem_fd >= 0) pp_sys(SYS_close, m->mem_fd);
    m->mem_fd = -1;
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
    int32_t *table = pp_pages_map((size_t)count * 8);
    if (!table) return false;
    bool fine = read_vaddr(m, o, hdr->p_vaddr + sizeof head, table, (size_t)count * 8);
    uint64_t last = 0, end = p->vaddr + p->size;
    for (uint32_t i = 0; i < count && fine; i++) {
        uint64_t fde = hdr->p_vaddr + (uint64_t)(int64_t)table[2 * i + 1];
        if (fde > last && fde < end) last = fde;
    }
    pp_pages_unmap(table, (size_t)count * 8);
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
    char *copy = pp_pages_map(p.size);
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
        c = pp_table_compile(&s, &o->table, err);
    }
    pp_pages_unmap(copy, p.size);
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
    *ret_object = o;
    return c;
}

enum pp_code pp_object_read(struct pp_memory *m, const struct pp_object_place *place, struct pp_object *ret_object,
                            struct pp_err *err)
{
    char *scratch = pp_pages_map(HEADER_BYTES + NOTES_BYTES);
    if (!scratch) return pp_fail(err, PP_E_NOMEM, "no memory for an ELF header");
    enum pp_code c = read_object(m, place, scratch, ret_object, err);
    pp_pages_unmap(scratch, HEADER_BYTES + NOTES_BYTES);
    return c;
}
