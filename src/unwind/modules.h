/* unwind/modules.h - builds and publishes the module map (unwind/sigsafe/module_map.h says how it is read).
 *
 * A refresh reads /proc/PID/maps, keeps the tables of objects that are still there (same range, device, inode, offset
 * and build id), compiles the new ones and publishes a new map if anything executable changed. Headers and .eh_frame
 * are copied out of the process's memory by process_vm_readv (/proc/PID/mem where that is forbidden), never followed
 * by pointer: an object may vanish meanwhile; the vdso, deleted and replaced files and other mount namespaces need
 * nothing special this way. Only an object without PT_GNU_EH_FRAME has its file opened (unwind/object.h).
 * An object that is just being mapped or unmapped by the loader is marked half_mapped and read again by the next
 * refreshes. The same for another process (pid != 0): the parent `pprof run` unwinds its child's threads with it;
 * that needs ptrace access (own child, same user).
 *
 * Threads: one at a time calls refresh, reclaim and release (the caller's cold lock); readers are free. May run: cold
 * code; raw system calls only, no libc lock, no malloc.   Every refusal of memory leaves the published map as it was.
 */
#ifndef PP_UNWIND_MODULES_H
#define PP_UNWIND_MODULES_H

#include "base/err.h"
#include "unwind/sigsafe/module_map.h"

struct pp_modules_options {
    int pid;                   /* 0: ourselves */
    size_t max_table_bytes;    /* of all tables together; beyond it objects get none. 0: 256 MiB */
    uint32_t max_modules;      /* 0: 65536 */
    uint32_t first_generation; /* the first map is one later: goes on counting after an exec in place */
    uint32_t last_generation;  /* a refresh that would pass it is refused (PP_E_LIMIT); 0: no limit */
};

struct pp_modules_stats {
    uint32_t generation, n_modules, n_tables, n_without_table, n_past, n_waiting_maps;
    uint32_t n_broken_lines, n_bad_fdes, n_table_refused; /* refused: over max_table_bytes or memory */
    size_t table_bytes, map_bytes;
    uint64_t last_refresh_ns, total_refresh_ns;
    uint32_t n_refreshes;
};

/* m must be zeroed before. */
PP_MUST_USE enum pp_code pp_modules_init(struct pp_modules *m, const struct pp_modules_options *o, struct pp_err *err);

/* ret_changed (may be NULL): a new map was published. Also tries to free waiting maps. */
PP_MUST_USE enum pp_code pp_modules_refresh(struct pp_modules *m, bool *ret_changed, struct pp_err *err);

/* Frees old maps that no reader can hold any more; gives the number still waiting. Never blocks. */
size_t pp_modules_reclaim(struct pp_modules *m);

/* In the child after fork(): the readers of other threads are gone. */
void pp_modules_after_fork(struct pp_modules *m);

void pp_modules_stats(const struct pp_modules *m, struct pp_modules_stats *ret_stats);

/* No reader may be inside or come any more. */
void pp_modules_release(struct pp_modules *m);

#endif
