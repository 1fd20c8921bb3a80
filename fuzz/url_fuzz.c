// SPDX-License-Identifier: Apache-2.0
// fuzz: src/tool/fetch/url.c src/tool/fetch/proxy.c src/tool/goflag.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/gomath.c src/base/gonum.c src/base/gopath.c src/base/goquote.c src/base/out.c src/base/pages.c src/base/str.c src/base/unicode.c src/base/utf8.c src/base/vec.c -- -lm
// Bytes up to the first newline are a source: a URL made of it reads back as itself, leads nowhere but where it may, and is a
// list of hosts without proxy, too. The rest are the words of a command line.
#include <string.h>

#include "fuzz/harness.h"
#include "tool/fetch/proxy.h"
#include "tool/fetch/url.h"
#include "tool/goflag.h"

static void try_source(struct pp_arena *a, pp_str source)
{
    struct pp_url u, again;
    int64_t timeout_ms;
    if (!pp_url_adjust(a, source, -1, -1, &u, &timeout_ms)) return;
    check(timeout_ms > 0 && (u.host.n > 0) != (u.socket.n > 1));
    pp_str text = pp_url_text(a, &u);
    if (pp_url_resolve(a, &u, source, &again)) check(!again.socket.n || pp_str_eq(again.socket, u.socket));
    again = pp_url_symbolz(a, &u);
    check(pp_str_contains(again.path, PP_STR("symbol")) && !again.query.n);
    (void)pp_proxy_excludes(a, source, pp_url_hostname(&u), pp_url_port(&u));
    if (u.socket.n) {
        check(u.socket.p[0] == '/' || u.socket.p[0] == '@');
        return;
    }
    if (pp_url_parse(a, text, &again)) check(pp_str_eq(pp_url_text(a, &again), text));
    check(pp_url_hostname(&u).n <= u.host.n && pp_url_port(&u).n < u.host.n);
}

static void try_words(struct pp_arena *a, pp_str text)
{
    char *argv[64];
    int argc = 0, first;
    pp_str word;
    while (argc < 64 && pp_str_next(&text, '\n', &word))
        argv[argc++] = (char *)(uintptr_t)pp_arena_c(a, word);
    bool flag = false;
    int64_t count = 0;
    double fraction = 0;
    pp_str name = {0};
    const struct pp_flag flags[] = {{"b", PP_TYPE_BOOL, &flag},
                                    {"i", PP_TYPE_INT, &count},
                                    {"f", PP_TYPE_FLOAT, &fraction},
                                    {"s", PP_TYPE_STR, &name}};
    struct pp_err err = {0};
    enum pp_code c = pp_goflag_parse(flags, sizeof flags / sizeof *flags, argc, argv, &first, &err);
    if (c == PP_OK) check(first >= 0 && first <= argc);
    if (c == PP_E_USAGE) check(err.n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_str source, words;
    if (size > 4096) return 0;
    pp_str_cut((pp_str){(const char *)data, size}, '\n', &source, &words);
    struct pp_arena a;
    pp_arena_init(&a, 0, no_memory);
    try_source(&a, source);
    try_words(&a, words);
    pp_arena_release(&a);
    return 0;
}
