// SPDX-License-Identifier: Apache-2.0
#include "elf/symbols.h"

#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* Two neighbours to look up by name. */
__attribute__((noinline, used)) static int pp_test_first_function(int x)
{
    __asm__ volatile("" : "+r"(x));
    return x * 3;
}

__attribute__((noinline, used)) static int pp_test_second_function(int x)
{
    __asm__ volatile("" : "+r"(x));
    return x * 5;
}

static uintptr_t own_bias(void)
{
    extern const ElfW(Ehdr) __ehdr_start;
    struct pp_image im = {0};
    uint64_t base = 0;
    assert_int_equal(pp_image_open("/proc/self/exe", &im, NULL), PP_OK);
    assert_true(pp_image_base_vaddr(&im, &base));
    pp_image_release(&im);
    return (uintptr_t)&__ehdr_start - base;
}

static void own_symbols(void **state)
{
    (void)state;
    struct pp_image im;
    struct pp_symbols s;
    struct pp_err err;
    struct pp_arena a = {0};
    assert_int_equal(pp_image_open("/proc/self/exe", &im, &err), PP_OK);
    assert_int_equal(pp_symbols_build(&a, &im, &s, &err), PP_OK);
    pp_image_release(&im); /* names live in the arena */
    uintptr_t bias = own_bias();
    pp_str name;
    uint64_t start;
    for (uintptr_t d = 0; d < 3; d++) {
        assert_true(pp_symbols_find(&s, (uintptr_t)pp_test_first_function - bias + d, &name, &start));
        assert_true(pp_str_eq_c(name, "pp_test_first_function"));
        assert_int_equal(start, (uintptr_t)pp_test_first_function - bias);
    }
    assert_true(pp_symbols_find(&s, (uintptr_t)pp_test_second_function - bias + 1, &name, &start));
    assert_true(pp_str_eq_c(name, "pp_test_second_function"));
    assert_false(pp_symbols_find(&s, 1, &name, &start));
    assert_false(pp_symbols_find(&s, UINT64_MAX, &name, &start));
    pp_arena_release(&a);
}

static void never_a_far_neighbour(void **state)
{
    (void)state;
    struct pp_symbol p[] = {
        {0x1000, 0x1010, 0, 1}, {0x1100, 0x1100, 1, 1}, {0x1200, 0x1400, 2, 1}, {0x1300, 0x1310, 3, 1}};
    struct pp_symbols s = {p, 4, PP_STR("abcd")};
    static const struct {
        uint64_t vaddr;
        char name;
    } cases[] = {{0xfff, 0},    {0x1000, 'a'}, {0x100f, 'a'}, {0x1010, 0},   {0x10ff, 0},
                 {0x1100, 'b'}, {0x11ff, 'b'}, {0x1200, 'c'}, {0x12ff, 'c'}, {0x1300, 'd'},
                 {0x130f, 'd'}, {0x1310, 'c'}, {0x13ff, 'c'}, {0x1400, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pp_str name = {0};
        uint64_t start;
        bool found = pp_symbols_find(&s, cases[i].vaddr, &name, &start);
        assert_int_equal(found, cases[i].name != 0);
        if (found) assert_int_equal(name.p[0], cases[i].name);
    }
    struct pp_symbol last = {0x1000, 0x1000, 0, 1}; /* without size, the last one: a page at most */
    struct pp_symbols one = {&last, 1, PP_STR("a")};
    pp_str name;
    uint64_t start;
    assert_true(pp_symbols_find(&one, 0x1fff, &name, &start));
    assert_false(pp_symbols_find(&one, 0x2000, &name, &start));
}

/* What the loader's structures in memory say must be what the file view says. */
static int compare_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    if (info->dlpi_name[0] != '/') return 0;
    struct pp_image im;
    struct pp_err err;
    assert_int_equal(pp_image_open(info->dlpi_name, &im, &err), PP_OK);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        const char *at = (const char *)info->dlpi_addr + ph->p_vaddr;
        pp_str bytes;
        uint64_t vaddr, lo, hi;
        if (ph->p_type == PT_NOTE) {
            pp_str id = pp_image_note((pp_str){at, ph->p_filesz}, ph->p_align, "GNU", NT_GNU_BUILD_ID);
            if (id.n) assert_true(pp_str_eq(id, pp_image_build_id(&im)));
        }
        if (ph->p_type == PT_LOAD && ph->p_flags & PF_X) {
            assert_true(pp_image_text_range(&im, &lo, &hi));
            assert_true(lo <= ph->p_vaddr && ph->p_vaddr + ph->p_memsz <= hi);
        }
        if (ph->p_type != PT_GNU_EH_FRAME) continue;
        assert_true(pp_image_eh_frame_ptr((pp_str){at, ph->p_filesz}, ph->p_vaddr, &vaddr));
        uint64_t from_section;
        assert_true(pp_image_eh_frame(&im, &bytes, &from_section));
        assert_int_equal(vaddr, from_section);
        assert_memory_equal(bytes.p, (const char *)info->dlpi_addr + vaddr, bytes.n);
        im.n_shdr = 0; /* by program headers alone */
        assert_true(pp_image_eh_frame(&im, &bytes, &from_section));
        assert_int_equal(vaddr, from_section);
        ++*(int *)ctx;
    }
    pp_image_release(&im);
    return 0;
}

static void loaded_objects(void **state)
{
    (void)state;
    int n = 0;
    dl_iterate_phdr(compare_object, &n);
    assert_true(n >= 2); /* libc and the loader at least */
}

static void refusals(void **state)
{
    (void)state;
    struct pp_image im = {.n_phdr = 77};
    struct pp_err err;
    Elf64_Ehdr h = {.e_ident = ELFMAG, .e_phentsize = sizeof(Elf64_Phdr)};
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    pp_str bytes = {(const char *)&h, sizeof h};
    assert_int_equal(pp_image_parse(bytes, &im, &err), PP_OK);
    assert_int_equal(im.n_phdr, 0);
    im.n_phdr = 77;
    assert_int_equal(pp_image_parse(pp_str_sub(bytes, 0, 63), &im, &err), PP_E_FORMAT);
    assert_string_equal(err.text, "ELF header cut at byte 63");
    h.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(pp_image_parse(bytes, &im, &err), PP_E_UNSUPPORTED);
    assert_string_equal(err.text, "ELF class 1: only 64 bit is read");
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2MSB;
    assert_int_equal(pp_image_parse(bytes, &im, &err), PP_E_UNSUPPORTED);
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_phnum = 1;
    h.e_phoff = sizeof h;
    assert_int_equal(pp_image_parse(bytes, &im, &err), PP_E_FORMAT); /* the program header lies outside */
    assert_int_equal(pp_image_parse(PP_STR("#!/bin/sh, more than sixteen bytes"), &im, &err), PP_E_FORMAT);
    assert_string_equal(err.text, "not an ELF file");
    assert_int_equal(im.n_phdr, 77); /* outputs stay untouched */
    assert_int_equal(pp_image_open("/proc/nonexistent", &im, &err), PP_E_NOTFOUND);
    assert_int_equal(pp_image_open("/proc", &im, &err), PP_E_FORMAT);
}

/* Every prefix of a real file, at the end of readable memory: nothing may be read behind it. */
static void truncated_files(void **state)
{
    (void)state;
    struct pp_image whole, im;
    enum { ROOM = 1 << 16 };
    assert_int_equal(pp_image_open("/proc/self/exe", &whole, NULL), PP_OK);
    char *p = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    mprotect(p + ROOM, 4096, PROT_NONE);
    size_t max = whole.bytes.n < ROOM ? whole.bytes.n : ROOM;
    for (size_t n = 0; n <= max; n += n < 1500 ? 1 : 997) {
        memcpy(p + ROOM - n, whole.bytes.p, n);
        if (pp_image_parse((pp_str){p + ROOM - n, n}, &im, NULL)) continue;
        Elf64_Shdr sh;
        pp_str b;
        uint64_t v;
        pp_image_section(&im, ".text", &sh, &b);
        pp_image_eh_frame(&im, &b, &v);
        b = pp_image_build_id(&im);
        assert_true(b.n <= 64);
    }
    munmap(p, ROOM + 4096);
    pp_image_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_symbols), cmocka_unit_test(never_a_far_neighbour),
                                       cmocka_unit_test(loaded_objects), cmocka_unit_test(refusals),
                                       cmocka_unit_test(truncated_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
