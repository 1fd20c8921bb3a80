/* symbols/object.h - one ELF file on disk: its headers, sections (decompressed), build id, and where it was loaded.
 *
 * Addresses called `addr` here are the file's own (what nm prints). A runtime address x of a mapping is x - base, and
 * pp_object_base() finds base from the mapping by google/pprof's rules (internal/elfexec GetBase), kernel cases included.
 * Limits: sections are checked against the file's size; a compressed section may not be larger than zlib can make it (1032 x).
 * Memory: section views point into the mapped file; decompressed ones live in `arena`, which the caller gives and must keep.
 * An open object holds no descriptor, only the mapping of its file.
 * Threads: one at a time per object.   May run: the tool only.
 */
#ifndef PP_SYMBOLS_OBJECT_H
#define PP_SYMBOLS_OBJECT_H

#include <libelf.h>

#include "base/arena.h"
#include "base/err.h"

struct pp_segment {
    uint64_t offset, vaddr, paddr, file_size, mem_size, align;
    uint32_t type, flags;
};

struct pp_section {
    pp_str name;
    uint64_t addr, offset, size, flags, entry_size;
    uint32_t type, link, info, index;
};

struct pp_object {
    struct pp_arena *arena;
    pp_str path;     /* as opened; also for messages */
    pp_str build_id; /* lower case hex; empty: none */
    Elf *elf;
    uint16_t type, machine; /* ET_*, EM_* */
    uint8_t address_size;   /* 4 or 8 */
    bool big_endian;
    const struct pp_segment *segments;
    uint32_t n_segments;
    const struct pp_section *sections; /* [0] is the empty one, so that symbols' section numbers index it */
    uint32_t n_sections;
};

/* Opens an object by path (/proc/PID/root/... and /proc/PID/map_files/... are fine). The path is copied. */
enum pp_code pp_object_open(struct pp_arena *a, pp_str path, struct pp_object *ret_object, struct pp_err *err);

/* The same for an open descriptor, which is closed in any case; path only names it. */
enum pp_code pp_object_open_fd(struct pp_arena *a, int fd, pp_str path, struct pp_object *ret_object,
                               struct pp_err *err);

void pp_object_release(struct pp_object *o); /* a zeroed one is fine */

const struct pp_section *pp_object_section(const struct pp_object *o, const char *name); /* NULL: none */

/* The bytes of a section, decompressed (SHF_COMPRESSED and .zdebug_); a missing one (NULL) or NOBITS gives empty bytes. */
enum pp_code pp_object_bytes(const struct pp_object *o, const struct pp_section *s, pp_str *ret_bytes,
                             struct pp_err *err);

/* The bytes of `.debug_x` or, if that is absent, of `.zdebug_x`. */
enum pp_code pp_object_debug_bytes(const struct pp_object *o, const char *name, pp_str *ret_bytes, struct pp_err *err);

/* A mapping of the object in some process, as profiles hold it. */
struct pp_object_mapping {
    uint64_t start, limit, offset;
    pp_str kernel_symbol; /* relocation symbol of a kernel mapping (_text); empty: _stext */
};

/* base such that runtime address - base = the file's address. `addr` is a runtime address inside the mapping: with several
 * segments in one mapping it chooses the right one. *ret_is_data: the segment is not executable. Errors in Go's words. */
enum pp_code pp_object_base(const struct pp_object *o, const struct pp_object_mapping *m, uint64_t addr,
                            uint64_t *ret_base, bool *ret_is_data, struct pp_err *err);

/* The arithmetic behind it (Go: GetBase): for a given segment (NULL: unknown) and value of the kernel's relocation symbol (NULL:
 * unknown, or no kernel). */
enum pp_code pp_object_segment_base(const struct pp_object *o, const struct pp_segment *p, const uint64_t *stext,
                                    const struct pp_object_mapping *m, uint64_t *ret_base, struct pp_err *err);

/* Go's test on opening: can some base be found for this mapping? */
enum pp_code pp_object_check_mapping(const struct pp_object *o, const struct pp_object_mapping *m, struct pp_err *err);

#endif
