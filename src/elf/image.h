/* elf/image.h - a bounds-checked view on the bytes of an ELF file (64 bit, little endian; anything else is refused by
 * name).
 *
 * Two ways in: pp_image_parse looks at bytes the caller has (a file's content or the start of a mapped object),
 * pp_image_open maps a file read-only with raw system calls. A file that is truncated while mapped raises SIGBUS on
 * access, so inside guest processes images are parsed from copies (unwind/modules does). Everything returned points
 * into the image's bytes. Offsets and counts are checked once in pp_image_parse for the header tables, and per access
 * for everything else: a broken file gives PP_E_FORMAT or an empty slice, never a read outside. May run: cold code;
 * nothing here allocates.
 */
#ifndef PP_ELF_IMAGE_H
#define PP_ELF_IMAGE_H

#include <elf.h>

#include "base/arena.h"

struct pp_image {
    pp_str bytes;
    uint16_t machine, type; /* EM_X86_64, ET_DYN ... */
    uint64_t entry;
    uint64_t phoff, shoff;
    uint32_t n_phdr, n_shdr; /* n_shdr 0 when the section table is absent or lies outside the bytes */
    uint32_t shstrndx;
    bool mapped; /* by pp_image_open */
};

PP_MUST_USE enum pp_code pp_image_parse(pp_str bytes, struct pp_image *ret_image, struct pp_err *err);
PP_MUST_USE enum pp_code pp_image_open(const char *path, struct pp_image *ret_image, struct pp_err *err);
void pp_image_release(struct pp_image *im); /* a zeroed or parsed image is fine, too */

bool pp_image_phdr(const struct pp_image *im, uint32_t i, Elf64_Phdr *ret_phdr);
bool pp_image_shdr(const struct pp_image *im, uint32_t i, Elf64_Shdr *ret_shdr);
pp_str pp_image_section_name(const struct pp_image *im, const Elf64_Shdr *sh);

/* The first section of that name; no bytes for SHT_NOBITS, for compressed ones, and those outside. */
bool pp_image_section(const struct pp_image *im, const char *name, Elf64_Shdr *ret_shdr, pp_str *ret_bytes);

/* Bytes of the file that the loader puts at vaddr (up to the end of their segment's file part), empty if none. */
pp_str pp_image_at_vaddr(const struct pp_image *im, uint64_t vaddr);

/* Lowest page-aligned vaddr of the PT_LOAD segments: run-time address of the file's start minus this = load bias. */
bool pp_image_base_vaddr(const struct pp_image *im, uint64_t *ret_vaddr);
/* [lo, hi): smallest range of vaddrs that covers all executable PT_LOAD segments. */
bool pp_image_text_range(const struct pp_image *im, uint64_t *ret_lo, uint64_t *ret_hi);

/* The GNU build id from PT_NOTE, else from section .note.gnu.build-id; empty: none. */
pp_str pp_image_build_id(const struct pp_image *im);
/* Search in the bytes of one note segment. align is the segment's (4 or 8). */
pp_str pp_image_note(pp_str notes, uint64_t align, const char *owner, uint32_t type);

/* .eh_frame: its bytes and vaddr (by section, else by PT_GNU_EH_FRAME up to its segment's end). */
bool pp_image_eh_frame(const struct pp_image *im, pp_str *ret_bytes, uint64_t *ret_vaddr);
/* vaddr of .eh_frame as the bytes of .eh_frame_hdr (at hdr_vaddr) say. */
bool pp_image_eh_frame_ptr(pp_str hdr, uint64_t hdr_vaddr, uint64_t *ret_vaddr);

/* Symbols of .symtab, or of .dynsym when there is none (dynamic: only that one). */
struct pp_image_symbols {
    pp_str table, strings;
    size_t n, i;
};
bool pp_image_symbols(const struct pp_image *im, bool dynamic, struct pp_image_symbols *ret_symbols);
bool pp_image_symbol_next(struct pp_image_symbols *s, Elf64_Sym *ret_sym, pp_str *ret_name);

#endif
