/* tool/tempfile.h - files that we name: prefix, the first free number from 001 to 9999, suffix.   May run: cold code. */
#ifndef PP_TOOL_TEMPFILE_H
#define PP_TOOL_TEMPFILE_H

#include "base/arena.h"
#include "base/err.h"

/* Creates dir/prefixNNNsuffix exclusively and opens it for writing; dir "" is the current directory. */
enum pp_code pp_tempfile_new(struct pp_arena *a, pp_str dir, pp_str prefix, const char *suffix, int *ret_fd,
                             pp_str *ret_path, struct pp_err *err) PP_MUST_USE;

/* $TMPDIR or /tmp. */
pp_str pp_tempfile_dir(void);

/* Where profiles of remote sources are kept: $PPROF_TMPDIR, $HOME/pprof or the temporary directory, made if need be. Each
 * that can't be made is warned about. */
enum pp_code pp_tempfile_saved_dir(struct pp_arena *a, pp_str *ret_dir, struct pp_err *err) PP_MUST_USE;

/* The file is removed by pp_tempfile_cleanup(), which main calls at its end. */
void pp_tempfile_remove_later(pp_str path);
void pp_tempfile_cleanup(void);

#endif
