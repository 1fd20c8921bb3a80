/* tool/web/settings.h - saved configurations: settings.json, the same file that google/pprof reads and writes.
 *
 * $XDG_CONFIG_HOME or $HOME/.config, then pprof/settings.json: {"configs": [{"name": "x", "focus": "main", ...}]} with two blanks of
 * indentation and without values that are Go's zero. What else stands in the file is lost when it is written, as there.
 * May run: cold code.
 */
#ifndef PP_TOOL_WEB_SETTINGS_H
#define PP_TOOL_WEB_SETTINGS_H

#include "base/vec.h"
#include "tool/options.h"

struct pp_named_config {
    pp_str name;
    struct pp_config config;
};

typedef PP_VEC(struct pp_named_config) pp_named_configs;

/* Fails without a home: "neither $XDG_CONFIG_HOME nor $HOME are defined". */
enum pp_code pp_settings_file(struct pp_arena *a, pp_str *ret_path, struct pp_err *err) PP_MUST_USE;

/* No file: no configs. What is not saved (sample_index, output, ...) comes from `current`. */
enum pp_code pp_settings_read(struct pp_arena *a, pp_str path, const struct pp_config *current,
                              pp_named_configs *ret_configs, struct pp_err *err) PP_MUST_USE;

/* Adds or replaces one. */
enum pp_code pp_settings_save(struct pp_arena *a, pp_str path, pp_str name, const struct pp_config *config,
                              struct pp_err *err) PP_MUST_USE;

enum pp_code pp_settings_delete(struct pp_arena *a, pp_str path, pp_str name, struct pp_err *err) PP_MUST_USE;

#endif
