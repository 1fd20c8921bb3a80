// SPDX-License-Identifier: Apache-2.0
/* Two threads work; signals stop them at random instructions; pp_walk and libgcc's _Unwind_Backtrace look at the
 * same stack in the same handler and must see the same. PP_WALK_SAMPLES=n takes n samples of each load instead of
 * the small default; PP_WALK_LOAD=lib.so:symbol adds a load (unsigned symbol(unsigned)) from outside.
 *
 * Where both may differ: the last instructions of _Unwind_RaiseException and _Unwind_Resume (and what they call
 * there) have replaced saved registers on the stack by those of the landing pad, while their CFI still names them.
 * libgcc reads wild pointers then (and may crash, which is caught here); the walk must end without a crash. While
 * objects come and go there are two more: libgcc does not know an object any more whose destructors run in dlclose
 * (its stack is a beginning of ours), and we don't know one before the next refresh (the walk says
 * unknown_module). */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#include <cmocka.h>

#include "unwind/modules.h"
#include "unwind/sigsafe/walk.h"

#define DEPTH 256
#define N_WORKERS 2

typedef unsigned (*load)(unsigned);
unsigned load_plain(unsigned), load_o3(unsigned), load_lazy(unsigned), load_o0(unsigned), load_fp(unsigned),
    load_throws(unsigned);

enum { WITH_CACHE = 1, NESTED = 2, ALT_STACK = 4, DLOPEN = 8, CHAIN_TOO = 16 };

static struct pp_modules modules;

static struct {
    load run;
    int flags;
    _Atomic bool stop;
    _Atomic unsigned n_started;
    pid_t tid[N_WORKERS];
    _Atomic unsigned long n, n_equal, n_differ, n_eh_return, n_unknown, n_reference_crashed, n_reference_short,
        n_signal_frames, n_root;
    _Atomic unsigned long n_chain_equal, n_chain_skips_caller, n_chain_cut, n_chain_wrong;
    uintptr_t ours[DEPTH], theirs[DEPTH]; /* of the first difference */
    size_t n_ours, n_theirs;
} run;

static _Thread_local struct pp_pc_cache *cache;
static _Thread_local uintptr_t stack_lo, stack_hi;
static _Thread_local sigjmp_buf reference_crashed;
static _Thread_local volatile sig_atomic_t in_reference;

struct reference {
    size_t n;
    uintptr_t pc[DEPTH];
};

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *context, void *ctx)
{
    struct reference *r = ctx;
    int exact = 0;
    uintptr_t pc = _Unwind_GetIPInfo(context, &exact);
    if (pc && r->n < DEPTH) r->pc[r->n++] = pc + (exact != 0);
    return _URC_NO_REASON;
}

static bool is_libgcc(const struct pp_module_map *map, uintptr_t pc)
{
    const struct pp_module *m = pp_module_find(map, pc - 1);
    return m && pp_str_contains(m->path, PP_STR("libgcc_s"));
}

static void keep_difference(const uintptr_t *ours, size_t n_ours, const uintptr_t *theirs, size_t n_theirs)
{
    if (atomic_fetch_add(&run.n_differ, 1)) return;
    memcpy(run.ours, ours, n_ours * sizeof *ours);
    memcpy(run.theirs, theirs, n_theirs * sizeof *theirs);
    run.n_ours = n_ours;
    run.n_theirs = n_theirs;
}

static void compare(const struct pp_module_map *map, const struct pp_walk_regs *regs, const uintptr_t *pcs, size_t n,
                    const struct pp_walk_result *result)
{
    struct reference ref = {0};
    bool eh_return = is_libgcc(map, pcs[0]) || (n > 1 && is_libgcc(map, pcs[1]));
    in_reference = 1;
    if (sigsetjmp(reference_crashed, 1)) {
        run.n_reference_crashed++;
        if (!eh_return) run.n_differ++;
        return;
    }
    _Unwind_Backtrace(take_frame, &ref);
    in_reference = 0;
    size_t skip = 0; /* the handler's own frames */
    while (skip < ref.n && ref.pc[skip] != regs->pc + 1)
        skip++;
    size_t n_ref = ref.n - skip;
    bool same_start = n >= n_ref && memcmp(pcs, ref.pc + skip, n_ref * sizeof *pcs) == 0;
    if (same_start && n == n_ref)
        run.n_equal++;
    else if (same_start && result->end == PP_WALK_ROOT && run.flags & DLOPEN)
        run.n_reference_short++;
    else if (eh_return)
        run.n_eh_return++;
    else if (result->unknown_module && run.flags & DLOPEN)
        run.n_unknown++;
    else
        keep_difference(pcs, n, ref.pc + skip, n_ref);
}

/* The same walk when the load's code has no table: frame pointers and guesses only. */
static void compare_chain(const struct pp_module_map *map, const struct pp_walk_regs *regs, struct pp_peek *mem,
                          const uintptr_t *want, size_t n)
{
    enum { MODULES = 64 };
    static _Thread_local struct pp_module without[MODULES];
    static _Thread_local struct pp_pc_cache chain_cache;
    struct pp_module_map copy = *map;
    struct pp_walk_options o = {.cache = &chain_cache};
    struct pp_walk_result result;
    uintptr_t pcs[DEPTH];
    if (map->n > MODULES) return;
    memcpy(without, map->modules, map->n * sizeof without[0]);
    for (uint32_t i = 0; i < map->n; i++)
        if (pp_str_contains(without[i].path, PP_STR("load_fp"))) without[i].table = NULL;
    copy.modules = without;
    size_t got = pp_walk(&copy, regs, mem, &o, pcs, DEPTH, &result);
    if (got == n && memcmp(pcs, want, n * sizeof *pcs) == 0)
        run.n_chain_equal++;
    else if (got == n - 1 && pcs[0] == want[0] && memcmp(pcs + 1, want + 2, (n - 2) * sizeof *pcs) == 0)
        run.n_chain_skips_caller++;
    else if (got < n && result.end != PP_WALK_ROOT && memcmp(pcs, want, got * sizeof *pcs) == 0)
        run.n_chain_cut++;
    else
        run.n_chain_wrong++;
}

static void on_sample(int sig, siginfo_t *info, void *ucontext)
{
    (void)sig;
    (void)info;
    if (!cache) return;
    static _Thread_local uint8_t window[PP_PEEK_WINDOW];
    struct pp_modules_reader reader;
    const struct pp_module_map *map = pp_modules_enter(&modules, &reader);
    struct pp_walk_regs regs;
    struct pp_walk_result result;
    struct pp_peek mem;
    uintptr_t pcs[DEPTH];
    pp_walk_regs_from_ucontext(ucontext, &regs);
    uintptr_t sp = PP_WALK_SP(&regs);
    if (sp >= stack_lo && sp < stack_hi)
        pp_peek_init_own(&mem, sp & ~(uintptr_t)7, stack_hi, window, sizeof window);
    else
        pp_peek_init_own(&mem, 0, 0, window, sizeof window);
    struct pp_walk_options o = {.cache = run.flags & WITH_CACHE ? cache : NULL};
    size_t n = pp_walk(map, &regs, &mem, &o, pcs, DEPTH, &result);
    run.n_signal_frames += result.n_signal;
    run.n_root += result.end == PP_WALK_ROOT;
    if (run.flags & CHAIN_TOO) compare_chain(map, &regs, &mem, pcs, n);
    compare(map, &regs, pcs, n, &result);
    run.n++;
    pp_modules_leave(&modules, &reader);
}

static void on_crash(int sig)
{
    if (in_reference) {
        in_reference = 0;
        siglongjmp(reference_crashed, 1);
    }
    signal(sig, SIG_DFL);
}

static void on_nested(int sig)
{
    (void)sig;
    run.run(3);
}

static void refresh_modules(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (pp_modules_refresh(&modules, NULL, NULL)) abort();
    pthread_mutex_unlock(&lock);
}

static void *work(void *arg)
{
    size_t i = (size_t)arg;
    pthread_attr_t attr;
    void *lo;
    size_t size;
    static char alt[N_WORKERS][1 << 16];
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &lo, &size);
    pthread_attr_destroy(&attr);
    stack_lo = (uintptr_t)lo;
    stack_hi = stack_lo + size;
    stack_t ss = {.ss_sp = alt[i], .ss_size = sizeof alt[i]};
    if (run.flags & ALT_STACK) sigaltstack(&ss, NULL);
    cache = calloc(1, sizeof *cache);
    run.tid[i] = (pid_t)syscall(SYS_gettid);
    run.n_started++;
    for (unsigned s = 1; !run.stop;)
        s += run.run(s);
    struct pp_pc_cache *mine = cache;
    cache = NULL;
    free(mine);
    return NULL;
}

/* A load that comes and goes, and runs before the map knows it and after. */
static unsigned load_and_unload(unsigned seed)
{
    void *lib = dlopen(PP_LOAD_MODULE, RTLD_NOW | RTLD_LOCAL), *found = lib ? dlsym(lib, "load_module") : NULL;
    load l = NULL;
    memcpy(&l, &found, sizeof l);
    if (l) seed += l(seed);
    refresh_modules();
    if (l) seed += l(seed + 1);
    if (lib) dlclose(lib);
    refresh_modules();
    return seed;
}

static void set_handler(int sig, void (*handler)(int), int flags)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART | flags};
    assert_int_equal(sigaction(sig, &sa, NULL), 0);
}

static unsigned long wanted_samples(void)
{
    const char *n = getenv("PP_WALK_SAMPLES");
    return n ? strtoul(n, NULL, 10) : 1500;
}

static void send_signals(unsigned long want)
{
    unsigned random = 42;
    time_t give_up = time(NULL) + 10 + (time_t)(want / 1000);
    for (unsigned i = 0; run.n < want && time(NULL) < give_up; i++) {
        pid_t tid = run.tid[rand_r(&random) % N_WORKERS];
        if (run.flags & NESTED && i % 3 == 0) syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
        syscall(SYS_tgkill, getpid(), tid, SIGPROF);
        struct timespec ts = {0, rand_r(&random) % 20000};
        nanosleep(&ts, NULL);
    }
}

static void print_difference(void)
{
    for (size_t i = 0; i < run.n_ours || i < run.n_theirs; i++)
        print_message("%2zu ours %12lx libgcc %12lx\n", i, i < run.n_ours ? run.ours[i] : 0,
                      i < run.n_theirs ? run.theirs[i] : 0);
}

static void sample(const char *name, load l, int flags)
{
    memset(&run, 0, sizeof run);
    run.run = l;
    run.flags = flags;
    assert_int_equal(pp_modules_refresh(&modules, NULL, NULL), PP_OK);
    struct sigaction sa = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    assert_int_equal(sigaction(SIGPROF, &sa, NULL), 0);
    set_handler(SIGUSR1, on_nested, flags & ALT_STACK ? SA_ONSTACK : 0);
    set_handler(SIGSEGV, on_crash, SA_NODEFER);
    set_handler(SIGBUS, on_crash, SA_NODEFER);
    pthread_t worker[N_WORKERS];
    for (size_t i = 0; i < N_WORKERS; i++)
        assert_int_equal(pthread_create(&worker[i], NULL, work, (void *)i), 0);
    while (run.n_started < N_WORKERS)
        usleep(100);
    send_signals(wanted_samples());
    run.stop = true;
    for (size_t i = 0; i < N_WORKERS; i++)
        pthread_join(worker[i], NULL);
    print_message(
        "%s: %lu samples, %lu equal, %lu in eh_return (reference crashed in %lu), %lu in new modules, %lu differ, "
        "%lu reached the root, %lu signal frames\n",
        name, run.n, run.n_equal, run.n_eh_return, run.n_reference_crashed, run.n_unknown, run.n_differ, run.n_root,
        run.n_signal_frames);
    print_difference();
    assert_int_equal(run.n_differ, 0);
    assert_true(run.n >= wanted_samples());
    assert_int_equal(run.n_equal + run.n_eh_return + run.n_reference_crashed + run.n_unknown + run.n_reference_short,
                     run.n);
    if (l != load_throws)
        assert_int_equal(run.n_eh_return + run.n_reference_crashed, 0);
    else
        assert_true(run.n_eh_return + run.n_reference_crashed < run.n / 10);
    /* Inside dlopen and dlclose the reference ends early, too. */
    if (!(flags & DLOPEN)) assert_true(run.n_root >= run.n - run.n_eh_return - run.n_reference_crashed - run.n_unknown);
}

static void loads(void **state)
{
    (void)state;
    sample("-O2", load_plain, WITH_CACHE);
    sample("-O2, no cache", load_plain, 0);
    sample("-O3", load_o3, WITH_CACHE);
    sample("-O0", load_o0, WITH_CACHE);
    sample("lazy PLT", load_lazy, WITH_CACHE);
}

static void without_tables(void **state)
{
    (void)state;
    sample("frame pointers", load_fp, WITH_CACHE | CHAIN_TOO);
    print_message(
        "by frame pointer: %lu equal, %lu without the caller (before the frame is set up), %lu cut, %lu wrong\n",
        run.n_chain_equal, run.n_chain_skips_caller, run.n_chain_cut, run.n_chain_wrong);
    assert_true(run.n_chain_equal >= run.n * 98 / 100);
    assert_int_equal(run.n_chain_wrong, 0);
}

static void signal_in_signal(void **state)
{
    (void)state;
    sample("nested", load_plain, WITH_CACHE | NESTED);
    assert_true(run.n_signal_frames > run.n / 20);
    sample("nested on an alternate stack", load_o3, WITH_CACHE | NESTED | ALT_STACK);
    assert_true(run.n_signal_frames > run.n / 20);
}

static void exceptions(void **state)
{
    (void)state;
    sample("throw", load_throws, WITH_CACHE);
}

static void modules_come_and_go(void **state)
{
    (void)state;
    struct pp_modules_stats before, after;
    pp_modules_stats(&modules, &before);
    sample("dlopen", load_and_unload, WITH_CACHE | DLOPEN);
    pp_modules_stats(&modules, &after);
    assert_true(after.generation > before.generation + 4);
    assert_true(after.n_waiting_maps < 64);
}

static void from_outside(void **state)
{
    (void)state;
    const char *arg = getenv("PP_WALK_LOAD");
    if (!arg) skip();
    char *path = strdup(arg), *symbol = strchr(path, ':');
    assert_non_null(symbol);
    *symbol++ = 0;
    void *lib = dlopen(path, RTLD_LAZY);
    assert_non_null(lib);
    void *found = dlsym(lib, symbol);
    assert_non_null(found);
    load l;
    memcpy(&l, &found, sizeof l);
    sample(path, l, WITH_CACHE);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads),      cmocka_unit_test(without_tables),      cmocka_unit_test(signal_in_signal),
        cmocka_unit_test(exceptions), cmocka_unit_test(modules_come_and_go), cmocka_unit_test(from_outside)};
    if (pp_modules_init(&modules, NULL, NULL)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
