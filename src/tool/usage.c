// SPDX-License-Identifier: Apache-2.0
#include "tool/usage.h"

#include <stdlib.h>
#include <string.h>

#include "tool/options.h"

/* The texts below are google/pprof's own (Apache-2.0, see NOTICE) but for the lines that docs/differences.md names. */

static const char usage_head[] = "usage:\n"
                                 "\n"
                                 "Produce output in the specified format.\n"
                                 "\n"
                                 "   pprof <format> [options] [binary] <source> ...\n"
                                 "\n"
                                 "Omit the format to get an interactive shell whose commands can be used\n"
                                 "to generate various views of a profile\n"
                                 "\n"
                                 "   pprof [options] [binary] <source> ...\n"
                                 "\n"
                                 "Omit the format and provide the \"-http\" flag to get an interactive web\n"
                                 "interface at the specified host:port that can be used to navigate through\n"
                                 "various views of a profile.\n"
                                 "\n"
                                 "   pprof -http [host]:[port] [options] [binary] <source> ...\n"
                                 "\n"
                                 "Details:\n";

static const char usage_source[] =
    "\n"
    "  Source options:\n"
    "    -seconds              Duration for time-based profile collection\n"
    "    -timeout              Timeout in seconds for profile collection\n"
    "    -buildid              Override build id for main binary\n"
    "    -add_comment          Free-form annotation to add to the profile\n"
    "                          Displayed on some reports or with pprof -comments\n"
    "    -diff_base source     Source of base profile for comparison\n"
    "    -base source          Source of base profile for profile subtraction\n"
    "    profile.pb.gz         Profile in compressed protobuf format\n"
    "    legacy_profile        Profile in legacy pprof format\n"
    "    http://host/profile   URL for profile handler to retrieve\n"
    "    -                     Standard input\n"
    "    unix:/socket/path     The same below a unix socket (http+unix://%2Fsocket/path, too)\n"
    "    perf.data             Recording of perf record; heaps of jemalloc, folded stacks likewise\n"
    "    -symbolize=           Controls source of symbol information\n"
    "      none                  Do not attempt symbolization\n"
    "      local                 Examine only local binaries\n"
    "      fastlocal             Only get function names from local binaries\n"
    "      remote                Do not examine local binaries\n"
    "      force                 Force re-symbolization\n"
    "    Binary                  Local path or build id of binary for symbolization\n"
    "    -tls_cert             TLS client certificate file for fetching profile and symbols\n"
    "    -tls_key              TLS private key file for fetching profile and symbols\n"
    "    -tls_ca               TLS CA certs file for fetching profile and symbols";

static const char usage_misc[] = "\n"
                                 "\n"
                                 "  Misc options:\n"
                                 "   -http              Provide web interface at host:port.\n"
                                 "                      Host is optional and 'localhost' by default.\n"
                                 "                      Port is optional and a randomly available port by default.\n"
                                 "   -no_browser        Skip opening a browser for the interactive web UI.\n"
                                 "   -tools             Search path for object tools\n"
                                 "   -all_frames        Ignore drop_frames and keep_frames regexps in the profile\n"
                                 "                      Rarely needed, mainly used for debugging pprof itself\n";

static const char usage_end[] = "\n"
                                "  Legacy convenience options:\n"
                                "   -inuse_space           Same as -sample_index=inuse_space\n"
                                "   -inuse_objects         Same as -sample_index=inuse_objects\n"
                                "   -alloc_space           Same as -sample_index=alloc_space\n"
                                "   -alloc_objects         Same as -sample_index=alloc_objects\n"
                                "   -total_delay           Same as -sample_index=delay\n"
                                "   -contentions           Same as -sample_index=contentions\n"
                                "   -mean_delay            Same as -mean -sample_index=delay\n"
                                "\n"
                                "  Environment Variables:\n"
                                "   PPROF_TMPDIR       Location for saved profiles (default $HOME/pprof)\n"
                                "   PPROF_TOOLS        Search path for object-level tools\n"
                                "   PPROF_BINARY_PATH  Search path for local binary files\n"
                                "                      default: $HOME/pprof/binaries\n"
                                "                      searches $buildid/$name, $buildid/*, $path/$buildid,\n"
                                "                      ${buildid:0:2}/${buildid:2}.debug, $name, $path,\n"
                                "                      ${name}.debug, $dir/.debug/${name}.debug,\n"
                                "                      usr/lib/debug/$dir/${name}.debug\n"
                                "   * On Windows, %USERPROFILE% is used instead of $HOME\n";

static pp_str first_line(const char *text)
{
    pp_str line, rest;
    pp_str_cut(pp_str_c(text), '\n', &line, &rest);
    return line;
}

/* dash: "-" on the command line, "" in the shell. */
static pp_str help_line(struct pp_arena *a, const char *dash, const char *name, const char *help)
{
    pp_str line = first_line(help);
    return pp_arena_fmt(a, "    %s%-*s %.*s", dash, 16 - (int)strlen(dash), name, PP_FMT(line));
}

static int compare_lines(const void *x, const void *y) { return pp_str_cmp(*(const pp_str *)x, *(const pp_str *)y); }

static void write_sorted(struct pp_out *o, pp_str *lines, size_t n)
{
    qsort(lines, n, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++) {
        pp_out_str(o, lines[i]);
        pp_out_char(o, '\n');
    }
}

static void write_commands(struct pp_out *o, struct pp_arena *a, const char *dash)
{
    pp_str lines[PP_COMMAND_COUNT];
    for (size_t i = 0; i < PP_COMMAND_COUNT; i++)
        lines[i] = help_line(a, dash, pp_commands[i].name, pp_commands[i].description);
    write_sorted(o, lines, PP_COMMAND_COUNT);
}

static void write_options(struct pp_out *o, struct pp_arena *a, const char *dash)
{
    pp_str lines[PP_VAR_COUNT];
    size_t n = 0;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_vars[i].type != PP_TYPE_CHOICE) lines[n++] = help_line(a, dash, pp_vars[i].name, pp_vars[i].help);
    write_sorted(o, lines, n);
}

static pp_str group_lines(struct pp_arena *a, const char *dash, const char *group)
{
    pp_str text = pp_arena_fmt(a, "    %-16s ", group);
    for (size_t i = 0; i < PP_CHOICE_COUNT; i++) {
        if (strcmp(pp_choices[i].group, group)) continue;
        pp_str line = help_line(a, dash, pp_choices[i].name, pp_choices[i].help);
        text = pp_arena_fmt(a, "%.*s\n  %.*s", PP_FMT(text), PP_FMT(line));
    }
    return text;
}

static void write_groups(struct pp_out *o, struct pp_arena *a, const char *dash)
{
    pp_str texts[PP_VAR_COUNT];
    size_t n = 0;
    for (size_t i = 0; i < PP_VAR_COUNT; i++)
        if (pp_vars[i].type == PP_TYPE_CHOICE) texts[n++] = group_lines(a, dash, pp_vars[i].name);
    write_sorted(o, texts, n);
}

static void write_variables(struct pp_out *o, struct pp_arena *a, const char *dash)
{
    pp_out_c(o, "\n  Options:\n");
    write_options(o, a, dash);
    pp_out_c(o, "\n  Option groups (only set one per group):\n");
    write_groups(o, a, dash);
}

void pp_usage_write(struct pp_out *o)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, o->arena->oom);
    pp_out_c(o, usage_head);
    pp_out_c(o, "  Output formats (select at most one):\n");
    write_commands(o, &a, "-");
    write_variables(o, &a, "-");
    pp_out_c(o, usage_source);
    pp_out_c(o, usage_misc);
    for (size_t i = 0; i < PP_SOURCE_COUNT; i++)
        if (pp_source_vars[i].lines) pp_out_c(o, pp_source_vars[i].lines);
    pp_out_c(o, usage_end);
    pp_arena_release(&a);
}

void pp_usage_write_shell(struct pp_out *o)
{
    struct pp_arena a;
    pp_arena_init(&a, 0, o->arena->oom);
    pp_out_c(o, "  Commands:\n");
    write_commands(o, &a, "");
    pp_out_c(o, "    o/options        List options and their current values\n"
                "    q/quit/exit/^D   Exit pprof\n");
    write_variables(o, &a, "");
    pp_out_c(o, "  :   Clear focus/ignore/hide/tagfocus/tagignore\n"
                "\n"
                "  type \"help <cmd|option>\" for more information\n");
    pp_arena_release(&a);
}

/* A flag's lines in a text: the one that begins with it, and those below that are indented deeper. */
static bool write_flag_lines(struct pp_out *o, const char *text, pp_str flag)
{
    pp_str rest = pp_str_c(text), line;
    size_t depth = 0; /* 0: not found yet */
    while (pp_str_next(&rest, '\n', &line)) {
        size_t at = 0;
        while (at < line.n && line.p[at] == ' ')
            at++;
        if (depth && at <= depth) break;
        pp_str word = pp_str_from(line, depth ? depth : at), behind = pp_str_from(word, flag.n);
        bool is_it = pp_str_has_prefix(word, flag) && (!behind.n || behind.p[0] == ' ' || behind.p[0] == '=');
        if (!depth && !is_it) continue;
        if (!depth) depth = at;
        pp_out_fmt(o, "%.*s\n", PP_FMT(word));
    }
    return depth;
}

static bool write_flag(struct pp_out *o, struct pp_arena *a, pp_str name)
{
    const char *const texts[] = {usage_source, usage_misc, usage_end};
    pp_str flag = pp_arena_fmt(a, "-%.*s", PP_FMT(name));
    for (size_t i = 0; i < PP_VAR_COUNT; i++) {
        if (pp_vars[i].type != PP_TYPE_CHOICE || !pp_str_eq_c(name, pp_vars[i].name)) continue;
        pp_out_fmt(o, "%.*s\n", PP_FMT(pp_str_from(group_lines(a, "-", pp_vars[i].name), 4)));
        return true;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (write_flag_lines(o, texts[i], flag)) return true;
    for (size_t i = 0; i < PP_SOURCE_COUNT; i++)
        if (pp_source_vars[i].lines && write_flag_lines(o, pp_source_vars[i].lines, flag)) return true;
    return false;
}

bool pp_usage_help(struct pp_out *o, pp_str topic)
{
    if (topic.n > 1 && topic.p[0] == '-') topic = pp_str_from(topic, topic.p[1] == '-' ? 2 : 1);
    struct pp_arena a;
    pp_arena_init(&a, 0, o->arena->oom);
    bool found = topic.n && (pp_usage_topic(o, topic) || write_flag(o, &a, topic));
    pp_arena_release(&a);
    return found;
}

bool pp_usage_topic(struct pp_out *o, pp_str name)
{
    const struct pp_command *c = pp_command_find(name);
    if (!c) {
        const char *help = pp_option_help(name);
        if (help) pp_out_fmt(o, "%s\n", help);
        return help;
    }
    pp_out_fmt(o, "%s\n", c->description);
    pp_str rest = pp_str_c(c->usage), line;
    if (rest.n) pp_out_c(o, "  Usage:\n");
    while (pp_str_next(&rest, '\n', &line))
        pp_out_fmt(o, "    %.*s\n", PP_FMT(line));
    pp_out_char(o, '\n');
    return true;
}
