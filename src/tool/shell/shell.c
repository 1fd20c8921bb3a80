// SPDX-License-Identifier: Apache-2.0
#include "tool/shell/shell.h"

#include <stdlib.h>

#include "base/out.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "profile/labels.h"
#include "tool/configure.h"
#include "tool/generate.h"
#include "tool/output.h"
#include "tool/progress.h"
#include "tool/shell/input.h"
#include "tool/shell/line.h"
#include "tool/ui.h"
#include "tool/usage.h"

struct shell {
    struct pp_arena *arena; /* of the session: values of variables */
    struct pp_profile *profile;
    struct pp_config config;
    bool quit;
};

static void greet(struct shell *s)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, s->arena->oom);
    struct pp_out o;
    size_t n;
    int64_t total;
    pp_str *labels;
    struct pp_err err;
    if (!pp_generate_labels(&a, s->profile, &s->config, &labels, &n, &total, &err)) {
        pp_out_to_memory(&o, &a);
        for (size_t i = 0; i < n; i++)
            pp_out_fmt(&o, "%s%.*s", i ? "\n" : "", PP_FMT(labels[i]));
        pp_ui_print("%.*s", PP_FMT(pp_out_bytes(&o)));
        if (!total && s->profile->n_types > 1) {
            pp_ui_print("No samples were found with the default sample value type.");
            pp_ui_print("Try \"sample_index\" command to analyze different sample values.\n");
        }
    }
    pp_ui_print("Entering interactive mode (type \"help\" for commands, \"o\" for options)");
    pp_arena_release(&a);
}

static pp_str list_types(struct pp_arena *a, const struct pp_profile *p, const char *separator)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    pp_out_char(&o, '[');
    for (uint32_t i = 0; i < p->n_types; i++)
        pp_out_fmt(&o, "%s%.*s", i ? separator : "", PP_FMT(pp_profile_str(p, p->types[i].type)));
    pp_out_char(&o, ']');
    return pp_out_bytes(&o);
}

static int compare(const void *x, const void *y) { return pp_str_cmp(*(const pp_str *)x, *(const pp_str *)y); }

static pp_str list_choices(struct pp_arena *a, const char *group)
{
    pp_str names[PP_CHOICE_COUNT];
    size_t n = 0;
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        if (pp_str_eq_c(pp_str_c(group), pp_choices[i].group)) names[n++] = pp_str_c(pp_choices[i].name);
    qsort(names, n, sizeof *names, compare);
    struct pp_out o;
    pp_out_to_memory(&o, a);
    for (size_t i = 0; i < n; i++)
        pp_out_fmt(&o, "%s%.*s", i ? " | " : "[", PP_FMT(names[i]));
    pp_out_char(&o, ']');
    return pp_out_bytes(&o);
}

/* One variable as `options` shows it. */
static pp_str option_line(struct pp_arena *a, const struct shell *s, const struct pp_var *var)
{
    const struct pp_profile *p = s->profile;
    pp_str value = pp_config_text(a, &s->config, var), name = pp_str_c(var->name), comment = {0};
    if (var->type == PP_TYPE_CHOICE) {
        comment = list_choices(a, var->name);
        if (!value.n) value = PP_STR("(default)");
    } else if (pp_str_eq_c(name, "sample_index")) {
        if (!value.n && p->n_types) value = pp_profile_str(p, p->types[p->n_types - 1].type);
        comment = list_types(a, p, " | ");
    } else if (pp_str_eq_c(name, "nodecount") && s->config.nodecount == -1) {
        comment = PP_STR("default");
    } else if (!value.n) {
        value = PP_STR("\"\"");
    }
    size_t runes = pp_utf8_count(value);
    return pp_arena_fmt(a, "  %-25s = %.*s%*s %s%.*s", var->name, PP_FMT(value), runes < 20 ? (int)(20 - runes) : 0, "",
                        comment.n ? "//: " : "", PP_FMT(comment));
}

static void print_options(const struct shell *s)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, s->arena->oom);
    pp_str lines[PP_VAR_COUNT];
    size_t n = 0;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (!pp_str_eq_c(PP_STR("source_path"), pp_vars[i].name)) lines[n++] = option_line(&a, s, &pp_vars[i]);
    qsort(lines, n, sizeof *lines, compare);
    struct pp_out o;
    pp_out_to_memory(&o, &a);
    for (size_t i = 0; i < n; i++)
        pp_out_fmt(&o, "%.*s\n", PP_FMT(lines[i]));
    pp_ui_print("%.*s", PP_FMT(pp_out_bytes(&o)));
    pp_arena_release(&a);
}

static void print_help(const struct shell *s, pp_str topic)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, s->arena->oom);
    struct pp_out o;
    pp_out_to_memory(&o, &a);
    if (!topic.n) {
        pp_usage_write_shell(&o);
    } else if (pp_str_eq_c(topic, "sample_index")) {
        pp_str types = list_types(&a, s->profile, " ");
        pp_out_fmt(&o, "%sOr use sample_index=name, with name in %.*s.\n\n", pp_option_help(topic), PP_FMT(types));
    } else if (!pp_usage_topic(&o, topic)) {
        pp_ui_warn("Unknown command: %.*s", PP_FMT(topic));
        goto out;
    }
    pp_ui_print("%.*s", PP_FMT(pp_out_bytes(&o)));
out:
    pp_arena_release(&a);
}

static enum pp_code report(const struct shell *s, const struct pp_shell_line *line, struct pp_err *err)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, s->arena->oom);
    struct pp_config config = s->config;
    const struct pp_command *command;
    pp_str param;
    enum pp_code c = pp_shell_report(&a, s->profile, line, &config, &command, &param, err);
    pp_progress_begin("Making the report");
    if (!c) c = pp_generate(&a, pp_profile_copy(&a, s->profile), command, param, &config, err);
    pp_progress_end();
    pp_arena_release(&a);
    return c;
}

static void act(struct shell *s, struct pp_arena *a, pp_str text)
{
    struct pp_err err;
    enum pp_code c = PP_OK;
    struct pp_shell_line line = pp_shell_parse(a, text);
    switch (line.act) {
    case PP_SHELL_NOTHING: break;
    case PP_SHELL_ASSIGN: c = pp_shell_assign(s->arena, s->profile, &s->config, &line, &err); break;
    case PP_SHELL_OPTIONS: print_options(s); break;
    case PP_SHELL_HELP: print_help(s, line.value); break;
    case PP_SHELL_QUIT: s->quit = true; break;
    case PP_SHELL_REPORT: c = report(s, &line, &err); break;
    }
    if (c) pp_ui_warn("%s", err.text);
}

enum pp_code pp_shell_run(struct pp_arena *a, struct pp_profile *p, const struct pp_config *config, struct pp_err *err)
{
    struct shell s = {.arena = a, .profile = p, .config = *config};
    struct pp_shell_input in;
    struct pp_arena of_line;
    pp_str text;
    enum pp_code c = PP_OK;
    s.config.compact_labels = true;
    pp_output_in_shell();
    pp_progress_end();
    pp_arena_init(&of_line, 0, a->oom);
    pp_shell_input_init(&in, p);
    greet(&s);
    pp_labels_drop_lost(p);
    while (!s.quit && !(c = pp_shell_input_line(&in, &text, err))) {
        size_t n;
        pp_arena_reset(&of_line);
        const pp_str *lines = pp_shell_expand(&of_line, p, text, &n);
        for (size_t i = 0; i < n && !s.quit; i++)
            act(&s, &of_line, lines[i]);
    }
    pp_shell_input_release(&in);
    pp_arena_release(&of_line);
    return c == PP_E_EMPTY ? PP_OK : c;
}
