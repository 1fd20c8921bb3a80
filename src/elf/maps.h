/* elf/maps.h - the text of /proc/PID/maps: a line iterator, and the reading of the whole text.
 *
 *     struct pp_maps m = {.rest = text};
 *     for (struct pp_maps_line l; pp_maps_next(&m, &l);)
 *         if (l.perms & PP_MAPS_X) use(l.start, l.end, l.path);
 *
 * A line is "start-end perms offset major:minor inode   path"; numbers but the inode are hexadecimal; the path begins
 * at its first byte that is no blank, may hold blanks, and the kernel writes a newline in it as \012 (kept as
 * written). Lines that break the form are skipped and counted, they don't end the iteration. Limit: PP_MAPS_MAX bytes
 * of text.   Nothing here allocates but pp_maps_read (from its arena; raw system calls only). May run: cold code; the
 * iterator everywhere.
 */
#ifndef PP_ELF_MAPS_H
#define PP_ELF_MAPS_H

#include "base/arena.h"

#define PP_MAPS_MAX ((size_t)256 << 20)

enum { PP_MAPS_R = 1, PP_MAPS_W = 2, PP_MAPS_X = 4, PP_MAPS_SHARED = 8 };

struct pp_maps_line {
    uint64_t start, end; /* start < end */
    uint64_t offset, inode;
    uint32_t dev_major, dev_minor;
    uint8_t perms;
    bool deleted; /* the path ended in " (deleted)", which was taken off */
    pp_str path;  /* "" for anonymous memory; "[vdso]", "[stack]", "[heap]", "//anon" as the kernel says */
};

struct pp_maps {
    pp_str rest;
    size_t n_broken;
};

bool pp_maps_next(struct pp_maps *m, struct pp_maps_line *ret_line);

/* A file on a disk: not anonymous, not a name in brackets, not "//..." or "anon_inode:". */
bool pp_maps_is_file(const struct pp_maps_line *l);

/* The whole text of /proc/<pid>/maps (pid 0: our own). The kernel hands it out in pieces: a mapping that changes
 * between two reads can be missing or twice, so callers check order themselves. */
PP_MUST_USE enum pp_code pp_maps_read(struct pp_arena *a, int pid, pp_str *ret_text, struct pp_err *err);

#endif
