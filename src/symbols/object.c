// SPDX-License-Identifier: Apache-2.0
#include "symbols/object.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"

/* Deflate can't do better: a larger claim in a compression header is a lie. */
#define ZLIB_RATIO_MAX 1032
#define NOTE_MAX ((size_t)1 << 20)

static enum pp_code read_headers(struct pp_object *o, struct pp_err *err);
static void read_build_id(struct pp_object *o);

enum pp_code pp_object_open(struct pp_arena *a, pp_str path, struct pp_object *ret_object, struct pp_err *err)
{
    int fd = open(pp_arena_c(a, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (fd < 0)
        return pp_fail(err, errno == ENOENT ? PP_E_NOTFOUND : PP_E_IO, "open %.*s: %s", PP_FMT(path), strerror(errno));
    return pp_object_open_fd(a, fd, path, ret_object, err);
}

enum pp_code pp_object_open_fd(struct pp_arena *a, int fd, pp_str path, struct pp_object *ret_object,
                               struct pp_err *err)
{
    struct pp_object o = {.arena = a, .path = pp_arena_dup(a, path)};
    struct stat st;
    enum pp_code c = PP_OK;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        c = pp_fail(err, PP_E_IO, "%.*s: not a regular file", PP_FMT(path));
    } else {
        elf_version(EV_CURRENT);
        errno = 0;
        o.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
        bool is_here = o.elf && !elf_cntl(o.elf, ELF_C_FDREAD); /* from now on libelf can do without fd */
        c = is_here ? read_headers(&o, err) : pp_fail(err, PP_E_FORMAT, "%s", elf_errmsg(-1));
        if (c && err) pp_within(err, "error reading ELF file %.*s", PP_FMT(path));
    }
    /* libelf calls a header that malloc refused a broken file, and another file may be tried in its place. */
    if (c && errno == ENOMEM && a->oom) a->oom(0);
    close(fd);
    if (c) {
        pp_object_release(&o);
        return c;
    }
    read_build_id(&o);
    *ret_object = o;
    return PP_OK;
}

void pp_object_release(struct pp_object *o)
{
    if (!o->arena) return;
    if (o->elf) elf_end(o->elf);
    *o = (struct pp_object){0};
}

static enum pp_code read_segments(struct pp_object *o, struct pp_err *err)
{
    size_t n;
    if (elf_getphdrnum(o->elf, &n)) return pp_fail(err, PP_E_FORMAT, "program headers: %s", elf_errmsg(-1));
    size_t file_bytes = 0;
    if (!elf_rawfile(o->elf, &file_bytes) || n > file_bytes / sizeof(Elf32_Phdr))
        return pp_fail(err, PP_E_FORMAT, "%zu program headers do not fit into the file", n);
    struct pp_segment *segments = PP_NEW_N(o->arena, struct pp_segment, n);
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(o->elf, (int)i, &p))
            return pp_fail(err, PP_E_FORMAT, "program header %zu: %s", i, elf_errmsg(-1));
        segments[i] = (struct pp_segment){.offset = p.p_offset,
                                          .vaddr = p.p_vaddr,
                                          .paddr = p.p_paddr,
                                          .file_size = p.p_filesz,
                                          .mem_size = p.p_memsz,
                                          .align = p.p_align,
                                          .type = p.p_type,
                                          .flags = p.p_flags};
    }
    o->segments = segments;
    o->n_segments = (uint32_t)n;
    return PP_OK;
}

static enum pp_code read_sections(struct pp_object *o, struct pp_err *err)
{
    size_t n, names, file_bytes = 0;
    if (elf_getshdrnum(o->elf, &n) || elf_getshdrstrndx(o->elf, &names))
        return pp_fail(err, PP_E_FORMAT, "section headers: %s", elf_errmsg(-1));
    if (!elf_rawfile(o->elf, &file_bytes) || n > file_bytes / sizeof(Elf32_Shdr))
        return pp_fail(err, PP_E_FORMAT, "%zu section headers do not fit into the file", n);
    struct pp_section *sections = PP_NEW_N(o->arena, struct pp_section, n);
    for (size_t i = 1; i < n; i++) {
        GElf_Shdr s;
        if (!gelf_getshdr(elf_getscn(o->elf, i), &s))
            return pp_fail(err, PP_E_FORMAT, "section header %zu: %s", i, elf_errmsg(-1));
        const char *name = elf_strptr(o->elf, names, s.sh_name);
        sections[i] = (struct pp_section){.name = pp_str_c(name),
                                          .addr = s.sh_addr,
                                          .offset = s.sh_offset,
                                          .size = s.sh_size,
                                          .flags = s.sh_flags,
                                          .entry_size = s.sh_entsize,
                                          .type = s.sh_type,
                                          .link = s.sh_link,
                                          .info = s.sh_info,
                                          .index = (uint32_t)i};
    }
    o->sections = sections;
    o->n_sections = (uint32_t)n;
    return PP_OK;
}

static enum pp_code read_headers(struct pp_object *o, struct pp_err *err)
{
    if (elf_kind(o->elf) != ELF_K_ELF) return pp_fail(err, PP_E_FORMAT, "not an ELF file");
    GElf_Ehdr h;
    if (!gelf_getehdr(o->elf, &h)) return pp_fail(err, PP_E_FORMAT, "%s", elf_errmsg(-1));
    o->type = h.e_type;
    o->machine = h.e_machine;
    o->address_size = h.e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
    o->big_endian = h.e_ident[EI_DATA] == ELFDATA2MSB;
    enum pp_code c = read_segments(o, err);
    return c ? c : read_sections(o, err);
}

const struct pp_section *pp_object_section(const struct pp_object *o, const char *name)
{
    for (uint32_t i = 1; i < o->n_sections; i++)
        if (pp_str_eq_c(o->sections[i].name, name)) return &o->sections[i];
    return NULL;
}

static pp_str file_bytes(const struct pp_object *o)
{
    size_t n = 0;
    const char *p = elf_rawfile(o->elf, &n);
    return (pp_str){p, p ? n : 0};
}

static uint64_t read_uint(const struct pp_object *o, const char *p, unsigned size)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++)
        v |= (uint64_t)(unsigned char)p[o->big_endian ? size - 1 - i : i] << (8 * i);
    return v;
}

static enum pp_code inflate_section(const struct pp_object *o, pp_str name, pp_str packed, uint64_t size,
                                    pp_str *ret_bytes, struct pp_err *err)
{
    if (size / ZLIB_RATIO_MAX > packed.n)
        return pp_fail(err, PP_E_FORMAT, "section %.*s: %zu compressed bytes cannot become %zu", PP_FMT(name), packed.n,
                       (size_t)size);
    char *out = pp_alloc(o->arena, size, 16);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (!d && o->arena->oom) o->arena->oom(size);
    if (!d) return pp_fail(err, PP_E_NOMEM, "section %.*s: out of memory", PP_FMT(name));
    enum libdeflate_result r = libdeflate_zlib_decompress(d, packed.p, packed.n, out, size, NULL);
    libdeflate_free_decompressor(d);
    if (r) return pp_fail(err, PP_E_FORMAT, "section %.*s: compressed bytes are broken", PP_FMT(name));
    *ret_bytes = (pp_str){out, size};
    return PP_OK;
}

static enum pp_code decompress(const struct pp_object *o, const struct pp_section *s, pp_str raw, pp_str *ret_bytes,
                               struct pp_err *err)
{
    size_t header = o->address_size == 8 ? sizeof(Elf64_Chdr) : sizeof(Elf32_Chdr);
    if (raw.n < header) return pp_fail(err, PP_E_FORMAT, "section %.*s: compression header is cut", PP_FMT(s->name));
    uint64_t type = read_uint(o, raw.p, 4);
    uint64_t size = o->address_size == 8 ? read_uint(o, raw.p + 8, 8) : read_uint(o, raw.p + 4, 4);
    if (type != ELFCOMPRESS_ZLIB)
        return pp_fail(err, PP_E_UNSUPPORTED, "section %.*s: compression type %u is not supported (zlib is)",
                       PP_FMT(s->name), (unsigned)type);
    return inflate_section(o, s->name, pp_str_from(raw, header), size, ret_bytes, err);
}

enum pp_code pp_object_bytes(const struct pp_object *o, const struct pp_section *s, pp_str *ret_bytes,
                             struct pp_err *err)
{
    if (!s || s->type == SHT_NOBITS || s->type == SHT_NULL) {
        *ret_bytes = (pp_str){0};
        return PP_OK;
    }
    pp_str all = file_bytes(o);
    if (s->offset > all.n || s->size > all.n - s->offset)
        return pp_fail(err, PP_E_FORMAT, "section %.*s: bytes %#zx+%#zx are beyond the file's end", PP_FMT(s->name),
                       (size_t)s->offset, (size_t)s->size);
    pp_str raw = {all.p + s->offset, s->size};
    if (s->flags & SHF_COMPRESSED) return decompress(o, s, raw, ret_bytes, err);
    *ret_bytes = raw;
    return PP_OK;
}

enum pp_code pp_object_debug_bytes(const struct pp_object *o, const char *name, pp_str *ret_bytes, struct pp_err *err)
{
    const struct pp_section *s = pp_object_section(o, name);
    if (s) return pp_object_bytes(o, s, ret_bytes, err);
    char old_name[64];
    pp_fmt(old_name, sizeof old_name, ".z%s", name + 1);
    pp_str raw;
    s = pp_object_section(o, old_name);
    enum pp_code c = pp_object_bytes(o, s, &raw, err);
    if (c) return c;
    if (!s) {
        *ret_bytes = (pp_str){0};
        return PP_OK;
    }
    if (raw.n < 12 || memcmp(raw.p, "ZLIB", 4))
        return pp_fail(err, PP_E_FORMAT, "section %s: no ZLIB header", old_name);
    uint64_t size = 0;
    for (int i = 4; i < 12; i++)
        size = size << 8 | (unsigned char)raw.p[i];
    return inflate_section(o, s->name, pp_str_from(raw, 12), size, ret_bytes, err);
}

/* The description of the one GNU build id note among notes; false: none, broken, or several. */
static bool find_build_id(const struct pp_object *o, pp_str notes, uint64_t align, pp_str *ret_id)
{
    bool found = false;
    size_t mask = align > 1 && align <= 8 ? (size_t)align - 1 : 0, at = 0;
    while (notes.n - at >= 12) {
        uint64_t name_n = read_uint(o, notes.p + at, 4), desc_n = read_uint(o, notes.p + at + 4, 4);
        uint64_t type = read_uint(o, notes.p + at + 8, 4);
        if (name_n > NOTE_MAX || desc_n > NOTE_MAX) return false;
        size_t desc = at + ((12 + name_n + mask) & ~mask);
        if (desc > notes.n || desc_n > notes.n - desc) return false;
        if (type == NT_GNU_BUILD_ID && name_n == 4 && !memcmp(notes.p + at + 12, "GNU", 4) && desc_n) {
            if (found) return false;
            found = true;
            *ret_id = (pp_str){notes.p + desc, desc_n};
        }
        at = desc + ((desc_n + mask) & ~mask);
        if (at > notes.n) break;
    }
    return found;
}

static pp_str hex(struct pp_arena *a, pp_str bytes)
{
    char *out = pp_alloc(a, 2 * bytes.n + 1, 1);
    for (size_t i = 0; i < bytes.n; i++) {
        out[2 * i] = "0123456789abcdef"[(unsigned char)bytes.p[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[(unsigned char)bytes.p[i] & 15];
    }
    return (pp_str){out, 2 * bytes.n};
}

/* Segments first, as Go does; a debug file's segments may point at anything, so a failure there is no failure. */
static void read_build_id(struct pp_object *o)
{
    pp_str all = file_bytes(o), id;
    for (uint32_t i = 0; i < o->n_segments; i++) {
        const struct pp_segment *p = &o->segments[i];
        if (p->type != PT_NOTE || p->offset > all.n || p->file_size > all.n - p->offset) continue;
        if (find_build_id(o, (pp_str){all.p + p->offset, p->file_size}, p->align, &id)) {
            o->build_id = hex(o->arena, id);
            return;
        }
    }
    for (uint32_t i = 1; i < o->n_sections; i++) {
        const struct pp_section *s = &o->sections[i];
        pp_str bytes;
        if (s->type != SHT_NOTE || pp_object_bytes(o, s, &bytes, NULL)) continue;
        if (find_build_id(o, bytes, 4, &id)) {
            o->build_id = hex(o->arena, id);
            return;
        }
    }
}
