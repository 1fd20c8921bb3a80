/* unwind/object.h - what a loaded ELF object tells about itself, read from a process's memory by copies only.
 *
 * .eh_frame is found by PT_GNU_EH_FRAME; an object without (static programs, some JITs' files) is looked up in its
 * file by section name: .eh_frame, else .debug_frame; the file must begin with the same ELF and program headers as
 * the memory. Nothing of it is dereferenced in place: the object may be unmapped at any moment, then the reads fail
 * and the object is simply without table.   May run: cold code; raw system calls only.
 */
#ifndef PP_UNWIND_OBJECT_H
#define PP_UNWIND_OBJECT_H

#include "base/arena.h"
#include "base/err.h"
#include "unwind/sigsafe/table.h"

struct pp_memory {
    int pid;    /* 0: ourselves */
    int mem_fd; /* /proc/PID/mem; -1: not opened yet. Used where process_vm_readv is forbidden */
    struct pp_arena scratch; /* emptied and used again by each pp_object_read: fresh pages cost a fault each. All zero: empty */
};

void pp_memory_release(struct pp_memory *m);
/* All n bytes or false. */
bool pp_memory_read(struct pp_memory *m, uintptr_t address, void *ret_bytes, size_t n);

struct pp_object {
    uintptr_t bias;
    uint64_t eh_frame_hdr_offset;               /* where the file has eh_frame_hdr */
    uintptr_t eh_frame_hdr, entry, build_id_at; /* run-time addresses, 0: none */
    bool half_mapped;                           /* set by the caller, who has the maps */
    uint8_t build_id_n;
    uint8_t build_id[32];
    struct pp_table *table; /* NULL: none, err of pp_object_read says why */
};

/* Where an object seems to be: what the maps say about its ELF header and about one executable mapping of it. */
struct pp_object_place {
    uintptr_t header, code;              /* run-time addresses */
    uint64_t header_offset, code_offset; /* in the file */
    pp_str path;                         /* of the file, "": don't open it */
    bool any_code;                       /* don't compare the mapping with the program headers (vdso) */
};

/* PP_OK also when only the table is missing because there is no unwind information; PP_E_FORMAT: no ELF object
 * there, or not one whose code would be mapped like this; PP_E_IO: unreadable; PP_E_NOMEM, PP_E_LIMIT: the object
 * is described but has no table. */
enum pp_code pp_object_read(struct pp_memory *m, const struct pp_object_place *place, struct pp_object *ret_object,
                            struct pp_err *err);

#endif
