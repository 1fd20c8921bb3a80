// SPDX-License-Identifier: Apache-2.0
#include "http1/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fmt.h"
#include "base/syscall.h"

#define BACKLOG 4096 /* the kernel takes less: net.core.somaxconn. Too short a queue costs clients a second (SYN again) */

/* Go's words for what bind and socket may answer; no strerror: it needs libc's locale. */
static const char *errno_text(int e, char buf[24])
{
    switch (e) {
    case EACCES: return "permission denied";
    case EPERM: return "operation not permitted";
    case EADDRINUSE: return "address already in use";
    case EADDRNOTAVAIL: return "cannot assign requested address";
    case EAFNOSUPPORT: return "address family not supported by protocol";
    case EINVAL: return "invalid argument";
    case ENOENT: return "no such file or directory";
    case ENOTDIR: return "not a directory";
    case EROFS: return "read-only file system";
    case ELOOP: return "too many levels of symbolic links";
    case ENAMETOOLONG: return "file name too long";
    case ENOSPC: return "no space left on device";
    case EMFILE: return "too many open files";
    case ENFILE: return "too many open files in system";
    case ENOMEM: return "cannot allocate memory";
    case ENOBUFS: return "no buffer space available";
    default: pp_fmt(buf, 24, "errno %d", e); return buf;
    }
}

bool pp_http_parse_ip4(pp_str s, struct in_addr *ret)
{
    uint32_t address = 0;
    unsigned n = 0;
    for (pp_str field; pp_str_next(&s, '.', &field); n++) {
        uint64_t v;
        if (n == 4 || field.n > 3 || (field.n > 1 && field.p[0] == '0') || !pp_str_to_u64(field, 10, &v) || v > 255)
            return false;
        address = address << 8 | (uint32_t)v;
    }
    if (n != 4) return false;
    ret->s_addr = htonl(address);
    return true;
}

/* Groups of one side of "::" into to[]; returns how many, 9 for a fault. An IPv4 tail counts as two; only the last side has one. */
static unsigned parse_groups(pp_str s, bool last, uint16_t to[8])
{
    unsigned n = 0;
    if (s.n == 0) return 0;
    for (pp_str field; pp_str_next(&s, ':', &field);) {
        uint64_t v;
        struct in_addr tail;
        if (last && !s.p && n <= 6 && pp_http_parse_ip4(field, &tail)) {
            to[n++] = (uint16_t)(ntohl(tail.s_addr) >> 16);
            to[n++] = (uint16_t)ntohl(tail.s_addr);
            return n;
        }
        for (size_t i = 0; i < field.n; i++)
            if (field.p[i] == '.') return 9;
        if (n == 8 || field.n > 4 || !pp_str_to_u64(field, 16, &v)) return 9;
        to[n++] = (uint16_t)v;
    }
    return n;
}

bool pp_http_parse_ip6(pp_str s, struct in6_addr *ret)
{
    uint16_t left[8] = {0}, right[8] = {0}, all[8] = {0};
    size_t gap = pp_str_find(s, PP_STR("::"));
    unsigned n_left = parse_groups(pp_str_sub(s, 0, gap), gap == PP_NOT_FOUND, left), n_right = 0;
    if (gap != PP_NOT_FOUND) n_right = parse_groups(pp_str_from(s, gap + 2), true, right);
    if (n_left > 8 || n_right > 8 || (gap == PP_NOT_FOUND ? n_left != 8 : n_left + n_right > 7)) return false;
    memcpy(all, left, n_left * sizeof *left);
    memcpy(all + 8 - n_right, right, n_right * sizeof *right);
    for (int i = 0; i < 8; i++) {
        ret->s6_addr[2 * i] = (uint8_t)(all[i] >> 8);
        ret->s6_addr[2 * i + 1] = (uint8_t)all[i];
    }
    return true;
}

static enum pp_code parse_unix(pp_str path, struct pp_http_address *ret, struct pp_err *err)
{
    struct sockaddr_un *un = &ret->u.un;
    if (path.n == 0) return pp_fail(err, PP_E_USAGE, "listen unix: missing path");
    if (path.n >= sizeof un->sun_path)
        return pp_fail(err, PP_E_USAGE, "listen unix %.*s: bind: invalid argument", PP_FMT(path));
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.p, path.n);
    if (un->sun_path[0] == '@') un->sun_path[0] = 0; /* abstract: its length counts, no NUL behind */
    ret->len = (unsigned)(offsetof(struct sockaddr_un, sun_path) + path.n + (path.p[0] != '@'));
    ret->local = true;
    return PP_OK;
}

/* Go's net.SplitHostPort. */
static enum pp_code split_host_port(pp_str text, pp_str *ret_host, pp_str *ret_port, struct pp_err *err)
{
    size_t colon = pp_str_rfind_byte(text, ':'), close = pp_str_rfind_byte(text, ']');
    if (colon == PP_NOT_FOUND || (close != PP_NOT_FOUND && colon < close))
        return pp_fail(err, PP_E_USAGE, "listen tcp: address %.*s: missing port in address", PP_FMT(text));
    pp_str host = pp_str_sub(text, 0, colon);
    if (host.n && host.p[0] == '[') {
        if (close + 1 != colon)
            return pp_fail(err, PP_E_USAGE, "listen tcp: address %.*s: missing ']' in address", PP_FMT(text));
    } else if (pp_str_find_byte(host, ':') != PP_NOT_FOUND) {
        return pp_fail(err, PP_E_USAGE, "listen tcp: address %.*s: too many colons in address", PP_FMT(text));
    }
    *ret_host = host;
    *ret_port = pp_str_from(text, colon + 1);
    return PP_OK;
}

static enum pp_code parse_tcp(pp_str text, struct pp_http_address *ret, struct pp_err *err)
{
    pp_str host, port;
    uint64_t number = 0;
    enum pp_code c = split_host_port(text, &host, &port, err);
    if (c) return c;
    if (port.n && !pp_str_to_u64(port, 10, &number))
        return pp_fail(err, PP_E_USAGE, "listen tcp: lookup tcp/%.*s: unknown port", PP_FMT(port));
    if (number > 65535) return pp_fail(err, PP_E_USAGE, "listen tcp: address %.*s: invalid port", PP_FMT(port));
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)number)};
    bool is4 = true;
    if (pp_str_eq_nocase(host, PP_STR("localhost")))
        in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (host.n == 0)
        is4 = false;
    else if (pp_http_parse_ip4(host, &in4.sin_addr))
        ret->wildcard = in4.sin_addr.s_addr == 0;
    else if (host.p[0] == '[' && pp_http_parse_ip6(pp_str_sub(host, 1, host.n - 1), &in6.sin6_addr))
        is4 = false;
    else
        return pp_fail(err, PP_E_USAGE, "listen tcp: lookup %.*s: only numbers and localhost are known here",
                       PP_FMT(host));
    ret->local = is4 ? ntohl(in4.sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    if (!is4 && IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr)) ret->wildcard = true;
    if (is4)
        ret->u.in4 = in4;
    else
        ret->u.in6 = in6;
    ret->len = is4 ? sizeof in4 : sizeof in6;
    return PP_OK;
}

enum pp_code pp_http_parse_address(pp_str text, struct pp_http_address *ret, struct pp_err *err)
{
    struct pp_http_address addr = {0};
    pp_fmt(addr.text, sizeof addr.text, "%.*s", PP_FMT(text));
    enum pp_code c = pp_str_has_prefix(text, PP_STR("unix:")) ? parse_unix(pp_str_from(text, 5), &addr, err)
                                                              : parse_tcp(text, &addr, err);
    if (!c) *ret = addr;
    return c;
}

/* Nobody accepts on this unix socket any more: its owner died without removing the file. */
static bool is_stale(const struct pp_http_address *addr)
{
    struct stat st;
    const char *path = addr->u.un.sun_path;
    if (addr->u.sa.sa_family != AF_UNIX || !path[0]) return false;
    if (pp_sys(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(st.st_mode)) return false;
    long fd = pp_sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    long r = pp_sys(SYS_connect, fd, &addr->u.un, addr->len);
    pp_sys(SYS_close, fd);
    return r == -ECONNREFUSED;
}

static const char *network(const struct pp_http_address *addr)
{
    return addr->u.sa.sa_family == AF_UNIX ? "unix" : "tcp";
}

static enum pp_code system_refused(const struct pp_http_address *addr, const char *what, long r, struct pp_err *err)
{
    char buf[24];
    const char *text = addr->u.sa.sa_family == AF_UNIX ? addr->text + 5 : addr->text;
    return pp_fail(err, PP_E_IO, "listen %s %s: %s: %s", network(addr), text, what, errno_text((int)-r, buf));
}

/* fd < 0: a refused call's answer. */
static long move_up(long fd, int fd_floor)
{
    if (fd < 0 || fd_floor <= 0 || fd >= fd_floor) return fd;
    long up = pp_sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd_floor);
    if (up < 0) return fd;
    pp_sys(SYS_close, fd);
    return up;
}

static long make_socket(struct pp_http_address *addr, int fd_floor)
{
    long fd = pp_sys(SYS_socket, addr->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -EAFNOSUPPORT && addr->wildcard && addr->u.sa.sa_family == AF_INET6) {
        addr->u.in4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = addr->u.in6.sin6_port};
        addr->len = sizeof addr->u.in4;
        fd = pp_sys(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    return move_up(fd, fd_floor);
}

static long bind_socket(const struct pp_http_address *addr, int fd)
{
    int one = 1, zero = 0;
    if (addr->u.sa.sa_family == AF_UNIX) {
        pp_sys(SYS_fchmod, fd,
               0600); /* the file's mode: Linux takes it from the socket; umask is the whole process's */
    } else {
        pp_sys(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (addr->wildcard && addr->u.sa.sa_family == AF_INET6)
            pp_sys(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    }
    long r = pp_sys(SYS_bind, fd, &addr->u, addr->len);
    if (r == -EADDRINUSE && is_stale(addr)) {
        pp_sys(SYS_unlinkat, AT_FDCWD, addr->u.un.sun_path, 0);
        r = pp_sys(SYS_bind, fd, &addr->u, addr->len);
    }
    return r;
}

enum pp_code pp_http_listen(struct pp_http_address *addr, bool has_token, int fd_floor, int *ret_fd, struct pp_err *err)
{
    if (!addr->local && !has_token)
        return pp_fail(err, PP_E_USAGE,
                       "listen tcp %s: other machines could ask: set a token, or listen on localhost or a unix socket",
                       addr->text);
    struct pp_http_address bound = *addr;
    long fd = make_socket(&bound, fd_floor);
    if (fd < 0) return system_refused(addr, "socket", fd, err);
    const char *what = "bind";
    long r = bind_socket(&bound, (int)fd);
    if (r == 0) {
        what = "listen";
        r = pp_sys(SYS_listen, fd, BACKLOG);
    }
    if (r != 0) {
        pp_sys(SYS_close, fd);
        return system_refused(addr, what, r, err);
    }
    unsigned len = sizeof bound.u;
    if (bound.u.sa.sa_family != AF_UNIX) pp_sys(SYS_getsockname, fd, &bound.u, &len);
    *addr = bound;
    *ret_fd = (int)fd;
    return PP_OK;
}

void pp_http_unlisten(const struct pp_http_address *addr, int fd)
{
    if (fd < 0) return;
    if (addr->u.sa.sa_family == AF_UNIX && addr->u.un.sun_path[0])
        pp_sys(SYS_unlinkat, AT_FDCWD, addr->u.un.sun_path, 0);
    pp_sys(SYS_close, fd);
}

/* RFC 5952: lower case, the first longest run of two or more zero groups as "::". */
static void format_ip6(const struct in6_addr *ip, char *buf, size_t cap)
{
    unsigned group[8], best = 8, best_n = 1;
    for (unsigned i = 0; i < 8; i++)
        group[i] = (unsigned)ip->s6_addr[2 * i] << 8 | ip->s6_addr[2 * i + 1];
    for (unsigned i = 0; i < 8; i++) {
        unsigned n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n <= best_n) continue;
        best = i;
        best_n = n;
    }
    size_t at = 0;
    for (unsigned i = 0; i < 8 && at < cap; i++) {
        if (i == best) {
            at += pp_fmt(buf + at, cap - at, "::");
            i += best_n - 1;
        } else {
            at += pp_fmt(buf + at, cap - at, "%s%x", i && i != best + best_n ? ":" : "", group[i]);
        }
    }
}

void pp_http_url(const struct pp_http_address *addr, char buf[PP_HTTP_ADDRESS_MAX])
{
    char ip6[48];
    uint32_t ip4 = ntohl(addr->u.in4.sin_addr.s_addr);
    if (addr->u.sa.sa_family == AF_UNIX) {
        pp_fmt(buf, PP_HTTP_ADDRESS_MAX, "%s", addr->text);
    } else if (addr->u.sa.sa_family == AF_INET || addr->wildcard) {
        if (addr->wildcard) ip4 = INADDR_LOOPBACK;
        unsigned port = ntohs(addr->u.in4.sin_port); /* the same place in both */
        pp_fmt(buf, PP_HTTP_ADDRESS_MAX, "http://%u.%u.%u.%u:%u", ip4 >> 24, ip4 >> 16 & 255, ip4 >> 8 & 255, ip4 & 255,
               port);
    } else {
        format_ip6(&addr->u.in6.sin6_addr, ip6, sizeof ip6);
        pp_fmt(buf, PP_HTTP_ADDRESS_MAX, "http://[%s]:%u", ip6, ntohs(addr->u.in6.sin6_port));
    }
}
