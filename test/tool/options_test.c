// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"
#include "tool/options.h"
#include "tool/usage.h"

/* One flag set is made of all tables: no word may stand twice. */
static void names_are_unique(void **state)
{
    (void)state;
    const char *names[PP_VAR_COUNT + PP_CHOICE_COUNT + PP_COMMAND_COUNT + PP_SELECT_COUNT + PP_SOURCE_COUNT];
    size_t n = 0;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        names[n++] = pp_vars[i].name;
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++)
        names[n++] = pp_choices[i].name;
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++)
        names[n++] = pp_commands[i].name;
    for (size_t i = 0; i < PP_SELECT_COUNT; i++)
        names[n++] = pp_selects[i].name;
    for (size_t i = 0; i < PP_SOURCE_COUNT; i++)
        names[n++] = pp_source_vars[i].name;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
}

static void url_parameters_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        for (size_t k = 0; k < i; k++)
            if (pp_vars[i].url && pp_vars[k].url) assert_string_not_equal(pp_vars[i].url, pp_vars[k].url);
}

static void choices_belong_to_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++) {
        size_t k = 0;
        while (k < PP_VAR_COUNT && strcmp(pp_vars[k].name, pp_choices[i].group))
            k++;
        assert_true(k < PP_VAR_COUNT && pp_vars[k].type == PP_TYPE_CHOICE);
    }
}

static void every_command_has_help(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++) {
        struct pp_out o;
        pp_out_to_memory(&o, &a);
        assert_true(pp_usage_topic(&o, pp_str_c(pp_commands[i].name)));
        assert_true(pp_str_has_prefix(pp_out_bytes(&o), pp_str_c(pp_commands[i].description)));
        assert_ptr_equal(pp_command_find(pp_str_c(pp_commands[i].name)), &pp_commands[i]);
    }
    struct pp_out o;
    pp_out_to_memory(&o, &a);
    assert_false(pp_usage_topic(&o, PP_STR("nosuch")));
    assert_true(pp_usage_topic(&o, PP_STR("cum")));
    assert_string_equal(pp_arena_c(&a, pp_out_bytes(&o)), "Sort entries based on cumulative weight\n\n");
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(url_parameters_are_unique),
        cmocka_unit_test(choices_belong_to_variables),
        cmocka_unit_test(every_command_has_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
