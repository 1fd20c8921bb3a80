// SPDX-License-Identifier: Apache-2.0
#include "profile/legacy/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/text_profile.h"
#include "regex/regex.h"

#define GROUPS 8
#define ROUNDS 20000

static struct pp_arena arena;

/* Fills the groups of a match, 1 first. */
typedef bool match_row(pp_str line, pp_str *g);

static bool heap_header(pp_str line, pp_str *g)
{
    struct pp_row_heap_header h;
    if (!pp_row_heap_header(line, &h)) return false;
    memcpy(g, (pp_str[]){h.in_use[0], h.in_use[1], h.alloc[0], h.alloc[1], h.kind, h.rate}, 6 * sizeof *g);
    return true;
}

static bool growth(pp_str line, pp_str *g)
{
    (void)g;
    return pp_row_other_heap_header(line, PP_STR("growth"));
}

static bool sample(bool (*match)(pp_str, struct pp_row_sample *), unsigned n, pp_str line, pp_str *g)
{
    struct pp_row_sample s;
    if (!match(line, &s)) return false;
    memcpy(g, s.value, n * sizeof *g);
    g[n] = s.frames;
    return true;
}

static bool heap(pp_str line, pp_str *g) { return sample(pp_row_heap, 4, line, g); }

static bool contention(pp_str line, pp_str *g) { return sample(pp_row_contention, 2, line, g); }

static bool java(pp_str line, pp_str *g) { return sample(pp_row_java, 2, line, g); }

static bool count(pp_str line, pp_str *g) { return sample(pp_row_count, 1, line, g); }

static bool count_header(pp_str line, pp_str *g) { return pp_row_count_header(line, g); }

static bool threadz(pp_str line, pp_str *g)
{
    (void)g;
    return pp_row_threadz(line);
}

static bool thread(pp_str line, pp_str *g)
{
    (void)g;
    return pp_row_thread(line);
}

static bool address(pp_str line, pp_str *g) { return pp_row_next_address(&line, g); }

static bool log_prefix(pp_str line, pp_str *g)
{
    g[0] = pp_row_cut_log_prefix(line);
    return g[0].n < line.n;
}

static bool attribute(pp_str line, pp_str *g) { return pp_row_attribute(line, &g[0], &g[1]); }

static bool java_location(pp_str line, pp_str *g) { return pp_row_java_location(line, &g[0], &g[1]); }

static bool java_file_line(pp_str line, pp_str *g) { return pp_row_java_file_line(line, &g[0], &g[1], &g[2]); }

static bool java_path(pp_str line, pp_str *g) { return pp_row_java_path(line, &g[0], &g[1]); }

static const struct row {
    const char *name, *regex;
    match_row *match;
    unsigned n_groups;
    const char *sample, *pieces; /* a match; what random lines are made of, separated by '~' */
} rows[] = {
    {"heap header", "heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] *@ *(heap[_a-z0-9]*)/?(\\d*)",
     heap_header, 6, "heap profile:   3: 40 [  5:  60] @ heap_v2/524288",
     "heap profile:~1~23~:~ ~[~]~@~heap~_v2~profile~/~x~-"},
    {"growth", "heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] @ growthz?", growth, 0,
     "heap profile: 3: 40 [ 5: 60] @ growthz", "heap profile:~1~:~ ~[~]~@~growth~z"},
    {"heap", "(-?\\d+): *(-?\\d+) *\\[ *(\\d+): *(\\d+) *] @([ x0-9a-f]*)", heap, 5, "  -1: -20 [ 3:  4] @ 0x1 0xabc",
     "1~20~-~:~ ~[~]~@~0x~a~g"},
    {"contention", "(\\d+) *(\\d+) @([ x0-9a-f]*)", contention, 3, " 12  34 @ 0x1 0x2", "1~20~ ~@~0x~a~g~-"},
    {"java", " *(\\d+) +(\\d+) +@ +([ x0-9a-f]*)", java, 3, " 12  34  @  0x1 0x2", "1~20~ ~@~0x~a~g~-"},
    {"count header", "\\A(\\S+) profile: total \\d+\\z", count_header, 1, "goroutine profile: total 12",
     "x~ ~\t~\v~ profile: total ~profile:~1~\xc2\xa0~\xff"},
    {"count", "\\A(\\d+) @((?: 0x[0-9a-f]+)+)\\z", count, 2, "3 @ 0x1 0xff", "1~20~ ~@~ 0x~a~f~F"},
    {"threadz", "--- threadz \\d+ ---", threadz, 0, "--- threadz 12 ---", "--- ~-~threadz ~1~ ---~ "},
    {"thread", "--- Thread ([[:xdigit:]]+) \\(name: (.*)/(\\d+)\\) stack: ---", thread, 0,
     "--- Thread 7Fa (name: a/b/12) stack: ---", "--- Thread ~1~F~ (name: ~/~) stack: ---~x~ "},
    {"address", "(0x[0-9a-f]+)", address, 1, "at 0x12", "0~x~0x~1~a~g~ "},
    {"log prefix", "^[^\\[\\]]+:[0-9]+]\\s((?s:.*))$", log_prefix, 1, "a.cc:12] b", "a~:~1~]~[~ ~\t~\v"},
    {"attribute", "([\\w ]+)=([\\w ]+)", attribute, 2, "sampling period = 12", "a~_~Z~ ~=~1~-~/"},
    {"java location", "^\\s*0x([[:xdigit:]]+)\\s+(.*)\\s*$", java_location, 2, "0x1F a (b)", "0x~1~F~ ~\t~a~(~)\xff"},
    {"java file and line", "^(.*)\\s+\\((.+):(-?[[:digit:]]+)\\)$", java_file_line, 3, "a.b (c.java:-12)",
     "a~ ~\t~(~)~:~-~1~\xff"},
    {"java path", "^(.*)\\s+\\((.*)\\)$", java_path, 2, "a.b (/c.so)", "a~ ~(~)~:~1"},
};

static pp_str random_line(const struct row *r, char *buf, size_t max)
{
    pp_str piece[32], rest = pp_str_c(r->pieces);
    size_t n_pieces = 0, n = 0;
    while (pp_str_next(&rest, '~', &piece[n_pieces]))
        n_pieces++;
    if (random() % 2) { /* from something that matches */
        n = strlen(r->sample);
        memcpy(buf, r->sample, n);
    }
    for (long k = random() % 12; k >= 0; k--) {
        pp_str p = piece[(size_t)random() % n_pieces];
        size_t at = (size_t)random() % (n + 1), cut = random() % 4 ? 0 : (size_t)random() % (n - at + 1) % 3;
        if (n + p.n > max) break;
        memmove(buf + at + p.n, buf + at + cut, n - at - cut);
        memcpy(buf + at, p.p, p.n);
        n = n + p.n - cut;
    }
    return (pp_str){buf, n};
}

static void same(const struct row *r, const struct pp_regex *regex, pp_str line)
{
    struct pp_span span[GROUPS];
    pp_str g[GROUPS] = {0};
    bool want = pp_regex_find(regex, line, 0, span, GROUPS);
    if (r->match(line, g) != want) fail_msg("%s: should %smatch: '%.*s'", r->name, want ? "" : "not ", PP_FMT(line));
    for (unsigned k = 1; want && k <= r->n_groups; k++) {
        pp_str text = span[k].from == PP_NOT_FOUND ? (pp_str){0} : pp_str_sub(line, span[k].from, span[k].to);
        if (!pp_str_eq(text, g[k - 1]))
            fail_msg("%s: group %u of '%.*s' is '%.*s', want '%.*s'", r->name, k, PP_FMT(line), PP_FMT(g[k - 1]),
                     PP_FMT(text));
    }
}

static void match_as_their_expressions(void **state)
{
    (void)state;
    srandom(1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct pp_regex *regex;
        struct pp_err err;
        char buf[256];
        unsigned matched = 0;
        assert_int_equal(pp_regex_compile(&arena, pp_str_c(r->regex), &regex, &err), PP_OK);
        assert_true(pp_regex_match(regex, pp_str_c(r->sample)));
        same(r, regex, pp_str_c(r->sample));
        for (int k = 0; k < ROUNDS; k++) {
            pp_str line = random_line(r, buf, sizeof buf - 1);
            if (r->match == java_location) { /* these come trimmed */
                while (line.n && strchr(" \t", line.p[line.n - 1]))
                    line.n--;
            }
            matched += pp_regex_match(regex, line);
            same(r, regex, line);
        }
        assert_in_range(matched, ROUNDS / 200, ROUNDS - 1); /* both answers were seen */
        pp_regex_free(regex);
    }
}

int main(void)
{
    pp_arena_init(&arena, 0, no_memory);
    const struct CMUnitTest tests[] = {cmocka_unit_test(match_as_their_expressions)};
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    pp_arena_release(&arena);
    return status;
}
