// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"
#include "regex/regex.h"
#include "tool/cmdline.h"
#include "tool/output.h"
#include "tool/pipeline.h"
#include "tool/progress.h"
#include "tool/run/run.h"
#include "tool/tempfile.h"
#include "tool/ui.h"
#include "tool/usage.h"

#define EXIT_BAD 2 /* every error, as google/pprof */

static void out_of_memory(size_t wanted)
{
    if (wanted)
        fprintf(stderr, "pprof: out of memory (%zu bytes wanted)\n", wanted);
    else
        fputs("pprof: out of memory\n", stderr);
    pp_tempfile_cleanup();
    _exit(EXIT_BAD);
}

static void print_usage(struct pp_arena *a, int fd)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    pp_usage_write(&o);
    pp_str text = pp_out_bytes(&o);
    pp_write_all(fd, text.p, text.n, NULL);
}

/* go tool pprof prints errors without the prefix. */
static void print_error(const char *text)
{
    fprintf(stderr, "%s%s\n", pp_ui_like_go() ? "" : "pprof: ", text);
}

/* pprof help [command or option] */
static int run_help(int argc, char **argv)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, out_of_memory);
    int status = EXIT_SUCCESS;
    if (argc < 2) print_usage(&a, STDOUT_FILENO);
    for (int i = 1; i < argc; i++) {
        struct pp_out o;
        pp_out_to_memory(&o, &a);
        pp_str topic = pp_str_c(argv[i]);
        if (!pp_usage_help(&o, topic)) {
            pp_ui_warn("Unknown command: %.*s", PP_FMT(topic));
            status = EXIT_BAD;
        }
        if (pp_output_stdout(NULL, pp_out_bytes(&o).p, pp_out_bytes(&o).n, NULL)) status = EXIT_BAD;
    }
    pp_arena_release(&a);
    return status;
}

/* Words that are a program of their own when they stand first. argv[0] is the word itself. */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} subcommands[] = {
    {"help", run_help},
    {"run", pp_run_main},
};

/* A file of that name is meant when nothing follows it; ./name always is a file. */
static bool run_subcommand(int argc, char **argv, int *ret_status)
{
    for (size_t i = 0; argc > 1 && i < sizeof subcommands / sizeof *subcommands; i++) {
        if (strcmp(argv[1], subcommands[i].name) || (argc == 2 && access(argv[1], F_OK) == 0)) continue;
        *ret_status = subcommands[i].run(argc - 1, argv + 1);
        return true;
    }
    return false;
}

static int run_report(struct pp_arena *a, int argc, char **argv)
{
    struct pp_err err = {0};
    struct pp_cmdline c;
    bool usage;
    enum pp_code code = pp_cmdline_parse(a, argc - 1, argv + 1, &c, &usage, &err);
    if (code == PP_E_USAGE && usage) fprintf(stderr, "%s\n", err.text);
    if (code && usage) print_usage(a, STDERR_FILENO);
    if (code == PP_E_NOTFOUND && usage) return EXIT_SUCCESS; /* -h */
    if (code == PP_E_USAGE && usage) return EXIT_BAD;
    if (!code && c.source.version) {
        puts("pprof " PP_VERSION);
        return EXIT_SUCCESS;
    }
    pp_progress_begin("Reading the profile");
    if (!code) code = pp_pipeline_run(a, &c, &err);
    pp_progress_end();
    if (code) print_error(err.text);
    return code ? EXIT_BAD : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status;
    pp_regex_on_out_of_memory(out_of_memory);
    if (run_subcommand(argc, argv, &status)) return status;
    struct pp_arena a;
    pp_arena_init(&a, 0, out_of_memory);
    status = run_report(&a, argc, argv);
    pp_tempfile_cleanup();
    return status; /* memory goes with the process */
}
