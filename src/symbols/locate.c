// SPDX-License-Identifier: Apache-2.0
#include "symbols/locate.h"

#include <glob.h>
#include <stdlib.h>

#include "base/gopath.h"

/* Go: filepath.Join. */
static pp_str join(struct pp_arena *a, const pp_str *parts, size_t n)
{
    pp_str all = {0};
    for (size_t i = 0; i < n; i++) {
        if (!parts[i].n) continue;
        all = all.n ? pp_arena_fmt(a, "%.*s/%.*s", PP_FMT(all), PP_FMT(parts[i])) : parts[i];
    }
    return all.n ? pp_go_path_clean(a, all) : (pp_str){0};
}

#define JOIN(a, ...) join((a), (const pp_str[]){__VA_ARGS__}, sizeof((const pp_str[]){__VA_ARGS__}) / sizeof(pp_str))

static pp_str base_of(pp_str path) { return path.n ? pp_go_path_base(path) : (pp_str){0}; }

/* Go: filepath.Dir. */
static pp_str dir_of(struct pp_arena *a, pp_str path)
{
    size_t slash = pp_str_rfind_byte(path, '/');
    return pp_go_path_clean(a, slash == PP_NOT_FOUND ? (pp_str){0} : pp_str_sub(path, 0, slash + 1));
}

static void add_glob(struct pp_arena *a, pp_str pattern, pp_locate_paths *paths)
{
    glob_t g;
    if (!glob(pp_arena_c(a, pattern), GLOB_PERIOD, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            pp_str base = pp_str_base(pp_str_c(g.gl_pathv[i]));
            if (!pp_str_eq_c(base, ".") && !pp_str_eq_c(base, ".."))
                *PP_PUSH(a, paths) = pp_arena_dup(a, pp_str_c(g.gl_pathv[i]));
        }
    }
    globfree(&g);
}

static void add_by_build_id(struct pp_arena *a, pp_str dir, pp_str file, pp_str id, pp_locate_paths *paths)
{
    *PP_PUSH(a, paths) = JOIN(a, dir, id, base_of(file));
    add_glob(a, JOIN(a, dir, id, PP_STR("*")), paths);
    *PP_PUSH(a, paths) = JOIN(a, dir, file, id); /* perf */
    if (id.n >= 2) {
        pp_str name = pp_arena_join(a, pp_str_from(id, 2), PP_STR(".debug"));
        *PP_PUSH(a, paths) = JOIN(a, dir, pp_str_sub(id, 0, 2), name); /* llvm */
    }
}

static void add_by_name(struct pp_arena *a, pp_str dir, pp_str file, pp_locate_paths *paths)
{
    pp_str base = base_of(file), base_debug = pp_arena_join(a, base, PP_STR(".debug")), of = dir_of(a, file);
    *PP_PUSH(a, paths) = JOIN(a, dir, base);
    *PP_PUSH(a, paths) = JOIN(a, dir, file);
    *PP_PUSH(a, paths) = JOIN(a, dir, pp_arena_join(a, file, PP_STR(".debug")));
    *PP_PUSH(a, paths) = JOIN(a, dir, of, PP_STR(".debug"), base_debug);
    *PP_PUSH(a, paths) = JOIN(a, dir, PP_STR("usr"), PP_STR("lib"), PP_STR("debug"), of, base_debug);
}

void pp_locate_candidates(struct pp_arena *a, pp_str search_path, pp_str file, pp_str build_id,
                          pp_locate_paths *ret_paths)
{
    pp_locate_paths paths = {0};
    pp_str dir;
    bool any = search_path.n > 0; /* Go splits an empty list into nothing */
    while (any && pp_str_next(&search_path, ':', &dir)) {
        if (build_id.n) add_by_build_id(a, dir, file, build_id, &paths);
        if (file.n) add_by_name(a, dir, file, &paths);
    }
    *ret_paths = paths;
}

pp_str pp_locate_search_path(struct pp_arena *a)
{
    pp_str path = pp_str_c(getenv("PPROF_BINARY_PATH"));
    if (path.n) return path;
    return JOIN(a, pp_str_c(getenv("HOME")), PP_STR("pprof"), PP_STR("binaries"));
}

bool pp_locate_binary(struct pp_arena *a, pp_str search_path, pp_str file, pp_str build_id,
                      const struct pp_object_mapping *m, void (*say)(void *ctx, pp_str text), void *ctx,
                      pp_str *ret_path)
{
    pp_locate_paths paths;
    pp_locate_candidates(a, search_path, file, build_id, &paths);
    for (size_t i = 0; i < paths.n; i++) {
        struct pp_object o;
        if (pp_object_open(a, paths.p[i], &o, NULL)) continue;
        bool fits = !pp_object_check_mapping(&o, m, NULL);
        bool other = fits && build_id.n && !pp_str_eq(build_id, o.build_id);
        if (other)
            say(ctx, pp_arena_fmt(a, "Ignoring local file %.*s: build-id mismatch (%.*s != %.*s)", PP_FMT(paths.p[i]),
                                  PP_FMT(build_id), PP_FMT(o.build_id)));
        pp_object_release(&o);
        if (!fits || other) continue;
        *ret_path = paths.p[i];
        return true;
    }
    return false;
}
