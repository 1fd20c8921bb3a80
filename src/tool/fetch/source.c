// SPDX-License-Identifier: Apache-2.0
#include "tool/fetch/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gotime.h"
#include "profile/decode.h"
#include "symbols/locate.h"
#include "tool/child.h"
#include "tool/fetch/http.h"
#include "tool/fetch/perf.h"
#include "tool/tempfile.h"
#include "tool/ui.h"
#include "wire/gzip.h"

#define REPEAT_BYTES_MAX ((size_t)4 << 20)
#define TIMEOUT_GRACE_MS 5000 /* google/pprof: so that the server's own limit comes first */

void pp_source_init(struct pp_source *s, pp_str addr, const struct pp_cmdline *c, struct pp_turns *turns, size_t index,
                    void (*oom)(size_t wanted))
{
    int64_t max = c->source.max_size;
    *s = (struct pp_source){
        .addr = addr, .cmdline = c, .turns = turns, .index = index, .bytes.max = max > 0 ? (size_t)max : 0};
    pp_arena_init(&s->arena, 0, oom);
}

/* perf.data as google/pprof knows it, but of a kind that we can't read. */
static bool is_strange_perf_data(const char *path)
{
    char head[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : 0;
    if (fd >= 0) close(fd);
    return n >= 8 && !memcmp(head, "PERFILE2", 8) && !pp_perf_data_is((pp_str){head, (size_t)n});
}

/* The path of a profile.proto made by perf_to_profile from a perf.data file whose header we don't know. */
static enum pp_code convert_perf_data(struct pp_source *s, const char **path, struct pp_err *err)
{
    pp_ui_print("Converting %s to a profile.proto... (May take a few minutes)", *path);
    int fd;
    pp_str made;
    enum pp_code c = pp_tempfile_new(&s->arena, pp_tempfile_dir(), PP_STR("pprof_"), ".pb.gz", &fd, &made, err);
    if (c) return c;
    close(fd);
    pp_tempfile_remove_later(made);
    const char *const argv[] = {"perf_to_profile", "-i", *path, "-o", made.p, "-f", NULL};
    struct pp_err why;
    pid_t pid;
    c = pp_child_start(argv, (int[3]){-1, STDOUT_FILENO, STDERR_FILENO}, &pid, &why);
    if (!c) c = pp_child_wait(pid, &why);
    if (c)
        return pp_fail(err, c, "failed to convert perf.data file. Try github.com/google/perf_data_converter: %s",
                       why.text);
    *path = made.p;
    return PP_OK;
}

static enum pp_code get_url(struct pp_source *s, const struct pp_url *url, int64_t timeout_ms, struct pp_err *err)
{
    const struct pp_source_flags *flags = &s->cmdline->source;
    pp_str text = pp_url_text(&s->arena, url);
    pp_ui_print("Fetching profile over HTTP from %.*s", PP_FMT(text));
    if (flags->seconds > 0) {
        char duration[PP_GO_TIME_MAX];
        pp_go_duration(duration, flags->seconds * 1000000000);
        pp_ui_print("Please wait... (%s)", duration);
    }
    struct pp_http_options o = {timeout_ms + TIMEOUT_GRACE_MS, 0, flags->tls_cert, flags->tls_key, flags->tls_ca};
    return pp_http_get(&s->arena, url, &o, &s->bytes, err);
}

/* It can be read once only. */
static enum pp_code read_stdin(struct pp_source *s, struct pp_err *err)
{
    static atomic_flag taken = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&taken)) return pp_fail(err, PP_E_STATE, "standard input was read by another source");
    return pp_bytes_read_fd(&s->bytes, STDIN_FILENO, "standard input", err);
}

/* The bytes, and the URL when it was one. */
static enum pp_code get_bytes(struct pp_source *s, struct pp_url *ret_url, struct pp_err *err)
{
    if (pp_str_eq_c(s->addr, "-")) return read_stdin(s, err);
    const char *path = pp_arena_c(&s->arena, s->addr);
    struct stat st;
    if (stat(path, &st) == 0) {
        enum pp_code c = S_ISREG(st.st_mode) && is_strange_perf_data(path) ? convert_perf_data(s, &path, err) : PP_OK;
        return c ? c : pp_bytes_read_file(&s->bytes, path, err);
    }
    int stat_errno = errno;
    int64_t timeout_ms;
    const struct pp_source_flags *flags = &s->cmdline->source;
    if (!pp_url_adjust(&s->arena, s->addr, flags->seconds, flags->timeout, ret_url, &timeout_ms))
        return pp_fail(err, PP_E_NOTFOUND, "stat %s: %s", path, pp_errno_text(stat_errno));
    s->remote = true;
    return get_url(s, ret_url, timeout_ms, err);
}

static void say(void *ctx, pp_str text)
{
    (void)ctx;
    pp_ui_warn("%.*s", PP_FMT(text));
}

static void say_nothing(void *ctx, pp_str text)
{
    (void)ctx;
    (void)text;
}

/* A profile without mappings gets one: symbols of a program at fixed addresses can still be found. */
static void add_mapping(struct pp_profile *p)
{
    p->mappings = PP_NEW(p->arena, struct pp_mapping);
    p->mappings[0].id = 1;
    p->n_mappings = 1;
    for (uint32_t i = 0; i < p->n_locations; i++)
        p->locations[i].mapping = 0;
}

static void locate_binaries(struct pp_source *s, struct pp_profile *p, bool is_quiet)
{
    pp_str search = pp_locate_search_path(&s->arena);
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        struct pp_mapping *m = &p->mappings[i];
        struct pp_object_mapping range = {m->start, m->limit, m->offset,
                                          pp_profile_str(p, m->kernel_relocation_symbol)};
        pp_str found;
        if (pp_locate_binary(&s->arena, search, pp_profile_str(p, m->file), pp_profile_str(p, m->build_id), &range,
                             is_quiet ? say_nothing : say, NULL, &found))
            m->file = pp_profile_intern(p, found);
    }
    if (!p->n_mappings) add_mapping(p);
    struct pp_mapping *main_mapping = &p->mappings[0];
    if (s->cmdline->exec_name.n) main_mapping->file = pp_profile_intern(p, s->cmdline->exec_name);
    if (s->cmdline->source.buildid.n && !main_mapping->build_id)
        main_mapping->build_id = pp_profile_intern(p, s->cmdline->source.buildid);
}

static void note_mapping_sources(struct pp_source *s, struct pp_profile *p, const struct pp_url *url)
{
    pp_str text = pp_url_text(&s->arena, url);
    for (uint32_t i = 0; i < p->n_mappings; i++) {
        struct pp_mapping *m = &p->mappings[i];
        if (!m->build_id && !m->file) m->file = pp_profile_intern(p, text);
        pp_str key = pp_profile_str(p, m->build_id ? m->build_id : m->file);
        *PP_PUSH(&s->arena, &s->mapping_sources) = (struct pp_mapping_source){key, m->start, *url};
    }
}

static bool read_file_again(void *ctx, pp_str *ret_bytes)
{
    struct pp_source *s = ctx;
    struct pp_err ignored;
    pp_bytes_release(&s->bytes);
    if (pp_bytes_read_file(&s->bytes, pp_arena_c(&s->arena, s->addr), &ignored)) return false;
    *ret_bytes = (pp_str){s->bytes.p, s->bytes.n};
    return true;
}

static bool is_regular_file(struct pp_source *s)
{
    struct stat st;
    return stat(pp_arena_c(&s->arena, s->addr), &st) == 0 && S_ISREG(st.st_mode);
}

static enum pp_code decode(struct pp_source *s, struct pp_profile **ret_profile, struct pp_err *err)
{
    pp_str bytes = {s->bytes.p, s->bytes.n};
    struct pp_decode_options how = {.max_bytes = s->bytes.max,
                                    .may_discard = !s->can_repeat,
                                    .may_thread = true,
                                    .again = is_regular_file(s) ? read_file_again : NULL,
                                    .again_ctx = s,
                                    .is_callers = pp_perf_data_is,
                                    .read_callers = pp_perf_data_read};
    return pp_profile_parse(&s->profile_arena, bytes, &how, ret_profile, err);
}

static enum pp_code read_profile(struct pp_source *s, struct pp_profile **ret_profile, struct pp_err *err)
{
    struct pp_url url;
    enum pp_code c = get_bytes(s, &url, err);
    if (c) return c;
    struct pp_profile *p;
    s->can_repeat = !s->remote && s->bytes.n <= REPEAT_BYTES_MAX;
    pp_turns_begin(s->turns, s->index, &s->profile_arena);
    bool text_is_elsewhere = pp_gzip_is((pp_str){s->bytes.p, s->bytes.n});
    c = decode(s, &p, err);
    if (c || (text_is_elsewhere && !s->can_repeat)) pp_bytes_release(&s->bytes);
    pp_turns_end(s->turns);
    if (c) return c;
    locate_binaries(s, p, false);
    if (s->remote) note_mapping_sources(s, p, &url);
    *ret_profile = p;
    return PP_OK;
}

void pp_source_read(struct pp_source *s) { s->code = read_profile(s, &s->profile, &s->err); }

void pp_source_forget(struct pp_source *s)
{
    s->profile = NULL;
    s->is_forgotten = true;
    pp_turns_give_back(s->turns, &s->profile_arena);
}

void pp_source_decode_again(struct pp_source *s)
{
    s->code = decode(s, &s->profile, &s->err);
    s->is_forgotten = false;
    if (!s->code) locate_binaries(s, s->profile, true);
}
