// SPDX-License-Identifier: Apache-2.0
#include "symbols/debug_file.h"

#include <libdeflate.h>
#include <string.h>

#define DEFAULT_DIRS PP_STR("/usr/lib/debug")

struct wanted {
    pp_str build_id; /* empty: go by crc */
    uint32_t crc;
    bool by_crc;
};

struct search {
    const struct pp_object *o;
    struct pp_arena *a;
    pp_str root, dirs;
    struct wanted want;
    size_t n_tried;
    pp_str mismatch; /* a file that was there but is of another build */
};

static bool is_wanted(const struct search *s, const struct pp_object *found)
{
    if (s->want.build_id.n && found->build_id.n) return pp_str_eq(s->want.build_id, found->build_id);
    if (!s->want.by_crc) return false;
    size_t n = 0;
    const char *bytes = elf_rawfile(found->elf, &n);
    return bytes && libdeflate_crc32(0, bytes, n) == s->want.crc;
}

static bool try_path(struct search *s, pp_str path, struct pp_object *ret_found)
{
    struct pp_object found;
    s->n_tried++;
    if (pp_str_eq(path, s->o->path) || pp_object_open(s->a, path, &found, NULL)) return false;
    if (is_wanted(s, &found)) {
        *ret_found = found;
        return true;
    }
    pp_object_release(&found);
    if (!s->mismatch.n) s->mismatch = path;
    return false;
}

/* In the process's own file tree first, then in ours. */
static bool try_in_roots(struct search *s, pp_str path, struct pp_object *ret_found)
{
    if (s->root.n && try_path(s, pp_arena_join(s->a, s->root, path), ret_found)) return true;
    return try_path(s, path, ret_found);
}

static bool try_build_id(struct search *s, struct pp_object *ret_found)
{
    pp_str id = s->want.build_id, rest = s->dirs, dir;
    if (id.n < 4) return false;
    while (pp_str_next(&rest, ':', &dir)) {
        if (!dir.n) continue;
        pp_str path =
            pp_arena_fmt(s->a, "%.*s/.build-id/%.*s/%.*s.debug", PP_FMT(dir), 2, id.p, PP_FMT(pp_str_from(id, 2)));
        if (try_in_roots(s, path, ret_found)) return true;
    }
    return false;
}

static pp_str dir_of(pp_str path)
{
    size_t slash = pp_str_rfind_byte(path, '/');
    return slash == PP_NOT_FOUND ? PP_STR(".") : pp_str_sub(path, 0, slash);
}

static bool try_link(struct search *s, pp_str name, struct pp_object *ret_found)
{
    pp_str dir = dir_of(s->o->path), rest = s->dirs, debug_dir;
    if (try_path(s, pp_arena_fmt(s->a, "%.*s/%.*s", PP_FMT(dir), PP_FMT(name)), ret_found)) return true;
    if (try_path(s, pp_arena_fmt(s->a, "%.*s/.debug/%.*s", PP_FMT(dir), PP_FMT(name)), ret_found)) return true;
    if (s->root.n && pp_str_has_prefix(dir, s->root)) dir = pp_str_from(dir, s->root.n);
    while (pp_str_next(&rest, ':', &debug_dir)) {
        if (!debug_dir.n) continue;
        pp_str path = pp_arena_fmt(s->a, "%.*s/%.*s/%.*s", PP_FMT(debug_dir), PP_FMT(dir), PP_FMT(name));
        if (try_in_roots(s, path, ret_found)) return true;
    }
    return false;
}

static enum pp_code fail_not_found(const struct search *s, const char *what, struct pp_err *err)
{
    if (s->mismatch.n)
        return pp_fail(err, PP_E_NOTFOUND, "%.*s: is not the %s of this build (%.*s)", PP_FMT(s->mismatch), what,
                       PP_FMT(s->want.build_id));
    return pp_fail(err, PP_E_NOTFOUND, "no %s (build id %.*s): %zu places tried", what, PP_FMT(s->want.build_id),
                   s->n_tried);
}

static struct search start_search(const struct pp_object *o, const struct pp_debug_paths *paths)
{
    return (struct search){
        .o = o, .a = o->arena, .root = paths->root, .dirs = paths->dirs.n ? paths->dirs : DEFAULT_DIRS};
}

enum pp_code pp_debug_file_open(const struct pp_object *o, const struct pp_debug_paths *paths,
                                struct pp_object *ret_debug, struct pp_err *err)
{
    struct search s = start_search(o, paths);
    pp_str link;
    s.want.build_id = o->build_id;
    if (try_build_id(&s, ret_debug)) return PP_OK;
    if (!pp_object_bytes(o, pp_object_section(o, ".gnu_debuglink"), &link, NULL) && link.n) {
        pp_str name = {link.p, strnlen(link.p, link.n)};
        size_t crc_at = (name.n + 4) & ~(size_t)3;
        if (crc_at + 4 <= link.n && name.n) {
            memcpy(&s.want.crc, link.p + crc_at, 4);
            s.want.by_crc = !o->big_endian;
            if (try_link(&s, name, ret_debug)) return PP_OK;
        }
    }
    return fail_not_found(&s, "debug file", err);
}

static pp_str hex(struct pp_arena *a, pp_str bytes)
{
    pp_str out = {0};
    for (size_t i = 0; i < bytes.n; i++)
        out = pp_arena_join(a, out, pp_arena_fmt(a, "%02x", (unsigned)(unsigned char)bytes.p[i]));
    return out;
}

enum pp_code pp_debug_file_open_alt(const struct pp_object *debug, const struct pp_debug_paths *paths,
                                    struct pp_object *ret_alt, struct pp_err *err)
{
    struct search s = start_search(debug, paths);
    pp_str link = {0};
    enum pp_code c = pp_object_bytes(debug, pp_object_section(debug, ".gnu_debugaltlink"), &link, err);
    if (c) return c;
    pp_str name = {link.p, link.n ? strnlen(link.p, link.n) : 0};
    if (!name.n || name.n + 1 >= link.n || link.n - name.n > 65) return pp_fail(err, PP_E_NOTFOUND, "%s", "");
    s.want.build_id = hex(s.a, pp_str_from(link, name.n + 1));
    bool found = name.p[0] == '/'
                     ? try_in_roots(&s, name, ret_alt)
                     : try_path(&s, pp_arena_fmt(s.a, "%.*s/%.*s", PP_FMT(dir_of(debug->path)), PP_FMT(name)), ret_alt);
    if (found || try_build_id(&s, ret_alt)) return PP_OK;
    return fail_not_found(&s, "alternate debug file", err);
}
