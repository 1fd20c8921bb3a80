// SPDX-License-Identifier: Apache-2.0
/* The parts of -http that need no socket: who may ask, addresses, queries, JSON, settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tool/web/access.h"
#include "tool/web/address.h"
#include "tool/web/json.h"
#include "tool/web/query.h"
#include "tool/web/settings.h"

static void no_memory(size_t n)
{
    fprintf(stderr, "out of memory: %zu\n", n);
    abort();
}

static void expect_text(pp_str got, const char *want)
{
    if (!pp_str_eq_c(got, want)) fail_msg("%.*s instead of %s", PP_FMT(got), want);
}

static void only_our_names_are_answered(void **state)
{
    (void)state;
    const pp_str own = PP_STR("localhost"), none = PP_STR("");
    const char *const in[] = {"localhost", "localhost:80", "LOCALHOST:1", "127.0.0.1:8080",
                              "127.9.9.9", "[::1]:80",     "[::1]"};
    const char *const out[] = {"",
                               "evil.example",
                               "localhost.evil.example",
                               "127.0.0.1.evil.example",
                               "10.0.0.1:80",
                               "[fe80::1]",
                               "[::1",
                               "1.2.3.4",
                               "[::1]x",
                               "0x7f000001"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        if (!pp_web_host_allowed(pp_str_c(in[i]), own, none)) fail_msg("refused %s", in[i]);
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        if (pp_web_host_allowed(pp_str_c(out[i]), own, none)) fail_msg("let in %s", out[i]);
    assert_true(pp_web_host_allowed(PP_STR("10.0.0.1:80"), PP_STR("0.0.0.0"), none));
    assert_false(pp_web_host_allowed(PP_STR("evil.example"), PP_STR("0.0.0.0"), none));
    assert_true(pp_web_host_allowed(PP_STR("box.lan:80"), PP_STR("box.lan"), none));
    assert_true(pp_web_host_allowed(PP_STR("b.lan:80"), own, PP_STR("a.lan, b.lan")));
    assert_false(pp_web_host_allowed(PP_STR("c.lan:80"), own, PP_STR("a.lan, b.lan")));
}

static void settings_change_from_our_pages_only(void **state)
{
    (void)state;
    const pp_str host = PP_STR("localhost:80"), none = PP_STR("");
    assert_true(pp_web_same_origin(host, none, none));
    assert_true(pp_web_same_origin(host, PP_STR("http://localhost:80"), PP_STR("same-origin")));
    assert_false(pp_web_same_origin(host, PP_STR("http://localhost:81"), none));
    assert_false(pp_web_same_origin(host, PP_STR("null"), none));
    assert_false(pp_web_same_origin(host, none, PP_STR("cross-site")));
    assert_false(pp_web_same_origin(host, none, PP_STR("same-site")));
}

static void expect_address(pp_str text, const char *want)
{
    struct pp_arena a;
    struct pp_web_address address;
    struct pp_err err;
    pp_arena_init(&a, 0, no_memory);
    if (pp_web_address_parse(text, &address, &err))
        expect_text((pp_str){err.text, err.n}, want);
    else
        expect_text(pp_web_address_text(&a, &address), want);
    pp_arena_release(&a);
}

static void addresses_are_read_as_go_does(void **state)
{
    (void)state;
    expect_address(PP_STR(":8080"), "localhost:8080");
    expect_address(PP_STR(":"), "localhost:0");
    expect_address(PP_STR("[::1]:80"), "[::1]:80");
    expect_address(PP_STR("8080"), "could not split http address: address 8080: missing port in address");
    expect_address(PP_STR("::1"), "could not split http address: address ::1: too many colons in address");
    expect_address(PP_STR("[::1"), "could not split http address: address [::1: missing ']' in address");
    expect_address(PP_STR("[a]"), "could not split http address: address [a]: missing port in address");
    expect_address(PP_STR("a:b"), "invalid port number: strconv.Atoi: parsing \"b\": invalid syntax");
}

static void queries_are_read_as_go_does(void **state)
{
    struct pp_arena *a = *state;
    struct pp_query q;
    pp_str path;
    assert_true(pp_target_parse(a, PP_STR("/ui/%74op?f=a+b%26c&f=second&bad=%zz&semi=1;2&empty"), &path, &q));
    expect_text(path, "/ui/top");
    expect_text(pp_query_get(&q, "f"), "a b&c");
    expect_text(pp_query_get(&q, "bad"), "");
    expect_text(pp_query_get(&q, "semi"), "");
    assert_int_equal(q.pairs.n, 3);
    assert_false(pp_target_parse(a, PP_STR("/ui/%7"), &path, &q));
    expect_text(pp_target_clean(a, PP_STR("/ui/../x//y/./")), "/x/y/");
    expect_text(pp_target_clean(a, PP_STR("/../..")), "/");
    expect_text(pp_query_escape(a, PP_STR("a b&\xc3\xa9~")), "a+b%26%C3%A9~");
}

static void a_config_becomes_a_query(void **state)
{
    struct pp_arena *a = *state;
    struct pp_query q;
    struct pp_config cfg = pp_config_default;
    struct pp_err err;
    pp_str path;
    bool changed;
    assert_true(pp_target_parse(a, PP_STR("/x?f=main&n=7&si=cpu&trim=f"), &path, &q));
    assert_int_equal(pp_query_configure(a, &q, &cfg, &err), PP_OK);
    expect_text(cfg.focus, "main");
    assert_int_equal(cfg.nodecount, 7);
    assert_false(cfg.trim);
    expect_text(pp_query_of_config(a, &q, &cfg, &changed), "?f=main&n=7&si=cpu&trim=f");
    assert_false(changed);
    expect_text(pp_query_of_config(a, &q, &pp_config_default, &changed), "?si=cpu");
    assert_true(changed);
    assert_true(pp_target_parse(a, PP_STR("/x?n=x"), &path, &q));
    assert_int_equal(pp_query_configure(a, &q, &cfg, &err), PP_E_USAGE);
    assert_string_equal(err.text, "error setting config field nodecount: strconv.Atoi: parsing \"x\": invalid syntax");
}

static void strings_are_safe_inside_a_script(void **state)
{
    struct pp_arena *a = *state;
    struct pp_out o;
    pp_out_to_memory(&o, a);
    pp_json_str(&o, PP_STR("</script>&\"\\\n\x01\xff\xe2\x80\xa8\xc3\xa9"));
    expect_text(pp_out_bytes(&o), "\"\\u003c/script\\u003e\\u0026\\\"\\\\\\n\\u0001\\ufffd\\u2028\xc3\xa9\"");
}

static void json_is_read_or_refused(void **state)
{
    struct pp_arena *a = *state;
    struct pp_json *v;
    struct pp_err err;
    assert_int_equal(
        pp_json_parse(a, PP_STR(" {\"a\": [1, -2.5e3, true, null, \"\\ud83d\\ude00\\n\"], \"a\": {}} "), &v, &err),
        PP_OK);
    assert_int_equal(pp_json_member(v, "a")->kind, PP_JSON_OBJECT);
    expect_text(v->first->first->next->next->next->next->text, "\xf0\x9f\x98\x80\n");
    const char *const bad[] = {"",      "{",        "[1,", "\"x",       "\"\\x\"", "{\"a\" 1}", "[1] 2",
                               "{1:2}", "\"\x01\"", "nul", "\"\\u12\"", "[1 2]",   "\"\\"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pp_json_parse(a, pp_str_c(bad[i]), &v, &err) != PP_E_FORMAT) fail_msg("took %s", bad[i]);
    char deep[4000];
    memset(deep, '[', sizeof deep);
    assert_int_equal(pp_json_parse(a, (pp_str){deep, sizeof deep}, &v, &err), PP_E_FORMAT);
}

static void settings_are_kept_as_google_pprof_keeps_them(void **state)
{
    struct pp_arena *a = *state;
    char dir[] = "/tmp/pprof_web_XXXXXX", text[4096] = "";
    struct pp_err err;
    struct pp_config cfg = pp_config_default;
    pp_named_configs configs;
    assert_non_null(mkdtemp(dir));
    pp_str path = pp_arena_fmt(a, "%s/new/pprof/settings.json", dir);
    assert_int_equal(pp_settings_delete(a, path, PP_STR("x"), &err), PP_E_NOTFOUND);
    assert_string_equal(err.text, "config x not found");
    cfg.focus = PP_STR("a<b");
    cfg.trim = false;
    assert_int_equal(pp_settings_save(a, path, PP_STR("mine"), &cfg, &err), PP_OK);
    FILE *f = fopen(path.p, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text,
                        "{\n  \"configs\": [\n    {\n      \"name\": \"mine\",\n      \"unit\": \"minimum\",\n      "
                        "\"sort\": \"flat\",\n"
                        "      \"nodecount\": -1,\n      \"nodefraction\": 0.005,\n      \"edgefraction\": 0.001,\n"
                        "      \"focus\": \"a\\u003cb\"\n    }\n  ]\n}");
    assert_int_equal(pp_settings_read(a, path, &pp_config_default, &configs, &err), PP_OK);
    assert_int_equal(configs.n, 1);
    expect_text(configs.p[0].config.focus, "a<b");
    assert_false(configs.p[0].config.trim);
    assert_int_equal(pp_settings_save(a, path, PP_STR("mine"), &pp_config_default, &err), PP_OK);
    assert_int_equal(pp_settings_read(a, path, &pp_config_default, &configs, &err), PP_OK);
    assert_int_equal(configs.n, 1);
    assert_int_equal(configs.p[0].config.focus.n, 0);
    assert_int_equal(pp_settings_delete(a, path, PP_STR("mine"), &err), PP_OK);
    f = fopen(path.p, "w");
    assert_non_null(f);
    fputs("{\"configs\": [{\"name\": \"x\", \"trim\": 3}]}", f);
    fclose(f);
    assert_int_equal(pp_settings_read(a, path, &pp_config_default, &configs, &err), PP_E_FORMAT);
    unlink(path.p);
    rmdir(pp_arena_fmt(a, "%s/new/pprof", dir).p);
    rmdir(pp_arena_fmt(a, "%s/new", dir).p);
    rmdir(dir);
}

static int set_up(void **state)
{
    static struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    *state = &a;
    return 0;
}

static int tear_down(void **state)
{
    pp_arena_release(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_our_names_are_answered),   TEST(settings_change_from_our_pages_only),
        TEST(addresses_are_read_as_go_does), TEST(queries_are_read_as_go_does),
        TEST(a_config_becomes_a_query),      TEST(strings_are_safe_inside_a_script),
        TEST(json_is_read_or_refused),       TEST(settings_are_kept_as_google_pprof_keeps_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
