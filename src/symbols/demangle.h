/* symbols/demangle.h - C++ and Rust linker names as people wrote them.
 *
 * Reads the Itanium C++ ABI mangling (with the additions of gcc and clang), Rust's v0 and Rust's older _ZN...17h<hash>E.
 * The words are those of google/pprof, that is of github.com/ianlancetaylor/demangle with the options it passes:
 *
 *     mode        options there                                 std::map<int, A>::find(int const&) const becomes
 *     none        (no demangling)                               _ZNKSt3mapIi1ASt4lessIiE...
 *     default     NoParams, NoEnclosingParams, NoTemplateParams std::map::find
 *     templates   NoParams, NoEnclosingParams                   std::map<int, A, ...>::find
 *     full        NoClones                                      std::map<int, A, ...>::find(int const&) const
 *
 * Limits: names may come from hostile files. Input of more than 1 MiB, results of more than 1 MiB, nesting deeper than
 * 1024 and work beyond a million steps (some 20 ms) count as "not a mangled name"; Go has no such limits. The hardest of
 * two million real symbols took 22,000 steps, 103 deep.
 * Memory: only the result goes to the arena; the syntax tree lives on the stack (16 KiB) or in a short-lived arena.
 * Threads: any number.   May run: cold code.
 */
#ifndef PP_SYMBOLS_DEMANGLE_H
#define PP_SYMBOLS_DEMANGLE_H

#include "base/arena.h"

enum pp_demangle_mode { PP_DEMANGLE_NONE, PP_DEMANGLE_DEFAULT, PP_DEMANGLE_TEMPLATES, PP_DEMANGLE_FULL };

/* False when `mangled` is not a mangled name (or the mode is none); *ret is untouched then. */
bool pp_demangle(struct pp_arena *a, pp_str mangled, enum pp_demangle_mode mode, pp_str *ret);

/* The name to show for a function known by its system name: demangled, also with one leading '_' too many (macOS); a
 * name that already is C++ text loses its parameters and template arguments as the mode asks; anything else returns as it
 * came. Go: symbolizer.go demangleSingleFunction; the caller leaves functions alone whose name differs from the system
 * name, as that does. */
pp_str pp_demangle_function(struct pp_arena *a, pp_str system_name, enum pp_demangle_mode mode);

#endif
