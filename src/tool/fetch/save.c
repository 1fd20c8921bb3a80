// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/save.h"

#include <errno.h>
#include <unistd.h>

#include "base/out.h"
#include "profile/encode.h"
#include "tool/output.h"
#include "tool/tempfile.h"
#include "tool/ui.h"

static pp_str prefix(struct pp_arena *a, const struct pp_profile *p)
{
    struct pp_out o;
    pp_out_to_memory(&o, a);
    pp_out_c(&o, "pprof.");
    pp_str file = p->n_mappings ? pp_profile_str(p, p->mappings[0].file) : (pp_str){0};
    if (file.n) pp_out_fmt(&o, "%.*s.", PP_FMT(pp_str_base(file)));
    for (uint32_t i = 0; i < p->n_types; i++)
        pp_out_fmt(&o, "%.*s.", PP_FMT(pp_profile_str(p, p->types[i].type)));
    return pp_out_bytes(&o);
}

static enum pp_code write_copy(struct pp_arena *a, const struct pp_profile *p, pp_str dir, pp_str *ret_path,
                               struct pp_err *err)
{
    int fd;
    pp_str bytes;
    enum pp_code c = pp_tempfile_new(a, dir, prefix(a, p), ".pb.gz", &fd, ret_path, err);
    if (c) return c;
    c = pp_profile_encode_gzip(a, p, PP_OUTPUT_GZIP_LEVEL, &bytes, err);
    if (!c && (c = pp_write_all(fd, bytes.p, bytes.n, err))) pp_within(err, "write %.*s", PP_FMT(*ret_path));
    if (close(fd) && !c) c = pp_fail(err, PP_E_IO, "close %.*s: %s", PP_FMT(*ret_path), pp_errno_text(errno));
    return c;
}

enum pp_code pp_save(struct pp_arena *a, const struct pp_profile *p, struct pp_err *err)
{
    pp_str dir, path;
    struct pp_err why;
    enum pp_code c = pp_tempfile_saved_dir(a, &dir, err);
    if (c) return c;
    if (write_copy(a, p, dir, &path, &why))
        pp_ui_warn("Could not save profile: %s", why.text);
    else
        pp_ui_warn("Saved profile in %.*s", PP_FMT(path));
    return PP_OK;
}
