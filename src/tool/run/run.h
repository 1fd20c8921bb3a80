/* tool/run/run.h - `pprof run [flags] -- command args`: the parent of a profiled program.
 *
 * It owns what the guest need not: the ledger's memory, the listener, HTTP, symbolization, the files. So the guest has no thread and
 * no descriptor of ours while nobody asks, and profiles survive whatever ends it.
 *
 *   options -> check the command -> ledger in a memfd -> listen -> fork, exec with LD_PRELOAD -> serve ... -> write files
 *
 * Exit status: the command's own; 126 when it can't be profiled or executed, 127 when it is not found, 2 for wrong flags.
 */
#ifndef PP_TOOL_RUN_RUN_H
#define PP_TOOL_RUN_RUN_H

#include <sys/types.h>

#include "base/arena.h"
#include "ledger/ledger.h"

int pp_run_main(int argc, char **argv);

struct pp_run_options {
    pp_str http, token;
    pp_str cpu_profile, mem_profile, block_profile, mutex_profile, output_dir;
    int64_t cpu_rate_hz;     /* 0: 100 */
    int64_t mem_rate_bytes;  /* mean bytes between samples; 0 off, 1 everything */
    int64_t block_rate_ns;   /* 0 off, 1 every wait */
    int64_t mutex_fraction;  /* 0 off, 1 every release of a contended lock */
    bool children;           /* exec'ed children are profiled as well */
    bool quiet;              /* nothing on stderr but errors */
};

struct pp_run_command {
    pp_str path;
    bool needs_jemalloc, needs_tcmalloc; /* linked with them: their own names are wrapped, too */
    bool has_own_malloc; /* the program defines malloc: its calls never reach a preloaded one */
};

/* The file of the command as execvp would find it. PP_E_NOTFOUND: none. PP_E_UNSUPPORTED: it can't be profiled, and why. */
enum pp_code pp_run_check(struct pp_arena *a, const char *command, struct pp_run_command *ret, struct pp_err *err);

/* libpprof.so: $PPROF_LIBRARY, beside this program, or in ../lib of it. */
enum pp_code pp_run_find_library(struct pp_arena *a, pp_str *ret_path, struct pp_err *err);

#endif
