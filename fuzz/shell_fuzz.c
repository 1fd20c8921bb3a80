// SPDX-License-Identifier: Apache-2.0
// fuzz: src/tool/shell/line.c src/tool/shell/complete.c src/tool/configure.c src/tool/options.c src/profile/tag_filter.c src/profile/labels.c src/profile/label_sort.c src/profile/label_frames.c src/profile/ids.c src/profile/sample_index.c src/profile/model.c src/profile/units.c src/regex/*.c src/regex/regex.cc src/base/*.c -- -lre2 -lm -lstdc++
// Lines of the shell one after the other, the variables kept; then what tagfocus became is compiled, and every line completed.

#include "fuzz/harness.h"
#include "profile/tag_filter.h"
#include "tool/configure.h"
#include "tool/shell/complete.h"
#include "tool/shell/line.h"

static struct pp_profile *make_profile(struct pp_arena *a)
{
    static const char *const names[] = {"main.main", "(*T).f", "operator new(unsigned long)", "h\xc3\xa9", ""};
    struct pp_profile *p = pp_profile_new(a);
    p->types = PP_NEW_N(a, struct pp_value_type, 2);
    p->n_types = 2;
    p->types[0].type = pp_profile_intern(p, PP_STR("samples"));
    p->types[1].type = pp_profile_intern(p, PP_STR("cpu"));
    p->n_functions = sizeof names / sizeof *names;
    p->functions = PP_NEW_N(a, struct pp_function, p->n_functions);
    for (uint32_t i = 0; i < p->n_functions; i++)
        p->functions[i] = (struct pp_function){.id = i + 1, .name = pp_profile_intern(p, pp_str_c(names[i]))};
    return p;
}

/* What a variable shows reads back as itself. */
static void check_values(struct pp_arena *a, const struct pp_config *cfg)
{
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        struct pp_config other = pp_config_default;
        pp_str name = pp_str_c(pp_vars[i].name), value = pp_config_text(a, cfg, &pp_vars[i]);
        if (pp_vars[i].type == PP_TYPE_CHOICE && !value.n) continue;
        check(!pp_configure(a, &other, name, value, NULL));
        check(pp_str_eq(pp_config_text(a, &other, &pp_vars[i]), value));
    }
}

static void try_line(struct pp_arena *a, const struct pp_profile *p, struct pp_config *cfg, pp_str text)
{
    struct pp_err err = {0};
    struct pp_shell_line line = pp_shell_parse(a, text);
    if (line.act == PP_SHELL_ASSIGN && pp_shell_assign(a, p, cfg, &line, &err)) check(err.n > 0);
    if (line.act == PP_SHELL_REPORT) {
        struct pp_config of_report = *cfg;
        const struct pp_command *command = NULL;
        pp_str param;
        if (pp_shell_report(a, p, &line, &of_report, &command, &param, &err))
            check(err.n > 0);
        else
            check(command && (param.n > 0) == command->has_param);
    }
    struct pp_shell_completion c = pp_shell_complete(a, p, text);
    check(c.from <= text.n && (c.n_list || pp_str_eq(c.replacement, pp_str_from(text, c.from))));
}

static void say_nothing(void *ctx, pp_str line)
{
    (void)ctx;
    (void)line;
}

static void try_tag_filter(struct pp_arena *a, const struct pp_profile *p, pp_str text)
{
    struct pp_tag_filter *f = NULL;
    struct pp_err err;
    struct pp_label_units units = {0};
    const struct pp_label labels[] = {{.key = 1, .str = 2}, {.key = 2, .num = 1 << 20, .is_num = true}};
    if (pp_tag_filter_new(a, p, &units, "tagfocus", text, say_nothing, NULL, &f, &err) || !f) return;
    pp_tag_filter_match(f, labels, sizeof labels / sizeof *labels);
    pp_tag_filter_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    struct pp_profile *p = make_profile(&a);
    struct pp_config cfg = pp_config_default;
    pp_str rest = {(const char *)data, size}, input;
    while (pp_str_next(&rest, '\n', &input)) {
        size_t n;
        const pp_str *lines = pp_shell_expand(&a, p, input, &n);
        for (size_t i = 0; i < n; i++)
            try_line(&a, p, &cfg, lines[i]);
    }
    check_values(&a, &cfg);
    try_tag_filter(&a, p, cfg.tagfocus);
    pp_arena_release(&a);
    return 0;
}
