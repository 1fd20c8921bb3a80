/* tool/objfile.h - is a file an executable or library, and if not, what does google/pprof say about it?
 *
 *     stat nofile: no such file or directory  |  unrecognized binary format: x.txt  |  error reading ELF file x: ...
 * May run: cold code.
 */
#ifndef PP_TOOL_OBJFILE_H
#define PP_TOOL_OBJFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "symbols/object.h"

/* Opens ELF files and looks whether a base can be found for the mapping. Mach-O and PE files are told from others by their
 * first bytes only; *ret_build_id is "" for them. */
enum pp_code pp_objfile_check(struct pp_arena *a, pp_str path, const struct pp_object_mapping *m, pp_str *ret_build_id,
                              struct pp_err *err) PP_MUST_USE;

/* For a word of the command line: would it do as the binary? */
bool pp_objfile_opens(struct pp_arena *a, pp_str path);

#endif
