/* tool/child.h - other programs: dot, viewers, objdump, nm.
 *
 * A name without '/' is looked up in $PATH as Go's os/exec does (the current directory never counts). Errors are Go's:
 *     exec: "dot": executable file not found in $PATH       exit status 1       signal: killed
 * May run: cold code; not in two threads that also change the environment.
 */
#ifndef PP_TOOL_CHILD_H
#define PP_TOOL_CHILD_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* Starts argv (ends with NULL). fds: what becomes 0, 1 and 2; -1 is /dev/null. */
enum pp_code pp_child_start(const char *const *argv, const int fds[3], pid_t *ret_pid, struct pp_err *err) PP_MUST_USE;

enum pp_code pp_child_wait(pid_t pid, struct pp_err *err) PP_MUST_USE;

/* Runs argv with `input` on its stdin and returns what it wrote to stdout. PP_E_IO also when it ends with another status
 * than 0. */
enum pp_code pp_child_filter(struct pp_arena *a, const char *const *argv, pp_str input, pp_str *ret_output,
                             struct pp_err *err) PP_MUST_USE;

/* The same without input, and what it says on stderr is dropped. */
enum pp_code pp_child_output(struct pp_arena *a, const char *const *argv, pp_str *ret_output,
                             struct pp_err *err) PP_MUST_USE;

#endif
