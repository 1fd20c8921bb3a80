// SPDX-License-Identifier: Apache-2.0
#include "dump/dump.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/fmt.h"
#include "base/syscall.h"
#include "base/vec.h"
#include "unwind/sigsafe/walk.h"

#define STACK_COPY ((size_t)16 << 10)
#define TRIES 3

struct dumper {
    struct pp_arena *a;
    const struct pp_ledger *ledger;
    const struct pp_dump_options *o;
    const struct pp_module_map *map;
    uint32_t generation; /* of the ledger's modules */
    uint8_t *stack, *window;
    uint64_t *pcs;
    PP_VEC(struct pp_thread_info) threads;
};

static long read_task_file(const struct dumper *d, uint32_t tid, const char *name, char *buf, size_t cap)
{
    char path[64];
    pp_fmt(path, sizeof path, "/proc/%d/task/%u/%s", d->o->pid, tid, name);
    long fd = pp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (pp_sys_failed(fd)) return fd;
    size_t n = 0;
    long r = 0;
    while (n < cap && (r = pp_sys(SYS_read, fd, buf + n, cap - n)) > 0) n += (size_t)r;
    pp_sys(SYS_close, fd);
    return r < 0 && n == 0 ? r : (long)n;
}

struct blocked_at {
    bool blocked;
    int64_t call; /* number of the system call; -1: none (a page fault, a stop) */
    uint64_t args0, sp, pc;
};

/* "running", or "nr arg0 ... arg5 sp pc", or "-1 sp pc"; hexadecimal but nr. */
static bool parse_syscall(pp_str text, struct blocked_at *ret)
{
    pp_str fields[9], rest = pp_str_trim(text);
    size_t n = 0;
    while (n < 9 && pp_str_next(&rest, ' ', &fields[n])) n++;
    *ret = (struct blocked_at){.call = -1};
    if (n == 1) return true;
    if (n != 9 && n != 3) return false;
    uint64_t nr;
    if (n == 9 && pp_str_to_u64(fields[0], 10, &nr)) ret->call = (int64_t)nr;
    if (n == 9) pp_str_to_u64(pp_str_from(fields[1], 2), 16, &ret->args0);
    ret->blocked = pp_str_to_u64(pp_str_from(fields[n - 2], 2), 16, &ret->sp) && pp_str_to_u64(pp_str_from(fields[n - 1], 2), 16, &ret->pc);
    return ret->blocked;
}

static bool read_blocked_at(const struct dumper *d, uint32_t tid, struct blocked_at *ret)
{
    char text[256];
    long n = read_task_file(d, tid, "syscall", text, sizeof text);
    return n > 0 && parse_syscall((pp_str){text, (size_t)n}, ret);
}

/* Go's words for what a thread waits in. */
static const char *state_of_call(int64_t call)
{
    switch (call) {
    case SYS_futex: return "semacquire";
    case SYS_clock_nanosleep:
    case SYS_nanosleep: return "sleep";
    case SYS_epoll_pwait:
    case SYS_ppoll:
    case SYS_pselect6:
#ifdef SYS_poll
    case SYS_poll:
    case SYS_select:
    case SYS_epoll_wait:
#endif
        return "select";
    case SYS_read:
    case SYS_readv:
    case SYS_pread64:
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_io_getevents: return "IO wait";
    default: return "syscall";
    }
}

/* The wrapper that a thread waits in, and the trampoline it started from, are not of interest. */
static uint32_t drop_own_frames(const struct dumper *d, uint64_t *pcs, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct pp_module *m = pp_module_find(d->map, pcs[i] - 1);
        if (!m || !pp_str_has_suffix(m->path, PP_STR("/libpprof.so"))) pcs[kept++] = pcs[i];
    }
    return kept;
}

static void walk_blocked(struct dumper *d, const struct blocked_at *at, struct pp_thread_info *t)
{
    size_t n = pp_peek_copy(d->o->pid, -1, at->sp, d->stack, STACK_COPY);
    struct pp_peek mem;
    pp_peek_init_remote(&mem, d->o->pid, at->sp, d->stack, n, d->window, PP_PEEK_WINDOW);
    struct pp_walk_result end;
    t->n_pcs = (uint32_t)pp_walk_blocked(d->map, at->pc, at->sp, &mem, d->pcs, PP_STACK_DEPTH_MAX, &end);
    t->cut = end.end != PP_WALK_ROOT;
    t->n_pcs = drop_own_frames(d, d->pcs, t->n_pcs);
}

/* The stack counts only when the thread stood still while it was copied. */
static bool dump_blocked(struct dumper *d, struct pp_thread_info *t)
{
    for (int i = 0; i < TRIES; i++) {
        struct blocked_at before, after;
        if (!read_blocked_at(d, t->tid, &before) || !before.blocked) return false;
        walk_blocked(d, &before, t);
        if (!read_blocked_at(d, t->tid, &after) || !after.blocked || after.sp != before.sp || after.pc != before.pc) continue;
        t->state = state_of_call(before.call);
        return true;
    }
    return false;
}

static void dump_running(struct dumper *d, struct pp_ledger_thread *entry, struct pp_thread_info *t)
{
    t->state = "runnable";
    t->n_pcs = 0;
    if (!entry || !d->o->asked || atomic_load(&entry->asked) != d->o->asked) return;
    struct pp_stack_view v = pp_ledger_stack(d->ledger, atomic_load(&entry->stack));
    memcpy(d->pcs, v.pcs, v.n * sizeof *v.pcs);
    t->n_pcs = v.n;
    t->cut = v.flags & PP_STACK_CUT;
    t->state = "running";
}

static uint64_t voluntary_switches(const struct dumper *d, uint32_t tid)
{
    char text[4096];
    long n = read_task_file(d, tid, "status", text, sizeof text);
    pp_str rest = {text, n > 0 ? (size_t)n : 0};
    size_t at = pp_str_find(rest, PP_STR("\nvoluntary_ctxt_switches:"));
    if (at == PP_NOT_FOUND) return 0;
    pp_str line, after;
    pp_str_cut(pp_str_from(rest, at + sizeof "\nvoluntary_ctxt_switches:" - 1), '\n', &line, &after);
    uint64_t v = 0;
    pp_str_to_u64(pp_str_trim(line), 10, &v);
    return v;
}

static uint64_t monotonic_ns(void)
{
    struct timespec t = {0};
    pp_sys(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A wait that the last dump saw, too, has lasted at least since then. */
static void note_wait(const struct dumper *d, struct pp_ledger_thread *entry, struct pp_thread_info *t)
{
    uint64_t switches = voluntary_switches(d, t->tid), now = monotonic_ns();
    if (entry->wait_since_ns && entry->wait_switches == switches) t->waiting_ns = now - entry->wait_since_ns;
    else entry->wait_since_ns = now;
    entry->wait_switches = switches;
}

static struct pp_ledger_thread *registered(const struct dumper *d, uint32_t tid)
{
    for (uint32_t i = 0, n = pp_ledger_n_threads(d->ledger); i < n; i++)
        if (atomic_load(&d->ledger->threads[i].tid) == tid && d->ledger->threads[i].process == d->o->process) return &d->ledger->threads[i];
    return NULL;
}

static pp_str name_of(const struct dumper *d, uint32_t tid)
{
    char text[64];
    long n = read_task_file(d, tid, "comm", text, sizeof text);
    return pp_arena_dup(d->a, pp_str_trim((pp_str){text, n > 0 ? (size_t)n : 0}));
}

static void dump_thread(struct dumper *d, uint32_t tid)
{
    if (tid == atomic_load(&d->ledger->processes[d->o->process].agent_tid) || (d->o->is_ours && d->o->is_ours((int)tid))) return;
    struct pp_ledger_thread *entry = registered(d, tid);
    struct pp_thread_info t = {.tid = tid, .serial = entry ? entry->serial : tid, .name = name_of(d, tid)};
    t.process = d->o->process;
    t.generation = d->generation;
    if (entry) t.creator_serial = entry->creator_serial, t.creator_stack = entry->creator_stack;
    if (!dump_blocked(d, &t)) dump_running(d, entry, &t);
    else if (entry) note_wait(d, entry, &t);
    uint64_t *pcs = PP_NEW_N(d->a, uint64_t, t.n_pcs);
    if (pcs && t.n_pcs) memcpy(pcs, d->pcs, t.n_pcs * sizeof *pcs);
    if (!pcs) t.n_pcs = 0;
    t.pcs = pcs;
    struct pp_thread_info *slot = PP_TRY_PUSH(d->a, &d->threads);
    if (slot) *slot = t;
}

struct directory_entry {
    uint64_t inode, offset;
    uint16_t record_bytes;
    uint8_t type;
    char name[];
};

static bool each_thread(struct dumper *d)
{
    char path[40];
    _Alignas(struct directory_entry) char buf[4096];
    pp_fmt(path, sizeof path, "/proc/%d/task", d->o->pid);
    long fd = pp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (pp_sys_failed(fd)) return false;
    for (long n; (n = pp_sys(SYS_getdents64, fd, buf, sizeof buf)) > 0;) {
        for (long at = 0; at < n;) {
            const struct directory_entry *e = (const void *)(buf + at);
            uint64_t tid;
            if (pp_str_to_u64(pp_str_c(e->name), 10, &tid)) dump_thread(d, (uint32_t)tid);
            at += e->record_bytes;
        }
    }
    pp_sys(SYS_close, fd);
    return true;
}

/* Insertion by serial: the kernel lists threads by age, so almost nothing moves. */
static void sort_by_serial(struct pp_thread_info *t, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && t[k - 1].serial > t[k].serial; k--) {
            struct pp_thread_info swap = t[k];
            t[k] = t[k - 1];
            t[k - 1] = swap;
        }
}

enum pp_code pp_dump_threads(struct pp_arena *a, const struct pp_ledger *l, const struct pp_dump_options *o,
                             struct pp_thread_dump *ret, struct pp_err *err)
{
    struct dumper d = {.a = a, .ledger = l, .o = o, .generation = atomic_load(&l->processes[o->process].module_generation)};
    d.stack = pp_alloc(a, STACK_COPY, 16);
    d.window = pp_alloc(a, PP_PEEK_WINDOW, 16);
    d.pcs = PP_NEW_N(a, uint64_t, PP_STACK_DEPTH_MAX);
    if (!d.stack || !d.window || !d.pcs) return pp_fail(err, PP_E_NOMEM, "no memory for a thread dump");
    struct pp_modules_reader reader;
    d.map = pp_modules_enter(o->modules, &reader);
    bool listed = each_thread(&d);
    pp_modules_leave(o->modules, &reader);
    if (!listed) return pp_fail(err, PP_E_IO, "/proc/%d/task can't be read", o->pid);
    if (a->failed) return pp_fail(err, PP_E_NOMEM, "no memory for a dump of %zu threads", d.threads.n);
    sort_by_serial(d.threads.p, d.threads.n);
    *ret = (struct pp_thread_dump){d.threads.p, (uint32_t)d.threads.n};
    return PP_OK;
}
