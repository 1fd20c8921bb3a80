// SPDX-License-Identifier: Apache-2.0
// fuzz: src/elf/*.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/hash.c src/base/pages.c src/base/str.c src/base/vec.c
/* ELF bytes: everything that the view hands out lies inside them. */
#include "elf/symbols.h"

static pp_str all;

static void inside(pp_str s)
{
    if (s.n && (s.p < all.p || s.p + s.n > all.p + all.n)) __builtin_trap();
}

static void walk_sections(const struct pp_image *im)
{
    Elf64_Shdr sh;
    Elf64_Phdr ph;
    pp_str bytes;
    for (uint32_t i = 0; pp_image_shdr(im, i, &sh); i++)
        inside(pp_image_section_name(im, &sh));
    for (uint32_t i = 0; pp_image_phdr(im, i, &ph); i++)
        inside(pp_image_at_vaddr(im, ph.p_vaddr));
    if (pp_image_section(im, ".text", &sh, &bytes)) inside(bytes);
}

static void find_symbols(const struct pp_image *im)
{
    struct pp_symbols s;
    struct pp_arena a;
    pp_str name;
    uint64_t start;
    pp_arena_init(&a, (size_t)64 << 20, NULL);
    if (pp_symbols_build(&a, im, &s, NULL) == PP_OK) {
        for (size_t i = 0; i < s.n; i++) {
            if (i && s.p[i - 1].vaddr >= s.p[i].vaddr) __builtin_trap();
            if (pp_symbols_find(&s, s.p[i].vaddr, &name, &start) && start > s.p[i].vaddr) __builtin_trap();
        }
    }
    pp_arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pp_image im;
    uint64_t lo, hi, vaddr;
    pp_str bytes;
    all = (pp_str){(const char *)data, size};
    if (pp_image_parse(all, &im, NULL)) return 0;
    walk_sections(&im);
    inside(pp_image_build_id(&im));
    if (pp_image_text_range(&im, &lo, &hi) && lo >= hi) __builtin_trap();
    if (pp_image_base_vaddr(&im, &vaddr) && vaddr % 4096) __builtin_trap();
    if (pp_image_eh_frame(&im, &bytes, &vaddr)) inside(bytes);
    find_symbols(&im);
    return 0;
}
