// SPDX-License-Identifier: Apache-2.0
// fuzz: src/symbols/debug_file.c src/symbols/dwarf*.c src/symbols/mini_debug.c src/symbols/nm_list.c src/symbols/object*.c src/symbols/sym*.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/hash.c src/base/pages.c src/base/str.c src/base/vec.c -- -lelf -ldeflate
/* An ELF file of any bytes through the tool's whole path: sections, symbols, PLT, DWARF, and look-ups at its own addresses. Frames
 * must lie inside what was read (ASan sees to it); symbols must contain the address and be in order. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/nm_list.h"
#include "symbols/symfile.h"

static void out_of_memory(size_t wanted)
{
    (void)wanted;
    abort();
}

static void check(bool ok)
{
    if (!ok) abort();
}

static void check_symtab(struct pp_arena *a, const struct pp_object *o, enum pp_alias alias)
{
    struct pp_symtab t;
    if (pp_symtab_read(a, o, alias, &t, NULL)) return;
    for (size_t i = 0; i < t.n; i++) {
        check(t.items[i].addr < t.items[i].end && (!i || t.items[i - 1].end <= t.items[i].addr));
        check(pp_symtab_find(&t, t.items[i].addr) == &t.items[i]);
    }
}

static void check_nm_list(struct pp_arena *a, const struct pp_object *o)
{
    struct pp_nm_list l;
    if (pp_nm_list_read(a, o, &l, NULL)) return;
    for (size_t i = 0; i < l.n; i++) {
        pp_str name = pp_nm_list_find(&l, 0, l.items[i].addr);
        check(!name.n || name.p[name.n - 1]);
    }
}

static size_t read_all(const pp_frames *frames)
{
    size_t sum = 0;
    for (size_t i = 0; i < frames->n; i++) {
        for (size_t k = 0; k < frames->p[i].name.n; k++) sum += (unsigned char)frames->p[i].name.p[k];
        for (size_t k = 0; k < frames->p[i].file.n; k++) sum += (unsigned char)frames->p[i].file.p[k];
    }
    return sum;
}

static void look_up(struct pp_symfile *s, struct pp_arena *a)
{
    const struct pp_object *o = pp_symfile_object(s);
    volatile size_t sum = 0;
    for (uint32_t i = 0; i < o->n_sections && i < 64; i++)
        for (uint64_t k = 0; k < 64; k++) {
            pp_frames frames;
            pp_symfile_find(s, o->sections[i].addr + k * (o->sections[i].size / 64 + 1), a, &frames);
            sum += read_all(&frames);
        }
    uint64_t base;
    bool is_data;
    struct pp_object_mapping m = {0x400000, 0x500000, 0x1000, {0}};
    for (uint64_t at = m.start; at < m.limit; at += 0x10000) (void)pp_object_base(o, &m, at, &base, &is_data, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n) return 0;
    struct pp_symfile_options o = {.debug = {.dirs = {"/nonexistent", 12}}, .oom = out_of_memory};
    struct pp_symfile *s;
    struct pp_arena a;
    pp_arena_init(&a, 0, out_of_memory);
    if (!pp_symfile_open_fd(fd, (pp_str){"fuzz", 4}, &o, &s, NULL)) {
        check_symtab(&a, pp_symfile_object(s), PP_ALIAS_PLAIN);
        check_symtab(&a, pp_symfile_object(s), PP_ALIAS_LLVM);
        check_nm_list(&a, pp_symfile_object(s));
        look_up(s, &a);
        pp_symfile_free(s);
    }
    pp_arena_release(&a);
    return 0;
}
