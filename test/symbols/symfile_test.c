// SPDX-License-Identifier: Apache-2.0
/* Against target.c, whose path is the first argument: names, lines and gaps are known without asking another tool. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/symfile.h"

static pp_str target;
static struct pp_arena arena;

static void out_of_memory(size_t wanted)
{
    fprintf(stderr, "out of memory (%zu)\n", wanted);
    abort();
}

static struct pp_symfile *open_target(enum pp_alias alias)
{
    struct pp_symfile_options o = {.alias = alias, .oom = out_of_memory};
    struct pp_symfile *s = NULL;
    struct pp_err err = {0};
    if (pp_symfile_open(target, &o, &s, &err)) fail_msg("%s", err.text);
    assert_string_equal(pp_arena_c(&arena, pp_symfile_problem(s)), "");
    return s;
}

/* Where the target has a symbol of that name: in llvm's table labels inside functions are kept. */
static uint64_t address_of(const struct pp_symfile *s, const char *name)
{
    struct pp_symtab t;
    assert_int_equal(pp_symtab_read(&arena, pp_symfile_object(s), PP_ALIAS_LLVM, &t, NULL), PP_OK);
    for (size_t i = 0; i < t.n; i++)
        if (pp_str_eq_c(t.items[i].name, name)) return t.items[i].addr;
    fail_msg("no symbol %s", name);
    return 0;
}

static const char *name_at(struct pp_symfile *s, uint64_t addr)
{
    pp_frames f;
    pp_symfile_find(s, addr, &arena, &f);
    return f.n ? pp_arena_c(&arena, f.p[f.n - 1].name) : "";
}

static void check_frame(const struct pp_frame *f, const char *name, uint32_t line, uint32_t start_line)
{
    assert_string_equal(pp_arena_c(&arena, f->name), name);
    assert_true(pp_str_has_suffix(f->file, PP_STR("/test/symbols/target.c")));
    assert_int_equal(f->line, line);
    assert_int_equal(f->start_line, start_line);
}

static void test_inline_stack(void **state)
{
    (void)state;
    struct pp_symfile *s = open_target(PP_ALIAS_PLAIN);
    pp_frames f;
    assert_true(pp_symfile_has_dwarf(s));
    pp_symfile_find(s, address_of(s, "mark_inner"), &arena, &f);
    assert_int_equal(f.n, 3);
    check_frame(&f.p[0], "innermost", 7, 5);
    check_frame(&f.p[1], "middle", 13, 11);
    check_frame(&f.p[2], "outermost", 20, 17);
    assert_int_equal(f.p[1].column, 12);
    assert_int_equal(f.p[2].column, 12);
    pp_symfile_free(s);
}

static void test_aliases(void **state)
{
    (void)state;
    struct pp_symfile *plain = open_target(PP_ALIAS_PLAIN), *llvm = open_target(PP_ALIAS_LLVM);
    uint64_t at = address_of(plain, "nest_outer") - 32;
    assert_string_equal(name_at(plain, at), "alias_weak");
    assert_string_not_equal(name_at(llvm, at), "alias_local");
    assert_string_not_equal(name_at(llvm, at), "place_start");
    pp_symfile_free(plain);
    pp_symfile_free(llvm);
}

static void test_containment(void **state)
{
    (void)state;
    struct pp_symfile *plain = open_target(PP_ALIAS_PLAIN), *llvm = open_target(PP_ALIAS_LLVM);
    uint64_t outer = address_of(plain, "nest_outer"), unsized = outer + 32;
    assert_string_equal(name_at(plain, outer - 17), "alias_weak");
    assert_string_equal(name_at(plain, outer - 16), "");
    assert_string_equal(name_at(plain, outer - 1), "");
    assert_string_equal(name_at(plain, outer + 7), "nest_outer");
    assert_string_equal(name_at(plain, outer + 8), "nest_inner");
    assert_string_equal(name_at(plain, outer + 16), "nest_outer");
    assert_string_equal(name_at(llvm, outer + 16), "");
    pp_frames f;
    pp_symfile_find(plain, 1, &arena, &f);
    assert_int_equal(f.n, 0);
    pp_symfile_find(llvm, 1, &arena, &f);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.p[0].name.n + f.p[0].file.n + f.p[0].line, 0);
    assert_string_equal(name_at(plain, unsized), "unsized");
    assert_string_equal(name_at(plain, unsized + PP_SYMTAB_UNSIZED_MAX - 1), "unsized");
    assert_string_equal(name_at(plain, unsized + PP_SYMTAB_UNSIZED_MAX), "");
    assert_string_equal(name_at(plain, unsized + 70000), "behind");
    pp_symfile_free(plain);
    pp_symfile_free(llvm);
}

static void test_plt(void **state)
{
    (void)state;
    struct pp_symfile *s = open_target(PP_ALIAS_PLAIN);
    struct pp_symtab plt;
    size_t found = 0;
    assert_int_equal(pp_symtab_read_plt(&arena, pp_symfile_object(s), &plt, NULL), PP_OK);
    for (size_t i = 0; i < plt.n; i++) {
        found += pp_str_eq_c(plt.items[i].name, "getppid@plt");
        assert_string_equal(name_at(s, plt.items[i].addr), pp_arena_c(&arena, plt.items[i].name));
    }
    assert_true(found > 0);
    pp_symfile_free(s);
}

static void test_build_id(void **state)
{
    (void)state;
    struct pp_symfile *s = open_target(PP_ALIAS_PLAIN), *other = NULL;
    pp_str id = pp_symfile_object(s)->build_id;
    assert_int_equal(id.n, 40);
    struct pp_symfile_options o = {.build_id = id, .oom = out_of_memory};
    assert_int_equal(pp_symfile_open(target, &o, &other, NULL), PP_OK);
    pp_symfile_free(other);
    o.build_id = PP_STR("0123");
    struct pp_err err;
    assert_int_equal(pp_symfile_open(target, &o, &other, &err), PP_E_STATE);
    assert_non_null(strstr(err.text, "build-id mismatch (0123 != "));
    pp_symfile_free(s);
}

/* A stripped copy finds its debug file by build id, and doesn't take another build's. */
static void test_debug_file(void **state)
{
    (void)state;
    char dir[] = "/tmp/pp_symfile_XXXXXX", command[2048];
    assert_non_null(mkdtemp(dir));
    struct pp_symfile *s = open_target(PP_ALIAS_PLAIN);
    const char *id = pp_arena_c(&arena, pp_symfile_object(s)->build_id);
    uint64_t mark = address_of(s, "mark_inner");
    snprintf(command, sizeof command,
             "cd %s && mkdir -p d/.build-id/%.2s w/.build-id/%.2s && cp %.*s full && strip -o stripped full && "
             "objcopy --only-keep-debug full d/.build-id/%.2s/%s.debug && cp /proc/self/exe w/.build-id/%.2s/%s.debug",
             dir, id, id, PP_FMT(target), id, id + 2, id, id + 2);
    if (system(command)) skip();
    pp_str path = pp_arena_fmt(&arena, "%s/stripped", dir);
    struct pp_symfile_options o = {.oom = out_of_memory,
                                   .debug = {.dirs = pp_arena_fmt(&arena, "%s/w:%s/d", dir, dir)}};
    struct pp_symfile *found = NULL;
    pp_frames f;
    assert_int_equal(pp_symfile_open(path, &o, &found, NULL), PP_OK);
    pp_symfile_find(found, mark, &arena, &f);
    assert_int_equal(f.n, 3);
    check_frame(&f.p[2], "outermost", 20, 17);
    pp_symfile_free(found);
    o.debug.dirs = pp_arena_fmt(&arena, "%s/w", dir);
    assert_int_equal(pp_symfile_open(path, &o, &found, NULL), PP_OK);
    assert_false(pp_symfile_has_dwarf(found));
    pp_symfile_free(found);
    pp_symfile_free(s);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* Local symbols of a stripped file come from its .gnu_debugdata. */
static void test_mini_debug(void **state)
{
    (void)state;
    char dir[] = "/tmp/pp_symfile_XXXXXX", command[2048];
    assert_non_null(mkdtemp(dir));
    struct pp_symfile *s = open_target(PP_ALIAS_PLAIN), *mini = NULL;
    uint64_t inner = address_of(s, "nest_inner");
    snprintf(command, sizeof command,
             "cd %s && cp %.*s full && strip -o stripped full && strip -g -o mini full && xz mini 2>/dev/null && "
             "objcopy --add-section .gnu_debugdata=mini.xz stripped with && head -c 200 mini.xz >cut && "
             "objcopy --add-section .gnu_debugdata=cut stripped broken",
             dir, PP_FMT(target));
    if (system(command)) skip();
    struct pp_symfile_options o = {.oom = out_of_memory, .debug = {.dirs = PP_STR("/nonexistent")}};
    assert_int_equal(pp_symfile_open(pp_arena_fmt(&arena, "%s/stripped", dir), &o, &mini, NULL), PP_OK);
    assert_string_equal(name_at(mini, inner), "");
    pp_symfile_free(mini);
    assert_int_equal(pp_symfile_open(pp_arena_fmt(&arena, "%s/with", dir), &o, &mini, NULL), PP_OK);
    assert_string_equal(name_at(mini, inner), "nest_inner");
    assert_int_equal(pp_symfile_problem(mini).n, 0);
    pp_symfile_free(mini);
    assert_int_equal(pp_symfile_open(pp_arena_fmt(&arena, "%s/broken", dir), &o, &mini, NULL), PP_OK);
    assert_true(pp_str_has_prefix(pp_symfile_problem(mini), PP_STR(".gnu_debugdata: ")));
    pp_symfile_free(mini);
    pp_symfile_free(s);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static void try_bytes(const char *bytes, size_t n, uint64_t at)
{
    int fd = memfd_create("broken", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    struct pp_symfile_options o = {.oom = out_of_memory, .debug = {.dirs = PP_STR("/nonexistent")}};
    struct pp_symfile *s;
    struct pp_err err = {0};
    if (pp_symfile_open_fd(fd, PP_STR("broken"), &o, &s, &err)) {
        assert_true(err.n > 0);
        return;
    }
    struct pp_arena a;
    pp_frames f;
    pp_arena_init(&a, 0, out_of_memory);
    for (uint64_t k = 0; k < 256; k += 16)
        pp_symfile_find(s, at - 128 + k, &a, &f);
    pp_arena_release(&a);
    pp_symfile_free(s);
}

/* Cut short at every 97th byte, and 1,500 times with a few bytes overwritten: an answer or an error, never a crash. */
static void test_broken_files(void **state)
{
    (void)state;
    struct pp_symfile *s = open_target(PP_ALIAS_PLAIN);
    uint64_t mark = address_of(s, "mark_inner");
    pp_symfile_free(s);
    int fd = open(pp_arena_c(&arena, target), O_RDONLY);
    struct stat st;
    assert_true(fd >= 0 && !fstat(fd, &st));
    size_t n = (size_t)st.st_size;
    char *bytes = malloc(n), *copy = malloc(n);
    assert_true(bytes && copy && read(fd, bytes, n) == (ssize_t)n);
    close(fd);
    for (size_t cut = 0; cut < n; cut += 97)
        try_bytes(bytes, cut, mark);
    uint64_t seed = 1;
    for (int round = 0; round < 1500; round++) {
        memcpy(copy, bytes, n);
        for (int k = 0; k < 1 + round % 5; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            /* the 70,000 bytes of padding would take most hits: aim at the tail, where the debug sections are, and the head */
            size_t where = (size_t)(seed >> 33) % 16384;
            copy[k % 4 == 3 ? where % 1024 : n - 1 - where % n] = (char)(seed >> 25);
        }
        try_bytes(copy, n, mark);
    }
    free(bytes);
    free(copy);
}

static void test_not_elf(void **state)
{
    (void)state;
    struct pp_symfile_options o = {.oom = out_of_memory};
    struct pp_symfile *s;
    struct pp_err err;
    assert_int_equal(pp_symfile_open(PP_STR("/nonexistent/x"), &o, &s, &err), PP_E_NOTFOUND);
    assert_string_equal(err.text, "open /nonexistent/x: No such file or directory");
    assert_int_equal(pp_symfile_open(PP_STR("/etc/passwd"), &o, &s, &err), PP_E_FORMAT);
    assert_string_equal(err.text, "error reading ELF file /etc/passwd: not an ELF file");
    assert_int_equal(pp_symfile_open(PP_STR("/dev"), &o, &s, &err), PP_E_IO);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    target = pp_str_c(realpath(argv[1], NULL)); /* tests go elsewhere */
    pp_arena_init(&arena, 0, out_of_memory);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_stack), cmocka_unit_test(test_aliases),      cmocka_unit_test(test_containment),
        cmocka_unit_test(test_plt),          cmocka_unit_test(test_build_id),     cmocka_unit_test(test_debug_file),
        cmocka_unit_test(test_mini_debug),   cmocka_unit_test(test_broken_files), cmocka_unit_test(test_not_elf),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return failed;
}
