// SPDX-License-Identifier: Apache-2.0
/* Bases of mappings. The cases and answers are those that google/pprof's elfexec is tested with: kernels of several kinds included. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <elf.h>
#include <string.h>

#include "symbols/object.h"

#define NONE 0 /* no segment, no symbol */

struct base_case {
    const char *label;
    uint16_t type;
    uint64_t vaddr, segment_offset, stext;
    uint64_t start, limit, offset;
    uint64_t want;
    bool fails;
};

#define KERNEL 0xffffffff81000000
#define ASLR_KERNEL 0xffffffff80200000
#define PIE_KERNEL 0xffff800010010000
#define ODD_PIE_KERNEL 0xffffffc010080800
#define PPC_KERNEL 0xc000000000000000

static const struct base_case cases[] = {
    {"exec", ET_EXEC, NONE, 0, NONE, 0x400000, 0, 0, 0, false},
    {"exec offset", ET_EXEC, 0x400000, 0x200000, NONE, 0x400000, 0x800000, 0, 0x200000, false},
    {"exec offset 2", ET_EXEC, 0x400000, 0x200000, NONE, 0x200000, 0x600000, 0, 0, false},
    {"exec nomap", ET_EXEC, NONE, 0, NONE, 0, 0, 0, 0, false},
    {"exec kernel", ET_EXEC, KERNEL, 0, 0xffffffff81000198, 0xffffffff82000198, 0xffffffff83000198, 0, 0x1000000,
     false},
    {"exec kernel", ET_EXEC, KERNEL, 0, 0xffffffff810002b8, KERNEL, 0xffffffffa0000000, 0, 0, false},
    {"exec kernel ASLR", ET_EXEC, KERNEL, 0, 0xffffffff810002b8, KERNEL, 0xffffffffa0000000, KERNEL, 0, false},
    {"exec kernel ASLR 2", ET_EXEC, ASLR_KERNEL, 0x1000, NONE, 0xffffffff83e00000, 0xfffffffffc3fffff, 0x3c00000,
     0x3c00000, false},
    {"exec PPC64 kernel", ET_EXEC, PPC_KERNEL, 0, PPC_KERNEL, PPC_KERNEL, 0xd00000001a730000, 0, 0, false},
    {"exec chromeos kernel", ET_EXEC, KERNEL, 0, 0xffffffff81000198, 0, 0x10197, 0, 0x7efffe68, false},
    {"exec chromeos kernel 2", ET_EXEC, KERNEL, 0, 0xffffffff81000198, 0, 0x10198, 0, 0x7efffe68, false},
    {"exec chromeos kernel 3", ET_EXEC, KERNEL, 0, 0xffffffff81000198, 0x198, 0x100000, 0, 0x7f000000, false},
    {"exec chromeos kernel 4", ET_EXEC, KERNEL, 0, 0xffffffff81200198, 0x198, 0x100000, 0, 0x7ee00000, false},
    {"exec chromeos kernel unremapped", ET_EXEC, KERNEL, 0, 0xffffffff810001c8, 0xffffffff834001c8, 0xffffffffc0000000,
     0xffffffff834001c8, 0x2400000, false},
    {"exec kernel at 0, no symbol", ET_EXEC, KERNEL, 0, NONE, 0, 0x10197, 0, 0x7f000000, false},
    {"exec odd kernel", ET_EXEC, KERNEL, 0, NONE, KERNEL, 0xffffffffa0000000, 0x1234, 0, true},
    {"dyn", ET_DYN, NONE, 0, NONE, 0x200000, 0x300000, 0, 0x200000, false},
    {"dyn map", ET_DYN, 0x400000, 0x200000, NONE, 0, 0x300000, 0, 0xFFFFFFFFFFE00000, false},
    {"dyn nomap", ET_DYN, NONE, 0, NONE, 0, 0, 0, 0, false},
    {"dyn map+offset", ET_DYN, 0x400000, 0x200000, NONE, 0x900000, 0xa00000, 0x200000, 0x500000, false},
    {"dyn kernel", ET_DYN, PIE_KERNEL, 0x10000, 0xffff800010000000, 0xffff800010000000, 0xffff800012815c00,
     0xffff800010000000, 0, false},
    {"dyn chromeos aslr kernel", ET_DYN, ODD_PIE_KERNEL, 0x10800, ODD_PIE_KERNEL, 0x800, 0xb7f800, 0, 0x3feff80000,
     false},
    {"dyn chromeos aslr kernel unremapped", ET_DYN, ODD_PIE_KERNEL, 0x10800, ODD_PIE_KERNEL, 0xffffffdb5d680800,
     0xffffffdb5e200000, 0xffffffdb5d680800, 0x1b4d600000, false},
    {"rel", ET_REL, NONE, 0, NONE, 0x2000000, 0x3000000, 0, 0x2000000, false},
    {"rel nomap", ET_REL, NONE, 0, NONE, 0, UINT64_MAX, 0, 0, false},
    {"rel offset", ET_REL, NONE, 0, NONE, 0x100000, 0x200000, 1, 0, true},
    {"core", ET_CORE, NONE, 0, NONE, 0x100000, 0x200000, 0, 0, true},
};

static void test_segment_base(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct base_case *c = &cases[i];
        struct pp_segment segment = {
            .type = PT_LOAD, .flags = PF_R | PF_X, .offset = c->segment_offset, .vaddr = c->vaddr};
        struct pp_object o = {.type = c->type};
        struct pp_object_mapping m = {.start = c->start, .limit = c->limit, .offset = c->offset};
        uint64_t base = 0;
        struct pp_err err = {0};
        enum pp_code code =
            pp_object_segment_base(&o, c->vaddr ? &segment : NULL, c->stext ? &c->stext : NULL, &m, &base, &err);
        if (c->fails != (code != PP_OK)) fail_msg("%s: %s", c->label, err.text);
        if (base != c->want)
            fail_msg("%s: %#llx, not %#llx", c->label, (unsigned long long)base, (unsigned long long)c->want);
    }
}

static void test_exec_text(void **state)
{
    (void)state;
    struct pp_segment segment = {.type = PT_LOAD,
                                 .flags = PF_R | PF_X,
                                 .vaddr = 0x1000,
                                 .paddr = 0x1000,
                                 .offset = 4096,
                                 .file_size = 10,
                                 .mem_size = 20,
                                 .align = 4096};
    struct pp_object o = {.type = ET_EXEC};
    struct pp_object_mapping m = {.start = 1ull << 63, .limit = (1ull << 63) + 4096, .offset = 8192};
    struct pp_err err;
    uint64_t base;
    assert_int_equal(pp_object_segment_base(&o, &segment, NULL, &m, &base, &err), PP_E_UNSUPPORTED);
    assert_string_equal(err.text,
                        "don't know how to handle EXEC segment: {PT_LOAD PF_X+PF_R 4096 4096 4096 10 20 4096} "
                        "start=0x8000000000000000 limit=0x8000000000001000 offset=0x2000");
}

/* Two segments in one file: the address decides, and data is told from code. */
static void test_segments_of_mapping(void **state)
{
    (void)state;
    const struct pp_segment segments[] = {
        {.type = PT_LOAD,
         .flags = PF_R | PF_X,
         .offset = 0,
         .vaddr = 0,
         .file_size = 0xc80,
         .mem_size = 0xc80,
         .align = 0x200000},
        {.type = PT_LOAD,
         .flags = PF_R | PF_W,
         .offset = 0xc80,
         .vaddr = 0x200c80,
         .file_size = 0x1f0,
         .mem_size = 0x1f0,
         .align = 0x200000},
    };
    struct pp_object o = {.path = PP_STR("x"), .type = ET_DYN, .segments = segments, .n_segments = 2};
    struct pp_object_mapping m = {.start = 0x7f0000000000, .limit = 0x7f0000001000};
    uint64_t base;
    bool is_data;
    struct pp_err err;
    assert_int_equal(pp_object_base(&o, &m, m.start + 0x100, &base, &is_data, &err), PP_OK);
    assert_int_equal(base, m.start);
    assert_false(is_data);
    assert_int_equal(pp_object_base(&o, &m, m.start + 0xd00, &base, &is_data, &err), PP_OK);
    assert_int_equal(base, m.start - 0x200000);
    assert_true(is_data);
    assert_int_equal(pp_object_base(&o, &m, m.start + 0xf00, &base, &is_data, &err), PP_E_NOTFOUND);
    assert_int_equal(pp_object_base(&o, &m, m.limit, &base, &is_data, &err), PP_E_USAGE);
    assert_string_equal(
        err.text,
        "specified address 7f0000001000 is outside the mapping range [7f0000000000, 7f0000001000] for file \"x\"");
    m.offset = 0x100000;
    assert_int_equal(pp_object_base(&o, &m, m.start, &base, &is_data, &err), PP_E_NOTFOUND);
    assert_non_null(strstr(err.text, "no program header matches mapping info"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_segment_base), cmocka_unit_test(test_exec_text),
                                       cmocka_unit_test(test_segments_of_mapping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
