// SPDX-License-Identifier: Apache-2.0
// fuzz: src/tool/web/query.c src/tool/web/access.c src/tool/web/json.c src/tool/configure.c src/tool/options.c src/http1/listen.c src/base/*.c -- -lm
// Bytes up to the first newline are the target of a request, the second line its Host, the rest settings.json. A query made of the
// options that a target set gives the same options again; a clean path is clean; JSON strings survive.

#include "fuzz/harness.h"
#include "tool/configure.h"
#include "tool/web/access.h"
#include "tool/web/json.h"
#include "tool/web/query.h"

static void try_target(struct pp_arena *a, pp_str target)
{
    struct pp_query q, again;
    struct pp_config cfg = pp_config_default, same = pp_config_default;
    struct pp_err err;
    pp_str path;
    bool changed;
    if (!pp_target_parse(a, target, &path, &q)) return;
    pp_str clean = pp_target_clean(a, path);
    check(clean.n && clean.p[0] == '/' && pp_str_eq(pp_target_clean(a, clean), clean));
    if (pp_query_configure(a, &q, &cfg, &err)) {
        check(err.n > 0);
        return;
    }
    struct pp_query none = {0};
    pp_str text = pp_query_of_config(a, &none, &cfg, &changed);
    check(pp_target_parse(a, pp_arena_join(a, PP_STR("/"), text), &path, &again));
    check(!pp_query_configure(a, &again, &same, &err));
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_vars[i].url && pp_vars[i].saved)
            check(pp_str_eq(pp_config_text(a, &cfg, &pp_vars[i]), pp_config_text(a, &same, &pp_vars[i])));
    (void)pp_query_of_config(a, &q, &same, &changed);
}

static void try_json(struct pp_arena *a, pp_str text)
{
    struct pp_json *v, *back;
    struct pp_err err;
    struct pp_out o;
    if (pp_json_parse(a, text, &v, &err)) {
        check(err.n > 0);
        return;
    }
    (void)pp_json_member(v, "configs");
    if (v->kind != PP_JSON_STRING) return;
    pp_out_to_memory(&o, a);
    pp_json_str(&o, v->text);
    check(!pp_json_parse(a, pp_out_bytes(&o), &back, &err) && back->text.n >= v->text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_str target, host, rest;
    if (size > 4096) return 0;
    pp_str_cut((pp_str){(const char *)data, size}, '\n', &target, &rest);
    pp_str_cut(rest, '\n', &host, &rest);
    struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    if (pp_web_host_allowed(host, PP_STR("localhost"), PP_STR("")))
        check(pp_str_contains(host, PP_STR("127")) || pp_str_find_byte(host, ':') != PP_NOT_FOUND || host.n == 9);
    (void)pp_web_same_origin(host, rest, PP_STR(""));
    try_target(&a, target);
    try_json(&a, rest);
    pp_arena_release(&a);
    return 0;
}
