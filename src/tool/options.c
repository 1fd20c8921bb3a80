// SPDX-License-Identifier: Apache-2.0
#include "tool/options.h"

#define VALUE_BOOL(v) v
#define VALUE_INT(v) v
#define VALUE_FLOAT(v) v
#define VALUE_STR(v)     \
    {                    \
        v, sizeof(v) - 1 \
    }
#define VALUE_CHOICE(v)  \
    {                    \
        v, sizeof(v) - 1 \
    }

const struct pp_config pp_config_default = {
#define PP_VAR(name, type, def, url, saved, help) .name = VALUE_##type(def),
#include "tool/options.tbl"
};

const struct pp_source_flags pp_source_default = {
#define PP_SOURCE(name, type, def) .name = VALUE_##type(def),
#define PP_ADDED(name, type, def, lines) .name = VALUE_##type(def),
#include "tool/options.tbl"
};

const struct pp_var pp_vars[PP_VAR_COUNT] = {
#define PP_VAR(name, type, def, url, saved, help) \
    {#name, PP_TYPE_##type, offsetof(struct pp_config, name), url, saved, help},
#include "tool/options.tbl"
};

const struct pp_choice pp_choices[PP_CHOICE_COUNT] = {
#define PP_CHOICE(group, name, help) {#group, #name, help},
#include "tool/options.tbl"
};

const struct pp_command pp_commands[PP_COMMAND_COUNT] = {
#define PP_COMMAND(name, format, post, viewer, suffix, param, description, usage) \
    {#name, PP_FORMAT_##format, PP_POST_##post, PP_VIEW_##viewer, suffix, param, description, usage},
#include "tool/options.tbl"
};

const struct pp_select pp_selects[PP_SELECT_COUNT] = {
#define PP_SELECT(name, sample_type, sets_mean) {#name, sample_type, sets_mean},
#include "tool/options.tbl"
};

const struct pp_source_var pp_source_vars[PP_SOURCE_COUNT] = {
#define PP_SOURCE(name, type, def) {#name, PP_TYPE_##type, offsetof(struct pp_source_flags, name), NULL},
#define PP_ADDED(name, type, def, lines) {#name, PP_TYPE_##type, offsetof(struct pp_source_flags, name), lines},
#include "tool/options.tbl"
};

const struct pp_command *pp_command_find(pp_str name)
{
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++)
        if (pp_str_eq_c(name, pp_commands[i].name)) return &pp_commands[i];
    return NULL;
}

const char *pp_option_help(pp_str name)
{
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        if (pp_str_eq_c(name, pp_choices[i].name)) return pp_choices[i].help;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_vars[i].type != PP_TYPE_CHOICE && pp_str_eq_c(name, pp_vars[i].name)) return pp_vars[i].help;
    return NULL;
}
