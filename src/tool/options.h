/* tool/options.h - the words of the command line as tables: variables, their choices, commands, flags of the source.
 *
 * All of it is written once, in options.tbl; this header makes the structs, options.c the arrays. Flags, usage, `help`,
 * and later the shell and the web UI iterate over the arrays and know no name themselves.
 * May run: cold code; all tables are constant.
 */
#ifndef PP_TOOL_OPTIONS_H
#define PP_TOOL_OPTIONS_H

#include "base/str.h"

enum pp_type { PP_TYPE_BOOL, PP_TYPE_INT, PP_TYPE_FLOAT, PP_TYPE_STR, PP_TYPE_CHOICE };

#define PP_CTYPE_BOOL bool
#define PP_CTYPE_INT int64_t
#define PP_CTYPE_FLOAT double
#define PP_CTYPE_STR pp_str
#define PP_CTYPE_CHOICE pp_str /* "" or one of the group's choices */

/* What a report depends on besides the profile: the variables, one field each. */
struct pp_config {
#define PP_VAR(name, type, def, url, saved, help) PP_CTYPE_##type name;
#include "tool/options.tbl"
};
extern const struct pp_config pp_config_default;

/* Where the profile comes from and how it is made ready. */
struct pp_source_flags {
#define PP_SOURCE(name, type, def) PP_CTYPE_##type name;
#define PP_ADDED(name, type, def, lines) PP_CTYPE_##type name;
#include "tool/options.tbl"
};
extern const struct pp_source_flags pp_source_default;

struct pp_var {
    const char *name;
    enum pp_type type;
    size_t offset;   /* in struct pp_config */
    const char *url; /* parameter of the web UI, or NULL */
    bool saved;      /* kept in settings.json */
    const char *help;
};

struct pp_choice {
    const char *group, *name, *help;
};

enum pp_format {
    PP_FORMAT_CALLGRIND,
    PP_FORMAT_COMMENTS,
    PP_FORMAT_DISASM,
    PP_FORMAT_DOT,
    PP_FORMAT_FOLDED,
    PP_FORMAT_LIST,
    PP_FORMAT_PROTO,
    PP_FORMAT_RAW,
    PP_FORMAT_TAGS,
    PP_FORMAT_TEXT,
    PP_FORMAT_TOPPROTO,
    PP_FORMAT_TRACES,
    PP_FORMAT_TREE,
    PP_FORMAT_WEBLIST,
};

/* What is done to the report's bytes before they are written; the DOT_ ones run dot. */
enum pp_post {
    PP_POST_NONE,
    PP_POST_DOT_GIF,
    PP_POST_DOT_PDF,
    PP_POST_DOT_PNG,
    PP_POST_DOT_PS,
    PP_POST_DOT_SVG,
    PP_POST_PAN_SVG, /* DOT_SVG made to fill and move in a browser */
};

/* Where they go when -output names no file. */
enum pp_viewer {
    PP_VIEW_STDOUT,
    PP_VIEW_FILE, /* stdout, but never a terminal: then profileNNN.suffix in the current directory */
    PP_VIEW_BROWSER,
    PP_VIEW_EOG,
    PP_VIEW_EVINCE,
    PP_VIEW_GV,
    PP_VIEW_KCACHEGRIND,
};

struct pp_command {
    const char *name;
    enum pp_format format;
    enum pp_post post;
    enum pp_viewer viewer;
    const char *suffix;
    bool has_param; /* takes a regular expression */
    const char *description, *usage;
    bool as_csv, as_json; /* -csv, -json: in the command line's own copy only */
};

/* -inuse_space and its like: short for -sample_index. Earlier ones win over later ones. */
struct pp_select {
    const char *name, *sample_type;
    bool sets_mean;
};

/* A flag of struct pp_source_flags; `lines` (what the usage says) only for those that google/pprof does not have. */
struct pp_source_var {
    const char *name;
    enum pp_type type;
    size_t offset;
    const char *lines;
};

enum { /* how many of each: one constant per table */
#define PP_VAR(name, ...) PP_VAR_##name,
#include "tool/options.tbl"
    PP_VAR_COUNT
};
enum {
#define PP_CHOICE(group, name, help) PP_CHOICE_##name,
#include "tool/options.tbl"
    PP_CHOICE_COUNT
};
enum {
#define PP_COMMAND(name, ...) PP_COMMAND_##name,
#include "tool/options.tbl"
    PP_COMMAND_COUNT
};
enum {
#define PP_SELECT(name, ...) PP_SELECT_##name,
#include "tool/options.tbl"
    PP_SELECT_COUNT
};
enum {
#define PP_SOURCE(name, ...) PP_SOURCE_##name,
#define PP_ADDED(name, ...) PP_SOURCE_##name,
#include "tool/options.tbl"
    PP_SOURCE_COUNT
};

extern const struct pp_var pp_vars[PP_VAR_COUNT]; /* in the order of settings.json */
extern const struct pp_choice pp_choices[PP_CHOICE_COUNT];
extern const struct pp_command pp_commands[PP_COMMAND_COUNT]; /* by name */
extern const struct pp_select pp_selects[PP_SELECT_COUNT];
extern const struct pp_source_var pp_source_vars[PP_SOURCE_COUNT];

const struct pp_command *pp_command_find(pp_str name); /* NULL: none */
const char *pp_option_help(pp_str name);               /* of a variable or a choice; NULL: no such name */

#endif
