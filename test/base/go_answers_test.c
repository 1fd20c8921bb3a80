// SPDX-License-Identifier: Apache-2.0
// What Go's math, strconv and time answer (record.go writes the file) against ours. A line is a name, arguments, answers;
// numbers and texts in hex. argv: that file, a zone file.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/gomath.h"
#include "base/gonum.h"
#include "base/goquote.h"
#include "base/gotime.h"

#define SHOWN_MAX 10

static FILE *answers;
static const char *zone_file;
static struct pp_arena arena;

struct line {
    const char *name;
    char *rest;
};

static char *take_word(struct line *l) { return strsep(&l->rest, " "); }

static uint64_t take_hex(struct line *l) { return strtoull(take_word(l), NULL, 16); }

static int take_int(struct line *l) { return atoi(take_word(l)); }

static double take_double(struct line *l)
{
    uint64_t bits = take_hex(l);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

static pp_str take_text(struct line *l)
{
    const char *word = take_word(l);
    size_t n = word ? strlen(word) / 2 : 0;
    char *p = PP_NEW_N(&arena, char, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(digit(word[2 * i]) << 4 | digit(word[2 * i + 1]));
    return (pp_str){p, n};
}

static bool same_double(double x, double y) { return (x != x && y != y) || memcmp(&x, &y, sizeof x) == 0; }

static bool check_math(struct line *l)
{
    static const struct {
        const char *name;
        double (*f)(double);
    } plain[] = {{"exp", pp_go_exp}, {"log", pp_go_log}, {"log2", pp_go_log2}, {"round", pp_go_round}};
    double x = take_double(l), got = 0;
    char *second = take_word(l);
    uint64_t y_bits = strtoull(second, NULL, 16);
    double y, want = take_double(l);
    memcpy(&y, &y_bits, sizeof y);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(l->name, plain[i].name) == 0) got = plain[i].f(x);
    }
    if (strcmp(l->name, "pow") == 0) got = pp_go_pow(x, y);
    if (strcmp(l->name, "ldexp") == 0) got = pp_go_ldexp(x, (int)(int32_t)y_bits);
    int exponent;
    double fraction = pp_go_frexp(x, &exponent);
    return same_double(got, want) && same_double(pp_go_ldexp(fraction, exponent), x);
}

static bool check_float(struct line *l)
{
    double x = take_double(l);
    char verb = (char)take_int(l), buf[PP_GO_FLOAT_MAX];
    int precision = take_int(l);
    pp_str want = take_text(l);
    size_t n = pp_go_float(buf, x, verb, precision);
    return pp_str_eq((pp_str){buf, n}, want) && buf[n] == 0;
}

static bool check_error(const char *fn, enum pp_go_num got, int want, pp_str s, pp_str want_text)
{
    struct pp_err err;
    if ((int)got != want) return false;
    if (got == PP_GO_NUM_OK) return true;
    if (pp_go_num_fail(&err, got, fn, s) != PP_E_USAGE) return false;
    return pp_str_eq((pp_str){err.text, err.n}, want_text);
}

static bool check_int(struct line *l)
{
    bool is_signed = strcmp(l->name, "int") == 0;
    pp_str s = take_text(l);
    unsigned base = (unsigned)take_int(l), bits = (unsigned)take_int(l);
    int kind = take_int(l);
    uint64_t want = take_hex(l), u = 0;
    int64_t i = 0;
    pp_str text = take_text(l);
    enum pp_go_num got = is_signed ? pp_go_parse_int(s, base, bits, &i) : pp_go_parse_uint(s, base, bits, &u);
    return check_error(is_signed ? "ParseInt" : "ParseUint", got, kind, s, text) &&
           (is_signed ? (uint64_t)i : u) == want;
}

static bool check_parse(struct line *l)
{
    pp_str s = take_text(l);
    int kind = take_int(l);
    double want = take_double(l), got;
    pp_str text = take_text(l);
    return check_error("ParseFloat", pp_go_parse_float(s, &got), kind, s, text) && same_double(got, want);
}

static bool check_duration(struct line *l)
{
    char buf[PP_GO_TIME_MAX];
    uint64_t ns = take_hex(l);
    size_t n = pp_go_duration(buf, (int64_t)ns);
    return pp_str_eq((pp_str){buf, n}, take_text(l));
}

static bool check_quote(struct line *l)
{
    pp_str s = take_text(l), want = take_text(l);
    return pp_str_eq(pp_go_quoted(&arena, s), want);
}

static bool check_time(struct line *l)
{
    char full[PP_GO_TIME_MAX], brief[PP_GO_TIME_MAX];
    setenv("TZ", strcmp(take_word(l), "UTC") == 0 ? "" : zone_file, 1);
    int64_t ns = (int64_t)take_hex(l);
    size_t n_full = pp_go_time_full(full, ns), n_brief = pp_go_time_short(brief, ns);
    pp_str want_full = take_text(l), want_brief = take_text(l);
    return pp_str_eq((pp_str){full, n_full}, want_full) && pp_str_eq((pp_str){brief, n_brief}, want_brief);
}

static bool check_printable(struct line *l)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (uint32_t c = 0; c <= 0x110000; c++)
        sum = (sum ^ pp_go_is_print(c)) * UINT64_C(1099511628211);
    return sum == take_hex(l);
}

static const struct {
    const char *name;
    bool (*check)(struct line *l);
} checks[] = {
    {"exp", check_math},          {"log", check_math},
    {"log2", check_math},         {"round", check_math},
    {"pow", check_math},          {"ldexp", check_math},
    {"float", check_float},       {"int", check_int},
    {"uint", check_int},          {"parse", check_parse},
    {"duration", check_duration}, {"quote", check_quote},
    {"time", check_time},         {"printable", check_printable},
};

static size_t check_line(char *text)
{
    struct line l = {.rest = text};
    l.name = take_word(&l);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (strcmp(l.name, checks[i].name) == 0) return checks[i].check(&l) ? 0 : 1;
    }
    fail_msg("unknown line %s", l.name);
    return 1;
}

static void answers_as_go_does(void **state)
{
    (void)state;
    char *text = NULL;
    size_t cap = 0, n_lines = 0, wrong = 0;
    for (ssize_t n; (n = getline(&text, &cap, answers)) > 0; n_lines++) {
        text[n - 1] = 0;
        char *copy = strdup(text);
        size_t bad = check_line(text);
        wrong += bad;
        if (bad && wrong <= SHOWN_MAX) print_message("differs: %s\n", copy);
        free(copy);
        pp_arena_reset(&arena);
    }
    free(text);
    print_message("%zu answers of Go, %zu differ\n", n_lines, wrong);
    assert_int_equal(wrong, 0);
    assert_true(n_lines > 5000);
}

/* Names without a file and rules are UTC in Go. */
static void takes_zones_by_gos_rules(void **state)
{
    (void)state;
    static const char *const utc[] = {
        "", "UTC", ":", "No/Such_Zone", "EST5EDT4,M3.2.0,M11.1.0", "/no/such/file", "../etc/localtime"};
    char buf[PP_GO_TIME_MAX];
    for (size_t i = 0; i < sizeof utc / sizeof *utc; i++) {
        setenv("TZ", utc[i], 1);
        pp_go_time_full(buf, INT64_C(1500000000123000000));
        assert_string_equal(buf, "2017-07-14 02:40:00.123 +0000 UTC");
    }
    char with_colon[1024];
    snprintf(with_colon, sizeof with_colon, ":%s", zone_file);
    setenv("TZ", with_colon, 1);
    pp_go_time_short(buf, -1);
    assert_string_equal(buf, "1970-01-01 05:29:59 IST");
}

static void parses_booleans(void **state)
{
    (void)state;
    bool b = false;
    assert_true(pp_go_parse_bool(PP_STR("True"), &b) && b);
    assert_true(pp_go_parse_bool(PP_STR("f"), &b) && !b);
    assert_false(pp_go_parse_bool(PP_STR("tRUE"), &b));
    assert_false(pp_go_parse_bool(PP_STR(""), &b));
    assert_false(pp_go_parse_bool(PP_STR("yes"), &b));
}

static void no_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_go_does),
        cmocka_unit_test(takes_zones_by_gos_rules),
        cmocka_unit_test(parses_booleans),
    };
    if (argc < 3 || !(answers = fopen(argv[1], "r"))) return 2;
    zone_file = argv[2];
    pp_arena_init(&arena, 0, no_memory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    fclose(answers);
    return failed;
}
