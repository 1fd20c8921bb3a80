// SPDX-License-Identifier: Apache-2.0
#include "profile/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"
#include "profile/aggregate.h"
#include "profile/prune.h"
#include "profile/text_profile.h"

#define SAMPLES                                                              \
    "leaf@l.c mid@m.c root@r.c | 1 10 | key=v1 bytes:64:kB\n"                \
    "inl@i.h+leaf@l.c root@r.c | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n" \
    "libc!malloc mid@m.c root@r.c | 3 30 | key=v1 key=v3 n:5\n"              \
    "| 4 40\n"

struct run {
    struct pp_arena a;
    struct pp_profile *p;
    struct pp_out said;
    struct pp_err err;
    enum pp_code code;
};

static void say(void *ctx, pp_str line)
{
    struct pp_out *o = ctx;
    pp_out_str(o, line);
    pp_out_char(o, '\n');
}

static void start(struct run *r, const char *samples)
{
    *r = (struct run){0};
    pp_arena_init(&r->a, 0, no_memory);
    pp_out_to_memory(&r->said, &r->a);
    r->p = profile_of(&r->a, "samples/count cpu/nanoseconds", samples);
    assert_true(pp_profile_valid(r->p, &r->err));
}

static const char *said(struct run *r) { return pp_arena_c(&r->a, pp_out_bytes(&r->said)); }

/* Applies to the profile itself and to a copy: the same must be left, and the copied one unchanged. */
static void apply(struct run *r, struct pp_filters f)
{
    struct pp_label_units units;
    struct pp_profile *copy = pp_profile_copy(&r->a, r->p), *second = pp_profile_copy(&r->a, copy);
    const char *before = text_of(&r->a, r->p);
    pp_labels_units(&r->a, copy, NULL, NULL, &units);
    r->code = pp_filter_apply(&r->a, copy, &f, &units, say, &r->said, &r->err);
    assert_true(pp_profile_valid(copy, &r->err) || r->code);
    assert_string_equal(text_of(&r->a, r->p), before);
    assert_true(pp_profile_valid(r->p, NULL));
    pp_profile_own_samples(second);
    r->said.n = 0;
    r->code = pp_filter_apply(&r->a, second, &f, &units, say, &r->said, &r->err);
    assert_string_equal(text_of(&r->a, copy), text_of(&r->a, second));
    r->p = second;
}

static void expect(struct pp_filters f, const char *left, const char *messages)
{
    struct run r;
    start(&r, SAMPLES);
    apply(&r, f);
    assert_int_equal(r.code, PP_OK);
    assert_string_equal(text_of(&r.a, r.p), left);
    assert_string_equal(said(&r), messages);
    pp_arena_release(&r.a);
}

static void by_name(void **state)
{
    (void)state;
    const char *first = "leaf@l.c mid@m.c root@r.c | 1 10 | key=v1 bytes:64:kB\n";
    const char *third = "libc!malloc mid@m.c root@r.c | 3 30 | key=v1 key=v3 n:5\n";
    expect((struct pp_filters){.focus = PP_STR("mid"), .ignore = PP_STR("malloc")}, first, "");
    expect((struct pp_filters){.focus = PP_STR("libc")}, third, "");
    expect((struct pp_filters){.focus = PP_STR("nosuch")}, "", "Focus expression matched no samples\n");
    expect((struct pp_filters){.ignore = PP_STR("l[.]c")}, third, "");
    expect((struct pp_filters){.focus = PP_STR("leaf"), .hide = PP_STR("inl|mid")},
           "leaf@l.c root@r.c | 1 10 | key=v1 bytes:64:kB\n"
           "leaf@l.c root@r.c | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n",
           "");
    expect((struct pp_filters){.show = PP_STR("libc|inl")},
           "inl@i.h | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n"
           "libc!malloc | 3 30 | key=v1 key=v3 n:5\n",
           "");
    expect((struct pp_filters){.show_from = PP_STR("mid|inl")},
           "leaf@l.c mid@m.c | 1 10 | key=v1 bytes:64:kB\n"
           "inl@i.h | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n"
           "libc!malloc mid@m.c | 3 30 | key=v1 key=v3 n:5\n",
           "");
    expect((struct pp_filters){.focus = PP_STR("leaf"), .prune_from = PP_STR("leaf|mid")},
           "leaf@l.c mid@m.c root@r.c | 1 10 | key=v1 bytes:64:kB\n"
           "leaf@l.c root@r.c | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n",
           "");
}

static void by_tag(void **state)
{
    (void)state;
    const char *first = "leaf@l.c mid@m.c root@r.c | 1 10 | key=v1 bytes:64:kB\n";
    const char *second = "inl@i.h+leaf@l.c root@r.c | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n";
    const char *third = "libc!malloc mid@m.c root@r.c | 3 30 | key=v1 key=v3 n:5\n";
    expect((struct pp_filters){.tagfocus = PP_STR("key=v2")}, second, "");
    expect((struct pp_filters){.tagfocus = PP_STR("key:v1,v3")}, third, "");
    expect((struct pp_filters){.tagfocus = PP_STR("tenant=v2,t0")}, second, "");
    expect((struct pp_filters){.tagfocus = PP_STR("nosuch=v")}, "", "TagFocus expression matched no samples\n");
    /* The unit of key bytes is kB everywhere; a number of unknown unit is taken as it is. */
    expect((struct pp_filters){.tagfocus = PP_STR("65kb:"), .tagignore = PP_STR("bytes=2kb:64kb")}, second,
           "tagfocus:Interpreted '65kb:' as range, not regexp\n"
           "tagignore:Interpreted '2kb:64kb' as range, not regexp\n");
    expect((struct pp_filters){.tagfocus = PP_STR("5kb"), .tagignore = PP_STR("1ms:2kb")}, third,
           "tagfocus:Interpreted '5kb' as range, not regexp\n"
           "TagIgnore expression matched no samples\n");
    expect((struct pp_filters){.tagignore = PP_STR("n=:5"), .tagfocus = PP_STR("v1")}, first,
           "tagignore:Interpreted ':5' as range, not regexp\n");
    expect((struct pp_filters){.focus = PP_STR("malloc"), .tagshow = PP_STR("key|n"), .taghide = PP_STR("n$")},
           "libc!malloc mid@m.c root@r.c | 3 30 | key=v1 key=v3\n", "");
    expect((struct pp_filters){.focus = PP_STR("mid"), .taghide = PP_STR("nosuch")},
           "leaf@l.c mid@m.c root@r.c | 1 10 | key=v1 bytes:64:kB\n"
           "libc!malloc mid@m.c root@r.c | 3 30 | key=v1 key=v3 n:5\n",
           "TagHide expression matched no samples\n");
}

static void bad_expressions(void **state)
{
    (void)state;
    struct run r;
    start(&r, SAMPLES);
    apply(&r, (struct pp_filters){.hide = PP_STR("("), .focus = PP_STR("a")});
    assert_int_equal(r.code, PP_E_USAGE);
    assert_string_equal(r.err.text, "parsing hide regexp: error parsing regexp: missing closing ): `(`");
    apply(&r, (struct pp_filters){.tagfocus = PP_STR("a,(")});
    assert_string_equal(r.err.text, "parsing tagfocus regexp: error parsing regexp: missing closing ): `(`");
    apply(&r, (struct pp_filters){.tagfocus = PP_STR("99999999999999999999")});
    assert_string_equal(r.err.text, "failed to parse int 99999999999999999999: strconv.ParseInt: parsing "
                                    "\"99999999999999999999\": value out of range");
    pp_arena_release(&r.a);
}

static void units_of_number_labels(void **state)
{
    (void)state;
    struct run r;
    struct pp_label_units u;
    start(&r, "a | 1 1 | d:1:ms d:2:us n:3 request:4 d:3:hr d:4:us d:5\n");
    pp_labels_units(&r.a, r.p, say, &r.said, &u);
    assert_string_equal(said(&r), "For tag d used unit ms, also encountered unit(s) hr, us\n");
    assert_true(pp_str_eq_c(pp_label_unit(r.p, &u, pp_profile_find_string(r.p, PP_STR("d"))), "ms"));
    assert_true(pp_str_eq_c(pp_label_unit(r.p, &u, pp_profile_find_string(r.p, PP_STR("n"))), "n"));
    assert_true(pp_str_eq_c(pp_label_unit(r.p, &u, pp_profile_find_string(r.p, PP_STR("request"))), "bytes"));
    assert_true(pp_str_eq_c(pp_label_unit(r.p, &u, 0), ""));
    pp_arena_release(&r.a);
}

static void labels_as_frames(void **state)
{
    (void)state;
    struct run r;
    start(&r, SAMPLES);
    struct pp_profile *copy = pp_profile_copy(&r.a, r.p);
    pp_labels_to_frames(copy, PP_STR("key,,bytes"), PP_STR("nosuch"), PP_STR("kb"), say, &r.said);
    assert_true(pp_profile_valid(copy, &r.err));
    assert_string_equal(
        text_of(&r.a, copy),
        "@nosuch leaf@l.c mid@m.c root@r.c 64kB@bytes v1@key | 1 10 | key=v1 bytes:64:kB\n"
        "@nosuch inl@i.h+leaf@l.c root@r.c 1kB@bytes v2@key | 2 20 | key=v2 tenant=t0 bytes:1024:bytes\n"
        "@nosuch libc!malloc mid@m.c root@r.c @bytes v1,v3@key | 3 30 | key=v1 key=v3 n:5\n"
        "@nosuch @bytes @key | 4 40\n");
    assert_string_equal(said(&r), "TagLeaf expression matched no samples\n");
    assert_int_equal(r.p->n_locations + 8, copy->n_locations);
    pp_arena_release(&r.a);
}

static void labels_set_and_removed(void **state)
{
    (void)state;
    struct run r;
    start(&r, "a | 1 1 | key=x zz=1 key=y key:5\nb | 2 2\n");
    pp_labels_set(r.p, PP_STR("key"), PP_STR("true"));
    assert_string_equal(text_of(&r.a, r.p), "a | 1 1 | key=true zz=1 key:5\nb | 2 2 | key=true\n");
    assert_true(
        pp_labels_has(r.p, 1, pp_profile_find_string(r.p, PP_STR("key")), pp_profile_find_string(r.p, PP_STR("true"))));
    pp_labels_remove_num(r.p, PP_STR("key"));
    struct pp_profile *copy = pp_profile_copy(&r.a, r.p);
    pp_labels_remove(copy, PP_STR("key"));
    assert_string_equal(text_of(&r.a, copy), "a | 1 1 | zz=1\nb | 2 2\n");
    assert_string_equal(text_of(&r.a, r.p), "a | 1 1 | key=true zz=1\nb | 2 2 | key=true\n");
    pp_arena_release(&r.a);
}

static void drop_and_keep_frames(void **state)
{
    (void)state;
    struct run r;
    start(&r, "x drop1 user drop2 | 1 1\nx inner+drop1 user | 2 2\nx drop1+outer user | 3 3\nx dropkeep user | 4 4\n");
    r.p->drop_frames = pp_profile_intern(r.p, PP_STR("drop.*"));
    r.p->keep_frames = pp_profile_intern(r.p, PP_STR("drop(keep)"));
    assert_int_equal(pp_prune_uninteresting(&r.a, r.p, &r.err), PP_OK);
    assert_string_equal(text_of(&r.a, r.p), "user drop2 | 1 1\nuser | 2 2\nouter user | 3 3\nx dropkeep user | 4 4\n");
    r.p->drop_frames = pp_profile_intern(r.p, PP_STR("("));
    assert_int_equal(pp_prune_uninteresting(&r.a, r.p, &r.err), PP_E_USAGE);
    pp_arena_release(&r.a);
    static const char *const names[][2] = {{".f(int)", "f"},
                                           {"(anonymous namespace)::g(a)", "(anonymous namespace)::g"},
                                           {"X::operator()(int)", "X::operator()"},
                                           {"plain", "plain"},
                                           {"(", ""}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(pp_str_eq_c(pp_prune_simplify(pp_str_c(names[i][0])), names[i][1]));
}

static void granularity(void **state)
{
    (void)state;
    struct run r;
    start(&r, SAMPLES);
    assert_int_equal(pp_aggregate_by_name(r.p, PP_STR("addresses"), false, false, &r.err), PP_OK);
    assert_int_not_equal(r.p->locations[0].address, 0);
    assert_int_equal(pp_aggregate_by_name(r.p, PP_STR("lines"), true, false, &r.err), PP_OK);
    assert_int_equal(r.p->locations[0].address, 0);
    assert_int_equal(r.p->lines[0].line, 8);
    assert_non_null(strstr(text_of(&r.a, r.p), "\nleaf@l.c root@r.c | 2 20"));
    assert_int_equal(pp_aggregate_by_name(r.p, PP_STR("files"), false, false, &r.err), PP_OK);
    assert_int_equal(r.p->lines[0].line, 0);
    assert_non_null(strstr(text_of(&r.a, r.p), "@l.c @m.c @r.c | 1 10"));
    assert_int_equal(pp_aggregate_by_name(r.p, PP_STR("functions"), false, false, &r.err), PP_OK);
    assert_int_equal(pp_aggregate_by_name(r.p, PP_STR("x"), false, false, &r.err), PP_E_USAGE);
    assert_string_equal(r.err.text, "unexpected granularity");
    pp_arena_release(&r.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(by_tag),
        cmocka_unit_test(bad_expressions),
        cmocka_unit_test(units_of_number_labels),
        cmocka_unit_test(labels_as_frames),
        cmocka_unit_test(labels_set_and_removed),
        cmocka_unit_test(drop_and_keep_frames),
        cmocka_unit_test(granularity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
