// SPDX-License-Identifier: Apache-2.0
// What a source means as a URL; all answers are those of Go 1.26 (net/url and cmd/pprof's adjustURL).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/fetch/url.h"

static const struct {
    const char *source;
    int64_t seconds;
    const char *url; /* "": no URL */
    int64_t timeout_ms;
} cases[] = {
    {"http://localhost:6060/debug/pprof/profile", -1, "http://localhost:6060/debug/pprof/profile", 60000},
    {"http://localhost:6060/debug/pprof/profile", 5, "http://localhost:6060/debug/pprof/profile?seconds=5", 7500},
    {"localhost:6060", -1, "http://localhost:6060/debug/pprof/profile", 60000},
    {"localhost:6060", 5, "http://localhost:6060/debug/pprof/profile?seconds=5", 7500},
    {"localhost:6060/debug/pprof/heap?seconds=30&gc=1", -1, "http://localhost:6060/debug/pprof/heap?gc=1&seconds=30",
     45000},
    {"localhost:6060/debug/pprof/heap?seconds=30&gc=1", 5, "http://localhost:6060/debug/pprof/heap?gc=1&seconds=5",
     7500},
    {"localhost:1/x?seconds=2&a=b&seconds=9&seconds", -1,
     "http://localhost:1/x?a=b&seconds=2&seconds=9&seconds=", 3000},
    {"localhost:1/x?seconds=2&a=b&seconds=9&seconds", 5, "http://localhost:1/x?a=b&seconds=5", 7500},
    {"host", -1, "", 0},
    {"host", 5, "", 0},
    {"host/path", -1, "", 0},
    {"host/path", 5, "", 0},
    {":80", -1, "http://:80/debug/pprof/profile", 60000},
    {":80", 5, "http://:80/debug/pprof/profile?seconds=5", 7500},
    {"-", -1, "", 0},
    {"-", 5, "", 0},
    {"x y:1", -1, "", 0},
    {"x y:1", 5, "", 0},
    {"http://h/a b?z=1&a=%20&b=%zz&c=1;2", -1, "http://h/a%20b?a=+&z=1", 60000},
    {"http://h/a b?z=1&a=%20&b=%zz&c=1;2", 5, "http://h/a%20b?a=+&seconds=5&z=1", 7500},
    {"http://user:p%40w@h:1/%7Ex/%2f?q", -1, "http://user:p%40w@h:1/%7Ex/%2f?q=", 60000},
    {"http://user:p%40w@h:1/%7Ex/%2f?q", 5, "http://user:p%40w@h:1/%7Ex/%2f?q=&seconds=5", 7500},
    {"http://us er@h/", -1, "http://http://us%20er@h/", 60000},
    {"http://us er@h/", 5, "http://http://us%20er@h/?seconds=5", 7500},
    {"http://[::1]:80/x", -1, "http://[::1]:80/x", 60000},
    {"http://[::1]:80/x", 5, "http://[::1]:80/x?seconds=5", 7500},
    {"http://[::1%25eth0]/x", -1, "http://[::1%25eth0]/x", 60000},
    {"http://[::1%25eth0]/x", 5, "http://[::1%25eth0]/x?seconds=5", 7500},
    {"http://[1.2.3.4]/x", -1, "http://http://[1.2.3.4]/x", 60000},
    {"http://[1.2.3.4]/x", 5, "http://http://[1.2.3.4]/x?seconds=5", 7500},
    {"http://[::1/x", -1, "http://http://[::1/x", 60000},
    {"http://[::1/x", 5, "http://http://[::1/x?seconds=5", 7500},
    {"http://h:80:90/", -1, "http://http://h:80:90/", 60000},
    {"http://h:80:90/", 5, "http://http://h:80:90/?seconds=5", 7500},
    {"http://h:8a/", -1, "http://http://h:8a/", 60000},
    {"http://h:8a/", 5, "http://http://h:8a/?seconds=5", 7500},
    {"http://h/%zz", -1, "", 0},
    {"http://h/%zz", 5, "", 0},
    {"HTTPS+insecure://H.example/A?b#frag%20x y", -1, "https+insecure://H.example/A?b=#frag%20x%20y", 60000},
    {"HTTPS+insecure://H.example/A?b#frag%20x y", 5, "https+insecure://H.example/A?b=&seconds=5#frag%20x%20y", 7500},
    {"file:///etc/passwd", -1, "", 0},
    {"file:///etc/passwd", 5, "", 0},
    {"file://host/etc", -1, "file://host/etc", 60000},
    {"file://host/etc", 5, "file://host/etc?seconds=5", 7500},
    /* ours: sockets, here of names that don't exist */
    {"unix:/run/no.sock", -1, "unix:/run/no.sock/debug/pprof/profile", 60000},
    {"unix:///run/no.sock/debug/pprof/heap?gc=1", 5, "unix:/run/no.sock/debug/pprof/heap?gc=1&seconds=5", 7500},
    {"unix:@name/debug/pprof/heap", -1, "unix:@name/debug/pprof/heap", 60000},
    {"unix:@a/b/debug/pprof/heap", -1, "unix:@a/b/debug/pprof/heap", 60000},
    {"http+unix://%2Frun%2Fno.sock/x?seconds=2", -1, "unix:/run/no.sock/x?seconds=2", 3000},
    {"unix:relative", -1, "", 0},
    {"unix:", -1, "http://unix:/debug/pprof/profile", 60000},
    {"http:///x", -1, "http://http:///x", 60000},
    {"http:///x", 5, "http://http:///x?seconds=5", 7500},
    {"http://", -1, "http://http://", 60000},
    {"http://", 5, "http://http://?seconds=5", 7500},
    {"http://h?", -1, "http://h/debug/pprof/profile?", 60000},
    {"http://h?", 5, "http://h/debug/pprof/profile?seconds=5", 7500},
    {"h:1?seconds=-4", -1, "http://h:1/debug/pprof/profile?seconds=-4", 60000},
    {"h:1?seconds=-4", 5, "http://h:1/debug/pprof/profile?seconds=5", 7500},
    {"h:1?seconds=99999999999", -1, "http://h:1/debug/pprof/profile?seconds=99999999999", 60000},
    {"h:1?seconds=99999999999", 5, "http://h:1/debug/pprof/profile?seconds=5", 7500},
    {"http://h/?a=b=c&=d&&e+f=g+h", -1, "http://h/debug/pprof/profile?=d&a=b%3Dc&e+f=g+h", 60000},
    {"http://h/?a=b=c&=d&&e+f=g+h", 5, "http://h/debug/pprof/profile?=d&a=b%3Dc&e+f=g+h&seconds=5", 7500},
    {"http://hä/ü?ö=ä", -1, "http://h%C3%A4/%C3%BC?%C3%B6=%C3%A4", 60000},
    {"http://hä/ü?ö=ä", 5, "http://h%C3%A4/%C3%BC?seconds=5&%C3%B6=%C3%A4", 7500},
    {"//h/x", -1, "//h/x", 60000},
    {"//h/x", 5, "//h/x?seconds=5", 7500},
    {"///h/x", -1, "", 0},
    {"///h/x", 5, "", 0},
    {"http://h/a!$&'()*+,;=:@[]x", -1, "http://h/a!$&'()*+,;=:@[]x", 60000},
    {"http://h/a!$&'()*+,;=:@[]x", 5, "http://h/a!$&'()*+,;=:@[]x?seconds=5", 7500},
    {"http://h%20x/", -1, "http://http://h%20x/", 60000},
    {"http://h%20x/", 5, "http://http://h%20x/?seconds=5", 7500},
    {"http://h%41/", -1, "http://http://h%41/", 60000},
    {"http://h%41/", 5, "http://http://h%41/?seconds=5", 7500},
    {"http://h/<>\"{}|\\^`", -1, "http://h/%3C%3E%22%7B%7D%7C%5C%5E%60", 60000},
    {"http://h/<>\"{}|\\^`", 5, "http://h/%3C%3E%22%7B%7D%7C%5C%5E%60?seconds=5", 7500},
    {"a:b:c/d", -1, "", 0},
    {"a:b:c/d", 5, "", 0},
    {"*", -1, "", 0},
    {"*", 5, "", 0},
    {"http://h/#", -1, "http://h/debug/pprof/profile", 60000},
    {"http://h/#", 5, "http://h/debug/pprof/profile?seconds=5", 7500},
};

static void adjusts_as_go(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_url u;
        int64_t timeout_ms = 0;
        bool is_url = pp_url_adjust(&a, pp_str_c(cases[i].source), cases[i].seconds, -1, &u, &timeout_ms);
        pp_str text = is_url ? pp_url_text(&a, &u) : PP_STR("");
        assert_string_equal(pp_arena_c(&a, text), cases[i].url);
        assert_int_equal(timeout_ms, cases[i].timeout_ms);
    }
    pp_arena_release(&a);
}

static void splits_hosts(void **state)
{
    (void)state;
    static const char *const hosts[][3] = {
        {"h:80", "h", "80"}, {"h", "h", ""}, {"[::1]:80", "::1", "80"}, {"[::1]", "::1", ""}, {":80", "", "80"}};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct pp_url u = {.host = pp_str_c(hosts[i][0])};
        assert_true(pp_str_eq_c(pp_url_hostname(&u), hosts[i][1]));
        assert_true(pp_str_eq_c(pp_url_port(&u), hosts[i][2]));
    }
}

static void clamps_endless_waits(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    struct pp_url u;
    int64_t timeout_ms;
    assert_true(pp_url_adjust(&a, PP_STR("h:1"), INT64_MAX, -1, &u, &timeout_ms));
    assert_true(timeout_ms > 0);
    assert_true(pp_url_adjust(&a, PP_STR("h:1"), 3, INT64_MAX, &u, &timeout_ms));
    assert_true(timeout_ms > 0);
    pp_arena_release(&a);
}

/* Answers of Go's URL.Parse, which follows redirects. */
static void resolves_as_go(void **state)
{
    (void)state;
    static const char *const lines[][3] = {
        {"http://u:p@h:1/a/b?q#f", "c", "http://u:p@h:1/a/c"},
        {"http://u:p@h:1/a/b?q#f", "", "http://u:p@h:1/a/b?q"},
        {"http://u:p@h:1/a/b?q#f", "?x", "http://u:p@h:1/a/b?x"},
        {"http://u:p@h:1/a/b?q#f", "/../c/./d/..", "http://u:p@h:1/c/"},
        {"http://u:p@h:1/a/b?q#f", "../../../c", "http://u:p@h:1/c"},
        {"http://u:p@h:1/a/b?q#f", "//other/x/../y", "http://other/y"},
        {"http://u:p@h:1/a/b?q#f", "https://other:2/y?z", "https://other:2/y?z"},
        {"https+insecure://h/a", "/b", "https+insecure://h/b"},
        {"http://h", "b", "http://h/b"},
        {"http://h/a", "file:///etc/passwd", "file:///etc/passwd"},
    };
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct pp_url base, to;
        assert_true(pp_url_parse(&a, pp_str_c(lines[i][0]), &base));
        assert_true(pp_url_resolve(&a, &base, pp_str_c(lines[i][1]), &to));
        assert_string_equal(pp_arena_c(&a, pp_url_text(&a, &to)), lines[i][2]);
        assert_int_equal(to.socket.n, 0);
    }
    pp_arena_release(&a);
}

static void finds_symbolz(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"http://h:1/debug/pprof/heap?gc=1", "http://h:1/debug/pprof/symbol"},
        {"http://h:1/x/debug/pprof/a/b", "http://h:1/x/debug/pprof/a/symbol"},
        {"http://h:1/pprof/growth", "http://h:1/pprof/symbol"},
        {"http://h:1/profilez?x", "http://h:1/symbolz"},
        {"http://h:1/a%20b/c", "http://h:1/a%20b/symbolz"},
        {"https+insecure://u:p@h/p", "https+insecure://u:p@h/symbolz"},
        {"unix:/run/no.sock/debug/pprof/heap", "unix:/run/no.sock/debug/pprof/symbol"},
    };
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct pp_url u;
        int64_t timeout_ms;
        assert_true(pp_url_adjust(&a, pp_str_c(lines[i][0]), -1, -1, &u, &timeout_ms));
        u = pp_url_symbolz(&a, &u);
        assert_string_equal(pp_arena_c(&a, pp_url_text(&a, &u)), lines[i][1]);
    }
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adjusts_as_go), cmocka_unit_test(splits_hosts),
                                       cmocka_unit_test(clamps_endless_waits), cmocka_unit_test(resolves_as_go),
                                       cmocka_unit_test(finds_symbolz)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
