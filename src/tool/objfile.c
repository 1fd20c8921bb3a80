// SPDX-License-Identifier: Apache-2.0
#include "tool/objfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/ui.h"

static enum pp_code read_magic(const char *path, unsigned char magic[4], struct pp_err *err)
{
    struct stat st;
    if (stat(path, &st)) return pp_fail(err, PP_E_NOTFOUND, "stat %s: %s", path, pp_errno_text(errno));
    if (S_ISFIFO(st.st_mode))
        return pp_fail(err, PP_E_FORMAT, "unrecognized binary format: %s", path); /* may be a source */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return pp_fail(err, PP_E_IO, "error opening %s: open %s: %s", path, path, pp_errno_text(errno));
    ssize_t n = pread(fd, magic, 4, 0);
    int e = errno;
    close(fd);
    if (n == 4) return PP_OK;
    if (n < 0)
        return pp_fail(err, PP_E_IO, "error reading magic number from %s: read %s: %s", path, path, pp_errno_text(e));
    return pp_fail(err, PP_E_FORMAT, "error reading magic number from %s: %s", path, n ? "unexpected EOF" : "EOF");
}

/* Mach-O (both byte orders, fat) or PE. */
static bool is_foreign(const unsigned char magic[4])
{
    static const unsigned char machs[][4] = {{0xfe, 0xed, 0xfa, 0xce}, {0xfe, 0xed, 0xfa, 0xcf},
                                             {0xce, 0xfa, 0xed, 0xfe}, {0xcf, 0xfa, 0xed, 0xfe},
                                             {0xca, 0xfe, 0xba, 0xbe}, {0xbe, 0xba, 0xfe, 0xca}};
    for (size_t i = 0; i < sizeof machs / sizeof *machs; i++)
        if (!memcmp(magic, machs[i], 4)) return true;
    return magic[0] == 'M' && magic[1] == 'Z';
}

enum pp_code pp_objfile_check(struct pp_arena *a, pp_str path, const struct pp_object_mapping *m, pp_str *ret_build_id,
                              struct pp_err *err)
{
    unsigned char magic[4];
    const char *name = pp_arena_c(a, path);
    enum pp_code c = read_magic(name, magic, err);
    if (c) return c;
    if (is_foreign(magic)) {
        *ret_build_id = PP_STR("");
        return PP_OK;
    }
    if (memcmp(magic, "\177ELF", 4)) return pp_fail(err, PP_E_FORMAT, "unrecognized binary format: %s", name);
    struct pp_object o;
    struct pp_err why;
    if ((c = pp_object_open(a, path, &o, &why)))
        return pp_fail(err, c, "error reading ELF file %s: error parsing %s: %s", name, name, why.text);
    c = pp_object_check_mapping(&o, m, &why);
    if (c)
        pp_fail(err, c, "error reading ELF file %s: could not identify base for %s: %s", name, name, why.text);
    else
        *ret_build_id = pp_arena_dup(a, o.build_id);
    pp_object_release(&o);
    return c;
}

bool pp_objfile_opens(struct pp_arena *a, pp_str path)
{
    pp_str build_id;
    return pp_objfile_check(a, path, &(struct pp_object_mapping){.limit = UINT64_MAX}, &build_id, NULL) == PP_OK;
}
