// SPDX-License-Identifier: Apache-2.0
// Which runes a class holds, with and without (?i), against Go (record_classes.go): all categories, scripts and aliases, at
// the ends of all their ranges and for every rune that has a case.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "regex/regex.h"

#define RUNES_MAX 20000

static FILE *answers;
static uint32_t runes[RUNES_MAX];
static size_t n_runes;
static struct pp_arena arena;

static void no_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

static void read_runes(char *line)
{
    for (char *word; (word = strsep(&line, " \n")) && *word;) {
        assert_true(n_runes < RUNES_MAX);
        runes[n_runes++] = (uint32_t)strtoul(word, NULL, 16);
    }
}

/* "number checksum" of the runes that match, as the recorder writes it. */
static void describe(const char *pattern, char ret_text[64])
{
    struct pp_regex *r;
    struct pp_err err;
    if (pp_regex_compile(&arena, pp_arena_fmt(&arena, "^%s$", pattern), &r, &err)) fail_msg("%s", err.text);
    uint64_t sum = UINT64_C(14695981039346656037);
    int n = 0;
    for (size_t i = 0; i < n_runes; i++) {
        char text[PP_UTF8_MAX];
        bool in = pp_regex_match(r, (pp_str){text, pp_utf8_encode(text, runes[i])});
        sum = (sum ^ in) * UINT64_C(1099511628211);
        n += in;
    }
    pp_regex_free(r);
    snprintf(ret_text, 64, "%d %lx", n, (unsigned long)sum);
}

static void classes_hold_what_gos_hold(void **state)
{
    (void)state;
    char *line = NULL;
    size_t cap = 0, n_patterns = 0, wrong = 0;
    assert_true(getline(&line, &cap, answers) > 0);
    read_runes(line);
    for (ssize_t n; (n = getline(&line, &cap, answers)) > 0; n_patterns++) {
        line[n - 1] = 0;
        char *want = line, got[64];
        const char *pattern = strsep(&want, "\t");
        describe(pattern, got);
        if (strcmp(got, want) != 0 && wrong++ < 10) print_message("%s: Go %s, ours %s\n", pattern, want, got);
        pp_arena_reset(&arena);
    }
    free(line);
    print_message("%zu classes, %zu runes each, %zu differ\n", n_patterns, n_runes, wrong);
    assert_int_equal(wrong, 0);
    assert_true(n_patterns > 800 && n_runes > 6000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(classes_hold_what_gos_hold)};
    if (argc < 2 || !(answers = fopen(argv[1], "r"))) return 2;
    pp_arena_init(&arena, 0, no_memory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    fclose(answers);
    return failed;
}
