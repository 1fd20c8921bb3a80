// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/perf.h"

#include <stdlib.h>
#include <sys/auxv.h>

#include "base/vec.h"
#include "elf/image.h"
#include "record/file.h"
#include "record/record.h"
#include "symbols/locate.h"
#include "tool/fetch/bytes.h"
#include "tool/ui.h"

#define SMALL_FILE_MAX ((size_t)64 << 20) /* of kallsyms */
#define VDSO_MAX 16384

struct machine {
    struct pp_arena *arena;
    PP_VEC(struct pp_image) images; /* opened, until the end */
    PP_VEC(struct pp_bytes) texts;
};

static pp_str home_file(struct machine *m, const char *fmt, pp_str x, pp_str y)
{
    const char *home = getenv("HOME");
    return home ? pp_arena_fmt(m->arena, fmt, home, PP_FMT(x), PP_FMT(y)) : PP_STR("");
}

/* Opens the file if it is an ELF file with that build id; without one any will do. */
static bool open_image(struct machine *m, pp_str path, pp_str build_id, pp_str *ret_bytes)
{
    struct pp_image image;
    struct pp_err ignored;
    if (!path.n || path.p[0] != '/' || pp_image_open(pp_arena_c(m->arena, path), &image, &ignored)) return false;
    pp_str id = pp_perf_hex(m->arena, pp_image_build_id(&image));
    if (build_id.n && !pp_str_eq(id, build_id)) {
        pp_image_release(&image);
        return false;
    }
    *PP_PUSH(m->arena, &m->images) = image;
    *ret_bytes = image.bytes;
    return true;
}

/* Our own, if it is the recorded one. */
static bool open_vdso(pp_str build_id, struct machine *m, pp_str *ret_bytes)
{
    struct pp_image image;
    struct pp_err ignored;
    const char *at = (const char *)getauxval(AT_SYSINFO_EHDR); // NOLINT(performance-no-int-to-ptr)
    const Elf64_Ehdr *h = (const void *)at;
    if (!at) return false;
    size_t n = h->e_shoff + (size_t)h->e_shnum * h->e_shentsize;
    if (n > VDSO_MAX || pp_image_parse((pp_str){at, n}, &image, &ignored)) return false;
    if (!build_id.n || !pp_str_eq(pp_perf_hex(m->arena, pp_image_build_id(&image)), build_id)) return false;
    *ret_bytes = image.bytes;
    return true;
}

static bool open_object(void *ctx, pp_str file, pp_str build_id, pp_str *ret_bytes)
{
    struct machine *m = ctx;
    pp_locate_paths paths = {0};
    if (pp_str_eq_c(file, "[vdso]")) return open_vdso(build_id, m, ret_bytes);
    if (file.n == 0 || file.p[0] != '/') return false;
    if (open_image(m, file, build_id, ret_bytes)) return true;
    if (build_id.n < 3) return false;
    pp_str cached =
        home_file(m, "%s/.debug/.build-id/%.*s/%.*s/elf", pp_str_sub(build_id, 0, 2), pp_str_from(build_id, 2));
    if (open_image(m, cached, build_id, ret_bytes)) return true;
    pp_locate_candidates(m->arena, pp_locate_search_path(m->arena), file, build_id, &paths);
    for (size_t i = 0; i < paths.n; i++)
        if (open_image(m, paths.p[i], build_id, ret_bytes)) return true;
    return false;
}

static bool read_text(struct machine *m, const char *path, pp_str *ret_text)
{
    struct pp_bytes b = {.max = SMALL_FILE_MAX};
    enum pp_code c = pp_bytes_read_file(&b, path, NULL);
    if (c) {
        if (c == PP_E_NOMEM) m->arena->oom(b.n);
        pp_bytes_release(&b);
        return false;
    }
    *PP_PUSH(m->arena, &m->texts) = b;
    *ret_text = (pp_str){b.p, b.n};
    return true;
}

static pp_str running_kernel(struct machine *m)
{
    pp_str notes;
    if (!read_text(m, "/sys/kernel/notes", &notes)) return PP_STR("");
    return pp_perf_hex(m->arena, pp_image_note(notes, 4, "GNU", NT_GNU_BUILD_ID));
}

/* Without a build id the running kernel is tried: the addresses tell whether it is the one. */
static bool kallsyms(void *ctx, pp_str build_id, pp_str *ret_text)
{
    struct machine *m = ctx;
    if ((!build_id.n || pp_str_eq(build_id, running_kernel(m))) && read_text(m, "/proc/kallsyms", ret_text))
        return true;
    pp_str cached = home_file(m, "%s/.debug/[kernel.kallsyms]/%.*s%.*s/kallsyms", build_id, PP_STR(""));
    return build_id.n && cached.n && read_text(m, pp_arena_c(m->arena, cached), ret_text);
}

static void say(void *ctx, pp_str text)
{
    (void)ctx;
    pp_ui_warn("%.*s", PP_FMT(text));
}

bool pp_perf_data_is(pp_str bytes) { return pp_record_is(bytes); }

enum pp_code pp_perf_data_read(struct pp_arena *a, pp_str bytes, size_t max_bytes, struct pp_profile **ret_profile,
                               struct pp_err *err)
{
    struct pp_arena scratch;
    pp_arena_init(&scratch, 0, a->oom);
    struct machine m = {.arena = &scratch};
    struct pp_record_options o = {
        .max_bytes = max_bytes, .open_object = open_object, .kallsyms = kallsyms, .warn = say, .ctx = &m};
    enum pp_code c = pp_record_read(a, bytes, &o, ret_profile, err);
    for (size_t i = 0; i < m.images.n; i++)
        pp_image_release(&m.images.p[i]);
    for (size_t i = 0; i < m.texts.n; i++)
        pp_bytes_release(&m.texts.p[i]);
    pp_arena_release(&scratch);
    return c;
}
