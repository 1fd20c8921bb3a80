// SPDX-License-Identifier: Apache-2.0
#include "unwind/modules.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unwind/sigsafe/walk.h"

static struct pp_modules modules;

static int setup(void **state)
{
    (void)state;
    memset(&modules, 0, sizeof modules);
    return pp_modules_init(&modules, NULL, NULL) || pp_modules_refresh(&modules, NULL, NULL);
}

static int teardown(void **state)
{
    (void)state;
    pp_modules_release(&modules);
    return 0;
}

static const struct pp_module_map *now(void) { return atomic_load(&modules.current); }

static bool refresh(void)
{
    bool changed;
    struct pp_err err;
    if (pp_modules_refresh(&modules, &changed, &err)) fail_msg("%s", err.text);
    return changed;
}

static int compare_with_loader(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X)) continue;
        const struct pp_module *m = pp_module_find(now(), info->dlpi_addr + ph->p_vaddr);
        assert_non_null(m);
        assert_int_equal(m->bias, info->dlpi_addr);
        assert_int_equal(m->offset, ph->p_offset & ~(ElfW(Off))4095);
        assert_non_null(m->table);
        assert_true(m->is_vdso || m->build_id_n >= 16);
        assert_true(m->is_vdso || m->is_file);
        char *path =
            info->dlpi_name[0] == '/' ? realpath(info->dlpi_name, NULL) : NULL; /* maps has no symbolic links */
        if (path) assert_true(pp_str_eq_c(m->path, path));
        free(path);
        ++*(int *)ctx;
    }
    return 0;
}

static void knows_what_the_loader_knows(void **state)
{
    (void)state;
    int n = 0;
    dl_iterate_phdr(compare_with_loader, &n);
    assert_true(n >= 4); /* this program, libc, the loader, the vdso */
    const struct pp_module_map *map = now();
    assert_null(pp_module_find(NULL, (uintptr_t)now));
    assert_null(pp_module_find_at(NULL, (uintptr_t)now, 1));
    for (uint32_t i = 0; i < map->n; i++) {
        assert_true(map->starts[i] == map->modules[i].start);
        assert_true(i == 0 || map->modules[i - 1].end <= map->modules[i].start);
        assert_ptr_equal(pp_module_find(map, map->modules[i].start), &map->modules[i]);
        assert_ptr_equal(pp_module_find(map, map->modules[i].end - 1), &map->modules[i]);
    }
    assert_null(pp_module_find(map, 0));
    assert_null(pp_module_find(map, (uintptr_t)&n)); /* the stack is no code */
    assert_false(refresh());
    assert_ptr_equal(now(), map);
}

static void generated_code_has_no_table(void **state)
{
    (void)state;
    uint32_t generation = now()->generation;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_true(refresh());
    assert_int_equal(now()->generation, generation + 1);
    const struct pp_module *m = pp_module_find(now(), (uintptr_t)p);
    assert_non_null(m);
    assert_null(m->table);
    assert_true(!m->is_file && m->path.n == 0 && m->born == generation + 1);
    munmap(p, 4096);
    assert_true(refresh());
    assert_null(pp_module_find(now(), (uintptr_t)p));
    assert_non_null(pp_module_find_at(now(), (uintptr_t)p, generation + 1));
    assert_null(pp_module_find_at(now(), (uintptr_t)p, generation));
    assert_null(pp_module_find_at(now(), (uintptr_t)p, generation + 2));
}

static const struct pp_table *libc_table(void)
{
    const struct pp_module *m = pp_module_find(now(), (uintptr_t)dlsym(RTLD_DEFAULT, "qsort"));
    assert_non_null(m);
    return m->table;
}

static void remembers_unloaded_ones(void **state)
{
    (void)state;
    const struct pp_table *libc = libc_table();
    uint32_t before = now()->generation;
    void *lib = dlopen(PP_LOAD_MODULE, RTLD_NOW);
    assert_non_null(lib);
    uintptr_t pc = (uintptr_t)dlsym(lib, "load_module") + 1;
    assert_null(pp_module_find(now(), pc));
    assert_true(refresh());
    const struct pp_module *m = pp_module_find(now(), pc);
    assert_non_null(m);
    assert_true(m->table && pp_table_rule(m->table, pc - m->bias) != PP_RULE_NONE);
    assert_ptr_equal(libc_table(), libc); /* not compiled again */
    uint32_t loaded = now()->generation, id = m->id;
    dlclose(lib);
    assert_true(refresh());
    assert_null(pp_module_find(now(), pc));
    m = pp_module_find_at(now(), pc, loaded);
    assert_non_null(m);
    assert_int_equal(m->id, id);
    assert_true(pp_str_has_prefix(pp_str_base(m->path), PP_STR("libunwind_load_module")));
    assert_true(m->build_id_n >= 16);
    assert_null(pp_module_find_at(now(), pc, before));
    assert_null(pp_module_find_at(now(), pc, loaded + 1));
    struct pp_modules_stats s;
    pp_modules_stats(&modules, &s);
    assert_int_equal(s.n_past, 1);
    assert_int_equal(s.n_waiting_maps, 0);
}

/* Without PT_GNU_EH_FRAME the section is found in the file. A deleted file can't be opened: then there is no table. */
static void object_without_search_table(void **state)
{
    (void)state;
    char path[] = "/tmp/pp_modules_test_XXXXXX", command[512];
    for (int deleted = 0; deleted < 2; deleted++) {
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        close(fd);
        snprintf(command, sizeof command, "cp '%s' %s", PP_LOAD_NO_HDR, path);
        assert_int_equal(system(command), 0);
        void *lib = dlopen(path, RTLD_NOW);
        assert_non_null(lib);
        if (deleted) unlink(path);
        refresh();
        uintptr_t pc = (uintptr_t)dlsym(lib, "load_no_hdr") + 1;
        const struct pp_module *m = pp_module_find(now(), pc);
        assert_non_null(m);
        assert_int_equal(m->eh_frame_hdr, 0);
        assert_int_equal(m->deleted, deleted);
        if (deleted)
            assert_null(m->table);
        else
            assert_int_not_equal(pp_rule_kind(pp_table_rule(m->table, pc - m->bias)), PP_RULE_NONE);
        dlclose(lib);
        unlink(path);
        memcpy(path + sizeof path - 7, "XXXXXX", 6);
    }
}

static void past_is_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < PP_MODULES_PAST_MAX + 20; i++) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(p != MAP_FAILED);
        assert_true(refresh());
        munmap(p, 4096);
        assert_true(refresh());
    }
    assert_int_equal(now()->n_past, PP_MODULES_PAST_MAX);
    assert_int_equal(now()->past[PP_MODULES_PAST_MAX - 1].died, now()->generation);
}

/* Another object under the same name, address and perhaps inode is another module: the build id decides. */
static void replaced_file(void **state)
{
    (void)state;
    char path[] = "/tmp/pp_modules_test_XXXXXX", command[256];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    uint8_t id[2][32];
    static const char *const lib[2] = {"libm.so.6", "libresolv.so.2"};
    for (int i = 0; i < 2; i++) {
        void *original = dlopen(lib[i], RTLD_NOW);
        assert_non_null(original);
        struct link_map *lm;
        assert_int_equal(dlinfo(original, RTLD_DI_LINKMAP, &lm), 0);
        snprintf(command, sizeof command, "rm -f %s; cp %s %s", path, lm->l_name, path);
        assert_int_equal(system(command), 0);
        dlclose(original);
        void *copy = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        assert_non_null(copy);
        refresh();
        assert_int_equal(dlinfo(copy, RTLD_DI_LINKMAP, &lm), 0);
        const struct pp_module *found = NULL;
        for (uint32_t k = 0; k < now()->n; k++)
            if (pp_str_eq_c(now()->modules[k].path, path)) found = &now()->modules[k];
        assert_non_null(found);
        assert_int_equal(found->bias, lm->l_addr);
        assert_non_null(found->table);
        memcpy(id[i], found->build_id, sizeof id[i]);
        dlclose(copy);
    }
    assert_memory_not_equal(id[0], id[1], sizeof id[0]);
    unlink(path);
}

/* A small ELF file, mapped as the loader would map it: lld lets the code's segment begin within the file's first
 * page, so two mappings have offset 0. With a hole between both, too. */
static void code_that_shares_the_first_page(void **state)
{
    (void)state;
    char path[] = "/tmp/pp_modules_test_XXXXXX";
    struct {
        ElfW(Ehdr) h;
        ElfW(Phdr) ph[2];
        char code[0x400];
    } file = {.h = {.e_ident = ELFMAG,
                    .e_type = ET_DYN,
                    .e_machine = EM_X86_64,
                    .e_phoff = sizeof file.h,
                    .e_phentsize = sizeof file.ph[0],
                    .e_phnum = 2},
              .ph = {{.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = 0x200, .p_memsz = 0x200},
                     {.p_type = PT_LOAD, .p_flags = PF_R | PF_X}}};
    file.h.e_ident[EI_CLASS] = ELFCLASS64;
    file.h.e_ident[EI_DATA] = ELFDATA2LSB;
    for (size_t gap = 0; gap < 2; gap++) {
        size_t at = (1 + gap) * 4096;
        file.ph[1].p_offset = 0x200;
        file.ph[1].p_vaddr = at + 0x200;
        file.ph[1].p_filesz = file.ph[1].p_memsz = 0x100;
        int fd = mkstemp(path);
        assert_true(fd >= 0 && write(fd, &file, sizeof file) == sizeof file);
        char *p = mmap(NULL, 4 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(p != MAP_FAILED);
        assert_true(mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p);
        assert_true(mmap(p + at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + at);
        close(fd);
        unlink(path);
        memcpy(path + sizeof path - 7, "XXXXXX", 6);
        assert_true(refresh());
        const struct pp_module *m = pp_module_find(now(), (uintptr_t)p + at);
        assert_non_null(m);
        assert_true(m->deleted && m->is_file);
        assert_int_equal(m->bias, (uintptr_t)p);
        munmap(p, 4 * 4096);
    }
}

static _Atomic bool stop_readers;
static _Atomic unsigned long n_reads;

static void read_once(void)
{
    struct pp_modules_reader reader;
    const struct pp_module_map *map = pp_modules_enter(&modules, &reader);
    uint32_t sum = 0; /* touches every page: a map that was freed too early faults */
    for (uint32_t i = 0; i < map->n; i++)
        sum += map->modules[i].id + (map->modules[i].table ? map->modules[i].table->n_rows : 0);
    if (sum == 0 || map->generation == 0) abort();
    n_reads++;
    pp_modules_leave(&modules, &reader);
}

static void on_signal(int sig)
{
    (void)sig;
    read_once();
}

static void *reader(void *arg)
{
    (void)arg;
    while (!stop_readers)
        read_once();
    return NULL;
}

static void readers_never_see_freed_maps(void **state)
{
    (void)state;
    enum { READERS = 4, ROUNDS = 100 };
    pthread_t t[READERS];
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
    sigaction(SIGPROF, &sa, &old);
    stop_readers = false;
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, reader, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        refresh();
        pthread_kill(t[i % READERS], SIGPROF);
        munmap(p, 4096);
        refresh();
    }
    for (int i = 0; i < 1000 && pp_modules_reclaim(&modules); i++)
        usleep(100); /* they drain though readers never pause */
    assert_int_equal(pp_modules_reclaim(&modules), 0);
    stop_readers = true;
    for (int i = 0; i < READERS; i++)
        pthread_join(t[i], NULL);
    sigaction(SIGPROF, &old, NULL);
    assert_true(n_reads > ROUNDS);
}

static void a_reader_keeps_its_map(void **state)
{
    (void)state;
    struct pp_modules_reader rd;
    const struct pp_module_map *map = pp_modules_enter(&modules, &rd);
    uint32_t generation = map->generation;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    refresh();
    for (int i = 0; i < 10; i++)
        assert_int_equal(pp_modules_reclaim(&modules), 1);
    assert_int_equal(map->generation, generation);
    pp_modules_leave(&modules, &rd);
    size_t waiting = 1;
    for (int i = 0; i < 4 && waiting; i++)
        waiting = pp_modules_reclaim(&modules);
    assert_int_equal(waiting, 0);
    munmap(p, 4096);
}

/* In a child so that the limit harms nobody: with no address space left a refresh fails and the old map stays. */
static void refused_memory_leaves_the_map(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pp_modules_after_fork(&modules);
        const struct pp_module_map *map = now();
        void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct rlimit none = {1 << 20, 1 << 20};
        if (p == MAP_FAILED || setrlimit(RLIMIT_AS, &none)) _exit(2);
        struct pp_err err = {0};
        bool changed = false;
        enum pp_code c = pp_modules_refresh(&modules, &changed, &err);
        _exit(c == PP_E_NOMEM && !changed && now() == map && map->generation == 1 && err.n ? 0 : 3);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

__attribute__((noinline)) static void child_waits(int ready)
{
    volatile char frame[64] = {0};
    if (write(ready, "x", 1) == 1) pause();
    frame[0]++;
}

/* pc and sp of a blocked thread; false: it runs. */
static bool blocked_at(pid_t pid, uintptr_t *ret_pc, uintptr_t *ret_sp)
{
    char path[64], line[256];
    unsigned long v[9];
    snprintf(path, sizeof path, "/proc/%d/syscall", pid);
    FILE *f = fopen(path, "re");
    bool fine = f && fgets(line, sizeof line, f) &&
                sscanf(line, "%lu %lx %lx %lx %lx %lx %lx %lx %lx", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7,
                       v + 8) == 9;
    if (f) fclose(f);
    if (fine) {
        *ret_sp = v[7];
        *ret_pc = v[8];
    }
    return fine;
}

static void another_process(void **state)
{
    (void)state;
    int ready[2];
    char c;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            child_waits(ready[1]);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    struct pp_modules remote = {0};
    struct pp_modules_options o = {.pid = pid};
    struct pp_err err;
    assert_int_equal(pp_modules_init(&remote, &o, &err), PP_OK);
    assert_int_equal(pp_modules_refresh(&remote, NULL, &err), PP_OK);
    uintptr_t pc, sp, pcs[64];
    while (!blocked_at(pid, &pc, &sp))
        usleep(1000);
    static uint8_t copy[16384], window[PP_PEEK_WINDOW];
    size_t n_copy = pp_peek_copy(pid, -1, sp, copy, sizeof copy);
    struct pp_peek mem;
    struct pp_walk_result result;
    pp_peek_init_remote(&mem, pid, sp, copy, n_copy, window, sizeof window);
    size_t n = pp_walk_blocked(atomic_load(&remote.current), pc, sp, &mem, pcs, 64, &result);
    assert_int_equal(result.end, PP_WALK_ROOT);
    bool seen = false; /* fork keeps addresses, so our own tell where the child is */
    for (size_t i = 0; i < n; i++)
        seen |= pcs[i] > (uintptr_t)child_waits && pcs[i] < (uintptr_t)child_waits + 512;
    assert_true(seen);
    pp_peek_init_remote(&mem, pid, 0, NULL, 0, window, sizeof window); /* the same through windows only */
    struct pp_walk_regs regs = {.pc = pcs[n - 2], .known = 1u << PP_X86_RSP};
    regs.r[PP_X86_RSP] = result.last_sp;
    assert_true(pp_walk(atomic_load(&remote.current), &regs, &mem, NULL, pcs, 64, &result) >= 1);
    pp_modules_release(&remote);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    o.pid = 0x3ffffff;
    memset(&remote, 0, sizeof remote);
    assert_int_equal(pp_modules_init(&remote, &o, &err), PP_OK);
    assert_int_equal(pp_modules_refresh(&remote, NULL, &err), PP_E_NOTFOUND);
    pp_modules_release(&remote);
}

static void table_bytes_are_limited(void **state)
{
    (void)state;
    struct pp_modules small = {0};
    struct pp_modules_options o = {.max_table_bytes = 64 << 10};
    struct pp_modules_stats s;
    assert_int_equal(pp_modules_init(&small, &o, NULL), PP_OK);
    assert_int_equal(pp_modules_refresh(&small, NULL, NULL), PP_OK);
    pp_modules_stats(&small, &s);
    assert_true(s.table_bytes <= o.max_table_bytes && s.n_table_refused > 0 && s.n_tables > 0);
    pp_modules_release(&small);
}

static void generations_are_limited(void **state)
{
    (void)state;
    struct pp_modules last = {0};
    struct pp_modules_options o = {.first_generation = 1 << 20, .last_generation = (1 << 20) + 1};
    assert_int_equal(pp_modules_init(&last, &o, NULL), PP_OK);
    assert_int_equal(pp_modules_refresh(&last, NULL, NULL), PP_OK);
    const struct pp_module_map *map = atomic_load(&last.current);
    assert_int_equal(map->generation, o.last_generation);
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(pp_modules_refresh(&last, NULL, NULL), PP_E_LIMIT);
    assert_ptr_equal(atomic_load(&last.current), map);
    munmap(p, 4096);
    assert_int_equal(pp_modules_refresh(&last, NULL, NULL), PP_OK);
    pp_modules_release(&last);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(knows_what_the_loader_knows),
        CASE(generated_code_has_no_table),
        CASE(remembers_unloaded_ones),
        CASE(object_without_search_table),
        CASE(past_is_bounded),
        CASE(code_that_shares_the_first_page),
        CASE(replaced_file),
        CASE(readers_never_see_freed_maps),
        CASE(a_reader_keeps_its_map),
        CASE(refused_memory_leaves_the_map),
        CASE(another_process),
        CASE(table_bytes_are_limited),
        CASE(generations_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
