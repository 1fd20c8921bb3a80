// SPDX-License-Identifier: Apache-2.0
// Which hosts are reached without a proxy; the answers are those of Go's golang.org/x/net/http/httpproxy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tool/fetch/proxy.h"

static const struct {
    const char *no_proxy, *host, *port;
    bool excluded;
} cases[] = {
    {"", "h.test", "80", false},
    {"", "localhost", "80", true},
    {"", "127.0.0.1", "80", true},
    {"", "127.9.9.9", "80", true},
    {"", "::1", "80", true},
    {"", "10.0.0.1", "80", false},
    {"*", "h.test", "80", true},
    {"h.test", "h.test", "80", true},
    {"H.Test", "h.test", "80", true},
    {"h.test", "a.h.test", "80", true},
    {"h.test", "ah.test", "80", false},
    {".h.test", "h.test", "80", false},
    {".h.test", "a.h.test", "80", true},
    {"*.h.test", "a.h.test", "80", true},
    {"*.h.test", "h.test", "80", false},
    {"h.test:80", "h.test", "80", true},
    {"h.test:81", "h.test", "80", false},
    {":80", "h.test", "80", false},
    {" , x , h.test ", "h.test", "80", true},
    {"10.0.0.0/8", "10.1.2.3", "80", true},
    {"10.0.0.0/8", "11.1.2.3", "80", false},
    {"10.1.2.0/23", "10.1.3.9", "80", true},
    {"10.1.2.0/23", "10.1.4.9", "80", false},
    {"10.0.0.0/33", "10.1.2.3", "80", false},
    {"10.1.2.3", "10.1.2.3", "80", true},
    {"10.1.2.3:81", "10.1.2.3", "80", false},
    {"fe80::/16", "fe80::1", "80", true},
    {"[2001:db8::1]:80", "2001:db8::1", "80", true},
    {"[2001:db8::1]:81", "2001:db8::1", "80", false},
    {"2001:db8::1", "2001:db8:0::1", "80", true},
    {"0.0.0.0/0", "2001:db8::1", "80", false},
};

static void excludes_as_go(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (pp_proxy_excludes(&a, pp_str_c(cases[i].no_proxy), pp_str_c(cases[i].host), pp_str_c(cases[i].port)) !=
            cases[i].excluded)
            fail_msg("case %zu: %s %s:%s", i, cases[i].no_proxy, cases[i].host, cases[i].port);
    pp_arena_release(&a);
}

static void names_the_proxy(void **state)
{
    (void)state;
    static const char *const lines[][3] = {
        {"http://h.test/", "proxy:3128", "http://proxy:3128"},
        {"http://h.test/", "proxy", "http://proxy:80"},
        {"http://h.test/", "http://u:p@proxy/x?y", "http://u:p@proxy:80"},
        {"http://h.test/", "socks5://proxy", "socks5h://proxy:1080"},
        {"http://h.test/", "https://proxy", "https://proxy:443"},
        {"https://h.test/", "proxy:3128", ""},
        {"http://localhost:1/", "proxy:3128", ""},
    };
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct pp_url u;
        pp_str proxy;
        setenv("HTTP_PROXY", lines[i][1], 1);
        assert_true(pp_url_parse(&a, pp_str_c(lines[i][0]), &u));
        assert_int_equal(pp_proxy_find(&a, &u, &proxy, NULL), PP_OK);
        assert_string_equal(pp_arena_c(&a, proxy), lines[i][2]);
    }
    pp_arena_release(&a);
}

int main(void)
{
    static const char *const names[] = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY",   "https_proxy",
                                        "NO_PROXY",   "no_proxy",   "REQUEST_METHOD"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(excludes_as_go), cmocka_unit_test(names_the_proxy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
