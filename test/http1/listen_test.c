// SPDX-License-Identifier: Apache-2.0
#include "http1/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void numbers_mean_what_libc_says(void **state)
{
    (void)state;
    const char *ip6[] = {"::",
                         "::1",
                         "1::",
                         "2001:db8::ff00:42:8329",
                         "1:2:3:4:5:6:7:8",
                         "::ffff:1.2.3.4",
                         "1:2:3:4:5:6:1.2.3.4",
                         "1:2",
                         "1:2:3:4:5:6:7:8:9",
                         "::1::",
                         ":::",
                         ":1",
                         "1:",
                         "12345::",
                         "g::",
                         "::1.2.3.4.5",
                         "1.2.3.4::",
                         "::1.2.3",
                         "1::2:3:4:5:6:7:8",
                         "",
                         ":"};
    const char *ip4[] = {"1.2.3.4",   "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3",
                         "1.2.3.4.5", "1..2.3",  "a.1.1.1",         "1.2.3.4 ",  ""};
    for (size_t i = 0; i < sizeof ip6 / sizeof *ip6; i++) {
        struct in6_addr want, got;
        bool known = inet_pton(AF_INET6, ip6[i], &want) == 1;
        if (pp_http_parse_ip6(pp_str_c(ip6[i]), &got) != known) fail_msg("%s", ip6[i]);
        if (known) assert_memory_equal(&got, &want, sizeof got);
    }
    for (size_t i = 0; i < sizeof ip4 / sizeof *ip4; i++) {
        struct in_addr want, got;
        bool known = inet_pton(AF_INET, ip4[i], &want) == 1;
        if (pp_http_parse_ip4(pp_str_c(ip4[i]), &got) != known) fail_msg("%s", ip4[i]);
        if (known) assert_int_equal(got.s_addr, want.s_addr);
    }
}

static void refuses_addresses_in_gos_words(void **state)
{
    (void)state;
    struct {
        const char *text, *error;
    } cases[] = {
        {"localhost", "listen tcp: address localhost: missing port in address"},
        {"[::1]", "listen tcp: address [::1]: missing port in address"},
        {"::1:80", "listen tcp: address ::1:80: too many colons in address"},
        {"[::1:80", "listen tcp: address [::1:80: missing ']' in address"},
        {"localhost:99999", "listen tcp: address 99999: invalid port"},
        {"localhost:http", "listen tcp: lookup tcp/http: unknown port"},
        {"example.org:80", "listen tcp: lookup example.org: only numbers and localhost are known here"},
        {"[fe80::1%eth0]:80", "listen tcp: lookup [fe80::1%eth0]: only numbers and localhost are known here"},
        {"unix:", "listen unix: missing path"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pp_http_address addr;
        struct pp_err err;
        assert_int_equal(pp_http_parse_address(pp_str_c(cases[i].text), &addr, &err), PP_E_USAGE);
        assert_string_equal(err.text, cases[i].error);
    }
}

static void listens_and_says_where(void **state)
{
    (void)state;
    const char *texts[] = {"localhost:0", "127.0.0.1:0", "[::1]:0"},
               *urls[] = {"http://127.0.0.1:", "http://127.0.0.1:", "http://[::1]:"};
    for (int i = 0; i < 3; i++) {
        struct pp_http_address addr, again;
        struct pp_err err;
        char url[PP_HTTP_ADDRESS_MAX], text[PP_HTTP_ADDRESS_MAX], want[512];
        int fd, other;
        assert_int_equal(pp_http_parse_address(pp_str_c(texts[i]), &addr, &err), PP_OK);
        assert_true(addr.local);
        if (pp_http_listen(&addr, false, 900, &fd, &err)) {
            assert_int_equal(i, 2); /* a machine without IPv6 */
            continue;
        }
        assert_true(fd >= 900);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        pp_http_url(&addr, url);
        assert_memory_equal(url, urls[i], strlen(urls[i]));
        assert_true(atoi(url + strlen(urls[i])) > 0);
        strcpy(text, url + strlen("http://"));
        assert_int_equal(pp_http_parse_address(pp_str_c(text), &again, &err), PP_OK);
        assert_int_equal(pp_http_listen(&again, false, 0, &other, &err), PP_E_IO);
        snprintf(want, sizeof want, "listen tcp %s: bind: address already in use", text);
        assert_string_equal(err.text, want);
        pp_http_unlisten(&addr, fd);
    }
}

static void other_machines_need_a_token(void **state)
{
    (void)state;
    const char *texts[] = {":0", "0.0.0.0:0", "[::]:0", "10.11.12.13:0"};
    for (int i = 0; i < 4; i++) {
        struct pp_http_address addr;
        struct pp_err err;
        int fd = -1;
        assert_int_equal(pp_http_parse_address(pp_str_c(texts[i]), &addr, &err), PP_OK);
        assert_false(addr.local);
        assert_int_equal(pp_http_listen(&addr, false, 0, &fd, &err), PP_E_USAGE);
        assert_true(pp_str_contains(pp_str_c(err.text), PP_STR("set a token")));
        if (i == 3) continue;
        if (i == 2 && pp_http_listen(&addr, true, 0, &fd, &err)) continue; /* no IPv6 */
        if (fd < 0) assert_int_equal(pp_http_listen(&addr, true, 0, &fd, &err), PP_OK);
        char url[PP_HTTP_ADDRESS_MAX];
        pp_http_url(&addr, url);
        assert_memory_equal(url, "http://127.0.0.1:", 17);
        pp_http_unlisten(&addr, fd);
    }
}

static void unix_sockets_are_private_and_replace_stale_ones(void **state)
{
    (void)state;
    char dir[] = "/tmp/pp-listen-XXXXXX", text[64], want[256];
    struct pp_http_address addr, addr2;
    struct pp_err err;
    struct stat st;
    int fd, fd2;
    assert_non_null(mkdtemp(dir));
    snprintf(text, sizeof text, "unix:%s/s", dir);
    assert_int_equal(pp_http_parse_address(pp_str_c(text), &addr, &err), PP_OK);
    assert_true(addr.local);
    assert_int_equal(pp_http_listen(&addr, false, 0, &fd, &err), PP_OK);
    assert_int_equal(stat(text + 5, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    addr2 = addr;
    assert_int_equal(pp_http_listen(&addr2, false, 0, &fd2, &err), PP_E_IO); /* somebody listens */
    snprintf(want, sizeof want, "listen unix %s: bind: address already in use", text + 5);
    assert_string_equal(err.text, want);
    close(fd);                                                             /* dies without removing it */
    assert_int_equal(pp_http_listen(&addr2, false, 0, &fd2, &err), PP_OK); /* stale */
    pp_http_unlisten(&addr2, fd2);
    assert_int_equal(stat(text + 5, &st), -1);
    fd = open(text + 5, O_CREAT | O_WRONLY, 0600); /* a file is no stale socket */
    assert_int_equal(pp_http_listen(&addr2, false, 0, &fd2, &err), PP_E_IO);
    close(fd);
    unlink(text + 5);
    rmdir(dir);
    snprintf(text, sizeof text, "unix:@pp-listen-%d", (int)getpid());
    assert_int_equal(pp_http_parse_address(pp_str_c(text), &addr, &err), PP_OK);
    assert_int_equal(pp_http_listen(&addr, false, 0, &fd, &err), PP_OK);
    pp_http_unlisten(&addr, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_mean_what_libc_says),
        cmocka_unit_test(refuses_addresses_in_gos_words),
        cmocka_unit_test(listens_and_says_where),
        cmocka_unit_test(other_machines_need_a_token),
        cmocka_unit_test(unix_sockets_are_private_and_replace_stale_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
