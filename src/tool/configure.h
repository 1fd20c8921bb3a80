/* tool/configure.h - variables by name: how the shell (and the web UI) read and set what flags set on a command line.
 *
 * Names are those of PP_VAR and PP_CHOICE in options.tbl; a choice sets the variable of its group. Errors are google/pprof's:
 *     illegal value "x" for bool variable       strconv.Atoi: parsing "x": invalid syntax       invalid "sort" value "x"
 * May run: cold code.
 */
#ifndef PP_TOOL_CONFIGURE_H
#define PP_TOOL_CONFIGURE_H

#include "base/arena.h"
#include "base/err.h"
#include "tool/options.h"

const struct pp_var *pp_var_find(pp_str name); /* NULL: no variable of that name */
bool pp_configurable(pp_str name);             /* a variable or a choice */
bool pp_configurable_alone(pp_str name);       /* one that may stand without "=value" */

/* Texts are copied into the arena. On an error the config is as before. */
enum pp_code pp_configure(struct pp_arena *a, struct pp_config *cfg, pp_str name, pp_str value,
                          struct pp_err *err) PP_MUST_USE;

/* The value as text: true, 0.005, main.* */
pp_str pp_config_text(struct pp_arena *a, const struct pp_config *cfg, const struct pp_var *var);

#endif
