// SPDX-License-Identifier: Apache-2.0
// fuzz: src/elf/*.c src/base/arena.c src/base/err.c src/base/fmt.c src/base/hash.c src/base/pages.c src/base/str.c src/base/vec.c
/* /proc/PID/maps text: every line is either broken or well-formed, and the iterator ends. */
#include "elf/maps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pp_str text = {(const char *)data, size};
    struct pp_maps m = {.rest = text};
    size_t n = 0, n_lines = 0;
    for (struct pp_maps_line l; pp_maps_next(&m, &l); n++) {
        if (l.start >= l.end || l.path.n > size || pp_str_find_byte(l.path, '\n') != PP_NOT_FOUND) __builtin_trap();
        if (l.path.n && (l.path.p < text.p || l.path.p + l.path.n > text.p + size)) __builtin_trap();
        if (pp_maps_is_file(&l) && l.path.p[0] != '/') __builtin_trap();
    }
    for (pp_str line; text.n && pp_str_next(&text, '\n', &line);)
        n_lines += line.n != 0;
    if (n + m.n_broken != n_lines) __builtin_trap();
    return 0;
}
