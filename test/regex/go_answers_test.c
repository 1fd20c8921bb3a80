// SPDX-License-Identifier: Apache-2.0
// 20,000 generated patterns, half of them broken, against what Go's regexp said and found (record.go).
//
// The file, all numbers as varints, texts with their length first: the subjects (count, texts); the number of patterns;
// per pattern its text, then the text of Go's error, or a 0, the number of groups and, until a 0: subject + 1, whether it
// matches, and then per group from + 1 and length (or 0), the number of all matches and a checksum of their spans.
#include "regex/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>

#define GROUPS_MAX 64
#define SHOWN_MAX 10

static unsigned char *bytes;
static size_t n_bytes, at;
static int n_shown;

static size_t take_number(void)
{
    size_t v = 0;
    for (int shift = 0; at < n_bytes; shift += 7) {
        unsigned char c = bytes[at++];
        v |= (size_t)(c & 0x7f) << shift;
        if (c < 0x80) break;
    }
    return v;
}

static pp_str take_text(void)
{
    pp_str s = {NULL, take_number()};
    assert_true(s.n <= n_bytes - at);
    s.p = (const char *)bytes + at;
    at += s.n;
    return s;
}

static void no_memory(size_t wanted)
{
    fprintf(stderr, "no %zu bytes\n", wanted);
    abort();
}

static void show(const char *what, pp_str pattern, pp_str subject)
{
    if (n_shown++ < SHOWN_MAX) print_message("%s: `%.*s` on \"%.*s\"\n", what, PP_FMT(pattern), PP_FMT(subject));
}

static bool same_groups(bool found, const struct pp_span *spans, size_t n)
{
    bool same = found;
    for (size_t i = 0; i < n; i++) {
        size_t from = take_number(), length = from ? take_number() : 0;
        if (from == 0)
            same = same && spans[i].from == PP_NOT_FOUND;
        else
            same = same && spans[i].from == from - 1 && spans[i].to == from - 1 + length;
    }
    return same;
}

static bool same_walk(const struct pp_regex *r, pp_str subject)
{
    size_t count = 0, sum = 0, want_count = take_number(), want_sum = take_number();
    struct pp_regex_walk w = {0};
    struct pp_span span;
    while (count <= want_count && pp_regex_next(r, subject, &w, &span, 1)) {
        count++;
        sum = (sum * 31 + span.from * 7 + span.to + 1) & 0xffff;
    }
    return count == want_count && sum == want_sum;
}

/* Returns the number of subjects on which we differ. */
static size_t compare_matches(const struct pp_regex *r, pp_str pattern, const pp_str *subjects, size_t *n_compared)
{
    size_t wrong = 0, subject_no, groups = take_number();
    if (groups != pp_regex_groups(r)) {
        show("groups", pattern, PP_STR(""));
        wrong++;
    }
    while ((subject_no = take_number())) {
        pp_str subject = subjects[subject_no - 1];
        bool matches = take_number();
        struct pp_span spans[GROUPS_MAX];
        assert_true(groups < GROUPS_MAX);
        bool found = pp_regex_find(r, subject, 0, spans, groups + 1);
        bool same = found == matches && pp_regex_match(r, subject) == matches;
        if (matches) same = same_groups(found, spans, groups + 1) && same;
        if (matches) same = same_walk(r, subject) && same;
        if (!same) show("match", pattern, subject);
        wrong += !same;
        ++*n_compared;
    }
    return wrong;
}

static void answers_as_go_does(void **state)
{
    (void)state;
    size_t n_subjects = take_number();
    pp_str *subjects = calloc(n_subjects, sizeof *subjects);
    for (size_t i = 0; i < n_subjects; i++)
        subjects[i] = take_text();
    size_t n_patterns = take_number(), n_refused = 0, n_compared = 0, wrong = 0;
    struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    for (size_t i = 0; i < n_patterns; i++) {
        pp_str pattern = take_text(), go_error = take_text();
        struct pp_regex *r = NULL;
        struct pp_err err = {0};
        pp_arena_reset(&a);
        enum pp_code c = pp_regex_compile(&a, pattern, &r, &err);
        n_refused += go_error.n > 0;
        if (go_error.n > 0 ? !pp_str_eq((pp_str){err.text, err.n}, go_error) : c != PP_OK) {
            show(err.text, pattern, go_error);
            assert_true(go_error.n > 0); /* the answers that follow can't be compared */
            wrong++;
        }
        if (go_error.n == 0) wrong += compare_matches(r, pattern, subjects, &n_compared);
        pp_regex_free(r);
    }
    pp_arena_release(&a);
    free(subjects);
    print_message("%zu patterns, %zu of them refused; %zu matches compared; %zu differ\n", n_patterns, n_refused,
                  n_compared, wrong);
    assert_int_equal(wrong, 0);
    assert_true(n_patterns == 20000 && n_refused > 10000 && n_compared > 30000 && at == n_bytes);
}

static void load(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    unsigned char *packed = malloc(n);
    assert_int_equal(fread(packed, 1, n, f), n);
    fclose(f);
    uint32_t length;
    memcpy(&length, packed + n - 4, 4); /* gzip ends in the length */
    n_bytes = length;
    bytes = malloc(n_bytes);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_gzip_decompress(d, packed, n, bytes, n_bytes, NULL), LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(d);
    free(packed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_as_go_does)};
    if (argc < 2) return 2;
    load(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(bytes);
    return failed;
}
