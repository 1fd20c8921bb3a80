// SPDX-License-Identifier: Apache-2.0
#include "tool/cmdline.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "tool/goflag.h"
#include "tool/objfile.h"
#include "tool/ui.h"

/* What the flags set besides config and source flags. */
struct words {
    bool choice[PP_CHOICE_COUNT];
    bool command[PP_COMMAND_COUNT];
    pp_str command_param[PP_COMMAND_COUNT];
    bool select[PP_SELECT_COUNT];
    struct pp_flag_values base, diff_base;
};

enum { FLAGS_MAX = PP_VAR_COUNT + PP_CHOICE_COUNT + PP_COMMAND_COUNT + PP_SELECT_COUNT + PP_SOURCE_COUNT };

static size_t list_flags(struct pp_flag *flags, struct pp_cmdline *c, struct words *w)
{
    size_t n = 0;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_vars[i].type != PP_TYPE_CHOICE)
            flags[n++] = (struct pp_flag){pp_vars[i].name, pp_vars[i].type, (char *)&c->config + pp_vars[i].offset};
    for (size_t i = 0; i < PP_SOURCE_COUNT; i++)
        flags[n++] = (struct pp_flag){pp_source_vars[i].name, pp_source_vars[i].type,
                                      (char *)&c->source + pp_source_vars[i].offset};
    for (size_t i = 0; i < n; i++)
        if (flags[i].value == &c->source.base || flags[i].value == &c->source.diff_base)
            flags[i].all = flags[i].value == &c->source.base ? &w->base : &w->diff_base;
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        flags[n++] = (struct pp_flag){pp_choices[i].name, PP_TYPE_BOOL, &w->choice[i]};
    for (size_t i = 0; i < PP_SELECT_COUNT; i++)
        flags[n++] = (struct pp_flag){pp_selects[i].name, PP_TYPE_BOOL, &w->select[i]};
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++) {
        bool param = pp_commands[i].has_param;
        flags[n++] = (struct pp_flag){pp_commands[i].name, param ? PP_TYPE_STR : PP_TYPE_BOOL,
                                      param ? (void *)&w->command_param[i] : &w->command[i]};
    }
    return n;
}

/* One variable with choices: at most one of its flags may be set. Go names them in map order, we in table order. */
static enum pp_code apply_choices(struct pp_arena *a, struct pp_cmdline *c, const struct words *w,
                                  const struct pp_var *var, struct pp_err *err)
{
    pp_str set = {0};
    size_t n = 0;
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++) {
        if (!w->choice[i] || strcmp(pp_choices[i].group, var->name)) continue;
        set = n++ ? pp_arena_fmt(a, "%.*s %s", PP_FMT(set), pp_choices[i].name) : pp_str_c(pp_choices[i].name);
    }
    if (n > 1) return pp_fail(err, PP_E_USAGE, "conflicting options set: [%.*s]", PP_FMT(set));
    if (n) *(pp_str *)(void *)((char *)&c->config + var->offset) = set;
    return PP_OK;
}

static enum pp_code find_command(struct pp_cmdline *c, const struct words *w, struct pp_err *err)
{
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++) {
        if (!w->command[i] && !w->command_param[i].n) continue;
        if (c->command) return pp_fail(err, PP_E_USAGE, "must set at most one output format");
        c->command = &pp_commands[i];
        c->param = w->command_param[i];
    }
    return PP_OK;
}

/* -csv and -json: the command in another notation; -top if none is named. */
static enum pp_code apply_notation(struct pp_arena *a, struct pp_cmdline *c, struct pp_err *err)
{
    bool csv = c->source.csv, json = c->source.json;
    if (!csv && !json) return PP_OK;
    if (csv && json) return pp_fail(err, PP_E_USAGE, "-csv and -json cannot both be specified");
    struct pp_command *own = PP_NEW(a, struct pp_command);
    *own = c->command ? *c->command : pp_commands[PP_COMMAND_top];
    enum pp_format f = own->format;
    if (f != PP_FORMAT_TEXT && f != PP_FORMAT_TREE && f != PP_FORMAT_TAGS)
        return pp_fail(err, PP_E_USAGE, "-%s goes with -top, -tree, -peek and -tags, not with -%s", csv ? "csv" : "json",
                       own->name);
    own->as_csv = csv;
    own->as_json = json;
    c->command = own;
    return PP_OK;
}

static void apply_selects(struct pp_cmdline *c, const struct words *w)
{
    for (size_t i = 0; i < PP_SELECT_COUNT; i++) {
        if (!w->select[i]) continue;
        if (pp_selects[i].sets_mean) c->config.mean = true;
        if (c->config.sample_index.n)
            pp_ui_warn("Multiple value selections, ignoring -%s", pp_selects[i].name);
        else
            c->config.sample_index = pp_str_c(pp_selects[i].sample_type);
    }
}

static void drop_empty(struct pp_flag_values *values)
{
    size_t n = 0;
    for (size_t i = 0; i < values->n; i++)
        if (values->p[i].n) values->p[n++] = values->p[i];
    values->n = n;
}

static enum pp_code apply_base(struct pp_cmdline *c, struct words *w, struct pp_err *err)
{
    drop_empty(&w->base);
    drop_empty(&w->diff_base);
    if (w->base.n && w->diff_base.n)
        return pp_fail(err, PP_E_USAGE, "-base and -diff_base flags cannot both be specified");
    c->diff_base = w->diff_base.n > 0;
    c->bases = c->diff_base ? w->diff_base.p : w->base.p;
    c->n_bases = c->diff_base ? w->diff_base.n : w->base.n;
    if (c->config.normalize && !c->n_bases) return pp_fail(err, PP_E_USAGE, "must have base profile to normalize by");
    return PP_OK;
}

static enum pp_code check_words(struct pp_arena *a, struct pp_cmdline *c, struct words *w, struct pp_err *err)
{
    enum pp_code code;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_vars[i].type == PP_TYPE_CHOICE && (code = apply_choices(a, c, w, &pp_vars[i], err))) return code;
    if ((code = find_command(c, w, err)) || (code = apply_notation(a, c, err))) return code;
    if (c->command && c->source.http.n)
        return pp_fail(err, PP_E_USAGE, "-http is not compatible with an output format on the command line");
    if (c->source.no_browser && !c->source.http.n)
        return pp_fail(err, PP_E_USAGE, "-no_browser only makes sense with -http");
    apply_selects(c, w);
    return apply_base(c, w, err);
}

enum pp_code pp_cmdline_parse(struct pp_arena *a, int argc, char **argv, struct pp_cmdline *ret_cmdline,
                              bool *ret_usage, struct pp_err *err)
{
    struct pp_cmdline c = {.config = pp_config_default, .source = pp_source_default};
    c.source.tools = pp_str_c(getenv("PPROF_TOOLS"));
    struct words w = {.base.p = PP_NEW_N(a, pp_str, argc), .diff_base.p = PP_NEW_N(a, pp_str, argc)};
    struct pp_flag flags[FLAGS_MAX];
    int first;
    *ret_usage = true;
    enum pp_code code = pp_goflag_parse(flags, list_flags(flags, &c, &w), argc, argv, &first, err);
    if (code) return code;
    if (first == argc && !c.source.version) return pp_fail(err, PP_E_EMPTY, "no profile source specified");
    *ret_usage = false;
    c.sources = PP_NEW_N(a, pp_str, argc - first);
    for (int i = first; i < argc; i++)
        c.sources[c.n_sources++] = pp_str_c(argv[i]);
    if (c.n_sources > 1 && pp_objfile_opens(a, c.sources[0])) {
        c.exec_name = c.sources[0];
        c.sources++;
        c.n_sources--;
    }
    if ((code = check_words(a, &c, &w, err))) return code;
    *ret_cmdline = c;
    return PP_OK;
}
