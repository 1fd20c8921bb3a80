// SPDX-License-Identifier: Apache-2.0
/* For the comparison and the bench: `symbolize [-plain] [-quiet] FILE` reads hexadecimal addresses (of the file) from stdin and
 * prints for each a line with the address, then a line for each frame: name TAB file TAB line TAB column TAB start line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symfile.h"

static void out_of_memory(size_t wanted)
{
    fprintf(stderr, "out of memory (%zu bytes)\n", wanted);
    exit(1);
}

static void print_frames(const pp_frames *frames)
{
    for (size_t i = 0; i < frames->n; i++) {
        const struct pp_frame *f = &frames->p[i];
        printf("%.*s\t%.*s\t%u\t%u\t%u\n", PP_FMT(f->name), PP_FMT(f->file), f->line, f->column, f->start_line);
    }
}

int main(int argc, char **argv)
{
    struct pp_symfile_options o = {.alias = PP_ALIAS_LLVM, .oom = out_of_memory};
    bool quiet = false;
    int i = 1;
    for (; i < argc - 1; i++) {
        if (!strcmp(argv[i], "-plain")) o.alias = PP_ALIAS_PLAIN;
        if (!strcmp(argv[i], "-quiet")) quiet = true;
    }
    struct pp_symfile *s;
    struct pp_err err;
    if (i >= argc) return 2;
    if (pp_symfile_open(pp_str_c(argv[i]), &o, &s, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    struct pp_arena a;
    pp_arena_init(&a, 0, out_of_memory);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        uint64_t addr = strtoull(line, NULL, 16);
        pp_frames frames;
        pp_symfile_find(s, addr, &a, &frames);
        if (!quiet) {
            printf("%#llx\n", (unsigned long long)addr);
            print_frames(&frames);
        }
        pp_arena_reset(&a);
    }
    pp_str problem = pp_symfile_problem(s);
    if (problem.n) fprintf(stderr, "problem: %.*s\n", PP_FMT(problem));
    fprintf(stderr, "memory: %zu bytes\n", pp_symfile_bytes(s));
    pp_arena_release(&a);
    pp_symfile_free(s);
    return 0;
}
