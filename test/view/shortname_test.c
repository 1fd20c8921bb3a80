// SPDX-License-Identifier: Apache-2.0
// Expected names are what google/pprof's five expressions give.
#include "view/shortname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const cases[][2] = {
    {"", ""},
    {"main.main", "main.main"},
    /* Go */
    {"github.com/acme/lib/codec.(*Dec).Read", "codec.(*Dec).Read"},
    {"github.com/acme/lib/v2/codec.Read", "codec.Read"},
    {"k8s.io/api/v10.Get", "api.Get"},
    {"k8s.io/api/v1.Get", "v1.Get"},
    {"k8s.io/api/v2x.Get", "v2x.Get"},
    {"a.b/c.d/e", "c.d/e"}, /* the last element has no dot: the one before begins the name */
    {"a/b/.x", "b/.x"},
    {"a//b.c", "/b.c"},
    {"a/b.", "a/b."},
    {"gopkg.in/yaml%2ev3.(*p).q", "yaml%2ev3.(*p).q"},
    {"a/b.c\nd", "b.c"},
    /* Java */
    {"java.util.concurrent.ThreadPoolExecutor$Worker.run(Native)", "ThreadPoolExecutor$Worker.run"},
    {"com.foo.Bar.<init>", "Bar.<init>"},
    {"com.foo.Bar.lambda$0(int)", "Bar.lambda$0"},
    {"com.foo.Bar.baz ()", "com.foo.Bar.baz ()"},
    {"foo.Bar", "foo.Bar"},
    /* C++ */
    {"ns::sub::Klass::~Klass", "Klass::~Klass"},
    {"ns::Obj::run<std::pair<int, a::b> >(int)", "Obj::run<std::pair<int, a::b> >"},
    {"std::vector<int>::push_back", "std::vector<int>::push_back"},
    {"(anonymous namespace)::foo::Bar::baz", "Bar::baz"},
    {"(anonymous namespace)::(anonymous namespace)::f", "(anonymous namespace)::f"},
    {"_ns::__Foo::bar", "__Foo::bar"},
    {"ns::Foo::Bar", "Foo::Bar"},
    {"ns::A::B::c", "B::c"},
    {"A::b", "A::b"}, /* no namespace */
    {"ns::foo::bar", "ns::foo::bar"},
    {"ns::Foo::f<a", "Foo::f"},
};

static void names(void **state)
{
    (void)state;
    struct pp_arena a = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pp_str got = pp_short_name(&a, pp_str_c(cases[i][0]));
        if (!pp_str_eq_c(got, cases[i][1])) fail_msg("%s became %.*s, not %s", cases[i][0], PP_FMT(got), cases[i][1]);
    }
    pp_arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
