// SPDX-License-Identifier: Apache-2.0
#include "runtime/names.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "base/pages.h"
#include "base/syscall.h"
#include "base/vec.h"
#include "elf/symbols.h"
#include "runtime/os/os.h"

#define FILE_MAX ((uint64_t)256 << 20) /* a bigger object stays without names */
#define ARENA_MAX ((size_t)512 << 20)

struct named_module {
    uint64_t start, end;
    uint32_t first_gen;
    uint64_t bias; /* run-time address - ELF address */
    struct pp_symbols symbols;
};

static struct {
    _Atomic uint32_t lock;
    struct pp_arena arena;
    PP_VEC(struct named_module) modules;
} names;

static void lock_names(void)
{
    while (atomic_exchange(&names.lock, 1)) pp_os_sleep_ns(100000);
}

static void unlock_names(void)
{
    atomic_store(&names.lock, 0);
}

static bool read_file(const char *path, pp_str *ret)
{
    int fd = pp_os_open(path, O_RDONLY, 0);
    long size = fd < 0 ? -1 : pp_sys(SYS_lseek, fd, 0L, 2 /* SEEK_END */);
    char *p = size > 0 && (uint64_t)size <= FILE_MAX ? pp_pages_map((size_t)size) : NULL;
    size_t n = 0;
    for (long r = 1; p && n < (size_t)size && r > 0; n += r > 0 ? (size_t)r : 0)
        r = pp_sys(SYS_pread64, fd, p + n, (size_t)size - n, n);
    if (fd >= 0) pp_os_close(fd);
    if (!p) return false;
    *ret = (pp_str){p, n};
    if (n == (size_t)size) return true;
    pp_pages_unmap(p, (size_t)size);
    return false;
}

/* bias: the segment that holds file offset m->offset begins at m->start. */
static bool find_bias(const struct pp_image *im, const struct pp_ledger_module *m, uint64_t *ret)
{
    for (uint32_t i = 0; i < im->n_phdr; i++) {
        Elf64_Phdr ph;
        if (!pp_image_phdr(im, i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X)) continue;
        if (m->offset + (m->end - m->start) <= ph.p_offset || m->offset >= ph.p_offset + ph.p_filesz) continue;
        *ret = m->start - m->offset + ph.p_offset - ph.p_vaddr;
        return true;
    }
    return false;
}

static void build(struct named_module *n, const struct pp_ledger_module *m, pp_str path)
{
    const char *file = pp_arena_c(&names.arena, path);
    pp_str bytes;
    struct pp_image im;
    if (path.n == 0 || path.p[0] != '/' || names.arena.failed || !read_file(file, &bytes)) return;
    if (pp_image_parse(bytes, &im, NULL) == PP_OK && find_bias(&im, m, &n->bias) &&
        pp_symbols_build(&names.arena, &im, &n->symbols, NULL))
        n->symbols.n = 0;
    pp_pages_unmap((void *)bytes.p, bytes.n);
}

static struct named_module *module_of(const struct pp_ledger_module *m, pp_str path)
{
    for (size_t i = 0; i < names.modules.n; i++) {
        struct named_module *n = &names.modules.p[i];
        if (n->start == m->start && n->end == m->end && n->first_gen == m->first_gen) return n;
    }
    struct named_module *n = PP_TRY_PUSH(&names.arena, &names.modules);
    if (!n) return NULL;
    *n = (struct named_module){.start = m->start, .end = m->end, .first_gen = m->first_gen};
    build(n, m, path);
    return n;
}

static size_t frames(void *ctx, struct pp_arena *a, const struct pp_ledger_module *m, pp_str path, uint64_t pc,
                     struct pp_frame_name *ret, size_t cap, uint64_t *ret_entry)
{
    (void)ctx;
    size_t found = 0;
    *ret_entry = 0;
    lock_names();
    if (!names.arena.max_bytes) pp_arena_init(&names.arena, ARENA_MAX, NULL);
    struct named_module *n = module_of(m, path);
    pp_str name;
    uint64_t start;
    if (n && n->symbols.n && cap && pp_symbols_find(&n->symbols, pc - n->bias, &name, &start)) {
        *ret = (struct pp_frame_name){.name = pp_arena_dup(a, name)};
        *ret_entry = start + n->bias;
        found = 1;
    }
    unlock_names();
    return found;
}

const struct pp_symbolizer *pp_runtime_names(void)
{
    static const struct pp_symbolizer symbolizer = {.frames = frames};
    return &symbolizer;
}

void pp_runtime_names_forget(void)
{
    lock_names();
    pp_arena_release(&names.arena);
    names.modules.p = NULL;
    names.modules.n = names.modules.cap = 0;
    unlock_names();
}
