// SPDX-License-Identifier: Apache-2.0
#include "base/gopath.h"

#include <string.h>

pp_str pp_go_path_base(pp_str path)
{
    if (!path.n) return PP_STR(".");
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    if (!path.n) return PP_STR("/");
    size_t slash = pp_str_rfind_byte(path, '/');
    return slash == PP_NOT_FOUND ? path : pp_str_from(path, slash + 1);
}

static bool path_is_clean(pp_str path)
{
    if (!path.n) return false;
    if (path.n == 1) return true;
    if (path.p[path.n - 1] == '/') return false;
    bool start = path.p[0] != '/'; /* at the first byte of an element */
    for (size_t i = start ? 0 : 1, from = i; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/') continue;
        size_t n = i - from;
        if (n == 0 || (n == 1 && path.p[from] == '.') || (n == 2 && path.p[from] == '.' && path.p[from + 1] == '.'))
            return false;
        from = i + 1;
    }
    return true;
}

/* Cuts the last element off buf[0..n), but not below `keep`. */
static size_t path_drop_last(const char *buf, size_t n, size_t keep)
{
    while (n > keep && buf[n - 1] != '/')
        n--;
    if (n > keep) n--; /* its slash; what lies below `keep` stays */
    return n;
}

pp_str pp_go_path_clean(struct pp_arena *a, pp_str path)
{
    if (path_is_clean(path)) return path;
    if (!path.n) return PP_STR(".");
    bool rooted = path.p[0] == '/';
    char *buf = PP_NEW_N(a, char, path.n + 1);
    if (!buf) return (pp_str){"", 0};
    size_t n = 0, keep = rooted; /* buf[0..keep) is "/" or "../.." and stays */
    if (rooted) buf[n++] = '/';
    pp_str rest = path, element;
    while (pp_str_next(&rest, '/', &element)) {
        if (!element.n || pp_str_eq_c(element, ".")) continue;
        bool up = pp_str_eq_c(element, "..");
        if (up && n > keep) {
            n = path_drop_last(buf, n, keep);
            continue;
        }
        if (up && rooted) continue;
        if (n > rooted) buf[n++] = '/';
        memcpy(buf + n, element.p, element.n);
        n += element.n;
        if (up) keep = n;
    }
    if (!n) return PP_STR(".");
    return (pp_str){buf, n};
}
