// SPDX-License-Identifier: Apache-2.0
/* For the comparison and the bench: `symbolize [-plain] [-quiet] FILE` reads hexadecimal addresses (of the file) from stdin and
 * prints for each a line with the address, then a line for each frame: name TAB file TAB line TAB column TAB start line.
 * `symbolize -nm FILE` prints the list of symbols/nm_list.h: name, `d` for data else `t`, address, size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/nm_list.h"
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

static int print_nm_list(const char *path)
{
    struct pp_arena a;
    struct pp_object o;
    struct pp_nm_list l;
    struct pp_err err;
    pp_arena_init(&a, 0, out_of_memory);
    if (pp_object_open(&a, pp_str_c(path), &o, &err) || pp_nm_list_read(&a, &o, &l, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < l.n; i++)
        printf("%.*s %c %llx %llx\n", PP_FMT(l.items[i].name), l.items[i].is_data ? 'd' : 't',
               (unsigned long long)l.items[i].addr, (unsigned long long)l.items[i].size);
    pp_object_release(&o);
    pp_arena_release(&a);
    return 0;
}

int main(int argc, char **argv)
{
    struct pp_symfile_options o = {.alias = PP_ALIAS_LLVM, .oom = out_of_memory};
    bool quiet = false;
    int i = 1;
    if (argc == 3 && !strcmp(argv[1], "-nm")) return print_nm_list(argv[2]);
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
