// SPDX-License-Identifier: Apache-2.0
/* What LD_PRELOAD can't reach gets its own sentence instead of silence. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "elf/image.h"
#include "tool/run/run.h"
#include "tool/ui.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#define OWN_INTERPRETER "ld-linux-x86-64.so.2"
#else
#define OWN_MACHINE EM_AARCH64
#define OWN_INTERPRETER "ld-linux-aarch64.so.1"
#endif

#define INTERPRETER_HOPS 4 /* a script's interpreter may be a script */

static bool is_executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static enum pp_code find_in_path(struct pp_arena *a, const char *command, pp_str *ret_path, struct pp_err *err)
{
    if (strchr(command, '/')) {
        if (access(command, F_OK)) return pp_fail(err, PP_E_NOTFOUND, "%s: %s", command, pp_errno_text(errno));
        if (!is_executable(command)) return pp_fail(err, PP_E_UNSUPPORTED, "%s: permission denied", command);
        *ret_path = pp_str_c(command);
        return PP_OK;
    }
    const char *path = getenv("PATH");
    pp_str rest = pp_str_c(path ? path : "/usr/bin:/bin"), dir;
    while (pp_str_next(&rest, ':', &dir)) {
        pp_str full = dir.n ? pp_arena_fmt(a, "%.*s/%s", PP_FMT(dir), command) : pp_arena_fmt(a, "%s", command);
        if (!is_executable(full.p)) continue;
        *ret_path = full;
        return PP_OK;
    }
    return pp_fail(err, PP_E_NOTFOUND, "\"%s\": executable file not found in $PATH", command);
}

static bool has_needed(const struct pp_image *im, const char *prefix)
{
    Elf64_Shdr sh;
    pp_str dynamic, strings;
    if (!pp_image_section(im, ".dynamic", &sh, &dynamic) || !pp_image_section(im, ".dynstr", &sh, &strings)) return false;
    for (size_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.n; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn d;
        memcpy(&d, dynamic.p + at, sizeof d);
        if (d.d_tag == DT_NEEDED && pp_str_has_prefix(pp_str_from(strings, d.d_un.d_val), pp_str_c(prefix))) return true;
    }
    return false;
}

/* A function that the program itself defines, by its full symbol table or what it exports. */
static bool defines(const struct pp_image *im, const char *function)
{
    for (int dynamic = 0; dynamic < 2; dynamic++) {
        struct pp_image_symbols symbols;
        Elf64_Sym sym;
        pp_str name;
        if (!pp_image_symbols(im, dynamic, &symbols)) continue;
        while (pp_image_symbol_next(&symbols, &sym, &name))
            if (sym.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(sym.st_info) == STT_FUNC && pp_str_eq_c(name, function)) return true;
    }
    return false;
}

/* Statically linked sanitizer runtimes (clang's way) show by their symbols. */
static const char *sanitizer_of(const struct pp_image *im)
{
    static const struct {
        const char *library, *symbol, *name;
    } known[] = {{"libasan.so", "__asan_init", "AddressSanitizer"},
                 {"libtsan.so", "__tsan_init", "ThreadSanitizer"},
                 {"libhwasan.so", "__hwasan_init", "HWAddressSanitizer"},
                 {"libmsan.so", "__msan_init", "MemorySanitizer"}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (has_needed(im, known[k].library)) return known[k].name;
        struct pp_image_symbols symbols;
        Elf64_Sym sym;
        pp_str name;
        if (!pp_image_symbols(im, true, &symbols)) continue;
        while (pp_image_symbol_next(&symbols, &sym, &name))
            if (pp_str_eq_c(name, known[k].symbol)) return known[k].name;
    }
    return NULL;
}

static bool interpreter_of(const struct pp_image *im, pp_str *ret)
{
    for (uint32_t i = 0; i < im->n_phdr; i++) {
        Elf64_Phdr ph;
        if (!pp_image_phdr(im, i, &ph) || ph.p_type != PT_INTERP) continue;
        pp_str text = pp_str_sub(im->bytes, ph.p_offset, ph.p_offset + ph.p_filesz);
        size_t nul = pp_str_find_byte(text, 0);
        *ret = nul == PP_NOT_FOUND ? text : pp_str_sub(text, 0, nul);
        return true;
    }
    return false;
}

static enum pp_code check_elf(const struct pp_image *im, const char *path, struct pp_err *err)
{
    struct stat st;
    char caps[8];
    if (im->machine != OWN_MACHINE) return pp_fail(err, PP_E_UNSUPPORTED, "%s: is for another processor (ELF machine %u)", path, im->machine);
    if (stat(path, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)) && st.st_uid != geteuid())
        return pp_fail(err, PP_E_UNSUPPORTED, "%s: is setuid or setgid: the loader ignores LD_PRELOAD for it", path);
    if (geteuid() != 0 && getxattr(path, "security.capability", caps, 0) > 0)
        return pp_fail(err, PP_E_UNSUPPORTED, "%s: has file capabilities: the loader ignores LD_PRELOAD for it", path);
    pp_str interpreter;
    if (!interpreter_of(im, &interpreter))
        return pp_fail(err, PP_E_UNSUPPORTED, "%s: is statically linked: nothing can be loaded into it; link it dynamically", path);
    if (!pp_str_eq_c(pp_str_base(interpreter), OWN_INTERPRETER))
        return pp_fail(err, PP_E_UNSUPPORTED, "%s: uses the loader %.*s: libpprof needs glibc", path, PP_FMT(interpreter));
    const char *sanitizer = sanitizer_of(im);
    if (sanitizer)
        return pp_fail(err, PP_E_UNSUPPORTED, "%s: is built with %s, which must be the first to wrap malloc: profile a build without it", path, sanitizer);
    return PP_OK;
}

/* "#!/bin/sh -e": the interpreter is what runs. False: no script. */
static bool script_interpreter(struct pp_arena *a, const char *path, pp_str *ret)
{
    char head[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    if (n < 3 || head[0] != '#' || head[1] != '!') return false;
    pp_str line = {head + 2, (size_t)n - 2}, after, word;
    pp_str_cut(line, '\n', &line, &after);
    line = pp_str_trim(line);
    pp_str_cut(line, ' ', &word, &after);
    *ret = pp_arena_dup(a, word);
    return word.n > 0;
}

enum pp_code pp_run_check(struct pp_arena *a, const char *command, struct pp_run_command *ret, struct pp_err *err)
{
    pp_str path, runs;
    enum pp_code c = find_in_path(a, command, &path, err);
    if (c) return c;
    runs = path;
    for (int i = 0; i < INTERPRETER_HOPS && script_interpreter(a, runs.p, &runs); i++) {}
    struct pp_image im = {0};
    if ((c = pp_image_open(runs.p, &im, err))) return pp_fail(err, PP_E_UNSUPPORTED, "%s: can't be profiled: it is no ELF program of this machine", runs.p);
    c = check_elf(&im, runs.p, err);
    if (!c) *ret = (struct pp_run_command){path, has_needed(&im, "libjemalloc.so"), has_needed(&im, "libtcmalloc"), defines(&im, "malloc")};
    pp_image_release(&im);
    return c;
}

enum pp_code pp_run_find_library(struct pp_arena *a, pp_str *ret_path, struct pp_err *err)
{
    const char *given = getenv("PPROF_LIBRARY");
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    pp_str dir = {self, n > 0 ? (size_t)n : 0};
    dir = pp_str_sub(dir, 0, pp_str_rfind_byte(dir, '/') == PP_NOT_FOUND ? 0 : pp_str_rfind_byte(dir, '/'));
    static const char *const places[] = {"%.*s/libpprof.so", "%.*s/../lib/libpprof.so", "%.*s/../lib/x86_64-linux-gnu/libpprof.so",
                                         "%.*s/../lib/aarch64-linux-gnu/libpprof.so", "%.*s/../runtime/libpprof.so"};
    if (given && *given) {
        if (access(given, R_OK)) return pp_fail(err, PP_E_NOTFOUND, "PPROF_LIBRARY=%s: %s", given, pp_errno_text(errno));
        *ret_path = pp_str_c(given);
        return PP_OK;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        pp_str path = pp_arena_fmt(a, places[i], PP_FMT(dir));
        char *real = realpath(path.p, NULL);
        if (!real) continue;
        *ret_path = pp_arena_dup(a, pp_str_c(real));
        free(real);
        return PP_OK;
    }
    return pp_fail(err, PP_E_NOTFOUND, "libpprof.so is neither beside %.*s/pprof nor in its ../lib; name it by PPROF_LIBRARY", PP_FMT(dir));
}
