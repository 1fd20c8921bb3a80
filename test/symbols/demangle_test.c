// SPDX-License-Identifier: Apache-2.0
#include "symbols/demangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The recorded answers: a name, then what the modes default, templates and full make of it, with tabs between; "=" is the
 * text before. argv[1]: github.com/ianlancetaylor/demangle's Filter; argv[2]: google/pprof's symbolizer. Both are made by
 * scripts/demangle_cases.go. */
static const char *cases_path, *function_cases_path;

static pp_str read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long n = ftell(f);
    assert_true(n > 0);
    rewind(f);
    char *p = malloc((size_t)n);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, (size_t)n, f), n);
    fclose(f);
    return (pp_str){p, (size_t)n};
}

static const char *const mode_names[] = {"none", "default", "templates", "full"};

static int differs(pp_str name, enum pp_demangle_mode mode, pp_str want, pp_str got)
{
    if (pp_str_eq(want, got)) return 0;
    fprintf(stderr, "%.*s, %s:\n  want %.*s\n  got  %.*s\n", PP_FMT(name), mode_names[mode], PP_FMT(want), PP_FMT(got));
    return 1;
}

static pp_str filter(struct pp_arena *a, pp_str name, enum pp_demangle_mode mode)
{
    pp_str r = name;
    bool ok = pp_demangle(a, name, mode, &r);
    assert_int_equal(ok, !pp_str_eq(r, name));
    return r;
}

/* Runs `answer` over all lines; the number of lines. */
static size_t compare(const char *path, pp_str (*answer)(struct pp_arena *a, pp_str name, enum pp_demangle_mode mode))
{
    pp_str all = read_file(path), rest = all, line, fields[4];
    struct pp_arena a = {0};
    size_t n = 0;
    int bad = 0;
    for (; pp_str_next(&rest, '\n', &line) && line.n; n++) {
        for (size_t i = 0; i < 4; i++) {
            if (!pp_str_next(&line, '\t', &fields[i])) fields[i] = PP_STR("");
            if (i && pp_str_eq_c(fields[i], "=")) fields[i] = fields[i - 1];
        }
        for (enum pp_demangle_mode m = PP_DEMANGLE_DEFAULT; m <= PP_DEMANGLE_FULL; m++)
            bad += differs(fields[0], m, fields[m], answer(&a, fields[0], m));
        assert_true(pp_str_eq(answer(&a, fields[0], PP_DEMANGLE_NONE), fields[0]));
        pp_arena_reset(&a);
    }
    pp_arena_release(&a);
    free((char *)all.p);
    assert_int_equal(bad, 0);
    return n;
}

static void test_cases(void **state)
{
    (void)state;
    assert_true(compare(cases_path, filter) > 5000);
}

static void test_functions(void **state)
{
    (void)state;
    assert_true(compare(function_cases_path, pp_demangle_function) > 900);
}

static void test_failure_leaves_result(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    pp_str r = PP_STR("before");
    assert_false(pp_demangle(&a, PP_STR("main"), PP_DEMANGLE_FULL, &r));
    assert_false(pp_demangle(&a, PP_STR("_ZN1a"), PP_DEMANGLE_FULL, &r));
    assert_false(pp_demangle(&a, PP_STR("_Z1av"), PP_DEMANGLE_NONE, &r));
    assert_false(pp_demangle(&a, (pp_str){NULL, 0}, PP_DEMANGLE_FULL, &r));
    assert_true(pp_str_eq_c(r, "before"));
    assert_null(a.chunk);
    pp_arena_release(&a);
}

/* Only results stay in the arena, the syntax trees do not. */
static void test_memory(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    size_t bytes = 0;
    for (int i = 0; i < 10000; i++) {
        pp_str r;
        assert_true(pp_demangle(&a, PP_STR("_ZNSt6vectorIiSaIiEE9push_backEOi"), PP_DEMANGLE_FULL, &r));
        assert_true(pp_str_eq_c(r, "std::vector<int, std::allocator<int> >::push_back(int&&)"));
        bytes += r.n + 1;
    }
    assert_true(a.total_bytes <= 2 * bytes + (64 << 10));
    pp_arena_release(&a);
}

/* Every beginning of every name: no crash (meant for the sanitizers), and nothing that isn't the whole answer's room. */
static void test_truncated(void **state)
{
    (void)state;
    pp_str all = read_file(cases_path), rest = all, line, name;
    struct pp_arena a = {0};
    for (size_t i = 0; pp_str_next(&rest, '\n', &line) && line.n; i++) {
        if (!pp_str_next(&line, '\t', &name) || i % 8) continue;
        for (size_t n = 0; n < name.n; n++) {
            char *copy = malloc(n + 1); /* of exactly this size: reading too far is seen */
            assert_non_null(copy);
            memcpy(copy, name.p, n);
            pp_str r;
            if (pp_demangle(&a, (pp_str){copy, n}, PP_DEMANGLE_FULL, &r)) assert_true(r.n <= (size_t)1 << 20);
            free(copy);
        }
        pp_arena_reset(&a);
    }
    pp_arena_release(&a);
    free((char *)all.p);
}

/* --- hostile names: built here, refused or answered within a second each */

struct text {
    char *p;
    size_t n, cap;
};

static void add(struct text *t, const char *fmt, ...) PP_PRINTF(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
    char buf[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    assert_in_range(n, 0, sizeof buf - 1);
    if (t->n + (size_t)n > t->cap) {
        t->cap = (t->cap + (size_t)n) * 2;
        t->p = realloc(t->p, t->cap);
        assert_non_null(t->p);
    }
    memcpy(t->p + t->n, buf, (size_t)n);
    t->n += (size_t)n;
}

static const char *base36(unsigned v)
{
    static char buf[8];
    char *p = buf + sizeof buf - 1;
    do {
        *--p = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[v % 36];
        v /= 36;
    } while (v);
    return p;
}

static bool demangles(struct text *t)
{
    struct pp_arena a = {0};
    pp_str r;
    clock_t before = clock();
    bool ok = false;
    for (enum pp_demangle_mode m = PP_DEMANGLE_DEFAULT; m <= PP_DEMANGLE_FULL; m++)
        ok = pp_demangle(&a, (pp_str){t->p, t->n}, m, &r);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 3);
    pp_arena_release(&a);
    t->n = 0;
    return ok;
}

static void test_deep(void **state)
{
    (void)state;
    static const char *const nests[][3] = {
        {"_Z1f", "P", "i"},          {"_Z1f", "A1_", "i"},        {"_Z1f", "M1aR", "i"},    {"_Z1fI", "1aI", "i"},
        {"_Z", "Z", "1fv"},          {"_Z1fIX", "cl", "E"},       {"_Z1fIX", "gs", "1a"},   {"_Z1fIX", "srgs", "1a"},
        {"_Z1fIX", "adL_Z1fIX", ""}, {"_Z1f", "DO", ""},          {"_Z1f", "UlTt", ""},     {"_Z1f", "UlTp", "Tyi"},
        {"_Z1f", "Fv", ""},          {"_ZN1acvT_I", "cvT_I", ""}, {"_Z1f", "DpDT", "fp_"},  {"_Z", "GA", "1fv"},
        {"_RNvC1a", "R", "i"},       {"_RINvC1a1b", "R", "i"},    {"_RINvC1a1b", "T", ""},  {"_RNv", "Nv", "C1a"},
        {"_R", "I", "C1a"},          {"_RM", "M", "C1a"},         {"_RINvC1a1b", "DI", ""}, {"_RINvC1a1b", "FE", "u"},
    };
    struct text t = {0};
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        add(&t, "%s", nests[i][0]);
        for (int n = 0; n < 200000; n++)
            add(&t, "%s", nests[i][1]);
        add(&t, "%s", nests[i][2]);
        assert_false(demangles(&t));
    }
    add(&t, "_Z1f");
    for (int n = 0; n < 500; n++)
        add(&t, "P");
    add(&t, "i");
    assert_true(demangles(&t)); /* deep, but a name */
    free(t.p);
}

static void doubling_functions(struct text *t, unsigned n)
{
    add(t, "_Z1f1aFvS_S_E");
    for (unsigned i = 0; i < n; i++) {
        add(t, "FvS%s_", base36(i));
        add(t, "S%s_E", base36(i));
    }
}

static void doubling_templates(struct text *t, unsigned n)
{
    add(t, "_Z1fI1aS_IS0_S0_E");
    for (unsigned i = 1; i < n; i++) {
        add(t, "S_IS%s_", base36(i));
        add(t, "S%s_E", base36(i));
    }
    add(t, "Evv");
}

/* Names whose text doubles with each part, by substitution and by back reference. */
static void test_doubling(void **state)
{
    (void)state;
    struct text t = {0};
    doubling_functions(&t, 5);
    assert_true(demangles(&t));
    doubling_functions(&t, 60);
    assert_false(demangles(&t));
    doubling_templates(&t, 5);
    assert_true(demangles(&t));
    doubling_templates(&t, 60);
    assert_false(demangles(&t));

    add(&t, "_Z1fIJiiiiiiiiEEv");
    for (int i = 0; i < 12; i++)
        add(&t, "DpFv");
    add(&t, "T_");
    for (int i = 0; i < 12; i++)
        add(&t, "E");
    (void)demangles(&t);

    add(&t, "_RINvC1a1b");
    unsigned at = (unsigned)t.n - 2;
    add(&t, "Tyy");
    add(&t, "E");
    for (int i = 0; i < 40; i++) {
        unsigned here = (unsigned)t.n - 2;
        char digits[8];
        size_t n = 0;
        for (unsigned v = at - 1;; v /= 62) { /* base 62, 0 is "_", 1 is "0_" */
            digits[n++] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[v % 62];
            if (v < 62) break;
        }
        add(&t, "T");
        for (int twice = 0; twice < 2; twice++) {
            add(&t, "B");
            for (size_t k = n; k-- > 0;)
                add(&t, "%c", digits[k]);
            add(&t, "_");
        }
        add(&t, "E");
        at = here;
    }
    add(&t, "E");
    struct text copy = {0};
    add(&copy, "_RINvC1a1bTyyETB8_B8_EE");
    assert_true(demangles(&copy)); /* the same with one step is a name */
    struct pp_arena a = {0};
    pp_str r;
    assert_true(pp_demangle(&a, (pp_str){t.p, t.n}, PP_DEMANGLE_DEFAULT, &r)); /* skips what it doesn't show */
    assert_true(pp_str_eq_c(r, "a::b::<>"));
    assert_false(pp_demangle(&a, (pp_str){t.p, t.n}, PP_DEMANGLE_FULL, &r));
    pp_arena_release(&a);
    free(copy.p);
    free(t.p);
}

/* Long lists that invite quadratic work. */
static void test_long(void **state)
{
    (void)state;
    struct text t = {0};
    add(&t, "_Z1f");
    for (int i = 0; i < 100000; i++)
        add(&t, "i");
    assert_true(demangles(&t));
    add(&t, "_ZN");
    for (int i = 0; i < 300000; i++)
        add(&t, "K");
    add(&t, "1f1gEv");
    (void)demangles(&t);
    add(&t, "_Z1fA_");
    for (int i = 0; i < 100000; i++)
        add(&t, "K");
    add(&t, "A_");
    for (int i = 0; i < 100000; i++)
        add(&t, "V");
    add(&t, "i");
    (void)demangles(&t);
    add(&t, "_Z1fI");
    for (int i = 0; i < 100000; i++)
        add(&t, "TnT_i");
    add(&t, "Evv");
    (void)demangles(&t);
    add(&t, "_Z1fI1aEvP1bIT_E");
    for (int i = 0; i < 100000; i++)
        add(&t, "S1_");
    (void)demangles(&t);
    for (int digits = 0; digits < 300;
         digits++) { /* legacy Rust at first sight, C++ after all; any fill of the memory */
        add(&t, "_ZN%d_", 16000 + digits);
        for (int i = 1; i < 16000 + digits; i++)
            add(&t, "a");
        add(&t, "v17h0123456789abcdefE");
        (void)demangles(&t);
    }
    add(&t, "_RNvC1au200000_");
    for (int i = 0; i < 200000; i++)
        add(&t, "a");
    assert_false(demangles(&t));
    add(&t, "_Z");
    for (int i = 0; i < 400000; i++)
        add(&t, "1f");
    (void)demangles(&t);
    for (int i = 0; i < 100000; i++)
        add(&t, "a::b<c(d)>");
    struct pp_arena a = {0};
    assert_int_equal(pp_demangle_function(&a, (pp_str){t.p, t.n}, PP_DEMANGLE_DEFAULT).n, 400000);
    pp_arena_release(&a);
    free(t.p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),    cmocka_unit_test(test_functions), cmocka_unit_test(test_failure_leaves_result),
        cmocka_unit_test(test_memory),   cmocka_unit_test(test_truncated), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_doubling), cmocka_unit_test(test_long),
    };
    if (argc != 3) return 2;
    cases_path = argv[1];
    function_cases_path = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
