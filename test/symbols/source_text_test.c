// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbols/source_text.h"

static struct pp_arena arena;
static char dir[] = "/tmp/pprof-source-XXXXXX";
static pp_str said;

static pp_str in_dir(const char *name) { return pp_arena_fmt(&arena, "%s/%s", dir, name); }

static void make_dirs(const char *path)
{
    for (size_t i = 1; path[i]; i++)
        if (path[i] == '/') mkdir(in_dir(pp_arena_c(&arena, pp_str_sub(pp_str_c(path), 0, i))).p, 0700);
}

static void write_file(const char *name, const char *text)
{
    make_dirs(name);
    FILE *f = fopen(in_dir(name).p, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void hear(void *ctx, pp_str sentence)
{
    (void)ctx;
    said = sentence;
}

static struct pp_source_text *reader(const char *search, const char *trim)
{
    struct pp_source_options o = {.search_path = pp_str_c(search), .trim_path = pp_str_c(trim), .say = hear};
    return pp_source_text_new(&arena, &o);
}

static const char *line(struct pp_source_text *t, const char *path, int64_t n)
{
    pp_str text;
    return pp_source_text_line(t, pp_str_c(path), n, &text) ? pp_arena_c(&arena, text) : NULL;
}

static void lines_are_those_of_go(void **state)
{
    (void)state;
    write_file("a.c", "one\r\n\nthree");
    struct pp_source_text *t = reader(dir, "");
    assert_string_equal(line(t, "a.c", 1), "one");
    assert_string_equal(line(t, "a.c", 2), "");
    assert_string_equal(line(t, "a.c", 3), "three");
    assert_null(line(t, "a.c", 4));
    assert_null(line(t, "a.c", 0));
    assert_null(line(t, "a.c", INT64_MAX));
    assert_int_equal(pp_source_text_error(t, PP_STR("a.c")).n, 0);
}

static void a_long_line_ends_the_file(void **state)
{
    (void)state;
    char *text = malloc(70000);
    memset(text, 'x', 65535);
    strcpy(text + 65535, "\nlast\n");
    write_file("fits.c", text);
    memmove(text + 1, text, strlen(text) + 1);
    write_file("long.c", text);
    free(text);
    struct pp_source_text *t = reader(dir, "");
    assert_string_equal(line(t, "fits.c", 2), "last");
    assert_null(line(t, "long.c", 1));
}

static void parents_are_searched(void **state)
{
    (void)state;
    write_file("p/q/r/x.c", "");
    write_file("p/up.c", "found\n");
    pp_str search = pp_arena_fmt(&arena, "/nonexistent:%s/p/q/r", dir);
    assert_string_equal(line(reader(search.p, ""), "up.c", 1), "found");
}

static void errors_are_those_of_go(void **state)
{
    (void)state;
    struct pp_source_text *t = reader("/nonexistent", "");
    assert_null(line(t, "/nonexistent2/x.c", 1));
    assert_null(line(t, "y.c", 1));
    assert_true(pp_str_eq_c(pp_source_text_error(t, PP_STR("/nonexistent2/x.c")),
                            "open /nonexistent2/x.c: no such file or directory"));
    assert_true(pp_str_eq_c(pp_source_text_error(t, PP_STR("y.c")), "could not find file y.c on path /nonexistent"));
}

static void names_are_trimmed(void **state)
{
    (void)state;
    const struct {
        const char *path, *trim, *search, *want;
    } cases[] = {
        {"/remote/proj/a/b.c", "", "/local/proj", "a/b.c"},   {"/remote/proj/a/b.c", "/remote", "/local/proj", "proj/a/b.c"},
        {"/remote/proj/a/b.c", "/x:/remote/proj/", "", "a/b.c"}, {"/proc/self/cwd/./a.c", "", "", "a.c"},
        {"/proc/self/cwd/a.c", "/x", "", "a.c"},              {"/remoteness/a.c", "/remote", "", "/remoteness/a.c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(pp_str_eq_c(pp_source_trim(pp_str_c(cases[i].path), pp_str_c(cases[i].trim), pp_str_c(cases[i].search)),
                                cases[i].want));
}

static void nothing_that_is_no_file_is_read(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_dir("fifo").p, 0600), 0);
    struct pp_source_text *t = reader(dir, "");
    assert_null(line(t, "fifo", 1));
    assert_null(line(t, "/dev/zero", 1));
    assert_null(line(t, dir, 1));
}

static void go_keeps_sources_elsewhere(void **state)
{
    (void)state;
    write_file("root/src/runtime/proc.go", "std\n");
    write_file("mod/github.com/!burnt/x@v1.0/X.go", "module\n");
    setenv("GOROOT", in_dir("root").p, 1);
    setenv("GOMODCACHE", in_dir("mod").p, 1);
    struct pp_source_text *t = reader("/nonexistent", "");
    assert_string_equal(line(t, "/nonexistent/go/src/runtime/proc.go", 1), "std");
    assert_string_equal(line(t, "runtime/proc.go", 1), "std");
    assert_string_equal(line(t, "github.com/Burnt/x@v1.0/X.go", 1), "module");
    assert_string_equal(line(t, "/home/a/go/pkg/mod/github.com/!burnt/x@v1.0/X.go", 1), "module");
    assert_int_equal(said.n, 0);
    assert_null(line(t, "runtime/none.go", 1));
    assert_true(pp_str_contains(said, PP_STR("root/src/runtime/none.go")));
    said = (pp_str){0};
    assert_null(line(t, "runtime/none2.go", 1));
    assert_int_equal(said.n, 0); /* once */
    unsetenv("GOROOT");
    unsetenv("GOMODCACHE");
}

static void no_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_those_of_go),           cmocka_unit_test(a_long_line_ends_the_file),
        cmocka_unit_test(parents_are_searched),            cmocka_unit_test(errors_are_those_of_go),
        cmocka_unit_test(names_are_trimmed),               cmocka_unit_test(nothing_that_is_no_file_is_read),
        cmocka_unit_test(go_keeps_sources_elsewhere),
    };
    setenv("HOME", "/nonexistent", 1);
    unsetenv("GOPATH");
    unsetenv("GOROOT");
    unsetenv("GOMODCACHE");
    pp_arena_init(&arena, 0, no_memory);
    if (!mkdtemp(dir)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    const char *clean = pp_arena_fmt(&arena, "rm -rf '%s'", dir).p;
    if (system(clean)) failed++;
    pp_arena_release(&arena);
    return failed;
}
